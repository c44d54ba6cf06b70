"""Before a purchase, line by line: a token finished meanwhile, a key that has run out."""

from __future__ import annotations

from kiosk.domain.record import TokenRecord
from kiosk.errors import Refusal
from kiosk.screens import telling, token_telling
from kiosk.screens.lines import buying
from kiosk.screens.lines.console import Console
from kiosk.till import hand_over, keys, rollover, token_book
from kiosk.till.quote import Buyer


def may_buy(console: Console, buyer: Buyer) -> bool:
    """Hand over what waits for this meter; false when its key must be changed first."""
    if buyer.meter.kind != "keypad":
        return True
    for handed in hand_over.hand_over_all(console.desk, buyer.meter.number):
        console.tell("kiosk.token_earlier")
        station = console.desk.station.name
        console.say(*telling.outcome_lines(console.words, handed.record, station))
        buying.say_slip(console, handed.job)
    due = rollover.due(console.desk, buyer.meter)
    if due is not None and due.record is not None and not due.must:
        return _change_settled(console, due, due.record)
    return due is None or _rolled_over(console, due)


def _change_settled(console: Console, due: rollover.RollOver, record: TokenRecord) -> bool:
    """Ask about a key change that nobody has confirmed; whether the meter can buy now."""
    console.refuse(due.refusal())
    if console.desk.role == "self_service":
        return False
    if due.may and console.confirm(_taken(console, record)):
        return _confirmed(console, record)
    if not due.may:
        console.tell("tokens.rollover_ask")
    return console.confirm(console.words.say("tokens.sell_old_key"))


def _taken(console: Console, record: TokenRecord) -> str:
    return console.words.say("tokens.rollover_taken", count=len(record.tokens))


def _rolled_over(console: Console, due: rollover.RollOver) -> bool:
    """Lead the operator through the key change; whether the meter can buy now."""
    console.refuse(due.refusal())
    if not due.may:
        if due.record is not None:
            console.tell("tokens.rollover_made", issue=due.record.committed.issue_id)
        elif console.desk.role != "self_service":
            console.tell("tokens.rollover_ask")
        return False
    if not console.confirm(console.words.say("tokens.rollover_begin", meter=due.meter.number)):
        return False
    record = rollover.begin(console.desk, due, console.words.say("tokens.rollover_reason"))
    if isinstance(record, Refusal):
        console.refuse(record)
        return False
    console.say(*token_telling.record_lines(console.words, record))
    if record.state != "issued":
        return False
    if console.desk.slips is not None and console.desk.writer is not None:
        buying.say_slip(console, token_book.print_slip(console.desk, record))
    return console.confirm(_taken(console, record)) and _confirmed(console, record)


def _confirmed(console: Console, record: TokenRecord) -> bool:
    meter = keys.confirm(console.desk, record.committed.issue_id)
    if isinstance(meter, Refusal):
        console.refuse(meter)
        return False
    console.say(token_telling.confirmed_line(console.words, meter))
    return True
