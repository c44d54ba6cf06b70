"""Taking a meter out: replaced with its balance in guided steps (E14), or cancelled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from kiosk.domain.account_facts import TREATMENTS
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.errors import Refusal
from kiosk.screens import account_telling, registry_telling, token_telling
from kiosk.screens.cashier.registry_open import KINDS, meter_key, questions, show_slip
from kiosk.screens.staff.answers import chosen, energy_wh, offered
from kiosk.screens.staff.form import Form, LongForm, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page
from kiosk.till import registration, replace
from kiosk.till.closing import Going
from kiosk.till.credit_left import Final, OldMeter, left_in
from kiosk.till.desk import Desk
from kiosk.till.new_meter import NewMeter
from kiosk.till.replace import Replaced
from kiosk.till.tokens import SecondPerson
from kiosk.words.book import Words

SOURCES = ("card", "display", "technician")


def _old_question(
    screen: StaffFrame, title: str, then: Callable[[Form, OldMeter], None], back: Back
) -> Form:
    """The first step: which meter, and what is known of it."""

    def typed(form: Form, answers: list[str]) -> None:
        asked(form, partial(replace.look_at_old, form.desk, answers[0]), partial(then, form))

    return LongForm(title, questions(screen, "old_meter"), typed, back)


def replace_question(screen: StaffFrame, back: Back) -> Form:
    """A meter is replaced: which one."""
    return _old_question(screen, screen.say("registry.menu_replace"), _final_step, back)


def _final_step(form: Form, old: OldMeter) -> None:
    """The second step: the last reading, and why."""

    def then(form: Form, final: Final, reason: str) -> None:
        form.face_app.go(_new_form(form, old, final, reason))

    form.face_app.go(_final_form(form, form.say("registry.menu_replace"), old, then))


def _final_form(
    screen: Form, title: str, old: OldMeter, then: Callable[[Form, Final, str], None]
) -> Form:
    reasons = screen.desk.settings.registry.reasons
    known = [
        *registry_telling.old_meter_lines(screen.words, old),
        offered(screen.say("registry.reason"), reasons),
    ]

    def typed(form: Form, answers: list[str]) -> None:
        source, reading, remaining, reason = answers
        work = partial(_read_final, source, reading, remaining)
        asked(form, work, lambda final: then(form, final, chosen(reason, reasons)))

    asks = questions(screen, "source", "reading", "remaining", "reason")
    return LongForm(title, asks, typed, screen.back, known)


def _read_final(source: str, reading: str, remaining: str) -> Final:
    return Final(chosen(source, SOURCES), energy_wh(reading), energy_wh(remaining))


def _new_form(screen: Form, old: OldMeter, final: Final, reason: str) -> Form:
    """The third step: the meter in its place, and the second person."""
    power_types = registration.known_power_types(screen.desk)
    known = [offered(screen.say("registry.power_type"), power_types)]

    def typed(form: Form, answers: list[str]) -> None:
        number, kind, power_type, card, seals, key, name, pin = answers
        wanted = chosen(power_type, power_types) or old.meter.power_type
        second = SecondPerson(name, pin) if name else None

        def known_key(of_key: tuple[str, int, int, int]) -> None:
            group, revision, tariff_index, base_date = of_key
            new = NewMeter(
                number, chosen(kind or "1", KINDS), wanted, old.meter.phases, old.meter.capacity_w,
                group, tariff_index, card=card, seals=seals.split(), shares=old.shares_at(wanted),
                register=old.meter.register, key_revision=revision, base_date=base_date,
            )  # fmt: skip
            _confirm_replace(form, old, final, reason, new, second)

        asked(form, partial(meter_key, key), known_key)

    names = (
        "new_meter", "meter_kind", "power_type", "card", "seals", "key", "second", "second_pin",
    )  # fmt: skip
    title = screen.say("registry.menu_replace")
    return LongForm(title, questions(screen, *names), typed, screen.back, known)


def _confirm_replace(
    form: Form, old: OldMeter, final: Final, reason: str, new: NewMeter, second: SecondPerson | None
) -> None:
    card_says = final.source == "card" and old.card_left_wh is not None
    left_wh = (old.card_left_wh or 0) if card_says else final.remaining_wh
    sentence = form.say(
        "registry.confirm_replace", meter=old.meter.number, remaining_wh=left_wh,
        new_meter=new.number,
    )  # fmt: skip
    title = form.say("registry.menu_replace")
    work = partial(replace.replace_meter, form.desk, old.meter.number, new, final, reason, second)
    _confirm(form, title, sentence, work, _replaced)


def _confirm(form: Form, title: str, sentence: str, work, then) -> None:  # type: ignore[no-untyped-def]
    screen: Confirm

    def yes() -> None:
        screen.ask(work, partial(then, screen))

    screen = Confirm(title, [sentence], form.say("registry.confirm_keys"), yes, form.back)
    form.face_app.go(screen)


def replaced_lines(desk: Desk, words: Words, done: Replaced) -> list[str]:
    """What came of a replacement, with the digits of the new meter's token."""
    one = done.replacement
    lines = [words.say("registry.replaced", meter=one.meter, new_meter=one.new_meter)]
    if done.token is not None:
        lines += token_telling.record_lines(words, done.token)
    waiting = {each.replacement_id for each in desk.records.open_transfers()}
    if one.replacement_id in waiting:
        lines.append(words.say("registry.transfer_open", replacement=one.replacement_id))
    return lines


