"""Cards as they are looked at: their standing, works on them, cases for staff, stock, readings."""

from __future__ import annotations

from typing import Literal

import msgspec

from kiosk.domain.card_facts import CardState, CardWorkCommitted
from kiosk.domain.registry import Card

WorkState = Literal["committed", "done", "undone", "in_doubt"]


class CardStanding(msgspec.Struct, frozen=True):
    """A card of the registry and how it stands here; `reason` says why it was stopped."""

    card: Card
    state: CardState
    reason: str = ""


class CardWorkRecord(msgspec.Struct, frozen=True):
    """A work on a card and how it stands. Times are UTC milliseconds; `head` as in SaleRecord."""

    committed: CardWorkCommitted
    sequence: int
    head: str
    time_ms: int
    quality: str
    state: WorkState
    reason: str = ""
    returned_to: str = ""
    copies: int = 0


class CardCase(msgspec.Struct, frozen=True):
    """A card for staff to look after: `kind` is found, or why it was inspected. `outcome` is empty
    while the case is open."""

    case_id: str
    kind: str
    serial: str
    meter: str
    station: str
    opened_ms: int
    outcome: str


class CardStock(msgspec.Struct, frozen=True):
    """Blank cards of a family: in stock = received - issued - damaged + corrected by counts."""

    family: str
    received: int
    issued: int
    damaged: int
    corrected: int
    in_stock: int


class ReadByCard(msgspec.Struct, frozen=True):
    """A meter reading that came by card."""

    meter: str
    serial: str
    purchase_number: int
    credited_wh: int
    left_wh: int
    left_minor: int
    overdraft_minor: int
    result: int
    read_ms: int
