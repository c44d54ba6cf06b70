"""Customers' money by commands: what the answers hold, and one sentence when the answer is no."""

from __future__ import annotations

from pathlib import Path

from tests.front.conftest import Kiosk, a_customer, a_meter, customers, is_one_sentence


def owner_of(kiosk: Kiosk, meter: str) -> str:
    return str(next(row["account"] for row in customers(kiosk) if row["meter"] == meter))


def test_an_account_is_kept_from_the_first_top_up_to_closing_when_commands_are_typed(
    kiosk: Kiosk,
) -> None:
    meter = a_meter(kiosk, "keypad")
    owner = owner_of(kiosk, meter)
    topped = kiosk("account", "top-up", owner, "--amount", "100", "--id", "c1", "--json").json
    again = kiosk("account", "top-up", owner, "--amount", "100", "--id", "c1", "--json").json
    assert again == topped
    sold = kiosk("sell", "--meter", meter, "--amount", "30", "--from", "capital", "--json").json
    shown = kiosk("account", "show", meter, "--json").json
    assert shown["standing"]["capital_minor"] == 7_000
    assert [sale["sale_id"] for sale in shown["sales"]] == [sold["sale_id"]]
    slip = f"{topped['sequence']}:capital:100.00"
    assert all(
        one["agrees"] for one in kiosk("account", "check", owner, "--slip", slip, "--json").json
    )
    wrong = kiosk("account", "check", owner, "--slip", f"{topped['sequence']}:capital:99")
    assert wrong.exit == 1
    assert "but the postings say 100.00 ZAR" in wrong.err
    kiosk("account", "debt", owner, "--kind", "arrears", "--amount", "20", "--dated", "2026-01-31",
          "--reason", "old book")  # fmt: skip
    plan = ("account", "plan", owner, "--rule", "share", "--share", "50", "--reason", "agreed")
    assert "50 %" in kiosk(*plan).out
    second = kiosk("sell", "--meter", meter, "--amount", "30", "--json").json
    assert next(x["amount_minor"] for x in second["lines"] if x["code"] == "debt") == 1_500
    kiosk("account", "pay-debt", owner, "--amount", "5", "--from", "capital")
    assert kiosk("account", "debts", owner, "--json").json[0]["debts"] == []
    book = kiosk("book", f"capital_account:{owner}", "--json").json[0]
    assert [line["balance"] for line in book["lines"]] == [-10_000, -7_000, -6_500]
    statement = kiosk("account", "statement", owner).out
    assert "STATEMENT" in statement
    assert "65.00" in statement
    kiosk("refund", "--from", f"capital:{owner}", "--amount", "5", "--reason", "asked for it")
    closed = kiosk("account", "close", owner, "--reason", "moved away", "--json").json
    assert closed["figures"][-1] == {"name": "paid_out", "amount_minor": 6_000}
    is_one_sentence(kiosk("sell", "--meter", meter, "--amount", "30"), 1, "is closed")
    assert kiosk("verify").exit == 0


def test_a_meter_is_handed_to_the_next_customer_when_the_last_account_is_closed(
    kiosk: Kiosk,
) -> None:
    meter = a_meter(kiosk, "keypad")
    owner = owner_of(kiosk, meter)
    install = ("--meter", meter, "--power-type", "home")
    account = kiosk("customers", "open", "--name", "Lea Celik", "--address", "9 Hill", "--json")
    tenant = account.json["account"]
    is_one_sentence(kiosk("meters", "install", tenant, *install), 1, "registered already")
    kiosk("account", "close", owner, "--reason", "moved away")
    assert kiosk("meters", "install", tenant, *install, "--json").json["account"] == tenant
    assert kiosk("sell", "--meter", meter, "--amount", "30").exit == 0
    told = kiosk("records", "amendments", meter, "--json").json
    assert [line["field"] for line in told][-1:] == ["account"]
    assert kiosk("verify").exit == 0


