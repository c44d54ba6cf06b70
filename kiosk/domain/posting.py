"""A posting: one amount on one account, made by a fact together with others that sum to zero."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Posting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`amount` on `account` in `currency`; `state` is pending, posted or voided."""

    account: str
    currency: str
    amount: int
    state: str


def balanced(postings: Iterable[Posting]) -> bool:
    """Whether the postings of a fact sum to zero per currency."""
    totals: dict[str, int] = {}
    for posting in postings:
        totals[posting.currency] = totals.get(posting.currency, 0) + posting.amount
    return not any(totals.values())
