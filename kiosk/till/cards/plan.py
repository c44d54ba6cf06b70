"""What a work would do, before anything is done: the card it is for, its writes, its price.

A plan touches nothing. It holds the card as it was read; `kiosk.till.cards.work.carry_out` refuses
when another card, or a changed one, is in the reader by then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from kiosk.domain import chart
from kiosk.domain.card_facts import CardContent, Operation
from kiosk.domain.card_fee import fee_lines
from kiosk.domain.cards import families, workshops
from kiosk.domain.cards.family import CardState
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.work import Person, Purchase, Workshop
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS, Meter, check_number, luhn_digit
from kiosk.domain.tariff import Line, PowerType
from kiosk.errors import Refusal
from kiosk.till.cards.look import inspected
from kiosk.till.desk import Desk

#: The right that each work needs, and the one that a second person needs where value moves.
RIGHT: dict[str, str] = {
    "make": "card_make", "reissue": "card_reissue", "cancel": "card_cancel", "repair": "card_mend",
    "tool": "card_make",
}  # fmt: skip
SECOND_RIGHT = "card_mend"

#: What may have become of the card that a reissue replaces.
OLD_STATES = {"lost": "lost", "stolen": "hot", "handed_in": "retired"}


class Plan(msgspec.Struct, frozen=True):
    """A work as it would be committed; the fields are those of CardWorkCommitted.

    `two_persons` says that somebody else must agree. `settles` is an open sale that a reissue
    brings to its end, because the new card carries its purchase.
    """

    operation: Operation
    meter: str
    card_number: str
    serial: str
    issue: int
    before: CardImage
    writes: list[PlainWrite]
    content: CardContent
    replaces: str = ""
    old_state: str = ""
    sale_id: str = ""
    tool: str = ""
    amount_minor: int = 0
    energy_wh: int = 0
    lines: list[Line] = []
    returned_to: str = ""
    two_persons: bool = False
    settles: str = ""


# --- make and reissue -----------------------------------------------------------------------------


def plan_make(desk: Desk, meter_number: str, card_number: str = "") -> Plan | Refusal:
    """The first card of a card meter, on the blank card in the reader; free of charge.

    `card_number` is printed on the card; empty: the next free number. A meter that had a card
    before needs a reissue, which knows its purchases.
    """
    meter = desk.gate("card_make") or card_meter(desk, meter_number)
    if isinstance(meter, Refusal):
        return meter
    if desk.records.cards_of(meter=meter.number):
        return Refusal("card_there_already", {"meter": meter.number})
    number = _new_number(desk, card_number)
    if isinstance(number, Refusal):
        return number
    blank = blank_card(desk)
    if isinstance(blank, Refusal):
        return blank
    shop, image = blank
    person = Person(_serial(desk, shop, image), number, meter.number, 1)
    return _made(desk, "make", person, CardContent(), shop, image)


def plan_reissue(desk: Desk, meter_number: str, old: str, *, free: bool = False) -> Plan | Refusal:
    """Another card for a customer, on the blank card in the reader, which carries the last purchase
    under its own number (E15). `old` says what became of the card before: lost, stolen, handed_in.

    A sale whose card is lost before its outcome was known is settled so: whichever card reaches the
    meter first, the number is taken once. Without its fee two persons are needed.
    """
    meter = desk.gate("card_reissue") or card_meter(desk, meter_number)
    if isinstance(meter, Refusal):
        return meter
    fee_minor = 0 if free else desk.settings.card.reissue_fee_minor
    refused = desk.gate("sell") if fee_minor else None
    if refused is not None:
        return refused
    if old not in OLD_STATES:
        return Refusal("unknown_operation", {"operation": old[:40]})
    before = desk.records.cards_of(meter=meter.number)
    if not before:
        return Refusal("card_not_made_yet", {"meter": meter.number})
    blank = blank_card(desk)
    if isinstance(blank, Refusal):
        return blank
    shop, image = blank
    card = before[0].card
    issue = 1 + max(each.card.issue for each in desk.records.cards_of(number=card.number))
    person = Person(_serial(desk, shop, image), card.number, meter.number, issue)
    content = _carried(desk, meter.number)
    if isinstance(content, Refusal):
        return content
    plan = _made(desk, "reissue", person, content, shop, image)
    waived = free and desk.settings.card.reissue_fee_minor > 0
    return msgspec.structs.replace(
        plan,
        replaces=card.serial, old_state=OLD_STATES[old], sale_id=content.sale_id,
        amount_minor=fee_minor, lines=fee_lines(_prices(desk, meter), fee_minor),
        two_persons=waived, settles=_open_sale_id(desk, meter.number),
    )  # fmt: skip


def _made(
    desk: Desk, operation: Operation, person: Person, content: CardContent, shop: Workshop,
    image: CardImage,
) -> Plan:  # fmt: skip
    assert desk.reader is not None
    writes = shop.make(image, person, _purchase(content), sealed=desk.reader.seals())
    return Plan(
        operation, person.meter, person.card_number, person.serial, person.issue, image, writes,
        content,
    )  # fmt: skip


def _carried(desk: Desk, meter: str) -> CardContent | Refusal:
    """What the lost card carries, or would have carried once its open sale was finished."""
    for record in desk.records.open_sales():
        committed, delivery = record.committed, record.committed.card
        if committed.meter != meter or delivery is None:
            continue
        if not desk.is_ours_to_settle(committed.station):
            return Refusal("sale_under_way")
        return CardContent(
            delivery.purchase_number, committed.energy_wh, committed.amount_minor,
            committed.currency, committed.sale_id,
        )  # fmt: skip
    last = desk.records.last_purchase(meter)
    return CardContent(last.number, last.energy_wh, last.amount_minor, last.currency, last.sale_id)


def _open_sale_id(desk: Desk, meter: str) -> str:
    open_sales = (r.committed for r in desk.records.open_sales() if r.committed.card is not None)
    return next((each.sale_id for each in open_sales if each.meter == meter), "")


def blank_card(desk: Desk) -> tuple[Workshop, CardImage] | Refusal:
    """The card in the reader, which nobody may be made out on yet."""
    image = inspected(desk)
    if isinstance(image, Refusal):
        return image
    shop = workshops.of(image)
    if isinstance(shop, Refusal):
        return shop
    if not shop.is_unmade(image):
        return Refusal("card_not_blank", {"serial": image.serial})
    if shop.own_serial(image) and desk.records.cards_of(serial=image.serial):
        return Refusal("card_not_blank", {"serial": image.serial})
    return shop, image


def _serial(desk: Desk, shop: Workshop, image: CardImage) -> str:
    """The chip's own serial; a chip without one gets one that no other card has."""
    if shop.own_serial(image):
        return image.serial
    return hashlib.sha256(desk.entropy.name().encode()).hexdigest()[:16]


