"""The first screen: what the machine does and takes, what is out of order now; any key starts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget
from textual.widgets import Static

from kiosk.screens.self_service.visit import Step, is_new_card
from kiosk.words.book import languages

if TYPE_CHECKING:
    from kiosk.till.maintain import Readiness
    from kiosk.till.quote import Buyer


class Attract(Step):
    """Waits for a key or a card and says truly what can be had."""

    PATIENCE = 0

    def __init__(self) -> None:
        super().__init__()
        self.ready: Readiness | None = None
        self.suggested: list[Buyer] | None = None
        self._looking = False
        #: Seconds that a card was inside while nobody was served.
        self._left_s = 0

    def heading(self) -> str:
        """What this machine is for."""
        return self.say("kiosk.attract")

    def body(self) -> Iterable[Widget]:
        """What it takes, what does not work, and in a rehearsal whom to play."""
        if not self.face_app.ready or self.ready is None:
            yield Static(self.say("kiosk.please_wait"), classes="strong", markup=False)
            return
        for text, kind in _lines(self, self.ready):
            yield Static(text, classes=kind, markup=False)

    def hint(self) -> str:
        """How to begin."""
        other = self.next_language()
        start = self.say("kiosk.attract_start")
        return f"{start}   {self.say('keys.clear')}: {other[1]}" if other else start

    def aside(self) -> str:
        """Where the hands are."""
        return self.say("rehearsal.hands_by_help")

    def on_mount(self) -> None:
        """Look at the devices, and then once a second while nobody is there."""
        self.look()

    def each_second(self) -> None:
        """A card is seen within a second."""
        self.look()

    def opened(self) -> None:
        """Say what can be had, as soon as the devices were asked."""
        if self.ready is None:
            self.look()
        else:
            self.show_again()

    def look(self) -> None:
        """Ask the devices, unless somebody is being served or the last answer is still out."""
        if self._looking or self.app.screen is not self or not self.face_app.opened:
            return
        self._looking = True
        self.watch_devices(partial(self._look, self.ready, self.suggested), self._looked)

    def _look(
        self, before: Readiness | None, suggested: list[Buyer] | None
    ) -> tuple[Readiness, list[Buyer]] | None:
        """In the thread of looks. A card that is inside is told of each time: it may be a new
        one, and how long it has been there counts."""
        try:
            seen = _seen(self, suggested)
        finally:
            self._looking = False
        ready = seen[0]
        if before is None or suggested is None or ready.card_inside:
            return seen
        return None if _shown(ready) == _shown(before) else seen

    def _looked(self, seen: tuple[Readiness, list[Buyer]]) -> None:
        before, was_ready = self.ready, self.suggested is not None
        self.ready, self.suggested = seen
        if self.app.screen is not self or not self.face_app.ready:
            return
        if is_new_card(self, self.ready):
            from kiosk.screens.self_service.confirm import Confirm
            from kiosk.screens.self_service.read_card import ReadCard

            self._left_s = 0
            self.face_app.go(ReadCard(Confirm))
        elif self._is_left():
            from kiosk.screens.self_service.left_card import LeftCard

            self.face_app.go(LeftCard())
        elif before is None or not was_ready or _shown(before) != _shown(self.ready):
            self.show_again()

    def _is_left(self) -> bool:
        """Whether a card has been in the reader for so long that its owner is not coming back."""
        inside = self.ready is not None and self.ready.card_inside
        self._left_s = self._left_s + 1 if inside else 0
        if self._left_s <= self.desk.settings.faces.card_left_s:
            return False
        self._left_s = 0
        return True

    def next_language(self) -> tuple[str, str] | None:
        """The language that Clear switches to: code and own name."""
        known = languages()
        codes = [code for code, _ in known]
        place = codes.index(self.words.language)
        return known[(place + 1) % len(known)] if len(known) > 1 else None

    def press_clear(self) -> None:
        """The other language."""
        other = self.next_language()
        if other is not None:
            self.face_app.speak(other[0])

    def press_digit(self, digit: int) -> None:
        """The number begins here already."""
        self._begin(str(digit))

    def press_enter(self) -> None:
        """Any key starts."""
        self._begin("")

    def press_cancel(self) -> None:
        """Back to the language of the hall."""
        self.face_app.start_over()

    def press_other(self, key: str) -> None:
        """Any key starts."""
        if key != "ctrl+c":
            self._begin("")

    def _begin(self, typed: str) -> None:
        if not self.face_app.ready:
            return
        from kiosk.screens.self_service.number import Number

        self.face_app.go(Number(typed))


def _seen(screen: Attract, suggested: list[Buyer] | None) -> tuple[Readiness, list[Buyer]]:
    """The devices, and once the customers to play."""
    from kiosk.till.greet import suggestions
    from kiosk.till.maintain import readiness

    if suggested is None and screen.face_app.hands is not None:
        suggested = suggestions(screen.desk)
        screen.face_app.played.begin(suggested)
    return readiness(screen.desk), suggested or []


def _shown(seen: Readiness) -> tuple[object, ...]:
    return (seen.notes_minor, seen.cards, seen.slips, seen.room, seen.card_inside)


def _lines(screen: Attract, ready: Readiness) -> Iterable[tuple[str, str]]:
    say, words = screen.say, screen.words
    if not ready.room:
        yield say("kiosk.out_of_service"), "strong"
        yield say("kiosk.out_of_service_help"), "line"
        return
    yield say("kiosk.put_in_card"), "strong"
    yield "", "gap"
    yield say("kiosk.takes"), "line"
    if ready.notes_minor:
        notes = ", ".join(words.amount(note) for note in ready.notes_minor)
        yield f"  - {say('kiosk.takes_notes', notes=notes)} {screen.desk.currency}", "line"
    if ready.cards:
        yield f"  - {say('kiosk.takes_cards')}", "line"
    yield f"  - {say('kiosk.takes_tokens')}", "line"
    yield say("kiosk.gives_no_change"), "line"
    for broken, key in (
        (not ready.notes_minor, "no_notes_now"),
        (not ready.cards, "no_cards_now"),
        (not ready.slips, "no_slips_now"),
        (ready.card_inside, "found_card"),
    ):
        if broken:
            yield say(f"kiosk.{key}"), "warn"
    yield from _rehearsal_lines(screen)


def _rehearsal_lines(screen: Attract) -> Iterable[tuple[str, str]]:
    """A newcomer's first steps: what to type, which keys there are."""
    if screen.face_app.hands is None:
        return
    yield "", "gap"
    for buyer in screen.suggested or []:
        key = "try_keypad" if buyer.meter.kind == "keypad" else "try_card"
        meter, name = buyer.meter.number, buyer.customer.name
        yield screen.say(f"rehearsal.{key}", meter=meter, name=name), "try"
    yield screen.say("rehearsal.keys", pin=screen.face_app.pin), "try"
