"""kiosk clinic: what the meter said, and the right next step."""

from __future__ import annotations

import argparse

from kiosk.errors import Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.operator import become
from kiosk.front.wiring import opened
from kiosk.screens import token_telling
from kiosk.till import clinic


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk clinic` takes."""
    parser.add_argument("meter")
    parser.add_argument("result", choices=list(clinic.STEPS), help="what the meter shows")
    parser.add_argument("--token", default="", help="20 digits (empty: the meter's last token)")
    say.who(parser)


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One diagnosis."""
    with opened(context.home, context.settings) as house:
        found = become(house.desk, options.operator) or clinic.diagnose(
            house.desk, options.meter, options.result, options.token
        )
        if isinstance(found, Refusal):
            return say.refused(found, context.settings)
        if options.json:
            say.json(found)
            return 0
        for line in token_telling.diagnosis_lines(house.words, found):
            say.out(line)
    return 0
