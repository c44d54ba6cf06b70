"""What the customer's hands can do at a screen in a rehearsal, and the keys of such a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec
from textual.widget import Widget

from kiosk.domain.money import decimals
from kiosk.errors import KioskError
from kiosk.screens.frame import Frame
from kiosk.screens.widgets.hands import HandsStrip

if TYPE_CHECKING:
    from kiosk.ports import Hands, HandsAnswer


class Deed(msgspec.Struct, frozen=True):
    """Something the customer's hands can do in a rehearsal."""

    text: str
    act: Callable[[Hands], HandsAnswer]
    #: The hands only look: the answer is what can be read.
    looks: bool = False


class Handed(Frame):
    """A screen of the customer; below it lie the customer's hands in a rehearsal."""

    def deeds(self) -> list[Deed]:
        """What digits 1 to 9 let the hands do here; empty where digits mean something else."""
        return []

    def aside(self) -> str:
        """What the strip says where digits mean something else."""
        return self.say("rehearsal.hands_by_help")

    def foot(self) -> Iterable[Widget]:
        """The hands, in a rehearsal."""
        if self.face_app.hands is not None:
            yield HandsStrip(self.say("rehearsal.strip"), self._offers(), self.face_app.hands_said)

    def _offers(self) -> list[str]:
        offers = [f"{digit} {deed.text}" for digit, deed in enumerate(self.deeds(), 1)]
        return offers or [self.aside()]

    def offer_again(self) -> None:
        """The hands can do something else now."""
        for strip in self.query(HandsStrip):
            strip.offer(self._offers())

    def press_digit(self, digit: int) -> None:
        """A deed of the hands."""
        deeds = self.deeds() if self.face_app.hands is not None else []
        if 1 <= digit <= len(deeds):
            do_deed(self, deeds[digit - 1])

    def hints(self, **what: str) -> str:
        """The line of keys: `enter="go_on"` says "Enter: go on"; a rehearsal adds the PC's key."""
        shown = []
        for key, deed in what.items():
            backspace = self.say("keys.backspace")
            on_a_pc = {"cancel": "=Esc", "clear": f"={backspace}", "help": "=?"}.get(key, "")
            own = on_a_pc if self.face_app.hands is not None else ""
            name = f"{self.say(f'keys.{key}')}{own}"
            shown.append(name if deed == key else f"{name}: {self.say(f'kiosk.do_{deed}')}")
        return "   ".join(shown)


def do_deed(screen: Handed, deed: Deed) -> None:
    """Let the hands do it in a worker of their own, and say what came of it."""
    app = screen.face_app
    hands = app.hands
    assert hands is not None

    def act() -> HandsAnswer:
        try:
            return deed.act(hands)
        except KioskError as error:
            from kiosk.ports import HandsAnswer

            return HandsAnswer(False, error.sentence)

    def told(answer: HandsAnswer) -> None:
        app.hands_said = hands_sentence(screen, answer, looks=deed.looks)
        for strip in app.screen.query(HandsStrip):
            strip.tell(app.hands_said)

    app.ask(act, told, group="hands")


def hands_sentence(screen: Frame, answer: HandsAnswer, *, looks: bool) -> str:
    """What a device answered to the hands, in words."""
    if looks and answer.energy_left_wh is not None:
        return screen.say("rehearsal.meter_reads", left_wh=answer.energy_left_wh)
    key = f"rehearsal.result.{answer.result}"
    said = screen.say(key) if screen.words.knows(key) else answer.result
    if answer.energy_left_wh is None:
        return said
    return screen.say(
        "rehearsal.meter_answer",
        said=said,
        energy_wh=answer.energy_wh_added,
        left_wh=answer.energy_left_wh,
    )


def note_deeds(screen: Handed) -> list[Deed]:
    """One deed a note that the rehearsal's acceptor knows."""
    unit = 10 ** decimals(screen.desk.currency)
    deeds = []
    for note in screen.desk.settings.cash.notes[:9]:
        deeds.append(
            Deed(str(note), lambda hands, amount=note * unit: hands.feed_note(amount))  # type: ignore[misc]
        )
    return deeds
