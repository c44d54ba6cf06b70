"""Before prices come into force: what changes for whom, then a second person."""

from __future__ import annotations

from functools import partial

from kiosk.domain.tariff_pack import TariffPack
from kiosk.errors import Refusal
from kiosk.screens.prices.work import Work
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Page, Reading
from kiosk.screens.tariff_telling import change_lines, remark_lines
from kiosk.till import tariffs
from kiosk.till.tariffs import Change
from kiosk.till.tokens import SecondPerson


class Changes(Page):
    """What three purchases of each power type cost now and then; Enter goes on."""

    def __init__(self, work: Work, pack: TariffPack, back: Back) -> None:
        super().__init__("", [], back)
        self.work, self.pack = work, pack
        self._ready = False
        self._sales = 0

    def heading(self) -> str:
        """From when on."""
        return self.say("prices.changes", valid_from_ms=self.pack.valid_from_ms)

    def hint(self) -> str:
        """Enter goes on to the second person."""
        return self.say("prices.changes_keys")

    def on_mount(self) -> None:
        """Price the examples."""
        self.note(self.say("kiosk.please_wait"))
        self.ask(self._look, self._previewed)

    def _look(self) -> tuple[list[Change] | Refusal, int]:
        """In a worker: what changes, and how many sales the date of the prices would reach."""
        return tariffs.preview(self.desk, self.pack), tariffs.sold_since(self.desk, self.pack)

    def _previewed(self, looked: tuple[list[Change] | Refusal, int]) -> None:
        found, self._sales = looked
        if isinstance(found, Refusal):
            self.note(self.words.refusal(found), "warn")
            return
        self._ready = True
        self.note("")
        lines = remark_lines(self.words, self.pack)
        lines += change_lines(self.words, self.pack.currency, found)
        self.query_one(Reading).show(lines)

    def press_enter(self) -> None:
        """To the second person."""
        if self._ready:
            self.face_app.go(self._form())

    def _form(self) -> Form:
        def act(form: Form, answers: list[str]) -> None:
            name, pin, *meant = answers
            jump, *backdate = (word.strip().lower() for word in meant)
            publish = partial(
                tariffs.publish, form.desk, self.pack, SecondPerson(name, pin),
                jump=jump == form.say("prices.jump_word"),
                backdate=backdate == [form.say("prices.backdate_word")],
            )  # fmt: skip
            asked(form, publish, partial(self._published, form))

        questions = [
            (self.say("technician.ask_second"), False),
            (self.say("technician.ask_second_pin"), True),
            (self.say("prices.ask_jump", word=self.say("prices.jump_word")), False),
        ]
        if self._sales:
            word = self.say("prices.backdate_word")
            questions.append((self.say("prices.ask_backdate", word=word), False))
        known = [
            self.say(
                "tariff.title", number=self.pack.number, label=self.pack.label,
                valid_from_ms=self.pack.valid_from_ms,
            )
        ]  # fmt: skip
        if self._sales:
            known.append(self.say("prices.sold_since", sales=self._sales))
        return Form(self.say("prices.publish"), questions, act, self.back, known)

    def _published(self, form: Form, _digest: str) -> None:
        said = form.say(
            "tariff.published", number=self.pack.number, label=self.pack.label,
            valid_from_ms=self.pack.valid_from_ms,
        )  # fmt: skip
        form.face_app.go(Page(form.say("prices.publish"), [said], self.work.back))