def _replaced(screen: Confirm, outcome: Replaced | Refusal) -> None:
    title = screen.say("registry.menu_replace")
    if isinstance(outcome, Refusal):
        screen.face_app.go(Page(title, [screen.words.refusal(outcome)], screen.back))
        return
    lines = replaced_lines(screen.desk, screen.words, outcome)
    show_slip(screen, title, lines, outcome.slip, outcome.token)


# --- cancelled --------------------------------------------------------------------------------


def cancel_question(screen: StaffFrame, back: Back) -> Form:
    """A meter is taken out for good: which one."""
    return _old_question(screen, screen.say("registry.menu_cancel"), _cancel_step, back)


def _cancel_step(form: Form, old: OldMeter) -> None:
    def then(form: Form, final: Final, reason: str) -> None:
        form.face_app.go(_second_form(form, old, final, reason))

    form.face_app.go(_final_form(form, form.say("registry.menu_cancel"), old, then))


def _second_form(screen: Form, old: OldMeter, final: Final, reason: str) -> Form:
    title = screen.say("registry.menu_cancel")

    def typed(form: Form, answers: list[str]) -> None:
        choice, name, pin = answers
        decided = msgspec.structs.replace(final, treatment=chosen(choice, TREATMENTS))
        second = SecondPerson(name, pin)
        work = partial(replace.cancel_meter, form.desk, old.meter.number, decided, reason, second)

        def then(going: Going) -> None:
            left_wh = going.read.remaining_wh
            sentence = form.say(
                "registry.confirm_cancel", meter=old.meter.number, remaining_wh=left_wh
            )
            if going.left is not None:
                sentence += f" {account_telling.going_line(form.words, going)}"
            _confirm(form, title, sentence, work, partial(_cancelled, old.meter.number))

        asked(form, partial(_going, form.desk, old, decided), then)

    asks = questions(screen, "treatment", "second", "second_pin")
    return LongForm(title, asks, typed, screen.back)


def _going(desk: Desk, old: OldMeter, final: Final) -> Going | Refusal:
    """What cancelling would do, before anybody signs."""
    read = replace.final_figures(old, final)
    if isinstance(read, Refusal):
        return read
    left = left_in(desk, old, read)
    return left if isinstance(left, Refusal) else Going(old, read, left)


def _cancelled(number: str, screen: Confirm, outcome: RegistrySlip | Refusal) -> None:
    title = screen.say("registry.menu_cancel")
    if isinstance(outcome, Refusal):
        screen.face_app.go(Page(title, [screen.words.refusal(outcome)], screen.back))
    else:
        show_slip(screen, title, [screen.say("registry.cancelled", meter=number)], outcome)
