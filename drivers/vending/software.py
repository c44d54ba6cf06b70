"""The software security module: vending keys in memory, tokens by the codec of this room.

For rehearsal, training and private grids. A utility's own keys belong in a certified module, which
stands behind the same port. The same request always gives the same digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from drivers.vending.request_checks import checked_meter, no_key, wanted_key
from drivers.vending.special_checks import (
    checked_management,
    key_name,
    management_token,
    no_key_at,
    told,
)
from drivers.vending.sts.identity import meter_pan
from drivers.vending.sts.keychange import KeyChange, key_change
from drivers.vending.sts.keys import BlockCipher, cipher_for
from drivers.vending.sts.tokens import Credit, CurrencyCredit, MeterTest, decode, encode
from drivers.vending.vending_key import VendingKey
from kiosk.domain.registry import METER_DIGITS, check_number
from kiosk.domain.special_tokens import (
    KeyChangeRequest,
    KeyPlace,
    ManagementRequest,
    MeterTestRequest,
    Verified,
    check_key_change,
    check_test,
)
from kiosk.domain.token import TokenRequest
from kiosk.domain.vending_keys import VendorKey, not_usable, stopped_by
from kiosk.errors import BadInput, Refusal

#: Subclasses of credit up to this one count a resource, those after it money.
_LAST_RESOURCE = 3


class Counter(Protocol):
    """What was sold under each key, durable before a token is given out."""

    def draw(self, request: TokenRequest, key: VendingKey) -> Refusal | None:
        """Count the units of `request`, once for its message id; refuse beyond the key's limit."""

    def sold_units(self, key: VendingKey) -> int:
        """Units that were counted under `key`. Raises VendorFault."""


class SoftwareVendor:
    """The port TokenVendor over vending keys in memory: credit in energy, volume, time or money.

    `now_ms` is the time of day, for what carries no identifier: a key change goes to a key that is
    in force. Without a counter (rehearsal) keys may have no `limit_units`: nobody would keep count.
    """

    def __init__(
        self,
        keys: Sequence[VendingKey],
        counter: Counter | None = None,
        name: str = "software",
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self.name = name
        self._now_ms = now_ms
        self._counter = counter
        self._keys = {key.name: key for key in keys}
        if len(self._keys) != len(keys):
            raise BadInput("Two vending keys have the same supply group, revision, type and date.")
        if counter is None and any(key.limit_units is not None for key in keys):
            raise BadInput("A vending key with a limit needs its counter file.")

    def keys(self) -> list[VendorKey]:
        """The vending keys that the module holds, without the keys themselves.

        VendorFault when the counter of a key with a limit cannot be read.
        """
        return [
            msgspec.structs.replace(key.shown(), left_units=self._left_units(key))
            for key in self._keys.values()
        ]

    def _left_units(self, key: VendingKey) -> int | None:
        if key.limit_units is None or self._counter is None:
            return None
        return max(0, key.limit_units - self._counter.sold_units(key))

    def issue(self, request: TokenRequest) -> str | Refusal:
        """The 20 digits of a credit token, or why not; counted and durable before they are given.

        VendorFault when the counter could not be kept: nothing was given out, ask again with the
        same `message_id`.
        """
        meter = checked_meter(request, money=True)
        if isinstance(meter, Refusal):
            return meter
        key = self._keys.get(wanted_key(request))
        if key is None:
            return no_key(request)
        refused = _out_of_bounds(request, key)
        if refused is not None:
            return refused
        token = _token(request, key, meter)
        refused = self._counter.draw(request, key) if self._counter is not None else None
        return token if refused is None else refused

    def manage(self, request: ManagementRequest) -> str | Refusal:
        """The 20 digits of a management token, or why not; nothing is counted, it sells nothing."""
        meter = checked_management(request)
        if isinstance(meter, Refusal):
            return meter
        key = self._keys.get(key_name(request.place, request.algorithm))
        if key is None:
            return no_key_at(request.place, request.algorithm)
        refused = _out_of_time(request.identifier, key)
        if refused is not None:
            return refused
        cipher = _cipher(key, meter, request.place.tariff_index)
        return encode(management_token(request), cipher)

    def meter_test(self, request: MeterTestRequest) -> str | Refusal:
        """The 20 digits of a test or display; no key is needed."""
        refused = check_test(request)
        if refused is not None:
            return refused
        test = MeterTest(request.subclass, request.control, request.manufacturer)
        return encode(test, None)

    def change_key(self, request: KeyChangeRequest) -> list[str] | Refusal:
        """The tokens of a key change. The old key may have expired, the new one must be in force
        (CTSA16)."""
        meter = check_number(request.meter, METER_DIGITS, "meter")
        if isinstance(meter, Refusal):
            return meter
        refused = check_key_change(request)
        if refused is not None:
            return refused
        old = self._keys.get(key_name(request.old, request.algorithm))
        new = self._keys.get(key_name(request.new, request.algorithm))
        if old is None or new is None:
            return no_key_at(request.old if old is None else request.new, request.algorithm)
        refused = not_usable(new.shown(), self._now_ms()) if self._now_ms is not None else None
        if refused is not None:
            return refused
        change = KeyChange(
            new.decoder_key(meter_pan(meter), request.new.tariff_index),
            request.new.supply_group,
            request.new.key_revision,
            request.new.tariff_index,
            request.new.key_type,
            new.key_expiry,
            request.rolls_over,
        )
        cipher = _cipher(old, meter, request.old.tariff_index)
        return key_change(change, request.algorithm, request.tokens, cipher, old.key_type)

    def verify(self, meter: str, algorithm: str, place: KeyPlace, token: str) -> Verified | Refusal:
        """What `token` says to `meter`, opened with the key that it must hold."""
        number = check_number(meter, METER_DIGITS, "meter")
        if isinstance(number, Refusal):
            return number
        key = self._keys.get(key_name(place, algorithm))
        if key is None:
            return no_key_at(place, algorithm)
        found = decode(token, _cipher(key, number, place.tariff_index))
        return found if isinstance(found, Refusal) else told(found)


def _cipher(key: VendingKey, meter: str, tariff_index: int) -> BlockCipher:
    return cipher_for(key.algorithm, key.decoder_key(meter_pan(meter), tariff_index))


def _out_of_bounds(request: TokenRequest, key: VendingKey) -> Refusal | None:
    """What this key may not do: by its expiry number, its dates, or the service of its limit."""
    refused = _out_of_time(request.identifier, key)
    if refused is None and key.limit_units is not None and request.subclass != 0:
        # Kilowatt-hours and cubic metres cannot be counted against one limit.
        return Refusal(
            "vending_limit_electricity_only", _which(key) | {"subclass": request.subclass}
        )
    return refused


def _out_of_time(identifier: int, key: VendingKey) -> Refusal | None:
    """Whether the minute of a token lies outside of what its key may name."""
    return stopped_by(key.shown(), identifier)


def _which(key: VendingKey) -> dict[str, str | int]:
    return {"supply_group": key.supply_group, "key_revision": key.key_revision}


def _token(request: TokenRequest, key: VendingKey, meter: str) -> str:
    credit: Credit | CurrencyCredit
    if request.subclass <= _LAST_RESOURCE:
        credit = Credit(request.subclass, request.random, request.identifier, request.units)
    else:  # money has sign and exponent in the place of the random number
        credit = CurrencyCredit(request.subclass, request.identifier, request.units)
    return encode(credit, _cipher(key, meter, request.tariff_index))
