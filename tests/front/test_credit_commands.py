"""Water, gas, time and money on a meter, by command: issued, typed, checked, copied, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.domain.registry import luhn_digit
from tests.front.conftest import TOML, Kiosk, a_customer, is_one_sentence


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of these tests alone: others take whatever meter is there for one of electricity."""
    home = tmp_path_factory.mktemp("credit") / "home"
    home.mkdir()
    (home / "kiosk.toml").write_text(TOML)
    return home


@pytest.fixture(autouse=True)
def _here(kiosk: Kiosk, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_HOME", str(own_home))


def meter_number(place: int) -> str:
    digits = f"13{place:08d}"
    return digits + luhn_digit(digits)


#: What a meter counts, what is given to it, and what it shows then.
CREDITS = [
    ("water", "12.5", "ACCEPTED 12.5 m3"),
    ("gas", "3", "ACCEPTED 3.0 m3"),
    ("time", "1440", "ACCEPTED 1440.0 min"),
    ("electricity_currency", "35", "ACCEPTED 35.00624 CREDIT"),
    ("water_currency", "0.5", "ACCEPTED 0.50004 CREDIT"),
    ("gas_currency", "0.00001", "ACCEPTED 0.00001 CREDIT"),
    ("time_currency", "1", "ACCEPTED 1.00004 CREDIT"),
]


@pytest.mark.parametrize(("register", "amount", "shown"), CREDITS)
def test_a_meter_takes_credit_of_what_it_counts(
    kiosk: Kiosk, register: str, amount: str, shown: str
) -> None:
    meter = meter_number([row[0] for row in CREDITS].index(register))
    account = str(a_customer(kiosk, "keypad")["account"])
    install = ("meters", "install", account, "--meter", meter, "--power-type", "home")
    assert kiosk(*install, "--register", register).exit == 0
    give = ("tokens", "issue", "free_units", "--meter", meter, "--amount", amount)
    issue = kiosk(*give, "--reason", "paid at the bank", "--json").json
    assert issue["register"] == register
    (token,) = issue["tokens"]
    enter = ("rehearse", "meter", "enter")
    answer = kiosk(*enter, meter, token, "--json").json
    assert (answer["result"], answer["display"], answer["energy_left_wh"]) == (
        "accepted", shown, None,
    )  # fmt: skip
    assert kiosk(*enter, meter, token, "--json").json["result"] == "used"
    assert (
        f"{shown.removeprefix('ACCEPTED ')} left" in kiosk("rehearse", "meter", "show", meter).out
    )


def test_credit_of_water_is_told_with_its_unit_and_sold_to_nobody(kiosk: Kiosk) -> None:
    meter = meter_number(20)
    customer = a_customer(kiosk, "keypad")
    account, electric = str(customer["account"]), str(customer["meter"])
    install = ("meters", "install", account, "--meter", meter, "--power-type", "home")
    assert "water" in kiosk(*install, "--register", "water").out
    is_one_sentence(kiosk("sell", "--meter", meter, "--amount", "30"), 1, "counts no electricity")
    give = ("tokens", "issue", "free_units", "--meter", meter, "--reason", "paid at the bank")
    is_one_sentence(kiosk(*give, "--amount", "much"), 1, "how much in m3")
    is_one_sentence(kiosk(*give, "--energy", "5"), 1, "say an amount in what it counts")
    issue = kiosk(*give, "--amount", "7.5", "--json").json
    told = kiosk("tokens", "show", issue["issue_id"]).out
    assert "Credit of water: 7.5 m3." in told
    (token,) = issue["tokens"]
    assert "Credit of water: 7.5 m3." in kiosk("tokens", "verify", "--meter", meter, token).out
    assert issue["issue_id"] in kiosk("tokens", "list", token).out
    answer = kiosk("rehearse", "meter", "enter", electric, token, "--json").json
    assert answer["result"] == "crc_error"  # another meter, another key
    factor = ("tokens", "issue", "water_factor", "--meter", meter, "--value", "10")
    (setting,) = kiosk(*factor, "--reason", "pulses", "--json").json["tokens"]
    answer = kiosk("rehearse", "meter", "enter", meter, setting, "--json").json
    assert answer["display"] == "WATER FACTOR 10"
    assert kiosk("verify").exit == 0
