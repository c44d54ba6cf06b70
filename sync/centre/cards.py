"""What all terminals together say of the customers' cards: clones and replays that none could see,
and what became of a purchase whose own hall cannot tell any more.

Reads every entry that is held, in pages; meant for the night. Terminals arrive in any order and
may be days apart, so nothing is concluded from what is missing, only from what contradicts itself.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from kiosk.domain import card_account_facts, card_facts, correction_facts, facts
from kiosk.domain.card_account_chain import Chain, Link, fold
from kiosk.domain.cards import families
from kiosk.domain.entry import Entry
from sync.centre.holdings import Holdings

_PAGE = 1000
_ENTRIES = msgspec.msgpack.Decoder(Entry)

_KINDS = {
    kind.KIND
    for kind in (
        card_account_facts.AccountMoveCommitted, card_account_facts.AccountMoved,
        card_account_facts.CardMoneyReturned,
        facts.SaleCommitted, facts.SaleDelivered, facts.SaleVoided, facts.SaleInDoubt,
        card_account_facts.CardSuspected, correction_facts.SaleReversed,
        card_facts.CardWorkCommitted,
    )
}  # fmt: skip


class Delivery(msgspec.Struct, frozen=True, order=True):
    """One purchase that a terminal wrote on a chip."""

    origin: str
    sale_id: str
    serial: str


class Doubt(msgspec.Struct, frozen=True):
    """A card sale in doubt at hall `origin`, and what another hall's purchase on its chip shows of
    it: "never_written", "never_paid", "delivered", or nothing yet. `by` is that purchase."""

    origin: str
    sale_id: str
    meter: str
    purchase_number: int
    verdict: str
    by: Delivery | None


class CardFindings(msgspec.Struct, frozen=True):
    """`chains`: the account of each card. `purchases_twice`: purchase numbers of a meter, as
    "METER/NUMBER", that were delivered by more than one sale: two chips are about (E16).
    `suspected`: cases that terminals have opened, by chip. `doubts`: sales that wait for a card."""

    chains: dict[str, Chain]
    purchases_twice: dict[str, list[Delivery]]
    suspected: dict[str, list[str]]
    doubts: list[Doubt]

    def cards_to_stop(self) -> list[str]:
        """The chips that cannot be the only ones of their kind, sorted."""
        doubled = {card for card, chain in self.chains.items() if chain.doubles or chain.broken}
        twice = {one.serial for found in self.purchases_twice.values() for one in found}
        return sorted(doubled | twice | set(self.suspected))


async def examine(holdings: Holdings) -> CardFindings:
    """The findings over everything that is held now."""
    seen = _Seen()
    await _read(holdings, seen)
    if seen.doubted:
        await _read(holdings, seen.after_doubts)
    return seen.findings()


async def _read(holdings: Holdings, seen: _Reader) -> None:
    """Show every entry that is held to `seen`, one origin after the other."""
    rows = await holdings.snapshot({"origins": "SELECT origin FROM origins ORDER BY origin"})
    for (origin,) in rows["origins"]:
        after = 0
        while contents := await holdings.entries(origin, after, _PAGE):
            for content in contents:
                seen.add(origin, _ENTRIES.decode(content))
            after += len(contents)
        seen.end_of(origin)


class _Reader(Protocol):
    def add(self, origin: str, entry: Entry) -> None: ...

    def end_of(self, origin: str) -> None: ...


class _Later:
    """Purchases delivered on chips with a sale in doubt, each with how it found its card."""

    def __init__(self) -> None:
        self.chips: set[str] = set()
        self.open: dict[str, facts.SaleCommitted] = {}
        self.delivered: list[tuple[Delivery, facts.CardDelivery]] = []
        #: Sales whose number became free again, or was given anew: they prove nothing.
        self.taken_off: set[str] = set()

    def add(self, origin: str, entry: Entry) -> None:
        fact = _fact(entry)
        if isinstance(fact, facts.SaleCommitted) and fact.card is not None:
            if fact.card.serial in self.chips:
                self.open[fact.sale_id] = fact
        elif isinstance(fact, facts.SaleDelivered) and fact.sale_id in self.open:
            card = self.open.pop(fact.sale_id).card
            assert card is not None
            self.delivered.append((Delivery(origin, fact.sale_id, card.serial), card))
        elif isinstance(fact, (correction_facts.SaleReversed, card_facts.CardWorkCommitted)):
            self.taken_off.add(fact.sale_id)

    def end_of(self, _origin: str) -> None:
        self.open.clear()

    def doubt(self, origin: str, sale: facts.SaleCommitted) -> Doubt:
        """What the other purchases on the chip of `sale` show of it: the same number under another
        sale means that ours was never finished; the first later one has found ours, or not."""
        ours = sale.card
        assert ours is not None
        others = sorted(
            (card.purchase_number, by, card)
            for by, card in self.delivered
            if by.serial == ours.serial and by.sale_id not in {sale.sale_id, *self.taken_off}
        )
        verdict, found = "", None
        for number, by, card in others:
            told = families.of(ours.before).witness(ours.before, card.before, ours.writes)
            if number == ours.purchase_number or told == "superseded":
                verdict, found = "never_written", by
            elif number > ours.purchase_number and told in ("delivered", "consumed"):
                verdict, found = "delivered", by
            if verdict:
                break
        return Doubt(origin, sale.sale_id, sale.meter, ours.purchase_number, verdict, found)


def _fact(entry: Entry) -> facts.Fact | None:
    """What `entry` says of cards; None for anything else, and for what lies on the shelf."""
    if entry.kind not in _KINDS:
        return None
    try:
        return facts.decode(entry.kind, entry.version, entry.body)
    except (KeyError, msgspec.MsgspecError):
        return None


class _Seen:
    """What was read so far; what one origin has intended is forgotten at its end."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.numbers: dict[str, set[Delivery]] = {}
        self.suspected: dict[str, list[str]] = {}
        self.moves: dict[str, card_account_facts.AccountMoveCommitted] = {}
        self.sales: dict[str, facts.SaleCommitted] = {}
        self.doubtful: set[str] = set()
        self.doubted: list[tuple[str, facts.SaleCommitted]] = []
        #: The movements that should pay for them from the card, and have not ended.
        self.unpaid: dict[str, card_account_facts.AccountMoveCommitted] = {}
        self.after_doubts = _Later()

    def add(self, origin: str, entry: Entry) -> None:
        fact = _fact(entry)
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
        elif isinstance(fact, facts.SaleVoided):
            self.sales.pop(fact.sale_id, None)
        elif isinstance(fact, facts.SaleInDoubt):
            self.doubtful.add(fact.sale_id)
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

    def end_of(self, origin: str) -> None:
        """What stayed open there has not happened yet as far as anybody knows."""
        for sale in self.sales.values():
            if sale.sale_id in self.doubtful and sale.card is not None:
                self.doubted.append((origin, sale))
                self.after_doubts.chips.add(sale.card.serial)
                if sale.sale_id in self.moves:
                    self.unpaid[sale.sale_id] = self.moves[sale.sale_id]
        self.moves.clear()
        self.sales.clear()
        self.doubtful.clear()

    def findings(self) -> CardFindings:
        twice = {n: sorted(found) for n, found in sorted(self.numbers.items()) if len(found) > 1}
        doubts = [self._with_money(self.after_doubts.doubt(*each)) for each in self.doubted]
        return CardFindings(fold(self.links), twice, self.suspected, doubts)

    def _with_money(self, doubt: Doubt) -> Doubt:
        """What became of the money on the card as well, where it was to pay: another movement under
        its number means that it never left; the next one has found it, or nobody knows yet."""
        move = self.unpaid.get(doubt.sale_id)
        if move is None or doubt.verdict != "never_written":
            return doubt
        others = [link for link in self.links if link.card == move.card]
        if any(link.number == move.number for link in others):
            return msgspec.structs.replace(doubt, verdict="never_paid")
        if any((link.number, link.previous) == (move.number + 1, move.mark) for link in others):
            return doubt
        return msgspec.structs.replace(doubt, verdict="", by=None)
