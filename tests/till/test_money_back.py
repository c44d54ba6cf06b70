"""Money on a card that is lost or broken is kept for its meter, once; copies of top-up slips."""

from __future__ import annotations

import pytest

from kiosk import marks
from kiosk.domain import card_account_chain, chart
from kiosk.domain.chart import card_account
from kiosk.errors import Refusal
from kiosk.screens.card_telling import plan_lines
from kiosk.till import card_account_paper, card_accounts, card_money_back, closing
from kiosk.till.card_money_back import LeftMoney
from kiosk.till.cards import plan as planning
from kiosk.till.cards import watch
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.tokens import SecondPerson
from tests.till.card_desk import planned, put_in_blank, reissue
from tests.till.card_money import account_of, buy, on_card, put_on
from tests.till.hall import CARD, SECOND, DiedError, Hall, code, die_at, money, sold


def replaced(hall: Hall, desk: Desk) -> str:
    """50.00 on a card that was lost and replaced; the chip that is out of use."""
    hall.put_in(CARD)
    put_on(desk, 5000)
    hall.take_out()
    reissue(hall, desk, CARD)
    return hall.serial(CARD)


def kept(outcome: LeftMoney | Refusal) -> LeftMoney:
    assert isinstance(outcome, LeftMoney), outcome
    return outcome


def test_what_the_old_card_holds_is_said_when_another_one_is_made_F025(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    hall.take_out()
    put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "handed_in"))
    said = " ".join(plan_lines(hall.houses[0].words, plan, desk.currency))
    assert "The card before was last seen with 50.00 ZAR on it." in said


def test_the_money_of_a_lost_card_is_kept_for_its_meter_once_when_two_persons_agree(
    hall: Hall, desk: Desk
) -> None:
    old = replaced(hall, desk)
    assert code(closing.look(desk, account_of(desk).partition(":")[2])) == "stopped_card_has_money"
    left = kept(card_money_back.keep(desk, old, "lost in town", SECOND))
    assert left.last.committed.balance_minor == 5000
    assert money(desk, account_of(desk)) == 0
    assert money(desk, chart.meter_account(CARD)) == -5000
    assert code(card_money_back.keep(desk, old, "once more", SECOND)) == "card_no_money_left"
    assert on_card(desk) == 0  # the new card
    assert not verify(desk).first_bad


@pytest.mark.parametrize("before_minor", [0, 5_000])
@pytest.mark.parametrize("mark", ["account.after_intention", "account.before_read_back"])
def test_the_cash_of_an_interrupted_top_up_is_kept_when_its_card_is_lost(
    hall: Hall, desk: Desk, mark: str, before_minor: int
) -> None:
    """E01, E15: whether the card took it, nobody will know; it is listed, and goes to the meter."""
    gone = hall.station(operator="102")
    hall.put_in(CARD)
    if before_minor:
        put_on(desk, before_minor)
    marks.arm(die_at(mark))
    with pytest.raises(DiedError):
        card_accounts.top_up(gone, 1_000)
    marks.arm(None)
    hall.leave(gone)
    hall.take_out()
    account = account_of(desk).partition(":")[2]
    assert code(closing.look(desk, account)) == "card_has_money"
    put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, CARD, "lost"))
    assert plan.left_minor == before_minor + 1_000
    hall.take_out()
    reissue(hall, desk, CARD)
    left = kept(card_money_back.keep(desk, hall.serial(CARD), "lost in town", SECOND))
    assert left.last.committed.balance_minor == before_minor + 1_000
    assert desk.records.open_moves() == []
    assert money(desk, chart.meter_account(CARD)) == -before_minor - 1_000
    assert money(desk, account_of(desk)) == money(desk, chart.CARD_ACCOUNTS_PENDING) == 0
    assert code(card_money_back.keep(desk, hall.serial(CARD), "more", SECOND)) == (
        "card_no_money_left"
    )
    assert not verify(desk).first_bad


