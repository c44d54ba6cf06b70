"""The software security module: vending keys in memory, tokens by the codec of this room.

For rehearsal, training and private grids. A utility's own keys belong in a certified module, which
stands behind the same port. The same request always gives the same digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from drivers.vending.sts.amounts import LARGEST_UNITS, decode_units, encode_units
from drivers.vending.sts.identifiers import is_expired, is_reserved, time_of
from drivers.vending.sts.identity import meter_pan
from drivers.vending.sts.keys import cipher_for
from drivers.vending.sts.tokens import Credit, encode
from drivers.vending.vending_key import KeyName, VendingKey
from kiosk.domain.registry import METER_DIGITS, check_number
from kiosk.domain.token import LAST_IDENTIFIER, TokenRequest
from kiosk.errors import BadInput, Refusal
from kiosk.ports import VendorKey

_UNIQUE_KEY = 2


class Counter(Protocol):
    """What was sold under each key, durable before a token is given out."""

    def draw(self, request: TokenRequest, key: VendingKey) -> Refusal | None:
        """Count the units of `request`, once for its message id; refuse beyond the key's limit."""


class SoftwareVendor:
    """The port TokenVendor over vending keys in memory: credit in energy, volume or time.

    Without a counter (rehearsal) keys may have no `limit_units`: nobody would keep count.
    """

    def __init__(
        self, keys: Sequence[VendingKey], counter: Counter | None = None, name: str = "software"
    ) -> None:
        self.name = name
        self._counter = counter
        self._keys = {key.name: key for key in keys}
        if len(self._keys) != len(keys):
            raise BadInput("Two vending keys have the same supply group, revision, type and date.")
        if counter is None and any(key.limit_units is not None for key in keys):
            raise BadInput("A vending key with a limit needs its counter file.")

    def keys(self) -> list[VendorKey]:
        """The vending keys that the module holds, without the keys themselves."""
        return [key.shown() for key in self._keys.values()]

    def issue(self, request: TokenRequest) -> str | Refusal:
        """The 20 digits of a credit token, or why not; counted and durable before they are given.

        VendorFault when the counter could not be kept: nothing was given out, ask again with the
        same `message_id`.
        """
        meter = check_number(request.meter, METER_DIGITS, "meter")
        if isinstance(meter, Refusal):
            return meter
        refused = _bad_field(request)
        if refused is not None:
            return refused
        key = self._keys.get(_wanted(request))
        if key is None:
            return _no_key(request)
        refused = _out_of_bounds(request, key)
        if refused is not None:
            return refused
        token = _token(request, key, meter)
        refused = self._counter.draw(request, key) if self._counter is not None else None
        return token if refused is None else refused


def _wanted(request: TokenRequest) -> KeyName:
    return (
        request.supply_group,
        request.key_revision,
        request.key_type,
        request.base_date,
        request.algorithm,
    )


def _bad_field(request: TokenRequest) -> Refusal | None:
    """What no key could help: values that a credit token cannot carry."""
    ranges = (
        ("tariff_index", request.tariff_index, 99),
        ("identifier", request.identifier, LAST_IDENTIFIER),
        ("random", request.random, 15),
        ("subclass", request.subclass, 3),
        ("units", request.units, LARGEST_UNITS),
    )
    if request.identifier > LAST_IDENTIFIER:
        return Refusal("identifier_overflow", {"base_date": request.base_date})
    for field, value, largest in ranges:
        if not 0 <= value <= largest:
            return Refusal("token_field_out_of_range", {"field": field, "value": value})
    if is_reserved(request.identifier):
        return Refusal("identifier_reserved", {"identifier": request.identifier})
    carried = decode_units(encode_units(request.units))
    if carried != request.units:
        return Refusal("units_not_exact", {"units": request.units, "next_units": carried})
    if request.key_type != _UNIQUE_KEY:
        return Refusal("key_type_no_credit", {"key_type": request.key_type})
    return None


def _no_key(request: TokenRequest) -> Refusal:
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


def _out_of_bounds(request: TokenRequest, key: VendingKey) -> Refusal | None:
    """What this key may not do: by its expiry number, its dates, or the service of its limit."""
    which: dict[str, str | int] = {
        "supply_group": key.supply_group,
        "key_revision": key.key_revision,
    }
    minute_ms = time_of(request.identifier, key.base_date)
    if is_expired(request.identifier, key.key_expiry):
        return Refusal("vending_key_expired", which)
    if minute_ms < key.active_from_ms:
        return Refusal("vending_key_not_active", which | {"active_from_ms": key.active_from_ms})
    if key.issued_until_ms is not None and minute_ms > key.issued_until_ms:
        return Refusal("vending_lease_ended", which | {"issued_until_ms": key.issued_until_ms})
    if key.limit_units is not None and request.subclass != 0:
        # Kilowatt-hours and cubic metres cannot be counted against one limit.
        return Refusal("vending_limit_electricity_only", which | {"subclass": request.subclass})
    return None


def _token(request: TokenRequest, key: VendingKey, meter: str) -> str:
    decoder_key = key.decoder_key(meter_pan(meter), request.tariff_index)
    credit = Credit(request.subclass, request.random, request.identifier, request.units)
    return encode(credit, cipher_for(key.algorithm, decoder_key))
