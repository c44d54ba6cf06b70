"""What stood open in an old journal, as the journal that goes on under a new number carries it."""

from __future__ import annotations

from kiosk.domain import card_facts, facts, store_facts
from kiosk.domain.books import Books
from kiosk.ledger.connection import Connection


class OpenWorks:
    """Works on cards that have not ended, followed fact by fact; the books do not keep them."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[card_facts.CardWorkCommitted, str]] = {}

    def apply(self, fact: facts.Fact) -> None:
        """Go on to the next fact of the journal."""
        if isinstance(fact, card_facts.CardWorkCommitted):
            self._open[fact.work_id] = fact, "committed"
        elif isinstance(fact, card_facts.CardWorkInDoubt):
            self._open[fact.work_id] = self._open[fact.work_id][0], "in_doubt"
        elif isinstance(fact, card_facts.CardWorkDone | card_facts.CardWorkUndone):
            del self._open[fact.work_id]
        elif isinstance(fact, store_facts.OriginRejoined):
            for work, state in facts.carried_works(fact):
                self._open[work.work_id] = work, state

    def open(self) -> list[card_facts.CardWorkCommitted]:
        """The works that have not ended."""
        return [work for work, _ in self._open.values()]

    def carried(self) -> list[store_facts.CarriedDeed]:
        """What is open now."""
        return [
            store_facts.CarriedDeed(work.VERSION, facts.encode(work), state)
            for work, state in self._open.values()
        ]


def open_moves(books: Books) -> list[store_facts.CarriedDeed]:
    """Movements on cards that have not ended, and spends whose sale has not."""
    return [
        store_facts.CarriedDeed(
            move.committed.VERSION, facts.encode(move.committed), move.state
        )
        for move in books.moves.values()
    ]  # fmt: skip


def open_at(
    books: Books, reader: Connection
) -> tuple[
    list[store_facts.CarriedSale], list[store_facts.CarriedNote], list[store_facts.CarriedPayment]
]:
    """Sales, notes and held payments."""
    stations = dict(reader.execute("SELECT payment, station FROM notes").fetchall())
    sales = [
        store_facts.CarriedSale(sale.committed.VERSION, facts.encode(sale.committed), sale.state)  # type: ignore[arg-type]
        for sale in books.sales.values()
    ]
    notes = [
        store_facts.CarriedNote(note.VERSION, facts.encode(note), lost)
        for lost, kept in ((False, books.notes), (True, books.lost_notes))
        for note in kept.values()
    ]
    payments = [
        store_facts.CarriedPayment(payment, stations.get(payment, ""), *held)
        for payment, held in books.held.items()
    ]
    return sales, notes, payments
