"""The technician, line by line: devices, sales in doubt, ledger check, settings."""

from __future__ import annotations

from functools import partial

from kiosk.errors import Refusal
from kiosk.screens import hall_telling
from kiosk.screens.lines import buying, cards, engineering, staff, tokens
from kiosk.screens.lines.console import Choice, Console
from kiosk.screens.lines.hands import use_hands
from kiosk.till import copies, maintain, printer


def run(console: Console) -> None:
    """One technician after the other until the input ends."""
    while True:
        if staff.sign_in(console, "maintain"):
            try:
                _serve(console)
            finally:
                staff.sign_out(console)


def _serve(console: Console) -> None:
    """The menu until the technician signs out."""
    at_work = True

    def leave() -> None:
        nonlocal at_work
        at_work = False

    console.tell("technician.banner", operator=console.desk.operator)
    if console.desk.damage:
        _rescue(console)
    while at_work:
        say = console.words.say
        choices: list[Choice] = [
            (say("technician.devices"), partial(_devices, console)),
            (say("cashier.open_sales"), partial(staff.open_sales, console)),
            (say("technician.journal_verify"), partial(_verify, console)),
            (say("technician.settings"), partial(_settings, console)),
            (say("linear.menu_status"), partial(staff.say_status, console)),
            (say("linear.menu_language"), console.change_language),
            (say("cashier.sign_out"), leave),
            (say("tokens.title"), partial(_tokens, console)),
            (say("cards.title"), partial(cards.serve, console)),
            (say("technician.test_print"), partial(_test_slip, console)),
            (say("technician.roll_changed"), partial(_new_roll, console)),
        ]
        if console.hands is not None:
            choices.append((say("rehearsal.strip"), partial(use_hands, console)))
        console.choose(choices)


def _tokens(console: Console) -> None:
    tokens.serve(console, engineering.choices(console))


def _devices(console: Console) -> None:
    console.tell("kiosk.please_wait")
    states = maintain.devices(console.desk)
    if isinstance(states, Refusal):
        console.refuse(states)
        return
    for state in states:
        console.say(*hall_telling.device_lines(console.words, state))


def _test_slip(console: Console) -> None:
    job = printer.print_test(console.desk)
    if isinstance(job, Refusal):
        console.refuse(job)
        return
    console.tell("technician.test_print_sent")
    buying.say_slip(console, job)


def _new_roll(console: Console) -> None:
    lines = console.desk.settings.printer.roll_lines
    if not console.confirm(console.words.say("technician.roll_confirm", lines=lines)):
        return
    left = printer.roll_changed(console.desk)
    if isinstance(left, Refusal):
        console.refuse(left)
    else:
        console.tell("technician.roll_changed_done", lines=left)


def _verify(console: Console) -> None:
    console.tell("kiosk.please_wait")
    console.say(*hall_telling.proof_lines(console.words, maintain.verify(console.desk)))


def _rescue(console: Console) -> None:
    """The damage, the sources, and the act when it is chosen; or that it was done."""
    if console.desk.rescued is not None:
        console.say(*hall_telling.rescued_lines(console.words, console.desk.rescued))
        return
    found = copies.sources(console.desk)
    console.say(*hall_telling.rescue_lines(console.words, console.desk.damage, found))
    if not found:
        return

    def act() -> None:
        console.tell("technician.rescue_running")
        outcome = copies.rescue(console.desk)
        if isinstance(outcome, Refusal):
            console.refuse(outcome)
        else:
            console.say(*hall_telling.rescued_lines(console.words, outcome))

    say = console.words.say
    console.choose([(say("technician.rescue_keys"), act), (say("keys.back"), lambda: None)])


def _settings(console: Console) -> None:
    for row in hall_telling.setting_rows(console.desk.settings):
        console.say(f"{row.name} = {row.value}. {row.sentence}")