def test_the_chip_that_left_money_behind_is_found_when_its_printed_number_is_given(
    hall: Hall, desk: Desk
) -> None:
    old = replaced(hall, desk)
    (number,) = {each.card.number for each in desk.records.cards_of(serial=old)}
    assert kept(card_money_back.left_on(desk, number)).standing.card.serial == old


def test_a_card_is_never_used_again_when_it_gave_its_money_back(hall: Hall, desk: Desk) -> None:
    old = replaced(hall, desk)
    kept(card_money_back.keep(desk, old, "lost in town", SECOND))
    (new,) = [s.card.serial for s in desk.records.cards_of(meter=CARD) if s.state == "active"]
    watch.stop(desk, new, "hot", "seen twice")
    assert code(watch.release(desk, old, "found it", SECOND)) == "card_gave_money_back"
    hall.take_out()
    hall.slot().insert(old)
    assert code(card_accounts.top_up(desk, 1000)) == "card_not_accepted"


def test_no_cash_goes_on_a_card_or_is_spent_from_it_when_it_was_stopped(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    watch.stop(desk, hall.serial(CARD), "hot", "seen twice")
    assert code(card_accounts.top_up(desk, 1000)) == "card_not_accepted"
    assert code(card_accounts.card_money(desk)) == "card_not_accepted"
    assert code(buy(desk, 2000)) == "card_not_accepted"
    assert money(desk, account_of(desk)) == -5000


def test_no_money_is_kept_when_the_card_is_in_use_or_one_person_alone_asks(
    hall: Hall, desk: Desk
) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    serial = hall.serial(CARD)
    assert code(card_money_back.keep(desk, serial, "why not", SECOND)) == "card_still_in_use"
    hall.take_out()
    reissue(hall, desk, CARD)
    assert code(card_money_back.keep(desk, serial, "x", SECOND)) == "reason_missing"
    alone = SecondPerson("101", "1234")
    assert isinstance(card_money_back.keep(desk, serial, "lost in town", alone), Refusal)
    cashier = hall.station(role="cashier", operator="102")
    assert code(card_money_back.left_on(cashier, serial)) == "no_right"
    assert money(desk, chart.meter_account(CARD)) == 0


def test_the_chain_shows_it_when_another_hall_sold_from_the_card_meanwhile_E16(
    hall: Hall, desk: Desk, other: Desk
) -> None:
    hall.put_in(CARD)
    put_on(desk, 5000)
    sold(buy(other, 2000))  # the card was found by somebody in another hall
    hall.take_out()
    reissue(hall, desk, CARD)
    old = hall.serial(CARD)
    kept(card_money_back.keep(desk, old, "lost in town", SECOND))
    links = [*desk.records.account_links(), *other.records.account_links()]
    chain = card_account_chain.fold(links)[old]
    assert list(chain.doubles) == [2]
    assert chain.overspent_minor == 2000


def test_a_copy_of_the_slip_is_marked_when_money_was_put_on_a_card(hall: Hall) -> None:
    desk = hall.station(paper=True)
    hall.put_in(CARD)
    move_id = put_on(desk, 5000).committed.move_id
    first = card_account_paper.reprint(desk, move_id)
    second = card_account_paper.reprint(desk, move_id)
    assert (first, second) == (f"card-money-{move_id}/1", f"card-money-{move_id}/2")
    record = desk.records.account_move(move_id)
    assert record is not None and record.copies == 2
    said = " ".join(f"{line.text} {line.right}" for line in
                    card_account_paper.move_lines(desk, record, 2))  # fmt: skip
    assert "COPY 2" in said
    assert "50.00 ZAR" in said
    spend = sold(buy(desk, 2000)).committed.sale_id
    assert code(card_account_paper.reprint(desk, spend)) == "account_move_unknown"
    assert money(desk, card_account(account_of(desk).partition(":")[2])) == -3000
    assert not verify(desk).first_bad
