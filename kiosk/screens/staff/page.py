"""Two plain screens: a page to read, and a question that restates what will be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.words.clean import clean

#: So many sentences have a line between them on a screen of 24 rows; more stand close together.
_ROOMY = 4


class Reading(VerticalScroll, can_focus=False):
    """Lines, made harmless already, that may be more than fit; the screen scrolls them."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = list(lines)

    def compose(self) -> Iterable[Widget]:
        """One paragraph a line."""
        yield Static("\n".join(self._lines), classes="reading", markup=False)

    def show(self, lines: Sequence[str]) -> None:
        """Show other lines, from the top."""
        self._lines = list(lines)
        self.query_one(".reading", Static).update("\n".join(self._lines))
        self.scroll_home(animate=False)

    def move(self, steps: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=steps, animate=False)


class Page(StaffFrame):
    """Something to read; Esc goes back."""

    def __init__(self, title: str, lines: Sequence[str], back: Back) -> None:
        super().__init__()
        self.page_title, self.lines, self.back = title, list(lines), back

    def heading(self) -> str:
        """What the page is about."""
        return self.page_title

    def body(self) -> Iterable[Widget]:
        """The lines."""
        yield Reading(self.lines)

    def hint(self) -> str:
        """Arrows and Esc."""
        return self.say("technician.page_keys")

    def press_arrow(self, steps: int) -> None:
        """Scroll."""
        self.query_one(Reading).move(steps)

    def press_cancel(self) -> None:
        """Back to where it came from."""
        self.face_app.go(self.back())

    def press_enter(self) -> None:
        """Enter leaves a page that was read."""
        self.press_cancel()


class Confirm(StaffFrame):
    """Restates what will be done; only Enter does it, once."""

    def __init__(
        self, title: str, sentences: Sequence[str], keys: str, yes: Callable[[], None], back: Back
    ) -> None:
        super().__init__()
        self.page_title, self.sentences, self.keys = title, list(sentences), keys
        self._yes, self.back = yes, back
        self._done = False

    def heading(self) -> str:
        """The question in a word."""
        return self.page_title

    def body(self) -> Iterable[Widget]:
        """What will be done, in full."""
        close = " -close" if len(self.sentences) > _ROOMY else ""
        for sentence in self.sentences:
            yield Static(clean(sentence), classes=f"restated{close}", markup=False)

    def hint(self) -> str:
        """Enter does it."""
        return self.keys

    def press_enter(self) -> None:
        """Do it; the key is dead afterwards (E05)."""
        if not self._done:
            self._done = True
            self._yes()

    def press_cancel(self) -> None:
        """Do not."""
        if not self._done:
            self.face_app.go(self.back())
