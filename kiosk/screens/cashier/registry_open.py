"""Opening an account: the customer, the meter, a restated question, the slip."""

from __future__ import annotations

from functools import partial

from kiosk.domain.credit_registers import REGISTERS
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Customer, Meter
from kiosk.errors import BadInput, Refusal
from kiosk.screens.staff.answers import chosen, energy_wh, offered, whole
from kiosk.screens.staff.form import Form, LongForm, Question, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page
from kiosk.till import history, registration, registry_file, registry_slips, tenants, token_book
from kiosk.till.desk import Desk
from kiosk.till.new_meter import NewMeter
from kiosk.till.registration import Opened

KINDS = ("keypad", "card")

_METER = (
    "meter", "meter_kind", "power_type", "phases", "capacity", "card", "place", "date", "reading",
    "seals", "shares", "register", "key",
)  # fmt: skip


def questions(screen: StaffFrame, *names: str) -> list[Question]:
    """The questions of [registry], a PIN hidden."""
    return [(screen.say(f"registry.ask_{name}"), name.endswith("pin")) for name in names]


def customer_form(screen: StaffFrame, back: Back) -> Form:
    """The first step: who becomes a customer."""
    words = screen.desk.settings.registry
    known = [
        offered(screen.say("registry.ask_customer_class"), words.customer_classes),
        offered(screen.say("registry.ask_area"), words.areas),
    ]
    names = ("name", "address", "phone", "customer_class", "area", "account")
    return LongForm(
        screen.say("registry.menu_open"), questions(screen, *names), _customer_typed, back,
        known,
    )  # fmt: skip


def _customer_typed(form: Form, answers: list[str]) -> None:
    words = form.desk.settings.registry
    name, address, phone, customer_class, area, account = answers
    customer = Customer(
        account, name, address, phone, 0, chosen(customer_class, words.customer_classes),
        chosen(area, words.areas),
    )  # fmt: skip
    asked(form, partial(registration.tidy_customer, form.desk, customer), partial(_to_meter, form))


def _to_meter(form: Form, customer: Customer) -> None:
    form.face_app.go(meter_form(form, partial(_confirm_open, customer)))


def further_meter(screen: StaffFrame, back: Back) -> Form:
    """A meter for a customer who is known: first whose."""

    def typed(form: Form, answers: list[str]) -> None:
        work = partial(history.customer_behind, form.desk, answers[0])
        asked(form, work, lambda customer: form.face_app.go(
            meter_form(form, partial(_confirm_add, customer))))  # fmt: skip

    title = screen.say("registry.menu_add")
    return LongForm(title, questions(screen, "who"), typed, back)


# --- the meter --------------------------------------------------------------------------------


def meter_form(screen: Form, then) -> Form:  # type: ignore[no-untyped-def]
    """The second step: which meter. `then` gets the form and the meter, or None for no meter."""
    power_types = registration.known_power_types(screen.desk)
    known = [
        offered(screen.say("registry.power_type"), power_types),
        offered(screen.say("registry.register"), list(REGISTERS)),
    ]

    def typed(form: Form, answers: list[str]) -> None:
        asked(form, partial(read_meter_answers, form.desk, answers), partial(then, form))

    return LongForm(
        screen.say("registry.meter"), questions(screen, *_METER), typed, screen.back, known
    )


def read_meter_answers(desk: Desk, answers: list[str]) -> NewMeter | Refusal | None:
    """The answers of a meter form; None where no meter was named. Raises BadInput."""
    number, kind, power_type, phases, capacity, card, place, date, reading, *rest = answers
    seals, shared, register, key = rest
    if not number.strip():
        return None
    shares = registry_file.shares_typed(shared)
    if isinstance(shares, Refusal):
        return shares
    power_types = registration.known_power_types(desk)
    group, revision, tariff_index, base_date = meter_key(key)
    return NewMeter(
        number, chosen(kind or "1", KINDS), chosen(power_type, power_types),
        whole(phases, 1), whole(capacity, 0), card=card, place=place.strip(),
        installed_on=date.strip(), reading_wh=energy_wh(reading), seals=seals.split(),
        shares=shares, register=chosen(register or "1", list(REGISTERS)), supply_group=group,
        tariff_index=tariff_index, key_revision=revision, base_date=base_date,
    )  # fmt: skip


