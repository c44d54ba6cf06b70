"""The verbs sign in and sign out. PINs are Argon2id hashes, keyed with a secret of the home.

The answer is the same for an unknown name, a wrong PIN, a locked or retired operator and a missing
card, and it takes as long; failed attempts are facts. After five of them the operator waits 15
minutes, doubling, across restarts; after twenty in an hour the whole terminal takes one attempt in
half a minute (reliability 7.7).
"""

from __future__ import annotations

import hashlib
import hmac

from kiosk.domain import facts, operator_facts
from kiosk.domain.operator_facts import PinSecretKept
from kiosk.domain.organisation import may
from kiosk.errors import BadInput, CardFault, Refusal
from kiosk.ledger.damage import note_damage
from kiosk.ledger.operator_records import OperatorRecord
from kiosk.till.desk import Desk
from kiosk.till.sign_in_lock import is_locked, left_ms, note_failure

#: So many refusals in an hour at one home, and nobody may try again for half a minute.
_BRAKE_TRIES, _BRAKE_WINDOW_MS, _BRAKE_MS = 20, 3_600_000, 30_000

#: m = 7 MiB, t = 5, p = 1: fits the 64 MiB of the selling process (performance 12).
_MEMORY_KIB, _PASSES = 7 * 1024, 5

ROLES = ("cashier", "technician", "supervisor")


def hash_pin(pin: str, pepper: bytes) -> str:
    """The stored form of a PIN. Raises BadInput for one that is too short to be worth hashing."""
    import argon2

    if not (pin.isascii() and pin.isdecimal() and 4 <= len(pin) <= 12):
        raise BadInput("A PIN has 4 to 12 digits.")
    hasher = argon2.PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
    return hasher.hash(_keyed(pin, pepper))


def sign_in(desk: Desk, name: str, pin: str) -> OperatorRecord | Refusal:
    """Become the operator of this desk. Whoever has a card has it in the reader too."""
    record = _known(desk, name, pin, with_card=True)
    if isinstance(record, Refusal):
        return record
    signed_in = facts.OperatorSignedIn(name, desk.station.name, desk.face)
    desk.journal.append(signed_in, *secret_to_keep(desk))
    desk.operator, desk.role = record.operator, record.role
    return record


def second_person(desk: Desk, name: str, pin: str, right: str) -> str | Refusal:
    """The name of somebody else who has `right` too and agrees with a PIN; the desk stays with
    whoever is signed in. Two persons where value or keys move without money (design 7). The reader
    may hold the card that the act is about, so a second person needs no card of their own."""
    if name == desk.operator:
        return Refusal("second_person_same", {"operator": name[:40]})
    record = _known(desk, name, pin, with_card=False)
    if isinstance(record, Refusal):
        return record
    return record.operator if may(record.role, right) else Refusal("no_right", {"right": right})


def own_pin(desk: Desk, pin: str) -> Refusal | None:
    """Whether this is the PIN of whoever is signed in: asked before a PIN is changed."""
    record = _known(desk, desk.operator, pin, with_card=False)
    return record if isinstance(record, Refusal) else None


def _known(desk: Desk, name: str, pin: str, *, with_card: bool) -> OperatorRecord | Refusal:
    """Whose name and PIN these are; a wrong PIN is a fact, and too many lock the operator."""
    if has_other_secret(desk):
        return Refusal("pin_secret_other")
    forged = operators_forged(desk)
    if forged is not None:
        return forged
    now_ms = desk.clock.now().time_ms
    braked = _brake(desk, now_ms)
    if braked is not None:
        return braked
    record = desk.records.operator(name)
    locked = record is not None and is_locked(desk, record)
    stored = _DECOY if record is None or locked else record.pin_hash
    right = _matches(stored, pin, desk.pepper)
    if record is not None and locked:
        desk.journal.append(operator_facts.LockedSignInRefused(name[:40], desk.station.name))
        return Refusal("wrong_pin")
    if (
        record is None
        or not right
        or record.retired
        or (with_card and not _card_is_in(desk, record))
    ):
        desk.journal.append(facts.SignInRefused(name[:40], desk.station.name))
        if record is not None:
            note_failure(desk, record)
        return Refusal("wrong_pin")
    return record


def operators_forged(desk: Desk) -> Refusal | None:
    """Whether somebody wrote who may sign in past the journal: damage like any other. Over a ledger
    that is known for damaged people still sign in, to restore it."""
    found = "" if desk.damage else desk.records.operators_otherwise()
    if not found:
        return None
    note_damage(desk.home, found)
    desk.damage = found
    return Refusal("read_only")


def has_other_secret(desk: Desk) -> bool:
    """Whether the secret that PINs are keyed with is not the one with which PINs of this home were
    given and were right: then each would seem wrong, and lock who typed it."""
    kept = desk.records.last_of(PinSecretKept.KIND)
    return isinstance(kept, PinSecretKept) and not hmac.compare_digest(
        kept.check, _check_value(desk.pepper)
    )


def secret_to_keep(desk: Desk) -> list[PinSecretKept]:
    """What is to be written with a PIN that was given or was right, where nothing is kept yet."""
    if desk.records.last_of(PinSecretKept.KIND) is not None:
        return []
    return [PinSecretKept(_check_value(desk.pepper))]


def _check_value(pepper: bytes) -> bytes:
    return hmac.new(pepper, b"payment-hall/pins/check/1", hashlib.sha256).digest()[:16]


def is_pin_of(record: OperatorRecord | None, pin: str, pepper: bytes) -> bool:
    """Whether `pin` is that of somebody who may still sign in; nobody takes as long (7.7)."""
    right = _matches(_DECOY if record is None else record.pin_hash, pin, pepper)
    return record is not None and right and not record.retired


def _brake(desk: Desk, now_ms: int) -> Refusal | None:
    """Somebody tries names and PINs: everybody waits a little, whatever they type."""
    tries, last_ms = desk.records.refused_sign_ins(now_ms - _BRAKE_WINDOW_MS)
    if tries < _BRAKE_TRIES:
        return None
    waits_ms = left_ms(desk, tries, last_ms, _BRAKE_MS)
    return Refusal("sign_in_brake", {"seconds": -(-waits_ms // 1000)}) if waits_ms > 0 else None


def _card_is_in(desk: Desk, record: OperatorRecord) -> bool:
    if not record.card:
        return True
    try:
        return desk.reader is not None and desk.reader.read().serial == record.card
    except CardFault:
        return False


def sign_out(desk: Desk) -> None:
    """Leave the desk; the next operator signs in with a PIN of their own."""
    if desk.operator:
        desk.journal.append(facts.OperatorSignedOut(desk.operator, desk.station.name))
    desk.operator, desk.role = "", ""


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
