"""What cashier and technician have in common: sign in, sales in doubt, status."""

from __future__ import annotations

from kiosk.domain.organisation import may
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import status_telling, telling
from kiosk.screens.lines import buying
from kiosk.screens.lines.console import Console
from kiosk.till import history, judge, maintain, operators, recover
from kiosk.till.tokens import SecondPerson


def sign_in(console: Console, right: str) -> bool:
    """Ask for name and PIN once; somebody without `right` is signed out again at once."""
    name = console.ask("linear.prompt_operator")
    if not name:
        raise EOFError
    signed = operators.sign_in(console.desk, name, console.ask_secret("linear.prompt_pin"))
    if isinstance(signed, Refusal):
        console.refuse(signed)
        return False
    if not may(signed.role, right):
        operators.sign_out(console.desk)
        console.refuse(Refusal("no_right", {"right": right}))
        return False
    console.tell("cashier.signed_in", operator=signed.operator)
    return True


def sign_out(console: Console) -> None:
    """Leave the desk to the next operator."""
    operator = console.desk.operator
    operators.sign_out(console.desk)
    console.tell("cashier.signed_out", operator=operator)


def say_status(console: Console) -> None:
    """The status bar as one line."""
    seen = maintain.status(console.desk)
    console.say(". ".join(status_telling.status_parts(console.words, seen)) + ".")


def open_sales(console: Console) -> None:
    """Settle what can be settled; then one sale in doubt with its evidence, undone if proved."""
    buying.settle(console)
    doubts = history.in_doubt(console.desk)
    if not doubts:
        console.tell("cashier.open_sales_empty")
        return
    place = console.pick("linear.prompt_choice", [_row(console, record) for record in doubts])
    if place is not None:
        _one_doubt(console, doubts[place])


def _row(console: Console, record: SaleRecord) -> str:
    cells = " | ".join(telling.sale_cells(console.words, record))
    now_ms = console.desk.clock.now().time_ms
    waits = console.words.say("cashier.doubt_heading")
    return f"{cells}. {waits}: {telling.age_line(console.words, record, now_ms)}"


def _one_doubt(console: Console, record: SaleRecord) -> None:
    evidence = maintain.evidence(console.desk, record.committed.sale_id)
    if isinstance(evidence, Refusal):
        console.refuse(evidence)
        return
    console.say(*telling.evidence_lines(console.words, evidence))
    sale = record.committed.sale_id
    if evidence.testimony == "other":
        _judge(console, sale)
    if evidence.testimony != "not_delivered":
        return
    if not console.confirm(console.words.say("cashier.undo_confirm", sale=sale)):
        return
    undone = recover.undo(console.desk, sale)
    if isinstance(undone, Refusal):
        console.refuse(undone)
        return
    console.say(*telling.outcome_lines(console.words, undone, console.desk.station.name))


def _judge(console: Console, sale: str) -> None:
    """What the centre found, said by two persons; nothing typed leaves the sale as it is."""
    verdict = console.ask("account.ask_verdict")
    if not verdict:
        return
    reason = console.ask("tokens.ask_reason")
    name = console.ask("tokens.ask_second")
    second = SecondPerson(name, console.ask_secret("tokens.ask_second_pin"))
    ended = judge.judge(console.desk, sale, verdict, reason, second)
    if isinstance(ended, Refusal):
        console.refuse(ended)
    else:
        console.say(*telling.outcome_lines(console.words, ended, console.desk.station.name))
