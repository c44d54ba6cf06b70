"""A meter with a balance is replaced (E14): energy moves, nothing is created, one id."""

from __future__ import annotations

import msgspec
import pytest

from kiosk import marks
from kiosk.domain import chart
from kiosk.domain.registry import Meter
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.errors import Refusal, VendorFault
from kiosk.till import amend, history, maintain, replace, tokens
from kiosk.till.credit_left import Final, worth_minor
from kiosk.till.desk import Desk
from kiosk.till.greet import find_buyer_by_card
from kiosk.till.new_meter import NewMeter
from kiosk.till.quote import find_buyer
from kiosk.till.recover import Recovered, recover
from kiosk.till.replace import Replaced, cancel_meter, look_at_old, replace_meter
from kiosk.till.tokens import SecondPerson
from tests.till.hall import (
    CARD,
    KEYPAD,
    SECOND,
    DiedError,
    Hall,
    code,
    die_at,
    meter_number,
    money,
    sell_to,
    sold,
)
from tests.till.test_opening_accounts import card_number, number

NEW = NewMeter(number(7), "keypad", "home", place="wall")
NEW_CARD = msgspec.structs.replace(
    NEW, kind="card", card=card_number(7), card_serial="77ff00ff00ff00ff"
)


def energy(desk: Desk, account: str) -> int:
    return desk.records.balance(account, chart.ENERGY_CURRENCY)


def done(outcome: Replaced | Refusal) -> Replaced:
    assert isinstance(outcome, Replaced), outcome
    return outcome


def bought(desk: Desk, meter: str = KEYPAD) -> int:
    return sold(sell_to(desk, meter, 5000)).committed.energy_wh


def test_the_rest_is_in_the_new_meter_when_the_old_one_was_read(hall: Hall, desk: Desk) -> None:
    issued = bought(desk)
    left = issued - 4_000
    final = Final("display", 4_000, left)
    result = done(replace_meter(desk, KEYPAD, NEW, final, "display dark", SECOND))
    assert result.token is not None
    assert result.token.state == "issued"
    moved = result.replacement.moved_wh
    assert left <= moved < left + 100, "rounded up to what a token carries"
    assert energy(desk, chart.meter_energy(KEYPAD)) == issued - left
    assert energy(desk, chart.meter_energy(NEW.number)) == moved
    assert energy(desk, chart.ENERGY_IN_TRANSFER) == 0
    assert energy(desk, chart.ROUNDING) == -(moved - left)
    assert hall.enter(NEW.number, result.token.tokens[0]).energy_wh_added == moved
    assert maintain.verify(desk).first_bad == 0


def test_the_old_number_leads_to_the_new_meter_afterwards(desk: Desk) -> None:
    bought(desk)
    done(replace_meter(desk, KEYPAD, NEW, Final("display", 0, 1_000), "broken", SECOND))
    refused = find_buyer(desk, KEYPAD)
    assert code(refused) == "replaced_meter"
    assert isinstance(refused, Refusal)
    assert refused.details["new_meter"] == NEW.number
    account = desk.records.meter(NEW.number)
    assert account is not None
    found = desk.records.search_customers(KEYPAD, 5)
    assert [c.account for c in found] == [account.account], "old meters are found too"
    again = replace_meter(desk, KEYPAD, NEW, Final("display", 0, 0), "again", SECOND)
    assert code(again) == "replaced_meter"


def test_two_persons_are_needed_when_the_card_does_not_prove_it(desk: Desk) -> None:
    bought(desk)
    before = desk.journal.head()
    final = Final("technician", 4_000, 99_999_000)
    assert (
        code(replace_meter(desk, KEYPAD, NEW, final, "broken", None))
        == "balance_needs_second_person"
    )
    same = replace_meter(desk, KEYPAD, NEW, final, "broken", SecondPerson("101", "1234"))
    assert code(same) == "second_person_same"
    typed = Final("technician", 4_000, 18_500)
    agrees = replace_meter(desk, KEYPAD, NEW, typed, "broken", None)
    assert code(agrees) == "balance_needs_second_person", "only a card proves it"
    cashier = replace_meter(desk, KEYPAD, NEW, final, "broken", SecondPerson("102", "1234"))
    assert code(cashier) == "no_right"
    assert desk.journal.head() == before


