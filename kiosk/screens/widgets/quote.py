"""What an amount buys, line by line: label and amount, the energy below."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import Static

from kiosk.domain.free_units import FreeUnits
from kiosk.domain.tariff import Line, Quote
from kiosk.screens.telling import free_lines
from kiosk.words.book import Words

_COLUMNS = 42


class QuoteView(Static):
    """The lines of a quote; empty until there is one. `reasons` adds why each line is there."""

    def __init__(self, words: Words, found: Quote | None = None, *, reasons: bool = False) -> None:
        super().__init__(markup=False)
        self.words, self.reasons = words, reasons
        self._found = found

    def on_mount(self) -> None:
        """Show what was given."""
        if self._found is not None:
            self.show(self._found)

    def show(self, found: Quote, free: Sequence[FreeUnits] = ()) -> None:
        """Show a quote, and what is given beside it."""
        rows = quote_text(self.words, found, reasons=self.reasons)
        self.update("\n".join([*rows, *free_lines(self.words, free)]))

    def forget(self) -> None:
        """No quote is valid now."""
        self.update("")


def quote_text(words: Words, found: Quote, *, reasons: bool) -> list[str]:
    """The quote as lines of at most 42 columns; with `reasons` each line says why."""
    rows = [
        words.say("kiosk.quote_title", currency=found.currency, amount_minor=found.amount_minor)
    ]
    rows += [words.energy(found.energy_wh), ""]
    for line in found.lines:
        rows.append(_row(words, line, found.currency))
        if reasons:
            rows.append(f"  {words.reason(line.reason, line.values, found.currency)}")
    rows.append("-" * _COLUMNS)
    total = words.money(found.amount_minor, found.currency)
    label = words.say("lines.total")
    rows.append(f"{label}{total.rjust(_COLUMNS - len(label))}")
    return rows


def _row(words: Words, line: Line, currency: str) -> str:
    given = line.amount_minor == 0 and line.energy_wh
    amount = words.energy(line.energy_wh) if given else words.amount(line.amount_minor, currency)
    label = (line.label or words.say(f"lines.{line.code}"))[: _COLUMNS - len(amount) - 1]
    return f"{label}{amount.rjust(_COLUMNS - len(label))}"
