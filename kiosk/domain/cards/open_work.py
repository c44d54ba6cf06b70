"""Works on cards of the open layout: their ordered writes, the staff's whitelist (docs/cards.md).

The identity is made last and its validity byte last of all; a finished identity is never touched
again, so a reissue always needs another card.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.open import (
    ACCOUNT,
    FILES,
    IDENTITY,
    NOT_FINISHED,
    PURCHASE,
    VALID,
    WRITE_BACK,
    OpenCard,
    Testimony,
)
from kiosk.domain.cards.work import MeterReading, Person, Purchase, ToolCard, compare
from kiosk.errors import Refusal

#: Card kinds of the identity file beside the user card.
INQUIRY_CARD, PARAMETER_CARD = 2, 3

TOOL_KINDS = {"inquiry": INQUIRY_CARD, "parameter": PARAMETER_CARD}

_IDENTITY_MAC_AT, _IDENTITY_VALID_AT = 39, 47
_BACK_VALID_AT, _ACCOUNT_VALID_AT = 39, 47
_MAC_BYTES = 8
_IDENTITY_WINDOWS = {(0, _IDENTITY_MAC_AT), (_IDENTITY_MAC_AT, _MAC_BYTES), (_IDENTITY_VALID_AT, 1)}
_CLEARED = {(WRITE_BACK, _BACK_VALID_AT, 1), (WRITE_BACK, 0, _BACK_VALID_AT),
            (ACCOUNT, _ACCOUNT_VALID_AT, 1), (ACCOUNT, 0, _ACCOUNT_VALID_AT)}  # fmt: skip


def is_unmade(image: CardImage) -> bool:
    """All files are there, and no identity is finished."""
    whole = all(len(image.files.get(file, b"")) == length for file, length in FILES.items())
    return whole and image.files[IDENTITY][_IDENTITY_VALID_AT:] != VALID


def make(person: Person, purchase: Purchase, *, sealed: bool, kind: int = layout.USER_CARD,
         content: bytes = b"") -> list[PlainWrite]:  # fmt: skip
    """From unmade to finished; `content` is what a parameter card carries instead of a purchase."""
    identity = layout.make(person.serial, person.card_number, person.meter, person.issue)[IDENTITY]
    identity = identity[:1] + bytes([kind]) + identity[2:]
    bought = layout.rewrite(
        purchase.number, purchase.energy_wh, purchase.amount_minor, purchase.currency,
        purchase.sale_id, sealed=sealed,
    )  # fmt: skip
    if content:
        bought[1] = PlainWrite(PURCHASE, 0, content)
    return [
        PlainWrite(IDENTITY, _IDENTITY_VALID_AT, NOT_FINISHED),
        *bought,
        *_clear(WRITE_BACK, _BACK_VALID_AT),
        *_clear(ACCOUNT, _ACCOUNT_VALID_AT),
        PlainWrite(IDENTITY, 0, identity[:_IDENTITY_MAC_AT]),
        PlainWrite(IDENTITY, _IDENTITY_MAC_AT, bytes(_MAC_BYTES), sealed),
        PlainWrite(IDENTITY, _IDENTITY_VALID_AT, VALID),
    ]


def _clear(file: int, validity_at: int) -> list[PlainWrite]:
    return [
        PlainWrite(file, validity_at, NOT_FINISHED),
        PlainWrite(file, 0, bytes(validity_at)),
    ]


def cancel(
    card: OpenCard, image: CardImage, before: CardImage, number: int
) -> list[PlainWrite] | Refusal:
    """See kiosk.domain.cards.work.Workshop.cancel."""
    refused = not_unread(card, image, number)
    if refused is not None:
        return refused
    return _purchase_writes(before.files[PURCHASE][:31], sealed=layout.is_sealed(before))


def not_unread(card: OpenCard, image: CardImage, number: int) -> Refusal | None:
    """Why the card does not prove that the meter has not taken purchase `number` (E13)."""
    if not card.purchase_valid:
        return Refusal("card_unfinished_purchase")
    if card.purchase_number != number:
        return Refusal("card_purchase_differs", {"purchase_number": card.purchase_number})
    if card.write_back_valid and card.written_back_number >= number:
        return Refusal("purchase_consumed", {"purchase_number": number})
    if not card.write_back_valid and any(image.files[WRITE_BACK]):
        # A meter that was interrupted while it wrote back may have taken it.
        return Refusal("purchase_perhaps_consumed", {"purchase_number": number})
    return None


def repair(
    card: OpenCard, image: CardImage, meter_number: int, currency: str, *, keep: bool
) -> list[PlainWrite]:
    """See kiosk.domain.cards.work.Workshop.repair."""
    sealed = layout.is_sealed(image)
    if keep:
        assert card.purchase_valid and card.purchase_energy_wh > 0, card
        number = (meter_number + 1).to_bytes(4, "big")
        kept = image.files[PURCHASE]
        return _purchase_writes(kept[:1] + number + kept[5:31], sealed=sealed)
    return layout.rewrite(meter_number, 0, 0, currency if meter_number else "", sealed=sealed)


def _purchase_writes(content: bytes, *, sealed: bool) -> list[PlainWrite]:
    writes = layout.rewrite(0, 0, 0, "", sealed=sealed)
    return [writes[0], PlainWrite(PURCHASE, 0, content), *writes[2:]]


def tool(
    tool_kind: str, person: Person, settings: Mapping[str, int], *, sealed: bool
) -> list[PlainWrite]:
    """An inquiry card, which any meter writes its registers on, or a parameter card, which sets
    `alarm_wh` (0: no alarm) and `power_limit_w` (0: no limit)."""
    kind, content = TOOL_KINDS[tool_kind], b""
    if kind == PARAMETER_CARD:
        alarm, limit = settings["alarm_wh"], settings["power_limit_w"]
        content = bytes([layout.VERSION]) + bytes(4) + alarm.to_bytes(5, "big")
        content += limit.to_bytes(8, "big") + bytes(13)
    return make(person, Purchase(), sealed=sealed, kind=kind, content=content)


def tool_card(image: CardImage) -> ToolCard | None:
    """The finished inquiry or parameter card that this is, or None."""
    if is_unmade(image) or any(len(image.files.get(file, b"")) != FILES[file] for file in FILES):
        return None
    identity, bought = image.files[IDENTITY], image.files[PURCHASE]
    tool = next((tool for tool, kind in TOOL_KINDS.items() if kind == identity[1]), "")
    meter = identity[18:24].hex()[1:]
    if not tool or not meter.isdecimal():
        return None
    values = int.from_bytes(bought[5:10], "big"), int.from_bytes(bought[10:18], "big")
    names = ("alarm_wh", "power_limit_w") if tool == "parameter" else ()
    return ToolCard(tool, meter if meter.strip("0") else "", dict(zip(names, values, strict=False)))


def reading(image: CardImage) -> MeterReading | None:
    """What stands in the write-back, whichever kind of card it is."""
    back = image.files.get(WRITE_BACK, b"")
    if (
        len(back) != FILES[WRITE_BACK]
        or back[_BACK_VALID_AT:] != VALID
        or back[0] != layout.VERSION
    ):
        return None
    meter = back[16:22].hex()
    if not meter.isdecimal() or meter[0] != "0":
        return None
    return MeterReading(
        meter[1:], int.from_bytes(back[1:5], "big"), int.from_bytes(back[5:10], "big"),
        int.from_bytes(back[10:15], "big"), result=back[15],
    )  # fmt: skip


def witness(
    before: CardImage, now: CardImage, writes: Sequence[PlainWrite], serials: Collection[str]
) -> Testimony:
    """See kiosk.domain.cards.work.Workshop.witness_work."""
    sealed = [write for write in writes if write.sealed]
    told = compare(before, now, writes, serials=serials, by_meter=WRITE_BACK, masked=sealed)
    bought, back = before.files[PURCHASE], reading(now)
    taken = back is not None and back.purchase_number == int.from_bytes(bought[1:5], "big") > 0
    first_time = back != reading(before)
    return "consumed" if told == "not_delivered" and taken and first_time else told


def allowed(write: PlainWrite) -> bool:
    """The seller's windows, the identity's, and clearing what the meter or the account holds."""
    window = write.address, len(write.data)
    if write.file == IDENTITY:
        return window in _IDENTITY_WINDOWS
    if (write.file, *window) in _CLEARED:
        return write.data == bytes(len(write.data))
    return layout.allowed(write)
