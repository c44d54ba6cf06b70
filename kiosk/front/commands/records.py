"""kiosk records: the lists of the past, for a person, a script or a spreadsheet."""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import UTC, datetime, timedelta

from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.screens import registry_telling
from kiosk.till import inquiry
from kiosk.till.inquiry import Listing, Span

_OVERALL = "overall"


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk records` takes."""
    parser.add_argument("name", choices=(*inquiry.LISTS, _OVERALL))
    parser.add_argument("number", nargs="?", default="", help="an account, meter or card")
    parser.add_argument("--from", dest="from_day", default="", help="YYYY-MM-DD, UTC")
    parser.add_argument("--to", dest="to_day", default="", help="YYYY-MM-DD, UTC, included")
    parser.add_argument("--limit", type=int, default=inquiry.LISTED)
    parser.add_argument("--format", choices=("lines", "csv", "json"), default="lines")
    say.who(parser)


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One list."""
    with opened(context.home, context.settings) as house:
        outcome = become(house.desk, options.operator) or _answer(house, options)
        if isinstance(outcome, Refusal):
            return say.refused(outcome, context.settings)
        return outcome


def _answer(house: House, options: argparse.Namespace) -> int | Refusal:
    if not 0 < options.limit <= 1_000_000:
        raise BadInput("--limit is a number from 1 to 1000000.")
    if options.name == _OVERALL:
        return _overall(house, options)
    span = Span(
        day_ms(options.from_day, 0), day_ms(options.to_day, 2**62, whole=True),
        options.number.replace(" ", ""), options.limit,
    )  # fmt: skip
    found = inquiry.listing(house.desk, options.name, span)
    if isinstance(found, Refusal):
        return found
    _write(house, found, "json" if options.json else options.format)
    return 0


def _overall(house: House, options: argparse.Namespace) -> int | Refusal:
    found = inquiry.overall(house.desk, options.number, options.limit)
    if isinstance(found, Refusal):
        return found
    if options.json or options.format == "json":
        lists = {each.name: _objects(each) for each in found.lists}
        money = {
            "debt_minor": found.debt_minor, "kept_minor": found.kept_minor,
            "capital_minor": found.capital_minor,
            "closed": found.is_closed,
        }  # fmt: skip
        say.json({"customer": found.customer, **money, **lists})
        return 0
    for line in registry_telling.overall_lines(house.words, found):
        say.out(line)
    return 0


def _write(house: House, found: Listing, shape: str) -> None:
    if shape == "json":
        say.json(_objects(found))
    elif shape == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(found.columns)
        writer.writerows(["" if v is None else v for v in row] for row in found.rows)
    else:
        if not found.rows:
            say.aside(house.words.say("records.none"))
        for line in registry_telling.listing_lines(house.words, found):
            say.out(line)


def _objects(found: Listing) -> list[dict[str, inquiry.Value]]:
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def day_ms(text: str, otherwise: int, *, whole: bool = False) -> int:
    """Midnight UTC of a day, or its last millisecond for a `whole` day; `otherwise` for none."""
    if not text:
        return otherwise
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        day += timedelta(days=1 if whole else 0)
    except (ValueError, OverflowError):
        raise BadInput(f"{text[:40]!r}: write the day as YYYY-MM-DD.") from None
    return int(day.timestamp()) * 1000 - (1 if whole else 0)
