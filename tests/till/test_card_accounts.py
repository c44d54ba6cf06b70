"""Money on the customer's card: put on, and spent in another hall."""

from __future__ import annotations

import pytest

from kiosk import marks
from kiosk.domain import card_account_chain
from kiosk.domain.chart import CARD_ACCOUNTS_PENDING, SALES_PENDING, cash
from kiosk.till import card_accounts, recover
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from tests.till.card_money import (
    account_of,
    buy,
    give_keypad_too,
    on_card,
    put_on,
)
from tests.till.hall import (
    CARD,
    KEYPAD,
    DiedError,
    Hall,
    code,
    die_at,
    entries,
    money,
    sell_to,
    sold,
)

# --- the books -----------------------------------------------------------------------------------


def test_the_money_is_on_the_card_and_in_its_account_when_it_was_topped_up(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    assert put_on(desk, 5000).state == "moved"
    assert on_card(desk) == 5000
    assert money(desk, account_of(desk)) == -5000
    assert money(desk, cash("101")) == 5000
    assert money(desk, CARD_ACCOUNTS_PENDING) == 0


def test_energy_comes_for_the_money_on_the_card_when_it_is_spent(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    record = sold(buy(desk, 2000))
    assert (on_card(desk), money(desk, account_of(desk))) == (3000, -3000)
    assert money(desk, SALES_PENDING) == 0
    assert money(desk, cash("101")) == 5000
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    assert verify(desk).first_bad == 0


def test_a_token_is_paid_from_the_card_when_the_customer_has_a_keypad_meter_too(
    hall: Hall, desk: Desk
) -> None:
    """The card pays for any meter of its own customer, and of nobody else."""
    hall.put_in(CARD)
    put_on(desk, 5000)
    assert code(buy(desk, 2000, KEYPAD)) == "wrong_card"
    give_keypad_too(desk)
    record = sold(buy(desk, 2000, KEYPAD))
    assert hall.enter(KEYPAD, record.token or "").energy_wh_added == record.committed.energy_wh
    assert on_card(desk) == 3000


@pytest.mark.parametrize("mark", ["sale.after_commit_one", "account.before_read_back",
                                  "token.before_issue", "token.after_issue"])  # fmt: skip
def test_a_token_comes_once_when_the_program_stopped_after_the_card_was_to_pay(
    hall: Hall, desk: Desk, mark: str
) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    give_keypad_too(desk)
    gone = hall.station(operator="102")
    marks.arm(die_at(mark))
    with pytest.raises(DiedError):
        buy(gone, 2000, KEYPAD)
    marks.arm(None)
    hall.leave(gone)
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    record = sold(settled.sales[0])
    assert hall.enter(KEYPAD, record.token or "").energy_wh_added == record.committed.energy_wh
    assert on_card(desk) == 3000
    assert verify(desk).first_bad == 0


@pytest.mark.parametrize("amount_minor", [5001, 20_000])
def test_nothing_is_sold_when_the_card_has_less_than_the_amount(
    hall: Hall, desk: Desk, amount_minor: int
) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    before = entries(desk)
    assert code(buy(desk, amount_minor)) == "card_account_too_small"
    assert entries(desk) == before


def test_a_top_up_of_nothing_or_without_a_card_is_refused(hall: Hall, desk: Desk) -> None:
    assert code(card_accounts.top_up(desk, 5000)) == "no_card"
    hall.put_in(CARD)
    assert code(card_accounts.top_up(desk, 0)) == "amount_zero"
    desk.role = "technician"
    assert code(card_accounts.top_up(desk, 5000)) == "no_right"


def test_cash_sales_go_on_when_the_card_carries_money(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    sold(sell_to(desk, CARD, 2000))
    assert on_card(desk) == 5000


# --- one card everywhere -------------------------------------------------------------------------


def test_f018_the_money_is_spent_in_another_hall_when_both_are_cut_off(
    hall: Hall, desk: Desk, other: Desk
) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    sold(buy(other, 2000))
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    assert code(buy(desk, 4000)) == "card_account_too_small", "the card is the lock"
    sold(buy(desk, 3000))
    assert on_card(desk) == 0
    together = card_account_chain.fold(desk.records.account_links() + other.records.account_links())
    chain = together[hall.serial(CARD)]
    assert chain.is_whole
    assert (chain.highest, chain.topped_up_minor, chain.spent_minor) == (3, 5000, 5000)
    assert money(desk, account_of(desk)) + money(other, account_of(desk)) == 0
    assert verify(other).first_bad == 0


def test_a_clone_is_found_at_merge_when_it_was_spent_from_elsewhere(
    hall: Hall, desk: Desk, other: Desk
) -> None:
    hall.put_in(CARD)
    put_on(desk, 2000)
    path = hall.world().folder / "cards" / f"{hall.serial(CARD)}.card"
    clone = path.read_bytes()
    sold(buy(desk, 2000))
    path.write_bytes(clone)
    sold(buy(other, 2000))
    links = desk.records.account_links() + other.records.account_links()
    chain = card_account_chain.fold(reversed(links))[hall.serial(CARD)]
    assert chain.overspent_minor == 2000
    assert [len(twice) for twice in chain.doubles.values()] == [2]


def test_the_old_state_is_not_spent_again_here_when_the_card_was_set_back_E16(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    put_on(desk, 2000)
    path = hall.world().folder / "cards" / f"{hall.serial(CARD)}.card"
    old = path.read_bytes()
    sold(buy(desk, 2000))
    path.write_bytes(old)
    assert code(card_accounts.purse(desk)) == "card_to_counter"
    case = desk.records.open_suspicions()[0].suspected
    assert case.reason == "number_fell"
