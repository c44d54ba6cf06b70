"""Who buys, and for which meter: customers, meters, cards, and the numbers they are known by."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from kiosk.errors import Refusal

METER_DIGITS = 11
CARD_DIGITS = 12

#: How a meter takes its energy: an STS token typed in, or a card put in.
METER_KINDS = frozenset({"keypad", "card"})


class Customer(msgspec.Struct, frozen=True):
    """A customer of the utility; `account` is the number on the contract and on every bill."""

    account: str
    name: str
    address: str
    phone: str = ""
    #: What was owed when this record was made; what is owed now is a balance of the books.
    opening_debt_minor: int = 0
    #: Words of the system dictionary: what kind of customer, and in which area.
    kind: str = ""
    area: str = ""


class Meter(msgspec.Struct, frozen=True):
    """A meter and what the vending side must know to reach it.

    `number` is the decoder reference number on its face (manufacturer 2, serial 8, Luhn digit).
    `kind` is "keypad" (STS token) or "card". The STS values are those of sts-facts 2. `shares` are
    percentages that sum to 100, or empty: all energy is of `power_type`. A retired meter was
    replaced (by `replaced_by`) or cancelled. `capacity_w` is 0 where nobody wrote it down.
    """

    number: str
    account: str
    kind: str
    power_type: str
    blocked: bool = False
    phases: int = 1
    supply_group: str = "123456"
    key_revision: int = 1
    tariff_index: int = 1
    key_type: int = 2
    algorithm: str = "07"
    base_date: int = 2014
    shares: list[tuple[str, int]] = []
    capacity_w: int = 0
    retired: bool = False
    replaced_by: str = ""
    #: The power type from this time on (UTC milliseconds), where a change is to come.
    next_power_type: str = ""
    next_power_type_ms: int = 0


class Card(msgspec.Struct, frozen=True):
    """A customer's card: the number printed on it, the serial in its chip, the meter it serves."""

    number: str
    serial: str
    meter: str
    issue: int = 1


def power_type_at(meter: Meter, time_ms: int) -> str:
    """The power type that `meter` is sold at at `time_ms`: a change may have been set for a day."""
    if meter.next_power_type and time_ms >= meter.next_power_type_ms:
        return meter.next_power_type
    return meter.power_type


def shares_wrong(shares: Sequence[tuple[str, int]], power_types: Collection[str]) -> bool:
    """Whether `shares` cannot stand: empty is none; otherwise each power type is known and stands
    once, and the percentages are above zero and sum to 100."""
    names = [name for name, _ in shares]
    parts = [percent for _, percent in shares]
    sound = len(set(names)) == len(names) and set(names) <= set(power_types)
    return bool(shares) and not (sound and min(parts) > 0 and sum(parts) == 100)


def luhn_digit(digits: str) -> str:
    """The Luhn check digit of `digits`, doubling from the right-most one (sts-facts 2)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def check_number(text: str, digits: int, what: str) -> str | Refusal:
    """`text` without spaces when it is a number of `digits` digits with its check digit right.

    `what` is "meter" or "card" and chooses the sentence: "bad_meter_number" or
    "bad_meter_check_digit" and their card twins (E24: caught before any money is taken).
    """
    number = text.replace(" ", "")
    if not (number.isascii() and number.isdecimal()) or len(number) != digits:
        return Refusal(f"bad_{what}_number", {"text": text[:40], "digits": digits})
    if luhn_digit(number[:-1]) != number[-1]:
        return Refusal(f"bad_{what}_check_digit", {"number": number})
    return number


def masked(text: str) -> str:
    """A name or address that only its owner recognises: "Amina Noor" -> "Am*** No**".

    The first two letters of each word stay, a number stays (house numbers tell neighbours apart).
    """
    return " ".join(
        word if word.isdecimal() or len(word) <= 2 else word[:2] + "*" * (len(word) - 2)
        for word in text.split()
    )
