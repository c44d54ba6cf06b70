"""What the editor of prices asks for: what to add, and what the example is about."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain import tariff_editing as editing
from kiosk.domain.money import parse_amount
from kiosk.domain.tariff_editing import Addition
from kiosk.errors import Refusal
from kiosk.screens.prices.work import Edit, Work
from kiosk.screens.staff.answers import energy_wh
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.staff.row_menu import Row, RowMenu
from kiosk.screens.staff.table import Table
from kiosk.till.tariff_drafts import Asked, time_typed


class AddMenu(RowMenu):
    """Fields of the block at hand that are not there yet, and blocks that have a place there."""

    def __init__(self, work: Work, edit: Edit) -> None:
        super().__init__()
        self.work, self._edit = work, edit

    def heading(self) -> str:
        """Where something is added."""
        return self.say("prices.add_at", line=self.work.place + 1)

    def body(self) -> Iterable[Widget]:
        """The rows, each with what it is for."""
        yield Table([self.say("prices.add")])

    def rows(self) -> list[Row]:
        """What may be added, each in the clerk's words."""
        found = editing.additions(self.work.text, self.work.place)
        return [(self._named(each), partial(self._add, each)) for each in found]

    def _named(self, addition: Addition) -> str:
        if not addition.name:
            return self.say("prices.add_line")
        key = addition.name.rpartition(".")[2]
        kind = "block" if addition.is_block else "field"
        return f"{addition.lines[0]:<26.26} {self.say(f'prices.{kind}_{key}')}"

    def _add(self, addition: Addition) -> StaffFrame:
        text, place = editing.added(self.work.text, self.work.place, addition)
        self.work.change(text)
        self.work.place = place
        return self._edit(opened=not addition.is_block)

    def press_cancel(self) -> None:
        """Back; nothing was added."""
        self.face_app.go(self._edit())


_QUESTIONS = ("power_type", "amount", "energy", "used", "at", "class")


def example_form(screen: StaffFrame, work: Work, edit: Edit) -> Form:
    """What the example is about; an empty answer leaves it as it is."""

    def typed(form: Form, answers: list[str]) -> None:
        def understood() -> Asked | Refusal:
            return _understood(work.asked, answers, form.desk.currency)

        asked(form, understood, partial(_take, form))

    def _take(form: Form, found: Asked) -> None:
        work.asked = found
        form.face_app.go(edit())

    questions = [(screen.say(f"prices.ask_{name}"), False) for name in _QUESTIONS]
    return Form(screen.say("prices.example"), questions, typed, edit, [screen.say("prices.empty")])


def _understood(before: Asked, answers: list[str], currency: str) -> Asked | Refusal:
    power_type, amount, energy, used, at, customer_class = (text.strip() for text in answers)
    amount_minor = parse_amount(amount, currency) if amount else before.amount_minor
    if isinstance(amount_minor, Refusal):
        return amount_minor
    return Asked(
        power_type or before.power_type, amount_minor,
        energy_wh(energy) if energy else before.energy_wh,
        energy_wh(used) if used else before.used_wh,
        time_typed(at) or before.at,
        {"": before.customer_class, "-": ""}.get(customer_class, customer_class),
    )  # fmt: skip
