"""Customers' own money: topped up, cleared, bounced, spent, moved, paid out, explained."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain import account_facts, chart
from kiosk.domain.account_record import AccountRecord
from kiosk.errors import Refusal
from kiosk.till import account, account_paper, closing, debt, history, inquiry, maintain, statement
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, find_buyer
from kiosk.till.sell import sell
from kiosk.till.statement import SlipBalance
from kiosk.till.tokens import SecondPerson
from tests.till.hall import (
    CATALOGUE,
    KEYPAD,
    SECOND,
    Hall,
    code,
    done,
    meter_number,
    money,
    offer_of,
    sold,
)

OWNER = CATALOGUE.customers[0].account
OTHER = CATALOGUE.customers[2].account
CAPITAL = chart.capital_account(OWNER)


def left(outcome: closing.Closed | Refusal) -> closing.Closed:
    assert isinstance(outcome, closing.Closed), outcome
    return outcome


def cheque(desk: Desk, amount_minor: int, reference: str, event_id: str = "") -> AccountRecord:
    return done(
        account.top_up(desk, OWNER, "cheque", amount_minor, reference=reference, event_id=event_id)
    )


def test_the_account_turns_into_energy_when_a_purchase_is_paid_from_it_F007(desk: Desk) -> None:
    record = done(account.top_up(desk, OWNER, "cash", 10_000, tendered_minor=12_000))
    assert [(f.name, f.amount_minor) for f in record.figures] == [
        ("amount", 10_000), ("tendered", 12_000), ("change", 2_000),
    ]  # fmt: skip
    assert money(desk, chart.cash("101")) == 10_000
    offer = offer_of(desk, KEYPAD, 3_000)
    payment = account.capital_payment(desk, offer.buyer, 3_000)
    assert not isinstance(payment, Refusal)
    sale = sold(sell(desk, offer, payment))
    assert [tender.kind for tender in sale.committed.tenders] == ["capital_account"]
    assert money(desk, CAPITAL) == -7_000
    assert money(desk, chart.cash("101")) == 10_000


def test_no_more_is_spent_than_is_there_when_two_counters_sell_from_one_account(
    hall: Hall, desk: Desk
) -> None:
    done(account.top_up(desk, OWNER, "cash", 3_000))
    other = hall.station(operator="102")
    offers = [offer_of(one, KEYPAD, 3_000) for one in (desk, other)]
    payments = [account.capital_payment(desk, offer.buyer, 3_000) for offer in offers]
    assert not any(isinstance(payment, Refusal) for payment in payments)
    sold(sell(desk, offers[0], payments[0]))  # type: ignore[arg-type]
    assert code(sell(other, offers[1], payments[1])) == "capital_account_too_small"  # type: ignore[arg-type]
    assert money(desk, CAPITAL) == 0
    assert code(account.capital_payment(desk, offers[0].buyer, 1)) == "capital_account_too_small"


def test_the_money_goes_back_to_the_account_when_nothing_could_be_delivered(desk: Desk) -> None:
    class RefusingModule:
        name = "double"

        def keys(self) -> object:
            assert vendor is not None
            return vendor.keys()

        def issue(self, _request: object) -> Refusal:
            return Refusal("vending_key_expired", {"supply_group": "1", "key_revision": 1})

    done(account.top_up(desk, OWNER, "cash", 3_000))
    offer = offer_of(desk, KEYPAD, 3_000)
    payment = account.capital_payment(desk, offer.buyer, 3_000)
    assert not isinstance(payment, Refusal)
    vendor, desk.vendor = desk.vendor, RefusingModule()  # type: ignore[assignment]
    sold(sell(desk, offer, payment), "voided")
    assert money(desk, CAPITAL) == -3_000


def colleague(desk: Desk, name: str) -> None:
    """Somebody else is at the counter from now on."""
    desk.operator = name


def test_nobody_clears_alone_what_the_same_person_wrote_down(desk: Desk) -> None:
    cheque(desk, 5_000, "CH 1", "u1")
    assert code(account.clear(desk, "u1")) == "cleared_by_another"
    assert money(desk, CAPITAL) == 0
    colleague(desk, "102")
    first = done(account.clear(desk, "u1"))
    colleague(desk, "301")
    assert account.clear(desk, "u1") == first, "said again it gives the first answer"
    assert money(desk, CAPITAL) == -5_000
    accounts = msgspec.structs.replace(desk.settings.accounts, clear_alone=True)
    desk.settings = msgspec.structs.replace(desk.settings, accounts=accounts)
    cheque(desk, 1_000, "CH 2", "u2")
    done(account.clear(desk, "u2"))


@pytest.mark.parametrize("named", ["u1", "CH 1", "entry"])
def test_a_payment_is_known_by_its_id_its_number_and_its_entry(desk: Desk, named: str) -> None:
    entry = cheque(desk, 5_000, "CH 1", "u1").sequence
    assert code(account.clear(desk, "CH 9")) == "top_up_not_open"
    done(account.bounce(desk, str(entry) if named == "entry" else named, "no cover"))
    assert money(desk, chart.uncleared_account(OWNER)) == 0


def test_a_number_alone_names_the_purse_when_money_moves(desk: Desk) -> None:
    done(account.top_up(desk, OWNER, "cash", 5_000))
    done(account.transfer(desk, OWNER, KEYPAD, 2_000, "asked", SECOND))
    assert (money(desk, CAPITAL), money(desk, chart.meter_account(KEYPAD))) == (-3_000, -2_000)
    done(account.refund(desk, OWNER, 500, "asked", SECOND))
    done(account.take_deposit(desk, OWNER, 1_000, "capital"))
    assert code(account.transfer(desk, OWNER, OWNER, 1, "asked", SECOND)) == "same_purse"
    assert code(account.transfer(desk, OWNER, "12", 1, "asked", SECOND)) == "unknown_purse"
    assert code(account.transfer(desk, OWNER, " ", 1, "asked", SECOND)) == "purse_missing"
    found = inquiry.overall(desk, OWNER)
    assert not isinstance(found, Refusal)
    assert (found.capital_minor, found.kept_minor) == (1_500, 2_000)


def test_no_cash_is_paid_out_that_is_not_in_the_drawer(desk: Desk) -> None:
    done(account.top_up(desk, OWNER, "cash", 5_000))
    colleague(desk, "102")
    done(account.take_deposit(desk, OWNER, 1_000))
    short = account.refund(desk, f"capital:{OWNER}", 5_000, "asked", SECOND)
    assert isinstance(short, Refusal)
    assert (short.code, short.details) == ("drawer_too_small", {"there_minor": 1_000})
    assert code(closing.close(desk, OWNER, "moved away", SECOND)) == "drawer_too_small"
    assert money(desk, chart.cash("102")) == 1_000
    paid = account.refund(desk, f"capital:{OWNER}", 5_000, "asked", SECOND, through_bank=True)
    done(paid)


#: Spendable before it clears, was cleared, spent before it bounced -> account and debt afterwards.
BOUNCES = [
    (False, False, 0, 0, 0),
    (False, True, 0, 0, 0),
    (False, True, 3_000, 0, 3_000),
    (True, False, 2_000, 0, 2_000),
    (True, False, 5_000, 0, 5_000),
]


@pytest.mark.parametrize(("early", "cleared", "spent", "left", "owed"), BOUNCES)
def test_a_bounced_cheque_is_a_debt_and_never_a_hidden_minus_when_it_was_spent(
    desk: Desk, early: bool, cleared: bool, spent: int, left: int, owed: int
) -> None:
    accounts = msgspec.structs.replace(desk.settings.accounts, spend_uncleared=early)
    desk.settings = msgspec.structs.replace(desk.settings, accounts=accounts)
    cheque(desk, 5_000, "CH 1", "u1")
    assert money(desk, CAPITAL) == (-5_000 if early else 0)
    if cleared:
        colleague(desk, "102")
        done(account.clear(desk, "u1"))
        assert money(desk, chart.BANK) == 5_000
    if spent:
        paid = account.refund(desk, f"capital:{OWNER}", spent, "asked", SECOND, through_bank=True)
        done(paid)
    if money(desk, CAPITAL):
        was = "cleared" if cleared else "received"
        lies = account_facts.TopUpBounced(
            "u1", OWNER, "cheque", desk.currency, 5_000, was, early, 0, 5_000, "no", "101"
        )
        assert code(desk.journal.append(lies)) == "balance_changed", "what is there goes first"
    done(account.bounce(desk, "u1", "no cover"))
    assert money(desk, CAPITAL) == -left
    assert money(desk, chart.uncleared_account(OWNER)) == 0
    assert money(desk, chart.receivable(OWNER)) == owed
    gone = -spent if spent else 0
    assert money(desk, chart.BANK) == gone
    assert money(desk, chart.in_clearing("cheque")) == 0
    assert code(account.bounce(desk, "u1", "once more")) == "top_up_not_open"
    assert not maintain.verify(desk).first_bad


def test_a_cheque_counts_once_when_its_number_comes_again_E05(desk: Desk) -> None:
    first = cheque(desk, 5_000, "CH 1", "u1")
    assert cheque(desk, 5_000, "CH 1", "u1") == first
    again = account.top_up(desk, OWNER, "cheque", 5_000, reference="CH 1")
    assert code(again) == "reference_used"
    changed = account.top_up(desk, OWNER, "cheque", 6_000, reference="CH 1", event_id="u1")
    assert code(changed) == "exists_with_different_content"
    done(account.bounce(desk, "u1", "no cover"))
    cheque(desk, 5_000, "CH 1", "u2")
    assert money(desk, chart.uncleared_account(OWNER)) == -5_000


def test_two_persons_and_a_reason_are_asked_for_when_money_moves_F070(desk: Desk) -> None:
    done(account.top_up(desk, OWNER, "cash", 5_000))
    source, target = f"capital:{OWNER}", f"capital:{OTHER}"
    for second, refused in (
        (SecondPerson("101", "1234"), "second_person_same"),
        (SecondPerson("102", "1234"), "no_right"),
        (SecondPerson("301", "9999"), "wrong_pin"),
    ):
        assert code(account.transfer(desk, source, target, 100, "asked", second)) == refused
    assert code(account.transfer(desk, source, target, 100, "", SECOND)) == "reason_missing"
    assert code(account.transfer(desk, source, source, 100, "asked", SECOND)) == "same_purse"
    too_much = account.transfer(desk, source, target, 5_001, "asked", SECOND)
    assert code(too_much) == "capital_account_too_small"
    moved = done(account.transfer(desk, source, target, 2_000, "asked", SECOND))
    assert (moved.operator, moved.second) == ("101", "301")
    assert money(desk, chart.capital_account(OTHER)) == -2_000
    for owner in (OWNER, OTHER):
        assert moved.sequence in [e.sequence for e in desk.records.account_events(owner, 9)]


def test_money_kept_for_a_meter_is_moved_to_its_customer_when_two_persons_agree_F066(
    desk: Desk,
) -> None:
    done(account.top_up(desk, OWNER, "cash", 5_000))
    done(account.transfer(desk, f"capital:{OWNER}", f"meter:{KEYPAD}", 2_000, "asked", SECOND))
    buyer = find_buyer(desk, KEYPAD)
    assert isinstance(buyer, Buyer)
    assert buyer.credit_minor == 2_000
    done(account.transfer(desk, f"meter:{KEYPAD}", f"capital:{OWNER}", 500, "asked", SECOND))
    found = statement.standing(desk, OWNER)
    assert (found.capital_minor, found.meters_minor) == (3_500, {KEYPAD: 1_500})


def test_everything_goes_back_when_an_account_is_closed(desk: Desk) -> None:
    done(account.top_up(desk, OWNER, "cash", 5_000))
    done(account.take_deposit(desk, OWNER, 2_000))
    cheque(desk, 700, "CH 9", "u9")
    assert code(closing.close(desk, OWNER, "moved away", SECOND)) == "money_uncleared"
    done(account.bounce(desk, "u9", "no cover"))
    closed = left(closing.close(desk, OWNER, "moved away", SECOND)).record
    assert [(f.name, f.amount_minor) for f in closed.figures] == [
        ("kept", 7_000), ("debt", 0), ("paid_out", 7_000),
    ]  # fmt: skip
    assert money(desk, chart.cash("101")) == 0
    assert code(account.top_up(desk, OWNER, "cash", 100)) == "account_closed"
    assert code(find_buyer(desk, KEYPAD)) == "account_closed"
    assert not maintain.verify(desk).first_bad


def test_what_came_up_after_a_customer_had_left_is_paid_in_cash(desk: Desk) -> None:
    cheque(desk, 700, "CH 9", "u9")
    colleague(desk, "102")
    done(account.clear(desk, "u9"))
    closed = left(closing.close(desk, OWNER, "moved away", SECOND, through_bank=True))
    assert closed.record.kind == "account_closed"
    done(account.bounce(desk, "u9", "no cover"))
    assert code(debt.pay(desk, OWNER, 700, source="capital")) == "account_closed"
    assert code(debt.pay(desk, OWNER, 701)) == "debt_smaller"
    done(debt.pay(desk, OWNER, 700))
    assert money(desk, chart.receivable(OWNER)) == 0
    assert not maintain.verify(desk).first_bad


def test_a_deposit_goes_back_when_two_persons_agree(desk: Desk) -> None:
    done(account.take_deposit(desk, OWNER, 2_000))
    back = account.refund(desk, f"deposit:{OWNER}", 500, "smaller flat", SECOND)
    assert done(back).texts["from"] == f"deposit {OWNER}"
    assert money(desk, chart.cash("101")) == 1_500
    kept = account.transfer(desk, f"deposit:{OWNER}", f"capital:{OWNER}", 1_500, "asked", SECOND)
    assert done(kept).kind == "money_transferred"
    assert (money(desk, chart.deposit(OWNER)), money(desk, CAPITAL)) == (0, -1_500)
    too_much = account.refund(desk, f"deposit:{OWNER}", 1, "asked", SECOND)
    assert isinstance(too_much, Refusal)
    to_deposit = account.transfer(desk, f"capital:{OWNER}", f"deposit:{OWNER}", 1, "no", SECOND)
    assert code(to_deposit) == "unknown_purse"
    assert not maintain.verify(desk).first_bad


def test_a_debtor_pays_with_what_is_kept_when_the_account_is_closed(desk: Desk) -> None:
    meter = meter_number("keypad", debt=True)
    owner = next(m.account for m in CATALOGUE.meters if m.number == meter)
    debt = money(desk, chart.receivable(owner))
    assert code(closing.close(desk, owner, "moved away", SECOND)) == "account_still_owes"
    done(account.take_deposit(desk, owner, debt + 500))
    closed = left(closing.close(desk, owner, "moved away", SECOND, through_bank=True)).record
    assert closed.figures[-1].amount_minor == 500
    assert money(desk, chart.receivable(owner)) == 0
    assert money(desk, chart.BANK) == -500


def test_the_books_and_the_slips_agree_when_an_account_is_checked_F067(desk: Desk) -> None:
    first = done(account.top_up(desk, OWNER, "cash", 5_000))
    done(account.refund(desk, f"capital:{OWNER}", 1_000, "asked for it", SECOND))
    slips = [
        SlipBalance(first.sequence, "capital", 5_000), SlipBalance(first.sequence, "capital", 4_999)
    ]  # fmt: skip
    checked = statement.check(desk, OWNER, slips)
    assert not isinstance(checked, Refusal)
    assert [one.what for one in checked if not one.agrees] == [f"slip {first.sequence} capital"]
    found = statement.book(desk, CAPITAL)
    assert not isinstance(found, Refusal)
    assert [(line.amount, line.balance) for line in found.lines] == [
        (-5_000, -5_000), (1_000, -4_000),
    ]  # fmt: skip
    assert found.balance == money(desk, CAPITAL)


def test_every_event_has_a_slip_with_the_balance_after_it_when_it_is_printed_F021(
    desk: Desk,
) -> None:
    done(account.top_up(desk, OWNER, "cash", 5_000, tendered_minor=6_000))
    record = cheque(desk, 700, "CH 9")
    shown = {line.text: line.right for line in account_paper.event_lines(desk, record)}
    assert shown["Amount"] == "7.00"
    assert shown["Reference"] == "CH 9"
    assert shown["State"] == "can be spent when it has cleared"
    assert (shown["On the account"], shown["Not yet cleared"]) == ("50.00", "7.00")
    assert shown["Entry"] == f"{record.sequence} {record.head}"
    lines = account_paper.statement_lines(desk, OWNER)
    assert not isinstance(lines, Refusal)
    assert [line.right for line in lines if "Top-up" in line.text] == ["+50.00", "+7.00"]


def statement_of(desk: Desk, account_number: str) -> list[tuple[str, str]]:
    lines = account_paper.statement_lines(desk, account_number)
    assert not isinstance(lines, Refusal)
    return [(line.text, line.right) for line in lines]


def test_a_statement_adds_up_to_every_purse_when_money_went_in_and_out(desk: Desk) -> None:
    done(account.top_up(desk, OWNER, "cash", 10_000))
    meter = next(meter.number for meter in CATALOGUE.meters if meter.account == OWNER)
    offer = offer_of(desk, meter, 3_000)
    payment = account.capital_payment(desk, offer.buyer, 3_000)
    assert not isinstance(payment, Refusal)
    sale = sold(sell(desk, offer, payment))
    cheque(desk, 700, "CH 9")
    done(account.transfer(desk, f"capital:{OWNER}", f"meter:{meter}", 500, "asked", SECOND))
    rows = statement_of(desk, OWNER)
    told = [(text.partition("  ")[2], right) for text, right in rows if right[:1] in {"+", "-"}]
    assert told == [
        ("Top-up", "+100.00"), ("Sale paid", "-30.00"), ("Transfer", "-5.00"),
        ("Top-up", "+7.00"), ("Transfer", "+5.00"),
    ]  # fmt: skip
    assert any(text.startswith(f"{sale.sequence}  ") for text, _ in rows)
    balances = [text.partition("balance ")[2] for text, _ in rows if "balance " in text]
    assert balances == ["100.00", "70.00", "65.00", "7.00", "5.00"]
    found = statement.standing(desk, OWNER)
    assert (found.capital_minor, found.uncleared_minor, found.meters_minor) == (
        6_500, 700, {meter: 500},
    )  # fmt: skip
    for purse in statement.purses(desk, OWNER, 1):
        (last,) = purse.lines
        assert purse.brought_forward_minor + last.amount_minor == last.balance_minor


def test_what_stood_before_is_brought_forward_when_a_statement_is_long(desk: Desk) -> None:
    for amount_minor in (1_000, 2_000, 3_000):
        done(account.top_up(desk, OWNER, "cash", amount_minor))
    (purse,) = statement.purses(desk, OWNER, 2)
    assert purse.brought_forward_minor == 1_000
    assert [(line.amount_minor, line.balance_minor) for line in purse.lines] == [
        (2_000, 3_000), (3_000, 6_000),
    ]  # fmt: skip


def test_a_cashier_may_and_a_technician_may_not_when_money_is_taken(hall: Hall) -> None:
    cashier = hall.station(role="cashier", operator="101")
    done(account.top_up(cashier, OWNER, "cash", 100))
    technician = hall.station(role="technician", operator="201")
    assert code(account.top_up(technician, OWNER, "cash", 100)) == "no_right"


@pytest.mark.parametrize(
    ("method", "reference", "refused"),
    [("cheque", "", "reference_missing"), ("gold", "1", "unknown_tender")],
)
def test_a_top_up_is_refused_with_the_reason_when_something_is_missing(
    desk: Desk, method: str, reference: str, refused: str
) -> None:
    before = desk.journal.head()
    assert code(account.top_up(desk, OWNER, method, 100, reference=reference)) == refused
    assert code(account.top_up(desk, "nobody", "cash", 100)) == "unknown_account"
    assert desk.journal.head() == before


def test_the_sale_is_explained_when_it_was_paid_from_the_account(desk: Desk) -> None:
    done(account.top_up(desk, OWNER, "cash", 5_000))
    offer = offer_of(desk, KEYPAD, 3_000)
    payment = account.capital_payment(desk, offer.buyer, 3_000)
    assert not isinstance(payment, Refusal)
    sale = sold(sell(desk, offer, payment))
    explained = history.why(desk, sale.committed.sale_id)
    assert not isinstance(explained, Refusal)
    assert explained.same
