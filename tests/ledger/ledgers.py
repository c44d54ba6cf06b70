"""Ledgers for the tests: one key, one origin, and days of trade to fill them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain import (
    account_facts,
    bill_facts,
    card_account_facts,
    card_facts,
    chart,
    correction_facts,
    debt_facts,
    facts,
    registry_facts,
    token_facts,
)
from kiosk.domain import catalogue as catalogues
from kiosk.domain.cards.image import CardImage
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.registry import Card, Customer, Meter
from kiosk.domain.special_tokens import CreditRequest
from kiosk.domain.tariff import Line, PowerType, SubItem, TariffPack
from kiosk.ledger.journal import Journal
from kiosk.ledger.pen import Draft, Pen
from kiosk.ledger.sealing import public_bytes
from kiosk.ledger.store import open_writer
from tests.builders import (
    CARD_SERIAL,
    METER,
    NOON_MS,
    FixedClock,
    card_delivery,
    cash,
    delivered,
    kept_money,
    notes,
    offered,
    sale,
    stacked,
    token_request,
    top_up,
)

ORIGIN = "r1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OPENED = facts.HomeOpened(ORIGIN, "rehearsal", "ZAR", public_bytes(KEY))

CATALOGUE = Catalogue(
    1, "utility",
    TariffPack(1, "2026", "ZAR", 0, [
        PowerType("home", "Home", [SubItem("energy", "Energy", "energy", 200_000)], "VAT", 150_000,
                  "Charge", 350, 1_000, 500_000, 250_000)]),
    [Customer("20000001", "Amina Noor", "1 River Road", "0700", 500),
     Customer("20000002", "Özge Şahin", "2 Mill_Lane 100%")],
    [Meter(METER, "20000001", "card", "home"),
     Meter("01470000009", "20000002", "keypad", "home", blocked=True)],
    [Card("760000000006", "00112233445566aa", METER)],
)  # fmt: skip
CONTENT = catalogues.encode(CATALOGUE)
RECEIVED = catalogues.received(CATALOGUE)


def open_pen(home: Path, *written: facts.Fact, clock: FixedClock | None = None) -> Pen:
    """A pen of a new ledger that has been opened, with `written` in it."""
    pen = Pen(open_writer(home), ORIGIN, KEY, (clock or FixedClock()).pair)
    if not pen.head.sequence:
        pen.append([Draft.of(OPENED)])
    if written:
        assert isinstance(pen.append([Draft.of(fact) for fact in written]), list)
    return pen


def open_journal(home: Path, origin: str = ORIGIN, key: Ed25519PrivateKey = KEY) -> Journal:
    """A process's journal; the first one of a home opens it."""
    journal = Journal(home, origin, key, FixedClock().pair)
    journal.append(facts.HomeOpened(origin, "rehearsal", "ZAR", public_bytes(key)))
    return journal


def trade(sales: int, seed: int = 1) -> Iterator[facts.Fact]:
    """`sales` sales of every kind, in the order in which a hall would write them."""
    chance = random.Random(seed)
    yield facts.OperatorRegistered("101", "cashier", "$argon2id$x", "301")
    yield facts.SignInRefused("101", "counter-1")
    yield facts.OperatorSignedIn("101", "counter-1", "cashier")
    yield facts.LaneGiven(0, 1, "centre")
    yield from _gift("gift", 800_000)
    yield from _money("20000001", "20000002")
    yield from _cards()
    yield from registry_facts_of_a_day()
    for number in range(sales):
        name = f"sale{number}"
        yield from _one(name, number, chance.choice(_KINDS), 1000 + chance.randrange(9000))
    # What is still open at the end of the day.
    yield sale("open", identifier=900_000)
    yield offered("open-note")
    yield offered("held")
    yield stacked("held")


