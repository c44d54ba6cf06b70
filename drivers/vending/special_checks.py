"""What no module could help with tokens that are no credit, and how what they say is told.

As in `request_checks`, a check depends on the request alone.
"""

from __future__ import annotations

from drivers.vending.sts.amounts import decode_units, encode_units
from drivers.vending.sts.identifiers import is_reserved
from drivers.vending.sts.tokens import (
    Credit,
    CurrencyCredit,
    KeySection,
    Management,
    MeterTest,
    Token,
    token_class,
)
from drivers.vending.vending_key import KeyName
from kiosk.domain.registry import METER_DIGITS, check_number
from kiosk.domain.special_tokens import (
    MANAGEMENT,
    KeyPlace,
    ManagementRequest,
    Verified,
    management_value,
)
from kiosk.domain.token import LAST_IDENTIFIER
from kiosk.errors import Refusal

_KEY_TYPES = frozenset({1, 2})
_WATTS = frozenset({"power_limit", "phase_unbalance"})
_OPERATIONS = {subclass: operation for operation, subclass in MANAGEMENT.items()}


def key_name(place: KeyPlace, algorithm: str) -> KeyName:
    """The vending key that makes the key of a meter at `place`."""
    return (place.supply_group, place.key_revision, place.key_type, place.base_date, algorithm)


def no_key_at(place: KeyPlace, algorithm: str) -> Refusal:
    """The module does not hold the vending key of this meter."""
    return Refusal(
        "vending_key_unknown",
        {
            "supply_group": place.supply_group,
            "key_revision": place.key_revision,
            "key_type": place.key_type,
            "base_date": place.base_date,
            "algorithm": algorithm,
        },
    )


def checked_management(request: ManagementRequest) -> str | Refusal:
    """The meter number without spaces, when every field fits a management token."""
    meter = check_number(request.meter, METER_DIGITS, "meter")
    if isinstance(meter, Refusal):
        return meter
    if request.identifier > LAST_IDENTIFIER:
        return Refusal("identifier_overflow", {"base_date": request.place.base_date})
    ranges = (
        ("tariff_index", request.place.tariff_index, 99),
        ("identifier", request.identifier, LAST_IDENTIFIER),
        ("random", request.random, 15),
    )
    for field, value, largest in ranges:
        if not 0 <= value <= largest:
            return Refusal("token_field_out_of_range", {"field": field, "value": value})
    if is_reserved(request.identifier):
        return Refusal("identifier_reserved", {"identifier": request.identifier})
    if request.place.key_type not in _KEY_TYPES:
        return Refusal("key_type_no_change", {"key_type": request.place.key_type})
    carried = management_value(request.operation, request.value)
    if isinstance(carried, Refusal):
        return carried
    if carried != request.value:
        return Refusal("units_not_exact", {"units": request.value, "next_units": carried})
    return meter


def management_bits(operation: str, value: int) -> int:
    """The 16 bits of a management token's value."""
    return encode_units(value) if operation in _WATTS else value


def management_token(request: ManagementRequest) -> Management:
    """The token that a request asks for."""
    return Management(
        MANAGEMENT[request.operation],
        request.random,
        request.identifier,
        management_bits(request.operation, request.value),
    )


def told(token: Token) -> Verified:
    """What a decoded token says, without any part of a key."""
    kind_class, subclass = token_class(token), token.subclass
    if isinstance(token, Credit):
        return Verified(kind_class, subclass, "credit", token.identifier, token.units)
    if isinstance(token, CurrencyCredit):
        return Verified(kind_class, subclass, "currency", token.identifier, token.amount)
    if isinstance(token, MeterTest):
        return Verified(kind_class, subclass, "meter_test", value=token.control)
    if isinstance(token, KeySection):
        return Verified(kind_class, subclass, "key_section")
    operation = _OPERATIONS[subclass]
    value = decode_units(token.value) if operation in _WATTS else token.value
    return Verified(kind_class, subclass, operation, token.identifier, value=value)
