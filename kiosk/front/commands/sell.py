"""kiosk quote, sell, recover: the till without a screen."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from kiosk.domain import money
from kiosk.domain.record import SaleRecord
from kiosk.domain.token import grouped
from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.persons import energy_typed, second_of
from kiosk.front.commands.tariff import price, price_arguments
from kiosk.front.operator import become
from kiosk.front.user_card import chip_in_own_slot
from kiosk.front.wiring import House, opened
from kiosk.screens import telling, tender_telling
from kiosk.till import history, judge, recover, rollover
from kiosk.till.account import capital_payment
from kiosk.till.free import grant
from kiosk.till.hand_over import hand_over_all
from kiosk.till.quote import Buyer, Offer, buyer_of, find_buyer, quote, quote_energy
from kiosk.till.sell import Payment, card_payment, cash_due, cash_payment, sell

Answer = TypeVar("Answer")


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    if verb in {"quote", "sell"}:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--meter", help="meter number")
        who.add_argument("--card", help="number printed on the card")
        if verb == "quote":
            who.add_argument("--pack", type=Path, help="a tariff file: price without a meter")
            price_arguments(parser)
        wanted = parser.add_mutually_exclusive_group(required=True)
        wanted.add_argument("--amount", help="decimal, in major units: 20.50")
        wanted.add_argument("--energy-kwh", help="the energy wanted, instead of an amount")
    if verb == "sell":
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--tender", help="cash given (default: exactly the amount)")
        how.add_argument(
            "--from", dest="source", choices=("cash", "capital", "card"), default="cash",
            help="cash, the customer's capital account, or the money on the card",
        )  # fmt: skip
        how.add_argument(
            "--from-card", dest="source", action="store_const", const="card",
            help="the money on the card",
        )  # fmt: skip
        parser.add_argument(
            "--old-key", action="store_true",
            help="sell although a key change of the meter was made and not confirmed",
        )  # fmt: skip
        parser.add_argument("--free-kwh", default="", help="free units in a token beside it")
        parser.add_argument("--reason", default="", help="why they are given; it is printed")
        say.second(parser)
    if verb == "recover":
        parser.add_argument(
            "--undo", metavar="SALE", help="undo this card sale; the card proves it"
        )
        parser.add_argument(
            "--judge", metavar="SALE", help="two persons end this card sale, as `centre cards` says"
        )
        parser.add_argument(
            "--as", dest="verdict", choices=("delivered", "never-written", "never-paid"),
            default="",
            help="with --judge: what the centre found",
        )  # fmt: skip
        parser.add_argument("--reason", default="", help="with --judge: how they know")
        say.second(parser)
    parser.add_argument("--operator", default="", help="who does it; PIN on standard input")
    parser.add_argument("--json", action="store_true")


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """One verb."""
    if verb == "quote" and options.pack is not None:
        return price(options, context)
    # Only recovery asks the note acceptor: what became of a note, the device itself knows (E22).
    with opened(context.home, context.settings, cash=verb == "recover") as house:
        refused = become(house.desk, options.operator)
        if refused is None:
            answer = {"quote": _quote, "sell": _sell, "recover": _recover}[verb]
            outcome = answer(house, options)
            if not isinstance(outcome, Refusal):
                return outcome
            refused = outcome
        return say.refused(refused, context.settings)


# --- quote and sell ---------------------------------------------------------------------------


def _buyer(house: House, options: argparse.Namespace) -> Buyer | Refusal:
    number = options.card if options.meter is None else options.meter
    return find_buyer(house.desk, number)


def _offer(house: House, options: argparse.Namespace) -> Offer | Refusal:
    buyer = _buyer(house, options)
    if isinstance(buyer, Refusal):
        return buyer
    if options.energy_kwh is not None:
        return quote_energy(house.desk, buyer, energy_typed(options.energy_kwh))
    amount = money.parse_amount(options.amount, house.desk.currency)
    return amount if isinstance(amount, Refusal) else quote(house.desk, buyer, amount)


def _quote(house: House, options: argparse.Namespace) -> int | Refusal:
    offer = _offer(house, options)
    if isinstance(offer, Refusal):
        return offer
    lines = say.lines_json(offer.quote.lines, house.words, offer.quote.currency)
    if options.json:
        say.json(
            {
                "sale_id": offer.sale_id,
                "meter": offer.buyer.meter.number,
                "amount_minor": offer.quote.amount_minor,
                "currency": offer.quote.currency,
                "energy_wh": offer.quote.energy_wh,
                "debt_minor": offer.buyer.debt_minor,
                "kept_minor": offer.quote.amount_minor - cash_due(offer),
                "to_pay_minor": cash_due(offer),
                "free": offer.free,
                "lines": lines,
            }
        )
    else:
        _print_lines(house, lines, offer.quote.amount_minor, offer.quote.energy_wh)
        for line in tender_telling.kept_lines(house.words, offer):
            say.out(line)
        for line in telling.free_lines(house.words, offer.free):
            say.out(line)
    return 0


def _sell(house: House, options: argparse.Namespace) -> int | Refusal:
    buyer = _buyer(house, options)
    if isinstance(buyer, Refusal):
        return buyer
    with card_in(house, buyer):
        settled = recover.recover(house.desk)
        if isinstance(settled, Refusal):
            return settled
        say.settled(house.words, settled, options)
        _tell_earlier(house, buyer, options)
        offer = _change_waiting(house, buyer, options) or _granted(
            house, _offer(house, options), options
        )
        if isinstance(offer, Refusal):
            return offer
        payment = _payment(house, options, offer)
        if isinstance(payment, Refusal):
            return payment
        record = sell(house.desk, offer, payment)
    if isinstance(record, Refusal):
        return record
    _print_sale(house, record, options)
    _send(house)
    if record.state == "delivered":
        return 0
    word = house.words.say(f"state.{record.state}")
    said = [f"Sale {record.committed.sale_id} is {word}."]
    return say.trouble(" ".join([*said, *telling.reason_told(house.words, record.reason)]))


def _tell_earlier(house: House, buyer: Buyer, options: argparse.Namespace) -> None:
    """A token of this meter that recovery finished: told once, whoever asks for the next one.

    On standard error beside JSON, whose one value is the sale that was asked for.
    """
    for handed in hand_over_all(house.desk, buyer.meter.number):
        station = house.desk.station.name
        told = telling.outcome_lines(house.words, handed.record, station)
        line = " ".join([f"{house.words.say('kiosk.token_earlier')}.", *told])
        if options.json:
            say.aside(line)
        else:
            say.out(line)


def _change_waiting(house: House, buyer: Buyer, options: argparse.Namespace) -> Refusal | None:
    """A token under the old key fails when the meter has taken its key change; --old-key: it has
    not."""
    due = rollover.due(house.desk, buyer.meter)
    return None if due is None or due.must or options.old_key else due.refusal()


def _granted(house: House, offer: Offer | Refusal, options: argparse.Namespace) -> Offer | Refusal:
    """The offer with the free units of --free-kwh, which takes a second person and a reason."""
    if isinstance(offer, Refusal) or not options.free_kwh:
        return offer
    energy_wh = energy_typed(options.free_kwh, "--free-kwh")
    return grant(house.desk, offer, energy_wh, options.reason, second_of(house, options))


def _payment(house: House, options: argparse.Namespace, offer: Offer) -> Payment | Refusal:
    if options.source == "card":
        return card_payment(house.desk, offer)
    if options.source == "capital":
        return capital_payment(house.desk, offer.buyer, offer.quote.amount_minor)
    tendered: int | Refusal = cash_due(offer)
    if options.tender is not None:
        tendered = money.parse_amount(options.tender, house.desk.currency)
    if isinstance(tendered, Refusal):
        return tendered
    return cash_payment(house.desk, offer.quote.amount_minor, tendered, offer.buyer)


def _send(house: House) -> None:
    """One short try to bring the sale upstream; the line never holds up a sale."""
    if house.settings.upstream.url:
        from kiosk.front.commands.ledger import send

        send(house, patience_s=2)


@contextmanager
def card_in(house: House, buyer: Buyer) -> Iterator[None]:
    """The card for this sale: the one in the reader, whosever it is; in a rehearsal whose reader is
    empty the customer puts the own card in, unless it is lost (BadInput).

    The customer's card goes into a reader of this command's own, as at a second counter. A reader
    that is not simulated is used as is.
    """
    world = house.world if house.settings.card.driver == "simulated" else None
    if world is None or buyer.meter.kind != "card" or buyer.card is None:
        yield
        return
    if world.slot().state().card is not None:
        house.desk.reader = world.reader()
        yield
        return
    with chip_in_own_slot(house, world, world.held_card(buyer.card.number)):
        yield


def _print_sale(house: House, record: SaleRecord, options: argparse.Namespace) -> None:
    if options.json:
        say.json(say.sale_json(record, house.words))
        return
    committed = record.committed
    lines = say.lines_json(committed.lines, house.words, committed.currency)
    _print_lines(house, lines, committed.amount_minor, committed.energy_wh)
    say.out(f"sale {committed.sale_id}  meter {committed.meter}  {record.state}")
    for line in _token_lines(house, record):
        say.out(line)
    if record.purchase_number is not None and record.state == "delivered":
        say.out(f"card written, purchase number {record.purchase_number}")
    for line in tender_telling.tender_lines(house.words, committed):
        say.out(line)
    if committed.change_minor:
        say.out(f"change {money.format_amount(committed.change_minor, committed.currency)}")


def _token_lines(house: House, record: SaleRecord) -> list[str]:
    free = record.free()
    if record.token is None:
        return []
    if not free:
        return [f"token {grouped(record.token)}"]
    return telling.set_lines(house.words, record.token, free)


def _print_lines(
    house: House, lines: list[dict[str, Any]], amount_minor: int, energy_wh: int
) -> None:
    say.priced_lines(lines, amount_minor, energy_wh, house.desk.currency)


# --- recover ----------------------------------------------------------------------------------


def _recover(house: House, options: argparse.Namespace) -> int | Refusal:
    if options.undo or options.judge:
        return _end_one(house, options)
    settled = recover.recover(house.desk)
    if isinstance(settled, Refusal):
        return settled
    sales = {record.committed.sale_id: record for record in settled.sales}
    for record in settled.waiting:
        again = with_card_of(house, record.committed.sale_id, lambda: recover.recover(house.desk))
        if not isinstance(again, Refusal):
            sales |= {done.committed.sale_id: done for done in again.sales}
    waiting = history.in_doubt(house.desk)
    if options.json:
        say.json(
            {
                "settled": [say.sale_json(record, house.words) for record in sales.values()],
                "kept": settled.payments,
                "in_doubt": [say.sale_json(record, house.words) for record in waiting],
            }
        )
        return 0
    for record in sales.values():
        say.out(f"{record.committed.sale_id}  {record.state}  {record.how}")
    for payment in settled.payments:
        kept = money.format_amount(payment.amount_minor, payment.currency)
        say.out(f"{payment.payment}  kept {kept} {payment.currency} for meter {payment.meter}")
    for record in waiting:
        say.out(f"{record.committed.sale_id}  in_doubt  meter {record.committed.meter}")
    moves = _top_ups_that_wait(house)
    for line in moves:
        say.out(line)
    if not (sales or settled.payments or waiting or moves):
        say.out("nothing was interrupted")
    return 0


def _end_one(house: House, options: argparse.Namespace) -> int | Refusal:
    """One sale: undone as its card proves, or ended by two persons as the centre says."""
    if options.undo:
        record = with_card_of(house, options.undo, lambda: recover.undo(house.desk, options.undo))
    else:
        second = second_of(house, options)
        record = judge.judge(house.desk, options.judge, options.verdict, options.reason, second)
    if isinstance(record, Refusal):
        return record
    _print_sale(house, record, options)
    return 0


def _top_ups_that_wait(house: House) -> list[str]:
    """Cash was taken for these, and nobody knows yet whether their cards took it."""
    found = [record.committed for record in house.desk.records.open_moves()]
    return [
        house.words.say(
            "card_money.waits", currency=move.currency, move=move.move_id, card=move.card,
            amount_minor=move.amount_minor,
        )
        for move in found
        if move.kind == "top_up"
    ]  # fmt: skip


def with_card_of(house: House, sale_id: str, work: Callable[[], Answer]) -> Answer:
    """Do `work` with the card of a sale in the reader; in rehearsal the customer comes back."""
    records = house.desk.records
    record = records.sale(sale_id) or records.sale_by_token(sale_id.replace(" ", ""))
    buyer = buyer_of(house.desk, record.committed.meter) if record is not None else None
    if buyer is None or isinstance(buyer, Refusal):
        return work()
    try:
        with card_in(house, buyer):
            return work()
    except BadInput:  # the card sits in another reader: that one has to settle it
        return work()
