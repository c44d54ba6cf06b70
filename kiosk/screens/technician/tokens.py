"""The technician's tokens and keys: engineering tokens, free units, key changes, key files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import METER_DIGITS, Meter, check_number
from kiosk.domain.special_tokens import MANAGEMENT, METER_TESTS, management_value
from kiosk.domain.vending_keys import VendorKey
from kiosk.errors import Refusal
from kiosk.ports import LoadedFile
from kiosk.screens import token_telling
from kiosk.screens.staff.answers import chosen, numbered
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page, Reading
from kiosk.screens.staff.row_menu import Row
from kiosk.screens.staff.tokens import CommonTokens, TokenPage
from kiosk.till import credit, keys, tokens
from kiosk.till.tokens import SecondPerson


class TokenMenu(CommonTokens):
    """Everything about tokens and keys."""

    def rows(self) -> list[Row]:
        """What every staff has, and what is the technician's own."""
        return [
            *super().rows(),
            (self.say("tokens.menu_engineer"), partial(engineer_form, self)),
            (self.say("tokens.menu_test"), partial(test_form, self)),
            (self.say("tokens.menu_free"), partial(free_form, self)),
            (self.say("tokens.menu_change"), partial(change_form, self)),
            (self.say("tokens.menu_confirm"), partial(confirm_form, self)),
            (self.say("tokens.menu_old"), partial(old_form, self)),
            (self.say("tokens.menu_import"), partial(import_form, self)),
        ]


def _questions(screen: StaffFrame, *names: str) -> list[tuple[str, bool]]:
    hidden = {"second_pin", "passphrase"}
    return [(screen.say(f"tokens.ask_{name}"), name in hidden) for name in names]


def _show(form: Form, record: TokenRecord) -> None:
    form.face_app.go(TokenPage(record, TokenMenu))


def engineer_form(screen: StaffFrame) -> Form:
    """A management token of one meter."""

    def act(form: Form, answers: list[str]) -> None:
        meter, typed, value, reason = answers
        operation = chosen(typed, list(MANAGEMENT))
        number = token_telling.value_typed(operation, value)
        assert isinstance(number, int), number
        work = partial(tokens.engineer, form.desk, meter, operation, number, reason)
        asked(form, work, partial(_show, form))

    questions = _questions(screen, "meter", "operation", "value", "reason")
    known = numbered([screen.say(f"tokens.operation_{name}") for name in MANAGEMENT], 4)
    title = screen.say("tokens.menu_engineer")
    return Form(title, questions, act, TokenMenu, known, check=_engineering_wrong)


def _engineering_wrong(answers: list[str]) -> Refusal | None:
    """Why the last of meter, operation, value and reason cannot stand."""
    if len(answers) == 1:
        return _meter_wrong(answers[0])
    if len(answers) == 4:
        return tokens.reason_missing(answers[3])
    operation = chosen(answers[1], list(MANAGEMENT))
    value = token_telling.value_typed(operation, answers[2]) if len(answers) == 3 else 0
    carried = value if isinstance(value, Refusal) else management_value(operation, value)
    return carried if isinstance(carried, Refusal) else None


def _meter_wrong(typed: str) -> Refusal | None:
    number = check_number(typed, METER_DIGITS, "meter")
    return number if isinstance(number, Refusal) else None


def test_form(screen: StaffFrame) -> Form:
    """A test or display for any meter."""

    def act(form: Form, answers: list[str]) -> None:
        test = chosen(answers[0], list(METER_TESTS))
        work = partial(tokens.meter_test, form.desk, test, answers[1])
        asked(form, work, partial(_show, form))

    def wrong(answers: list[str]) -> Refusal | None:
        if len(answers) == 2:
            return tokens.reason_missing(answers[1])
        known = chosen(answers[0], list(METER_TESTS)) in METER_TESTS
        return None if known else Refusal("unknown_operation", {"operation": answers[0][:40]})

    known = numbered([screen.say(f"tokens.test_{name}") for name in METER_TESTS], 5)
    questions = _questions(screen, "test", "reason")
    return Form(screen.say("tokens.menu_test"), questions, act, TokenMenu, known, check=wrong)


def free_form(screen: StaffFrame) -> Form:
    """Free units, by two persons."""

    def act(form: Form, answers: list[str]) -> None:
        meter, amount, reason, name, pin = answers
        second = SecondPerson(name, pin)
        work = partial(credit.give_credit, form.desk, meter, amount, reason, second)
        asked(form, work, partial(_show, form))

    questions = _questions(screen, "meter", "amount", "reason", "second", "second_pin")
    return Form(screen.say("tokens.menu_free"), questions, act, TokenMenu)


def change_form(screen: StaffFrame) -> Form:
    """The key change tokens of one meter."""

    def act(form: Form, answers: list[str]) -> None:
        meter, group, reason, first = answers
        work = partial(
            keys.change_key, form.desk, meter, reason, supply_group=group, instead_of=first
        )
        asked(form, work, partial(_show, form))

    questions = _questions(screen, "meter", "new_group", "reason", "instead")
    return Form(screen.say("tokens.menu_change"), questions, act, TokenMenu)


def confirm_form(screen: StaffFrame) -> Form:
    """The meter has taken every section."""
    title = screen.say("tokens.menu_confirm")

    def done(form: Form, meter: Meter) -> None:
        form.face_app.go(Page(title, [token_telling.confirmed_line(form.words, meter)], TokenMenu))

    def act(form: Form, answers: list[str]) -> None:
        asked(form, partial(keys.confirm, form.desk, answers[0]), partial(done, form))

    return Form(title, _questions(screen, "issue"), act, TokenMenu)


def old_form(screen: StaffFrame) -> Form:
    """The meters of a supply group that have an old key."""
    title = screen.say("tokens.menu_old")

    def act(form: Form, answers: list[str]) -> None:
        group = answers[0]

        def done(found: list[keys.OldKey]) -> None:
            lines = token_telling.old_key_lines(form.words, found, group)
            form.face_app.go(Page(title, lines, TokenMenu))

        asked(form, partial(keys.old_keys, form.desk, group), done)

    return Form(title, _questions(screen, "group"), act, TokenMenu)


def import_form(screen: StaffFrame) -> Form:
    """A key file, by two persons; the keys that are there stand above."""
    title = screen.say("tokens.menu_import")

    def done(form: Form, file: LoadedFile) -> None:
        loaded = form.say("tokens.keys_loaded", count=len(file.keys), module=file.module)
        lines = [*token_telling.file_lines(form.words, file), loaded]
        form.face_app.go(Page(title, lines, TokenMenu))

    def act(form: Form, answers: list[str]) -> None:
        path, passphrase, name, pin = answers
        second = SecondPerson(name, pin)
        work = partial(keys.load, form.desk, Path(path), passphrase, second)
        asked(form, work, partial(done, form))

    questions = _questions(screen, "file", "passphrase", "second", "second_pin")
    return Form(title, questions, act, TokenMenu)


class Keys(Page):
    """The vending keys of the module, with check values and times."""

    def __init__(self, back: Back) -> None:
        super().__init__("", [], back)

    def heading(self) -> str:
        """What is listed."""
        return self.say("tokens.menu_keys")

    def on_mount(self) -> None:
        """Ask the module."""
        self.note(self.say("kiosk.please_wait"))
        self.ask_or_say(partial(keys.keys, self.desk), self._answered)

    def _answered(self, found: list[VendorKey]) -> None:
        self.note("")
        lines = [token_telling.key_line(self.words, key) for key in found]
        self.query_one(Reading).show(lines or [self.say("technician.keys_none")])
