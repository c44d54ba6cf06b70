"""What all terminals together say of the customers' cards: clones and replays that none could see.

Reads every entry that is held, in pages; meant for the night. Terminals arrive in any order and
may be days apart, so nothing is concluded from what is missing, only from what contradicts itself.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import card_account_facts, facts
from kiosk.domain.card_account_chain import Chain, Link, fold
from kiosk.domain.entry import Entry
from sync.centre.holdings import Holdings

_PAGE = 1000
_ENTRIES = msgspec.msgpack.Decoder(Entry)

_KINDS = {
    kind.KIND
    for kind in (
        card_account_facts.AccountMoveCommitted, card_account_facts.AccountMoved,
        card_account_facts.CardMoneyReturned,
        facts.SaleCommitted, facts.SaleDelivered, card_account_facts.CardSuspected,
    )
}  # fmt: skip


class Delivery(msgspec.Struct, frozen=True, order=True):
    """One purchase that a terminal wrote on a chip."""

    origin: str
    sale_id: str
    serial: str


class CardFindings(msgspec.Struct, frozen=True):
    """`chains`: the account of each card. `purchases_twice`: purchase numbers of a meter, as
    "METER/NUMBER", that were delivered by more than one sale: two chips are about (E16).
    `suspected`: cases that terminals have opened, by chip."""

    chains: dict[str, Chain]
    purchases_twice: dict[str, list[Delivery]]
    suspected: dict[str, list[str]]

    def cards_to_stop(self) -> list[str]:
        """The chips that cannot be the only ones of their kind, sorted."""
        doubled = {card for card, chain in self.chains.items() if chain.doubles or chain.broken}
        twice = {one.serial for found in self.purchases_twice.values() for one in found}
        return sorted(doubled | twice | set(self.suspected))


async def examine(holdings: Holdings) -> CardFindings:
    """The findings over everything that is held now."""
    rows = await holdings.snapshot({"origins": "SELECT origin FROM origins ORDER BY origin"})
    seen = _Seen()
    for (origin,) in rows["origins"]:
        after = 0
        while contents := await holdings.entries(origin, after, _PAGE):
            for content in contents:
                seen.add(origin, _ENTRIES.decode(content))
            after += len(contents)
        seen.end_of(origin)
    return seen.findings()


class _Seen:
    """What was read so far; what one origin has intended is forgotten at its end."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.numbers: dict[str, set[Delivery]] = {}
        self.suspected: dict[str, list[str]] = {}
        self.moves: dict[str, card_account_facts.AccountMoveCommitted] = {}
        self.sales: dict[str, facts.SaleCommitted] = {}

    def add(self, origin: str, entry: Entry) -> None:
        if entry.kind not in _KINDS:
            return
        try:
            fact = facts.decode(entry.kind, entry.version, entry.body)
        except (KeyError, msgspec.MsgspecError):
            return  # it lies on the shelf for review
        if isinstance(fact, card_account_facts.AccountMoveCommitted):
            self.moves[fact.move_id] = fact
        elif isinstance(fact, card_account_facts.AccountMoved):
            self._moved(origin, self.moves.pop(fact.move_id, None))
        elif isinstance(fact, card_account_facts.CardMoneyReturned):
            self.links.append(
                Link(
                    fact.card, fact.number, origin, fact.return_id, "spend", fact.currency,
                    fact.amount_minor, 0, fact.previous, fact.mark,
                )
            )  # fmt: skip
        elif isinstance(fact, facts.SaleCommitted) and fact.card is not None:
            self.sales[fact.sale_id] = fact
        elif isinstance(fact, facts.SaleDelivered):
            self._delivered(origin, self.sales.pop(fact.sale_id, None))
        elif isinstance(fact, card_account_facts.CardSuspected):
            self.suspected.setdefault(fact.serial, []).append(fact.reason)

    def _moved(self, origin: str, move: card_account_facts.AccountMoveCommitted | None) -> None:
        if move is not None:
            self.links.append(
                Link(
                    move.card, move.number, origin, move.move_id, move.kind, move.currency,
                    move.amount_minor, move.balance_minor, move.previous, move.mark,
                )
            )  # fmt: skip

    def _delivered(self, origin: str, sale: facts.SaleCommitted | None) -> None:
        if sale is not None and sale.card is not None:
            number = f"{sale.meter}/{sale.card.purchase_number}"
            delivery = Delivery(origin, sale.sale_id, sale.card.serial)
            self.numbers.setdefault(number, set()).add(delivery)

    def end_of(self, _origin: str) -> None:
        """What stayed open there has not happened yet as far as anybody knows."""
        self.moves.clear()
        self.sales.clear()

    def findings(self) -> CardFindings:
        twice = {n: sorted(found) for n, found in sorted(self.numbers.items()) if len(found) > 1}
        return CardFindings(fold(self.links), twice, self.suspected)
