"""Prices that come down with the next catalogue, in time or late."""

from __future__ import annotations

import msgspec

from kiosk.domain import catalogue as catalogues
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from tests.till.hall import CATALOGUE

#: Prices that began so long before a sale were those of its quote too.
LONG_MS = 3_600_000


def publish(desk: Desk, per_cent: int, valid_from_ms: int, number: int = 2) -> None:
    """All prices become `per_cent` of those that the hall was opened with."""
    tariff = CATALOGUE.tariff
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
        for power_type in tariff.power_types
    ]
    pack = msgspec.structs.replace(
        tariff, number=number, power_types=priced, valid_from_ms=valid_from_ms
    )
    newer = catalogues.Catalogue(number, "rehearsal", pack, [], [], [])
    outcome = desk.journal.append(catalogues.received(newer), content=catalogues.encode(newer))
    assert not isinstance(outcome, Refusal), outcome