def _money(owner: str, other: str) -> Iterator[facts.Fact]:
    """A customer's own money, debts, a bill, and sales that were undone or priced again."""
    two = ("101", "301")
    cash, capital = chart.cash("101"), chart.capital_account
    yield account_facts.TopUpReceived("up1", owner, "cash", "ZAR", 9000, "", True, 9000, 0, "101")
    yield account_facts.TopUpReceived("up2", owner, "cheque", "ZAR", 500, "c1", False, 0, 0, "101")
    yield account_facts.TopUpCleared("up2", owner, "cheque", "ZAR", 500, False, "101")
    yield account_facts.MoneyTransferred(
        "move", "ZAR", 700, capital(owner), owner, capital(other), other, "asked for", *two
    )
    yield debt_facts.DebtRecorded("arrears", owner, "arrears", 1, "ZAR", 900, "old book", *two)
    yield debt_facts.DebtPaid("paid", owner, "", "ZAR", 300, cash, 300, 0, "101")
    yield debt_facts.DebtWrittenOff("gone", owner, "arrears", "ZAR", 100, "too old", *two)
    yield debt_facts.DebtPlanSet(owner, "fixed", 200, 0, "newest", "agreed", "301")
    yield bill_facts.BillReceived("b1", "X1", "Old", "7", "2026-10", "ZAR", 80, 1, 2, "101")
    yield bill_facts.BillCollected("b1p", "b1", "X1", "ZAR", 30, 2, cash, 32, 0, "101")
    undone = sale("undone", 2000, card=card_delivery(900))
    yield undone
    yield facts.SaleDelivered("undone", "normal", purchase_number=900)
    yield correction_facts.SaleReversed(
        "undone", "same_day", "unread", undone.meter, undone.account, "ZAR", 2000,
        undone.energy_wh, undone.lines, cash, "wrong amount", "101", "",
    )  # fmt: skip
    yield from (sale("rerated", 2000, identifier=700_000), delivered("rerated", "7" * 20))
    yield correction_facts.SaleRerated(
        "rerated", owner, "ab" * 32, "ZAR", 2000, 1900, "customer", "301"
    )
    yield from _overpaid(other)
    yield account_facts.AccountClosed(
        "leaves", other, "ZAR", {capital(other): 700}, 0, 700, cash, "moved away", *two
    )


def _overpaid(account: str) -> Iterator[facts.Fact]:
    """Two sales that pay debt which nobody owes: it is kept as credit."""
    debt = Line("debt", "", 1000, 0, chart.receivable("20000003"), "debt")
    energy = Line("energy", "Energy", 1000, 20_000, chart.revenue("energy"), "energy")
    for number in (1, 2):
        name = f"{account}-{number}"
        twice = sale(name, 2000, identifier=710_000 + number)
        yield msgspec.structs.replace(twice, lines=[energy, debt], energy_wh=20_000)
        yield delivered(name, f"{number:020d}"[::-1])


def _gift(name: str, identifier: int) -> Iterator[facts.Fact]:
    """Free units, with a copy of their slip."""
    request = CreditRequest(token_request(name, METER, identifier, 100))
    yield token_facts.TokenCommitted(
        name, "counter-1", "101", "301", "cashier", METER, "free_units", "gift", "", 10_000, request
    )
    yield token_facts.TokenIssued(name, METER, "free_units", 10_000, ["5" * 20], "normal")
    yield token_facts.TokenReprinted(name, 1, "101")


def _cards() -> Iterator[facts.Fact]:
    """A card that was lost and reissued, a case of each kind, blank cards and a reading."""
    delivery, fee = card_delivery(), card_fee(5000)
    yield card_facts.CardStockMoved("open", "received", 50, "order 7", "201")
    yield card_facts.CardHotListed(CARD_SERIAL, "hot", "two chips", "101")
    yield card_facts.CardReleased(CARD_SERIAL, "one chip after all", "201", "301")
    yield card_facts.CardWorkCommitted(
        "work", "counter-1", "101", "", "cashier", "make", "new customer", METER, "760000000006",
        "00112233445566bb", 2, delivery.before, delivery.writes, card_facts.CardContent(),
        currency="ZAR", amount_minor=5000, lines=fee, tenders=[cash(5000)],
    )  # fmt: skip
    yield card_facts.CardWorkInDoubt("work", "card_away", "101")
    yield card_facts.CardWorkDone("work", "make", "recovered", METER, "ZAR", 5000, 0, fee, "")
    yield card_facts.CardWorkReprinted("work", 1, "101")
    yield card_facts.CardFound("case1", "counter-1", CARD_SERIAL, METER)
    yield card_facts.CardCaseClosed("case1", "handed_back", "passport shown", "101")
    yield card_facts.CardInspected(
        "case2", "counter-1", "101", "hot", CARD_SERIAL, METER, delivery.before
    )
    yield card_facts.MeterReadByCard(CARD_SERIAL, METER, 3, 9_000, 4_000, 0, 0, 1, "101")


def card_fee(amount_minor: int) -> list[Line]:
    """What a card costs, without tax."""
    account = chart.revenue("card_fee")
    return [Line("card_fee", "", amount_minor, 0, account, "card_fee")]


