"""Free units beside a sale: how much, why, and who agrees."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.token_telling import energy_wh_typed
from kiosk.till.free import grant
from kiosk.till.quote import Offer
from kiosk.till.tokens import SecondPerson

_ASKED = ("energy", "reason", "second", "second_pin")


def free_form(screen: StaffFrame, offer: Offer, then: Callable[[Offer], StaffFrame]) -> Form:
    """Asks for the grant; `then` makes the screen afterwards, with the offer that has it."""

    def act(form: Form, answers: list[str]) -> None:
        energy, reason, name, pin = answers
        second = SecondPerson(name, pin)
        work = partial(grant, form.desk, offer, energy_wh_typed(energy), reason, second)
        asked(form, work, lambda granted: form.face_app.go(then(granted)))

    questions = [(screen.say(f"tokens.ask_{name}"), name == "second_pin") for name in _ASKED]
    return Form(screen.say("tokens.menu_free"), questions, act, partial(then, offer))
