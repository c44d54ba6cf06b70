"""A card sale that its card tells nothing of any more is ended by two persons."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.card.simulated_reader import CardFaults
from kiosk.domain.chart import SALES_PENDING, card_account
from kiosk.domain.chart import meter_account as kept_for
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.till import judge, recover
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.tokens import SecondPerson
from tests.till.card_money import account_of, buy, killed_after_the_money_left
from tests.till.hall import CARD, SECOND, Hall, code, money, sell_to, sold

Sell = Callable[[Desk, int], SaleRecord | Refusal]


def by_cash(desk: Desk, amount_minor: int) -> SaleRecord | Refusal:
    return sell_to(desk, CARD, amount_minor)


def moved_on(hall: Hall, desk: Desk, other: Desk, sell: Sell) -> None:
    """The other hall sells twice on the card, and each time the meter takes it."""
    for amount_minor in (1100, 1300):
        sold(sell(other, amount_minor))
        hall.take_out()
        hall.insert_in_meter(CARD)
        hall.put_in(CARD)
    recover.recover(desk)


def judged(desk: Desk, sale: str, verdict: str) -> SaleRecord:
    ended = judge.judge(desk, sale, verdict, "hall 2 gave the number", SECOND)
    assert not isinstance(ended, Refusal), ended
    return ended


def test_two_persons_end_the_sale_when_its_card_has_moved_on(
    hall: Hall, desk: Desk, other: Desk
) -> None:
    """F005: nothing is paid out, nobody does it alone, and the customer buys here again."""
    hall.put_in(CARD)
    reader = desk.reader
    hall.clumsy_reader(desk, CardFaults("pull", 25))
    sale = sold(sell_to(desk, CARD, 5000), "in_doubt").committed.sale_id
    desk.reader = reader
    hall.put_in(CARD)
    assert code(judge.judge(desk, sale, "2", "hall 2", SECOND)) == "judge_card_tells"
    moved_on(hall, desk, other, by_cash)
    alone = SecondPerson(desk.operator, "1234")
    assert code(judge.judge(desk, sale, "2", "hall 2", alone)) == "second_person_same"
    assert code(judge.judge(desk, sale, "2", " ", SECOND)) == "reason_missing"
    assert code(judge.judge(desk, sale, "3", "hall 2", SECOND)) == "judge_verdict"
    ended = judged(desk, sale, "never-written")
    assert (ended.state, ended.reason, ended.returned_to) == ("voided", "judged", kept_for(CARD))
    assert (money(desk, kept_for(CARD)), money(desk, SALES_PENDING)) == (-5000, 0)
    assert code(judge.judge(desk, sale, "2", "again", SECOND)) == "sale_not_open"
    sold(sell_to(desk, CARD, 2000))
    assert verify(desk).first_bad == 0


@pytest.mark.parametrize(
    ("verdict", "state", "kept_minor"),
    [("never-written", "voided", 1200), ("never-paid", "voided", 0), ("delivered", "delivered", 0)],
)
def test_the_money_of_the_card_is_where_two_persons_say_when_the_card_was_to_pay(
    hall: Hall, desk: Desk, other: Desk, verdict: str, state: str, kept_minor: int
) -> None:
    sale = killed_after_the_money_left(hall, desk)
    before_minor = money(desk, account_of(desk))
    moved_on(hall, desk, other, buy)
    ended = judged(desk, sale, verdict)
    assert ended.state == state
    assert (money(desk, kept_for(CARD)), money(desk, SALES_PENDING)) == (-kept_minor, 0)
    back = money(desk, account_of(desk)) - before_minor
    assert back == (-1200 if verdict == "never-paid" else 0)
    assert ended.returned_to in ("", kept_for(CARD), card_account(ended.committed.account))
    assert verify(desk).first_bad == 0
