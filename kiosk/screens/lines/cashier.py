"""The counter, line by line: sign in, find, sell with cash and change, copies, reasons."""

from __future__ import annotations

from functools import partial

from kiosk.domain import money
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import telling
from kiosk.screens.deliverable import cannot_deliver
from kiosk.screens.lines import accounts, before, buying, cards, registry, staff, tokens
from kiosk.screens.lines.console import Choice, Console
from kiosk.screens.lines.hands import use_hands
from kiosk.screens.settled_telling import settled_sales
from kiosk.screens.token_telling import energy_wh_typed
from kiosk.till import history, paper, quote, sell
from kiosk.till.free import grant
from kiosk.till.quote import Buyer, Offer
from kiosk.till.sell import Payment
from kiosk.till.tokens import SecondPerson

_PAST_SALES = 9


def run(console: Console) -> None:
    """One operator after the other until the input ends."""
    while True:
        if staff.sign_in(console, "sell"):
            try:
                _serve(console)
            finally:
                staff.sign_out(console)


def _serve(console: Console) -> None:
    """The menu until the operator signs out."""
    ended, console.desk.settled_at_start = console.desk.settled_at_start, []
    console.say(*settled_sales(console.words, ended))
    at_work = True

    def leave() -> None:
        nonlocal at_work
        at_work = False

    while at_work:
        say = console.words.say
        choices: list[Choice] = [
            (say("cashier.sell"), partial(_sell_to_number, console)),
            (say("cashier.search"), partial(_find, console)),
            (say("linear.menu_reprint"), partial(_reprint, console)),
            (say("linear.menu_why"), partial(_why, console)),
            (say("cashier.open_sales"), partial(staff.open_sales, console)),
            (say("linear.menu_status"), partial(staff.say_status, console)),
            (say("linear.menu_language"), console.change_language),
            (say("cashier.sign_out"), leave),
            (say("tokens.title"), partial(tokens.serve, console)),
            (say("account.menu"), partial(accounts.serve, console)),
            (say("cards.title"), partial(cards.serve, console)),
            (say("registry.title"), partial(registry.serve, console)),
        ]
        if console.hands is not None:
            choices.append((say("rehearsal.strip"), partial(use_hands, console)))
        console.choose(choices)


# --- find -------------------------------------------------------------------------------------


def _find(console: Console) -> None:
    """A customer by meter, name, account or card; then the past sales, and perhaps a new one."""
    text = console.ask("linear.prompt_search", "cashier.search_help")
    if not text:
        return
    rows = history.find(console.desk, text)
    if isinstance(rows, Refusal):
        console.refuse(rows)
        return
    if not rows:
        console.tell("cashier.search_empty", text=text)
        return
    said = [
        telling.customer_line(console.words, row.meter, row.customer, in_full=True) for row in rows
    ]
    place = 0 if len(rows) == 1 else console.pick("linear.prompt_choice", said)
    if place is not None:
        _customer(console, rows[place].meter.number)


def _customer(console: Console, meter: str) -> None:
    sales = history.sales_of_meter(console.desk, meter)
    if isinstance(sales, Refusal):
        console.refuse(sales)
        return
    account = history.registry_row(console.desk, meter).meter.account
    for record in telling.parted_by_tenant(sales[:_PAST_SALES], account):
        if record is None:
            console.tell("cashier.tenant_before")
        else:
            console.say(" | ".join(telling.sale_cells(console.words, record)))
    if not sales:
        console.tell("cashier.history_empty")
    buyer = history.buyer_record(console.desk, meter)
    if isinstance(buyer, Refusal):
        console.refuse(buyer)
        return
    _sell_to(console, buyer)


# --- sell -------------------------------------------------------------------------------------


def _sell_to_number(console: Console) -> None:
    """Sell to a meter or card number; an empty answer reads the card in the reader."""
    number = console.ask("linear.prompt_number_or_card", "kiosk.help_number")
    buyer = quote.find_buyer(console.desk, number) if number else buying.buyer_by_card(console)
    if isinstance(buyer, Refusal):
        console.refuse(buyer)
    elif buyer is not None:
        _sell_to(console, buyer)


