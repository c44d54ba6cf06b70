"""An opened home at which something is done: what every verb of the harness works with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kiosk.config import Settings
from kiosk.domain.record import SaleRecord, TokenRecord
from kiosk.errors import BadInput, Refusal
from kiosk.front.wiring import build
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.sell import Payment, cash_due, cash_payment, sell
from kiosk.till.tokens import SecondPerson
from tests.till.acceptor import Acceptor

CUSTOMERS = 12
SECOND = SecondPerson("301", "1234")
AMOUNT_MINOR = 3000

#: What somebody was told, as the auditor reads it (tests/crash/auditor.py).
Answer = dict[str, Any]
Value = TypeVar("Value")


def settings() -> Settings:
    """A small rehearsal without a centre."""
    base = Settings()
    rehearsal = msgspec.structs.replace(base.rehearsal, customers=CUSTOMERS, centre=False)
    return msgspec.structs.replace(base, rehearsal=rehearsal)


class Bench:
    """The house at `home`; with `cash` a note acceptor hangs on the wall, and nobody serves.

    `known` is what the setup of a verb found out for its act.
    """

    def __init__(self, home: Path, *, cash: bool = False) -> None:
        self.house = build(home, settings())
        self.desk, self.world, self.hands = self.house.desk, self.house.world, self.house.hands
        assert self.world is not None and self.hands is not None
        self.desk.operator, self.desk.role = "101", "supervisor"
        self.acceptor: Acceptor | None = None
        if cash:
            self.desk.operator, self.desk.role = "self-service", "self_service"
            self.hang_acceptor()
        self._notebook = home.parent / f"{home.name}.known"
        self.known: dict[str, str] = (
            json.loads(self._notebook.read_bytes()) if self._notebook.exists() else {}
        )

    def hang_acceptor(self) -> None:
        """The note acceptor gets its power and is plugged in."""
        assert self.world is not None
        self.acceptor = Acceptor(self.world.acceptor)
        self.acceptor.plug_in(self.desk)

    def close(self) -> None:
        self._notebook.write_text(json.dumps(self.known))
        if self.acceptor is not None:
            self.acceptor.close()
        self.house.close()

    # --- who there is ---------------------------------------------------------------------------

    def meter(self, kind: str, nth: int = 0) -> str:
        """The n-th meter of a kind whose customer may buy and owes nothing."""
        fitting = [
            meter.number
            for meter in self.desk.records.search("", CUSTOMERS)
            if meter.kind == kind and self._owes_nothing(meter.number)
        ]
        return fitting[nth]

    def _owes_nothing(self, meter: str) -> bool:
        buyer = find_buyer(self.desk, meter)
        return isinstance(buyer, Buyer) and not buyer.debt_minor

    def chips(self) -> dict[str, str]:
        """The chip of each card meter."""
        found = self.desk.records.search("", CUSTOMERS)
        cards = [self.desk.records.card(meter=meter.number) for meter in found]
        return {card.meter: card.serial for card in cards if card is not None}

    def next_catalogue(self) -> int:
        """The number of the catalogue that comes next."""
        return self.desk.records.highest_catalogue() + 1

    # --- what is done ---------------------------------------------------------------------------

    def offer(self, meter: str, amount_minor: int = AMOUNT_MINOR) -> Offer:
        buyer = good(find_buyer(self.desk, meter))
        return good(quote(self.desk, buyer, amount_minor))

    def sell(self, meter: str) -> Answer:
        """Sell for cash, money kept for the meter first."""
        offer = self.offer(meter)
        payment: Payment = good(cash_payment(self.desk, AMOUNT_MINOR, cash_due(offer), offer.buyer))
        return sale_answer(sell(self.desk, offer, payment))

    def with_card(self, meter: str, work: Callable[[], Value]) -> Value:
        """Do `work` while the customer's card is in the reader."""
        return self.with_chip(self.chips()[meter], work)

    def with_chip(self, serial: str, work: Callable[[], Value]) -> Value:
        """Do `work` while the card with this chip is in the reader."""
        self.put_chip(serial)
        try:
            return work()
        finally:
            self.take_card()

    def put_card(self, meter: str) -> None:
        self.put_chip(self.chips()[meter])

    def put_chip(self, serial: str) -> None:
        assert self.world is not None
        self.take_card()
        self.world.slot().insert(serial)

    def take_card(self) -> None:
        assert self.world is not None
        if self.world.slot().state().card is not None:
            self.world.slot().pull()

    def enter(self, meter: str, digits: str) -> None:
        """Somebody types digits at the meter's keypad."""
        assert self.hands is not None
        self.hands.enter_token(meter, digits)

    def insert_in_meter(self, meter: str, serial: str = "") -> None:
        """Somebody puts the card into its meter, or an older one with this chip."""
        assert self.hands is not None
        try:
            self.hands.insert_in_meter(meter, serial)
        except BadInput as error:  # a card that is torn in the middle is refused by the meter
            raise AssertionError(error.sentence) from error


class RefusedError(Exception):
    """The till said no: nothing was written and nothing was taken."""


def good(outcome: Value | Refusal) -> Value:
    if isinstance(outcome, Refusal):
        raise RefusedError(outcome.code, outcome.details)
    return outcome


def sale_answer(outcome: SaleRecord | Refusal) -> Answer:
    record = good(outcome)
    sale = record.committed
    return {"sale_id": sale.sale_id, "meter": sale.meter, "state": record.state,
            "token": record.token}  # fmt: skip


def token_answer(outcome: TokenRecord | Refusal) -> Answer:
    record = good(outcome)
    return {"issue_id": record.committed.issue_id, "state": record.state, "tokens": record.tokens}
