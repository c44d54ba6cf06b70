"""The newest sales of this hall."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.record import SaleRecord
from kiosk.screens import telling
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.sale import SalePage, show_why
from kiosk.screens.staff.table import Table
from kiosk.till import history

_LISTED = 50


class Sales(StaffFrame):
    """Past sales, newest first; Enter opens one."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[SaleRecord] = []

    def heading(self) -> str:
        """What is listed."""
        return self.say("cashier.sales_title")

    def body(self) -> Iterable[Widget]:
        """The list."""
        keys = ("history_time", "meter", "amount", "history_energy", "history_state")
        yield Table([self.say(f"cashier.{key}") for key in keys])

    def hint(self) -> str:
        """Arrows and Enter."""
        return self.say("cashier.sales_keys")

    def on_mount(self) -> None:
        """Read the list."""
        self.ask_or_say(partial(history.last_sales, self.desk, _LISTED), self._listed)

    def _listed(self, records: list[SaleRecord]) -> None:
        self._records = records
        cells = [telling.sale_cells(self.words, record) for record in records]
        self.query_one(Table).fill([[cell[0], *cell[2:]] for cell in cells])
        if not records:
            self.note(self.say("cashier.history_empty"))

    def press_arrow(self, steps: int) -> None:
        """Choose another sale."""
        self.query_one(Table).move(steps)

    def press_enter(self) -> None:
        """Open the chosen sale."""
        if self._records:
            self.face_app.go(SalePage(self._records[self.query_one(Table).chosen], Sales))

    def press_other(self, key: str) -> None:
        """w says why the figures of the chosen sale are what they are."""
        if key == "w" and self._records:
            record = self._records[self.query_one(Table).chosen]
            show_why(self, record.committed.sale_id, Sales)

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.go_menu()
