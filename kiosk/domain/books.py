"""The books: a fold over facts. Which postings a fact makes, and which moves are legal.

The same fold runs at commit in the ledger, in `kiosk verify`, and at every centre above; a balance
or a sale's state that is stored anywhere can be rebuilt from it and compared. Pure: what a fact
refers to must have come before it. Each further subject has its rules in a file of its own
(`token_books` ...): functions of the books and a fact, gathered in `_RULES` here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain import chart, facts, registry_books, token_books
from kiosk.domain.posting import Posting, balanced
from kiosk.domain.sale import may_move
from kiosk.errors import Refusal


class OpenSale(msgspec.Struct):
    """A sale whose money is pending, and where it stands."""

    committed: facts.SaleCommitted
    state: str


class Books:
    """Open sales, open notes and held payments: everything that a further fact may refer to.

    `apply` checks that a fact is legal here and now, changes the state and gives the postings. A
    refusal changes nothing.
    """

    def __init__(self) -> None:
        self.sales: dict[str, OpenSale] = {}
        self.notes: dict[tuple[str, int], facts.NoteOffered] = {}
        #: Notes in doubt stay here until staff have counted the box.
        self.lost_notes: dict[tuple[str, int], facts.NoteOffered] = {}
        #: payment -> (meter, currency, money stacked and not yet used)
        self.held: dict[str, tuple[str, str, int]] = {}

    def copy(self) -> Books:
        """A twin that can be thrown away: what a commit tries before it is sure."""
        twin = Books()
        twin.sales = {key: OpenSale(sale.committed, sale.state) for key, sale in self.sales.items()}
        twin.notes, twin.lost_notes = dict(self.notes), dict(self.lost_notes)
        twin.held = dict(self.held)
        return twin

    def reopen_sale(self, committed: facts.SaleCommitted, state: str) -> None:
        """Put back a sale that was open when the books were closed."""
        self.sales[committed.sale_id] = OpenSale(committed, state)

    def reopen_note(self, offered: facts.NoteOffered, *, lost: bool) -> None:
        """Put back a note that was open, or lost, when the books were closed."""
        notes = self.lost_notes if lost else self.notes
        notes[offered.payment, offered.note] = offered

    def apply(self, fact: facts.Fact) -> list[Posting] | Refusal:
        """The postings of `fact`, or why it cannot stand here."""
        rule = _RULES.get(type(fact))
        outcome: list[Posting] | Refusal = rule(self, fact) if rule else []
        if not isinstance(outcome, Refusal):
            assert balanced(outcome), (fact, outcome)
        return outcome

    # --- sales --------------------------------------------------------------------------------

    def _committed(self, fact: facts.SaleCommitted) -> list[Posting] | Refusal:
        if fact.sale_id in self.sales:
            return Refusal("exists", {"sale": fact.sale_id})
        paid = sum(tender.amount_minor for tender in fact.tenders)
        priced = sum(line.amount_minor for line in fact.lines)
        if not (0 < fact.amount_minor == paid == priced) or fact.energy_wh <= 0:
            return Refusal("sale_does_not_add_up", {"sale": fact.sale_id})
        if sum(line.energy_wh for line in fact.lines) != fact.energy_wh:
            return Refusal("sale_does_not_add_up", {"sale": fact.sale_id})
        if not all(_is_sound(tender, fact.meter) for tender in fact.tenders):
            return Refusal("sale_does_not_add_up", {"sale": fact.sale_id})
        if (fact.token is None) == (fact.card is None):
            return Refusal("sale_does_not_add_up", {"sale": fact.sale_id})
        refused = self._use_held(fact)
        if refused is not None:
            return refused
        self.sales[fact.sale_id] = OpenSale(fact, "paid")
        taken = [
            Posting(tender.account, fact.currency, tender.amount_minor, "posted")
            for tender in fact.tenders
        ]
        return [*taken, Posting(chart.SALES_PENDING, fact.currency, -fact.amount_minor, "pending")]

    def _use_held(self, fact: facts.SaleCommitted) -> Refusal | None:
        """Notes held for this payment become part of the sale, exactly once and all of them."""
        used = sum(t.amount_minor for t in fact.tenders if t.kind == "notes")
        if not used:
            return None
        held = self.held.get(fact.sale_id)
        if held is None or held[1] != fact.currency or held[2] != used:
            return Refusal("payment_not_held", {"sale": fact.sale_id})
        del self.held[fact.sale_id]
        return None

    def _move(self, sale_id: str, to: str) -> OpenSale | Refusal:
        sale = self.sales.get(sale_id)
        if sale is None or not may_move(sale.state, to):
            return Refusal("sale_not_open", {"sale": sale_id})
        sale.state = to
        return sale

    def _delivered(self, fact: facts.SaleDelivered) -> list[Posting] | Refusal:
        sale = self._move(fact.sale_id, "delivered")
        if isinstance(sale, Refusal):
            return sale
        del self.sales[fact.sale_id]
        committed = sale.committed
        money = committed.currency
        income = [
            Posting(line.account, money, -line.amount_minor, "posted")
            for line in committed.lines
            if line.amount_minor
        ]
        meter = chart.meter_energy(committed.meter)
        return [
            Posting(chart.SALES_PENDING, money, committed.amount_minor, "posted"),
            *income,
            Posting(meter, chart.ENERGY_CURRENCY, committed.energy_wh, "posted"),
            Posting(chart.ENERGY_ISSUED, chart.ENERGY_CURRENCY, -committed.energy_wh, "posted"),
        ]

    def _voided(self, fact: facts.SaleVoided) -> list[Posting] | Refusal:
        sale = self._move(fact.sale_id, "voided")
        if isinstance(sale, Refusal):
            return sale
        del self.sales[fact.sale_id]
        amount, money = sale.committed.amount_minor, sale.committed.currency
        return [
            Posting(chart.SALES_PENDING, money, amount, "voided"),
            Posting(fact.returned_to, money, -amount, "posted"),
        ]

    def _in_doubt(self, fact: facts.SaleInDoubt) -> list[Posting] | Refusal:
        sale = self._move(fact.sale_id, "in_doubt")
        return sale if isinstance(sale, Refusal) else []

    # --- notes --------------------------------------------------------------------------------

    def _offered(self, fact: facts.NoteOffered) -> list[Posting] | Refusal:
        key = (fact.payment, fact.note)
        if key in self.notes or key in self.lost_notes or fact.amount_minor <= 0:
            return Refusal("note_not_open", {"payment": fact.payment})
        if not self._same_payment(fact):
            return Refusal("payment_not_held", {"sale": fact.payment})
        self.notes[key] = fact
        return []

    def _same_payment(self, fact: facts.NoteOffered) -> bool:
        """All notes of a payment are for one meter and in one currency: their sum is one amount."""
        open_notes = [*self.notes.values(), *self.lost_notes.values()]
        known = [(n.meter, n.currency) for n in open_notes if n.payment == fact.payment]
        held = self.held.get(fact.payment)
        if held is not None:
            known.append(held[:2])
        return all(pair == (fact.meter, fact.currency) for pair in known)

    def _stacked(self, fact: facts.NoteStacked) -> list[Posting] | Refusal:
        key = (fact.payment, fact.note)
        offered = self.notes.pop(key, None) or self.lost_notes.pop(key, None)
        if offered is None:
            return Refusal("note_not_open", {"payment": fact.payment})
        _, _, before = self.held.get(fact.payment, ("", "", 0))
        self.held[fact.payment] = (offered.meter, offered.currency, before + offered.amount_minor)
        return [
            Posting(chart.cash(offered.device), offered.currency, offered.amount_minor, "posted"),
            Posting(chart.HELD_NOTES, offered.currency, -offered.amount_minor, "posted"),
        ]

    def _returned(self, fact: facts.NoteReturned) -> list[Posting] | Refusal:
        key = (fact.payment, fact.note)
        if self.notes.pop(key, None) is None and self.lost_notes.pop(key, None) is None:
            return Refusal("note_not_open", {"payment": fact.payment})
        return []

    def _note_lost(self, fact: facts.NoteInDoubt) -> list[Posting] | Refusal:
        key = (fact.payment, fact.note)
        offered = self.notes.pop(key, None)
        if offered is None:
            return Refusal("note_not_open", {"payment": fact.payment})
        self.lost_notes[key] = offered
        return []

    def _kept(self, fact: facts.PaymentKept) -> list[Posting] | Refusal:
        held = self.held.get(fact.payment)
        if held != (fact.meter, fact.currency, fact.amount_minor):
            return Refusal("payment_not_held", {"sale": fact.payment})
        del self.held[fact.payment]
        account = chart.meter_account(fact.meter)
        return [
            Posting(chart.HELD_NOTES, fact.currency, fact.amount_minor, "posted"),
            Posting(account, fact.currency, -fact.amount_minor, "posted"),
        ]

    # --- the registry -------------------------------------------------------------------------

    def _catalogue(self, fact: facts.CatalogueReceived) -> list[Posting]:
        owed = [
            Posting(chart.receivable(account), fact.currency, debt, "posted")
            for account, debt in fact.opening_debts.items()
            if debt
        ]
        total = sum(posting.amount for posting in owed)
        if not total:
            return owed
        return [*owed, Posting(chart.OPENING_DEBTS, fact.currency, -total, "posted")]


def _is_sound(tender: facts.Tender, meter: str) -> bool:
    """Whether the money comes from where a tender of its kind comes from."""
    if tender.kind == "cash":
        known = tender.account.startswith(chart.cash(""))
    elif tender.kind == "notes":
        known = tender.account == chart.HELD_NOTES
    else:
        known = tender.kind == "meter_account" and tender.account == chart.meter_account(meter)
    return known and tender.amount_minor > 0


_RULES: dict[type[facts.Fact], Any] = {
    facts.SaleCommitted: Books._committed,
    facts.SaleDelivered: Books._delivered,
    facts.SaleVoided: Books._voided,
    facts.SaleInDoubt: Books._in_doubt,
    facts.NoteOffered: Books._offered,
    facts.NoteStacked: Books._stacked,
    facts.NoteReturned: Books._returned,
    facts.NoteInDoubt: Books._note_lost,
    facts.PaymentKept: Books._kept,
    facts.CatalogueReceived: Books._catalogue,
    **token_books.RULES,
    **registry_books.RULES,
}