def test_the_card_alone_is_enough_when_it_agrees_with_the_books(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    issued = bought(desk, CARD)
    assert code(look_at_old(desk, CARD)) == "old_card_unread"
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    old = look_at_old(desk, CARD)
    assert not isinstance(old, Refusal)
    assert old.card_left_wh == issued
    result = done(replace_meter(desk, CARD, NEW, Final("card"), "to a keypad", None))
    assert result.replacement.remaining_wh == issued
    assert result.token is not None
    fact = desk.records.fact(result.replacement.sequence)
    assert getattr(fact, "second", "?") == ""


def test_the_old_card_buys_nothing_more_when_its_meter_was_replaced_E14(
    hall: Hall, desk: Desk
) -> None:
    """An unread purchase comes off the card first; afterwards the card is nobody's."""
    hall.put_in(CARD)
    bought(desk, CARD)
    refused = replace_meter(desk, CARD, NEW, Final("card"), "to a keypad", None)
    assert code(refused) == "old_card_unread"
    hall.take_out()
    hall.insert_in_meter(CARD)
    hall.put_in(CARD)
    done(replace_meter(desk, CARD, NEW, Final("card"), "to a keypad", None))
    greeted = find_buyer_by_card(desk)
    assert isinstance(greeted, Refusal), greeted
    assert desk.records.open_suspicions() == []


def test_there_is_no_write_back_when_there_is_no_card(desk: Desk) -> None:
    outcome = replace_meter(desk, KEYPAD, NEW, Final("card"), "broken", SECOND)
    assert code(outcome) == "no_write_back"


def test_a_card_meter_gets_the_worth_as_money_kept_for_it(desk: Desk) -> None:
    record = sold(sell_to(desk, KEYPAD, 5000))
    left = record.committed.energy_wh // 2
    result = done(replace_meter(desk, KEYPAD, NEW_CARD, Final("display", 0, left), "card", SECOND))
    paid = sum(
        line.amount_minor for line in record.committed.lines if line.code not in {"debt", "fixed"}
    )
    worth = paid * left // record.committed.energy_wh
    assert result.token is None
    assert result.replacement.worth_minor == worth
    assert money(desk, chart.meter_account(NEW_CARD.number)) == -worth
    assert money(desk, chart.revenue("energy_taken_back")) == worth
    assert energy(desk, chart.ENERGY_TAKEN_BACK) == left
    buyer = find_buyer(desk, NEW_CARD.number)
    assert not isinstance(buyer, Refusal)
    assert buyer.credit_minor == worth
    assert maintain.verify(desk).first_bad == 0


@pytest.mark.parametrize(
    ("meter", "not_for_energy"),
    [
        (meter_number("keypad", debt=True), {"debt", "fixed"}),
        (meter_number("keypad", power_type="household"), {"connection"}),
    ],
    ids=["old debt", "a monthly charge"],
)
def test_what_was_paid_for_debts_and_charges_is_no_worth_of_energy(
    desk: Desk, meter: str, not_for_energy: set[str]
) -> None:
    sale = sold(sell_to(desk, meter, 9_000)).committed
    codes = {line.code for line in sale.lines}
    assert not_for_energy <= codes
    paid = sum(line.amount_minor for line in sale.lines if line.code not in not_for_energy)
    assert worth_minor(desk, meter, sale.energy_wh) == paid < 9_000


def test_energy_without_a_price_is_not_turned_into_money(desk: Desk) -> None:
    outcome = replace_meter(desk, KEYPAD, NEW_CARD, Final("display", 0, 5_000), "card", SECOND)
    assert code(outcome) == "no_price_for_balance"


def test_money_kept_for_the_old_meter_moves_too(desk: Desk) -> None:
    from kiosk.domain import facts

    desk.journal.append(
        facts.NoteOffered("p1", 1, "k", KEYPAD, "acceptor", 1, 2000, "ZAR"),
        facts.NoteStacked("p1", 1, 2),
        facts.PaymentKept("p1", KEYPAD, 2000, "ZAR", "cancelled"),
    )
    done(replace_meter(desk, KEYPAD, NEW, Final("display"), "broken", SECOND))
    assert money(desk, chart.meter_account(KEYPAD)) == 0
    assert money(desk, chart.meter_account(NEW.number)) == -2000


def test_an_unfinished_sale_comes_first(hall: Hall, desk: Desk) -> None:
    hall.put_in(CARD)
    marks.arm(die_at("sale.after_commit_one"))
    with pytest.raises(DiedError):
        sell_to(desk, CARD, 5000)
    marks.arm(None)
    assert code(look_at_old(desk, CARD)) == "sale_in_doubt_for_meter"


# --- killed in between ------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["issue.after_commit", "issue.after_module"])
def test_the_same_token_comes_when_the_program_was_killed(
    hall: Hall, desk: Desk, mark: str
) -> None:
    bought(desk)
    marks.arm(die_at(mark))
    with pytest.raises(DiedError):
        replace_meter(desk, KEYPAD, NEW, Final("display", 0, 5_000), "broken", SECOND)
    marks.arm(None)
    hall.leave(desk)
    desk = hall.station()
    tokens.recover_tokens(desk)
    assert replace.open_transfers(desk) == []
    meters = desk.records.replacement(meter=KEYPAD)
    assert meters is not None
    again = replace.finish_transfer(desk, meters.replacement_id)
    assert not isinstance(again, Refusal)
    assert again.state == "issued"
    assert hall.enter(NEW.number, again.tokens[0]).energy_wh_added == 5_000
    assert energy(desk, chart.ENERGY_IN_TRANSFER) == 0


def test_the_next_start_makes_the_token_when_nobody_had_begun_it(hall: Hall, desk: Desk) -> None:
    """Killed between the replacement and the token: energy that belongs to nobody's meter."""
    bought(desk)
    marks.arm(die_at("issue.before_commit"))
    with pytest.raises(DiedError):
        replace_meter(desk, KEYPAD, NEW, Final("display", 0, 5_000), "broken", SECOND)
    marks.arm(None)
    hall.leave(desk)
    desk = hall.station(role="self_service", operator="start")
    neighbour = hall.station()
    done = recover(desk)
    assert isinstance(done, Recovered)
    assert done.tokens == [], "the other station may be making it right now"
    hall.leave(neighbour)
    done = recover(desk)
    assert isinstance(done, Recovered)
    assert [record.state for record in done.tokens] == ["issued"]
    assert hall.enter(NEW.number, done.tokens[0].tokens[0]).energy_wh_added == 5_000
    assert energy(desk, chart.ENERGY_IN_TRANSFER) == 0
    assert isinstance(recover(desk), Recovered)
    assert replace.open_transfers(hall.station()) == []


def test_the_balance_waits_when_the_module_is_silent(desk: Desk) -> None:
    bought(desk)
    vendor = desk.vendor
    assert vendor is not None

    class Silent:
        name = "silent"

        def keys(self) -> object:
            assert vendor is not None
            return vendor.keys()

        def issue(self, _request: object) -> str:
            raise VendorFault("no answer")

    desk.vendor = Silent()  # type: ignore[assignment]
    result = done(replace_meter(desk, KEYPAD, NEW, Final("display", 0, 5_000), "broken", SECOND))
    assert result.token is not None
    assert result.token.state == "committed"
    assert energy(desk, chart.ENERGY_IN_TRANSFER) == 5_000
    waiting = replace.open_transfers(desk)
    assert not isinstance(waiting, Refusal)
    assert [one.meter for one in waiting] == [KEYPAD]
    desk.vendor = vendor
    tokens.recover_tokens(desk)
    assert replace.open_transfers(desk) == []


def test_no_other_token_carries_the_balance_away(desk: Desk) -> None:
    bought(desk)
    result = done(replace_meter(desk, KEYPAD, NEW, Final("display", 0, 5_000), "broken", SECOND))
    meter = desk.records.meter(NEW.number)
    assert isinstance(meter, Meter)
    intent = tokens.Intent(
        "transfer", meter.number, "again", "thief", 5_000, "", result.replacement.replacement_id
    )
    stolen = tokens.issue(desk, intent, tokens.credit_maker(desk, meter, intent))
    assert code(stolen) == "transfer_not_open"


# --- cancelled --------------------------------------------------------------------------------


def test_nothing_is_sold_when_a_meter_was_cancelled(desk: Desk) -> None:
    issued = bought(desk)
    slip = cancel_meter(desk, KEYPAD, Final("display", 0, 1_000, "given_up"), "gave up", SECOND)
    assert isinstance(slip, RegistrySlip)
    assert code(find_buyer(desk, KEYPAD)) == "retired_meter"
    assert code(amend.block(desk, KEYPAD, "late")) == "retired_meter"
    assert energy(desk, chart.meter_energy(KEYPAD)) == issued - 1_000
    row = history.registry_row(desk, KEYPAD)
    assert history.state_of(row.meter) == "retired"
    assert maintain.verify(desk).first_bad == 0


def test_one_person_alone_cancels_nothing(desk: Desk) -> None:
    outcome = cancel_meter(desk, KEYPAD, Final("display"), "gave up", None)
    assert code(outcome) == "balance_needs_second_person"
