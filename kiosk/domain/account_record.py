"""An event of a customer's account as it is looked at: one value for screens, paper, commands."""

from __future__ import annotations

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """An amount with its name: `name` is a key of [account_figure] in kiosk/words."""

    name: str
    amount_minor: int


class AccountRecord(msgspec.Struct, frozen=True):
    """One fact about a customer's money. `kind` is that of the fact, `texts` are named by keys of
    [account_text]; `balances` are those of the customer right after it."""

    kind: str
    event_id: str
    account: str
    currency: str
    figures: list[Figure]
    texts: dict[str, str]
    balances: list[Figure]
    operator: str
    second: str
    reason: str
    sequence: int
    head: str
    time_ms: int
    quality: str


class BookLine(msgspec.Struct, frozen=True):
    """One posting on an account of the chart, and its balance after it: debit above zero."""

    sequence: int
    time_ms: int
    kind: str
    amount: int
    state: str
    balance: int


class PurseLine(msgspec.Struct, frozen=True):
    """One movement of a purse as its customer sees it: what came in, or became owed, above zero;
    and what it stood at after it."""

    sequence: int
    time_ms: int
    kind: str
    amount_minor: int
    balance_minor: int


class Purse(msgspec.Struct, frozen=True):
    """What a statement says of one purse: its key in [account_figure], or the meter that money is
    kept for; what it stood at before the first line, and its newest lines, oldest first."""

    name: str
    meter: str
    brought_forward_minor: int
    lines: list[PurseLine]


class TopUp(msgspec.Struct, frozen=True):
    """Money that came in for a capital account; `state` is received, cleared or bounced."""

    top_up_id: str
    state: str
    account: str
    method: str
    reference: str
    currency: str
    amount_minor: int
    spendable: bool
    received_ms: int


class Standing(msgspec.Struct, frozen=True):
    """How a customer stands: what is kept and what is owed, all in minor units above zero."""

    account: str
    currency: str
    capital_minor: int
    uncleared_minor: int
    deposit_minor: int
    meters_minor: dict[str, int]
    debt_minor: int
    overpaid_minor: int
    bills_minor: int
    is_closed: bool
