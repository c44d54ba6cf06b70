"""A payment hall in a folder: stations on one home, customers by what they are, and their hands."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from drivers.card.sim import SimulatedSlot
from drivers.card.simulated_reader import CardFaults, SimulatedReader
from drivers.meter.card_meter import CardMeter
from drivers.meter.keypad import KeypadMeter
from kiosk.config import Settings
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Customer, Meter
from kiosk.errors import Refusal
from kiosk.front import utility
from kiosk.front.wiring import House, build
from kiosk.front.world import World
from kiosk.ports import HandsAnswer
from kiosk.till.card_accounts import CardBack
from kiosk.till.deliver import no_card_back
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.sell import cash_payment, sell
from kiosk.till.tokens import SecondPerson
from tests.builders import FixedClock, SeededEntropy

CUSTOMERS = 40
CURRENCY = "ZAR"
CATALOGUE = utility.catalogue(CUSTOMERS, CURRENCY)


class HallClock(FixedClock):
    """The time of day stands still; durations run, because devices need real time."""

    passed_ms = 0

    def advance(self, *, seconds: int = 0, minutes: int = 0) -> None:
        """Time passes, on the wall and in the counter; `time_ms` alone sets a clock."""
        before_ms = self.time_ms
        super().advance(minutes=minutes, seconds=seconds)
        self.passed_ms += self.time_ms - before_ms

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000 + self.passed_ms


def settings(**limits: int) -> Settings:
    """A small rehearsal without a centre."""
    base = Settings()
    return msgspec.structs.replace(
        base,
        rehearsal=msgspec.structs.replace(base.rehearsal, customers=CUSTOMERS, centre=False),
        limits=msgspec.structs.replace(base.limits, **limits),
    )


def meter_number(kind: str, *, debt: bool = False, power_type: str = "", nth: int = 0) -> str:
    """The number of the n-th customer's meter that is such a one and may buy."""
    fitting = [
        meter.number
        for meter, customer in zip(CATALOGUE.meters, CATALOGUE.customers, strict=True)
        if _fits(meter, customer, kind, debt) and power_type in ("", meter.power_type)
    ]
    return fitting[nth]


def _fits(meter: Meter, customer: Customer, kind: str, debt: bool) -> bool:
    return meter.kind == kind and not meter.blocked and bool(customer.opening_debt_minor) == debt


BLOCKED = next(meter.number for meter in CATALOGUE.meters if meter.blocked)
#: The one who stands by where two persons are asked for.
SECOND = SecondPerson("301", "1234")
KEYPAD = meter_number("keypad", power_type="home")
CARD = meter_number("card", power_type="home")


class Hall:
    """One home; `station` opens a further process's worth of it."""

    def __init__(self, path: Path, template: Path) -> None:
        self.path = path
        shutil.copytree(template, path)
        self.clock, self.entropy = HallClock(), SeededEntropy()
        self.houses: list[House] = []

    def station(
        self, *, face: str = "command", role: str = "supervisor", operator: str = "101",
        cash: bool = False, paper: bool = False, **limits: int,
    ) -> Desk:  # fmt: skip
        house = build(
            self.path, settings(**limits),
            face=face, clock=self.clock, entropy=self.entropy, cash=cash, paper=paper,
        )  # fmt: skip
        house.desk.operator, house.desk.role = operator, role
        self.houses.append(house)
        return house.desk

    def house_of(self, desk: Desk) -> House:
        return next(house for house in self.houses if house.desk is desk)

    def leave(self, desk: Desk) -> None:
        """The process behind `desk` ends."""
        house = self.house_of(desk)
        self.houses.remove(house)
        house.close()

    def close(self) -> None:
        for house in reversed(self.houses):
            house.close()

    def world(self) -> World:
        world = self.houses[0].world
        assert world is not None
        return world

    # --- what customers do ----------------------------------------------------------------------

    def enter(self, meter: str, token: str) -> HandsAnswer:
        hands = self.houses[0].hands
        assert hands is not None
        return hands.enter_token(meter, token)

    def insert_in_meter(self, meter: str) -> HandsAnswer:
        hands = self.houses[0].hands
        assert hands is not None
        return hands.insert_in_meter(meter)

    def credited_wh(self, meter: str) -> int:
        world = self.houses[0].world
        assert world is not None
        found: KeypadMeter | CardMeter = world.meter(meter)
        return found.show().energy_credited_wh

    def serial(self, meter: str) -> str:
        return next(card.serial for card in CATALOGUE.cards if card.meter == meter)

    def slot(self) -> SimulatedSlot:
        world = self.houses[0].world
        assert world is not None
        return world.slot()

    def put_in(self, meter: str) -> None:
        self.slot().insert(self.serial(meter))

    def take_out(self) -> None:
        if self.slot().state().card is not None:
            self.slot().pull()

    def clumsy_reader(self, desk: Desk, faults: CardFaults) -> None:
        """From now on the reader of `desk` meets `faults`."""
        desk.reader = SimulatedReader(
            self.path / "world", "reader", faults, module=self.world().module
        )


def offer_of(desk: Desk, meter: str, amount_minor: int) -> Offer:
    buyer = find_buyer(desk, meter)
    assert isinstance(buyer, Buyer), buyer
    offer = quote(desk, buyer, amount_minor)
    assert isinstance(offer, Offer), offer
    return offer


def sell_to(
    desk: Desk, meter: str, amount_minor: int, card_back: CardBack = no_card_back
) -> SaleRecord | Refusal:
    offer = offer_of(desk, meter, amount_minor)
    payment = cash_payment(desk, amount_minor, amount_minor)
    assert not isinstance(payment, Refusal)
    return sell(desk, offer, payment, card_back)


def sold(outcome: SaleRecord | Refusal, state: str = "delivered") -> SaleRecord:
    """The record, which must be in `state`."""
    assert isinstance(outcome, SaleRecord), outcome
    assert outcome.state == state, outcome
    return outcome


def done(outcome: AccountRecord | Refusal) -> AccountRecord:
    """What was done with a customer's money; it must have been done."""
    assert isinstance(outcome, AccountRecord), outcome
    return outcome


def code(outcome: object) -> str:
    """The code of a refusal, which `outcome` must be."""
    assert isinstance(outcome, Refusal), outcome
    return outcome.code


def money(desk: Desk, account: str) -> int:
    return desk.records.balance(account, CURRENCY)


def balances(desk: Desk) -> dict[tuple[str, str], int]:
    """Every account and currency that is not at nothing."""
    return {(account, unit): amount for account, unit, amount in desk.records.balances() if amount}


def entries(desk: Desk) -> int:
    return desk.journal.head().sequence


class DiedError(BaseException):
    """The program stops here, as after a power cut: nothing that follows is done."""


def die_at(name: str, passage: int = 1) -> Callable[[str], None]:
    """An action for kiosk.marks.arm that ends the program at the n-th passage of a mark."""
    left = [passage]

    def action(passed: str) -> None:
        if passed == name:
            left[0] -= 1
            if left[0] == 0:
                raise DiedError(name)

    return action
