"""Tokens line by line: list, copy, a check against a meter, and the clinic; the same verbs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from kiosk.domain.record import TokenRecord
from kiosk.errors import Refusal
from kiosk.screens import token_telling
from kiosk.screens.lines import buying
from kiosk.screens.lines.console import Choice, Console
from kiosk.till import clinic, token_book
from kiosk.till.clinic import Diagnosis
from kiosk.till.tokens import SecondPerson

_LISTED = 20


def serve(console: Console, more: Sequence[Choice] = ()) -> None:
    """One choice of what all staff may do with tokens, and of `more`."""
    say = console.words.say
    console.choose(
        [
            (say("tokens.menu_list"), partial(_list, console)),
            (say("tokens.menu_verify"), partial(_verify, console)),
            (say("tokens.menu_clinic"), partial(_clinic, console)),
            (say("tokens.menu_reprint"), partial(_reprint, console)),
            *more,
        ]
    )


def _list(console: Console) -> None:
    found = token_book.tokens(console.desk, console.ask("tokens.ask_search"), _LISTED)
    if isinstance(found, Refusal):
        console.refuse(found)
        return
    if not found:
        console.tell("tokens.list_empty")
    for given in found:
        console.say(" | ".join([*token_telling.token_cells(console.words, given), given.issue_id]))


def _reprint(console: Console) -> None:
    """A copy of the slip of any token, marked COPY n."""
    job = token_book.reprint(console.desk, console.ask("tokens.ask_copy"))
    buying.say_copy(console, job)


def _verify(console: Console) -> None:
    meter = console.ask("tokens.ask_meter")
    checked = token_book.verify(console.desk, meter, console.ask("tokens.ask_token"))
    if isinstance(checked, Refusal):
        console.refuse(checked)
    else:
        console.say(*token_telling.checked_lines(console.words, checked))


def _clinic(console: Console) -> None:
    meter = console.ask("tokens.ask_meter")
    results = list(clinic.STEPS)
    rows = [console.words.say(f"clinic.result.{result}") for result in results]
    place = console.pick("tokens.ask_result", rows)
    if place is None:
        return
    token = console.ask("tokens.ask_token")
    found = clinic.diagnose(console.desk, meter, results[place], token)
    if isinstance(found, Refusal):
        console.refuse(found)
        return
    console.say(*token_telling.diagnosis_lines(console.words, found))
    if found.may_replace:
        _replace(console, found)


def _replace(console: Console, found: Diagnosis) -> None:
    """Another token for the sale, by two persons who may."""
    if console.desk.gate("free") is not None:
        console.tell("clinic.ask_supervisor")
        return
    if not console.confirm(console.words.say("clinic.replace_now", sale=found.sale)):
        return
    reason = console.ask("tokens.ask_reason")
    second = ask_second(console)
    say_made(console, clinic.replace(console.desk, found.sale, found.result, reason, second))


def ask_second(console: Console) -> SecondPerson:
    """Who agrees, with the PIN."""
    name = console.ask("tokens.ask_second")
    return SecondPerson(name, console.ask_secret("tokens.ask_second_pin"))


def say_made(console: Console, record: TokenRecord | Refusal) -> None:
    """The token, its sections numbered; then its slip."""
    if isinstance(record, Refusal):
        console.refuse(record)
        return
    console.say(*token_telling.record_lines(console.words, record))
    if console.desk.slips is not None and console.desk.writer is not None:
        buying.say_slip(console, token_book.print_slip(console.desk, record))
