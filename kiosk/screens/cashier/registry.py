"""Customers and meters at the counter: the menu of what may be done with them."""

from __future__ import annotations

from functools import partial

from kiosk.screens.staff.rows import Row, RowsMenu


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
        from kiosk.screens.cashier import registry_files as files
        from kiosk.screens.cashier import registry_open, registry_retire

        go = self.face_app.go
        return [
            (self.say("registry.menu_open"), lambda: go(registry_open.customer_form(self))),
            (self.say("registry.menu_customer"), lambda: go(files.customer_question(self))),
            (self.say("registry.menu_amend"), lambda: go(files.amend_question(self))),
            (self.say("registry.menu_meter"), lambda: go(files.meter_question(self))),
            (self.say("registry.menu_add"), lambda: go(registry_open.further_meter(self))),
            (self.say("registry.menu_replace"), lambda: go(registry_retire.replace_question(self))),
            (self.say("registry.menu_cancel"), lambda: go(registry_retire.cancel_question(self))),
            (self.say("registry.menu_records"), self._records),
            (self.say("registry.menu_setup"), self._setup),
        ]

    def _records(self) -> None:
        from kiosk.screens.staff.records import RecordsMenu

        self.face_app.go(RecordsMenu(RegistryMenu))

    def _setup(self) -> None:
        from kiosk.screens.staff.setup import SetupMenu

        self.face_app.go(SetupMenu(partial(RegistryMenu)))

    def press_cancel(self) -> None:
        """Back to the menu of the counter."""
        from kiosk.screens.cashier.counter import Counter

        self.face_app.go(Counter())
