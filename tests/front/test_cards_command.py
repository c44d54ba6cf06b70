"""`kiosk cards` as a newcomer tries it: one customer's card through every verb."""

from __future__ import annotations

import json

import pytest

from kiosk import marks
from kiosk.domain.cards.workshops import SHOPS
from tests.front.conftest import Done, Kiosk, a_meter, is_one_sentence
from tests.till.hall import DiedError, die_at

READ_KEYS = {"family", "state", "serial", "purchase_number"}


@pytest.fixture(autouse=True)
def empty_reader(kiosk: Kiosk) -> None:
    """Whoever was here before took the card along."""
    kiosk("rehearse", "card", "pull")


def reason(done: Done) -> str:
    """The sentence of a command that ended with 1 after it had shown what it saw."""
    assert done.exit == 1, done
    assert len(done.err.splitlines()) == 1, done.err
    return done.err


def test_the_card_in_the_reader_is_told_as_json(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    assert kiosk("rehearse", "card", "insert", meter).exit == 0
    shown = kiosk("cards", "read", "--json").json
    assert READ_KEYS <= set(shown)
    assert (shown["family"], shown["state"], shown["meter"]) == ("open", "ok", meter)
    row = next(row for row in kiosk("cards", "--json").json if row["meter"] == meter)
    assert (row["card"], row["serial"]) == (shown["card"], shown["serial"])
    assert kiosk("cards", "search", row["serial"], "--json").json == [row]
    assert (shown["money_minor"], shown["money_number"]) == (0, 0)


def test_a_sale_that_was_killed_is_told_before_the_next_one_begins(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    kiosk("rehearse", "card", "insert", meter)
    marks.arm(die_at("card.before_read_back"))
    with pytest.raises(DiedError):
        kiosk("sell", "--meter", meter, "--amount", "50")
    marks.arm(None)
    following = kiosk("sell", "--meter", meter, "--amount", "20")
    assert following.exit == 1, "the meter has not taken the purchase yet"
    first = following.out.splitlines()[0]
    assert first.startswith("Settled first: sale ")
    assert first.endswith(f"meter {meter}, 50.00 ZAR: delivered.")
    assert "Settled first" not in kiosk("sell", "--meter", meter, "--amount", "20").out


def test_a_state_grid_card_is_refused_when_it_is_made_where_no_yuan_are_taken(kiosk: Kiosk) -> None:
    kiosk("rehearse", "card", "blank", "state-grid")
    made = kiosk("cards", "reissue", a_meter(kiosk, "card"), "--reason", "lost in town")
    is_one_sentence(made, 1, "state-grid carry CNY and this hall sells in ZAR")


@pytest.mark.parametrize(
    ("kind", "said"), [("blank", "is blank"), ("damaged", "is damaged"), ("foreign", "not a card")]
)
def test_the_reason_is_said_when_the_card_is_nobodys(kiosk: Kiosk, kind: str, said: str) -> None:
    is_one_sentence(kiosk("cards", "read", "--json"), 1, "no card")
    kiosk("rehearse", "card", kind)
    shown = kiosk("cards", "read", "--json")
    assert said in reason(shown)
    if kind != "foreign":
        assert json.loads(shown.out)["state"] == kind


def test_a_lost_card_gives_its_purchase_once_when_it_is_replaced_and_found(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    sold = kiosk("sell", "--meter", meter, "--amount", "50", "--json").json
    old = next(row["serial"] for row in kiosk("cards", "--json").json if row["meter"] == meter)
    kiosk("rehearse", "card", "lose", meter)
    is_one_sentence(kiosk("rehearse", "card", "insert", meter), 1, "lost")
    kiosk("rehearse", "card", "blank")
    dry = kiosk("cards", "reissue", meter, "--reason", "lost in town", "--dry-run")
    assert "under the same number" in dry.out
    assert "Fee: 50.00 ZAR" in dry.out
    made = kiosk("cards", "reissue", meter, "--reason", "lost in town", "--json").json
    assert (made["state"], made["issue"], made["replaces"]) == ("done", 2, old)
    assert made["purchase_number"] == sold["card_purchase_number"]
    assert kiosk("cards", "stock", "--json").json[0]["in_stock"] >= 0
    kiosk("rehearse", "card", "pull")
    first = kiosk("rehearse", "meter", "insert", meter, "--json").json
    assert first["energy_wh_added"] == sold["energy_wh"]
    assert old in kiosk("rehearse", "card", "find", meter).out
    again = kiosk("rehearse", "meter", "insert", meter, old, "--json").json
    assert (again["result"], again["energy_wh_added"]) == ("already_credited", 0)
    assert [row["state"] for row in kiosk("cards", "hot", "--json").json
            if row["serial"] == old] == ["lost"]  # fmt: skip
    kiosk("rehearse", "card", "insert", old)
    assert "cannot be used here" in reason(kiosk("cards", "read"))
    assert kiosk("cards", "works", "--meter", meter, "--json").json[0]["work_id"] == made["work_id"]


def test_a_purchase_is_taken_back_and_the_card_is_repaired(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    sold = kiosk("sell", "--meter", meter, "--amount", "50", "--json").json
    kiosk("rehearse", "card", "insert", meter)
    done = kiosk("cards", "cancel", "--reason", "moved away", "--json").json
    assert (done["state"], done["amount_minor"]) == ("done", 5000)
    assert done["returned_to"] == f"meter_account:{meter}"
    (listed,) = kiosk("records", "purchases", meter, "--json").json
    assert listed["state"] == "taken_back"
    why = kiosk("why", sold["sale_id"], "--json").json
    assert (why["state"], why["undone"]) == ("taken_back", "taken_back")
    assert "was taken back off its card" in " ".join(why["says"])
    is_one_sentence(kiosk("cards", "cancel", "--reason", "again"), 1, "carries no purchase")
    is_one_sentence(kiosk("cards", "repair", "--reason", "try it"), 1, "shows")
    is_one_sentence(kiosk("cards", "repair", "--reason", "try it", "--shown", "0"), 1, "agree")
    assert kiosk("verify").exit == 0


def test_a_paid_purchase_stays_on_its_card_unless_a_repair_says_that_it_goes(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    sold = kiosk("sell", "--meter", meter, "--amount", "50", "--json").json
    kiosk("rehearse", "card", "insert", meter)
    repair = ("cards", "repair", "--reason", "meter shows 9", "--shown", "9")
    is_one_sentence(kiosk(*repair), 1, f"paid purchase of sale {sold['sale_id']}")
    assert "PAID AND UNREAD" in kiosk(*repair, "--dry-run").out
    assert kiosk("cards", "read", "--json").json["purchase_number"] == 1
    assert kiosk(*repair, "--drop-purchase").exit == 0
    assert kiosk("cards", "read", "--json").json["purchase_number"] == 9
    why = kiosk("why", sold["sale_id"], "--json").json
    assert (why["state"], why["undone"]) == ("dropped", "dropped")
    assert any("took it off its card unread" in line for line in why["says"])
    (listed,) = kiosk("records", "purchases", meter, "--json").json
    assert listed["state"] == "dropped"
    again = ("cards", "repair", "--reason", "it shows 0", "--shown", "0", "--json")
    back = kiosk(*again).json
    assert (back["state"], back["sale_id"], back["energy_wh"]) == (
        "done", sold["sale_id"], sold["energy_wh"],
    )  # fmt: skip
    assert kiosk("why", sold["sale_id"], "--json").json["state"] == "delivered"
    assert kiosk("verify").exit == 0


def test_readings_come_by_inquiry_card_and_stock_is_counted(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    kiosk("rehearse", "card", "blank")
    tool = kiosk("cards", "tool", "inquiry", "--reason", "readings", "--json").json
    assert tool["state"] == "done"
    is_one_sentence(kiosk("cards", "tool", "inquiry", "--reason", "again"), 1, "not blank")
    kiosk("rehearse", "card", "pull")
    kiosk("rehearse", "meter", "insert", meter, tool["serial"])
    kiosk("rehearse", "card", "insert", tool["serial"])
    assert kiosk("cards", "reading", "--json").json["meter"] == meter
    assert len(kiosk("cards", "readings", meter, "--json").json) == 1
    kiosk("cards", "stock", "received", "open", "20", "--note", "delivery")
    (row,) = kiosk("cards", "stock", "counted", "open", "18", "--note", "counted", "--json").json
    assert row["in_stock"] == 18


def test_a_card_is_stopped_by_one_and_released_by_two(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    card = next(row["card"] for row in kiosk("cards", "--json").json if row["meter"] == meter)
    stopped = kiosk("cards", "hot", "add", card, "--reason", "seen twice", "--json").json
    assert stopped[0]["state"] == "hot"
    kiosk("rehearse", "card", "insert", meter)
    refused = kiosk("sell", "--card", card, "--amount", "20")
    assert refused.exit == 1
    kiosk("rehearse", "card", "pull")
    is_one_sentence(kiosk("sell", "--card", card, "--amount", "20"), 1, "cannot be used here")
    (case,) = [c for c in kiosk("cards", "cases", "--json").json if c["meter"] == meter]
    assert kiosk("cards", "cases", "close", case["case_id"], "--note", "owner seen").exit == 0
    released = kiosk("cards", "hot", "release", card, "--reason", "one chip", "--json").json
    assert released[0]["state"] == "active"
    assert kiosk("sell", "--card", card, "--amount", "20").exit == 0


def test_every_family_says_what_it_can_do(kiosk: Kiosk) -> None:
    rows = {row["family"]: row for row in kiosk("cards", "families", "--json").json}
    assert list(rows) == list(SHOPS)
    assert "cancel" in rows["open"]["works"]
    assert "cancel" not in rows["at24"]["works"]
    assert rows["state-grid"]["tool_cards"] == ["inquiry", "meter-number", "preset"]


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["make", "123", "--reason", "new"], 1, "not a meter number"),
        (["reissue", "--reason", "x"], 2, "required"),
        (["tool", "inquiry", "--reason", "new", "--set", "alarm_wh"], 1, "NAME=NUMBER"),
        (["hot", "add", "--reason", "why not"], 1, "not known"),
        (["give-up", "nothing", "--reason", "why not"], 1, "never begun"),
        (["cases", "close", "nothing", "--note", "why not"], 1, "never opened"),
        (["stock", "received", "open", "--note", "none"], 1, "no number of cards"),
        (["frob"], 2, "invalid choice"),
    ],
)
def test_a_wrong_word_is_one_sentence(kiosk: Kiosk, words: list[str], code: int, part: str) -> None:
    is_one_sentence(kiosk("cards", *words), code, part)
