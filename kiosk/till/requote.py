"""A quote that may have ended while the customer was paying: nothing is sold at a price that was
not shown (E12)."""

from __future__ import annotations

import msgspec

from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.quote import Offer, quote
from kiosk.till.sell import stale


class Requoted(msgspec.Struct, frozen=True):
    """The same money buys something else `now` than was shown `before`: the customer decides."""

    before: Offer
    now: Offer


def renewed(desk: Desk, shown: Offer, amount_minor: int) -> Offer | Requoted | Refusal:
    """What may be sold for `amount_minor`: the offer that was shown while it holds, or a new one
    that gives as much for as much; otherwise both, for a second consent."""
    same_amount = shown.quote.amount_minor == amount_minor
    if same_amount and stale(desk, shown) is None:
        return shown
    now = quote(desk, shown.buyer, amount_minor, shown.sale_id)
    if isinstance(now, Refusal):
        return now
    if same_amount and now.quote.energy_wh == shown.quote.energy_wh:
        return now
    return Requoted(shown, now)
