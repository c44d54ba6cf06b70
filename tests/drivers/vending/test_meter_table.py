"""Every kind of token at the meter: right, wrong key, wrong meter, used, old, damaged.

The vendor makes, the simulated meter judges with a decoder of its own; each cell of the table is
the meter's own name for what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from drivers.meter.factory import keypad_meter
from drivers.meter.keypad import KeypadMeter
from drivers.meter.keypad_state import KeypadState
from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import VendingKey
from kiosk.domain.special_tokens import (
    KeyChangeRequest,
    KeyPlace,
    ManagementRequest,
    MeterTestRequest,
)
from kiosk.domain.token import TokenRequest

METER, OTHER = "01470000009", "01470022201"
AT = 6_779_000
HERE = KeyPlace("123456", 1, 1, 2, 2014)
SECRETS = {"07": ("02", bytes.fromhex("abababababababab")), "11": ("04", bytes(range(20)))}
VENDOR = SoftwareVendor(
    [
        VendingKey("123456", revision, 2, 2014, algorithm, dkga, secret)
        for algorithm, (dkga, secret) in SECRETS.items()
        for revision in (1, 2, 3)
    ]
)

#: Makes the token of a kind for a meter under a key.
Make = Callable[[str, KeyPlace, str], list[str]]
Effect = Callable[[KeypadState], object]


def credit(subclass: int, units: int) -> Make:
    def make(meter: str, place: KeyPlace, algorithm: str) -> list[str]:
        request = TokenRequest(
            "m", meter, place.supply_group, place.key_revision, place.tariff_index,
            place.key_type, algorithm, place.base_date, AT, 5, units, subclass,
        )  # fmt: skip
        token = VENDOR.issue(request)
        assert isinstance(token, str), token
        return [token]

    return make


def setting(operation: str, value: int) -> Make:
    def make(meter: str, place: KeyPlace, algorithm: str) -> list[str]:
        request = ManagementRequest("m", meter, algorithm, place, AT, 9, operation, value)
        token = VENDOR.manage(request)
        assert isinstance(token, str), token
        return [token]

    return make


def display(meter: str, place: KeyPlace, algorithm: str) -> list[str]:
    """A test of one maker: 01 makes the right meter, 12 the wrong one."""
    maker = int(meter[:2]) if meter == METER else 12
    token = VENDOR.meter_test(MeterTestRequest("m", 0, 1, maker))
    assert isinstance(token, str), token
    return [token]


def key_change(meter: str, place: KeyPlace, algorithm: str) -> list[str]:
    count = 4 if algorithm == "11" else 2
    new = KeyPlace("123456", 3, 1, 2, 2014)
    made = VENDOR.change_key(KeyChangeRequest("m", meter, algorithm, place, new, count))
    assert isinstance(made, list), made
    return made


def register(name: str) -> Effect:
    return lambda state: getattr(state, name)


COLUMNS = ("accepted", "crc_error", "crc_error", "used", "old", "crc_error")
#: A test is in clear and has no identifier; a set has none either and belongs to the key it ended.
IN_CLEAR = ("accepted", "accepted", "manufacturer_mismatch", "accepted", "accepted", "crc_error")
A_SET = ("accepted", "crc_error", "crc_error", "crc_error", "accepted", "crc_error")

#: kind: what the meter counts, how it is made, its effect, and what the meter says in each case.
KINDS: dict[str, tuple[str, Make, Effect, object, tuple[str, ...]]] = {
    "electricity": ("electricity", credit(0, 125), register("energy_left_wh"), 12_500, COLUMNS),
    "water": ("water", credit(1, 125), register("credit_left"), 125, COLUMNS),
    "gas": ("gas", credit(2, 125), register("credit_left"), 125, COLUMNS),
    "time": ("time", credit(3, 125), register("credit_left"), 125, COLUMNS),
    **{
        f"{name} in money": (
            f"{name}_currency", credit(place, 3_500_624), register("credit_left"), 3_500_624,
            COLUMNS,
        )
        for place, name in enumerate(("electricity", "water", "gas", "time"), 4)
    },
    "power limit": (
        "electricity", setting("power_limit", 5_000), register("power_limit_w"), 5_000, COLUMNS,
    ),
    "clear credit": ("water", setting("clear_credit", 1), register("credit_left"), 0, COLUMNS),
    "tariff rate": (
        "electricity", setting("tariff_rate", 4_321), register("tariff_rate"), 4_321, COLUMNS,
    ),
    "clear tamper": (
        "electricity", setting("clear_tamper", 0), register("tampered"), False, COLUMNS,
    ),
    "phase unbalance": (
        "electricity", setting("phase_unbalance", 300), register("phase_unbalance_limit_w"), 300,
        COLUMNS,
    ),
    "water factor": ("water", setting("water_factor", 10), register("water_factor"), 10, COLUMNS),
    "extended": ("electricity", setting("extended", 7175), register("values"), {7: 7}, COLUMNS),
    "display": ("electricity", display, register("tokens_accepted"), 1, IN_CLEAR),
    "key change": ("electricity", key_change, register("key_revision"), 3, A_SET),
}  # fmt: skip


def a_meter(folder: Path, counts: str, algorithm: str, **registers: object) -> KeypadMeter:
    """A meter that has something to clear; without credit where an amount is to be seen."""
    secret = SECRETS[algorithm][1]
    made = keypad_meter(
        folder / "factory", METER, vending_key=secret,
        algorithm="11" if algorithm == "11" else "07", register=counts,
    )  # fmt: skip
    return KeypadMeter.create(folder, replace(made.registers(), **registers))


def said(meter: KeypadMeter, tokens: list[str]) -> str:
    """What the meter says to a set: the first refusal, or that it took all of them."""
    answers = [meter.enter(token).result for token in tokens]
    return next((answer for answer in answers if answer != "accepted"), "accepted")


def damaged(token: str) -> str:
    """One bit of the number is another, and not one that says the class."""
    return f"{int(token) ^ 1 << 40:020d}"


@pytest.mark.parametrize("algorithm", ["07", "11"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_meter_says_by_name_why_it_takes_a_token_or_not(
    tmp_path: Path, kind: str, algorithm: str
) -> None:
    counts, make, effect, shown, expected = KINDS[kind]
    before: dict[str, object] = {"tampered": True} if kind == "clear tamper" else {}
    if kind == "clear credit":
        before = {"credit_left": 99}
    right = a_meter(tmp_path / "right", counts, algorithm, **before)
    tokens = make(METER, HERE, algorithm)
    full = list(range(AT + 1, AT + 51))
    old = a_meter(tmp_path / "old", counts, algorithm, identifiers=full)
    other_key = make(METER, replace(HERE, key_revision=2), algorithm)
    fresh = a_meter(tmp_path / "fresh", counts, algorithm, **before)
    untouched = fresh.registers()
    answers = (
        said(right, tokens),
        said(fresh, other_key),
        said(a_meter(tmp_path / "wrong", counts, algorithm), make(OTHER, HERE, algorithm)),
        said(right, tokens),
        said(old, tokens),
        said(a_meter(tmp_path / "damaged", counts, algorithm), [damaged(t) for t in tokens]),
    )
    assert answers == expected
    if kind != "display":
        assert effect(right.registers()) == shown
        assert replace(fresh.registers(), last_result=None) == untouched


def test_a_meter_of_another_register_refuses_every_credit_that_is_not_its_own(
    tmp_path: Path,
) -> None:
    credits = {name: row for name, row in KINDS.items() if row[0] == name or "money" in name}
    for counts in [row[0] for row in credits.values()]:
        meter = a_meter(tmp_path / counts, counts, "07")
        for other, make, *_ in credits.values():
            wanted = "accepted" if other == counts else "function_error"
            assert said(meter, make(METER, HERE, "07")) == wanted, (counts, other)


def test_a_setting_that_a_meter_does_not_have_is_a_function_error(tmp_path: Path) -> None:
    for kind, counts in (
        ("power limit", "water"), ("phase unbalance", "gas"), ("water factor", "electricity"),
    ):  # fmt: skip
        meter = a_meter(tmp_path / kind, counts, "07")
        assert said(meter, KINDS[kind][1](METER, HERE, "07")) == "function_error"
