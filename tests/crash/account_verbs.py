"""Rows of the table of verbs: customers' money, debts, bills, and what corrects a sale."""

from __future__ import annotations

from kiosk.domain import bill_facts
from kiosk.domain import catalogue as catalogues
from kiosk.domain.account_record import AccountRecord
from kiosk.errors import Refusal
from kiosk.till import account, bills, closing, debt, rerate, reverse
from kiosk.till.quote import find_buyer
from kiosk.till.sell import sell
from tests.crash.bench import AMOUNT_MINOR, SECOND, Answer, Bench, good, sale_answer
from tests.crash.prices import dearer
from tests.crash.verb import Verb, told

BILL_ACCOUNT = "X9"


# --- the customer's own money -----------------------------------------------------------------


def known_customer(bench: Bench) -> None:
    """The customer of the first keypad meter."""
    buyer = good(find_buyer(bench.desk, bench.meter("keypad")))
    bench.known["customer"] = buyer.meter.account


def _told(record: AccountRecord | Refusal, **fields: object) -> Answer:
    return told(good(record).kind, **fields)


def _top_up(bench: Bench) -> Answer:
    customer = bench.known["customer"]
    made = account.top_up(bench.desk, customer, "cash", AMOUNT_MINOR, tendered_minor=AMOUNT_MINOR)
    return _told(made, account=customer, amount_minor=AMOUNT_MINOR)


def _topped_up(bench: Bench) -> None:
    known_customer(bench)
    _top_up(bench)


def _sell_from_account(bench: Bench) -> Answer:
    offer = bench.offer(bench.meter("keypad"))
    paid = good(account.capital_payment(bench.desk, offer.buyer, AMOUNT_MINOR))
    return sale_answer(sell(bench.desk, offer, paid))


def _cheque_received(bench: Bench) -> None:
    known_customer(bench)
    customer = bench.known["customer"]
    made = account.top_up(bench.desk, customer, "cheque", AMOUNT_MINOR, reference=f"CH {customer}")
    bench.known["top_up"] = good(made).event_id


def _clear(bench: Bench) -> Answer:
    """By somebody else than who wrote the cheque down."""
    top_up, by = bench.known["top_up"], bench.desk.operator
    bench.desk.operator = "102"
    cleared = account.clear(bench.desk, top_up)
    bench.desk.operator = by
    return _told(cleared, top_up_id=top_up, amount_minor=AMOUNT_MINOR)


def _cheque_spent(bench: Bench) -> None:
    """The cheque had cleared, and its money has gone into energy."""
    _cheque_received(bench)
    _clear(bench)
    _sell_from_account(bench)


def _bounce(bench: Bench) -> Answer:
    top_up = bench.known["top_up"]
    made = account.bounce(bench.desk, top_up, "no cover")
    return _told(made, top_up_id=top_up, amount_minor=AMOUNT_MINOR)


def _transfer(bench: Bench) -> Answer:
    customer = bench.known["customer"]
    target = f"meter:{bench.meter('keypad', 1)}"
    made = account.transfer(
        bench.desk, f"capital:{customer}", target, AMOUNT_MINOR, "asked for", SECOND
    )
    return _told(made, from_customer=customer, amount_minor=AMOUNT_MINOR)


def _refund(bench: Bench) -> Answer:
    customer = bench.known["customer"]
    made = account.refund(bench.desk, f"capital:{customer}", AMOUNT_MINOR, "moves away", SECOND)
    return _told(made, account=customer, amount_minor=AMOUNT_MINOR)


def _deposit(bench: Bench) -> Answer:
    customer = bench.known["customer"]
    made = account.take_deposit(bench.desk, customer, AMOUNT_MINOR)
    return _told(made, account=customer, amount_minor=AMOUNT_MINOR)


def _deposit_before(bench: Bench) -> None:
    _topped_up(bench)
    _deposit(bench)


def _close(bench: Bench) -> Answer:
    """The deposit and the rest of the account go back to a customer who leaves."""
    customer = bench.known["customer"]
    made = good(closing.close(bench.desk, customer, "moves away", SECOND))
    return _told(made.record, account=customer, paid_out_minor=2 * AMOUNT_MINOR)


# --- what is owed -----------------------------------------------------------------------------


def _record_debt(bench: Bench) -> Answer:
    customer = bench.known["customer"]
    made = debt.record(bench.desk, customer, "arrears", AMOUNT_MINOR, "", "old book", SECOND)
    return _told(made, account=customer, amount_minor=AMOUNT_MINOR)


def _owing_before(bench: Bench) -> None:
    known_customer(bench)
    _record_debt(bench)
    found = good(debt.owed(bench.desk, bench.known["customer"]))
    bench.known["debt"] = found.debts[0].debt_id


def _pay_debt(bench: Bench) -> Answer:
    customer = bench.known["customer"]
    made = debt.pay(bench.desk, customer, AMOUNT_MINOR, tendered_minor=AMOUNT_MINOR)
    return _told(made, account=customer, amount_minor=AMOUNT_MINOR)


