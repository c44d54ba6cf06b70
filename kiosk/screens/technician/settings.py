"""The settings of this machine, each with its sentence."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from kiosk.screens import telling
from kiosk.screens.staff.page import Page, Reading


class SettingsPage(Page):
    """Every setting of kiosk.toml as it is now; the file is where it is changed."""

    def __init__(self) -> None:
        from kiosk.screens.technician.menu import TechnicianMenu

        super().__init__("", [], TechnicianMenu)

    def heading(self) -> str:
        """What is listed."""
        return self.say("technician.settings")

    def body(self) -> Iterable[Widget]:
        """Value first, sentence below."""
        rows = telling.setting_rows(self.desk.settings)
        yield Reading(
            [line for row in rows for line in (f"{row.name} = {row.value}", f"    {row.sentence}")]
        )