def test_the_cash_to_take_is_said_when_money_is_kept_for_the_meter(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    owner = owner_of(kiosk, meter)
    kiosk("account", "top-up", owner, "--amount", "60")
    kiosk("account", "transfer", "--from", f"capital:{owner}", "--to", f"meter:{meter}",
          "--amount", "60", "--reason", "asked for it")  # fmt: skip
    told = "Kept for the meter: 60.00 ZAR. To pay: 40.00 ZAR."
    assert told in kiosk("quote", "--meter", meter, "--amount", "100").out
    asked = kiosk("quote", "--meter", meter, "--amount", "100", "--json").json
    assert (asked["kept_minor"], asked["to_pay_minor"]) == (6_000, 4_000)
    said = kiosk("sell", "--meter", meter, "--amount", "100").out
    assert "Paid: Cash, 40.00 ZAR" in said
    assert "Paid: Kept for the meter, 60.00 ZAR" in said
    sale = kiosk("account", "show", owner, "--json").json["sales"][0]
    assert [tender["amount_minor"] for tender in sale["tenders"]] == [4_000, 6_000]
    why = kiosk("why", sale["sale_id"]).out
    assert "Paid: Kept for the meter, 60.00 ZAR" in why


def test_every_figure_is_said_in_the_customers_language_when_why_is_asked(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    sold = kiosk("sell", "--meter", meter, "--amount", "20", "--json").json
    said = kiosk("why", sold["sale_id"], "--language", "fr").out
    for line in sold["lines"]:
        assert f"{line['amount_minor'] / 100:.2f}".replace(".", ",") in said
    assert "Redevance fixe" in said or "Service charge" in said
    assert "toutes les lignes" in said.casefold() or "chaque ligne" in said.casefold()
    is_one_sentence(kiosk("why", sold["sale_id"], "--language", "xx"), 1, "--language")


def test_a_token_is_not_taken_back_and_a_card_is_when_reverse_is_typed(kiosk: Kiosk) -> None:
    token = kiosk("sell", "--meter", a_meter(kiosk, "keypad"), "--amount", "20", "--json").json
    refused = kiosk("reverse", token["sale_id"], "--reason", "wrong amount")
    is_one_sentence(refused, 1, "was shown")
    looked = kiosk("reverse", token["token"], "--look", "--json").json
    assert (looked["allowed"], looked["refusal"]) == (False, "token_was_shown")
    meter = a_meter(kiosk, "card")
    sold = kiosk("sell", "--meter", meter, "--amount", "20", "--json").json
    back = kiosk("reverse", sold["sale_id"], "--reason", "wrong amount", "--json").json
    assert back["texts"]["how"] == "same_day"
    why = kiosk("why", sold["sale_id"], "--json").json
    assert (why["state"], why["undone"]) == ("reversed", "reversed")
    target = f"capital:{owner_of(kiosk, meter)}"
    moved = kiosk("reallocate", token["sale_id"], "--to", target, "--reason", "wrong meter",
                  "--consumed", "--json").json  # fmt: skip
    assert moved["figures"][1] == {"name": "owed", "amount_minor": 2_000}


def test_bills_are_taken_in_and_collected_when_a_file_is_named(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    file = tmp_path / "bills.csv"
    file.write_text(
        "bill,account,name,meter,period,amount,due,late_fee\nF1,X1,Old,7,2026-10,80,2020-01-31,2\n"
    )
    assert kiosk("bills", "import", file, "--json").json == {"new": 1, "known": 0}
    assert kiosk("bills", "import", file, "--json").json == {"new": 0, "known": 1}
    assert kiosk("bills", "list", "X1", "--json").json[0]["late_fee_minor"] == 200
    paid = kiosk("bills", "collect", "F1", "--tender", "100", "--json").json
    figures = {figure["name"]: figure["amount_minor"] for figure in paid["figures"]}
    assert (figures["total"], figures["change"]) == (8_200, 1_800)
    assert kiosk("bills", "list", "X1", "--json").json == []
    file.write_text("bill\nF1\n")
    is_one_sentence(kiosk("bills", "import", file), 1, "the column account is missing")


def test_an_account_is_closed_with_its_meter_and_its_history_stays(kiosk: Kiosk) -> None:
    owner = a_customer(kiosk, "keypad")
    account, meter = str(owner["account"]), str(owner["meter"])
    kiosk("account", "deposit", account, "--amount", "40")
    kiosk("refund", "--from", f"deposit:{account}", "--amount", "15", "--reason", "asked for it")
    closed = kiosk(
        "account", "close", account, "--reason", "moved away",
        "--final", f"{meter}:120:3.5:given_up", "--json",
    ).json  # fmt: skip
    assert (closed["cancelled"], closed["staying"]) == ([meter], {})
    assert closed["figures"][-1] == {"name": "paid_out", "amount_minor": 2_500}
    lines = kiosk("records", "history", account, "--json").json
    assert [line["event"] for line in lines[:4]] == [
        "account_closed", "meter_cancelled", "credit_left", "meter_read",
    ]  # fmt: skip
    assert kiosk("records", "overall", account, "--json").json["closed"]
    assert "Account closed" in kiosk("records", "history", account).out
    assert kiosk("verify").exit == 0


def test_one_sentence_is_said_when_customers_money_cannot_move(kiosk: Kiosk) -> None:
    for words, part in (
        (("account", "show", "nobody"), "is no account, meter or card"),
        (("account", "top-up", "20000001", "--amount", "-5"), "below zero"),
        (("account", "clear", "nothing"), "can be cleared or bounced"),
        (("bills", "import", "/dev/zero"), "is no file of bills"),
        (("rerate", "--from", "yesterday"), "write the day as YYYY-MM-DD"),
        (("account", "close", "20000001", "--reason", "x", "--final", "7"), "METER:READING:LEFT"),
        (("records", "history", "nobody"), "is no account"),
        (("account", "transfer", "--from", "x:1", "--to", "capital:20000001", "--amount", "1",
          "--reason", "asked"), "cannot be used here"),
        (("account", "interest", "--period", "2026-10"), "No interest is set"),
        (("account", "check", "20000001", "--slip", "x"), "ENTRY:NAME:AMOUNT"),
        (("book", "nothing:1"), "Nothing was ever booked"),
        (("bills", "collect", "nothing"), "is not known here"),
        (("bills", "import", "nowhere.csv"), "nowhere.csv"),
        (("reverse", "nothing", "--reason", "asked"), "is not in the journal"),
        (("rerate", "nothing"), "is not in the journal"),
    ):  # fmt: skip
        is_one_sentence(kiosk(*words), 1, part)
    assert kiosk("rerate", "--json").json == kiosk("rerate", "--look", "--json").json == []
    assert "of their moment: 0." in kiosk("rerate", "--look").out
    for words in (("customers", "zzzz"), ("search", "zzzz")):
        assert kiosk(*words).err == "kiosk: Nothing found for zzzz.\n"


def test_the_usual_rehearsal_begins_with_money_debts_plans_and_a_bill(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    home = tmp_path / "usual"
    home.mkdir()
    (home / "kiosk.toml").write_text("[rehearsal]\ncustomers = 120\ncentre = false\n")
    shown = kiosk("account", "show", "20000061", "--home", home, "--json").json
    assert (shown["standing"]["capital_minor"], shown["standing"]["uncleared_minor"]) == (
        50_000, 20_000,
    )  # fmt: skip
    owed = kiosk("account", "debts", "20000063", "--home", home, "--json").json[0]
    assert [debt["amount_minor"] for debt in owed["debts"]] == [9_900, 4_200]
    assert owed["plan"]["rule"] == "fixed"
    assert kiosk("bills", "list", "--home", home, "--json").json[0]["bill"] == "OLD-2026-09"
    assert kiosk("verify", "--home", home).exit == 0
