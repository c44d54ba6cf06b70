"""What a price asks about a meter: what was bought so far, what was charged, what time it is.

Counters are on the utility's own clock; a sale counts at the time at which it was committed (E12).
They are those of a customer at a meter: nothing that the customer before bought there counts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache

from kiosk.domain.registry import Customer, Meter
from kiosk.domain.tariff_calendar import counter_start
from kiosk.domain.tariff_pack import TariffPack, Usage
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.words.formats import time_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 24 * 60 * 60 * 1000


def pack_in_force(desk: Desk, time_ms: int) -> tuple[str, TariffPack] | Refusal:
    """The prices of that time with their digest; refused before the first and long after the last.

    A pack that is past its use-by is still sold at for `price_grace_days` (E11).
    """
    found = desk.records.tariff_at(time_ms)
    if found is None:
        return Refusal("no_prices_yet")
    use_by_ms = found[1].use_by_ms
    grace_ms = desk.settings.limits.price_grace_days * _DAY_MS
    if use_by_ms and time_ms > use_by_ms + grace_ms:
        return Refusal("prices_too_old", {"use_by_ms": use_by_ms})
    return found


def usage_of(desk: Desk, pack: TariffPack, meter: Meter, customer: Customer, time_ms: int) -> Usage:
    """What the prices of `meter` depend on at `time_ms`."""
    zone = zone_of(pack, desk.settings.site.timezone)
    moment = local(time_ms, zone)
    prices = pack.power_type(meter.power_type)
    month_wh = _bought(desk, zone, moment.date().replace(day=1), meter)
    used_wh = month_wh
    if prices.steps is not None:
        begin = counter_start(pack, prices, moment.date())
        if prices.steps.household:
            begin_ms = midnight_ms(begin, zone)
            used_wh = desk.records.energy_since(begin_ms, account=meter.account)
        else:
            used_wh = _bought(desk, zone, begin, meter)
    return Usage(
        at=wall_clock(moment), used_wh=used_wh, month_wh=month_wh,
        customer_class=customer.customer_class, shares=meter.shares,
        charged=desk.records.charged(meter.number, meter.account),
    )  # fmt: skip


def depends_on_usage(pack: TariffPack, meter: Meter, customer: Customer) -> bool:
    """Whether what was bought before changes the price: steps, dated charges, the price sheet."""
    codes = {meter.power_type, *(code for code, _ in meter.shares)}
    for prices in pack.power_types:
        dated = any(charge.per != "purchase" for charge in prices.charges)
        if prices.code in codes and (dated or prices.steps is not None):
            return True
    return any(
        line.customer_class in ("", customer.customer_class)
        and (not line.power_types or codes & set(line.power_types))
        for line in pack.preferences
    )


def _bought(desk: Desk, zone: tzinfo, begin: date, meter: Meter) -> int:
    begin_ms = midnight_ms(begin, zone)
    return desk.records.energy_since(begin_ms, meter=meter.number, account=meter.account)


def zone_of(pack: TariffPack, timezone: str) -> tzinfo:
    """The utility's clock: that of the pack, or the hall's own."""
    return _zone(pack.zone or timezone)


@cache
def _zone(name: str) -> tzinfo:
    return time_zone(name)


def local(time_ms: int, zone: tzinfo) -> datetime:
    """A time on the wall clock of `zone`."""
    return (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone)


def wall_clock(moment: datetime) -> str:
    """A wall clock as a usage has it: to the minute, "2026-11-20T14:05"."""
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")


def midnight_ms(day: date, zone: tzinfo) -> int:
    """When `day` begins in `zone`; where the clock jumps over midnight, when it jumps."""
    begins = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (begins - _EPOCH) // timedelta(milliseconds=1)
