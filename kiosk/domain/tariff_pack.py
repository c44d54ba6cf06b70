"""The tariff pack: what a utility has decided that electricity costs, and what a price may ask.

A pack is dated, numbered and known by the SHA-256 of its bytes. Fields that came later have
defaults and are left out of the bytes while they hold them, so an old pack keeps its digest. Every
price is before tax, in minor units per MWh: 1/1000 of a minor unit per kWh.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

PPM = 1_000_000
WH_PER_MWH = 1_000_000

Kind = Literal["energy", "levy"]


class Rate(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another price of a sub-item, in one season, one period or one step; "" and 0 mean any.

    Steps are numbered from 1. Of several rates the first that fits counts; without one, the price
    of the sub-item itself.
    """

    price_minor_per_mwh: int
    season: str = ""
    period: str = ""
    step: int = 0


class SubItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One part of the price of energy: "Generation", "Grid", "Rural electrification levy".

    `kind` "energy" is the utility's revenue, "levy" is collected for somebody else. `taxed` counts
    where the power type has one tax by rate; where it lists its taxes, each names what it is on.
    """

    code: str
    label: str
    kind: Kind
    price_minor_per_mwh: int
    taxed: bool = msgspec.field(default_factory=lambda: True)  # a factory: its byte always stands
    rates: list[Rate] = []


class Charge(msgspec.Struct, frozen=True, omit_defaults=True):
    """An amount that does not depend on energy: with each purchase, each month or each day.

    A monthly or daily charge is due since it was last taken, at most `at_most` months or days in
    one purchase; what is above stays due. Minor units, before tax.
    """

    code: str
    label: str
    amount_minor: int
    per: Literal["purchase", "month", "day"] = "purchase"
    at_most: int = 1
    kind: Kind = "energy"


class Tax(msgspec.Struct, frozen=True):
    """A tax, and the codes of the sub-items and charges that it is on. 15 % = 150000."""

    code: str
    label: str
    rate_ppm: int
    on: list[str]


class Season(msgspec.Struct, frozen=True):
    """A part of the year, both days included, as 100 * month + day; it may cross the new year."""

    code: str
    label: str
    first_day: int
    last_day: int


class Period(msgspec.Struct, frozen=True, omit_defaults=True):
    """Hours of the day, in minutes from midnight, the end not included; days 0 (Monday) to 6.

    No hours mean the whole day, no days every day. Of several periods the first that fits counts.
    """

    code: str
    label: str
    hours: list[tuple[int, int]] = []
    days: list[int] = []


class Preference(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the preferential price sheet: for whom, in which months, how much of it.

    It goes to customers of `customer_class` ("": all) with one of `power_types` (none: all), in
    `months` (none: all), for the first `first_wh` of a month (0: all energy). `discount_ppm` comes
    off the price (1000000: free), `prices` replaces prices by sub-item; both only for `items`
    (none: all). Of several lines the first that fits counts.
    """

    code: str
    label: str
    customer_class: str = ""
    power_types: list[str] = []
    months: list[int] = []
    first_wh: int = 0
    discount_ppm: int = 0
    prices: dict[str, int] = {}
    items: list[str] = []


class Steps(msgspec.Struct, frozen=True, omit_defaults=True):
    """The upper ends of all steps but the last, of the energy bought since the counter began.

    `household` counts all meters of the customer together.
    """

    ends_wh: list[int]
    counter: Literal["month", "season", "year"] = "month"
    household: bool = False


class TimeOfUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the prices of periods are mixed: by the agreed shares of the energy, in millionths, or by
    the period at the time of the purchase."""

    rule: Literal["shares", "purchase_time"]
    shares_ppm: dict[str, int] = {}


class PowerType(msgspec.Struct, frozen=True, omit_defaults=True):
    """The prices of one class of use. Tax rates are in millionths (15 % = 150000).

    `charges` and `taxes` stand beside the one fixed charge and the one tax of older packs. No field
    may be added: with 16 of them the bytes of old packs would begin otherwise.
    """

    code: str
    label: str
    sub_items: list[SubItem]
    tax_label: str
    tax_rate_ppm: int
    fixed_label: str
    fixed_minor: int
    minimum_minor: int
    maximum_minor: int
    debt_share_ppm: int
    steps: Steps | None = None
    time_of_use: TimeOfUse | None = None
    charges: list[Charge] = []
    taxes: list[Tax] = []
    multiple_minor: int = 1

    @property
    def step_ends_wh(self) -> list[int]:
        """The upper ends of the steps but the last; none where there are no steps."""
        return self.steps.ends_wh if self.steps is not None else []

    @property
    def period_rule(self) -> str:
        """How periods are mixed; "" where none has a price of its own."""
        return self.time_of_use.rule if self.time_of_use is not None else ""

    def all_charges(self) -> list[Charge]:
        """The fixed charge of older packs, if there is one, and the others."""
        fixed = [Charge("fixed", self.fixed_label, self.fixed_minor)] if self.fixed_minor else []
        return fixed + self.charges

    def all_taxes(self) -> list[Tax]:
        """The listed taxes, or the one tax of older packs, which is on the fixed charge too."""
        return self.taxes or [Tax("tax", self.tax_label, self.tax_rate_ppm, ["fixed"])]

    def is_taxed(self, tax: Tax, item: SubItem) -> bool:
        """Whether `tax` is on `item`."""
        return item.code in tax.on if self.taxes else item.taxed


class TariffPack(msgspec.Struct, frozen=True, omit_defaults=True):
    """Dated, numbered prices for every power type; a sale stores the digest of its pack (E11).

    In force from `valid_from_ms`; after `use_by_ms` (0: never) it is stale. `zone` is the clock of
    the utility, for months, seasons and periods; "": that of the hall.
    """

    number: int
    label: str
    currency: str
    valid_from_ms: int
    power_types: list[PowerType]
    use_by_ms: int = 0
    zone: str = ""
    seasons: list[Season] = []
    periods: list[Period] = []
    preferences: list[Preference] = []

    def power_type(self, code: str) -> PowerType:
        """The power type `code`; a meter with an unknown one cannot enter the registry."""
        return next(entry for entry in self.power_types if entry.code == code)

    def has(self, code: str) -> bool:
        """Whether there is a power type `code`."""
        return any(entry.code == code for entry in self.power_types)


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a price depends on beside the amount. A sale keeps it, so that it can be replayed.

    `at` is the wall clock of the utility, "2026-11-20T14:05"; `used_wh` was bought since the step
    counter began and `month_wh` in this month. `charged` says up to which day or month ("2026-11")
    each charge was taken. `shares` part the meter's energy over power types, in millionths.
    """

    at: str = ""
    used_wh: int = 0
    month_wh: int = 0
    customer_class: str = ""
    charged: dict[str, str] = {}
    shares: list[tuple[str, int]] = []


def pack_bytes(pack: TariffPack) -> bytes:
    """The bytes of a pack as they are stored, hashed and signed: the same for what is decoded from
    them. A word such as "purchase" that was read from a file is equal to the default and still
    another object, which the encoder writes; once decoded it is the default itself."""
    return msgspec.msgpack.encode(decode_pack(msgspec.msgpack.encode(pack)))


def pack_digest(pack: TariffPack) -> str:
    """SHA-256 of the pack's bytes, in hex: the name under which a sale remembers its prices."""
    return hashlib.sha256(pack_bytes(pack)).hexdigest()


_DECODER = msgspec.msgpack.Decoder(TariffPack)


def decode_pack(content: bytes) -> TariffPack:
    """The pack in `content`; msgspec.MsgspecError for bytes that are none."""
    return _DECODER.decode(content)
