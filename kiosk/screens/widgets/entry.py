"""A number as it is typed: groups of four, places to fill, a judgement after each digit."""

from __future__ import annotations

from textual.widgets import Static

from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS, check_number
from kiosk.errors import Refusal


def typed_in_groups(typed: str, places: int) -> str:
    """`typed` with an underscore for each missing digit, in groups of four."""
    filled = typed.ljust(places, "_")
    return "  ".join(" ".join(filled[start : start + 4]) for start in range(0, len(filled), 4))


def judge_number(typed: str) -> str | Refusal | None:
    """What the digits so far are: a meter or card number, a refusal, or None while they are few.

    Eleven digits with a wrong check digit may still become a card number, which has twelve.
    """
    if len(typed) < METER_DIGITS:
        return None
    if len(typed) == METER_DIGITS:
        return check_number(typed, METER_DIGITS, "meter")
    return check_number(typed, CARD_DIGITS, "card")


class NumberEntry(Static):
    """Digits being typed; the screen passes keys on. At most `most` digits are taken."""

    def __init__(self, typed: str = "", *, places: int = METER_DIGITS, most: int = 12) -> None:
        super().__init__(markup=False)
        self.typed, self.places, self.most = typed, places, most

    def on_mount(self) -> None:
        """Show what is there already."""
        self._show()

    def press(self, digit: int) -> bool:
        """Take one more digit; False when the number is full."""
        if len(self.typed) >= self.most:
            return False
        self.typed += str(digit)
        self._show()
        return True

    def clear_one(self) -> bool:
        """Take the last digit away; False when there is none."""
        if not self.typed:
            return False
        self.typed = self.typed[:-1]
        self._show()
        return True

    def clear_all(self) -> None:
        """Empty it."""
        self.typed = ""
        self._show()

    def _show(self) -> None:
        self.update(typed_in_groups(self.typed, self.places))


class AmountEntry(NumberEntry):
    """An amount in whole major units being typed."""

    def __init__(self, typed: str, currency: str) -> None:
        super().__init__(typed, most=9)
        self.currency = currency

    def _show(self) -> None:
        self.update(f"{self.typed or '_'} {self.currency}")
