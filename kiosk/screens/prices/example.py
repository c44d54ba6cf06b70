"""The right half of the editor: the worked example, or every fault of the file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from kiosk.domain.tariff import Line, Quote
from kiosk.domain.tariff_toml import Fault
from kiosk.errors import Refusal
from kiosk.screens.tariff_telling import fault_sentence
from kiosk.till.tariff_drafts import Worked
from kiosk.words.book import Words
from kiosk.words.clean import clean

#: Columns of the right half.
WIDTH = 38


def example_lines(words: Words, worked: Worked) -> list[str]:
    """What the energy costs, what the amount buys then and now, and its lines: they come last,
    where a small screen has no room for the last of many."""
    return [
        *_wrapped(_case(words, worked)),
        *_energy(words, worked),
        *_amount(words, worked),
    ]


def _case(words: Words, worked: Worked) -> str:
    asked = worked.asked
    parts = [asked.power_type, asked.customer_class, asked.at.replace("T", " ")]
    if asked.used_wh:
        parts.append(words.say("prices.used", used_wh=asked.used_wh))
    return ", ".join(clean(part) for part in parts if part)


def _amount(words: Words, worked: Worked) -> Iterator[str]:
    currency, found = worked.pack.currency, worked.by_amount
    if isinstance(found, Refusal):
        yield from _wrapped(words.money(worked.asked.amount_minor, currency) + ":")
        yield from _wrapped(words.refusal(found))
        return
    yield from _wrapped(
        words.say(
            "prices.buys", currency=currency, amount_minor=found.amount_minor,
            energy_wh=found.energy_wh,
        )
    )  # fmt: skip
    if isinstance(worked.now, Quote):
        yield from _wrapped(words.say("prices.now", energy_wh=worked.now.energy_wh))
    yield from (_row(words, line, currency) for line in found.lines)


def _energy(words: Words, worked: Worked) -> Iterator[str]:
    currency, found = worked.pack.currency, worked.by_energy
    if isinstance(found, Refusal):
        yield from _wrapped(words.energy(worked.asked.energy_wh) + ":")
        yield from _wrapped(words.refusal(found))
        return
    yield from _wrapped(
        words.say(
            "prices.costs", currency=currency, energy_wh=worked.asked.energy_wh,
            amount_minor=found.amount_minor,
        )
    )  # fmt: skip


def _row(words: Words, line: Line, currency: str) -> str:
    """Label, amount and energy; a label that is too long is cut, figures never."""
    energy = words.energy(line.energy_wh).removesuffix(" kWh") if line.energy_wh else ""
    figures = f"{words.amount(line.amount_minor, currency):>9} {energy:>8}"
    label = clean(line.label or words.say(f"lines.{line.code}"))
    room = WIDTH - len(figures) - 2
    return f" {label[:room]:<{room}} {figures}"


def fault_lines(words: Words, faults: list[Fault]) -> list[str]:
    """Every fault with its line, as a clerk reads it."""
    lines = [words.say("prices.faults", count=len(faults))]
    for fault in faults:
        sentence = fault_sentence(words, fault)
        lines += _wrapped(words.say("prices.fault", line=fault.line, sentence=sentence))
    return lines


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH) or [""]
