"""The fold of published prices: they move no money, but they must be what they say they are."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from kiosk.domain import facts
from kiosk.domain.tariff_check import unsellable
from kiosk.domain.tariff_pack import decode_pack
from kiosk.errors import Refusal


def published(_books: Any, fact: facts.TariffPublished) -> list[Any] | Refusal:
    """No postings; refuses bytes that are another pack than the fact names, or no sound one."""
    try:
        pack = decode_pack(fact.content)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Refusal("tariff_unreadable", {"reason": str(error)})
    same = (
        hashlib.sha256(fact.content).hexdigest() == fact.digest
        and (pack.number, pack.currency) == (fact.number, fact.currency)
        and (pack.valid_from_ms, pack.use_by_ms) == (fact.valid_from_ms, fact.use_by_ms)
    )
    if not same:
        return Refusal("tariff_unreadable", {"reason": "the fact names another pack"})
    record = unsellable(pack)
    return [] if record is None else Refusal("tariff_unsound", {"record": record})
