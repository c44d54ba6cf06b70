"""Facts about customers and meters: registered, amended, replaced, cancelled, read.

Nothing is deleted: an amendment carries what stood there before, and who changed it and why. Values
of fields are text as `kiosk.domain.registry_changes` writes them.
"""

from __future__ import annotations

from kiosk.domain.credit_registers import ELECTRICITY
from kiosk.domain.fact import Fact


class CustomerRegistered(Fact, frozen=True):
    """Somebody became a customer. `source` is "counter", or the digest of the file imported."""

    KIND = "customer_registered"
    account: str
    name: str
    address: str
    phone: str
    customer_class: str
    area: str
    operator: str
    source: str

    def identity(self) -> str:
        """An account is opened once."""
        return f"customer/{self.account}"


class CustomerAmended(Fact, frozen=True):
    """One field of a customer's record was changed."""

    KIND = "customer_amended"
    change_id: str
    account: str
    field: str
    old: str
    new: str
    reason: str
    operator: str

    def identity(self) -> str:
        """The id is made when the change is asked for."""
        return f"change/{self.change_id}"


class MeterInstalled(Fact, frozen=True, omit_defaults=True):
    """A meter was installed for a customer: the installation record (F044).

    `installed_on` is a date (YYYY-MM-DD) or empty, `reading_wh` what its register showed then,
    `card` and `card_serial` the card of a card meter or empty. STS values: sts-facts 2. `register`
    is what the meter counts; of an electricity meter it is left out.
    """

    KIND = "meter_installed"
    meter: str
    account: str
    kind: str
    power_type: str
    phases: int
    capacity_w: int
    supply_group: str
    key_revision: int
    tariff_index: int
    key_type: int
    algorithm: str
    base_date: int
    card: str
    card_serial: str
    place: str
    installed_on: str
    reading_wh: int
    seals: list[str]
    operator: str
    source: str
    register: str = ELECTRICITY

    def identity(self) -> str:
        """A meter number is registered once."""
        return f"meter/{self.meter}"


class MeterAmended(Fact, frozen=True):
    """One field of a meter's record was changed: power_type, capacity_w, blocked, or account, when
    the customer had left and the meter went to the next one.

    `from_ms` is 0, or the time (UTC) from which another power type counts.
    """

    KIND = "meter_amended"
    change_id: str
    meter: str
    field: str
    old: str
    new: str
    from_ms: int
    reason: str
    operator: str

    def identity(self) -> str:
        """The id is made when the change is asked for."""
        return f"change/{self.change_id}"


class SharesSet(Fact, frozen=True):
    """The energy of a meter is shared over power types, in millionths; empty: no longer (F048)."""

    KIND = "shares_set"
    change_id: str
    meter: str
    old: list[tuple[str, int]]
    new: list[tuple[str, int]]
    reason: str
    operator: str

    def identity(self) -> str:
        """The id is made when the change is asked for."""
        return f"change/{self.change_id}"


class MeterRead(Fact, frozen=True):
    """A meter was read. `source` is "card" (its write-back), "device" or "hand".

    `reading_wh` is the register of all energy used; `remaining_wh` the credit left, None where
    nobody looked. `read_ms` is when it was read, which may be long before it was written down.
    """

    KIND = "meter_read"
    reading_id: str
    meter: str
    source: str
    reading_wh: int
    remaining_wh: int | None
    read_ms: int
    operator: str

    def identity(self) -> str:
        """A reading is written down once."""
        return f"reading/{self.reading_id}"


class MeterReplaced(Fact, frozen=True):
    """A meter with a balance was taken out and another stands in its place (E14).

    `remaining_wh` was left in the old one: `moved_wh` of it goes to the new one as a token
    (`rounded_wh` of that is rounding up to what a token carries), or `worth_minor` is its worth,
    which is kept for the new meter. `kept_minor` was kept for the old meter already.
    `expected_wh` is purchases less consumption as known here; `second` agreed where two are needed.
    """

    KIND = "meter_replaced"
    replacement_id: str
    meter: str
    new_meter: str
    account: str
    currency: str
    source: str
    reading_wh: int
    remaining_wh: int
    expected_wh: int
    moved_wh: int
    rounded_wh: int
    worth_minor: int
    kept_minor: int
    operator: str
    second: str
    reason: str

    def identity(self) -> str:
        """A meter is replaced once."""
        return f"retired/{self.meter}"


class MeterCancelled(Fact, frozen=True):
    """A meter was taken out and none came in its place; `remaining_wh` was given up in it."""

    KIND = "meter_cancelled"
    cancel_id: str
    meter: str
    account: str
    reading_wh: int
    remaining_wh: int
    operator: str
    second: str
    reason: str

    def identity(self) -> str:
        """A meter is retired once; replaced and cancelled share the key."""
        return f"retired/{self.meter}"


FACTS: tuple[type[Fact], ...] = (
    CustomerRegistered, CustomerAmended, MeterInstalled, MeterAmended, SharesSet, MeterRead,
    MeterReplaced, MeterCancelled,
)  # fmt: skip
