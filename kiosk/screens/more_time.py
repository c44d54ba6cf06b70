"""The two screens that may come over any other: more time, and something went wrong."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from kiosk.errors import KioskError
from kiosk.screens.frame import Frame


class MoreTime(Frame):
    """Asks whether somebody is still there; any key goes back to where it was."""

    def __init__(self, over: Frame) -> None:
        super().__init__()
        self.over = over

    def heading(self) -> str:
        """The question."""
        return self.say("kiosk.more_time")

    def body(self) -> Iterable[Widget]:
        """How long it still waits."""
        yield Static(self._help(), id="sentence", markup=False)

    def _help(self) -> str:
        return self.say("kiosk.more_time_help", seconds=max(0, self._left_s()))

    def _left_s(self) -> int:
        return self.face_app.idle_left_s(self.over.PATIENCE)

    def tick(self) -> None:
        """A second has gone."""
        if self._left_s() > 0:
            for sentence in self.query("#sentence").results(Static):  # none while it is drawn
                sentence.update(self._help())
            return
        self.app.pop_screen()
        self.over.time_is_up()

    def press_other(self, _key: str) -> None:
        """Any key goes on."""
        self.app.pop_screen()

    def press_digit(self, _digit: int) -> None:
        """Any key goes on."""
        self.app.pop_screen()

    press_enter = press_cancel = press_clear = press_help = lambda self: self.press_other("")


class Fault(Frame):
    """Says that something went wrong, under which case number, and what to do."""

    PATIENCE = 1

    def __init__(self, case: str, error: Exception) -> None:
        super().__init__()
        self.case = case
        self.sentence = error.sentence if isinstance(error, KioskError) else ""

    def heading(self) -> str:
        """What happened."""
        return self.say("kiosk.fault")

    def body(self) -> Iterable[Widget]:
        """The case number and what to do."""
        yield Static(self.say("kiosk.fault_case", case=self.case), id="sentence", markup=False)
        yield Static(self.sentence, classes="plain", markup=False)

    def hint(self) -> str:
        """Enter goes back."""
        return self.say("kiosk.keys_go_on")

    def press_enter(self) -> None:
        """Back to the first screen."""
        self.face_app.start_over()

    press_cancel = press_enter
