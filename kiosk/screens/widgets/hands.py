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
        self.query_one("#answer", Static).update(answer)

    def offer(self, offers: Sequence[str]) -> None:
        """The hands can do something else now."""
        self.offers = list(offers)
        self.query_one("#offers", Static).update(self._offered())

    def _offered(self) -> str:
        return f"{self.title}: {'   '.join(self.offers)}" if self.offers else self.title