def meter_key(text: str) -> tuple[str, int, int, int]:
    """Supply group, revision, tariff index and base date of a key, told apart by their six, one,
    two and four digits; left out they are "", 0, 1 and 0. Raises BadInput."""
    found = {6: "", 1: "0", 2: "01", 4: "0"}
    for part in text.split():
        if not (part.isascii() and part.isdecimal() and len(part) in found):
            raise BadInput(
                f"{text[:40]}: type group, revision, tariff index, base date: 123456 1 01 1993."
            )
        found[len(part)] = part
    return found[6], int(found[1]), int(found[2]), int(found[4])


# --- the question and the act -----------------------------------------------------------------


def _confirm_open(customer: Customer, form: Form, meter: NewMeter | None) -> None:
    sentence = form.say("registry.confirm_open", name=customer.name, address=customer.address)
    work = partial(registration.open_account, form.desk, customer, meter)
    _confirm(form, [sentence], meter, work)


def _confirm_add(customer: Customer, form: Form, meter: NewMeter | None) -> None:
    if meter is None:
        form.refuse(form.words.refusal(Refusal("field_missing", {"field": "meter"})))
        return
    work = partial(registration.add_meter, form.desk, customer.account, meter)
    _confirm(form, [customer.name], meter, work)


def _confirm(form: Form, sentences: list[str], meter: NewMeter | None, work) -> None:  # type: ignore[no-untyped-def]
    if meter is None:
        _restate(form, sentences, work)
        return

    def known(former: Meter | None) -> None:
        _restate(form, [*sentences, _meter_sentence(form, meter, former)], work)

    asked(form, partial(tenants.left_behind, form.desk, meter.number), known)


def _meter_sentence(form: Form, meter: NewMeter, former: Meter | None) -> str:
    """What becomes of the meter: it is new, or goes from a customer who has left to this one."""
    number, power_type = meter.number, meter.power_type
    if former is None:
        return form.say("registry.confirm_meter", meter=number, power_type=power_type)
    account = former.account
    return form.say("registry.confirm_tenant", meter=number, power_type=power_type, account=account)


def _restate(form: Form, sentences: list[str], work) -> None:  # type: ignore[no-untyped-def]
    title = form.say("registry.menu_open")
    screen: Confirm

    def yes() -> None:
        screen.ask(work, partial(_opened, screen))

    screen = Confirm(title, sentences, form.say("registry.confirm_keys"), yes, form.back)
    form.face_app.go(screen)


def _opened(screen: Confirm, outcome: Opened | Refusal) -> None:
    title = screen.say("registry.menu_open")
    if isinstance(outcome, Refusal):
        screen.face_app.go(Page(title, [screen.words.refusal(outcome)], screen.back))
        return
    said = screen.say("registry.opened", account=outcome.customer.account)
    show_slip(screen, title, [said], outcome.slip)


def show_slip(
    screen: Confirm, title: str, lines: list[str], slip: registry_slips.Slip,
    token: TokenRecord | None = None,
) -> None:  # fmt: skip
    """Print the slip, and that of its token, and show what stands on it."""
    paper = registry_slips.slip_lines(screen.desk, slip)
    shown = [f"{line.text}  {line.right}".rstrip() for line in paper if line.text or line.right]
    page = Page(title, [*lines, "", *shown], screen.back)
    screen.ask(
        partial(print_slips, screen.desk, slip, token),
        lambda _job: screen.face_app.go(page),
    )


def print_slips(desk: Desk, slip: registry_slips.Slip, token: TokenRecord | None) -> None:
    """The slip of the registry, then the token that carries the balance, if it was made."""
    registry_slips.print_slip(desk, slip)
    if token is not None and token.state == "issued":
        token_book.print_slip(desk, token)
