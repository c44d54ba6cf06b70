"""The card in the reader: whose it is, and an unfinished purchase on it is settled first (E03)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from textual.widget import Widget
from textual.widgets import Static

from kiosk.errors import Refusal
from kiosk.screens.self_service.ending import Ending
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.screens.widgets.moving import Moving
from kiosk.till.greet import Greeted, find_buyer_by_card
from kiosk.till.recover import Recovered, recover


class ReadCard(Step):
    """Reads the card; `then` makes the step after it."""

    PATIENCE = 0

    def __init__(self, then: Callable[[Visit], Step]) -> None:
        super().__init__()
        self._then = then

    def heading(self) -> str:
        """What is being done."""
        return self.say("kiosk.reading_card")

    def body(self) -> Iterable[Widget]:
        """A moving sign and what to leave alone."""
        yield Moving()
        yield Static("", classes="gap")
        yield Static(self.say("kiosk.do_not_remove"), classes="strong", markup=False)

    def on_mount(self) -> None:
        """Read it."""
        self.ask(partial(find_buyer_by_card, self.desk), self._read)

    def _read(self, found: Greeted | Refusal) -> None:
        if isinstance(found, Refusal):
            self._end(self.words.refusal(found), "warn")
        elif found.unfinished is not None:
            self.note(self.say("kiosk.unfinished_found"), "warn")
            sale_id = found.unfinished.committed.sale_id
            self.ask(
                partial(recover, self.desk), lambda settled: self._settled(found, sale_id, settled)
            )
        else:
            self.face_app.go(self._then(Visit(found.buyer)))

    def _settled(self, found: Greeted, sale_id: str, settled: Recovered | Refusal) -> None:
        """Say how the earlier purchase ended; after a void the customer may go on at once."""
        if isinstance(settled, Refusal):
            self._end(self.words.refusal(settled), "warn")
            return
        record = next((r for r in settled.sales if r.committed.sale_id == sale_id), None)
        if record is None:
            self._end(self.say("kiosk.sale_in_doubt", sale=sale_id), "warn")
        elif record.state == "delivered":
            energy = self.say("kiosk.unfinished_done", energy_wh=record.committed.energy_wh)
            self._end(energy, "good", Visit(found.buyer, record=record))
        else:
            self.on_mount()  # the money is kept for the meter now: read it again

    def _end(self, sentence: str, kind: str, visit: Visit | None = None) -> None:
        self.face_app.go(Ending([sentence], kind=kind, visit=visit))
