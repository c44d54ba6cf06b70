"""A vending key: what it may sell, for how long, how much, and the secret itself, never shown."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace

from drivers.vending.sts.identifiers import base_date_ms, time_of
from drivers.vending.sts.keys import KeyIdentity, check_attributes, check_method, decoder_key, des
from kiosk.domain.token import LAST_IDENTIFIER
from kiosk.domain.vending_keys import VendorKey
from kiosk.errors import BadInput

#: Supply group, key revision, key type, base date, algorithm: what a request asks a key by.
KeyName = tuple[str, int, int, int, str]


@dataclass(frozen=True, slots=True)
class VendingKey:
    """One vending key of a supply group. BadInput for attributes that do not fit together.

    `secret` has 8 bytes for DKGA02 and 20 for DKGA04. `key_expiry` is the expiry number KEN: the
    highest value of the high 8 bits of an identifier under this key. `active_from_ms` and
    `issued_until_ms` bound the minute that an identifier may name, `limit_units` how much may be
    sold in all, in units of 0.1 kWh; None is no bound (the lease of reliability.md, section 5).
    """

    supply_group: str
    key_revision: int
    key_type: int
    base_date: int
    algorithm: str
    dkga: str
    secret: bytes = field(repr=False)
    key_expiry: int = 255
    active_from_ms: int = 0
    issued_until_ms: int | None = None
    limit_units: int | None = None

    def __post_init__(self) -> None:
        check_attributes(self.supply_group, self.key_revision, self.key_type)
        check_method(self.dkga, self.algorithm, self.key_type, len(self.secret))
        base_date_ms(self.base_date)
        if not 0 <= self.key_expiry <= 255:
            raise BadInput(f"Key expiry number {self.key_expiry} must be 0 to 255.")
        bounds = (self.active_from_ms, self.issued_until_ms or 0, self.limit_units or 0)
        if min(bounds) < 0:
            raise BadInput("A vending key cannot have a negative limit or time.")

    @property
    def name(self) -> KeyName:
        """What a request asks for this key by."""
        return (
            self.supply_group,
            self.key_revision,
            self.key_type,
            self.base_date,
            self.algorithm,
        )

    def last_ms(self) -> int:
        """The last minute that this key may put on a token, by its expiry number and its lease."""
        last_identifier = min((self.key_expiry + 1 << 16) - 1, LAST_IDENTIFIER)
        last_ms = time_of(last_identifier, self.base_date)
        return last_ms if self.issued_until_ms is None else min(last_ms, self.issued_until_ms)

    def check_value(self) -> str:
        """Six hex digits that tell keys apart without showing them (KCV).

        Our own: the first three bytes of DES of eight zero bytes under a key of 8 bytes, of
        HMAC-SHA-256 of eight zero bytes under a key of 20. A module of another maker may differ.
        """
        if self.dkga == "02":
            return des(self.secret, bytes(8))[:3].hex()
        return hmac.digest(self.secret, bytes(8), hashlib.sha256)[:3].hex()

    def shown(self) -> VendorKey:
        """The key as it may be shown."""
        return VendorKey(
            supply_group=self.supply_group,
            key_revision=self.key_revision,
            key_type=self.key_type,
            base_date=self.base_date,
            algorithm=self.algorithm,
            check_value=self.check_value(),
            key_expiry=self.key_expiry,
            active_from_ms=self.active_from_ms,
            active_until_ms=self.issued_until_ms,
        )

    def decoder_key(self, pan: str, tariff_index: int) -> bytes:
        """The key inside the meter with this PAN."""
        who = KeyIdentity(
            pan=pan,
            supply_group=self.supply_group,
            key_revision=self.key_revision,
            tariff_index=tariff_index,
            key_type=self.key_type,
            base_date=self.base_date,
        )
        return decoder_key(self.dkga, self.secret, who, self.algorithm)


def rehearsal_keys() -> list[VendingKey]:
    """The published test key of the token standard: worth nothing, good for rehearsal and tests.

    Meters of the rehearsal have supply group 123456, key revision 1, tariff index 1, key type 2.
    """
    return [VendingKey("123456", 1, 2, 2014, "07", "02", bytes.fromhex("abababababababab"))]


def outdated_rehearsal_key() -> VendingKey:
    """The same key with base date 1993, whose minutes ended in 2024: for meters that were never
    rolled over (sts-facts 1.6)."""
    return replace(rehearsal_keys()[0], base_date=1993)
