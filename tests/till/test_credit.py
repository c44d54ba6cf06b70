"""Credit of what a meter counts: given by two persons, booked in its own units, taken once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from drivers.meter.factory import keypad_meter
from drivers.meter.registers import REGISTERS as OF_THE_METER
from drivers.vending.sts.amounts import (
    decode_currency,
    decode_units,
    encode_currency,
    encode_units,
)
from kiosk.domain import chart
from kiosk.domain.credit_registers import (
    ELECTRICITY,
    REGISTERS,
    amount_text,
    counts_money,
    units_carried,
    units_typed,
)
from kiosk.domain.record import TokenRecord
from kiosk.errors import Refusal
from kiosk.till import credit, registration, registry_file, replace, token_book, tokens
from kiosk.till.credit_left import Final
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.new_meter import NewMeter
from kiosk.till.quote import find_buyer
from kiosk.till.registry_export import export_file
from tests.till.hall import KEYPAD, SECOND, Hall, code
from tests.till.test_opening_accounts import number

OWNER = "20000001"
OTHERS = [register for register in REGISTERS if register != ELECTRICITY]


def installed(desk: Desk, meter: str, register: str) -> None:
    made = registration.add_meter(desk, OWNER, NewMeter(meter, "keypad", "home", register=register))
    assert not isinstance(made, Refusal), made


def given(desk: Desk, meter: str, amount: str) -> TokenRecord:
    outcome = credit.give_credit(desk, meter, amount, "paid at the bank", SECOND)
    assert isinstance(outcome, TokenRecord) and outcome.state == "issued", outcome
    return outcome


@pytest.mark.parametrize("register", OTHERS)
def test_a_meter_takes_its_own_credit_once_and_no_other_meter_does(
    hall: Hall, desk: Desk, register: str
) -> None:
    meter = number(50 + REGISTERS[register])
    installed(desk, meter, register)
    (token,) = given(desk, meter, "12.5").tokens
    folder = hall.path / "world" / "meters"
    known = keypad_meter(folder, meter, register=register)
    carried = units_carried(register, units_typed(register, "12.5"))
    answer = known.enter(token)
    assert (answer.result, answer.energy_wh_added) == ("accepted", 0)
    assert known.registers().credit_left == carried
    assert known.show().switch == "closed"
    assert known.enter(token).result == "used"
    other = "gas" if register == "water" else "water"
    wrong = keypad_meter(folder.parent / "other", meter, register=other)
    assert wrong.enter(token).result == "function_error"
    currency = chart.credit_currency(register)
    assert desk.records.balance(chart.meter_credit(meter), currency) == carried
    assert desk.records.balance(chart.FREE_CREDIT, currency) == -carried
    checked = token_book.verify(desk, meter, token)
    assert not isinstance(checked, Refusal) and not isinstance(checked.verified, Refusal)
    assert (checked.verified.subclass, checked.verified.units) == (REGISTERS[register], carried)
    assert verify(desk).first_bad == 0


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        ("", "credit_missing"), ("0", "credit_missing"), ("-1", "credit_missing"),
        ("twelve", "credit_missing"), ("1.2345", "credit_missing"), ("1e3", "credit_missing"),
        ("1820162.41", "credit_above_carrier"), ("99999999", "credit_above_carrier"),
    ],
)  # fmt: skip
def test_no_credit_is_given_when_the_amount_fits_no_token(
    desk: Desk, amount: str, refusal: str
) -> None:
    installed(desk, number(60), "water")
    outcome = credit.give_credit(desk, number(60), amount, "paid at the bank", SECOND)
    assert code(outcome) == refusal
    assert given(desk, number(60), "1820162.4").tokens  # the most that a token carries


def test_nothing_is_sold_and_no_energy_given_when_a_meter_counts_water(desk: Desk) -> None:
    installed(desk, number(61), "water")
    assert code(find_buyer(desk, number(61))) == "meter_not_sold"
    outcome = tokens.give_free(desk, number(61), 5_000, "relief", SECOND)
    assert code(outcome) == "energy_not_counted"
    installed(desk, number(62), "electricity_currency")
    assert code(find_buyer(desk, number(62))) == "meter_counts_money"
    record = credit.give_credit(desk, KEYPAD, "5.25", "relief", SECOND)
    assert isinstance(record, TokenRecord) and record.committed.energy_wh == 5_300


def test_a_meter_is_not_installed_when_it_cannot_count_what_is_said(desk: Desk) -> None:
    for new, refusal in (
        (NewMeter(number(62), "keypad", "home", register="steam"), "unknown_register"),
        (NewMeter(number(62), "card", "home", register="water"), "register_needs_keypad"),
        (
            NewMeter(number(62), "keypad", "home", register="gas", shares=[("home", 1_000_000)]),
            "register_needs_keypad",
        ),
    ):
        assert code(registration.add_meter(desk, OWNER, new)) == refusal


def test_a_water_meter_is_replaced_by_another_one_without_its_credit(desk: Desk) -> None:
    installed(desk, number(63), "water")
    old = number(63)

    def put(new: NewMeter, remaining_wh: int) -> object:
        final = Final("technician", 0, remaining_wh)
        return replace.replace_meter(desk, old, new, final, "broken", SECOND)

    electric = NewMeter(number(64), "keypad", "home")
    water = NewMeter(number(64), "keypad", "home", register="water")
    assert code(put(electric, 0)) == "register_differs"
    assert code(put(water, 500)) == "credit_stays"
    assert not isinstance(put(water, 0), Refusal)
    after = desk.records.meter(number(64))
    assert after is not None and after.register == "water"


def test_a_register_comes_back_when_the_registry_goes_out_and_in(
    desk: Desk, tmp_path: Path
) -> None:
    installed(desk, number(65), "gas_currency")
    path = tmp_path / "out.csv"
    assert not isinstance(export_file(desk, path, lambda *_: None), Refusal)
    assert f"{number(65)},keypad" in path.read_text() and ",gas_currency" in path.read_text()
    report = registry_file.check_file(desk, path, lambda *_: None)
    assert not isinstance(report, Refusal) and not report.bad
    assert report.known == report.rows


def test_an_amount_is_what_the_codec_carries_and_never_less_than_was_asked() -> None:
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(2_000):
        money = rng.randrange(10 ** rng.randrange(1, 15))
        assert units_carried("time_currency", money) == decode_currency(*encode_currency(money))
        units = rng.randrange(18_201_625)
        carried = units_carried("gas", units)
        assert units <= carried == decode_units(encode_units(units))


def test_both_sides_of_the_wire_name_the_same_registers() -> None:
    assert {name: each.subclass for name, each in OF_THE_METER.items()} == REGISTERS
    texts = {name: amount_text(name, 1_250_000, "KES") for name in REGISTERS}
    assert (texts["water"], texts["time"]) == ("125000.0 m3", "125000.0 min")
    assert texts[ELECTRICITY] == "125000.0 kWh"
    assert {texts[name] for name in REGISTERS if counts_money(name)} == {"12.50 KES"}
