"""Free units beside a sale: energy that is given with what is paid, each in a token of its own.

A lifeline customer's monthly allowance, or what somebody grants with a second person. The tokens of
one sale have identifiers one after the other and are delivered as a set (E09).
"""

from __future__ import annotations

import msgspec

from kiosk.domain import chart
from kiosk.domain.energy import STS_LARGEST_UNITS, STS_STEP_WH, token_energy_wh
from kiosk.domain.posting import Posting
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal

#: The code of units that a person grants; any other code is one of the tariff's allowances.
GRANTED = "granted"

#: Free tokens that one sale can carry; a customer types every one of them.
MOST_FREE = 4


class FreeUnits(msgspec.Struct, frozen=True):
    """What shall be given beside a sale. `code` is GRANTED, with `second` who agreed, or that of an
    allowance; `reason` is printed. `energy_wh` is what the token carries."""

    code: str
    energy_wh: int
    reason: str
    second: str = ""


class FreeToken(msgspec.Struct, frozen=True):
    """Free units with everything that decides the digits of their token."""

    code: str
    reason: str
    second: str
    request: TokenRequest

    @property
    def energy_wh(self) -> int:
        """What the token carries."""
        return self.request.units * STS_STEP_WH


def free_units(code: str, energy_wh: int, reason: str, second: str = "") -> FreeUnits | Refusal:
    """Free units of at least `energy_wh`, rounded up to what a token carries."""
    largest_wh = STS_LARGEST_UNITS * STS_STEP_WH
    if energy_wh <= 0:
        return Refusal("energy_missing")
    if energy_wh > largest_wh:
        return Refusal("energy_above_carrier", {"largest_wh": largest_wh})
    return FreeUnits(code, token_energy_wh(energy_wh), reason, second)


def message_id(sale_id: str, place: int) -> str:
    """Under which id the module makes the `place`-th free token of a sale; the first is 1."""
    return f"{sale_id}-f{place}"


def add_up(sale_id: str, paid: TokenRequest | None, free: list[FreeToken]) -> bool:
    """Whether free tokens fit the paid one of their sale: the same meter and key, identifiers that
    rise, an id and some energy each, and a second person where a person grants."""
    if paid is None or not 0 < len(free) <= MOST_FREE:
        return False
    last = paid.identifier
    for place, each in enumerate(free, 1):
        request = each.request
        like_paid = msgspec.structs.replace(
            paid, message_id=message_id(sale_id, place), identifier=request.identifier,
            random=request.random, units=request.units,
        )  # fmt: skip
        agreed = bool(each.second) or each.code != GRANTED
        if request != like_paid or request.identifier <= last or request.units <= 0 or not agreed:
            return False
        last = request.identifier
    return True


def given(meter: str, free: list[FreeToken]) -> list[Posting]:
    """The postings of free tokens that were delivered: energy for the meter, given on purpose."""
    energy_wh = sum(each.energy_wh for each in free)
    if not energy_wh:
        return []
    return [
        Posting(chart.meter_energy(meter), chart.ENERGY_CURRENCY, energy_wh, "posted"),
        Posting(chart.FREE_ENERGY, chart.ENERGY_CURRENCY, -energy_wh, "posted"),
    ]
