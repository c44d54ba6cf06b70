"""Find a customer by meter, name, account or card number."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS, check_number
from kiosk.errors import Refusal
from kiosk.screens.cashier.customer import CustomerPage
from kiosk.screens.staff.entry import TextEntry
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.table import Table
from kiosk.till import history
from kiosk.till.history import RegistryRow

_KINDS = {METER_DIGITS: "meter", CARD_DIGITS: "card"}


class Find(StaffFrame):
    """One entry for any number or name, and what was found below it."""

    TYPING = True

    def __init__(self) -> None:
        super().__init__()
        self._found: list[RegistryRow] = []
        self._searched = ""

    def heading(self) -> str:
        """The question."""
        return self.say("cashier.find_title")

    def body(self) -> Iterable[Widget]:
        """The entry and the list."""
        yield TextEntry(self.say("cashier.search"), self._searched)
        keys = ("meter", "customer", "account", "meter_kind", "card")
        headings = [self.say(f"cashier.{key}") for key in keys]
        yield Table([*headings, self.say("slip.address")])

    def hint(self) -> str:
        """Type, Enter, arrows."""
        return self.say("cashier.find_keys")

    def press_character(self, character: str) -> None:
        """One more character; the list is of another text now."""
        self.query_one(TextEntry).press(character)

    def press_clear(self) -> None:
        """One character less."""
        self.query_one(TextEntry).clear_one()

    def press_arrow(self, steps: int) -> None:
        """Choose another row."""
        self.query_one(Table).move(steps)

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.go_menu()

    def press_enter(self) -> None:
        """Search for what is typed; for the same text again, take the chosen row."""
        typed = self.query_one(TextEntry).typed.strip()
        if self._found and typed == self._searched:
            self._open(self._found[self.query_one(Table).chosen])
            return
        refused = mistyped(typed)
        if refused is not None:
            self.note(self.words.refusal(refused), "warn")
        elif typed:
            self._searched = typed
            self.ask_or_say(partial(history.find, self.desk, typed), self._searched_for)

    def _searched_for(self, rows: list[RegistryRow]) -> None:
        self._found = rows
        self.query_one(Table).fill([self._cells(row) for row in rows])
        if not rows:
            self.note(self.say("cashier.search_empty", text=self._searched), "warn")
        elif len(rows) == 1:
            self._open(rows[0])
        else:
            self.note(self.say("cashier.found", count=len(rows)))

    def _cells(self, row: RegistryRow) -> list[str]:
        meter, customer = row.meter, row.customer
        card = row.card.number if row.card is not None else ""
        kind = self.say(
            "technician.meter_blocked" if meter.blocked else f"cashier.kind_{meter.kind}"
        )
        return [meter.number, customer.name, meter.account, kind, card, customer.address]

    def _open(self, row: RegistryRow) -> None:
        self.face_app.go(CustomerPage(row.meter.number))


def mistyped(text: str) -> Refusal | None:
    """A number as long as a meter's or a card's, with a wrong check digit (E24)."""
    bare = text.replace(" ", "")
    kind = _KINDS.get(len(bare), "") if bare.isascii() and bare.isdecimal() else ""
    checked = check_number(bare, len(bare), kind) if kind else ""
    return checked if isinstance(checked, Refusal) else None
