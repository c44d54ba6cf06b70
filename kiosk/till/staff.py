"""The verbs about operators: who is registered, with which role, PIN and card, and who has left.

A supervisor registers, unlocks and retires; nobody ends their own service, and a home never loses
its last supervisor. The first supervisor of a home is registered by whoever installs it.
"""

from __future__ import annotations

import itertools
import re

import msgspec

from kiosk.domain import facts, operator_facts
from kiosk.domain.cards.image import CardImage
from kiosk.errors import BadInput, Refusal
from kiosk.ledger.operator_records import OperatorRecord
from kiosk.till.desk import Desk
from kiosk.till.operators import (
    ROLES,
    has_other_secret,
    hash_pin,
    operators_forged,
    own_pin,
    secret_to_keep,
)
from kiosk.till.recover import card_image
from kiosk.till.sign_in_lock import is_locked
from kiosk.till.tokens import reason_missing

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_SUPERVISOR = "supervisor"


class StaffRow(msgspec.Struct, frozen=True):
    """An operator in the list; never the PIN's hash."""

    operator: str
    role: str
    state: str
    card: str


def staff(desk: Desk) -> list[StaffRow] | Refusal:
    """Everybody who may sign in, or could: `state` is active, locked or retired."""
    refused = desk.gate("operators")
    if refused is not None:
        return refused
    return [
        StaffRow(each.operator, each.role, _state(desk, each), each.card)
        for each in desk.records.operators()
    ]


def _state(desk: Desk, record: OperatorRecord) -> str:
    if record.retired:
        return "retired"
    return "locked" if is_locked(desk, record) else "active"


def register_first(desk: Desk, name: str, pin: str) -> Refusal | None:
    """The first supervisor of a home that has no operator yet."""
    forged = operators_forged(desk)
    if forged is not None:
        return forged
    if desk.records.operators():
        return Refusal("operators_exist")
    _write(desk, name, _SUPERVISOR, pin, name)
    return None


def register(desk: Desk, name: str, role: str, pin: str) -> Refusal | None:
    """Let somebody new sign in, or let somebody who had left come back."""
    refused = desk.gate("operators")
    if refused is not None:
        return refused
    known = desk.records.operator(name)
    if known is not None and not known.retired:
        return Refusal("operator_exists", {"operator": name})
    _write(desk, name, role, pin, desk.operator)
    return None


def change_role(desk: Desk, name: str, role: str, pin: str) -> Refusal | None:
    """Another role, with a new PIN: the old one was given for less."""
    refused = _about(desk, name)
    if refused is not None:
        return refused
    if role != _SUPERVISOR and _is_last_supervisor(desk, name):
        return Refusal("last_supervisor", {"operator": name})
    _write(desk, name, role, pin, desk.operator)
    return None


def reset_pin(desk: Desk, name: str, pin: str) -> Refusal | None:
    """A new PIN for somebody who forgot theirs; a wait ends with it."""
    refused = _about(desk, name)
    if refused is not None:
        return refused
    record = desk.records.operator(name)
    assert record is not None
    _write(desk, name, record.role, pin, desk.operator)
    return None


def change_pin(desk: Desk, old: str, new: str) -> Refusal | None:
    """One's own PIN; the old one proves who asks."""
    if not desk.operator or desk.records.operator(desk.operator) is None:
        return Refusal("no_right", {"right": "sign_in"})
    refused = own_pin(desk, old)
    if refused is not None:
        return refused
    _write(desk, desk.operator, desk.role, new, desk.operator)
    return None


def unlock(desk: Desk, name: str) -> Refusal | None:
    """End the wait after wrong PINs."""
    refused = _about(desk, name)
    if refused is None:
        desk.journal.append(operator_facts.OperatorUnlocked(name, desk.operator))
    return refused


def retire(desk: Desk, name: str, reason: str) -> Refusal | None:
    """Somebody has left: the name signs in no more."""
    refused = _about(desk, name)
    if refused is not None:
        return refused
    if name == desk.operator:
        return Refusal("own_service", {"operator": name})
    if _is_last_supervisor(desk, name):
        return Refusal("last_supervisor", {"operator": name})
    missing = reason_missing(reason)
    if missing is not None:
        return missing
    desk.journal.append(operator_facts.OperatorRetired(name, desk.operator, reason.strip()[:200]))
    return None


def give_card(desk: Desk, name: str) -> CardImage | Refusal:
    """The card in the reader is this operator's from now on. A customer's card is refused."""
    refused = _about(desk, name)
    if refused is not None:
        return refused
    image = card_image(desk)
    if isinstance(image, Refusal):
        return image
    holder = next((each for each in desk.records.operators() if each.card == image.serial), None)
    if desk.records.card(serial=image.serial) is not None or (
        holder is not None and holder.operator != name
    ):
        return Refusal("card_taken", {"serial": image.serial})
    desk.journal.append(operator_facts.OperatorCardGiven(name, image.serial, desk.operator))
    return image


def take_card(desk: Desk, name: str) -> Refusal | None:
    """The operator signs in without a card again: it was lost, or never wanted."""
    refused = _about(desk, name)
    if refused is None:
        desk.journal.append(operator_facts.OperatorCardGiven(name, "", desk.operator))
    return refused


def _about(desk: Desk, name: str) -> Refusal | None:
    """Whether the operator of this desk may do something about an operator who is there."""
    refused = desk.gate("operators")
    if refused is not None:
        return refused
    record = desk.records.operator(name)
    if record is None or record.retired:
        return Refusal("operator_unknown", {"operator": name[:40]})
    return None


def _is_last_supervisor(desk: Desk, name: str) -> bool:
    there = [each.operator for each in desk.records.operators()
             if each.role == _SUPERVISOR and not each.retired]  # fmt: skip
    return there == [name]


def _write(desk: Desk, name: str, role: str, pin: str, by: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise BadInput("An operator has a name of 1 to 32 letters, digits, dots, - and _.")
    if role not in ROLES:
        raise BadInput(f"{role!r} is no role; one of {', '.join(ROLES)}.")
    if desk.settings.site.mode == "real" and _is_guessable(pin):
        raise BadInput("This PIN is the first that anybody would try; choose another.")
    if has_other_secret(desk):
        raise BadInput("The secret of the PINs is another one; put keys/pins.secret back first.")
    registered = facts.OperatorRegistered(name, role, hash_pin(pin, desk.pepper), by)
    desk.journal.append(registered, *secret_to_keep(desk))


def _is_guessable(pin: str) -> bool:
    """One digit again and again, or digits in a row up or down: 0000, 1234, 987654."""
    if not (pin.isascii() and pin.isdecimal()):
        return False
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    return len(steps) == 1 and steps <= {0, 1, 9}
