"""New prices as tests need them: dearer ones, and those that come down in time or late."""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain import catalogue as catalogues
from kiosk.domain.tariff_pack import TariffPack
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from tests.till.hall import CATALOGUE

#: Prices that began so long before a sale were those of its quote too.
LONG_MS = 3_600_000


def prices(number: int = 2, **fields: Any) -> TariffPack:
    """The rehearsal's prices under a new number; `fields` change the pack."""
    return msgspec.structs.replace(CATALOGUE.tariff, number=number, **fields)


def come_down(desk: Desk, pack: TariffPack, number: int = 2) -> None:
    """The next catalogue brings a pack and nothing else."""
    newer = catalogues.Catalogue(number, "rehearsal", pack, [], [], [])
    outcome = desk.journal.append(catalogues.received(newer), content=catalogues.encode(newer))
    assert not isinstance(outcome, Refusal), outcome


def doubled(number: int = 2, **fields: Any) -> TariffPack:
    """Homes pay twice as much."""
    home, *others = CATALOGUE.tariff.power_types
    items = [
        msgspec.structs.replace(item, price_minor_per_mwh=2 * item.price_minor_per_mwh)
        for item in home.sub_items
    ]
    dearer = msgspec.structs.replace(home, sub_items=items)
    return prices(number, power_types=[dearer, *others], **fields)


def publish(desk: Desk, per_cent: int, valid_from_ms: int, number: int = 2) -> None:
    """All prices become `per_cent` of those that the hall was opened with."""
    priced = [
        msgspec.structs.replace(
            power_type,
            sub_items=[
                msgspec.structs.replace(
                    item, price_minor_per_mwh=item.price_minor_per_mwh * per_cent // 100
                )
                for item in power_type.sub_items
            ],
        )
        for power_type in CATALOGUE.tariff.power_types
    ]
    pack = prices(number, power_types=priced, valid_from_ms=valid_from_ms)
    come_down(desk, pack, number)
