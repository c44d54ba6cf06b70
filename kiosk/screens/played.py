"""Whom the customer's hands play in a rehearsal; a real face never fills this in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from kiosk.till.quote import Buyer


class Played(msgspec.Struct):
    """The meter that was bought for last, the last token, and the card that lies at hand."""

    meter: str = ""
    token: str = ""
    card_meter: str = ""
    card_name: str = ""

    def begin(self, suggested: Sequence[Buyer]) -> None:
        """Before the first sale the hands hold what the first screen suggests."""
        for buyer in suggested:
            self.play(buyer)

    def play(self, buyer: Buyer) -> None:
        """The hands act for this buyer from now on."""
        self.meter = buyer.meter.number
        if buyer.meter.kind == "card":
            self.card_meter, self.card_name = buyer.meter.number, buyer.customer.name
