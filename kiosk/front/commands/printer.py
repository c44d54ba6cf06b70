"""kiosk printer: a test slip to look at, and the count of paper when a new roll is in."""

from __future__ import annotations

import argparse

from kiosk.errors import Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.till import printer


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What each word takes."""
    words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
    words.add_parser("test", help="print a test slip: width, letters, cut")
    words.add_parser("new-roll", help="a new roll is in: count its paper from the start")
    for word in words.choices.values():
        say.who(word)


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word of `kiosk printer`."""
    with opened(context.home, context.settings, paper=True) as house:
        outcome = become(house.desk, options.operator) or _act(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def _act(house: House, options: argparse.Namespace) -> int | Refusal:
    if options.word == "test":
        job = printer.print_test(house.desk)
        if isinstance(job, Refusal):
            return job
        if options.json:
            say.json({"job": job})
        return say.slip(house, job, silent=options.json)
    left = printer.roll_changed(house.desk)
    if isinstance(left, Refusal):
        return left
    if options.json:
        say.json({"paper_left_lines": left})
    else:
        say.out(house.words.say("technician.roll_changed_done", lines=left))
    return 0
