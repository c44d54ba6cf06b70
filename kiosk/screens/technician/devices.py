"""Every device and its state, asked now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from textual.widget import Widget

from kiosk.errors import Refusal
from kiosk.screens import hall_telling
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Confirm, Page, Reading
from kiosk.screens.widgets.moving import Moving
from kiosk.till import maintain, printer
from kiosk.till.maintain import DeviceState


class Devices(Page):
    """Each device in words, with what to do about it; Enter asks again. The printer gets a test
    slip and a new roll here."""

    def __init__(self, back: Back, said: str = "") -> None:
        super().__init__("", [], back)
        self.said = said

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
        self.said = ""
        self.on_mount()

    def press_digit(self, digit: int) -> None:
        """1 prints a test slip, 2 says that a new roll is in."""
        if digit == 1:
            self.ask_or_say(partial(printer.print_test, self.desk), self._test_sent)
        elif digit == 2:
            lines = self.say("technician.roll_confirm", lines=self.desk.settings.printer.roll_lines)
            title, keys = self.say("technician.roll_changed"), self.say("technician.roll_keys")
            self.face_app.go(NewRoll(title, [lines], keys, self.back))

    def _test_sent(self, _job: str) -> None:
        self.note(self.say("technician.test_print_sent"), "good")

    def _answered(self, states: list[DeviceState] | Refusal) -> None:
        self.query_one(Moving).display = False
        if isinstance(states, Refusal):
            self.note(self.words.refusal(states), "warn")
            return
        self.note(self.said)
        lines = (hall_telling.device_lines(self.words, state) for state in states)
        self.lines = [line for device in lines for line in device]
        self.query_one(Reading).show(self.lines)


class NewRoll(Confirm):
    """Restates that the roll in the printer is a new one: the count of its lines starts again."""

    def __init__(self, title: str, sentences: Sequence[str], keys: str, back: Back) -> None:
        super().__init__(title, sentences, keys, self._begin, partial(Devices, back))
        self._after = back

    def _begin(self) -> None:
        self.ask(partial(printer.roll_changed, self.desk), self._changed)

    def _changed(self, left: int | Refusal) -> None:
        if isinstance(left, Refusal):
            said = self.words.refusal(left)
        else:
            said = self.say("technician.roll_changed_done", lines=left)
        self.face_app.go(Devices(self._after, said))
