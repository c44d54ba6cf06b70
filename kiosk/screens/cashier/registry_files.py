"""The files of a customer and of a meter, and how they are amended."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Customer, Meter
from kiosk.domain.registry_changes import CUSTOMER_FIELDS
from kiosk.errors import Refusal
from kiosk.screens import registry_telling, token_telling
from kiosk.screens.cashier.registry_open import questions
from kiosk.screens.staff.answers import chosen, day_ms, energy_wh, offered, whole
from kiosk.screens.staff.form import Form, LongForm, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.records import ListPage
from kiosk.screens.staff.rows import Row, RowsMenu
from kiosk.till import amend, history, inquiry, registration, registry_file, replace
from kiosk.till.desk import Desk

# --- the customer -----------------------------------------------------------------------------


def customer_question(screen: StaffFrame, back: Back) -> Form:
    """Whose file: everything about the customer follows."""

    def typed(form: Form, answers: list[str]) -> None:
        asked(form, partial(inquiry.overall, form.desk, answers[0]), partial(_file_of, form))

    return LongForm(screen.say("registry.menu_customer"), questions(screen, "who"), typed, back)


def _file_of(form: Form, found: inquiry.Overall) -> None:
    lines = registry_telling.overall_lines(form.words, found)
    form.face_app.go(Page(form.say("registry.menu_customer"), lines, form.back))


def amend_question(screen: StaffFrame, back: Back) -> Form:
    """Whose record is amended."""

    def typed(form: Form, answers: list[str]) -> None:
        work = partial(history.customer_behind, form.desk, answers[0])
        asked(form, work, lambda customer: form.face_app.go(amend_form(form, customer)))

    return LongForm(screen.say("registry.menu_amend"), questions(screen, "who"), typed, back)


def amend_form(screen: Form, customer: Customer) -> Form:
    """Which field, what instead, and why."""
    fields = [screen.say(f"registry.field_{name}") for name in CUSTOMER_FIELDS]
    reasons = screen.desk.settings.registry.reasons
    known = [
        *registry_telling.customer_lines(screen.words, customer),
        offered(screen.say("registry.ask_field"), fields),
        offered(screen.say("registry.reason"), reasons),
    ]

    def typed(form: Form, answers: list[str]) -> None:
        field, text, reason = answers
        work = partial(
            amend.amend_customer, form.desk, customer.account, chosen(field, CUSTOMER_FIELDS), text,
            chosen(reason, reasons),
        )  # fmt: skip
        asked(form, work, partial(_amended, form))

    return LongForm(
        screen.say("registry.menu_amend"), questions(screen, "field", "value", "reason"), typed,
        screen.back, known,
    )  # fmt: skip


def _amended(form: Form, customer: Customer) -> None:
    said = form.say("registry.amended")
    lines = [said, "", *registry_telling.customer_lines(form.words, customer)]
    form.face_app.go(Page(form.say("registry.menu_amend"), lines, form.back))


# --- the meter --------------------------------------------------------------------------------


def meter_question(screen: StaffFrame, back: Back) -> Form:
    """Which meter's file."""

    def typed(form: Form, answers: list[str]) -> None:
        work = partial(amend.meter_known, form.desk, answers[0])
        asked(form, work, lambda meter: form.face_app.go(MeterFile(meter, back)))

    names = questions(screen, "who")
    return LongForm(screen.say("registry.menu_meter"), names, typed, back)


#: What an amendment does with the answers after the meter's number; the last one is the reason.
Act = Callable[[Desk, str, list[str]], Meter | Refusal]


