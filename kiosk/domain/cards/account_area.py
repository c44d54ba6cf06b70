"""The account area of the open layout: money on the card, so that it can be spent while cut off.

The card is the lock (F018). Each top-up and each spend is one movement, which turns the account
state with sequence n into the one with n + 1. Two slots take turns: the movement goes into the slot
that does not hold the current state, its validity byte last, so that a card that is pulled out
carries the old state or the new one and never a third. Only processor cards with keys have the
area: they refuse a write by anybody but a seller, and a copy of their files proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import Refusal

FIRST_SLOT, SECOND_SLOT = 4, 5
SLOT_BYTES = 48

_MAC_AT, _VALIDITY_AT = 39, 47
_WINDOWS = {(0, _MAC_AT), (_MAC_AT, 8), (_VALIDITY_AT, 1)}

LAST_SEQUENCE = 2**32 - 1
#: Far beyond any customer's money, and its sums stay within 64 bits.
LARGEST_MINOR = 10**12 - 1

MoveKind = Literal["top_up", "spend"]
_KINDS: dict[int, MoveKind] = {1: "top_up", 2: "spend"}
_CODES = {kind: code for code, kind in _KINDS.items()}

#: What the card says became of a movement; see `witness`.
AccountTestimony = Literal["not_delivered", "torn", "delivered", "superseded", "other"]


class AccountState(msgspec.Struct, frozen=True):
    """The current account state of a card. Money in minor units of `currency`.

    Sequence 0 is a card whose account was never used. `mark` names the last movement and the
    terminal that made it (`mark_of`), `kind` and `amount_minor` say what it was.
    """

    serial: str
    sequence: int = 0
    balance_minor: int = 0
    currency: str = ""
    kind: MoveKind | None = None
    amount_minor: int = 0
    mark: bytes = bytes(16)


def mark_of(move_id: str, origin: str) -> bytes:
    """16 bytes for a movement: 10 of SHA-256 over its id and 6 over its terminal's name."""
    movement = hashlib.sha256(move_id.encode()).digest()[:10]
    return movement + hashlib.sha256(origin.encode()).digest()[:6]


def account_state(image: CardImage) -> AccountState | Refusal:
    """What the account on the card stands at; the driver has checked the MACs of both slots.

    Refuses card_no_account (another family, no keys, or made without the second slot) and
    card_damaged (a valid slot that cannot be read, or two that do not follow each other).
    """
    if image.family != layout.FAMILY or SECOND_SLOT not in image.files:
        return Refusal("card_no_account")
    if not layout.is_sealed(image):
        return Refusal("card_no_account")
    slots = [_read(image, file) for file in (FIRST_SLOT, SECOND_SLOT)]
    for slot in slots:
        if isinstance(slot, Refusal):
            return slot
    states = [slot for slot in slots if isinstance(slot, AccountState)]
    if len(states) == 2 and abs(states[0].sequence - states[1].sequence) != 1:
        return Refusal("card_damaged", {"file": FIRST_SLOT})
    return max(states, key=lambda state: state.sequence, default=AccountState(image.serial))


def _read(image: CardImage, file: int) -> AccountState | Refusal | None:
    """The state in one slot, or None while it does not count."""
    raw = image.files[file]
    if len(raw) != SLOT_BYTES:
        return Refusal("card_damaged", {"file": file})
    if raw[_VALIDITY_AT:] != layout.VALID:
        return None
    letters, kind = raw[13:16], _KINDS.get(raw[16])
    sequence = int.from_bytes(raw[1:5], "big")
    sound = raw[0] == layout.VERSION and kind is not None and sequence > 0
    if not sound or not (letters.isalpha() and letters.isupper()) or _slot(sequence) != file:
        return Refusal("card_damaged", {"file": file})
    return AccountState(
        serial=image.serial,
        sequence=sequence,
        balance_minor=int.from_bytes(raw[5:13], "big"),
        currency=letters.decode("ascii"),
        kind=kind,
        amount_minor=int.from_bytes(raw[17:23], "big"),
        mark=raw[23:_MAC_AT],
    )


def _slot(sequence: int) -> int:
    """The slots take turns: odd sequences stand in the first, even ones in the second."""
    return FIRST_SLOT if sequence % 2 else SECOND_SLOT


