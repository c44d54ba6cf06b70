"""Whether a card can be the one that the ledger knows: what a replayed or cloned card gets wrong.

Pure: compares an image with what was delivered to this chip last (E16). A card that is merely ahead
of the ledger is no reason for suspicion, because other terminals may have sold to it meanwhile.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from kiosk.domain.cards import account_area
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage

Reason = Literal[
    "forged",  # a MAC or the card's own proof is wrong
    "other_chip",  # the printed number belongs to another chip
    "number_fell",  # the purchase number is below one that was delivered
    "number_twice",  # a delivered number stands there under another seller's mark
    "write_back_fell",  # the meter's totals are below those of an earlier visit
    "account_set_back",  # the account is below, or beside, a state that the card has shown
]


class Known(msgspec.Struct, frozen=True):
    """What the ledger holds of one chip: its newest delivery, and the newest account state.

    `before` is the state of the card as it was read before that delivery.
    """

    sale_id: str = ""
    purchase_number: int = 0
    before: layout.OpenCard | None = None
    account_number: int = 0
    account_mark: bytes = b""


def suspicion(image: CardImage, card: object, known: Known) -> Reason | None:
    """Why the card cannot be the one that the ledger knows, or None.

    `card` is the family's state of `image`; families that carry no totals are judged by their
    purchase number alone. An unfinished purchase says nothing: it may be a mixture of two.
    """
    number = int(getattr(card, "purchase_number", 0))
    finished = bool(getattr(card, "purchase_valid", False))
    if finished and number < known.purchase_number:
        return "number_fell"
    if not isinstance(card, layout.OpenCard):
        return None
    ours = finished and bool(known.sale_id) and number == known.purchase_number
    if ours and layout.marked_otherwise(image, known.sale_id):
        return "number_twice"
    if known.before is not None and _fell(known.before, card):
        return "write_back_fell"
    return _account(image, known)


def _fell(before: layout.OpenCard, now: layout.OpenCard) -> bool:
    """A meter that was interrupted while it wrote has said nothing, which is no fall."""
    if not (before.write_back_valid and now.write_back_valid):
        return False
    return (
        now.written_back_number < before.written_back_number
        or now.credited_total_wh < before.credited_total_wh
    )


def _account(image: CardImage, known: Known) -> Reason | None:
    if not known.account_number:
        return None
    stands = account_area.account_state(image)
    if not isinstance(stands, account_area.AccountState):
        return None
    same = stands.sequence == known.account_number
    if stands.sequence < known.account_number or (same and stands.mark != known.account_mark):
        return "account_set_back"
    return None
