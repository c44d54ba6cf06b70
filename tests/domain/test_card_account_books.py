"""Money on cards in the books: a table of what each movement posts, and what may not stand."""

from __future__ import annotations

import pytest

from kiosk.domain import facts
from kiosk.domain.books import Books
from kiosk.domain.card_account_facts import AccountMoveCommitted, AccountMoved, AccountMoveUndone
from kiosk.domain.cards.image import CardImage
from kiosk.domain.chart import CARD_ACCOUNTS_PENDING, card_account, cash, meter_account
from kiosk.domain.fact import Fact
from kiosk.errors import Refusal
from tests.builders import METER, account_card, account_move, card_delivery, sale, top_up

OWN = card_account("20000001")


def funded(amount_minor: int = 5000) -> CardImage:
    image = account_card()
    for write in top_up("t0", amount_minor).writes:
        image = image.with_write(write)
    return image


def spend(sale_id: str, amount_minor: int = 1150) -> AccountMoveCommitted:
    return account_move("spend", sale_id, amount_minor, funded())


def paid_from_card(sale_id: str, amount_minor: int = 1150) -> facts.SaleCommitted:
    tender = facts.Tender("card_account", amount_minor, OWN)
    return sale(sale_id, amount_minor, card=card_delivery(), tenders=[tender])


def tell(*told: Fact) -> dict[str, int]:
    """Money by account after these facts, which must all stand."""
    books, money = Books(), dict[str, int]()
    for fact in told:
        made = books.apply(fact)
        assert not isinstance(made, Refusal), (fact, made)
        for posting in made:
            if posting.currency == "ZAR":
                money[posting.account] = money.get(posting.account, 0) + posting.amount
    return {account: amount for account, amount in money.items() if amount}


T, S = top_up("t1", 5000), spend("s1")
SALE = paid_from_card("s1")
DELIVERED = facts.SaleDelivered("s1", "normal", None, 1)
TO_CARD, TO_METER = (
    facts.SaleVoided("s1", "superseded", OWN),
    facts.SaleVoided("s1", "superseded", meter_account(METER)),
)


@pytest.mark.parametrize(
    ("told", "money"),
    [
        ([T], {cash("101"): 5000, CARD_ACCOUNTS_PENDING: -5000}),
        ([T, AccountMoved("t1", "normal")], {cash("101"): 5000, OWN: -5000}),
        ([T, AccountMoveUndone("t1", "superseded", cash("101"))], {}),
        ([T, AccountMoveUndone("t1", "superseded", meter_account(METER))],
         {cash("101"): 5000, meter_account(METER): -5000}),
        ([S, SALE], {OWN: 1150, "sales_pending": -1150}),
        ([S, SALE, AccountMoved("s1", "normal"), DELIVERED],
         {OWN: 1150, "revenue:energy": -1000, "tax:tax": -150}),
        ([S, SALE, AccountMoveUndone("s1", "superseded", ""), TO_CARD], {}),
        ([S, SALE, AccountMoved("s1", "normal"), TO_METER],
         {OWN: 1150, meter_account(METER): -1150}),
    ],
)  # fmt: skip
def test_the_money_is_where_the_card_says_when_a_movement_ends(
    told: list[Fact], money: dict[str, int]
) -> None:
    assert tell(*told) == money


@pytest.mark.parametrize(
    ("told", "last"),
    [
        ([], SALE),  # no spend was intended
        ([spend("s1", 1000)], SALE),  # another amount
        ([S], sale("s1", card=card_delivery())),  # intended from the card, paid in cash
        ([S, SALE], DELIVERED),  # nobody knows whether the card paid
        ([S, SALE, AccountMoveUndone("s1", "superseded", "")], DELIVERED),  # it did not
        ([S, SALE, AccountMoveUndone("s1", "superseded", "")], TO_METER),  # it has it still
        ([S, SALE, AccountMoved("s1", "normal")], TO_CARD),  # it has it no more
        ([S, SALE], AccountMoveUndone("s1", "superseded", cash("101"))),
        ([T], AccountMoveUndone("t1", "superseded", OWN)),
        ([T, AccountMoved("t1", "normal")], AccountMoved("t1", "normal")),
        ([], AccountMoved("t1", "normal")),
        ([T], T),
    ],
)
def test_a_fact_cannot_stand_when_it_contradicts_the_card(told: list[Fact], last: Fact) -> None:
    books = Books()
    for fact in told:
        assert not isinstance(books.apply(fact), Refusal)
    twin = books.copy()
    assert isinstance(twin.apply(last), Refusal)
    assert {key: move.state for key, move in twin.moves.items()} == {
        key: move.state for key, move in books.moves.items()
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_minor": 4999}, {"amount_minor": 0}, {"number": 2}, {"balance_minor": 5001},
        {"previous": bytes(range(16))}, {"card": "ff" * 8}, {"kind": "gift"}, {"paid_into": ""},
        {"paid_into": "held_notes"},
    ],
)  # fmt: skip
def test_a_movement_cannot_stand_when_its_figures_do_not_follow_from_the_card(
    changed: dict[str, object],
) -> None:
    fields = {name: getattr(T, name) for name in T.__struct_fields__} | changed
    refused = Books().apply(AccountMoveCommitted(**fields))
    assert isinstance(refused, Refusal)
    assert refused.code == "account_move_does_not_add_up"
