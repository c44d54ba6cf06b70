"""kiosk why: every figure of a sale, from the money to the energy, in the customer's language."""

from __future__ import annotations

import argparse

from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.operator import become
from kiosk.front.sentences import words_of
from kiosk.front.wiring import House, opened
from kiosk.screens import account_telling, telling
from kiosk.till import history
from kiosk.words.book import languages


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk why` takes."""
    parser.add_argument("sale", help="sale id, or the token")
    parser.add_argument("--language", default="", help="that of the customer, such as fr")
    say.who(parser)


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One sale, replayed from the tariff pack that it was priced with."""
    known = [code for code, _ in languages()]
    if options.language and options.language not in known:
        raise BadInput(f"--language must be one of {', '.join(known)}.")
    with opened(context.home, context.settings) as house:
        outcome = become(house.desk, options.operator) or _why(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def _why(house: House, options: argparse.Namespace) -> int | Refusal:
    explained = history.why(house.desk, options.sale)
    if isinstance(explained, Refusal):
        return explained
    record = explained.record
    words = words_of(house.settings, options.language)
    lines = account_telling.why_lines(words, explained)
    if options.json:
        shown = say.sale_json(record, words)
        shown["tariff_digest"] = record.committed.tariff_digest
        shown["replay_agrees"] = explained.same
        shown["undone"] = explained.undone
        shown["says"] = lines
        say.json(shown)
    else:
        committed = record.committed
        state = words.say(f"state.{record.standing}")
        say.out(f"{words.say('slip.sale')} {committed.sale_id}  {committed.meter}  {state}")
        for line in [*lines, *telling.delivery_lines(words, record)]:
            say.out(line)
    return 0 if explained.same else say.trouble("The stored prices do not give these figures.")
