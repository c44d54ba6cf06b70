"""The registry line by line: open an account, amend, replace a meter, the lists; the same verbs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from kiosk.domain.credit_registers import REGISTERS
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Customer
from kiosk.domain.registry_changes import CUSTOMER_FIELDS
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.errors import Refusal
from kiosk.screens import registry_telling
from kiosk.screens.cashier.registry_open import KINDS, meter_key, print_slips, read_meter_answers
from kiosk.screens.cashier.registry_retire import SOURCES, replaced_lines
from kiosk.screens.lines.console import Console
from kiosk.screens.staff.answers import chosen, energy_wh, offered
from kiosk.till import amend, history, inquiry, registration, registry_slips, replace
from kiosk.till.credit_left import Final
from kiosk.till.inquiry import Span
from kiosk.till.new_meter import NewMeter
from kiosk.till.tokens import SecondPerson

_LISTED = 20


def serve(console: Console) -> None:
    """One choice of what may be done with customers and meters."""
    say = console.words.say
    lists = [(say(f"records.list_{name}"), partial(_list, console, name)) for name in inquiry.LISTS]
    console.choose(
        [
            (say("registry.menu_open"), partial(_open, console)),
            (say("registry.menu_customer"), partial(_file, console)),
            (say("registry.menu_amend"), partial(_amend, console)),
            (say("registry.menu_replace"), partial(_replace, console)),
            *lists,
        ]
    )


def _ask(console: Console, name: str) -> str:
    return console.ask(f"registry.ask_{name}")


def _ask_chosen(console: Console, name: str, options: Sequence[str]) -> str:
    console.say(offered(console.words.say(f"registry.ask_{name}"), options))
    return chosen(_ask(console, name), options)


def _ask_reason(console: Console) -> str:
    return _ask_chosen(console, "reason", console.desk.settings.registry.reasons)


def _say_slip(console: Console, slip: RegistrySlip, token: TokenRecord | None = None) -> None:
    for line in registry_slips.slip_lines(console.desk, slip):
        if line.text or line.right:
            console.say(f"{line.text}  {line.right}".strip())
    print_slips(console.desk, slip, token)


# --- open -------------------------------------------------------------------------------------


def _open(console: Console) -> None:
    words = console.desk.settings.registry
    name, address, phone = (_ask(console, label) for label in ("name", "address", "phone"))
    customer_class = _ask_chosen(console, "customer_class", words.customer_classes)
    area = _ask_chosen(console, "area", words.areas)
    account = _ask(console, "account")
    customer = registration.tidy_customer(
        console.desk, Customer(account, name, address, phone, 0, customer_class, area)
    )
    if isinstance(customer, Refusal):
        console.refuse(customer)
        return
    meter = _ask_meter(console)
    if isinstance(meter, Refusal):
        console.refuse(meter)
        return
    question = console.words.say(
        "registry.confirm_open", name=customer.name, address=customer.address
    )
    if not console.confirm(question):
        return
    opened = registration.open_account(console.desk, customer, meter)
    if isinstance(opened, Refusal):
        console.refuse(opened)
        return
    console.tell("registry.opened", account=opened.customer.account)
    _say_slip(console, opened.slip)


def _ask_meter(console: Console) -> NewMeter | Refusal | None:
    number = _ask(console, "meter")
    if not number:
        return None
    power_types = registration.known_power_types(console.desk)
    answers = [number, _ask(console, "meter_kind"), _ask_chosen(console, "power_type", power_types)]
    for name in ("phases", "capacity", "card", "place", "date", "reading", "seals", "shares"):
        answers.append(_ask(console, name))
    answers.append(_ask_chosen(console, "register", list(REGISTERS)))
    answers.append(_ask(console, "key"))
    return read_meter_answers(console.desk, answers)


# --- look up and amend ------------------------------------------------------------------------


def _file(console: Console) -> None:
    found = inquiry.overall(console.desk, _ask(console, "who"), _LISTED)
    if isinstance(found, Refusal):
        console.refuse(found)
    else:
        console.say(
            *(line for line in registry_telling.overall_lines(console.words, found) if line)
        )


def _amend(console: Console) -> None:
    customer = history.customer_behind(console.desk, _ask(console, "who"))
    if isinstance(customer, Refusal):
        console.refuse(customer)
        return
    console.say(*registry_telling.customer_lines(console.words, customer))
    fields = [console.words.say(f"registry.field_{name}") for name in CUSTOMER_FIELDS]
    place = console.pick("registry.ask_field", fields)
    if place is None:
        return
    text = _ask(console, "value")
    amended = amend.amend_customer(
        console.desk, customer.account, CUSTOMER_FIELDS[place], text, _ask_reason(console)
    )
    if isinstance(amended, Refusal):
        console.refuse(amended)
        return
    console.tell("registry.amended")
    console.say(*registry_telling.customer_lines(console.words, amended))


def _list(console: Console, name: str) -> None:
    number = console.ask("records.ask_number").replace(" ", "")
    found = inquiry.listing(console.desk, name, Span(number=number, limit=_LISTED))
    if isinstance(found, Refusal):
        console.refuse(found)
    elif found.rows:
        console.say(*registry_telling.listing_lines(console.words, found))
    else:
        console.tell("records.none")


# --- replace ----------------------------------------------------------------------------------


def _replace(console: Console) -> None:
    old = replace.look_at_old(console.desk, _ask(console, "old_meter"))
    if isinstance(old, Refusal):
        console.refuse(old)
        return
    console.say(*registry_telling.old_meter_lines(console.words, old))
    source = chosen(_ask(console, "source"), SOURCES)
    final = Final(source)
    if source != "card":
        reading = energy_wh(_ask(console, "reading"))
        final = Final(source, reading, energy_wh(_ask(console, "remaining")))
    reason = _ask_reason(console)
    power_types = registration.known_power_types(console.desk)
    number, kind = _ask(console, "new_meter"), chosen(_ask(console, "meter_kind") or "1", KINDS)
    power_type = _ask_chosen(console, "power_type", power_types) or old.meter.power_type
    card, seals = _ask(console, "card"), _ask(console, "seals").split()
    group, revision, tariff_index, base_date = meter_key(_ask(console, "key"))
    new = NewMeter(
        number, kind, power_type, old.meter.phases, old.meter.capacity_w, group, tariff_index,
        card=card, seals=seals, shares=old.shares_at(power_type), register=old.meter.register,
        key_revision=revision, base_date=base_date,
    )  # fmt: skip
    second = _ask_second(console)
    left_wh = final.remaining_wh if source != "card" else old.card_left_wh or 0
    question = console.words.say(
        "registry.confirm_replace", meter=old.meter.number, remaining_wh=left_wh,
        new_meter=new.number,
    )  # fmt: skip
    if not console.confirm(question):
        return
    done = replace.replace_meter(console.desk, old.meter.number, new, final, reason, second)
    if isinstance(done, Refusal):
        console.refuse(done)
        return
    console.say(*replaced_lines(console.desk, console.words, done))
    _say_slip(console, done.slip, done.token)


def _ask_second(console: Console) -> SecondPerson | None:
    name = _ask(console, "second")
    return SecondPerson(name, console.ask_secret("registry.ask_second_pin")) if name else None