def _new_number(desk: Desk, text: str) -> str | Refusal:
    """A card number that is not given yet."""
    if not text:
        highest = max((c.card.number for c in desk.records.cards_like("", 100_000)), default="7")
        digits = f"{int(highest[:-1] or 7) + 1:0{CARD_DIGITS - 1}d}"
        return digits + luhn_digit(digits)
    checked = check_number(text, CARD_DIGITS, "card")
    if isinstance(checked, Refusal):
        return checked
    taken = desk.records.cards_of(number=checked)
    return Refusal("card_number_taken", {"card": checked}) if taken else checked


# --- cancel and repair ----------------------------------------------------------------------------


def plan_cancel(desk: Desk, to: str = "meter_account") -> Plan | Refusal:
    """Take back the purchase on the card in the reader, which its meter has not taken (E13).

    Its money goes `to` the meter's account, or as "cash" over the counter to whoever may sell.
    Refused on a card that replaces another: the lost one still carries the purchase.
    """
    refused = desk.gate("card_cancel") or (desk.gate("sell") if to == "cash" else None)
    if refused is not None:
        return refused
    found = _user_card(desk)
    if isinstance(found, Refusal):
        return found
    shop, image, card = found
    refused = workshops.able(shop, "cancel")
    if refused is not None:
        return refused
    sale = _sale_on(desk, image.serial, card.purchase_number)
    if sale is None:
        return Refusal("card_purchase_unknown", {"purchase_number": card.purchase_number})
    delivery = sale.committed.card
    assert delivery is not None, sale
    writes = shop.cancel(card, image, delivery.before, delivery.purchase_number)
    if isinstance(writes, Refusal):
        return writes
    account = chart.cash(desk.operator) if to == "cash" else chart.meter_account(card.meter)
    committed = sale.committed
    return Plan(
        "cancel", card.meter, card.card_number, image.serial, card.issue, image, writes,
        _content_before(desk, sale), sale_id=committed.sale_id,
        amount_minor=committed.amount_minor, energy_wh=committed.energy_wh, lines=committed.lines,
        returned_to=account, two_persons=True,
    )  # fmt: skip


def _sale_on(desk: Desk, serial: str, number: int) -> SaleRecord | None:
    """The sale that put purchase `number` on this very card."""
    sale = desk.records.sale_on_card(serial, number)
    taken_back = sale is not None and desk.records.cancellation_of(sale.committed.sale_id)
    return None if taken_back else sale


def _content_before(desk: Desk, sale: SaleRecord) -> CardContent:
    """What the card carried before the sale; the meter has taken it long ago."""
    delivery = sale.committed.card
    assert delivery is not None
    number = delivery.purchase_number - 1
    earlier = desk.records.sale_on_card(delivery.serial, number) if number else None
    if earlier is None:
        return CardContent(number, currency=sale.committed.currency if number else "")
    committed = earlier.committed
    return CardContent(
        number, committed.energy_wh, committed.amount_minor, committed.currency, committed.sale_id
    )


