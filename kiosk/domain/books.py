"""The books: a fold over facts. Which postings a fact makes, and which moves are legal.

The same fold runs at commit in the ledger, in `kiosk verify`, and at every centre above; a balance
or a sale's state that is stored anywhere can be rebuilt from it and compared. Pure: what a fact
refers to must have come before it. Each further subject has its rules in a file of its own
(`token_books` ...): functions of the books and a fact, gathered in `_RULES` here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kiosk.domain import (
    account_books,
    bill_books,
    card_account_books,
    card_account_facts,
    card_books,
    chart,
    correction_books,
    debt_books,
    facts,
    free_units,
    registry_books,
    store_facts,
    tariff_books,
    token_books,
)
from kiosk.domain.posting import Posting, balanced
from kiosk.domain.sale import may_move
from kiosk.errors import Refusal

_CASH = chart.cash("")


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
        self.moves: dict[str, card_account_books.OpenMove] = {}

    def copy(self) -> Books:
        """A twin that can be thrown away: what a commit tries before it is sure."""
        twin = Books()
        twin.sales = {key: OpenSale(sale.committed, sale.state) for key, sale in self.sales.items()}
        twin.notes, twin.lost_notes = dict(self.notes), dict(self.lost_notes)
        twin.held = dict(self.held)
        twin.moves = {
            key: card_account_books.OpenMove(move.committed, move.state)
            for key, move in self.moves.items()
        }
        return twin

    def reopen_sale(self, committed: facts.SaleCommitted, state: str) -> None:
        """Put back a sale that was open when the books were closed."""
        self.sales[committed.sale_id] = OpenSale(committed, state)

    def reopen_note(self, offered: facts.NoteOffered, *, lost: bool) -> None:
        """Put back a note that was open, or lost, when the books were closed."""
        notes = self.lost_notes if lost else self.notes
        notes[offered.payment, offered.note] = offered

    def reopen_move(self, committed: card_account_facts.AccountMoveCommitted, state: str) -> None:
        """Put back a movement on a card that was open when the books were closed."""
        self.moves[committed.move_id] = card_account_books.OpenMove(committed, state)

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
        if not _adds_up(fact) or not all(_is_sound(tender, fact) for tender in fact.tenders):
            return Refusal("sale_does_not_add_up", {"sale": fact.sale_id})
        if not self._spend_is_intended(fact):
            return Refusal("sale_does_not_add_up", {"sale": fact.sale_id})
        if (fact.token is None) == (fact.card is None):
            return Refusal("sale_does_not_add_up", {"sale": fact.sale_id})
        if fact.VERSION > 1 and not free_units.add_up(fact.sale_id, fact.token, fact.free_tokens()):
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

    def _spend_is_intended(self, fact: facts.SaleCommitted) -> bool:
        """A sale from the card is paid by the card alone, and its spend stands before it."""
        if not any(tender.kind == "card_account" for tender in fact.tenders):
            return fact.sale_id not in self.moves
        return len(fact.tenders) == 1 and card_account_books.is_intended(
            self, fact.sale_id, fact.account, fact.currency, fact.amount_minor
        )

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

    def _move(self, sale_id: str, to: str, returned_to: str | None = None) -> OpenSale | Refusal:
        sale = self.sales.get(sale_id)
        if sale is None or not may_move(sale.state, to):
            return Refusal("sale_not_open", {"sale": sale_id})
        ends = to in ("delivered", "voided")
        if ends and not card_account_books.sale_ends(self, sale_id, returned_to):
            return Refusal("sale_does_not_add_up", {"sale": sale_id})
        sale.state = to
        return sale

    def _delivered(self, fact: facts.SaleDelivered) -> list[Posting] | Refusal:
        known = self.sales.get(fact.sale_id)
        if known is not None and not _is_the_set(known.committed, fact):
            return Refusal("sale_does_not_add_up", {"sale": fact.sale_id})
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
            *free_units.given(committed.meter, committed.free_tokens()),
        ]

    def _voided(self, fact: facts.SaleVoided) -> list[Posting] | Refusal:
        sale = self._move(fact.sale_id, "voided", fact.returned_to)
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

    # --- an old journal carried on --------------------------------------------------------------

    def _rejoined(self, fact: store_facts.OriginRejoined) -> list[Posting] | Refusal:
        """What stood open and what stood on the accounts, brought forward once, at the start."""
        if self.sales or self.notes or self.lost_notes or self.held or self.moves:
            return Refusal("not_at_the_start", {"origin": fact.old_origin})
        try:
            sales = [(facts.carried_sale(sale), sale.state) for sale in fact.sales]
            notes = [(facts.carried_note(note), note.lost) for note in fact.notes]
            moves = facts.carried_moves(fact)
            facts.carried_works(fact)  # no rule needs them here, and they must be readable
        except (KeyError, msgspec.MsgspecError, AssertionError):
            return Refusal("unreadable_body", {"reason": fact.old_origin})
        for committed, state in sales:
            self.reopen_sale(committed, state)
        for offered, lost in notes:
            self.reopen_note(offered, lost=lost)
        for move, moved in moves:
            self.reopen_move(move, moved)
        for held in fact.payments:
            self.held[held.payment] = (held.meter, held.currency, held.amount_minor)
        brought: dict[str, int] = {}
        for total in fact.totals:
            brought[total.currency] = brought.get(total.currency, 0) + total.amount
        against = chart.carried_from(fact.old_origin)
        return [
            *[Posting(t.account, t.currency, t.amount, "posted") for t in fact.totals if t.amount],
            *[Posting(against, name, -sum_, "posted") for name, sum_ in brought.items() if sum_],
        ]


def _adds_up(fact: facts.SaleCommitted) -> bool:
    """Whether what was paid is what the lines come to, in money and in energy."""
    paid = priced = energy_wh = 0
    for tender in fact.tenders:
        paid += tender.amount_minor
    for line in fact.lines:
        priced += line.amount_minor
        energy_wh += line.energy_wh
    return 0 < fact.amount_minor == paid == priced and 0 < fact.energy_wh == energy_wh


def _is_the_set(committed: facts.SaleCommitted, fact: facts.SaleDelivered) -> bool:
    """Whether every free token of a sale was delivered with the paid one, and no other."""
    free = committed.free_tokens()
    wanted = 1 + len(free) if free else len(fact.digits())
    return bool(free) == (fact.VERSION > 1) and len(fact.digits()) == wanted


def _is_sound(tender: facts.Tender, sale: facts.SaleCommitted) -> bool:
    """Whether the money comes from where a tender of its kind comes from."""
    if tender.kind == "cash":
        known = tender.account.startswith(_CASH)
    elif tender.kind == "notes":
        known = tender.account == chart.HELD_NOTES
    else:
        known = tender.account == _own_account(tender.kind, sale)
    return known and tender.amount_minor > 0


def _own_account(kind: str, sale: facts.SaleCommitted) -> str | None:
    """The buyer's account that a tender of this kind is taken from."""
    return {
        "meter_account": chart.meter_account(sale.meter),
        "card_account": chart.card_account(sale.account),
        "capital_account": chart.capital_account(sale.account),
    }.get(kind)


_RULES: dict[type[facts.Fact], Any] = {
    facts.SaleCommitted: Books._committed,
    facts.SaleDelivered: Books._delivered,
    facts.SaleWithFreeCommitted: Books._committed,
    facts.SaleWithFreeDelivered: Books._delivered,
    facts.SaleVoided: Books._voided,
    facts.SaleInDoubt: Books._in_doubt,
    facts.NoteOffered: Books._offered,
    facts.NoteStacked: Books._stacked,
    facts.NoteReturned: Books._returned,
    facts.NoteInDoubt: Books._note_lost,
    facts.PaymentKept: Books._kept,
    facts.CatalogueReceived: Books._catalogue,
    **token_books.RULES,
    **card_account_books.RULES,
    facts.TariffPublished: tariff_books.published,
    **account_books.RULES,
    **debt_books.RULES,
    **bill_books.RULES,
    **correction_books.RULES,
    **card_books.RULES,
    store_facts.OriginRejoined: Books._rejoined,
    store_facts.OriginRejoinedWithCards: Books._rejoined,
    **registry_books.RULES,
}
