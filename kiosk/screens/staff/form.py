"""A few questions one after the other, and one act with the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from kiosk.errors import BadInput, Refusal
from kiosk.screens.staff.entry import TextEntry
from kiosk.screens.staff.frame import Back, StaffFrame

Answer = TypeVar("Answer")

#: So many questions have a frame each on a screen of 24 rows, under so many lines of what is known;
#: more stand close together.
_ROOMY, _ROOMY_KNOWN = 4, 3

#: The sentence of a question, and whether its answer is hidden while it is typed.
Question = tuple[str, bool]

#: Judges the answers up to the one just given, so that a wrong one is said at its own question.
Check = Callable[[list[str]], Refusal | None]


class Form(StaffFrame):
    """Enter goes to the next question; after the last one `act` gets the answers, once.

    `check` says at each Enter why the answer cannot stand; what was typed stays to be corrected.
    """

    TYPING = True

    def __init__(
        self,
        title: str,
        questions: Sequence[Question],
        act: Callable[[Form, list[str]], None],
        back: Back,
        known: Sequence[str] = (),
        keys: str = "",
        check: Check | None = None,
    ) -> None:
        super().__init__()
        self._keys = keys
        self.form_title, self.questions, self.known = title, list(questions), list(known)
        self._act, self.back, self._check = act, back, check

    def heading(self) -> str:
        """What is asked for."""
        return self.form_title

    def body(self) -> Iterable[Widget]:
        """What may be answered, and an entry for each question."""
        dense = len(self.questions) > _ROOMY or len(self.known) >= _ROOMY_KNOWN
        for line in self.known:
            close = " -close" if dense else ""
            yield Static(line, classes=f"restated{close}", markup=False)
        for place, (label, secret) in enumerate(self.questions):
            entry = TextEntry(label, secret=secret)
            entry.open = place == 0
            entry.set_class(dense, "-dense")
            yield entry

    def hint(self) -> str:
        """Enter, Backspace, Esc."""
        return self._keys or self.say("tokens.form_keys")

    def press_character(self, character: str) -> None:
        """A character for the open question."""
        self._open().press(character)

    def press_clear(self) -> None:
        """Take one character back."""
        self._open().clear_one()

    def press_cancel(self) -> None:
        """Back; nothing was done."""
        self.face_app.go(self.back())

    def press_enter(self) -> None:
        """The next question, or the act."""
        entries = list(self.query(TextEntry))
        place = next(place for place, entry in enumerate(entries) if entry.open)
        answers = [entry.typed for entry in entries]
        wrong = self._check(answers[: place + 1]) if self._check is not None else None
        if wrong is not None:
            self.note(self.words.refusal(wrong), "warn")
            return
        self.note("")
        if place + 1 < len(entries):
            entries[place].set_open(False)
            entries[place + 1].set_open(True)
            return
        self.note(self.say("kiosk.please_wait"))
        self._act(self, answers)

    def refuse(self, sentence: str) -> None:
        """Say why not; what was typed stays, from the first question on."""
        self.note(sentence, "warn")
        for place, entry in enumerate(self.query(TextEntry)):
            entry.set_open(place == 0)
            if entry.secret:
                entry.clear_all()

    def _open(self) -> TextEntry:
        return next(entry for entry in self.query(TextEntry) if entry.open)


class LongForm(Form):
    """A form of more lines than a small screen has: one line each, and what is open is in sight."""

    def body(self) -> Iterable[Widget]:
        """As in a Form, closer together and scrolled."""
        widgets: list[Widget] = []
        if self.known:
            widgets.append(Static("\n".join(self.known), classes="known", markup=False))
        for place, (label, secret) in enumerate(self.questions):
            entry = TextEntry(label, secret=secret)
            entry.open = place == 0
            entry.add_class("-close")
            widgets.append(entry)
        yield FormScroll(*widgets)

    def on_mount(self) -> None:
        """The first question is in sight whatever stands above it."""
        self._open().scroll_visible(animate=False)

    def press_enter(self) -> None:
        """The next question, brought into sight."""
        super().press_enter()
        if any(entry.open for entry in self.query(TextEntry)):
            self._open().scroll_visible(animate=False)


class FormScroll(VerticalScroll, can_focus=False):
    """What a long form scrolls in; the screen keeps the keys."""


def asked(form: Form, work: Callable[[], Answer | Refusal], then: Callable[[Answer], None]) -> None:
    """Do `work` on the worker; a refusal, or input that cannot be used, is said in the form."""

    def tried() -> Answer | Refusal | BadInput:
        try:
            return work()
        except BadInput as fault:
            return fault

    def answered(outcome: Answer | Refusal | BadInput) -> None:
        if isinstance(outcome, Refusal):
            form.refuse(form.words.refusal(outcome))
        elif isinstance(outcome, BadInput):
            form.refuse(outcome.sentence)
        else:
            then(outcome)

    form.ask(tried, answered)
