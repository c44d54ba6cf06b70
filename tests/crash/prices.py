"""The next tariff pack: every price a fifth higher."""

from __future__ import annotations

import msgspec

from kiosk.domain.tariff_pack import TariffPack


def dearer(pack: TariffPack, valid_from_ms: int) -> TariffPack:
    """The pack after `pack`, with every price a fifth higher, in force from `valid_from_ms`."""
    priced = [
        msgspec.structs.replace(
            power_type,
            sub_items=[
                msgspec.structs.replace(
                    item, price_minor_per_mwh=item.price_minor_per_mwh * 6 // 5
                )
                for item in power_type.sub_items
            ],
        )
        for power_type in pack.power_types
    ]  # fmt: skip
    return msgspec.structs.replace(
        pack, number=pack.number + 1, power_types=priced, valid_from_ms=valid_from_ms
    )
