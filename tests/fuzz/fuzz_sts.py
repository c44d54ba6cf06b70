"""Fuzz harness of the token side: digits, key files, counter files and vector files.

Every function runs `count` rounds from `seed` and returns how many inputs were accepted. Whatever
is not a declared answer (a Refusal, a BadInput) escapes and is a finding; run again with the seed.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from drivers.vending.counter import CounterFile
from drivers.vending.keyfile import opened, sealed
from drivers.vending.software import SoftwareVendor
from drivers.vending.sts.amounts import decode_units
from drivers.vending.sts.identity import meter_pan
from drivers.vending.sts.keys import BlockCipher, cipher_for
from drivers.vending.sts.tokens import Credit, CurrencyCredit, KeySection, decode, encode
from drivers.vending.sts.vectors import check
from drivers.vending.vending_key import VendingKey, rehearsal_keys
from kiosk.domain.special_tokens import KeyPlace
from kiosk.errors import BadInput, Refusal
from tests.fuzz.spoil import spoilt

SAMPLE = Path(__file__).parents[1] / "data" / "sts-sample.json"
MODULE = "terminal-7"
CREDENTIAL = bytes(range(32))
_DIGITS = "0123456789"


#: Changed digits are taken from so many tokens that were made before, as a thief would collect.
_COLLECTED = 500

METER = "01470000009"
PLACES = {
    "07": KeyPlace("123456", 1, 1, 2, 2014),
    "11": KeyPlace("123457", 1, 1, 2, 2014),
}


def fuzz_random_digits(count: int, seed: int) -> int:
    """Digit strings that nobody made, through decode and the module's verify."""
    rng = random.Random(seed)
    texts = (_random_digits(rng) for _ in range(count))
    return _through_both(texts, rng)


def fuzz_changed_tokens(count: int, seed: int) -> int:
    """Tokens of one meter with one to three digits changed, through decode and verify."""
    rng = random.Random(seed)
    made = {algorithm: _collected(rng, algorithm) for algorithm in PLACES}
    texts = (_changed(rng, rng.choice(made[rng.choice(("07", "11"))])) for _ in range(count))
    return _through_both(texts, rng)


def _through_both(texts: Iterable[str], rng: random.Random) -> int:
    """Every text through decode and back, and every 16th through the port; both say the same."""
    vendor, accepted = SoftwareVendor(_keys()), 0
    ciphers = {algorithm: _cipher(algorithm) for algorithm in PLACES}
    for number, text in enumerate(texts):
        algorithm = rng.choice(("07", "11"))
        found = decode(text, ciphers[algorithm])
        if not isinstance(found, Refusal):
            accepted += 1
            # Zero with a minus sign is the one value that has two forms.
            if not (isinstance(found, CurrencyCredit) and found.amount == 0):
                assert encode(found, ciphers[algorithm]) == text, text
            assert "payload" not in repr(found) or not isinstance(found, KeySection)
        if number % 16 == 0 or not isinstance(found, Refusal):
            shown = vendor.verify(METER, algorithm, PLACES[algorithm], text)
            assert isinstance(shown, Refusal) == isinstance(found, Refusal), text
    return accepted


def _keys() -> list[VendingKey]:
    secret = bytes.fromhex("abababababababab949494949494949401234567")
    return [*rehearsal_keys(), VendingKey("123457", 1, 2, 2014, "11", "04", secret)]


def _cipher(algorithm: str) -> BlockCipher:
    key = next(key for key in _keys() if key.algorithm == algorithm)
    return cipher_for(algorithm, key.decoder_key(meter_pan(METER), 1))


def _collected(rng: random.Random, algorithm: str) -> list[str]:
    cipher = _cipher(algorithm)
    return [
        encode(
            Credit(rng.randrange(4), rng.randrange(16), rng.randrange(2**24), _units(rng)), cipher
        )
        for _ in range(_COLLECTED)
    ]


def fuzz_key_file(count: int, seed: int) -> int:
    """Key files with bytes changed, cut off or put in; every second one with a right checksum."""
    rng, accepted = random.Random(seed), 0
    whole = sealed(rehearsal_keys(), module=MODULE, secret=CREDENTIAL)
    for number in range(count):
        data = spoilt(whole, rng)
        if number % 2:
            data = data[:-32] + hashlib.sha256(data[:-32]).digest()
        if _is_accepted(partial(opened, data, module=MODULE, secret=CREDENTIAL, now_ms=0)):
            assert data == whole
            accepted += 1
    return accepted


def fuzz_counter_file(count: int, seed: int) -> int:
    """Counter files with bytes changed, cut off or put in."""
    rng, accepted = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        counter = CounterFile(Path(folder) / "count", "lease", CREDENTIAL)
        counter.create()
        whole = counter.path.read_bytes()
        for _ in range(count):
            data = spoilt(whole, rng)
            counter.path.write_bytes(data)
            if _is_accepted(counter.check):
                assert data.rstrip(b"\n") == whole.rstrip(b"\n")
                accepted += 1
    return accepted


def fuzz_vector_file(count: int, seed: int) -> int:
    """Vector files with bytes changed, cut off or put in."""
    rng, accepted = random.Random(seed), 0
    whole = SAMPLE.read_bytes()
    for _ in range(count):
        data = spoilt(whole, rng)
        accepted += _is_accepted(partial(check, data))
    return accepted


def _is_accepted(parse: Callable[[], object]) -> bool:
    """Whether `parse` took its input; a BadInput of one sentence is the only other end."""
    try:
        parse()
    except BadInput as refused:
        sentence = refused.sentence
    else:
        return True
    assert "\n" not in sentence, sentence
    return False


def _units(rng: random.Random) -> int:
    return decode_units(rng.randrange(2**16))


def _random_digits(rng: random.Random) -> str:
    length = 20 if rng.random() < 0.9 else rng.randrange(40)
    return "".join(rng.choices(_DIGITS, k=length))


def _changed(rng: random.Random, token: str) -> str:
    digits = list(token)
    for _ in range(rng.randint(1, 3)):
        digits[rng.randrange(20)] = rng.choice(_DIGITS)
    return "".join(digits)


FUZZERS = {
    "random digits": fuzz_random_digits,
    "changed tokens": fuzz_changed_tokens,
    "key file": fuzz_key_file,
    "counter file": fuzz_counter_file,
    "vector file": fuzz_vector_file,
}