def _sell_to(console: Console, buyer: Buyer) -> None:
    """Amount, cash, a restated confirmation, then the sale."""
    console.say(telling.customer_line(console.words, buyer.meter, buyer.customer, in_full=True))
    if not before.may_buy(console, buyer):
        return
    # A key that was changed just now is another one than the buyer was found with.
    again = quote.buyer_of(console.desk, buyer.meter.number)
    offer = _with_free(console, again) if isinstance(again, Buyer) else None
    if offer is None:
        return
    refused = cannot_deliver(console.desk, offer)
    payment = refused or _ask_cash(console, offer)
    if isinstance(payment, Refusal):
        console.refuse(payment)
    elif payment is not None and _confirmed(console, offer, payment):
        record = buying.deliver(console, offer, payment)
        if isinstance(record, Refusal):
            console.refuse(record)
        else:
            buying.say_result(console, record)


def _with_free(console: Console, buyer: Buyer) -> Offer | None:
    """The offer, with free units beside it where this operator may give some."""
    offer = buying.ask_offer(console, buyer)
    if offer is None or buyer.meter.kind != "keypad" or console.desk.gate("free") is not None:
        return offer
    energy = console.ask("linear.prompt_free")
    if not energy:
        return offer
    reason = console.ask("linear.prompt_reason")
    second = SecondPerson(
        console.ask("linear.prompt_second"), console.ask_secret("linear.prompt_second_pin")
    )
    granted = grant(console.desk, offer, energy_wh_typed(energy), reason, second)
    if isinstance(granted, Refusal):
        console.refuse(granted)
        return None
    console.say(*telling.quote_lines(console.words, granted))
    return granted


def _ask_cash(console: Console, offer: Offer) -> Payment | Refusal:
    """The cash tendered; empty means exact."""
    text = console.ask("linear.prompt_tendered", "cashier.tendered_help")
    tendered: int | Refusal = sell.cash_due(offer)
    if text:
        tendered = money.parse_amount(text, console.desk.currency)
    if isinstance(tendered, Refusal):
        return tendered
    return sell.cash_payment(console.desk, offer.quote.amount_minor, tendered, offer.buyer)


def _confirmed(console: Console, offer: Offer, payment: Payment) -> bool:
    console.tell("cashier.change_due", change_minor=payment.change_minor)
    meter, amount_minor = offer.buyer.meter.number, offer.quote.amount_minor
    earlier = history.just_sold(console.desk, meter, amount_minor)
    if earlier is not None:
        console.say(telling.same_again_line(console.words, earlier))
    question = console.words.say(
        "cashier.confirm_sell",
        energy_wh=offer.quote.energy_wh,
        meter=meter,
        amount_minor=amount_minor,
    )
    return console.confirm(question)


# --- past sales -------------------------------------------------------------------------------


def _ask_sale(console: Console) -> history.Explained | None:
    """A past sale by its id or token; an empty answer offers the newest ones."""
    text = console.ask("linear.prompt_sale")
    if not text:
        record = _pick_past_sale(console)
        if record is None:
            return None
        text = record.committed.sale_id
    explained = history.why(console.desk, text)
    if isinstance(explained, Refusal):
        console.refuse(explained)
        return None
    return explained


def _pick_past_sale(console: Console) -> SaleRecord | None:
    records = history.last_sales(console.desk, _PAST_SALES)
    return console.pick_of(records, telling.sale_cells, "cashier.history_empty")


def _why(console: Console) -> None:
    explained = _ask_sale(console)
    if explained is not None:
        console.say(*telling.why_lines(console.words, explained))
        console.say(*telling.delivery_lines(console.words, explained.record))


def _reprint(console: Console) -> None:
    """A copy is a fact of its own, so it is restated before it is made."""
    explained = _ask_sale(console)
    if explained is None:
        return
    record = explained.record
    console.say(*telling.outcome_lines(console.words, record, console.desk.station.name))
    sale, copy = record.committed.sale_id, record.copies + 1
    if not console.confirm(console.words.say("cashier.reprint_confirm", copy=copy, sale=sale)):
        return
    buying.say_copy(console, paper.reprint(console.desk, sale))
