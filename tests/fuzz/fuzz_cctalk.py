"""Hostile bytes on the note acceptor's line: nothing undeclared is raised, nothing hangs.

python -m tests.fuzz.fuzz_cctalk [RUNS] [SEED]
"""

from __future__ import annotations

import random
import sys
import time
from typing import get_args

from drivers.cash.cctalk_events import (
    POLL_BYTES,
    bill_amount_minor,
    parse_bill,
    parse_poll,
    parse_scaling,
    unread,
)
from drivers.cash.cctalk_frames import BILL_VALIDATOR, HOST, Check, Frame, FrameReader, build
from kiosk.ports import CashKind

ADDRESSES = frozenset((HOST, BILL_VALIDATOR))
AMOUNTS_MINOR = {1: 5000, 2: 10000}
CHECKS: tuple[Check, ...] = ("sum", "crc")


def run_once(chance: random.Random) -> None:
    """One hostile line: noise and broken frames in portions, then every reader of what came out."""
    check = chance.choice(CHECKS)
    stream = b"".join(_piece(chance, check) for _ in range(chance.randrange(6)))
    reader = FrameReader(check, ADDRESSES)
    frames: list[Frame] = []
    while stream:
        size = chance.randint(1, len(stream))
        frames += reader.feed(stream[:size])
        stream = stream[size:]
        if chance.random() < 0.1:
            frames += reader.silence()
    frames += reader.silence()
    assert not reader.unfinished
    for data in [frame.data for frame in frames] + [_noise(chance, POLL_BYTES)]:
        _judge(data, chance)


def _piece(chance: random.Random, check: Check) -> bytes:
    data = _noise(chance, chance.choice((0, 1, 3, 7, POLL_BYTES, 255)))
    wire = bytearray(build(Frame(HOST, chance.randrange(256), data, BILL_VALIDATOR), check))
    for _ in range(chance.choice((0, 0, 1, 3))):
        wire[chance.randrange(len(wire))] = chance.randrange(256)
    cut = chance.choice((len(wire), len(wire), chance.randrange(len(wire))))
    return _noise(chance, chance.choice((0, 0, 4, 40))) + bytes(wire[:cut])


def _noise(chance: random.Random, size: int) -> bytes:
    return chance.randbytes(size)


def _judge(data: bytes, chance: random.Random) -> None:
    bill, scaling, poll = parse_bill(data), parse_scaling(data), parse_poll(data)
    bill = bill or parse_bill(b"KE%04dA" % chance.randrange(10_000))
    if bill is not None and scaling is not None:
        amount_minor = bill_amount_minor(bill, scaling, chance.choice(("KES", "UGX", "KWD")))
        assert amount_minor is None or amount_minor > 0
    if poll is None:
        return
    for event in unread(poll, chance.randrange(256), AMOUNTS_MINOR):
        assert event.kind in get_args(CashKind)
        assert 0 <= event.counter <= 255
        assert event.kind in ("stacked", "escrow") or event.amount_minor == 0
        assert event.amount_minor in (0, *AMOUNTS_MINOR.values())


def run(runs: int, seed: int) -> float:
    """`runs` lines from `seed`; the longest one in seconds of this thread's own work."""
    print(f"fuzz_cctalk: seed {seed}, {runs} runs")
    chance, longest_s = random.Random(seed), 0.0
    for _ in range(runs):
        started_s = time.thread_time()
        run_once(chance)
        longest_s = max(longest_s, time.thread_time() - started_s)
    assert longest_s < 1, longest_s
    return longest_s


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    run(*(numbers + [100_000, time.time_ns()][len(numbers) :]))
