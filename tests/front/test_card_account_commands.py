"""kiosk card-account and kiosk suspicions: money on a card, and a card that staff look at."""

from __future__ import annotations

from pathlib import Path

from tests.front.conftest import Kiosk, a_customer


def card_customer(kiosk: Kiosk) -> tuple[str, str]:
    """Meter and card of a customer of this test's own."""
    row = a_customer(kiosk, "card")
    return row["meter"], row["card"]


def test_money_is_put_on_the_card_and_spent_from_it_when_it_is_typed(kiosk: Kiosk) -> None:
    meter, card = card_customer(kiosk)
    put_on = kiosk("card-account", "top-up", "--card", card, "--amount", "50", "--json").json
    assert (put_on["balance_minor"], put_on["number"]) == (5000, 1)
    sold = kiosk("sell", "--meter", meter, "--amount", "20", "--from-card", "--json").json
    assert sold["state"] == "delivered"
    assert kiosk("rehearse", "meter", "insert", meter, "--json").json["result"] == "credited"
    shown = kiosk("card-account", "show", "--card", card)
    assert shown.out == "30.00 ZAR on the card, movement 2\n"
    kiosk("rehearse", "card", "insert", meter)
    looked = kiosk("cards", "read", "--json").json
    assert (looked["money_minor"], looked["currency"], looked["reader"]) == (3000, "ZAR", "reader")
    assert "On the card: 30.00 ZAR, movement 2" in kiosk("cards", "read").out
    kiosk("rehearse", "card", "pull")
    too_much = kiosk("sell", "--meter", meter, "--amount", "40", "--from-card")
    assert (too_much.exit, too_much.out) == (1, "")
    assert "30.00" in too_much.err
    chains = kiosk("card-account", "chains", "--json").json
    mine = next(chain for chain in chains if chain["card"] == put_on["serial"])
    assert (mine["topped_up_minor"], mine["spent_minor"], mine["doubles"]) == (5000, 2000, {})
    assert "2 movements" in kiosk("card-account", "chains").out
    assert kiosk("verify").exit == 0


def test_a_case_is_listed_and_closed_when_a_card_was_played_back(kiosk: Kiosk, home: Path) -> None:
    meter, card = card_customer(kiosk)
    serial = kiosk("card-account", "show", "--card", card, "--json").json["serial"]
    chip = home / "world" / "cards" / f"{serial}.card"
    old = chip.read_bytes()
    kiosk("card-account", "top-up", "--card", card, "--amount", "50")
    chip.write_bytes(old)
    refused = kiosk("sell", "--meter", meter, "--amount", "20")
    assert (refused.exit, "counter" in refused.err) == (1, True)
    case = next(
        row for row in kiosk("suspicions", "list", "--json").json if row["serial"] == serial
    )
    assert (case["reason"], case["card"]) == ("account_set_back", card)
    assert bytes.fromhex(case["image"]["2"]) == old[512 + 48 :][:40]
    assert case["case"] in kiosk("suspicions", "list").out
    closed = kiosk(
        "suspicions", "close", case["case"], "--finding", "withdrawn", "--note", "chip drawn in"
    )  # fmt: skip
    assert (closed.exit, closed.err) == (0, "")
    assert case["case"] not in kiosk("suspicions", "list").out
    assert "withdrawn: chip drawn in" in kiosk("suspicions", "list", "--all").out
    assert kiosk("sell", "--meter", meter, "--amount", "20").exit == 1


def test_one_sentence_comes_when_what_was_typed_cannot_be_used(kiosk: Kiosk) -> None:
    _, card = card_customer(kiosk)
    for words in (
        ("card-account", "show", "--card", "12"),
        ("card-account", "top-up", "--card", card, "--amount", "x"),
        ("card-account", "top-up", "--card", card, "--amount", "0"),
        ("suspicions", "close", "nosuchcase", "--finding", "genuine", "--note", "seen"),
    ):
        done = kiosk(*words)
        assert (done.exit, done.out, done.err.count("\n")) == (1, "", 1), words
