"""The lease of a terminal: how long it may sell without hearing from its centre (E29).

Given at enrolment as a fact, so that no line of kiosk.toml makes it longer. It runs from the newest
answer of the centre that is kept; answers are kept when they bring something new, and else once an
hour.
"""

from __future__ import annotations

import contextlib
import functools

from kiosk.domain.store_facts import LeaseGiven
from kiosk.ledger.journal import Journal
from sync import wire

_RENEWED_EVERY_MS = 3_600_000


def contact_ms(journal: Journal) -> int:
    """The signed time of the newest answer of the centre; 0 before the first, and where the row
    that keeps it was not signed by the centre that gave the lease."""
    kept = journal.records.newest_anchor()
    if not kept:
        return 0
    given = journal.records.last_of(LeaseGiven.KIND)
    return signed_ms(kept, given.public_key if isinstance(given, LeaseGiven) else b"")


@functools.lru_cache(maxsize=4)
def signed_ms(kept: bytes, public_key: bytes) -> int:
    """The time of an answer that was kept, 0 when `public_key` did not sign it. Asked before each
    sale, and a signature costs as much as the sale's own."""
    with contextlib.suppress(wire.WireFault):
        answer = wire.decode_answer(kept)
        if isinstance(answer, wire.Acknowledgement) and (
            not public_key or wire.acknowledgement_is_genuine(public_key, answer)
        ):
            return answer.time_ms
    return 0


def renew(journal: Journal, answer: wire.Acknowledgement, received: bytes) -> None:
    """Keep an answer that says nothing new but the time; older ones change nothing."""
    if journal.records.last_of(LeaseGiven.KIND) is None:
        return
    if answer.time_ms >= contact_ms(journal) + _RENEWED_EVERY_MS:
        journal.keep_anchor(answer.upto, answer.digest, answer.centre, received)
