"""The open layout, version 1 (docs/cards.md): its bytes, the seller's rules, what a card proves.

`state` reads an image, `purchase` makes the four ordered writes of a sale, and `witness` says from
two images what became of them (E01-E03). The validity byte is always the last byte written, so a
card that was pulled out early carries nothing that a meter would credit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.energy import CARD_LARGEST_WH
from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS
from kiosk.errors import Refusal

FAMILY = "open"
IDENTITY, PURCHASE, WRITE_BACK, ACCOUNT = 1, 2, 3, 4

#: Short file identifier -> length in bytes.
FILES = {IDENTITY: 48, PURCHASE: 40, WRITE_BACK: 40, ACCOUNT: 48}

VALID = b"\xa5"
NOT_FINISHED = b"\x00"

VERSION = 1
USER_CARD = 1

#: The purchase number has 32 bits and never starts again.
LAST_PURCHASE_NUMBER = 2**32 - 1

_VALIDITY_AT = 39
_MAC_AT = 31
_MARK_AT = slice(21, 31)

#: Address and length of every write that a seller may make in the purchase file, and no other.
_SELLER_WINDOWS = {(0, _MAC_AT), (_MAC_AT, 8), (_VALIDITY_AT, 1)}

_CARD_NUMBER_BYTES = CARD_DIGITS // 2
_METER_NUMBER_BYTES = (METER_DIGITS + 1) // 2

Testimony = Literal["not_delivered", "torn", "delivered", "consumed", "superseded", "other"]


class OpenCard(msgspec.Struct, frozen=True):
    """What a user card says. Energy in Wh, money in minor units, `serial` in lower-case hex.

    `purchase_valid` is False while a purchase is unfinished; its other fields may then be a mixture
    of two purchases. The write-back fields are 0 unless `write_back_valid`: before the first
    insertion, and after a meter was interrupted while it wrote. `meter_result` is the code of the
    last insertion in docs/cards.md. Account fields are 0 unless `account_valid`.
    """

    version: int
    kind: int
    issue: int
    serial: str
    card_number: str
    meter: str
    purchase_number: int
    purchase_energy_wh: int
    purchase_amount_minor: int
    currency: str
    purchase_valid: bool
    written_back_number: int
    credited_total_wh: int
    energy_left_wh: int
    meter_result: int
    write_back_meter: str
    write_back_valid: bool
    account_sequence: int
    account_balance_minor: int
    account_currency: str
    account_valid: bool

    def taken(self) -> bool:
        """Whether the meter has taken the last purchase, so that the next may overwrite it."""
        if self.purchase_number == 0:
            return True
        return self.write_back_valid and self.written_back_number == self.purchase_number


def state(image: CardImage) -> OpenCard | Refusal:
    """What the card says, or why it cannot be sold to.

    Refuses card_foreign (not this layout), card_blank, card_unknown_version, card_unknown_kind,
    card_not_finished (identity not valid), card_other_serial (the identity of another chip, E16)
    and card_damaged (`file` names the part that cannot be read).
    """
    if image.family != FAMILY:
        return Refusal("card_foreign", {"family": image.family})
    for file, length in FILES.items():
        if len(image.files.get(file, b"")) != length:
            return Refusal("card_damaged", {"file": file})
    refused = _identity_refusal(image)
    if refused is not None:
        return refused
    return _fields(image)


def _identity_refusal(image: CardImage) -> Refusal | None:
    identity = image.files[IDENTITY]
    if len(set(identity)) == 1 and identity[0] in (0x00, 0xFF):
        return Refusal("card_blank")
    if identity[0] != VERSION:
        return Refusal("card_unknown_version", {"version": identity[0]})
    if identity[47:] != VALID:
        return Refusal("card_not_finished")
    if identity[1] != USER_CARD:
        return Refusal("card_unknown_kind", {"kind": identity[1]})
    if identity[4:12].hex() != image.serial:
        return Refusal("card_other_serial", {"serial": image.serial})
    return None


def _fields(image: CardImage) -> OpenCard | Refusal:
    identity, purchased = image.files[IDENTITY], image.files[PURCHASE]
    back, account = image.files[WRITE_BACK], image.files[ACCOUNT]
    purchase_valid = purchased[_VALIDITY_AT:] == VALID
    write_back_valid = back[_VALIDITY_AT:] == VALID
    account_valid = account[47:] == VALID
    card_number = _digits(identity[12:18], CARD_DIGITS)
    meter = _digits(identity[18:24], METER_DIGITS)
    write_back_meter = _digits(back[16:22], METER_DIGITS) if write_back_valid else ""
    currency, account_currency = _letters(purchased[18:21]), _letters(account[13:16])
    if card_number is None or meter is None:
        return Refusal("card_damaged", {"file": IDENTITY})
    if purchase_valid and (purchased[0] != VERSION or currency is None):
        return Refusal("card_damaged", {"file": PURCHASE})
    if write_back_meter is None or (write_back_valid and back[0] != VERSION):
        return Refusal("card_damaged", {"file": WRITE_BACK})
    if account_valid and (account[0] != VERSION or not account_currency):
        return Refusal("card_damaged", {"file": ACCOUNT})
    return OpenCard(
        version=identity[0],
        kind=identity[1],
        issue=_number(identity[2:4]),
        serial=image.serial,
        card_number=card_number,
        meter=meter,
        purchase_number=_number(purchased[1:5]),
        purchase_energy_wh=_number(purchased[5:10]),
        purchase_amount_minor=_number(purchased[10:18]),
        currency=currency or "",
        purchase_valid=purchase_valid,
        written_back_number=_number(back[1:5]) if write_back_valid else 0,
        credited_total_wh=_number(back[5:10]) if write_back_valid else 0,
        energy_left_wh=_number(back[10:15]) if write_back_valid else 0,
        meter_result=back[15] if write_back_valid else 0,
        write_back_meter=write_back_meter,
        write_back_valid=write_back_valid,
        account_sequence=_number(account[1:5]) if account_valid else 0,
        account_balance_minor=_number(account[5:13]) if account_valid else 0,
        account_currency=(account_currency or "") if account_valid else "",
        account_valid=account_valid,
    )


def purchase(
    card: OpenCard,
    image: CardImage,
    energy_wh: int,
    amount_minor: int,
    currency: str,
    sale_id: str = "",
) -> tuple[list[PlainWrite], int] | Refusal:
    """The four ordered writes of sale `sale_id` on the card in `image`, and its purchase number.

    Refuses card_unfinished_purchase (an earlier sale was torn and must be finished first, E02),
    card_unread_purchase (the meter has not taken the last one, E03), card_behind_meter (the meter
    has taken a higher number than this card ever carried, E16), card_other_meter (the write-back is
    of another meter), card_numbers_used_up and card_energy_too_large.
    """
    assert energy_wh > 0, energy_wh
    refused = _purchase_refusal(card)
    if refused is not None:
        return refused
    if energy_wh > CARD_LARGEST_WH:
        return Refusal("card_energy_too_large", {"energy_wh": energy_wh})
    number = card.purchase_number + 1
    sealed = is_sealed(image)
    writes = rewrite(number, energy_wh, amount_minor, currency, sale_id, sealed=sealed)
    _check_after_image(image, writes, number, energy_wh)
    return writes, number


def _purchase_refusal(card: OpenCard) -> Refusal | None:
    if not card.purchase_valid:
        return Refusal("card_unfinished_purchase")
    if card.write_back_valid and card.write_back_meter != card.meter:
        return Refusal("card_other_meter", {"meter": card.write_back_meter})
    if card.written_back_number > card.purchase_number:
        return Refusal("card_behind_meter", {"purchase_number": card.purchase_number})
    if not card.taken():
        return Refusal(
            "card_unread_purchase",
            {"purchase_number": card.purchase_number, "energy_wh": card.purchase_energy_wh},
        )
    if card.purchase_number == LAST_PURCHASE_NUMBER:
        return Refusal("card_numbers_used_up")
    return None


def _check_after_image(
    image: CardImage, writes: Sequence[PlainWrite], number: int, energy_wh: int
) -> None:
    """What is about to be written reads back as what was paid, and nothing else has changed."""
    after = state(_after(image, writes))
    assert isinstance(after, OpenCard), after
    assert (after.purchase_number, after.purchase_energy_wh) == (number, energy_wh)
    assert after.purchase_valid
    assert not after.taken()


def is_sealed(image: CardImage) -> bool:
    """Whether this card belongs to a profile with keys: its identity carries a MAC."""
    return image.files[IDENTITY][39:47] != bytes(8)


def rewrite(
    purchase_number: int,
    energy_wh: int,
    amount_minor: int,
    currency: str,
    sale_id: str = "",
    *,
    sealed: bool = False,
) -> list[PlainWrite]:
    """The four ordered writes for a given purchase number.

    Completes a torn write (E02), repeats a lost purchase on a reissued card (E15), and puts back
    the last purchase, which the meter has taken already, when a torn sale is voided; a card without
    a purchase has number 0 and no currency. Without keys the MAC is zeros; with keys (`sealed`) the
    driver puts in the MAC that the security module makes in the session.
    """
    content = _purchase_content(purchase_number, energy_wh, amount_minor, currency, sale_id)
    return [
        PlainWrite(PURCHASE, _VALIDITY_AT, NOT_FINISHED),
        PlainWrite(PURCHASE, 0, content),
        PlainWrite(PURCHASE, _MAC_AT, bytes(8), sealed),
        PlainWrite(PURCHASE, _VALIDITY_AT, VALID),
    ]


def _purchase_content(
    number: int, energy_wh: int, amount_minor: int, currency: str, sale_id: str = ""
) -> bytes:
    assert 0 <= number <= LAST_PURCHASE_NUMBER, number
    assert 0 <= energy_wh <= CARD_LARGEST_WH, energy_wh
    assert currency or number == 0, number
    letters = currency.encode("ascii").ljust(3, b"\0")
    assert _letters(letters) == currency, currency
    return (
        bytes([VERSION])
        + number.to_bytes(4, "big")
        + energy_wh.to_bytes(5, "big")
        + amount_minor.to_bytes(8, "big")
        + letters
        + _seller_mark(sale_id)
    )


def _seller_mark(sale_id: str) -> bytes:
    """Tells two halls apart that sold the same energy under the same number while cut off (E07)."""
    return hashlib.sha256(sale_id.encode()).digest()[:10] if sale_id else bytes(10)


def marked_otherwise(image: CardImage, sale_id: str) -> bool:
    """Whether the purchase on the card carries the mark of another sale than `sale_id`; a purchase
    without a mark (repeated on a reissued card) is nobody's and says nothing."""
    return image.files[PURCHASE][_MARK_AT] not in (bytes(10), _seller_mark(sale_id))


