"""The status bar of the staff's faces: operator, line, unsent facts, doubts, printer, clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from kiosk.screens.status_telling import status_parts
from kiosk.words.book import Words

if TYPE_CHECKING:
    from kiosk.till.maintain import Status


_BETWEEN = " | "


class StatusBar(Static):
    """What the app fills in once a second; a row ends between two parts, never inside one."""

    def __init__(self, words: Words, seen: Status | None = None) -> None:
        super().__init__(markup=False)
        self.words, self.seen = words, seen

    def show(self, seen: Status) -> None:
        """Show a new status."""
        self.seen = seen
        self.refresh()

    def render(self) -> Content:
        """The status in rows as wide as the bar."""
        parts = status_parts(self.words, self.seen) if self.seen is not None else []
        return Content("\n".join(_rows(parts, self.content_size.width)))


def _rows(parts: list[str], width: int) -> list[str]:
    rows: list[str] = []
    for part in parts:
        longer = f"{rows[-1]}{_BETWEEN}{part}" if rows else part
        if rows and len(longer) <= width:
            rows[-1] = longer
        else:
            rows.append(part)
    return rows