def _write_off(bench: Bench) -> Answer:
    owed = bench.known["debt"]
    made = debt.write_off(bench.desk, owed, AMOUNT_MINOR, "died", SECOND)
    return _told(made, debt_id=owed, amount_minor=AMOUNT_MINOR)


def _bill_expected(bench: Bench) -> None:
    bench.known["bill"] = "B-2026-10-1"


def _take_in(bench: Bench) -> Answer:
    """The billing system says what is to be collected."""
    desk, number = bench.desk, bench.known["bill"]
    bill = bill_facts.BillReceived(
        number, BILL_ACCOUNT, "Old Customer", "77", "2026-10", desk.currency, AMOUNT_MINOR,
        desk.clock.now().time_ms + 10**9, 0, desk.operator,
    )  # fmt: skip
    good(bills.take_in(desk, [bill]))
    return told(bill.KIND, bill_id=number, amount_minor=AMOUNT_MINOR)


def _bill_before(bench: Bench) -> None:
    bench.known["bill"] = "B-2026-11-1"
    _take_in(bench)


def _collect(bench: Bench) -> Answer:
    number = bench.known["bill"]
    made = bills.collect(bench.desk, number, tendered_minor=AMOUNT_MINOR)
    return _told(made, bill_id=number, amount_minor=AMOUNT_MINOR)


# --- a sale that is corrected -----------------------------------------------------------------


def _sold_before(bench: Bench) -> None:
    bench.known["sale"] = str(bench.sell(bench.meter("keypad"))["sale_id"])


def _reallocate(bench: Bench) -> Answer:
    """The token was for the wrong meter, which has not used it."""
    sale = bench.known["sale"]
    target = f"meter:{bench.meter('keypad', 1)}"
    made = reverse.reallocate(bench.desk, sale, target, "wrong meter", SECOND, consumed=False)
    return _told(made, sale_id=sale, amount_minor=AMOUNT_MINOR)


def _sold_at_old_prices(bench: Bench) -> None:
    """Prices a fifth higher come in, and they were in force before the sale was quoted."""
    _sold_before(bench)
    desk = bench.desk
    found = desk.records.tariff()
    record = desk.records.sale(bench.known["sale"])
    assert found is not None and record is not None
    quoted_ms = record.time_ms - desk.settings.limits.quote_life_s * 1000
    pack = dearer(found[1], quoted_ms - 1)
    newer = catalogues.Catalogue(bench.next_catalogue(), "rehearsal", pack, [], [], [])
    good(desk.journal.append(catalogues.received(newer), content=catalogues.encode(newer)))


def _rerate(bench: Bench) -> Answer:
    sale = bench.known["sale"]
    return _told(rerate.rerate(bench.desk, sale), sale_id=sale)


ACCOUNT_VERBS = (
    Verb("put money on an account", _top_up, kind="", intent="top_up_received",
         setup=known_customer, field="account", of="customer"),
    Verb("sell from the money on an account", _sell_from_account, setup=_topped_up),
    Verb("clear a cheque", _clear, kind="", intent="top_up_cleared", setup=_cheque_received,
         field="top_up_id", of="top_up"),
    Verb("bounce a cheque that was spent", _bounce, kind="", intent="top_up_bounced",
         setup=_cheque_spent, field="top_up_id", of="top_up"),
    Verb("transfer money", _transfer, kind="", intent="money_transferred", setup=_topped_up,
         field="from_customer", of="customer"),
    Verb("pay money out", _refund, kind="", intent="money_refunded", setup=_topped_up,
         field="account", of="customer"),
    Verb("take a deposit", _deposit, kind="", intent="deposit_taken", setup=known_customer,
         field="account", of="customer"),
    Verb("close an account", _close, kind="", intent="account_closed", setup=_deposit_before,
         field="account", of="customer", amount_minor=0),
    Verb("record a debt", _record_debt, kind="", intent="debt_recorded", setup=known_customer,
         field="account", of="customer"),
    Verb("pay a debt", _pay_debt, kind="", intent="debt_paid", setup=_owing_before,
         field="account", of="customer"),
    Verb("write a debt off", _write_off, kind="", intent="debt_written_off", setup=_owing_before,
         field="debt_id", of="debt"),
    Verb("take a bill in", _take_in, kind="", intent="bill_received", setup=_bill_expected,
         field="bill_id", of="bill"),
    Verb("collect a bill", _collect, kind="", intent="bill_collected", setup=_bill_before,
         field="bill_id", of="bill"),
    Verb("move a sale to the right customer", _reallocate, intent="sale_reallocated",
         setup=_sold_before, field="sale_id", of="sale"),
    Verb("price a sale again", _rerate, intent="sale_rerated", setup=_sold_at_old_prices,
         field="sale_id", of="sale", amount_minor=0),
)  # fmt: skip
