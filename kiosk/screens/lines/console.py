"""The console: sentences out, one line a question in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO, TypeVar

from kiosk.errors import KioskError, Refusal
from kiosk.ports import Hands, HandsAnswer
from kiosk.screens.lines.line_input import LineInput
from kiosk.till.desk import Desk
from kiosk.words.book import Words, languages
from kiosk.words.clean import clean

Item = TypeVar("Item")

Choice = tuple[str, Callable[[], object]]


class Console:
    """One conversation: what the verbs need, what is said, and what is typed.

    `ask` and everything built on it raise EOFError when the input ends or the end is asked for.
    """

    def __init__(
        self, desk: Desk, words: Words, hands: Hands | None, read: TextIO, write: TextIO
    ) -> None:
        self.desk, self.words, self.hands = desk, words, hands
        self._input = LineInput(read)
        self._write = write

    # --- out ----------------------------------------------------------------------------------

    def say(self, *lines: str) -> None:
        """Say sentences that are made already; strange text in them is made harmless."""
        for line in lines:
            self._put(clean(line))

    def say_choices(self, choices: Sequence[str]) -> None:
        """Say what can be chosen on one line, numbered from 1."""
        self._put("  ".join(f"{number} {clean(what)}" for number, what in enumerate(choices, 1)))

    def tell(self, key: str, **values: int | str) -> None:
        """Say the sentence `key`."""
        self.say(self.words.say(key, currency=self.desk.currency, **values))

    def refuse(self, refusal: Refusal) -> None:
        """Say why not."""
        self.say(self.words.refusal(refusal))

    def _put(self, line: str) -> None:
        self._write.write(f"{line}\n")
        self._write.flush()

    # --- in -----------------------------------------------------------------------------------

    def ask(self, key: str, help_key: str = "linear.keys", **values: int | str) -> str:
        """The answer to the question `key`; empty goes back."""
        while True:
            self.tell(key, **values)
            answer = self._input.line().strip()
            if answer.casefold() == self.words.say("linear.quit").casefold():
                raise EOFError
            if answer != "?":
                return answer
            self.tell(help_key)

    def ask_secret(self, key: str) -> str:
        """As `ask`, and a terminal does not show what is typed."""
        with self._input.hidden():
            return self.ask(key)

    def waiting_line(self, timeout_s: float) -> str | None:
        """A line that was typed meanwhile, or None; for questions that devices answer too."""
        return self._input.line_within(timeout_s)

    def confirm(self, question: str) -> bool:
        """Whether what `question` restates shall be done."""
        self.say(question)
        return self.ask("linear.prompt_yes").casefold() == self.words.say("linear.yes").casefold()

    def choose(self, choices: Sequence[Choice]) -> bool:
        """Say numbered choices on one line and do the one that is chosen; false for none."""
        self.say_choices([what for what, _ in choices])
        answer = self.ask("linear.prompt_choice")
        if not answer:
            return False
        place = int(answer) if answer.isascii() and answer.isdecimal() else 0
        if not 1 <= place <= len(choices):
            self.tell("linear.not_understood", text=answer)
            return True
        with self.faults_said():
            choices[place - 1][1]()
        return True

    def pick(self, question_key: str, rows: Sequence[str]) -> int | None:
        """Say numbered rows, one a line; the place of the chosen one."""
        self.say(*(f"{number} {row}" for number, row in enumerate(rows, 1)))
        answer = self.ask(question_key)
        if answer.isascii() and answer.isdecimal() and 1 <= int(answer) <= len(rows):
            return int(answer) - 1
        if answer:
            self.tell("linear.not_understood", text=answer)
        return None

    def pick_of(
        self,
        found: Sequence[Item] | Refusal,
        cells: Callable[[Words, Item], Sequence[str]],
        none_key: str,
    ) -> Item | None:
        """The chosen one of what was found; a refusal and an empty list are said."""
        if isinstance(found, Refusal):
            self.refuse(found)
            return None
        if not found:
            self.tell(none_key)
            return None
        rows = [" | ".join(cells(self.words, each)) for each in found]
        place = self.pick("linear.prompt_choice", rows)
        return None if place is None else found[place]

    # --- around -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def faults_said(self) -> Iterator[None]:
        """A surprise ends what was being done, is said in its one sentence, and no more."""
        try:
            yield
        except KioskError as error:
            self.say(error.sentence)

    def change_language(self) -> None:
        """Go on in another language."""
        known = dict(languages())
        shown = ", ".join(f"{code} {name}" for code, name in known.items())
        code = self.ask("linear.prompt_language", languages=shown)
        if code in known:
            self.words = Words(code, self.words.formats)
        elif code:
            self.tell("linear.not_understood", text=code)

    def say_hands(self, answer: HandsAnswer) -> None:
        """What a rehearsal's hands could read afterwards."""
        known = f"rehearsal.result.{answer.result}"
        self.say(self.words.say(known) if self.words.knows(known) else answer.result)
        if answer.energy_left_wh is not None:
            added, left = answer.energy_wh_added, answer.energy_left_wh
            self.tell("linear.meter_figures", added_wh=added, left_wh=left)