def allowed(write: PlainWrite) -> bool:
    """Whether a seller may make `write`: the three windows of the purchase file, nothing else."""
    return write.file == PURCHASE and (write.address, len(write.data)) in _SELLER_WINDOWS


def witness(before: CardImage, now: CardImage, writes: Sequence[PlainWrite]) -> Testimony:
    """What the card says became of `writes`, which were to change `before` (E01-E03).

    not_delivered  the purchase file is as it was: make the same writes
    torn           it is on the way and not valid, no meter credits it: make the same writes again
    delivered      it is as intended, and the meter has not confirmed it
    consumed       it is as intended, and the meter has credited it
    superseded     another seller gave the same number: these writes were never finished, because a
                   finished purchase keeps its number until the meter has taken it; whether the
                   meter has taken the other one's since changes nothing
    other          another card, or a state that these writes cannot have made: ask a person
    """
    if (now.family, now.serial) != (before.family, before.serial):
        return "other"
    if any(write.sealed for write in writes):
        before, now = _without_mac(before), _without_mac(now)
    old, new = before.files[PURCHASE], _after(before, writes).files[PURCHASE]
    found = now.files.get(PURCHASE, b"")
    if len(found) != len(new):
        return "other"
    back = _write_back_number(now)
    if found == new and back == _number(new[1:5]):
        return "consumed"
    if _took_another(before, now, new):
        return "superseded"
    if back not in (None, _number(old[1:5]), _write_back_number(before)):
        return "other"
    if found == new:
        return "delivered"
    if found == old:
        return "not_delivered"
    if _superseded(now, new):
        return "superseded"
    return "torn" if _between(old, found, new) else "other"


