"""What the card in the reader says, whatever kind of card it is; and the meter reading on it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiosk.domain import card_facts
from kiosk.domain.card_record import CardStanding, CardStock, CardWorkRecord, ReadByCard
from kiosk.domain.cards import account_area, families, workshops
from kiosk.domain.cards.account_area import AccountState
from kiosk.domain.cards.family import CardState
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.work import MeterReading, Purchase, ToolCard
from kiosk.errors import CardFault, CardUnusable, Refusal
from kiosk.till.desk import Desk
from kiosk.till.suspicions import unreadable


class CardView(msgspec.Struct, frozen=True):
    """A card as it lies in the reader. `state` is ok, stopped, or the reason why it is no user card
    that can be sold to (blank, foreign, damaged, unfinished, unknown_kind ...); `refusal` says it
    in a sentence. `last` is what the books know the meter's newest card to carry, `tool` what a
    technician's card is, `waiting` the work that was broken off on this card. `money` is the
    account on a card whose family has one, `reader` the name of the reader that it lies in."""

    image: CardImage
    state: str
    card: CardState | None
    refusal: Refusal | None
    standing: CardStanding | None
    reading: MeterReading | None
    last: Purchase
    tool: ToolCard | None = None
    waiting: CardWorkRecord | None = None
    money: AccountState | None = None
    reader: str = ""


def look(desk: Desk) -> CardView | Refusal:
    """Read the card in the reader; refused when there is none or nothing of it can be read."""
    refused = desk.gate("card_read")
    if refused is not None:
        return refused
    image = inspected(desk)
    if isinstance(image, Refusal):
        return image
    proved = _proved(desk)
    state = proved if isinstance(proved, Refusal) else families.of(image).state(image)
    card = None if isinstance(state, Refusal) else state
    standings = desk.records.cards_of(serial=image.serial)
    standing = standings[0] if standings else None
    last = desk.records.last_purchase(card.meter) if card is not None else Purchase()
    refusal = state if isinstance(state, Refusal) else _stopped(standing)
    if refusal is None and desk.records.card_is_stopped(image.serial):
        refusal = Refusal("card_under_suspicion")
    return CardView(
        image, _word(refusal), card, refusal, standing, _reading(image), last, _tool(image),
        _waiting(desk, image), _money(proved),
        desk.reader.name if desk.reader is not None else "",
    )  # fmt: skip


def _money(proved: CardImage | Refusal) -> AccountState | None:
    """The account on the card; None where the card has none, or does not prove itself."""
    if isinstance(proved, Refusal):
        return None
    stands = account_area.account_state(proved)
    return None if isinstance(stands, Refusal) else stands


def _tool(image: CardImage) -> ToolCard | None:
    shop = workshops.of(image)
    return None if isinstance(shop, Refusal) else shop.tool_card(image)


def _waiting(desk: Desk, image: CardImage) -> CardWorkRecord | None:
    """The open work that this card is half through, or is the witness of. A blank that nothing has
    reached may be anybody's where chips have no serial, so it says nothing."""
    for record in desk.records.open_card_works():
        work = record.committed
        if work.before.family != image.family:
            continue
        shop = workshops.SHOPS[image.family]
        told = shop.witness_work(work.before, image, work.writes, work.serial)
        if told != "other" and not (told == "not_delivered" and not shop.own_serial(image)):
            return record
    return None


def inspected(desk: Desk) -> CardImage | Refusal:
    """The image of the card in the reader, made out or not, read twice."""
    if desk.reader is None:
        return Refusal("no_card")
    try:
        if not desk.reader.present():
            return Refusal("no_card")
        image, again = desk.reader.inspect(), desk.reader.inspect()
    except CardFault as error:
        return unusable(error)
    if image != again:
        return Refusal("card_unreadable", {"reason": "two readings differ"})
    return image


def not_a_choice(typed: str, known: Iterable[str]) -> Refusal:
    """What was typed is none of the answers; nothing else is taken for it."""
    return Refusal("not_a_choice", {"typed": typed[:40], "known": ", ".join(known)})


def unusable(error: CardFault) -> Refusal:
    """The refusal of a card that the driver could not use."""
    if isinstance(error, CardUnusable) and error.code in {"blank", "foreign", "damaged"}:
        return Refusal(f"card_{error.code}")
    return unreadable(error)


def _proved(desk: Desk) -> CardImage | Refusal:
    """The card as a seller reads it, with its account; refused where it does not prove itself, or
    a MAC is wrong (E16)."""
    assert desk.reader is not None
    try:
        return desk.reader.read()
    except CardFault as error:
        return unusable(error)


def _stopped(standing: CardStanding | None) -> Refusal | None:
    if standing is None or standing.state == "active":
        return None
    return Refusal("card_not_accepted")


def _word(refusal: Refusal | None) -> str:
    if refusal is None:
        return "ok"
    return "stopped" if refusal.code == "card_not_accepted" else refusal.code.removeprefix("card_")


def _reading(image: CardImage) -> MeterReading | None:
    shop = workshops.of(image)
    return None if isinstance(shop, Refusal) else shop.reading(image)


def read_meter(desk: Desk) -> MeterReading | Refusal:
    """Take the reading that a meter wrote on the card in the reader, and keep it (F056).

    The same reading is kept once, however often the card is put in.
    """
    refused = desk.gate("card_read")
    if refused is not None:
        return refused
    image = inspected(desk)
    if isinstance(image, Refusal):
        return image
    found = _reading(image)
    if found is None:
        return Refusal("card_without_reading")
    fact = card_facts.MeterReadByCard(
        image.serial, found.meter, found.purchase_number, found.credited_wh, found.left_wh,
        found.left_minor, found.overdraft_minor, found.result, desk.operator,
    )  # fmt: skip
    before = desk.records.card_readings(found.meter, 1)
    if not before or _figures(before[0]) != _figures(fact):
        desk.journal.append(fact)
        desk.nudge()
    return found


def _figures(reading: card_facts.MeterReadByCard | ReadByCard) -> tuple[str, int, int, int, int]:
    return (
        reading.serial, reading.purchase_number, reading.credited_wh, reading.left_wh,
        reading.left_minor,
    )  # fmt: skip


def search(desk: Desk, text: str = "", limit: int = 50) -> list[CardStanding] | Refusal:
    """Cards by part of number, meter, account or customer's name, or the beginning of the chip's
    serial (F028). A number may be typed in groups."""
    bare = text.replace(" ", "")
    wanted = bare if bare.isdecimal() else text.strip()
    return desk.gate("search") or desk.records.cards_like(wanted, limit)


def readings(desk: Desk, meter: str) -> list[ReadByCard] | Refusal:
    """The readings of a meter that came by card, newest first."""
    return desk.gate("card_read") or desk.records.card_readings(meter.replace(" ", ""))


def stock(desk: Desk) -> list[CardStock] | Refusal:
    """Blank cards by family."""
    return desk.gate("card_read") or desk.records.card_stock()
