"""What one customer's visit carries from step to step, and the base of all steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from kiosk.domain.money import decimals
from kiosk.errors import KioskError
from kiosk.screens.frame import Frame
from kiosk.screens.widgets.hands import HandsStrip

if TYPE_CHECKING:
    from kiosk.domain.record import SaleRecord
    from kiosk.ports import Hands, HandsAnswer
    from kiosk.till.maintain import Readiness
    from kiosk.till.quote import Buyer, Offer


@dataclass
class Visit:
    """One customer from confirming the meter to the last slip; the sale id never changes."""

    buyer: Buyer
    offer: Offer | None = None
    record: SaleRecord | None = None
    job: str = ""

    @property
    def sale_id(self) -> str:
        """The id made at the first quote, or "" before it."""
        return self.offer.sale_id if self.offer is not None else ""

    @property
    def by_card(self) -> bool:
        """Whether the card carries the energy."""
        return self.buyer.meter.kind == "card"


def is_new_card(screen: Frame, seen: Readiness) -> bool:
    """Whether a card is in that nobody has dealt with; asked once, it is dealt with."""
    new = seen.card_inside and seen.insertions != screen.face_app.handled_insertion
    if new:
        screen.face_app.handled_insertion = seen.insertions
    return new


@dataclass(frozen=True)
class Deed:
    """Something the customer's hands can do in a rehearsal."""

    text: str
    act: Callable[[Hands], HandsAnswer]
    #: The hands only look: the answer is what can be read.
    looks: bool = False


class Step(Frame):
    """One step of the customer's way; below it lie the customer's hands in a rehearsal."""

    PATIENCE: ClassVar[int] = 1

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

    def press_help(self) -> None:
        """Help on this step."""
        from kiosk.screens.self_service.help import Help

        self.app.push_screen(Help(self.help_key()))

    def help_key(self) -> str:
        """Which help text belongs to this step."""
        return "kiosk.help_start"

    def press_cancel(self) -> None:
        """Before money was taken: nothing was paid, nothing is owed."""
        self.face_app.start_over()

    def hints(self, **what: str) -> str:
        """The line of keys: `enter="go_on"` says "Enter: go on"; a rehearsal adds the PC's key."""
        shown = []
        for key, deed in what.items():
            on_a_pc = {"cancel": "=Esc", "clear": "=Backspace", "help": "=?"}.get(key, "")
            own = on_a_pc if self.face_app.hands is not None else ""
            name = f"{self.say(f'keys.{key}')}{own}"
            shown.append(name if deed == key else f"{name}: {self.say(f'kiosk.do_{deed}')}")
        return "   ".join(shown)


def do_deed(step: Step, deed: Deed) -> None:
    """Let the hands do it in a worker of their own, and say what came of it."""
    app = step.face_app
    hands = app.hands
    assert hands is not None

    def act() -> HandsAnswer:
        try:
            return deed.act(hands)
        except KioskError as error:
            from kiosk.ports import HandsAnswer

            return HandsAnswer(False, error.sentence)

    def told(answer: HandsAnswer) -> None:
        app.hands_said = hands_sentence(step, answer, looks=deed.looks)
        for strip in app.screen.query(HandsStrip):
            strip.tell(app.hands_said)

    app.ask(act, told, group="hands")


def hands_sentence(step: Frame, answer: HandsAnswer, *, looks: bool) -> str:
    """What a device answered to the hands, in words."""
    if looks and answer.energy_left_wh is not None:
        return step.say("rehearsal.meter_reads", left_wh=answer.energy_left_wh)
    key = f"rehearsal.result.{answer.result}"
    said = step.say(key) if step.words.knows(key) else answer.result
    if answer.energy_left_wh is None:
        return said
    return step.say(
        "rehearsal.meter_answer",
        said=said,
        energy_wh=answer.energy_wh_added,
        left_wh=answer.energy_left_wh,
    )


def note_deeds(step: Step) -> list[Deed]:
    """One deed a note that the rehearsal's acceptor knows."""
    unit = 10 ** decimals(step.desk.currency)
    deeds = []
    for note in step.desk.settings.cash.notes[:9]:
        deeds.append(
            Deed(str(note), lambda hands, amount=note * unit: hands.feed_note(amount))  # type: ignore[misc]
        )
    return deeds
