"""What no security module could help: requests that no credit token can carry.

Every module asks here before it is troubled. The checks depend on the request alone, so a request
that was once let through is let through for ever: a refusal never hides a token that was made.
"""

from __future__ import annotations

from drivers.vending.sts.amounts import (
    LARGEST_CURRENCY,
    LARGEST_UNITS,
    decode_currency,
    decode_units,
    encode_currency,
    encode_units,
)
from drivers.vending.sts.identifiers import is_reserved
from drivers.vending.vending_key import KeyName
from kiosk.domain.registry import METER_DIGITS, check_number
from kiosk.domain.special_tokens import KeyPlace
from kiosk.domain.token import LAST_IDENTIFIER, TokenRequest
from kiosk.errors import Refusal

_UNIQUE_KEY = 2


#: Credit of a resource has subclass 0 to 3, credit of money 4 to 7.
_LAST_RESOURCE, _LAST_CURRENCY = 3, 7


def checked_meter(request: TokenRequest, *, money: bool = False) -> str | Refusal:
    """The meter number without spaces, when every field fits a credit token (sts-facts 1.3, 5).

    `money` is for a module that makes credit of money too; others refuse its subclasses.
    """
    meter = check_number(request.meter, METER_DIGITS, "meter")
    if isinstance(meter, Refusal):
        return meter
    return _bad_field(request, _LAST_CURRENCY if money else _LAST_RESOURCE) or meter


def wanted_key(request: TokenRequest) -> KeyName:
    """The vending key that `request` asks for."""
    return (
        request.supply_group,
        request.key_revision,
        request.key_type,
        request.base_date,
        request.algorithm,
    )


def place_asked(request: TokenRequest) -> KeyPlace:
    """Where the meter of `request` stands, as the other requests say it."""
    return KeyPlace(
        request.supply_group,
        request.key_revision,
        request.tariff_index,
        request.key_type,
        request.base_date,
    )


def no_key(request: TokenRequest) -> Refusal:
    """The module does not hold the vending key of this meter."""
    return Refusal(
        "vending_key_unknown",
        {
            "supply_group": request.supply_group,
            "key_revision": request.key_revision,
            "key_type": request.key_type,
            "base_date": request.base_date,
            "algorithm": request.algorithm,
        },
    )


def _bad_field(request: TokenRequest, last_subclass: int) -> Refusal | None:
    counts_money = _LAST_RESOURCE < request.subclass <= last_subclass
    ranges = (
        ("tariff_index", request.tariff_index, 99),
        ("identifier", request.identifier, LAST_IDENTIFIER),
        ("random", request.random, 15),
        ("subclass", request.subclass, last_subclass),
        ("units", request.units, LARGEST_CURRENCY if counts_money else LARGEST_UNITS),
    )
    if request.identifier > LAST_IDENTIFIER:
        return Refusal("identifier_overflow", {"base_date": request.base_date})
    for field, value, largest in ranges:
        if not 0 <= value <= largest:
            return Refusal("token_field_out_of_range", {"field": field, "value": value})
    if is_reserved(request.identifier):
        return Refusal("identifier_reserved", {"identifier": request.identifier})
    carried = _carried(request.units, counts_money=counts_money)
    if carried != request.units:
        return Refusal("units_not_exact", {"units": request.units, "next_units": carried})
    if request.key_type != _UNIQUE_KEY:
        return Refusal("key_type_no_credit", {"key_type": request.key_type})
    return None


def _carried(units: int, *, counts_money: bool) -> int:
    """What a token carries where `units` are asked for."""
    if counts_money:
        return decode_currency(*encode_currency(units))
    return decode_units(encode_units(units))
