"""The verbs sign in and sign out. PINs are Argon2id hashes, keyed with a secret of the home.

The answer is the same for an unknown name and a wrong PIN; failed attempts are facts. After five of
them the operator waits 15 minutes, doubling, across restarts.
"""

from __future__ import annotations

import hashlib
import hmac

from kiosk.domain import facts
from kiosk.domain.organisation import may
from kiosk.errors import BadInput, Refusal
from kiosk.ledger.records import OperatorRecord
from kiosk.till.desk import Desk

_TRIES = 5
_LOCK_MS = 15 * 60 * 1000

#: m = 7 MiB, t = 5, p = 1: fits the 64 MiB of the selling process (performance 12).
_MEMORY_KIB, _PASSES = 7 * 1024, 5

ROLES = ("cashier", "technician", "supervisor")


def hash_pin(pin: str, pepper: bytes) -> str:
    """The stored form of a PIN. Raises BadInput for one that is too short to be worth hashing."""
    import argon2

    if not (pin.isdecimal() and 4 <= len(pin) <= 12):
        raise BadInput("A PIN has 4 to 12 digits.")
    hasher = argon2.PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
    return hasher.hash(_keyed(pin, pepper))


def sign_in(desk: Desk, name: str, pin: str) -> OperatorRecord | Refusal:
    """Become the operator of this desk."""
    record = _known(desk, name, pin)
    if isinstance(record, Refusal):
        return record
    desk.journal.append(facts.OperatorSignedIn(name, desk.station.name, desk.face))
    desk.operator, desk.role = record.operator, record.role
    return record


def second_person(desk: Desk, name: str, pin: str, right: str) -> str | Refusal:
    """The name of somebody else who has `right` too and agrees with a PIN; the desk stays with
    whoever is signed in. Two persons where value or keys move without money (design 7)."""
    if name == desk.operator:
        return Refusal("second_person_same", {"operator": name[:40]})
    record = _known(desk, name, pin)
    if isinstance(record, Refusal):
        return record
    return record.operator if may(record.role, right) else Refusal("no_right", {"right": right})


def _known(desk: Desk, name: str, pin: str) -> OperatorRecord | Refusal:
    """Whose name and PIN these are; a wrong PIN is a fact, and too many lock the operator."""
    record = desk.records.operator(name)
    now_ms = desk.clock.now().time_ms
    if record is not None and now_ms < _locked_until(record):
        _matches(_DECOY, pin, desk.pepper)
        return Refusal("operator_locked", {"until_ms": _locked_until(record)})
    stored = record.pin_hash if record is not None else _DECOY
    if not _matches(stored, pin, desk.pepper) or record is None:
        desk.journal.append(facts.SignInRefused(name[:40], desk.station.name))
        return Refusal("wrong_pin")
    return record


def sign_out(desk: Desk) -> None:
    """Leave the desk; the next operator signs in with a PIN of their own."""
    if desk.operator:
        desk.journal.append(facts.OperatorSignedOut(desk.operator, desk.station.name))
    desk.operator, desk.role = "", ""


def register(desk: Desk, name: str, role: str, pin: str, by: str) -> None:
    """Let somebody sign in."""
    if role not in ROLES:
        raise BadInput(f"{role!r} is no role; one of {', '.join(ROLES)}.")
    desk.journal.append(facts.OperatorRegistered(name, role, hash_pin(pin, desk.pepper), by))


def _locked_until(record: OperatorRecord) -> int:
    """15 minutes after the fifth wrong PIN in a row, doubling with each further one."""
    if record.failures < _TRIES:
        return 0
    wait_ms: int = _LOCK_MS << min(record.failures - _TRIES, 10)
    return record.last_failure_ms + wait_ms


def _keyed(pin: str, pepper: bytes) -> bytes:
    return hmac.new(pepper, pin.encode(), hashlib.sha256).digest()


def _matches(stored: str, pin: str, pepper: bytes) -> bool:
    import argon2

    try:
        return argon2.PasswordHasher().verify(stored, _keyed(pin, pepper))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


#: Verified when there is nobody of that name, so that the answer takes as long (reliability 7.7).
_DECOY = (
    "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHRzb21lc2FsdA"
    "$m4AqZS3aJ0UXWlNbDXHq0P8jR2n1m6zQvZc1F8m8n0I"
)
