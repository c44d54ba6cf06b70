"""Every device and its state, asked now."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.errors import Refusal
from kiosk.screens import hall_telling
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Page, Reading
from kiosk.screens.widgets.moving import Moving
from kiosk.till import maintain
from kiosk.till.maintain import DeviceState


class Devices(Page):
    """Each device in words, with what to do about it; Enter asks again."""

    def __init__(self, back: Back) -> None:
        super().__init__("", [], back)

    def heading(self) -> str:
        """What is listed."""
        return self.say("technician.devices")

    def body(self) -> Iterable[Widget]:
        """A running bar while a device is asked, and the list."""
        yield Moving()
        yield Reading(self.lines)

    def hint(self) -> str:
        """Enter asks again."""
        return self.say("technician.devices_keys")

    def on_mount(self) -> None:
        """Ask every device."""
        self.query_one(Moving).display = True
        self.note(self.say("kiosk.please_wait"))
        self.ask(partial(maintain.devices, self.desk), self._answered)

    def press_enter(self) -> None:
        """Ask again."""
        self.on_mount()

    def _answered(self, states: list[DeviceState] | Refusal) -> None:
        self.query_one(Moving).display = False
        if isinstance(states, Refusal):
            self.note(self.words.refusal(states), "warn")
            return
        self.note("")
        lines = (hall_telling.device_lines(self.words, state) for state in states)
        self.lines = [line for device in lines for line in device]
        self.query_one(Reading).show(self.lines)
