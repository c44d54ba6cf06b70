"""How commands answer: JSON or lines on standard output, refusals as one sentence on stderr."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from kiosk.config import Settings
from kiosk.domain.energy import format_kwh
from kiosk.domain.money import format_amount
from kiosk.domain.record import SaleRecord
from kiosk.domain.tariff import Line
from kiosk.errors import Refusal
from kiosk.front.sentences import words_of
from kiosk.front.wiring import House
from kiosk.screens import telling
from kiosk.till import paper
from kiosk.words.book import Words

if TYPE_CHECKING:
    from kiosk.till.recover import Recovered


def out(text: str = "") -> None:
    """One line of the answer."""
    print(text)  # noqa: T201


def aside(text: str) -> None:
    """Something to know beside an answer in JSON."""
    print(f"kiosk: {text}", file=sys.stderr)  # noqa: T201


def json(value: Any) -> None:
    """The answer as JSON."""
    out(msgspec.json.format(msgspec.json.encode(value)).decode())


def settled(words: Words, recovered: Recovered, options: argparse.Namespace) -> None:
    """What was interrupted before and is ended now, before the answer; beside JSON on stderr."""
    from kiosk.screens.settled_telling import settled_lines

    for line in settled_lines(words, recovered):
        (aside if options.json else out)(line)


def refused(refusal: Refusal, settings: Settings) -> int:
    """The sentence of a refusal, and the exit code 1."""
    print(f"kiosk: {words_of(settings).refusal(refusal)}", file=sys.stderr)  # noqa: T201
    return 1


def trouble(sentence: str) -> int:
    """Another sentence of failure, and the exit code 1."""
    print(f"kiosk: {sentence}", file=sys.stderr)  # noqa: T201
    return 1


def copy(house: House, job: str | Refusal) -> int | Refusal:
    """Which copy of a slip is printed, and whether it was."""
    if isinstance(job, Refusal):
        return job
    if job:
        out(telling.copy_line(house.words, job))
    return slip(house, job)


def slip(house: House, job: str, *, silent: bool = False) -> int:
    """The printer's word on a slip; exit code 1 when it was not printed, or there is no printer.
    With `silent` a slip that was printed is not mentioned, for answers in JSON."""
    if not job:
        return trouble(house.words.say("cashier.no_printer"))
    state = paper.ended(house.desk, job)
    line = house.words.say("linear.slip_line", state=house.words.say(f"job.{state}"))
    if state != "printed":
        return trouble(line)
    if not silent:
        out(line)
    return 0


def who(parser: argparse.ArgumentParser) -> None:
    """The options that every word of a group takes."""
    parser.add_argument("--operator", default="", help="who does it; PIN on standard input")
    parser.add_argument("--json", action="store_true")


def second(parser: argparse.ArgumentParser) -> None:
    """The option of acts that need two persons."""
    parser.add_argument("--second", default="", help="who agrees; PIN on standard input, after")


def lines_json(lines: list[Line], words: Words, currency: str) -> list[dict[str, Any]]:
    """The lines of a quote or a sale, each with its reason as a sentence."""
    return [
        {
            "code": line.code,
            "label": label(line, words),
            "amount_minor": line.amount_minor,
            "energy_wh": line.energy_wh,
            "reason": words.reason(line.reason, line.values, currency),
        }
        for line in lines
    ]


def priced_lines(
    lines: list[dict[str, Any]], amount_minor: int, energy_wh: int, currency: str
) -> None:
    """The lines of `lines_json` in columns, and their sum."""
    for line in lines:
        amount = format_amount(line["amount_minor"], currency)
        energy = f"{format_kwh(line['energy_wh'])} kWh" if line["energy_wh"] else ""
        out(f"{line['label']!s:<28} {amount:>10} {currency} {energy:>14}  {line['reason']}")
    total = format_amount(amount_minor, currency)
    out(f"{'=':<28} {total:>10} {currency} {format_kwh(energy_wh) + ' kWh':>14}")


def label(line: Line, words: Words) -> str:
    """What a line is called: the tariff's own word, or ours for debt and rounding."""
    return line.label or words.say(f"lines.{line.code}")


def sale_json(record: SaleRecord, words: Words) -> dict[str, Any]:
    """A sale as the commands show it."""
    committed = record.committed
    return {
        "sale_id": committed.sale_id,
        "meter": committed.meter,
        "account": committed.account,
        "state": record.standing,
        "amount_minor": committed.amount_minor,
        "currency": committed.currency,
        "energy_wh": committed.energy_wh,
        "token": record.token,
        "free": [
            {
                "token": digits,
                "code": free.code,
                "energy_wh": free.energy_wh,
                "reason": free.reason,
                "second": free.second,
            }
            for free, digits in record.free()
        ],
        "card_purchase_number": record.purchase_number,
        "tenders": committed.tenders,
        "tendered_minor": committed.tendered_minor,
        "change_minor": committed.change_minor,
        "sequence": record.sequence,
        "time_ms": record.time_ms,
        "how": record.how,
        "reason": record.reason,
        "stages_ms": record.stages_ms,
        "lines": lines_json(committed.lines, words, committed.currency),
    }