def _without_mac(image: CardImage) -> CardImage:
    """Whoever plans a write does not know its MAC; whoever reads a card has checked it already."""
    purchased = image.files.get(PURCHASE, b"")
    blanked = purchased[:_MAC_AT] + bytes(8) + purchased[_VALIDITY_AT:]
    whole = len(purchased) == FILES[PURCHASE]
    return CardImage(
        image.family, image.serial, {**image.files, PURCHASE: blanked if whole else purchased}
    )


def _superseded(now: CardImage, new: bytes) -> bool:
    """A valid purchase of another seller, whose mark says so, under the very number of ours."""
    card = state(now)
    found = now.files[PURCHASE]
    return (
        isinstance(card, OpenCard)
        and card.purchase_valid
        and found[1:5] == new[1:5]
        and found[_MARK_AT] not in (new[_MARK_AT], bytes(10))
        and new[_MARK_AT] != bytes(10)
    )


def _took_another(before: CardImage, now: CardImage, new: bytes) -> bool:
    """The meter has taken the other seller's purchase under the number of ours, and not ours.

    Its total grew by just that one's energy. If ours had reached it from a copy of the card, it
    would have grown by ours, and the other one's would not have counted (E16).
    """
    was, card = state(before), state(now)
    return (
        isinstance(was, OpenCard)
        and isinstance(card, OpenCard)
        and _superseded(now, new)
        and was.taken()
        and card.taken()
        and card.write_back_meter == was.meter
        and card.credited_total_wh == was.credited_total_wh + card.purchase_energy_wh
    )


