"""Customers and meters at the counter: the menu of what may be done with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kiosk.screens.cashier import registry_files, registry_open, registry_retire
from kiosk.screens.setup import SetupMenu
from kiosk.screens.staff.form import Form
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.records import RecordsMenu
from kiosk.screens.staff.rows import Row, RowsMenu

#: The rows that open a form: each names a sentence registry.menu_*.
_FORMS = (
    ("open", registry_open.customer_form),
    ("customer", registry_files.customer_question),
    ("amend", registry_files.amend_question),
    ("meter", registry_files.meter_question),
    ("add", registry_open.further_meter),
    ("replace", registry_retire.replace_question),
    ("cancel", registry_retire.cancel_question),
)


class RegistryMenu(RowsMenu):
    """Open, look up, amend, replace, cancel; records and setup."""

    def heading(self) -> str:
        """What this is."""
        return self.say("registry.title")

    def help_text(self) -> str:
        """What this menu is for."""
        return self.say("registry.menu_help")

    def rows(self) -> list[Row]:
        """Every screen behind this menu."""
        forms = [
            (self.say(f"registry.menu_{name}"), partial(self._form, make)) for name, make in _FORMS
        ]
        go = self.face_app.go
        return [
            *forms,
            (self.say("registry.menu_records"), lambda: go(RecordsMenu(RegistryMenu))),
            (self.say("registry.menu_setup"), lambda: go(SetupMenu(RegistryMenu))),
        ]

    def _form(self, make: Callable[[StaffFrame, Back], Form]) -> None:
        self.face_app.go(make(self, RegistryMenu))

    def press_cancel(self) -> None:
        """Back to the menu of the counter."""
        self.go_menu()
