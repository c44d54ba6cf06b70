"""A hall in which everything has happened: at least one fact of every published kind, in order.

What trades is done by the verbs that the harnesses kill (tests/crash/verbs.py), each with customers
of its own; what is left is written as it is published (tests/domain/published.py), with the names
of this hall in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from kiosk.domain import (
    card_account_facts,
    card_facts,
    correction_facts,
    facts,
    registry_facts,
    token_facts,
)  # fmt: skip
from kiosk.domain.chart import meter_account
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Meter
from kiosk.domain.tariff import pack_bytes, pack_digest
from kiosk.front.wiring import House
from kiosk.till.quote import Buyer, find_buyer
from tests.crash.bench import Bench, good
from tests.crash.verb import Verb
from tests.crash.verbs import VERBS
from tests.domain.published import FACTS
from tests.front.keeper import Keeper
from tests.till.acceptor import Acceptor

CUSTOMERS = 320

Story = TypeVar("Story", bound=Fact)

#: Facts about the whole journal, which only archiving, restoring and rejoining write.
OF_THE_JOURNAL = {
    "period_archived", "ledger_restored", "origin_rejoined", "terminal_revoked", "lease_given"
}  # fmt: skip

#: They write no kind of fact that no other verb writes, and leave a home that may not sell much.
LEASED = {"sell under a lease", "renew a lease"}


class Hall(Bench):
    """A bench at the keeper's home; each verb meets customers that no other has met."""

    def __init__(self, keeper: Keeper, *, cash: bool) -> None:
        self.house: House = keeper.open()
        self.desk, self.world, self.hands = self.house.desk, self.house.world, self.house.hands
        self.acceptor: Acceptor | None = None
        self.known: dict[str, str] = {}
        self.met = 0
        free = [m for m in self._meters() if self._owes_nothing(m.number)]
        self._free = free[::-1] if cash else free
        if cash:
            self.desk.operator, self.desk.role = "self-service", "self_service"
            self.hang_acceptor()

    def meter(self, kind: str, nth: int = 0) -> str:
        fitting = [meter.number for meter in self._free if meter.kind == kind]
        return fitting[2 * self.met + nth]

    def chips(self) -> dict[str, str]:
        cards = [self.desk.records.card(meter=meter.number) for meter in self._meters()]
        return {card.meter: card.serial for card in cards if card is not None}

    def debtor(self) -> str:
        """A keypad meter whose customer owes money, so that a purchase pays some of it."""
        buyers = (find_buyer(self.desk, m.number) for m in self._meters() if m.kind == "keypad")
        return next(b.meter.number for b in buyers if isinstance(b, Buyer) and b.debt_minor)

    def cash_sale_on_card(self) -> facts.SaleCommitted:
        """One that is over; its twin may begin."""
        for entry in self.desk.journal.after(0, 100_000):
            if (entry.kind, entry.version) == (facts.SaleCommitted.KIND, 1):
                sale = facts.decode(entry.kind, entry.version, entry.body)
                assert isinstance(sale, facts.SaleCommitted)
                if sale.card is not None and [each.kind for each in sale.tenders] == ["cash"]:
                    return sale
        raise AssertionError("no sale on a card was paid in cash")

    def _meters(self) -> list[Meter]:
        return self.desk.records.search("", CUSTOMERS)

    def close(self) -> None:
        if self.acceptor is not None:
            self.acceptor.close()
        self.house.close()


def everything_happens(keeper: Keeper) -> None:
    """Every verb, then a fact of every kind that no verb has written."""
    for cash in (False, True):
        verbs = [verb for verb in VERBS.values() if verb.cash == cash and verb.name not in LEASED]
        _do(keeper, verbs, cash=cash)
    hall = Hall(keeper, cash=False)
    debtor = hall.debtor()
    for _ in range(2):  # the newest sale of a meter stays anyway
        hall.sell(debtor)
    for fact in _further(hall):
        good(hall.desk.journal.append(fact))
    written = kinds_of(hall.house)
    for fact in FACTS:
        if (fact.KIND, fact.VERSION) not in written and fact.KIND not in OF_THE_JOURNAL:
            good(hall.desk.journal.append(fact))
    hall.close()