def registry_facts_of_a_day() -> Iterator[facts.Fact]:
    """A customer joins, moves and gets another meter; a third meter is given up."""
    old, new, third = "01470000107", "01470000206", "01470000305"
    yield registry_facts.CustomerRegistered(
        "20000009", "Lea Çelik", "9 Hill", "0709", "home", "north", "101", "counter"
    )
    yield _installed(old, "keypad", "", "")
    yield _installed(new, "keypad", "", "")
    yield _installed(third, "card", "760000000105", "ff112233445566aa")
    yield registry_facts.CustomerAmended(
        "c1", "20000009", "address", "9 Hill", "10 Hill", "moved", "101"
    )
    yield registry_facts.MeterAmended("c2", old, "capacity_w", "4600", "9200", 0, "oven", "101")
    yield registry_facts.SharesSet("c3", new, [], [("home", 1_000_000)], "shop closed", "101")
    yield registry_facts.MeterRead("r1", old, "hand", 5_000, None, NOON_MS, "101")
    yield registry_facts.MeterReplaced(
        "x1", old, new, "20000009", "ZAR", "technician", 7_000, 12_345, 0, 12_400, 55, 0, 0,
        "101", "301", "display dark",
    )  # fmt: skip
    request = CreditRequest(token_request("x1-t1", new, 850_000, 124))
    yield token_facts.TokenCommitted(
        "x1-t1", "counter-1", "101", "301", "cashier", new, "transfer", "E14", "x1", 12_400, request
    )
    yield token_facts.TokenIssued("x1-t1", new, "transfer", 12_400, ["6" * 20], "normal")
    yield account_facts.CreditLeft(
        third, "20000009", "ZAR", 200, 150, "given_up", 0, "gave up the shop", "101", "301"
    )
    yield registry_facts.MeterCancelled(
        "k1", third, "20000009", 100, 200, "101", "301", "gave up the shop"
    )


def _installed(meter: str, kind: str, card: str, serial: str) -> registry_facts.MeterInstalled:
    return registry_facts.MeterInstalled(
        meter, "20000009", kind, "home", 1, 4600, "123456", 1, 1, 2, "07", 2014, card, serial,
        "wall", "2026-11-20", 0, ["S1", "S2"], "101", "counter",
    )  # fmt: skip


_KINDS = ("token", "token", "token", "card", "notes", "kept", "void", "doubt", "lost_note")


def _one(name: str, number: int, kind: str, amount: int) -> Iterator[facts.Fact]:
    if kind in {"token", "void"}:
        yield sale(name, amount, identifier=number)
        if kind == "void":
            yield facts.SaleVoided(name, "no_vending_key", chart.cash("101"))
        else:
            yield delivered(name, f"{number:020d}")
            yield facts.SlipPrinted(name, number % 2, "printed", "101")
    elif kind in {"card", "doubt"}:
        yield sale(name, amount, card=card_delivery(number + 1))
        if kind == "doubt":
            yield facts.SaleInDoubt(name, "card_removed", "card", "101")
        yield facts.SaleDelivered(name, "recovered", purchase_number=number + 1)
    elif kind == "notes":
        yield from (offered(name, 1, 2000), stacked(name, 1), offered(name, 2, 1000))
        yield stacked(name, 2)
        yield sale(name, 3000, identifier=number, tenders=[notes(3000)])
        yield delivered(name, f"{number:020d}")
    elif kind == "kept":
        yield from (offered(name), stacked(name))
        yield facts.PaymentKept(name, METER, 2000, "ZAR", "cancelled")
        yield sale(name, 2000, identifier=number, tenders=[kept_money(2000)])
        yield delivered(name, f"{number:020d}")
    else:
        yield offered(name)
        yield facts.NoteInDoubt(name, 1, "jam")
        yield facts.NoteReturned(name, 1, "found in the throat")


def fill(pen: Pen, sales: int, seed: int = 1) -> None:
    """A day of trade, catalogue first."""
    assert pen.append([Draft.of(RECEIVED, CONTENT)]) == [2]
    outcome = pen.append([Draft.of(fact) for fact in trade(sales, seed)])
    assert isinstance(outcome, list), outcome
    outcome = pen.append([Draft.of(fact) for fact in card_day()])
    assert isinstance(outcome, list), outcome


def card_day() -> list[facts.Fact]:
    """Money is put on a card that is lost then, and another card is found to be none of ours."""
    move = top_up("topup1", 5000)
    evidence = CardImage("open", "00112233445566bb", {1: bytes(4)})
    return [
        move,
        card_account_facts.AccountMoved(move.move_id, "normal"),
        card_account_facts.AccountMoveReprinted(move.move_id, 1, "101"),
        card_facts.CardHotListed(move.card, "lost", "lost in town", "101"),
        card_account_facts.CardMoneyReturned(
            "return1",
            move.card,
            move.account,
            move.meter,
            move.currency,
            move.balance_minor,
            move.number + 1,
            move.mark,
            bytes(16),
            "lost in town",
            "301",
            "302",
        ),
        card_account_facts.CardSuspected(
            "case1", "counter-1", "101", "forged", evidence.serial, "", "", {}, evidence
        ),
    ]
