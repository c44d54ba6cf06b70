"""What may leave for an archive: the kinds that trade, but for sales that something else leans on.

A sale that paid a debt is why the debt is smaller; one that was taken back, priced again, repeated
on another card, replaced by a token or paid from a card is named by a fact that stands; the newest
sale of a meter says up to which day its charges were taken. Such a sale stays, with its notes and
slips, and so does what another journal has carried in here. All other sales leave whole.
"""

from __future__ import annotations

from kiosk.domain import correction_facts, facts, store_facts
from kiosk.domain.entry import Entry
from kiosk.ledger.connection import Connection

#: The kinds that leave. Every other kind stands: a new kind stays until somebody says otherwise.
TRADING = frozenset({
    facts.SaleCommitted.KIND, facts.SaleDelivered.KIND, facts.SaleVoided.KIND,
    facts.SaleInDoubt.KIND, facts.SlipPrinted.KIND, facts.NoteOffered.KIND, facts.NoteStacked.KIND,
    facts.NoteReturned.KIND, facts.NoteInDoubt.KIND, facts.PaymentKept.KIND,
    facts.OperatorSignedOut.KIND, correction_facts.SaleJudged.KIND,
})  # fmt: skip

#: Sales that stay, each with why.
_TIES = (
    # Debts are drawn from what paid them.
    "SELECT sale_id FROM sales WHERE ended IN (SELECT sequence FROM postings"
    " WHERE account >= 'receivable:' AND account < 'receivable;')",
    # The money came off a card; the movement stands in the card's chain.
    "SELECT move_id FROM account_moves",
    # Corrected, and the correction stands.
    "SELECT sale_id FROM undone_sales",
    "SELECT sale_id FROM rerated_sales",
    # Given again as a token, or carried by a card that was made, repaired or taken back.
    "SELECT first_sale FROM issued_tokens",
    "SELECT sale_id FROM card_works",
    "SELECT content_sale FROM card_works",
    # The next purchase of a meter goes on from its last one.
    "SELECT sale_id FROM sales WHERE sequence IN (SELECT max(sequence) FROM sales"
    " WHERE state = 'delivered' GROUP BY meter)",
)


class Ties:
    """Which entries of a ledger may leave."""

    def __init__(self, connection: Connection) -> None:
        self._tied = {row[0] for sql in _TIES for row in connection.execute(sql)}
        self._tied |= _carried_in(connection)

    def may_leave(self, entry: Entry) -> bool:
        """Whether `entry` trades and nothing that stands leans on it."""
        if entry.kind not in TRADING:
            return False
        fact = facts.decode(entry.kind, entry.version, entry.body)
        subject = getattr(fact, "sale_id", "") or getattr(fact, "payment", "")
        return subject not in self._tied


def _carried_in(connection: Connection) -> set[str]:
    """Sales and payments that were open in an old journal: their beginning stands here for ever."""
    row = connection.execute(
        "SELECT version, body FROM entries WHERE kind = ?", (store_facts.OriginRejoined.KIND,)
    ).fetchone()
    if row is None:
        return set()
    fact = facts.decode(store_facts.OriginRejoined.KIND, *row)
    assert isinstance(fact, store_facts.OriginRejoined)
    return {
        *(facts.carried_sale(sale).sale_id for sale in fact.sales),
        *(facts.carried_note(note).payment for note in fact.notes),
        *(held.payment for held in fact.payments),
    }
