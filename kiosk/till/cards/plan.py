"""What a work would do, before anything is done: the card it is for, its writes, its price.

A plan touches nothing. It holds the card as it was read; `kiosk.till.cards.work.carry_out` refuses
when another card, or a changed one, is in the reader by then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from kiosk.domain.card_facts import CardContent, Operation
from kiosk.domain.card_fee import fee_lines
from kiosk.domain.cards import workshops
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.work import TOOL_SETTINGS, Person, Purchase, Workshop
from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS, Meter, check_number, luhn_digit
from kiosk.domain.tariff import Line, PowerType
from kiosk.errors import Refusal
from kiosk.till.cards.look import inspected, not_a_choice
from kiosk.till.desk import Desk

#: The right that each work needs, and the one that a second person needs where value moves.
RIGHT: dict[str, str] = {
    "make": "card_make", "reissue": "card_reissue", "cancel": "card_cancel", "repair": "card_mend",
    "tool": "card_make",
}  # fmt: skip
SECOND_RIGHT = "card_mend"

#: What may have become of the card that a reissue replaces.
OLD_STATES = {"lost": "lost", "stolen": "hot", "handed_in": "retired"}

#: What becomes of the fee of a reissue.
FEES = ("paid", "free")


class Plan(msgspec.Struct, frozen=True):
    """A work as it would be committed; the fields are those of CardWorkCommitted.

    `two_persons` says that somebody else must agree. `settles` is an open sale that a reissue
    brings to its end, because the new card carries its purchase. `customer` is the name of whose
    card it is, for whoever confirms; empty for a tool card. `settings` are what a tool card sets.
    `left_minor` was last seen as money on the card that is replaced; it stays there.
    `drops` is a paid purchase that the card carries unread and will not carry afterwards,
    `restores` one that an earlier repair took off and that it will carry again.
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
    customer: str = ""
    settings: dict[str, int] = {}
    drops: Purchase = Purchase()
    restores: Purchase = Purchase()
    left_minor: int = 0


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
    refused = _other_currency(desk, shop)
    if refused is not None:
        return refused
    person = Person(_serial(desk, shop, image), number, meter.number, 1)
    made = _made(desk, "make", person, CardContent(), shop, image)
    return msgspec.structs.replace(made, customer=owner(desk, meter.number))


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
        return not_a_choice(old, OLD_STATES)
    before = desk.records.cards_of(meter=meter.number)
    if not before:
        return Refusal("card_not_made_yet", {"meter": meter.number})
    blank = blank_card(desk)
    if isinstance(blank, Refusal):
        return blank
    shop, image = blank
    refused = _other_currency(desk, shop)
    if refused is not None:
        return refused
    card = before[0].card
    issue = 1 + max(each.card.issue for each in desk.records.cards_of(number=card.number))
    person = Person(_serial(desk, shop, image), card.number, meter.number, issue)
    content = _carried(desk, meter.number)
    if isinstance(content, Refusal):
        return content
    plan = _made(desk, "reissue", person, content, shop, image)
    left = desk.records.money_left(card.serial)
    waived = free and desk.settings.card.reissue_fee_minor > 0
    return msgspec.structs.replace(
        plan,
        replaces=card.serial, old_state=OLD_STATES[old], sale_id=content.sale_id,
        amount_minor=fee_minor, lines=fee_lines(_prices(desk, meter), fee_minor),
        two_persons=waived, settles=_open_sale_id(desk, meter.number),
        customer=owner(desk, meter.number),
        left_minor=left.committed.balance_minor if left is not None else 0,
    )  # fmt: skip


def _other_currency(desk: Desk, shop: Workshop) -> Refusal | None:
    """A card that carries money of another currency could never be sold to here."""
    if shop.currency in {"", desk.currency}:
        return None
    return Refusal(
        "card_of_other_currency",
        {"family": shop.name, "currency": shop.currency, "hall_currency": desk.currency},
    )


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
        highest = desk.records.highest_card_number()
        digits = f"{int(highest[:-1] or 7) + 1:0{CARD_DIGITS - 1}d}"
        return digits + luhn_digit(digits)
    checked = check_number(text, CARD_DIGITS, "card")
    if isinstance(checked, Refusal):
        return checked
    taken = desk.records.cards_of(number=checked)
    return Refusal("card_number_taken", {"card": checked}) if taken else checked


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
    elif tool == "meter-number":
        return Refusal("tool_meter_needed")
    whole = _settings(tool, settings or {})
    if isinstance(whole, Refusal):
        return whole
    blank = blank_card(desk)
    if isinstance(blank, Refusal):
        return blank
    shop, image = blank
    if meter_number and tool in shop.tools - shop.meter_tools:
        return Refusal("tool_card_for_any_meter", {"tool": tool, "family": shop.name})
    person = Person(_serial(desk, shop, image), "0" * CARD_DIGITS, meter, 1)
    assert desk.reader is not None
    writes = shop.tool(image, tool, person, whole, sealed=desk.reader.seals())
    if isinstance(writes, Refusal):
        return writes
    return Plan(
        "tool", meter if meter_number else "", person.card_number, person.serial, 1, image, writes,
        CardContent(), tool=tool, settings=whole,
    )  # fmt: skip


def _settings(tool: str, typed: Mapping[str, int]) -> dict[str, int] | Refusal:
    """Everything that the card will set; a name that is not known would set nothing, unseen, and
    with no name at all a parameter card would take alarm and limit away."""
    known = TOOL_SETTINGS.get(tool, {})
    if tool == "parameter" and not typed:
        return Refusal("tool_settings_needed", {"known": ", ".join(known)})
    for name, value in typed.items():
        if name not in known:
            names = ", ".join(known) or "-"
            return Refusal("tool_setting_unknown", {"setting": name[:40], "known": names})
        if not 0 <= value <= known[name][1]:
            return Refusal("tool_setting_wrong", {"setting": name, "largest": known[name][1]})
    return {name: typed.get(name, default) for name, (default, _) in known.items()}


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


def owner(desk: Desk, meter_number: str) -> str:
    """The name of the customer of a meter."""
    meter = desk.records.meter(meter_number)
    customer = desk.records.customer(meter.account) if meter is not None else None
    return customer.name if customer is not None else ""


def _prices(desk: Desk, meter: Meter) -> PowerType:
    found = desk.records.tariff()
    assert found is not None, "a home has prices"
    return found[1].power_type(meter.power_type)


def _purchase(content: CardContent) -> Purchase:
    return Purchase(
        content.purchase_number, content.energy_wh, content.amount_minor, content.currency,
        content.sale_id,
    )  # fmt: skip
