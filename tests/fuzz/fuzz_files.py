"""Hostile files: catalogues with their tariff packs, and kiosk.toml.

Every function runs `count` rounds from `seed` and returns how many inputs were accepted. Whatever
is not a Refusal or one sentence of a ConfigFault escapes and is a finding.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import msgspec

from kiosk.config import Settings, load, write_default
from kiosk.domain import catalogue as catalogues
from kiosk.domain import tariff
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.tariff_pack import Usage
from kiosk.errors import ConfigFault, Refusal
from kiosk.front.utility import catalogue
from tests.fuzz.spoil import spoilt, spoilt_value

#: A winter evening, the turn of a year, a leap day.
_MOMENTS = ("2026-07-01T18:30:00", "2026-12-31T23:59:00", "2028-02-29T00:00:00")
_AMOUNTS_MINOR = (1, 350, 999, 1_000, 12_345, 499_999, 500_000, 2**40)


def fuzz_catalogue(count: int, seed: int) -> int:
    """Catalogues with bytes or values changed."""
    rng, accepted = random.Random(seed), 0
    whole = catalogues.encode(catalogue(5, "ZAR"))
    for number in range(count):
        data = spoilt(whole, rng) if number % 2 else _changed(whole, rng)
        found = catalogues.decode(data)
        if isinstance(found, Refusal):
            continue
        accepted += 1
        catalogues.received(found)
    return accepted


def fuzz_tariff_pack(count: int, seed: int) -> int:
    """Catalogues whose prices were changed: what is accepted quotes, and every line adds up."""
    rng, accepted = random.Random(seed), 0
    good = msgspec.to_builtins(catalogue(2, "ZAR"))
    for _ in range(count):
        pack = spoilt_value(good["tariff"], rng)
        found = catalogues.decode(msgspec.msgpack.encode(good | {"tariff": pack}))
        if isinstance(found, Catalogue):
            accepted += _quotes(found, rng)
    return accepted


def _changed(whole: bytes, rng: random.Random) -> bytes:
    return msgspec.msgpack.encode(spoilt_value(msgspec.msgpack.decode(whole), rng))


def _quotes(found: Catalogue, rng: random.Random) -> bool:
    prices = rng.choice(found.tariff.power_types)
    amount_minor = rng.choice(_AMOUNTS_MINOR)
    quoted = tariff.quote(
        found.tariff, prices.code, amount_minor, account="1", debt_minor=rng.choice((0, 5_000)),
        carrier=rng.choice(("token", "card")), usage=Usage(at=rng.choice(_MOMENTS)),
    )  # fmt: skip
    if isinstance(quoted, Refusal):
        return False
    assert sum(line.amount_minor for line in quoted.lines) == quoted.amount_minor == amount_minor
    assert sum(line.energy_wh for line in quoted.lines) == quoted.energy_wh > 0
    assert all(line.amount_minor >= 0 for line in quoted.lines)
    return True


def fuzz_config(count: int, seed: int) -> int:
    """kiosk.toml with bytes changed, lines exchanged, and values that no technician would write."""
    rng, accepted = random.Random(seed), 0
    lines = [line for line in write_default().splitlines() if not line.startswith("#")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kiosk.toml"
        for _ in range(count):
            path.write_bytes(_changed_text(lines, rng))
            try:
                outcome: Settings | str = load(path)
            except ConfigFault as fault:
                outcome = fault.sentence
            if isinstance(outcome, Settings):
                accepted += 1
                continue
            assert outcome.startswith(str(path)), outcome
            assert "\n" not in outcome, outcome
    return accepted


_VALUES = (
    "0", "-1", "1.5", "nan", "true", '""', '"x"', "[]", "{}", "[[]]", "1979-05-27", "'\\'",
    "9223372036854775808", '"\\u0000"', '"""', "[1, 'a']", "{a = 1}",
)  # fmt: skip


def _changed_text(lines: list[str], rng: random.Random) -> bytes:
    act = rng.random()
    if act < 0.3:
        return spoilt("\n".join(lines).encode(), rng)
    changed = list(lines)
    place = rng.randrange(len(changed))
    if act < 0.8:
        changed[place] = changed[place].partition("=")[0] + "= " + rng.choice(_VALUES)
    elif act < 0.9:
        changed[place] = rng.choice(lines)
    else:
        changed[place] = "[" * rng.randint(1, 300)
    return "\n".join(changed).encode()


FUZZERS = {
    "catalogue": fuzz_catalogue,
    "tariff pack": fuzz_tariff_pack,
    "kiosk.toml": fuzz_config,
}
