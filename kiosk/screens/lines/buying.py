"""What both faces that sell have in common: amount, quote, delivery, result and slip."""

from __future__ import annotations

from kiosk.domain import money
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import telling
from kiosk.screens.lines.console import Console
from kiosk.till import greet, paper, quote, recover, sell
from kiosk.till.quote import Buyer, Offer
from kiosk.till.sell import Payment


def buyer_by_card(console: Console) -> Buyer | None:
    """The buyer of the card in the reader, after an unfinished sale of that card was settled."""
    greeted = greet.find_buyer_by_card(console.desk)
    if isinstance(greeted, Refusal):
        console.refuse(greeted)
        return None
    if greeted.unfinished is not None:
        console.tell("kiosk.unfinished_found")
        settle(console)
    return greeted.buyer


def settle(console: Console) -> None:
    """Finish or undo what was interrupted, and say what came of it."""
    recovered = recover.recover(console.desk)
    if isinstance(recovered, Refusal):
        console.refuse(recovered)
        return
    count = len(recovered.sales) + len(recovered.payments)
    console.tell("cashier.recovered", count=count, waiting=len(recovered.waiting))
    for record in recovered.sales:
        console.say(*telling.outcome_lines(console.words, record, console.desk.station.name))


def ask_offer(console: Console, buyer: Buyer) -> Offer | None:
    """Ask for an amount until one can be sold, and say what it buys with every reason."""
    console.say(*telling.money_lines(console.words, buyer))
    while text := console.ask("linear.prompt_amount", "kiosk.help_amount"):
        amount_minor = money.parse_amount(text, console.desk.currency)
        offer = (
            amount_minor
            if isinstance(amount_minor, Refusal)
            else quote.quote(console.desk, buyer, amount_minor)
        )
        if isinstance(offer, Refusal):
            console.refuse(offer)
            continue
        console.say(*telling.quote_lines(console.words, offer))
        return offer
    return None


def deliver(console: Console, offer: Offer, payment: Payment) -> SaleRecord | Refusal:
    """Sell, and talk the customer through a card that was pulled out."""
    by_card = offer.buyer.meter.kind == "card"
    console.tell("cashier.writing_card" if by_card else "kiosk.making_token")
    return sell.sell(console.desk, offer, payment, lambda reason: _card_back(console, reason))


def _card_back(console: Console, reason: str) -> bool:
    """Whether the card may be back. The end of the input is a no: the sale is then in doubt."""
    console.tell("kiosk.card_other" if reason == "card_other" else "kiosk.card_removed")
    try:
        return console.ask("linear.prompt_card_back", "kiosk.help_card") != "0"
    except EOFError:
        return False


def say_result(console: Console, record: SaleRecord) -> None:
    """The result in words, then the slip; the sale stands whatever the printer does (E04)."""
    console.say(*telling.outcome_lines(console.words, record, console.desk.station.name))
    if console.desk.slips is not None and console.desk.writer is not None:
        say_slip(console, paper.print_slip(console.desk, record))


def say_copy(console: Console, job: str | Refusal) -> None:
    """Which copy of a slip is printed, and the printer's word on it."""
    if isinstance(job, Refusal):
        console.refuse(job)
        return
    console.say(telling.copy_line(console.words, job))
    say_slip(console, job)


def say_slip(console: Console, job: str) -> None:
    """Wait for the printer's word on a slip; without one it is not known whether it was printed."""
    if job:
        state = console.words.say(f"job.{paper.ended(console.desk, job)}")
        console.tell("linear.slip_line", state=state)