def plan_repair(desk: Desk, shown_number: int | None = None) -> Plan | Refusal:
    """Bring the card in the reader to the purchase number of its meter (F004).

    The number is the one that the meter wrote on the card, or `shown_number`, read from the meter.
    A paid purchase that the meter has not taken is kept and gets the next number; whatever else is
    in the purchase area is cleared.
    """
    refused = desk.gate("card_mend")
    if refused is not None:
        return refused
    found = _user_card(desk)
    if isinstance(found, Refusal):
        return found
    shop, image, card = found
    number = _meter_number(shop, image, card, shown_number)
    if isinstance(number, Refusal):
        return number
    if card.purchase_valid and card.purchase_number in (number, number + 1):
        return Refusal("card_nothing_to_repair")
    sale = _sale_on(desk, image.serial, card.purchase_number)
    keep = card.purchase_valid and card.purchase_number > number and sale is not None
    writes = shop.repair(card, image, number, desk.currency, keep=keep)
    content = CardContent(number, currency=desk.currency if number else "")
    if keep:
        assert sale is not None
        committed = sale.committed
        content = CardContent(
            number + 1, committed.energy_wh, committed.amount_minor, committed.currency,
            committed.sale_id,
        )  # fmt: skip
    return Plan(
        "repair", card.meter, card.card_number, image.serial, card.issue, image, writes, content,
        sale_id=content.sale_id, two_persons=True,
    )  # fmt: skip


def _meter_number(
    shop: Workshop, image: CardImage, card: CardState, shown: int | None
) -> int | Refusal:
    """The purchase that the meter has taken last, by its own word."""
    reading = shop.reading(image)
    written = reading if reading is not None and reading.meter == card.meter else None
    if shown is None:
        return written.purchase_number if written else Refusal("card_meter_number_needed")
    lowest = written.purchase_number if written else 0
    if not lowest <= shown < 2**32 - 1:
        return Refusal("card_meter_number_wrong", {"purchase_number": lowest})
    return shown


def _user_card(desk: Desk) -> tuple[Workshop, CardImage, CardState] | Refusal:
    """The customer's card in the reader, in use and known here."""
    image = inspected(desk)
    if isinstance(image, Refusal):
        return image
    shop = workshops.of(image)
    if isinstance(shop, Refusal):
        return shop
    state = families.of(image).state(image)
    if isinstance(state, Refusal):
        return state
    known = desk.records.cards_of(serial=image.serial)
    if not known or known[0].card.meter != state.meter:
        return Refusal("unknown_card", {"card": state.card_number})
    if known[0].state != "active":
        return Refusal("card_not_accepted")
    return shop, image, state


# --- tool cards -----------------------------------------------------------------------------------


def plan_tool(
    desk: Desk, tool: str, meter_number: str = "", settings: Mapping[str, int] | None = None
) -> Plan | Refusal:
    """A tool card of the technician on the blank card in the reader, for any meter or for one."""
    refused = desk.gate("card_make")
    if refused is not None:
        return refused
    meter = "0" * METER_DIGITS
    if meter_number:
        found = card_meter(desk, meter_number)
        if isinstance(found, Refusal):
            return found
        meter = found.number
    blank = blank_card(desk)
    if isinstance(blank, Refusal):
        return blank
    shop, image = blank
    person = Person(_serial(desk, shop, image), "0" * CARD_DIGITS, meter, 1)
    writes = shop.tool(image, tool, person, settings or {})
    if isinstance(writes, Refusal):
        return writes
    return Plan(
        "tool", meter if meter_number else "", person.card_number, person.serial, 1, image, writes,
        CardContent(), tool=tool,
    )  # fmt: skip


# --- shared ---------------------------------------------------------------------------------------


def card_meter(desk: Desk, number: str) -> Meter | Refusal:
    """A card meter of the registry."""
    checked = check_number(number, METER_DIGITS, "meter")
    if isinstance(checked, Refusal):
        return checked
    meter = desk.records.meter(checked)
    if meter is None:
        return Refusal("unknown_meter", {"meter": checked})
    return meter if meter.kind == "card" else Refusal("meter_takes_no_card", {"meter": checked})


def _prices(desk: Desk, meter: Meter) -> PowerType:
    found = desk.records.tariff()
    assert found is not None, "a home has prices"
    return found[1].power_type(meter.power_type)


def _purchase(content: CardContent) -> Purchase:
    return Purchase(
        content.purchase_number, content.energy_wh, content.amount_minor, content.currency,
        content.sale_id,
    )  # fmt: skip
