"""The rehearsal strip: two lines that play the customer's hands with digits alone (design 8)."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static


class HandsStrip(Vertical):
    """What the hands can do now, each with its digit, and what came of the last deed."""

    def __init__(self, title: str, offers: Sequence[str], answer: str = "") -> None:
        super().__init__()
        self.title, self.offers, self.answer = title, list(offers), answer

    def compose(self) -> ComposeResult:
        """Offers above, answer below."""
        yield Static(self._offered(), id="offers", markup=False)
        yield Static(self.answer, id="answer", markup=False)

    def tell(self, answer: str) -> None:
        """Say what came of a deed."""
        self.answer = answer
        self._show("#answer", answer)

    def offer(self, offers: Sequence[str]) -> None:
        """The hands can do something else now."""
        self.offers = list(offers)
        self._show("#offers", self._offered())

    def _show(self, place: str, text: str) -> None:
        """Before it is drawn there is nothing to change: it will be drawn with the new text."""
        for line in self.query(place).results(Static):
            line.update(text)

    def _offered(self) -> str:
        return f"{self.title}: {'   '.join(self.offers)}" if self.offers else self.title
