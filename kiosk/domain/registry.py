"""Who buys, and for which meter: customers, meters, cards, and the numbers they are known by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from kiosk.domain.tariff_pack import PPM
from kiosk.errors import Refusal

METER_DIGITS = 11
CARD_DIGITS = 12

#: A percent of a meter's energy, in millionths.
PERCENT_PPM = 10_000

#: How a meter takes its energy: an STS token typed in, or a card put in.
METER_KINDS = frozenset({"keypad", "card"})


def _written(value: Any) -> Any:
    """A default whose byte always stands: only fields that came later are left out of a record, so
    that old catalogues keep their digests (up to 15 fields a record)."""
    return msgspec.field(default_factory=lambda: value)


class Customer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A customer of the utility; `account` is the number on the contract and on every bill.

    `customer_class` names the lines of the preferential price sheet that are for this customer.
    """

    account: str
    name: str
    address: str
    phone: str = _written("")
    #: What was owed when this record was made; what is owed now is a balance of the books.
    opening_debt_minor: int = _written(0)
    #: Words of the system dictionary: what kind of customer, and in which area.
    customer_class: str = ""
    area: str = ""


class Meter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A meter and what the vending side must know to reach it.

    `number` is the decoder reference number on its face (manufacturer 2, serial 8, Luhn digit).
    `kind` is "keypad" (STS token) or "card". The STS values are those of sts-facts 2. `shares` part
    its energy over several power types, in millionths, `power_type` first (F048); none: all of it.
    A retired meter was replaced (by `replaced_by`) or cancelled. `capacity_w` is 0 where nobody
    wrote it down.
    """

    number: str
    account: str
    kind: str
    power_type: str
    blocked: bool = _written(False)
    phases: int = _written(1)
    supply_group: str = _written("123456")
    key_revision: int = _written(1)
    tariff_index: int = _written(1)
    key_type: int = _written(2)
    algorithm: str = _written("07")
    base_date: int = _written(2014)
    shares: list[tuple[str, int]] = []
    capacity_w: int = 0
    retired: bool = False
    replaced_by: str = ""
    #: The power type from this time on (UTC milliseconds), where a change is to come.
    next_power_type: str = ""
    next_power_type_ms: int = 0
    #: What it counts, as `kiosk.domain.credit_registers` names it. Only electricity is sold at a
    #: price; the power type of any other register is no more than the class of its customer.
    register: str = "electricity"


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


def shares_wrong(
    shares: Sequence[tuple[str, int]], power_type: str, power_types: Collection[str]
) -> bool:
    """Whether `shares` cannot stand beside the meter's own `power_type`: empty is none; otherwise
    each power type is known and stands once, its own first, and the parts are above zero and sum to
    a million (F048)."""
    names = [name for name, _ in shares]
    parts = [share for _, share in shares]
    sound = names[:1] == [power_type] and len(set(names)) == len(names)
    sound = sound and set(names) <= set(power_types)
    return bool(shares) and not (sound and min(parts) > 0 and sum(parts) == PPM)


def shares_text(shares: Sequence[tuple[str, int]]) -> str:
    """Shares as they are typed and exported, in percent: "home:70 shop:30"."""
    return " ".join(f"{name}:{share_percent(share)}" for name, share in shares)


def share_percent(share_ppm: int) -> str:
    """A share in percent, exact, with up to four decimals: 125000 -> "12.5"."""
    whole, rest = divmod(share_ppm, PERCENT_PPM)
    return f"{whole}.{rest:04d}".rstrip("0") if rest else str(whole)


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
