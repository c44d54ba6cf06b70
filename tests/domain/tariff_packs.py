"""Packs that tests of tariffs build with, and any pack at all for hypothesis."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from kiosk.domain.tariff_check import unsellable
from kiosk.domain.tariff_pack import (
    PPM,
    Charge,
    Period,
    PowerType,
    Preference,
    Rate,
    Season,
    Steps,
    SubItem,
    TariffPack,
    Tax,
    TimeOfUse,
    Usage,
)

SEASONS = [Season("wet", "Wet season", 1101, 331), Season("dry", "Dry season", 601, 831)]
PERIODS = [
    Period("peak", "Peak", [(360, 540), (1020, 1200)], [0, 1, 2, 3, 4]),
    Period("night", "Night", [(1320, 1440), (0, 360)]),
    Period("day", "Day"),
]
CLASSES = ["", "pensioner", "indigent"]
#: Minor units a MWh; below this the smallest payment, at the greatest discount, would be more
#: energy than one token carries, and such a pack is rightly refused.
CHEAPEST = 100


def power_type(code: str = "any", *items: SubItem, **fields: Any) -> PowerType:
    """2.00 for a kWh, from 0.01 to 5,000.00, and whatever else `fields` say."""
    prices = PowerType(
        code, code.title(), list(items) or [SubItem("energy", "Energy", "energy", 200_000)],
        "", 0, "", 0, 1, 500_000, 0,
    )  # fmt: skip
    return msgspec.structs.replace(prices, **fields)


def pack(*types: PowerType, **fields: Any) -> TariffPack:
    """A pack in rand with the seasons and periods above."""
    made = TariffPack(
        1, "Tests", "ZAR", 0, list(types), seasons=SEASONS, periods=PERIODS, zone="UTC"
    )
    return msgspec.structs.replace(made, **fields)


# --- any pack at all ------------------------------------------------------------------------------


@st.composite
def _items(draw: st.DrawFn, place: int, steps: int, *, mixed: bool) -> SubItem:
    rates = draw(
        st.lists(
            st.builds(
                Rate,
                st.integers(CHEAPEST, 2_000_000),
                st.sampled_from(["", "wet", "dry"]),
                st.sampled_from(["", "peak", "night"] if mixed else [""]),
                st.integers(0, steps),
            ),
            max_size=3,
        )
    )
    kind = "levy" if place and draw(st.booleans()) else "energy"
    price = draw(st.integers(0 if place else CHEAPEST, 2_000_000))
    return SubItem(f"item{place}", f"Item {place}", kind, price, rates=rates)  # type: ignore[arg-type]


@st.composite
def _charges(draw: st.DrawFn, place: int) -> Charge:
    per = draw(st.sampled_from(["purchase", "month", "day"]))
    most = draw(st.integers(1, 3)) if per != "purchase" else 1
    return Charge(f"charge{place}", "Charge", draw(st.integers(0, 500)), per, most)  # type: ignore[arg-type]


@st.composite
def _taxes(draw: st.DrawFn, place: int, codes: list[str]) -> Tax:
    on = draw(st.lists(st.sampled_from(codes), unique=True))
    return Tax(f"tax{place}", f"Tax {place}", draw(st.integers(0, 400_000)), on)


@st.composite
def power_types(draw: st.DrawFn, code: str = "any") -> PowerType:
    """Any prices: steps, seasons, periods, charges and taxes in every mixture."""
    ends = sorted(draw(st.sets(st.integers(1, 400_000), max_size=3)))
    rule = draw(st.sampled_from(["", "shares", "purchase_time"]))
    steps = Steps(ends, "month") if ends else None
    count = draw(st.integers(1, 3))
    numbers = range(count)
    items = [draw(_items(n, len(ends) + 1 if ends else 0, mixed=bool(rule))) for n in numbers]
    charges = [draw(_charges(n)) for n in range(draw(st.integers(0, 2)))]
    codes = [item.code for item in items] + [charge.code for charge in charges]
    taxes = [draw(_taxes(n, codes)) for n in range(draw(st.integers(0, 3)))]
    peak = draw(st.integers(0, PPM))
    night = draw(st.integers(0, PPM - peak))
    shares = {"peak": peak, "night": night, "day": PPM - peak - night}
    minimum, multiple = draw(st.integers(1, 5_000)), draw(st.sampled_from([1, 1, 5, 100]))
    return power_type(
        code, *items, steps=steps, charges=charges, taxes=taxes, multiple_minor=multiple,
        minimum_minor=minimum, maximum_minor=minimum + 200_000 + draw(st.integers(0, 10**6)),
        debt_share_ppm=draw(st.integers(0, 800_000)),
        time_of_use=None if not rule else TimeOfUse(rule, shares if rule == "shares" else {}),  # type: ignore[arg-type]
    )  # fmt: skip


@st.composite
def preferences(draw: st.DrawFn, place: int) -> Preference:
    """Free or cheaper energy for some or all, in some months or all."""
    free = draw(st.booleans())
    return Preference(
        f"line{place}", f"Line {place}", draw(st.sampled_from(CLASSES)),
        months=draw(st.lists(st.integers(1, 12), unique=True, max_size=6)),
        first_wh=draw(st.integers(1 if free else 0, 100_000)),
        discount_ppm=PPM if free else draw(st.integers(1, 900_000)),
        items=[] if free else draw(st.sampled_from([[], ["item0"]])),
    )  # fmt: skip


@st.composite
def packs(draw: st.DrawFn) -> TariffPack:
    """Any sound pack with two power types."""
    sheet = [draw(preferences(n)) for n in range(draw(st.integers(0, 2)))]
    made = pack(draw(power_types("one")), draw(power_types("two")), preferences=sheet)
    assert unsellable(made) is None, made
    return made


@st.composite
def usages(draw: st.DrawFn, prices: PowerType) -> Usage:
    """Any moment of two years and any history."""
    at = draw(st.datetimes(min_value=_naive("2026-01-01"), max_value=_naive("2027-12-31")))
    charged = {
        charge.code: draw(st.sampled_from(_PAID_TO[charge.per]))
        for charge in prices.charges
        if charge.per != "purchase" and draw(st.booleans())
    }
    shared = draw(st.integers(0, 3)) == 0
    part = draw(st.integers(1, PPM - 1))
    return Usage(
        at.isoformat(timespec="minutes"), draw(st.integers(0, 500_000)),
        draw(st.integers(0, 150_000)), draw(st.sampled_from(CLASSES)), charged,
        [("one", part), ("two", PPM - part)] if shared else [],
    )  # fmt: skip


_PAID_TO = {
    "month": ["2025-12", "2026-05", "2027-11"], "day": ["2025-12-31", "2026-06-30", "2027-12-31"],
}  # fmt: skip


def _naive(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)