class MeterFile(RowsMenu):
    """What may be done with one meter; its record stands in the notice of each form."""

    def __init__(self, meter: Meter, back: Back, said: str = "") -> None:
        super().__init__()
        self.meter, self.back, self.said = meter, back, said

    def heading(self) -> str:
        """Which meter, and how it stands."""
        state = self.say(f"records.state_{history.state_of(self.meter)}")
        return f"{self.say('registry.meter')} {self.meter.number}, {state}"

    def help_text(self) -> str:
        """The record, but for number and state, which stand in the heading."""
        lines = registry_telling.meter_lines(self.words, self.meter)[1:]
        state = f"{self.say('registry.state')}: "
        return "   ".join(line for line in lines if not line.startswith(state))

    def on_mount(self) -> None:
        """Say what the form before had to say."""
        self.note(self.said or self.help_text(), "good" if self.said else "plain")

    def rows(self) -> list[Row]:
        """Amend, read, and the amendments so far."""
        block = "unblock" if self.meter.blocked else "block"
        rows: list[Row] = [
            (self.say(f"registry.amend_{name}"), partial(self._form, name, labels))
            for name, labels in (
                ("power_type", ("power_type", "from")), ("capacity", ("capacity",)),
                ("shares", ("shares",)), (block, ()),
            )
        ]  # fmt: skip
        rows.append((self.say("registry.amend_reading"), self._reading))
        rows.append((self.say("registry.amend_history"), self._history))
        rows.append((self.say("registry.amend_transfer"), self._transfer))
        return rows

    def _again(self) -> Back:
        return partial(MeterFile, self.meter, self.back)

    def _form(self, name: str, labels: tuple[str, ...]) -> None:
        reasons = self.desk.settings.registry.reasons
        power_types = registration.known_power_types(self.desk)
        known = [
            *registry_telling.meter_lines(self.words, self.meter),
            offered(self.say("registry.power_type"), power_types),
            offered(self.say("registry.reason"), reasons),
        ]

        def typed(form: Form, answers: list[str]) -> None:
            typed_answers = [*answers[:-1], chosen(answers[-1], reasons)]
            work = partial(_ACTS[name], form.desk, self.meter.number, typed_answers)
            said = form.say("registry.amended")
            asked(form, work, lambda meter: form.face_app.go(MeterFile(meter, self.back, said)))

        title = self.say(f"registry.amend_{name}")
        asks = questions(self, *labels, "reason")
        self.face_app.go(LongForm(title, asks, typed, self._again(), known))

    def _reading(self) -> None:
        def typed(form: Form, answers: list[str]) -> None:
            work = partial(_read, form.desk, self.meter.number, answers)
            said = form.say("registry.read")
            asked(form, work, lambda _r: form.face_app.go(MeterFile(self.meter, self.back, said)))

        title = self.say("registry.amend_reading")
        asks = questions(self, "reading", "remaining")
        self.face_app.go(LongForm(title, asks, typed, self._again()))

    def _transfer(self) -> None:
        self.ask(partial(replace.finish_for, self.desk, self.meter.number), self._transferred)

    def _transferred(self, token: TokenRecord | Refusal) -> None:
        """The token of a balance that has not arrived, or that there is none."""
        if isinstance(token, Refusal):
            self.note(self.words.refusal(token), "warn")
        else:
            lines = token_telling.record_lines(self.words, token)
            self.face_app.go(Page(self.say("registry.amend_transfer"), lines, self._again()))

    def _history(self) -> None:
        span = inquiry.Span(number=self.meter.number)
        self.face_app.go(ListPage("amendments", span, self._again()))

    def press_cancel(self) -> None:
        """Back to the menu."""
        self.face_app.go(self.back())


def _read(desk: Desk, number: str, answers: list[str]) -> history.Reading | Refusal:
    reading, remaining = answers
    left_wh = energy_wh(remaining) if remaining.strip() else None
    return amend.read_meter(desk, number, energy_wh(reading), left_wh)


def _power_type(desk: Desk, number: str, answers: list[str]) -> Meter | Refusal:
    power_type = chosen(answers[0], registration.known_power_types(desk))
    return amend.change_power_type(desk, number, power_type, answers[2], day_ms(answers[1], 0))


def _capacity(desk: Desk, number: str, answers: list[str]) -> Meter | Refusal:
    return amend.change_capacity(desk, number, whole(answers[0], 0), answers[1])


def _shares(desk: Desk, number: str, answers: list[str]) -> Meter | Refusal:
    shares = registry_file.shares_typed(answers[0])
    if isinstance(shares, Refusal):
        return shares
    return amend.set_shares(desk, number, shares, answers[1])


_ACTS: dict[str, Act] = {
    "power_type": _power_type,
    "capacity": _capacity,
    "shares": _shares,
    "block": lambda desk, number, answers: amend.block(desk, number, answers[0]),
    "unblock": lambda desk, number, answers: amend.unblock(desk, number, answers[0]),
}
