"""The setup menu of a supervisor: parameters, ports, dictionary, slip, prices, operators.

What is set stands in kiosk.toml and is shown here with its sentence; operators are facts.
"""

from __future__ import annotations

from functools import partial

from kiosk.screens import hall_telling
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.operators import Operators
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.records import RecordsMenu
from kiosk.screens.staff.rows import Row, RowsMenu

#: A row of the menu and the sections of kiosk.toml behind it.
_SECTIONS = {
    "parameters": ("site", "limits", "faces", "upstream", "rehearsal"),
    "ports": ("card", "cash", "printer", "vending"),
    "dictionary": ("registry",),
}


class SetupMenu(RowsMenu):
    """One menu for everything that is set up."""

    def __init__(self, back: Back) -> None:
        super().__init__()
        self.back = back

    def heading(self) -> str:
        """What this is."""
        return self.say("setup.title")

    def help_text(self) -> str:
        """Where things are set."""
        return self.say("setup.help")

    def on_mount(self) -> None:
        """Say where things are set."""
        self.note(self.help_text())

    def rows(self) -> list[Row]:
        """Settings by subject, prices, operators, records."""
        shown: list[Row] = [
            (self.say(f"setup.{name}"), partial(self._settings, name)) for name in _SECTIONS
        ]
        return [
            *shown,
            (self.say("setup.slip"), self._slip),
            (self.say("setup.prices"), self._prices),
            (self.say("operators.title"), self._operators),
            (self.say("records.title"), self._records),
        ]

    def _again(self) -> Back:
        return partial(SetupMenu, self.back)

    def _show(self, title: str, lines: list[str]) -> None:
        self.face_app.go(Page(title, lines, self._again()))

    def _settings(self, name: str) -> None:
        wanted = tuple(f"[{section}]" for section in _SECTIONS[name])
        rows = [
            r for r in hall_telling.setting_rows(self.desk.settings) if r.name.startswith(wanted)
        ]
        lines = [line for r in rows for line in (f"{r.name} = {r.value}", f"    {r.sentence}")]
        self._show(self.say(f"setup.{name}"), lines)

    def _slip(self) -> None:
        """The slip of the invoice format: its head and foot, and how wide it is."""
        site, printer = self.desk.settings.site, self.desk.settings.printer
        lines = [site.utility, site.hall, "...", site.footer, "",
                 f"[printer] columns = {printer.columns}, profile = {printer.profile}"]  # fmt: skip
        self._show(self.say("setup.slip"), lines)

    def _prices(self) -> None:
        # The editor reads and writes TOML; few who open a menu open this row.
        from kiosk.screens.prices.menu import PricesMenu

        self.face_app.go(PricesMenu(self._again()))

    def _operators(self) -> None:
        self.face_app.go(Operators(self._again()))

    def _records(self) -> None:
        self.face_app.go(RecordsMenu(self._again()))

    def press_cancel(self) -> None:
        """Back to where it came from."""
        self.face_app.go(self.back())
