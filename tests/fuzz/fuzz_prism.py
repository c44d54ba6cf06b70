"""Fuzz harness of the Prism wire: frames, replies and requests that are random or spoiled.

Every function runs `count` rounds from `seed` and returns how many inputs were accepted. Whatever
is not a VendorFault or an error code of the service escapes and is a finding.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import msgspec

from drivers.vending.prism.settings import PrismAccount
from drivers.vending.prism.sim_module import PrismModule
from drivers.vending.prism.thrift_frames import FrameBuffer, MessageKind, apart, decoded, framed
from drivers.vending.prism.token_api import METHODS, ApiError, IssuedToken
from drivers.vending.vending_key import rehearsal_keys
from kiosk.errors import VendorFault
from tests.fuzz.spoil import spoilt

ACCOUNT = PrismAccount("local", "hall-7", "correct horse")
TOKEN = IssuedToken(
    "00000000000", "600727000000000009", 7, 2, 123456, 1, 1, 0, 0, 6_778_680, 123,
    "00429766464927485442", "0005F7B5A1F1C6A02",
)  # fmt: skip
ISSUE: dict[str, object] = {
    "messageId": "sale1",
    "accessToken": "t",
    "meterConfig": {
        "drn": "00000000000", "ea": 7, "tct": 2, "sgc": 123456, "krn": 1, "ti": 1, "ken": 255,
        "allowKrnUpdate": False,
    },
    "subclass": 0,
    "transferAmount": 123,
    "tokenTime": 1_795_255_200,
    "flags": 1,
}  # fmt: skip
CALLS: dict[str, dict[str, object]] = {
    "issueCreditToken": ISSUE,
    "issueMseToken": ISSUE,
    "issueKeyChangeTokens": ISSUE | {"newConfig": {"toSgc": 123456, "toKrn": 1, "toTi": 2}},
    "verifyToken": ISSUE | {"tokenDec": TOKEN.token_dec},
}
_REPLY = METHODS["issueCreditToken"].reply
WHOLE = framed(
    MessageKind.REPLY, "issueCreditToken", 1, _REPLY, {"success": [msgspec.to_builtins(TOKEN)]}
)


def fuzz_reply(count: int, seed: int) -> int:
    """Replies with bytes changed, cut off or put in, and plain noise; fed in pieces."""
    rng, accepted = random.Random(seed), 0
    for number in range(count):
        data = rng.randbytes(rng.randrange(80)) if number % 4 == 0 else spoilt(WHOLE, rng)
        frames = FrameBuffer()
        try:
            place = rng.randrange(len(data) + 1)
            frames.feed(data[:place])
            frames.feed(data[place:])
            while (frame := frames.next()) is not None:
                message = apart(frame)
                reply = decoded(_REPLY, message.body)
                assert isinstance(reply, dict)
                accepted += _is_token(reply)
        except VendorFault:
            continue
    return accepted


def fuzz_request(count: int, seed: int) -> int:
    """Requests with spoiled bytes through the simulated service: an answer or an error code."""
    rng, accepted = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        module = PrismModule(Path(folder), rehearsal_keys(), ACCOUNT, lambda: rng.randrange(16))
        signed = module.answer(
            "signInWithPassword",
            {
                "realm": "local", "username": "hall-7", "password": ACCOUNT.password,
                "sessionOpts": {"version": "1.1"},
            },
        )  # fmt: skip
        assert isinstance(signed, dict)
        for number in range(count):
            name = rng.choice(list(CALLS))
            shape = METHODS[name].arguments
            # A message id of its own: what is asked for again is made again, with the next minute.
            call = CALLS[name] | signed | {"messageId": f"sale{number}"}
            whole = framed(MessageKind.CALL, name, 1, shape, call)[4:]
            try:
                arguments = decoded(shape, apart(spoilt(whole, rng)).body)
            except VendorFault:
                continue
            assert isinstance(arguments, dict)
            accepted += not isinstance(module.answer(name, arguments), ApiError)
        module.close()
    return accepted


def _is_token(reply: dict[str, object]) -> bool:
    try:
        msgspec.convert(reply.get("success"), list[IssuedToken])
    except msgspec.ValidationError:
        return False
    return True


FUZZERS = {"reply": fuzz_reply, "request": fuzz_request}
