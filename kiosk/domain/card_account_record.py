"""Movements of money on cards, and cards under suspicion, as the journal tells them."""

from __future__ import annotations

import msgspec

from kiosk.domain.card_account_facts import AccountMoveCommitted, CardSuspected, SuspicionClosed


class MoveRecord(msgspec.Struct, frozen=True):
    """A movement on a card's account and how it stands: committed, moved or undone.

    `head` are the first characters of the digest of its entry, `quality` that of the clock then.
    `reason` and `returned_to` (a ledger account) are those of one that was undone; `copies` of its
    slip were printed.
    """

    committed: AccountMoveCommitted
    sequence: int
    state: str
    time_ms: int
    head: str
    quality: str
    reason: str = ""
    returned_to: str = ""
    copies: int = 0


class CaseRecord(msgspec.Struct, frozen=True):
    """A card under suspicion; `closed` is the entry in which staff said what they found, `end` what
    it says."""

    suspected: CardSuspected
    sequence: int
    time_ms: int
    closed: int | None
    end: SuspicionClosed | None = None