def _do(keeper: Keeper, verbs: Sequence[Verb], *, cash: bool) -> None:
    hall = Hall(keeper, cash=cash)
    try:
        for verb in verbs:
            verb.setup(hall)
            verb.act(hall)
            hall.met += 1
    finally:
        hall.close()


def kinds_of(house: House) -> set[tuple[str, int]]:
    """Kind and version of everything in the journal."""
    return {(entry.kind, entry.version) for entry in house.desk.journal.after(0, 100_000)}


def _further(hall: Hall) -> Iterator[Fact]:
    """What must name something that there is."""
    yield from _notes()
    yield from _tokens_and_cards(hall)
    yield from _registry(hall)
    found = hall.desk.records.tariff()
    assert found is not None
    pack = msgspec.structs.replace(found[1], number=found[1].number + 1)
    yield facts.TariffPublished(
        pack.number, pack_digest(pack), pack.currency, pack.valid_from_ms, pack.use_by_ms,
        pack_bytes(pack), "201", "301",
    )  # fmt: skip


def _notes() -> Iterator[Fact]:
    """One note goes back; another is lost, and staff find it in front of the box."""
    for payment in ("p8", "p9"):
        yield facts.NoteOffered(payment, 1, "kiosk-1", "01470000009", "acceptor", 9, 2000, "ZAR")
    yield facts.NoteReturned("p8", 1, "cancelled")
    yield facts.NoteInDoubt("p9", 1, "jam")
    yield facts.NoteReturned("p9", 1, "found")


def _tokens_and_cards(hall: Hall) -> Iterator[Fact]:
    """A token that the module refuses; a movement and a work whose card shows nothing of them."""
    token = next(fact for fact in FACTS if isinstance(fact, token_facts.TokenCommitted))
    yield msgspec.structs.replace(token, issue_id="t2")
    yield token_facts.TokenRefused("t2", "vending_key_expired")
    move = _last(hall, card_account_facts.AccountMoveCommitted, "kind", "top_up")
    yield msgspec.structs.replace(move, move_id="m2")
    yield card_account_facts.AccountMoveUndone("m2", "superseded", move.paid_into)
    work = _last(hall, card_facts.CardWorkCommitted, "operation", "tool")
    yield msgspec.structs.replace(work, work_id="w2")
    yield card_facts.CardWorkInDoubt("w2", "card_away", "101")
    yield card_facts.CardWorkUndone("w2", "given_up", "", 0, "")
    serial = hall.chips()[hall.meter("card")]
    sale = hall.cash_sale_on_card()
    yield msgspec.structs.replace(sale, sale_id="s5")
    yield facts.SaleInDoubt("s5", "card_away", "card", "101")
    yield correction_facts.SaleJudged("s5", "never_written", "hall-2", "101", "301")
    yield facts.SaleVoided("s5", "judged", meter_account(sale.meter))
    yield card_facts.CardHotListed(serial, "hot", "two chips", "101")
    yield card_facts.CardReleased(serial, "one chip", "201", "301")


def _registry(hall: Hall) -> Iterator[Fact]:
    meter = hall.desk.records.meter(hall.meter("keypad"))
    assert meter is not None
    yield registry_facts.CustomerRegistered(
        "29000001", "Lea Çelik", "9 Hill", "0709", "home", "north", "101", "counter"
    )
    yield registry_facts.CustomerAmended(
        "c1", "29000001", "address", "9 Hill", "10 Hill", "moved", "101"
    )
    yield registry_facts.MeterAmended(
        "c2", meter.number, "capacity_w", str(meter.capacity_w), "9200", 0, "an oven", "101"
    )
    yield registry_facts.SharesSet("c3", meter.number, [], [("home", 1_000_000)], "shop", "101")


def _last(hall: Hall, kind: type[Story], field: str, value: str) -> Story:
    """The newest fact of a kind with this value."""
    for entry in reversed(hall.desk.journal.after(0, 100_000)):
        if entry.kind == kind.KIND:
            fact = facts.decode(entry.kind, entry.version, entry.body)
            if isinstance(fact, kind) and getattr(fact, field) == value:
                return fact
    raise AssertionError(kind)
