"""Tokens that are no credit: what is asked of a module for them, and what a token says of itself.

Like `kiosk.domain.token.TokenRequest`, a request here decides its digits completely: identifier and
random bits stand in it, so asking again gives the same token. Layouts: sts-facts 1.4 to 1.6.
"""

from __future__ import annotations

import msgspec

from kiosk.domain.credit_registers import ELECTRICITY, REGISTERS, register_of
from kiosk.domain.energy import STS_LARGEST_UNITS, sts_units_at_least
from kiosk.domain.registry import Meter
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal

#: Operation -> subclass of class 2 (sts-facts 1.5).
MANAGEMENT = {
    "power_limit": 0,
    "clear_credit": 1,
    "tariff_rate": 2,
    "clear_tamper": 5,
    "phase_unbalance": 6,
    "water_factor": 7,
    "extended": 10,
}

#: Operations whose value is a number of watts in the coding of amounts.
_WATTS = frozenset({"power_limit", "phase_unbalance"})

#: Value of clear_credit that empties every register.
ALL_REGISTERS = 0xFFFF

#: Tests and displays by number (sts-facts 1.4): 0 is every test.
METER_TESTS = {
    "all": 0,
    "switch": 1,
    "display": 2,
    "total": 3,
    "key_revision": 4,
    "tariff_index": 5,
    "reader": 6,
    "power_limit": 7,
    "tamper": 8,
    "power": 9,
    "version": 10,
    "phase_unbalance": 11,
    "water_factor": 12,
    "tariff_rate": 13,
    "algorithm": 14,
    "key_tokens": 15,
    "supply_group": 16,
    "key_expiry": 17,
    "number": 18,
}

#: Bits of the control field of class 1 by subclass, and how many makers its other field can name.
_TEST_LAYOUT = {0: (36, 100), 1: (28, 10_000), 2: (36, 100)}


class KeyPlace(msgspec.Struct, frozen=True):
    """Which vending key a meter is under: everything but its number that leads to its own key."""

    supply_group: str
    key_revision: int
    tariff_index: int
    key_type: int
    base_date: int


class ManagementRequest(msgspec.Struct, frozen=True, tag="management", tag_field="what"):
    """One class 2 token for one meter. `value` is in watts where the operation limits power, and
    the 16 bits themselves elsewhere; it is exactly representable already."""

    message_id: str
    meter: str
    algorithm: str
    place: KeyPlace
    identifier: int
    random: int
    operation: str
    value: int


class MeterTestRequest(msgspec.Struct, frozen=True, tag="meter_test", tag_field="what"):
    """One class 1 token: in clear, for every meter of a maker (0: of any maker), without
    identifier. `control` has 36 bits in subclass 0 and 2, 28 in subclass 1."""

    message_id: str
    subclass: int
    control: int
    manufacturer: int


class KeyChangeRequest(msgspec.Struct, frozen=True, tag="key_change", tag_field="what"):
    """A set of two, three or four tokens that moves one meter from one key to another."""

    message_id: str
    meter: str
    algorithm: str
    old: KeyPlace
    new: KeyPlace
    tokens: int

    @property
    def rolls_over(self) -> bool:
        """The base date changes: then, and only then, the meter forgets its identifiers."""
        return self.old.base_date != self.new.base_date


class CreditRequest(msgspec.Struct, frozen=True, tag="credit", tag_field="what"):
    """A credit token outside a sale: free units, or the replacement of a token."""

    token: TokenRequest


SpecialRequest = CreditRequest | ManagementRequest | MeterTestRequest | KeyChangeRequest


class Verified(msgspec.Struct, frozen=True):
    """What a token says to the meter that it was checked against.

    `kind` is credit, currency, meter_test, key_section or an operation of MANAGEMENT. `identifier`
    is None where the token carries none; `units` is the amount of a credit (0.1 kWh, 0.1 m3, ...),
    `value` whatever else it carries, but never a part of a key.
    """

    token_class: int
    subclass: int
    kind: str
    identifier: int | None = None
    units: int | None = None
    value: int | None = None


def place_of(meter: Meter) -> KeyPlace:
    """The key that the registry says a meter is under."""
    return KeyPlace(
        meter.supply_group, meter.key_revision, meter.tariff_index, meter.key_type, meter.base_date
    )


