"""Money on a card that was pulled, or moved on elsewhere: settled by what the card shows."""

from __future__ import annotations

import msgspec
import pytest

from drivers.card.simulated_reader import CardFaults
from kiosk import marks
from kiosk.domain import card_account_chain
from kiosk.domain.cards.open import OpenCard
from kiosk.domain.chart import CARD_ACCOUNTS_PENDING, SALES_PENDING, cash
from kiosk.domain.chart import meter_account as kept_for
from kiosk.domain.facts import SaleVoided
from kiosk.errors import Refusal
from kiosk.screens.telling import evidence_lines
from kiosk.till import card_accounts, maintain, recover
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.sell import cash_payment, sell
from tests.till.card_money import (
    account_of,
    buy,
    killed_after_the_money_left,
    on_card,
    put_on,
)
from tests.till.hall import (
    CARD,
    DiedError,
    Hall,
    code,
    die_at,
    entries,
    money,
    offer_of,
    sold,
)

#: Commands of a top-up: two readings, one more before the writes, select, identity and the proof of
#: the seller, four writes, and the reading back.
WRITES = {26: 1, 27: 39, 28: 8, 29: 1}


def pulls() -> list[tuple[int, int]]:
    return [(at, some) for at, length in WRITES.items() for some in {0, length // 2, length}]


@pytest.mark.parametrize(("at", "written_bytes"), pulls())
def test_a_top_up_is_made_once_when_the_card_is_pulled_and_comes_back(
    hall: Hall, desk: Desk, at: int, written_bytes: int
) -> None:
    hall.put_in(CARD)
    reader = desk.reader
    hall.clumsy_reader(desk, CardFaults("pull", at, written_bytes))
    assert put_on(desk, 5000).state == "committed"
    assert money(desk, CARD_ACCOUNTS_PENDING) == -5000
    desk.reader = reader
    hall.put_in(CARD)
    assert code(card_accounts.top_up(desk, 100)) == "sale_in_doubt_for_card"
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    assert [move.state for move in settled.top_ups] == ["moved"]
    assert on_card(desk) == 5000
    assert money(desk, CARD_ACCOUNTS_PENDING) == 0
    assert verify(desk).first_bad == 0


@pytest.mark.parametrize(
    "mark", ["account.after_intention", "account.before_write", "account.before_read_back"]
)
def test_a_top_up_is_made_once_when_the_program_stopped(hall: Hall, desk: Desk, mark: str) -> None:
    gone = hall.station(operator="102")
    hall.put_in(CARD)
    marks.arm(die_at(mark))
    with pytest.raises(DiedError):
        card_accounts.top_up(gone, 5000)
    marks.arm(None)
    hall.leave(gone)
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    assert [move.state for move in settled.top_ups] == ["moved"]
    assert on_card(desk) == 5000
    assert money(desk, cash("102")) == 5000


@pytest.mark.parametrize("present", [True, False])
def test_the_cash_goes_back_when_another_hall_moved_the_card_on_first(
    hall: Hall, desk: Desk, other: Desk, present: bool
) -> None:
    """Our top-up was never written, and the number is another hall's now."""
    counter = desk if present else hall.station(operator="102")
    hall.put_in(CARD)
    reader = counter.reader
    hall.clumsy_reader(counter, CardFaults("pull", 25))
    assert put_on(counter, 5000).state == "committed"
    counter.reader = reader
    if not present:
        hall.leave(counter)
    hall.put_in(CARD)
    put_on(other, 700)
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    assert [move.state for move in settled.top_ups] == ["undone"]
    assert on_card(desk) == 700
    assert money(desk, cash("101")) == 0
    assert money(desk, kept_for(CARD)) == (0 if present else -5000)
    assert verify(desk).first_bad == 0


def in_doubt_spend(hall: Hall, desk: Desk, at: int, written_bytes: int = 0) -> None:
    """A sale paid from the card breaks off at a command after the four readings before it."""
    hall.put_in(CARD)
    put_on(desk, 5000)
    reader = desk.reader
    hall.clumsy_reader(desk, CardFaults("pull", 14 + at, written_bytes))
    sold(buy(desk, 2000), "in_doubt")
    desk.reader = reader


@pytest.mark.parametrize("at", [15, 25, 27, 29, 33, 37, 45, 50, 53, 55])
def test_a_sale_from_the_card_ends_once_when_it_is_finished_later(
    hall: Hall, desk: Desk, at: int
) -> None:
    in_doubt_spend(hall, desk, at, 1)
    hall.put_in(CARD)
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    record = sold(settled.sales[0])
    assert on_card(desk) == 3000
    assert money(desk, account_of(desk)) == -3000
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == record.committed.energy_wh
    assert verify(desk).first_bad == 0


def test_the_money_stays_on_the_card_when_another_hall_spent_from_it_first(
    hall: Hall, desk: Desk, other: Desk
) -> None:
    in_doubt_spend(hall, desk, 25)
    hall.put_in(CARD)
    sold(buy(other, 1500))
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    record = sold(settled.sales[0], "voided")
    assert record.returned_to == account_of(desk)
    assert on_card(desk) == 3500
    assert money(desk, account_of(desk)) == -5000
    assert money(other, account_of(desk)) == 1500


def test_the_money_is_kept_for_the_meter_when_it_left_the_card_for_nothing(
    hall: Hall, desk: Desk, other: Desk
) -> None:
    """The spend was made, and another hall sold the purchase number before ours was written."""
    in_doubt_spend(hall, desk, 37)
    hall.leave(desk)
    desk = hall.station()
    sale = desk.records.open_sales()[0].committed.sale_id
    lies = SaleVoided(sale, "undone", account_of(desk))
    assert code(desk.journal.append(lies)) == "sale_does_not_add_up", "it is not on the card"
    hall.put_in(CARD)
    offer = offer_of(other, CARD, 1500)
    payment = cash_payment(other, 1500, 1500)
    assert not isinstance(payment, Refusal)
    sold(sell(other, offer, payment))
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    assert sold(settled.sales[0], "voided").returned_to == kept_for(CARD)
    assert on_card(desk) == 3000
    assert money(desk, kept_for(CARD)) == -2000
    assert verify(desk).first_bad == 0


def shown(desk: Desk, sale: str) -> maintain.Evidence:
    seen = maintain.evidence(desk, sale)
    assert isinstance(seen, maintain.Evidence), seen
    return seen


@pytest.mark.parametrize("asked", ["recover", "undo"])
def test_the_money_comes_back_once_when_the_meter_took_another_halls_purchase_under_our_number(
    hall: Hall, desk: Desk, other: Desk, asked: str
) -> None:
    """E01, E03: a finished purchase keeps its number until the meter takes it; ours was none."""
    sale = killed_after_the_money_left(hall, desk)
    theirs = sold(buy(other, 1100))
    hall.take_out()
    assert hall.insert_in_meter(CARD).energy_wh_added == theirs.committed.energy_wh
    hall.put_in(CARD)
    assert shown(desk, sale).testimony == "superseded"
    ended = recover.recover(desk) if asked == "recover" else recover.undo(desk, sale)
    assert not isinstance(ended, Refusal), ended
    voided = desk.records.sale(sale)
    assert voided is not None
    assert (voided.state, voided.returned_to) == ("voided", kept_for(CARD))
    before = entries(desk)
    assert isinstance(recover.recover(desk), recover.Recovered)
    assert code(recover.undo(desk, sale)) == "sale_not_open"
    assert entries(desk) == before, "the money comes back once"
    assert on_card(desk) == 7700
    assert money(desk, account_of(desk)) == -8800, "the spend was carried out"
    assert (money(desk, kept_for(CARD)), money(desk, SALES_PENDING)) == (-1200, 0)
    together = card_account_chain.fold(desk.records.account_links() + other.records.account_links())
    assert together[hall.serial(CARD)].is_whole
    sold(buy(desk, 2000))
    assert verify(desk).first_bad == 0


def test_the_screen_tells_its_own_card_from_another_when_it_no_longer_shows_what_became_of_it(
    hall: Hall, desk: Desk, other: Desk
) -> None:
    """Two purchases of the other hall later, nobody is sent for the card that is in the reader."""
    sale = killed_after_the_money_left(hall, desk)
    for amount_minor in (1100, 1300):
        sold(buy(other, amount_minor))
        hall.take_out()
        hall.insert_in_meter(CARD)
        hall.put_in(CARD)
    settled = recover.recover(desk)
    assert isinstance(settled, recover.Recovered)
    assert [record.committed.sale_id for record in settled.waiting] == [sale]
    words = hall.house_of(desk).words
    last = evidence_lines(words, shown(desk, sale))[-1]
    assert last == words.say("technician.witness_moved_on")
    seen = shown(desk, sale)
    assert isinstance(seen.now, OpenCard)
    stranger = msgspec.structs.replace(seen.now, serial="00" * 8)
    of_another = msgspec.structs.replace(seen, now=stranger)
    assert evidence_lines(words, of_another)[-1] == words.say("technician.witness_other")


def test_an_undone_sale_leaves_the_money_on_the_card_when_nothing_was_written(
    hall: Hall, desk: Desk
) -> None:
    in_doubt_spend(hall, desk, 25)
    hall.put_in(CARD)
    sale = desk.records.open_sales()[0].committed.sale_id
    assert sold(recover.undo(desk, sale), "voided").returned_to == account_of(desk)
    assert on_card(desk) == 5000
    sold(buy(desk, 5000))


def test_nothing_is_undone_when_the_money_may_have_left_the_card(hall: Hall, desk: Desk) -> None:
    in_doubt_spend(hall, desk, 29, 0)
    hall.put_in(CARD)
    sale = desk.records.open_sales()[0].committed.sale_id
    assert code(recover.undo(desk, sale)) == "not_undone"
