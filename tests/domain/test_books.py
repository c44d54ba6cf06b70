"""The books as stories: what happened, and what it posts. A debit is positive."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kiosk.domain import chart, facts, store_facts
from kiosk.domain.books import Books
from kiosk.domain.posting import Posting
from kiosk.errors import Refusal
from tests.builders import (
    CARD_SERIAL,
    METER,
    card_delivery,
    cash,
    delivered,
    kept_money,
    notes,
    offered,
    sale,
    stacked,
)

KEPT = facts.PaymentKept("p", METER, 3000, "ZAR", "cancelled")
TO_DRAWER = facts.SaleVoided("s", "module refused", chart.cash("101"))
TO_METER = facts.SaleVoided("s", "interrupted", chart.meter_account(METER))
DOUBT = facts.SaleInDoubt("s", "card pulled out", "card", "101")
LOST = facts.NoteInDoubt("p", 1, "jam")
BACK = facts.NoteReturned("p", 1, "cancelled")
CARD_SALE = sale("s", card=card_delivery(7))
CARD_DONE = facts.SaleDelivered("s", "witnessed", purchase_number=7)
TWO_NOTES = (
    offered("p", 1, 2000), stacked("p", 1), offered("p", 2, 1000), stacked("p", 2)
)  # fmt: skip
DEBTS = facts.CatalogueReceived(
    1, "00", "utility", "11", "ZAR", 3, 3, 0, {"20000001": 500, "20000002": -200, "20000003": 0}
)
EVEN_DEBTS = msgspec.structs.replace(DEBTS, opening_debts={"1": 500, "2": -500})
OVERPAID = msgspec.structs.replace(DEBTS, opening_debts={"1": -500})
NO_ENERGY = [msgspec.structs.replace(line, energy_wh=0) for line in sale("s").lines]
CARRIED_ON = store_facts.OriginRejoined(
    "r-old", b"key", 9, b"digest", 5, "copied",
    [store_facts.Total(chart.HELD_NOTES, "ZAR", -3000)], [], [],
    [store_facts.CarriedPayment("p", "kiosk-1", METER, "ZAR", 3000)],
)  # fmt: skip

COMMIT = """
    cash:101                    ZAR    1150  posted
    sales_pending               ZAR   -1150  pending"""
DELIVER = f"""
    sales_pending               ZAR    1150  posted
    revenue:energy              ZAR   -1000  posted
    tax:tax                     ZAR    -150  posted
    meter_energy:{METER}    WH    11500  posted
    energy_issued               WH   -11500  posted"""
NOTES_IN = """
    cash:acceptor               ZAR    2000  posted
    held_notes                  ZAR   -2000  posted
    cash:acceptor               ZAR    1000  posted
    held_notes                  ZAR   -1000  posted"""

STORIES: dict[str, tuple[list[facts.Fact], str]] = {
    "a token sale": ([sale("s"), delivered("s")], COMMIT + DELIVER),
    "a card sale": ([CARD_SALE, CARD_DONE], COMMIT + DELIVER),
    "in doubt, then delivered": ([sale("s"), DOUBT, DOUBT, delivered("s")], COMMIT + DELIVER),
    "voided over the counter": ([sale("s"), TO_DRAWER], COMMIT + """
    sales_pending               ZAR    1150  voided
    cash:101                    ZAR   -1150  posted"""),
    "in doubt, then voided": ([CARD_SALE, DOUBT, TO_METER], COMMIT + f"""
    sales_pending               ZAR    1150  voided
    meter_account:{METER}   ZAR   -1150  posted"""),
    "two notes, then the sale": (
        [*TWO_NOTES, sale("p", 3000, tenders=[notes(3000)])], NOTES_IN + """
    held_notes                  ZAR    3000  posted
    sales_pending               ZAR   -3000  pending"""),
    "two notes, then nothing": ([*TWO_NOTES, KEPT], NOTES_IN + f"""
    held_notes                  ZAR    3000  posted
    meter_account:{METER}   ZAR   -3000  posted"""),
    "a note that came back": ([offered("p"), BACK], ""),
    "a note that was lost and found": ([offered("p"), LOST, stacked("p")], """
    cash:acceptor               ZAR    2000  posted
    held_notes                  ZAR   -2000  posted"""),
    "a note that was lost and is with the customer": ([offered("p"), LOST, BACK], ""),
    "paid with kept money and cash": (
        [sale("s", tenders=[kept_money(1000), cash(150)])], f"""
    meter_account:{METER}   ZAR    1000  posted
    cash:101                    ZAR     150  posted
    sales_pending               ZAR   -1150  pending"""),
    "debts that came with the catalogue": ([DEBTS], """
    receivable:20000001         ZAR     500  posted
    receivable:20000002         ZAR    -200  posted
    opening_debts               ZAR    -300  posted"""),
    "debts that cancel out": ([EVEN_DEBTS], """
    receivable:1                ZAR     500  posted
    receivable:2                ZAR    -500  posted"""),
    "more was paid than owed before the catalogue": ([OVERPAID], """
    receivable:1                ZAR    -500  posted
    opening_debts               ZAR     500  posted"""),
    "notes that an old journal held": ([CARRIED_ON, KEPT], f"""
    held_notes                  ZAR   -3000  posted
    carried_from:r-old          ZAR    3000  posted
    held_notes                  ZAR    3000  posted
    meter_account:{METER}   ZAR   -3000  posted"""),
    "no money moves": (
        [facts.OperatorSignedIn("101", "counter-1", "cashier"), facts.LaneGiven(1, 4, "c")], ""),
}  # fmt: skip


def posted(table: str) -> list[Posting]:
    rows = [line.split() for line in table.strip().splitlines()]
    return [Posting(account, money, int(amount), state) for account, money, amount, state in rows]


def told(*story: facts.Fact) -> Books:
    books = Books()
    for fact in story:
        assert not isinstance(books.apply(fact), Refusal), fact
    return books


def standing(books: Books) -> object:
    """Everything that the books remember, to be compared."""
    sales = {key: (open_sale.committed, open_sale.state) for key, open_sale in books.sales.items()}
    return sales, dict(books.notes), dict(books.lost_notes), dict(books.held)


@pytest.mark.parametrize("name", STORIES)
def test_a_story_posts_what_its_table_says(name: str) -> None:
    story, table = STORIES[name]
    books, made = Books(), []
    for fact in story:
        postings = books.apply(fact)
        assert not isinstance(postings, Refusal), fact
        made += postings
    assert made == posted(table)


@pytest.mark.parametrize(
    "name", ["a token sale", "in doubt, then voided", "two notes, then nothing"]
)
def test_nothing_stays_open_when_a_story_has_ended(name: str) -> None:
    assert standing(told(*STORIES[name][0])) == standing(Books())


def but(**fields: Any) -> facts.SaleCommitted:
    return msgspec.structs.replace(sale("s"), **fields)


OPEN: list[facts.Fact] = [sale("s")]
HELD: list[facts.Fact] = list(TWO_NOTES)
ILLEGAL: list[tuple[str, list[facts.Fact], facts.Fact, str]] = [
    ("the sale is open already", OPEN, sale("s"), "exists"),
    ("nothing is paid", [], but(amount_minor=0, tenders=[], lines=[]), "sale_does_not_add_up"),
    ("less was tendered", [], but(tenders=[cash(1149)]), "sale_does_not_add_up"),
    ("more was tendered", [], but(tenders=[cash(1151)]), "sale_does_not_add_up"),
    ("a tender is negative", [], but(tenders=[cash(1151), cash(-1)]), "sale_does_not_add_up"),
    ("a line is missing", [], but(lines=sale("s").lines[:1]), "sale_does_not_add_up"),
    ("energy is not on the lines", [], but(energy_wh=11_600), "sale_does_not_add_up"),
    ("no energy at all", [], but(energy_wh=0), "sale_does_not_add_up"),
    ("no energy on any line", [], but(energy_wh=0, lines=NO_ENERGY), "sale_does_not_add_up"),
    ("no delivery", [], but(token=None), "sale_does_not_add_up"),
    ("two deliveries", [], but(card=card_delivery()), "sale_does_not_add_up"),
    ("an unknown tender", [], but(tenders=[facts.Tender("cheque", 1150, "cash:101")]),
     "sale_does_not_add_up"),
    ("cash from a revenue account", [], but(tenders=[facts.Tender("cash", 1150, "revenue:energy")]),
     "sale_does_not_add_up"),
    ("money kept for another meter", [], but(tenders=[kept_money(1150, "01470000009")]),
     "sale_does_not_add_up"),
    ("notes from a drawer", HELD, sale("p", 3000, tenders=[facts.Tender("notes", 3000, "cash:x")]),
     "sale_does_not_add_up"),
    ("notes that are not held", [], sale("p", 3000, tenders=[notes(3000)]), "payment_not_held"),
    ("notes used in part", HELD, sale("p", 2000, tenders=[notes(2000)]), "payment_not_held"),
    ("notes of another payment", HELD, sale("q", 3000, tenders=[notes(3000)]), "payment_not_held"),
    ("notes of another currency", HELD, sale("p", 3000, tenders=[notes(3000)], currency="KES"),
     "payment_not_held"),
    ("notes used twice", [*HELD, sale("p", 3000, tenders=[notes(3000)]), delivered("p")],
     sale("p", 3000, tenders=[notes(3000)]), "payment_not_held"),
    ("delivered before it was paid", [], delivered("s"), "sale_not_open"),
    ("delivered twice", [*OPEN, delivered("s")], delivered("s"), "sale_not_open"),
    ("voided after delivery", [*OPEN, delivered("s")], TO_DRAWER, "sale_not_open"),
    ("delivered after it was voided", [*OPEN, TO_DRAWER], delivered("s"), "sale_not_open"),
    ("in doubt after delivery", [*OPEN, delivered("s")], DOUBT, "sale_not_open"),
    ("a note offered twice", [offered("p")], offered("p"), "note_not_open"),
    ("a lost note offered again", [offered("p"), LOST], offered("p"), "note_not_open"),
    ("a note of nothing", [], offered("p", 1, 0), "note_not_open"),
    ("a second currency in one payment", [offered("p"), stacked("p")],
     offered("p", 2, currency="KES"), "payment_not_held"),
    ("a second currency in escrow", [offered("p")], offered("p", 2, currency="KES"),
     "payment_not_held"),
    ("a note for another meter in one payment", [offered("p"), stacked("p")],
     offered("p", 2, meter="01470000009"), "payment_not_held"),
    ("stacked but never offered", [], stacked("p"), "note_not_open"),
    ("stacked twice", [offered("p"), stacked("p")], stacked("p"), "note_not_open"),
    ("returned after it was stacked", [offered("p"), stacked("p")], BACK, "note_not_open"),
    ("lost after it was stacked", [offered("p"), stacked("p")], LOST, "note_not_open"),
    ("lost twice", [offered("p"), LOST], LOST, "note_not_open"),
    ("kept before anything was stacked", [offered("p")], KEPT, "payment_not_held"),
    ("kept twice", [*HELD, KEPT], KEPT, "payment_not_held"),
    ("kept with another amount", HELD, msgspec.structs.replace(KEPT, amount_minor=2000),
     "payment_not_held"),
    ("kept for another meter", HELD, msgspec.structs.replace(KEPT, meter="01470000009"),
     "payment_not_held"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "illegal", "code"),
    [row[1:] for row in ILLEGAL],
    ids=[row[0] for row in ILLEGAL],
)
def test_nothing_changes_when_an_illegal_fact_is_refused(
    story: list[facts.Fact], illegal: facts.Fact, code: str
) -> None:
    books = told(*story)
    before = standing(books)
    refused = books.apply(illegal)
    assert isinstance(refused, Refusal)
    assert refused.code == code
    assert standing(books) == before


def test_a_trial_leaves_the_books_alone_when_it_is_made_on_a_copy() -> None:
    books = told(sale("s"), offered("p"), *[offered("q"), facts.NoteInDoubt("q", 1, "jam")])
    before = standing(books)
    twin = books.copy()
    assert standing(twin) == before
    for fact in (DOUBT, stacked("p"), stacked("q"), sale("t")):
        assert not isinstance(twin.apply(fact), Refusal)
    assert standing(books) == before


def test_the_books_go_on_when_they_are_opened_with_what_was_left() -> None:
    books = Books()
    books.reopen_sale(CARD_SALE, "in_doubt")
    books.reopen_note(offered("p"), lost=False)
    books.reopen_note(offered("q"), lost=True)
    books.held["r"] = (METER, "ZAR", 500)
    assert CARD_SALE.card is not None and CARD_SALE.card.serial == CARD_SERIAL
    rest = facts.PaymentKept("r", METER, 500, "ZAR", "interrupted")
    for fact in (CARD_DONE, stacked("p"), stacked("q"), rest):
        assert not isinstance(books.apply(fact), Refusal), fact
