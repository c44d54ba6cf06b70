"""A draft of prices while somebody works at it: what the editor and its questions share."""

from __future__ import annotations

from typing import Protocol

from kiosk.domain import tariff_editing as editing
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.till.tariff_drafts import Asked

#: So many changes can be undone.
_MOST_UNDONE = 200


class Edit(Protocol):
    """Makes the editor again."""

    def __call__(self, *, opened: bool = False) -> StaffFrame:
        """With the chosen line open for typing, or not."""


class Work:
    """One draft while somebody works at it: its texts, the chosen line, the question priced."""

    def __init__(self, name: str, text: str, back: Back) -> None:
        self.name, self.text, self.back = name, text, back
        self.before: list[str] = []
        self.place = 0
        self.asked = Asked()

    @property
    def lines(self) -> list[str]:
        """The lines of the file."""
        return editing.lines_of(self.text)

    def change(self, text: str) -> None:
        """Another text; the one before can come back."""
        if text != self.text:
            self.before = [*self.before[1 - _MOST_UNDONE :], self.text]
            self.text = text
        self.place = max(0, min(self.place, len(self.lines) - 1))

    def undo(self) -> bool:
        """The text before the last change; False when there is none."""
        if not self.before:
            return False
        self.text = self.before.pop()
        self.place = max(0, min(self.place, len(self.lines) - 1))
        return True
