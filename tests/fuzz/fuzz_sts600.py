"""Fuzz harness of the serial module's line: replies to the driver, requests to the module.

Every function runs `count` rounds from `seed` and returns how many inputs were accepted. Whatever
is not a VendorFault or a status code escapes and is a finding.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from drivers.vending.sts600.frames import (
    Reply,
    crc16_arc,
    fields,
    kinds_in,
    octets,
    parse_reply,
    reply_line,
    request_line,
    text,
)
from drivers.vending.sts600.replies import key_change_tokens, single_token, verified
from drivers.vending.sts600.sim_module import Sts600Module
from drivers.vending.vending_key import rehearsal_keys
from kiosk.errors import VendorFault
from tests.fuzz.spoil import spoilt

REPLY = reply_line("SM!VC", "00", text("0005F7B5A1F1C6A02") + text("00429766464927485442"))[:-1]
METER = "P600727000000000009~N1~N7~N2~"
VALUE = octets(1, 2) + octets(6_778_680, 3)
REQUESTS = [
    request_line("VC", "N1~" + METER + "N0~" + VALUE)[:-1],
    request_line("VM", "N1~" + METER + "N0~" + VALUE)[:-1],
    request_line("VK", "N1~N1~" + METER + "N2~N2~")[:-1],
    request_line("VT", "N1~" + METER + text("0005F7B5A1F1C6A02"))[:-1],
    request_line("GA", "N1~")[:-1],
]
REPLIES = [
    REPLY,
    reply_line("SM!VK", "00", "N0~N2~" + text("0" * 34) + text("1" * 40))[:-1],
    reply_line("SM!VT", "00", "N0~N0~N0~H0001~H676F38~")[:-1],
]


READERS: list[Callable[[Reply], object]] = [
    lambda reply: single_token(reply, 0),
    lambda reply: key_change_tokens(reply, 2, False),
    verified,
]


def fuzz_reply(count: int, seed: int) -> int:
    """Replies with bytes changed, every second one with a right checksum."""
    rng, accepted = random.Random(seed), 0
    for number in range(count):
        reply = parse_reply(_resealed(spoilt(rng.choice(REPLIES), rng), number))
        if reply is None:
            continue
        try:
            fields(reply.payload, kinds_in(reply.payload))
            rng.choice(READERS)(reply)
        except VendorFault:
            continue
        accepted += 1
    return accepted


def fuzz_request(count: int, seed: int) -> int:
    """Requests with bytes changed through the simulated module: a line comes back each time."""
    rng, accepted = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        module = Sts600Module(Path(folder), {1: rehearsal_keys()[0]}, lambda: rng.randrange(16))
        for number in range(count):
            line = _resealed(spoilt(rng.choice(REQUESTS), rng), number)
            reply = parse_reply(module.answer(line)[:-1])
            assert reply is not None
            accepted += reply.status == "00"
        module.close()
    return accepted


def _resealed(line: bytes, number: int) -> bytes:
    if number % 2 == 0:
        return line
    body = line[:-4]
    return body + f"{crc16_arc(body):04X}".encode()


FUZZERS = {"reply": fuzz_reply, "request": fuzz_request}
