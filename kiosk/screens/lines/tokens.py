"""Tokens line by line: list, copy, a check against a meter, and the clinic; the same verbs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from kiosk.errors import Refusal
from kiosk.screens import token_telling
from kiosk.screens.lines import buying
from kiosk.screens.lines.console import Choice, Console
from kiosk.till import clinic, token_book

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
        console.tell("cashier.history_empty")
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
    else:
        console.say(*token_telling.diagnosis_lines(console.words, found))