def _between(old: bytes, found: bytes, new: bytes) -> bool:
    """Not valid, and each byte is the old or the new one; the validity byte itself may be torn."""
    if found[_VALIDITY_AT:] == VALID:
        return False
    contents = (raw[:_VALIDITY_AT] for raw in (old, found, new))
    return all(byte in (was, wanted) for was, byte, wanted in zip(*contents, strict=True))


def _write_back_number(image: CardImage) -> int | None:
    """The purchase number that the meter has written back, or None if it has not finished one."""
    back = image.files.get(WRITE_BACK, b"")
    return _number(back[1:5]) if back[_VALIDITY_AT:] == VALID else None


def _after(image: CardImage, writes: Sequence[PlainWrite]) -> CardImage:
    for write in writes:
        image = image.with_write(write)
    return image


def make(
    serial: str, card_number: str, meter: str, issue: int = 1, last: OpenCard | None = None
) -> dict[int, bytes]:
    """The files of a new user card: made out to `meter`, never inserted, nothing on its account.

    A reissued card has a higher `issue` and carries the purchase of the `last` one under the same
    number, so that whichever card reaches the meter first, it is credited once (E15).
    """
    assert 1 <= issue < 2**16, issue
    assert last is None or last.issue < issue, issue
    identity = (
        bytes([VERSION, USER_CARD])
        + issue.to_bytes(2, "big")
        + bytes.fromhex(serial)
        + _bcd(card_number, _CARD_NUMBER_BYTES)
        + _bcd(meter, _METER_NUMBER_BYTES)
        + bytes(23)
        + VALID
    )
    content = (
        _purchase_content(0, 0, 0, "")
        if last is None
        else _purchase_content(
            last.purchase_number, last.purchase_energy_wh, last.purchase_amount_minor, last.currency
        )
    )
    files = {
        IDENTITY: identity,
        PURCHASE: content + bytes(8) + VALID,
        WRITE_BACK: bytes(FILES[WRITE_BACK]),
        ACCOUNT: bytes(FILES[ACCOUNT]),
    }
    assert {file: len(content) for file, content in files.items()} == FILES
    return files


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _bcd(digits: str, length: int) -> bytes:
    return bytes.fromhex(digits.rjust(2 * length, "0"))


def _digits(raw: bytes, count: int) -> str | None:
    """The decimal digits of a BCD field, or None if it holds anything else."""
    text = raw.hex()
    padding, digits = text[: len(text) - count], text[-count:]
    return digits if digits.isdecimal() and not padding.strip("0") else None


def _letters(raw: bytes) -> str | None:
    """The letters of a currency, "" for an unused field, or None if it holds anything else."""
    if raw == bytes(3):
        return ""
    return raw.decode("ascii") if raw.isalpha() and raw.isupper() else None