def spend(
    state: AccountState, amount_minor: int, currency: str, move_id: str, origin: str
) -> tuple[list[PlainWrite], AccountState] | Refusal:
    """The four ordered writes that take `amount_minor` off the card, and the state after them.

    Refuses card_account_too_small, card_account_currency and card_numbers_used_up.
    """
    if state.balance_minor < amount_minor:
        return Refusal("card_account_too_small", {"balance_minor": state.balance_minor})
    return _move(state, "spend", amount_minor, currency, mark_of(move_id, origin))


def top_up(
    state: AccountState, amount_minor: int, currency: str, move_id: str, origin: str
) -> tuple[list[PlainWrite], AccountState] | Refusal:
    """The four ordered writes that put `amount_minor` on the card, and the state after them.

    Refuses card_account_too_large, card_account_currency and card_numbers_used_up.
    """
    if state.balance_minor + amount_minor > LARGEST_MINOR:
        return Refusal("card_account_too_large", {"balance_minor": state.balance_minor})
    return _move(state, "top_up", amount_minor, currency, mark_of(move_id, origin))


def _move(
    state: AccountState, kind: MoveKind, amount_minor: int, currency: str, mark: bytes
) -> tuple[list[PlainWrite], AccountState] | Refusal:
    assert amount_minor > 0, amount_minor
    if state.sequence and state.currency != currency:
        return Refusal("card_account_currency", {"currency": state.currency})
    if state.sequence == LAST_SEQUENCE:
        return Refusal("card_numbers_used_up")
    signed = amount_minor if kind == "top_up" else -amount_minor
    after = AccountState(
        serial=state.serial,
        sequence=state.sequence + 1,
        balance_minor=state.balance_minor + signed,
        currency=currency,
        kind=kind,
        amount_minor=amount_minor,
        mark=mark,
    )
    assert 0 <= after.balance_minor <= LARGEST_MINOR, after
    return _writes(after), after


def _writes(after: AccountState) -> list[PlainWrite]:
    slot = _slot(after.sequence)
    return [
        PlainWrite(slot, _VALIDITY_AT, layout.NOT_FINISHED),
        PlainWrite(slot, 0, _content(after)),
        PlainWrite(slot, _MAC_AT, bytes(8), sealed=True),
        PlainWrite(slot, _VALIDITY_AT, layout.VALID),
    ]


def _content(state: AccountState) -> bytes:
    assert state.kind is not None
    content = (
        bytes([layout.VERSION])
        + state.sequence.to_bytes(4, "big")
        + state.balance_minor.to_bytes(8, "big")
        + state.currency.encode("ascii").ljust(3, b"\0")
        + bytes([_CODES[state.kind]])
        + state.amount_minor.to_bytes(6, "big")
        + state.mark
    )
    assert len(content) == _MAC_AT, state
    return content


def allowed(write: PlainWrite) -> bool:
    """Whether a seller may make `write`: the three windows of either slot, nothing else."""
    return write.file in (FIRST_SLOT, SECOND_SLOT) and (write.address, len(write.data)) in _WINDOWS


def witness(before: CardImage, now: CardImage, writes: Sequence[PlainWrite]) -> AccountTestimony:
    """What the card says became of the movement `writes`, which was to change `before`.

    not_delivered  the card stands where it stood: make the same writes
    torn           the card stands where it stood, the new slot is unfinished: the same writes again
    delivered      the movement is on the card, and at most one further movement after it
    superseded     another seller made the movement with this number: ours never happened
    other          another card, a card that was set back, or one that has moved on by more than one
    """
    was, stands = account_state(before), account_state(now)
    if isinstance(was, Refusal) or isinstance(stands, Refusal) or was.serial != stands.serial:
        return "other"
    slot, number = _slot(was.sequence + 1), was.sequence + 1
    if stands.sequence in (number, number + 1):
        wanted = next(write.data for write in writes if write.file == slot and not write.address)
        return "delivered" if now.files[slot][:_MAC_AT] == wanted else "superseded"
    if stands != was:
        return "other"
    return "not_delivered" if now.files[slot] == before.files[slot] else "torn"
