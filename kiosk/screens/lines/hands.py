"""The customer's hands in a rehearsal, line by line."""

from __future__ import annotations

from functools import partial

from kiosk.screens.lines.console import Choice, Console


def use_hands(console: Console) -> None:
    """Cards in and out, tokens into meters: what a customer would do now."""
    words = console.words
    choices: list[Choice] = [
        (words.say("linear.hands_card_in"), partial(_card_in, console)),
        (words.say("rehearsal.card_out"), partial(_card_out, console)),
        (words.say("rehearsal.meter_enter"), partial(_enter_token, console)),
        (words.say("rehearsal.meter_insert"), partial(_insert_in_meter, console)),
        (words.say("rehearsal.meter_show"), partial(_show_meter, console)),
        (words.say("rehearsal.card_blank"), partial(_blank_in, console)),
    ]
    console.choose(choices)


def _card_in(console: Console) -> None:
    number = console.ask("linear.prompt_number")
    if number and console.hands is not None:
        console.say_hands(console.hands.insert_card(number))


def _blank_in(console: Console) -> None:
    if console.hands is not None:
        console.say_hands(console.hands.insert_other("blank"))


def _card_out(console: Console) -> None:
    if console.hands is not None:
        console.say_hands(console.hands.pull_card())


def _enter_token(console: Console) -> None:
    meter = console.ask("linear.prompt_meter")
    token = console.ask("linear.prompt_token").replace(" ", "") if meter else ""
    if token and console.hands is not None:
        console.say_hands(console.hands.enter_token(meter, token))


def _insert_in_meter(console: Console) -> None:
    meter = console.ask("linear.prompt_meter")
    if meter and console.hands is not None:
        console.say_hands(console.hands.insert_in_meter(meter))


def _show_meter(console: Console) -> None:
    meter = console.ask("linear.prompt_meter")
    if meter and console.hands is not None:
        console.say_hands(console.hands.show_meter(meter))
