"""Self-service, line by line: number or card, amount, notes, token or written card."""

from __future__ import annotations

import threading
from functools import partial

from kiosk.domain.record import PaymentRecord
from kiosk.errors import KioskError, Refusal
from kiosk.ports import HandsAnswer
from kiosk.screens import tariff_telling, telling
from kiosk.screens.deliverable import cannot_deliver
from kiosk.screens.lines import before, buying
from kiosk.screens.lines.console import Choice, Console
from kiosk.screens.lines.hands import use_hands
from kiosk.till import paper, quote
from kiosk.till.pay import NotePayment, NoteSeen
from kiosk.till.quote import Buyer, Offer
from kiosk.till.requote import Requoted, renewed

#: What is said when the acceptor speaks; every other event is said as a stuck note.
_SEEN = {
    "stacked": "kiosk.note_taken",
    "returned": "kiosk.note_returned",
    "rejected": "kiosk.note_returned",
    "too_much": "kiosk.note_too_large",
}
_QUIET = {"back"}

_STEP_S = 0.2


def run(console: Console) -> None:
    """Serve one customer after the other until the input ends."""
    while True:
        choices: list[Choice] = [
            (console.words.say("linear.menu_buy"), partial(buy, console)),
            (console.words.say("linear.menu_recover"), partial(buying.settle, console)),
            (console.words.say("linear.menu_language"), console.change_language),
        ]
        if console.hands is not None:
            choices.append((console.words.say("rehearsal.strip"), partial(use_hands, console)))
        choices.append((console.words.say("linear.menu_end"), _end))
        console.choose(choices)


def _end() -> None:
    raise EOFError


def buy(console: Console) -> None:
    """One purchase, from the number to the slip."""
    buyer = _ask_buyer(console)
    if buyer is None:
        return
    console.say(telling.customer_line(console.words, buyer.meter, buyer.customer, in_full=False))
    if not console.confirm(console.words.say("kiosk.confirm")):
        return
    if not before.may_buy(console, buyer):
        return
    offer = buying.ask_offer(console, buyer)
    if offer is None:
        return
    refused = cannot_deliver(console.desk, offer)
    if refused is not None:
        console.refuse(refused)
        return
    _pay(console, offer)


def _ask_buyer(console: Console) -> Buyer | None:
    """By meter or card number; an empty answer reads the card in the reader."""
    number = console.ask("linear.prompt_number_or_card", "kiosk.help_number")
    if not number:
        return buying.buyer_by_card(console)
    found = quote.find_buyer(console.desk, number)
    if isinstance(found, Refusal):
        console.refuse(found)
        return None
    return found


def _pay(console: Console, offer: Offer) -> None:
    """Take notes; then sell for all the money there is, or keep what was stacked for the meter."""
    payment = NotePayment(console.desk, offer.sale_id, offer.buyer, offer.quote.amount_minor)
    refused = payment.open()
    if refused is not None:
        console.refuse(refused)
        return
    console.tell("kiosk.before_notes")
    reason = "interrupted"
    try:
        seen = _take_notes(console, offer, payment)
        payment.close()
        reason = "cancelled" if seen is None else _sell(console, seen, payment)
    finally:
        if reason:
            _say_kept(console, payment.give_up(reason))


def _take_notes(console: Console, offer: Offer, payment: NotePayment) -> Offer | None:
    """Listen to acceptor and customer; the offer that the customer has seen and buys, else None."""
    while True:
        offer = _say_money(console, offer, payment)
        _say_note_choices(console)
        answer = _answer(console, payment)
        if answer == "0":
            return None
        if not answer and payment.complete:
            return offer
        if answer:
            _feed(console, payment, answer)


def _answer(console: Console, payment: NotePayment) -> str:
    """What is typed next; notes are dealt with and said until then."""
    console.tell("linear.prompt_notes")
    while True:
        _say_seen(console, payment.step(_STEP_S))
        line = console.waiting_line(0.0)
        if line is None:
            continue
        if line.strip().casefold() == console.words.say("linear.quit").casefold():
            raise EOFError
        return line.strip()


def _say_money(console: Console, offer: Offer, payment: NotePayment) -> Offer:
    """What is in and what is missing; the offer that the customer sees now."""
    console.tell("kiosk.inserted", inserted_minor=payment.held_minor)
    if payment.held_minor > payment.wanted_minor:
        again = quote.quote(console.desk, offer.buyer, payment.held_minor, offer.sale_id)
        if not isinstance(again, Refusal):
            console.say(telling.quote_total(console.words, again))
            offer = again
    needed_minor = payment.wanted_minor - payment.held_minor
    if needed_minor > 0:
        console.tell("kiosk.still_needed", needed_minor=needed_minor)
    else:
        console.tell("kiosk.enough", amount_minor=payment.held_minor)
    return offer


def _say_seen(console: Console, seen: NoteSeen | None) -> None:
    if seen is None or seen.kind in _QUIET:
        return
    trouble = "kiosk.note_in_doubt" if seen.amount_minor else "kiosk.acceptor_trouble"
    console.tell(_SEEN.get(seen.kind, trouble), amount_minor=seen.amount_minor)


def _sell(console: Console, seen: Offer, payment: NotePayment) -> str:
    """Sell what was shown for the money that is there, or what it buys now when the customer agrees
    (E12); "" when the money is in a sale."""
    offer = renewed(console.desk, seen, payment.held_minor)
    if isinstance(offer, Requoted):
        console.say(*tariff_telling.requoted_lines(console.words, offer))
        if not console.confirm(console.words.say("kiosk.changed_buy")):
            return "cancelled"
        return _sell(console, offer.now, payment)
    if isinstance(offer, Refusal):
        console.refuse(offer)
        return "refused"
    record = buying.deliver(console, offer, payment.payment_of())
    if isinstance(record, Refusal):
        console.refuse(record)
        return "refused"
    buying.say_result(console, record)
    console.tell("kiosk.thank_you")
    return ""


def _say_kept(console: Console, kept: PaymentRecord | None) -> None:
    if kept is None:
        console.tell("kiosk.cancelled")
        return
    console.tell("kiosk.cancelled_kept", amount_minor=kept.amount_minor, meter=kept.meter)
    if console.desk.slips is not None and console.desk.writer is not None:
        buying.say_slip(console, paper.print_kept(console.desk, kept))


# --- the customer's hands in a rehearsal ------------------------------------------------------


def _notes(console: Console) -> list[int]:
    cash = console.desk.cash
    return sorted(cash.notes()) if cash is not None and console.hands is not None else []


def _say_note_choices(console: Console) -> None:
    notes = _notes(console)
    if notes:
        say = console.words.say
        console.say_choices([say("rehearsal.note", amount_minor=value) for value in notes])


def _feed(console: Console, payment: NotePayment, answer: str) -> None:
    """Let the hands feed a note while this conversation goes on listening to the acceptor."""
    notes = _notes(console)
    if not (answer.isdecimal() and 1 <= int(answer) <= len(notes)) or console.hands is None:
        console.tell("linear.not_understood", text=answer)
        return
    hands, value = console.hands, notes[int(answer) - 1]
    fed: list[HandsAnswer | KioskError] = []

    def feed() -> None:
        try:
            fed.append(hands.feed_note(value))
        except KioskError as error:
            fed.append(error)

    feeding = threading.Thread(target=feed, name="hands")
    feeding.start()
    try:
        while feeding.is_alive():
            _say_seen(console, payment.step(_STEP_S))
    finally:
        feeding.join()
    if fed and isinstance(fed[0], KioskError):
        console.say(fed[0].sentence)