def credit_request(
    meter: Meter, message_id: str, identifier: int, random: int, units: int
) -> TokenRequest:
    """The request of a credit of `meter`'s own register under the key of the registry."""
    return TokenRequest(
        message_id, meter.number, meter.supply_group, meter.key_revision, meter.tariff_index,
        meter.key_type, meter.algorithm, meter.base_date, identifier, random, units,
        REGISTERS[meter.register],
    )  # fmt: skip


def management_value(operation: str, value: int) -> int | Refusal:
    """The value that a token of `operation` carries: watts are rounded up to what can be coded.

    Refuses what the field cannot hold: `token_field_out_of_range`.
    """
    if operation not in MANAGEMENT:
        return Refusal("unknown_operation", {"operation": operation[:40]})
    largest = STS_LARGEST_UNITS if operation in _WATTS else 0xFFFF
    fits = 0 <= value <= largest
    if operation == "clear_credit":
        fits = 0 <= value <= 7 or value == ALL_REGISTERS
    if operation == "clear_tamper":
        fits = value == 0
    if not fits:
        return Refusal("token_field_out_of_range", {"field": operation, "value": value})
    return sts_units_at_least(value) if operation in _WATTS else value


def control_of_test(number: int, subclass: int = 0) -> int | Refusal:
    """The control field of test `number`: all ones for 0, the single bit n - 1 for test n."""
    if subclass not in {0, 1} or number not in METER_TESTS.values():
        return Refusal("token_field_out_of_range", {"field": "test", "value": number})
    bits = _TEST_LAYOUT[subclass][0]
    return (1 << bits) - 1 if number == 0 else 1 << number - 1


def test_named(control: int, subclass: int) -> str:
    """The test that a control field asks for; "" for one that has no name here."""
    for name, number in METER_TESTS.items():
        if subclass in {0, 1} and control_of_test(number, subclass) == control:
            return name
    return ""


def check_test(request: MeterTestRequest) -> Refusal | None:
    """Refuses a class 1 token that its fields cannot hold."""
    if request.subclass not in _TEST_LAYOUT:
        return _beyond("subclass", request.subclass)
    bits, makers = _TEST_LAYOUT[request.subclass]
    if not 0 <= request.control < 1 << bits:
        return _beyond("control", request.control)
    if not 0 <= request.manufacturer < makers:
        return _beyond("manufacturer", request.manufacturer)
    return None


def check_key_change(request: KeyChangeRequest) -> Refusal | None:
    """Refuses a change that no set of tokens can carry, or that no vending point may make.

    EA07 takes two tokens, or three with the supply group; EA11 four. Key type 0 and 3 are not for a
    vending point (sts-facts 1.6, C).
    """
    if request.tokens not in ({4} if request.algorithm == "11" else {2, 3}):
        return _beyond("tokens", request.tokens)
    if request.tokens == 2 and request.old.supply_group != request.new.supply_group:
        return Refusal("key_change_needs_group", {"supply_group": request.new.supply_group})
    for place in (request.old, request.new):
        if place.key_type not in {1, 2}:
            return Refusal("key_type_no_change", {"key_type": place.key_type})
    if request.old == request.new:
        return Refusal("key_change_same", {"meter": request.meter})
    return None


def tokens_needed(algorithm: str, old: KeyPlace, new: KeyPlace) -> int:
    """How many tokens a change takes."""
    if algorithm == "11":
        return 4
    return 2 if old.supply_group == new.supply_group else 3


def identified(request: SpecialRequest) -> tuple[str, int, int, int] | None:
    """Meter, base date, key revision and identifier that a request uses up; None for none."""
    if isinstance(request, CreditRequest):
        token = request.token
        return token.meter, token.base_date, token.key_revision, token.identifier
    if isinstance(request, ManagementRequest):
        place = request.place
        return request.meter, place.base_date, place.key_revision, request.identifier
    return None


def credit_given(request: SpecialRequest) -> tuple[str, int]:
    """Register and units of a credit that is no electricity; ("electricity", 0) for anything else,
    whose energy stands in its own field."""
    if not isinstance(request, CreditRequest) or not request.token.subclass:
        return ELECTRICITY, 0
    return register_of(request.token.subclass), request.token.units


def _beyond(field: str, value: int) -> Refusal:
    return Refusal("token_field_out_of_range", {"field": field, "value": value})
