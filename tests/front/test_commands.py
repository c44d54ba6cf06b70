"""Every command as an outsider sees it: JSON keys, exit codes, and the whole range of amounts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from drivers.vending.sts.identity import meter_pan
from drivers.vending.sts.keys import cipher_for
from drivers.vending.sts.tokens import Credit, decode
from drivers.vending.vending_key import rehearsal_keys
from kiosk.config import Settings, load
from kiosk.domain.energy import format_kwh
from kiosk.front.wiring import opened
from kiosk.marks import MARKS
from kiosk.till.paper import slip_lines
from tests.front.conftest import Kiosk, a_customer, a_meter, customers

DATA = Path(__file__).parents[1] / "data"

LINE_KEYS = {"code", "label", "amount_minor", "energy_wh", "reason"}
SALE_KEYS = {
    "free",
    "sale_id", "meter", "account", "state", "amount_minor", "currency", "energy_wh", "token",
    "card_purchase_number", "tenders", "tendered_minor", "change_minor", "sequence", "time_ms",
    "how", "reason", "stages_ms", "lines",
}  # fmt: skip


# --- what the answers hold ------------------------------------------------------------------------


#: Customers of the home; some tests open an account in it, some close one.
REGISTERED, SOME = 96, 30


def test_every_customer_has_the_promised_keys_when_listed(kiosk: Kiosk) -> None:
    rows = kiosk("customers", "--json").json
    assert abs(len(rows) - REGISTERED) < SOME
    for row in rows:
        assert set(row) == {
            "customer", "account", "address", "meter", "meter_kind", "card", "power_type",
            "blocked", "debt_minor", "credit_minor", "phone", "retired", "replaced_by",
        }  # fmt: skip
        # A customer whose meter was handed to the next tenant has none.
        assert row["meter_kind"] in ({"keypad", "card"} if row["meter"] else {""})
        assert (row["card"] is not None) == (row["meter_kind"] == "card")


def test_old_debts_are_at_meters_of_both_kinds(kiosk: Kiosk) -> None:
    in_debt = {row["meter_kind"] for row in customers(kiosk) if row["debt_minor"]}
    assert in_debt == {"keypad", "card"}


def test_the_token_of_a_sale_is_shown_by_its_digits_and_by_its_sale(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    sale = kiosk("sell", "--meter", meter, "--amount", "20", "--json").json
    for asked in (sale["token"], sale["sale_id"]):
        assert kiosk("tokens", "show", asked, "--json").json == sale
    shown = kiosk("tokens", "show", sale["sale_id"]).out
    assert meter in shown and sale["token"] in shown.replace(" ", "")
    assert kiosk("tokens", "show", meter).exit == 1, "a meter is no token"


def test_a_quote_and_its_sale_agree_when_asked_for_json(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    quoted = kiosk("quote", "--meter", meter, "--amount", "20.50", "--json").json
    assert set(quoted) == {
        "sale_id", "meter", "amount_minor", "currency", "energy_wh", "debt_minor", "lines",
        "free", "kept_minor", "to_pay_minor",
    }  # fmt: skip
    sold = kiosk("sell", "--meter", meter, "--amount", "20.50", "--tender", "50", "--json").json
    assert set(sold) == SALE_KEYS
    assert all(set(line) == LINE_KEYS for line in sold["lines"])
    assert sold["lines"] == quoted["lines"]
    assert (sold["amount_minor"], sold["tendered_minor"], sold["change_minor"]) == (
        2050, 5000, 2950,
    )  # fmt: skip
    assert sold["state"] == "delivered"
    assert len(sold["token"]) == 20
    assert sold["card_purchase_number"] is None


def test_a_card_is_written_when_its_number_is_given(kiosk: Kiosk) -> None:
    row = a_customer(kiosk, "card")
    sold = kiosk("sell", "--card", row["card"], "--amount", "50", "--json").json
    assert (sold["state"], sold["token"], sold["card_purchase_number"]) == ("delivered", None, 1)
    gained = kiosk("rehearse", "meter", "insert", row["meter"], "--json").json
    assert gained["energy_wh_added"] == sold["energy_wh"]


def test_every_figure_is_explained_when_a_past_sale_is_asked_for(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    sold = kiosk("sell", "--meter", meter, "--amount", "70", "--json").json
    for name in (sold["sale_id"], sold["token"]):
        why = kiosk("why", name, "--json").json
        assert set(why) == SALE_KEYS | {"tariff_digest", "replay_agrees", "undone", "says"}
        assert why["replay_agrees"] is True
        assert {key: why[key] for key in SALE_KEYS} == sold
    plain = kiosk("why", sold["sale_id"])
    assert plain.exit == 0
    assert "every line agrees" in plain.out


def test_a_sale_wants_an_answer_when_a_key_change_was_never_confirmed(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    change = ("keys", "change", meter, "--tariff-index", "7", "--reason", "moved house")
    assert kiosk(*change).exit == 0
    sale = ("sell", "--meter", meter, "--amount", "20")
    refused = kiosk(*sale)
    assert refused.exit == 1 and "nobody has confirmed that it took them" in refused.err
    assert kiosk(*sale, "--old-key", "--json").json["state"] == "delivered"


def test_the_other_answers_have_the_promised_keys(kiosk: Kiosk, tmp_path: Path) -> None:
    assert set(kiosk("recover", "--json").json) == {"settled", "kept", "in_doubt"}
    assert set(kiosk("verify", "--json").json) == {
        "entries", "postings", "sales", "head", "first_bad", "fault",
    }  # fmt: skip
    assert kiosk("verify", "--signatures", "--json").json["first_bad"] == 0
    written = kiosk("export", tmp_path / "all.bundle", "--all", "--json").json
    assert set(written) == {"file", "entries", "after"}
    assert written["entries"] == kiosk("verify", "--json").json["entries"]
    assert [row["name"] for row in kiosk("marks", "--json").json] == list(MARKS)
    shown = kiosk("rehearse", "meter", "show", a_meter(kiosk, "keypad"), "--json").json
    assert set(shown) == {"done", "result", "energy_wh_added", "energy_left_wh", "display"}
    checked = kiosk("sts", "check", DATA / "sts-sample.json", "--json").json
    assert set(checked) == {"passed", "failed", "failures"}
    assert checked["failed"] == 0 < checked["passed"]


def test_every_device_is_reported_when_the_doctor_is_asked(kiosk: Kiosk) -> None:
    rows = kiosk("doctor", "--json").json
    assert all(set(row) == {"device", "state", "details", "advice"} for row in rows)
    assert {row["state"] for row in rows} <= {"ok", "warn", "absent"}


def test_the_printed_settings_are_the_defaults(kiosk: Kiosk, tmp_path: Path) -> None:
    text = kiosk("config").out
    assert tomllib.loads(text)["site"]["mode"] == "rehearsal"
    (tmp_path / "whole.toml").write_text(text)
    assert load(tmp_path / "whole.toml") == Settings()


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["sell", "--help"], ["sts", "check", "-h"]])
def test_help_is_an_answer_and_no_fault(kiosk: Kiosk, words: list[str]) -> None:
    done = kiosk(*words)
    assert (done.exit, done.err) == (0, "")
    assert done.out.startswith("usage: kiosk")


def test_home_and_config_work_before_and_after_the_verb(
    kiosk: Kiosk, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIOSK_HOME", str(tmp_path / "never"))
    toml = home / "kiosk.toml"
    for words in (
        ["--home", home, "--config", toml, "customers", "--json"],
        ["customers", "--json", "--home", home, "--config", toml],
        ["--home", home, "customers", "--json"],
    ):
        assert abs(len(kiosk(*words).json) - REGISTERED) < SOME
    assert not (tmp_path / "never").exists()


# --- the whole range of amounts -------------------------------------------------------------------


def amounts_minor(count: int = 40) -> list[int]:
    """From the minimum to the maximum, growing by the same factor, both ends included."""
    return sorted({int(1500 * (500_000 / 1500) ** (n / (count - 1))) for n in range(count)})


def decrypted(meter: str, token: str) -> Credit:
    (key,) = rehearsal_keys()
    found = decode(token, cipher_for(key.algorithm, key.decoder_key(meter_pan(meter), 1)))
    assert isinstance(found, Credit), found
    return found


@pytest.mark.parametrize(
    ("power_type", "in_debt"), [("home", False), ("shop", False), ("social", False), ("shop", True)]
)
def test_token_slip_and_json_say_the_same_when_any_amount_is_sold(
    kiosk: Kiosk, home: Path, power_type: str, in_debt: bool
) -> None:
    meter = next(
        row["meter"]
        for row in reversed(customers(kiosk, "keypad", power_type=power_type))
        if bool(row["debt_minor"]) == in_debt
    )
    sales = [
        kiosk("sell", "--meter", meter, "--amount", f"{a // 100}.{a % 100:02}", "--json").json
        for a in amounts_minor()[:: 1 if power_type == "home" else 4]
    ]
    for sale in sales:
        assert sum(line["amount_minor"] for line in sale["lines"]) == sale["amount_minor"]
        assert sum(line["energy_wh"] for line in sale["lines"]) == sale["energy_wh"]
        credit = decrypted(meter, sale["token"])
        assert (credit.subclass, 100 * credit.units) == (0, sale["energy_wh"])
    with opened(home, load(home / "kiosk.toml")) as house:
        for sale in sales:
            record = house.desk.records.sale(sale["sale_id"])
            assert record is not None
            lines = slip_lines(house.desk, record)
            assert f"{format_kwh(sale['energy_wh'])} kWh" in [line.text for line in lines]
            digits = "".join(line.text for line in lines).replace(" ", "")
            assert sale["token"] in digits


def test_the_card_carries_exactly_what_was_sold_when_any_amount_is_sold(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    for number, amount in enumerate(amounts_minor(10), 1):
        words = ("--meter", meter, "--amount", f"{amount // 100}.{amount % 100:02}", "--json")
        sale = kiosk("sell", *words).json
        assert sum(line["amount_minor"] for line in sale["lines"]) == amount
        assert sale["card_purchase_number"] == number
        gained = kiosk("rehearse", "meter", "insert", meter, "--json").json
        assert gained["energy_wh_added"] == sale["energy_wh"]
