"""Whatever the prices are: every minor unit is booked, and both directions agree."""

from __future__ import annotations

import time
from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.domain import tariff
from kiosk.domain.books import Books
from kiosk.domain.energy import STS_LARGEST_UNITS, sts_units_at_least
from kiosk.domain.tariff import Carrier, Quote
from kiosk.domain.tariff_pack import TariffPack, Usage
from kiosk.errors import Refusal
from tests.builders import cash, delivered, sale
from tests.domain.tariff_packs import packs, usages
from tests.totals import Totals

#: Amounts that each drawn pack is asked for.
AMOUNTS = 50
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


class Buyer:
    """One customer of one pack: everything about a quote but the amount."""

    def __init__(self, pack: TariffPack, usage: Usage, debt: int, carrier: Carrier) -> None:
        self.pack, self.usage, self.debt, self.carrier = pack, usage, debt, carrier
        self.prices = pack.power_types[0]

    def pays(self, amount: int) -> Quote | Refusal:
        return tariff.quote(
            self.pack, "one", amount, account="1", debt_minor=self.debt, carrier=self.carrier,
            usage=self.usage,
        )  # fmt: skip

    def wants(self, energy_wh: int) -> Quote | Refusal:
        return tariff.quote_energy(
            self.pack, "one", energy_wh, account="1", debt_minor=self.debt, carrier=self.carrier,
            usage=self.usage,
        )  # fmt: skip


@st.composite
def buyers(draw: st.DrawFn) -> tuple[Buyer, list[int]]:
    pack = draw(packs())
    usage = draw(usages(pack.power_types[0]))
    debt = draw(st.sampled_from([0, 0, 1, 350, 100_000]))
    buyer = Buyer(pack, usage, debt, draw(st.sampled_from(["token", "card"])))
    chance = draw(st.randoms(use_true_random=False))
    highest = buyer.prices.maximum_minor * 21 // 20
    return buyer, sorted(chance.randrange(-10, highest) for _ in range(AMOUNTS))


def check(buyer: Buyer, amounts: list[int], told: Counter[str]) -> None:
    before = 0
    multiple = buyer.prices.multiple_minor
    told["packs"] += 1
    for place, raw in enumerate(amounts):
        amount = raw // multiple * multiple if place % 5 else raw
        found = buyer.pays(amount)
        told["quotes"] += 1
        if isinstance(found, Refusal):
            told["refused"] += 1
            assert isinstance(buyer.pays(int(found.details["nearest_minor"])), Quote), found
            continue
        _adds_up(buyer, found, amount)
        _is_booked(found)
        assert found.energy_wh >= before, "more money never buys less energy"
        before = found.energy_wh
        if place % 10 == 0:
            told["turned round"] += 1
            _inverts(buyer, found)


def _is_booked(found: Quote) -> None:
    """The books take the sale, and its lines leave nothing on the account of pending sales."""
    books = Books()
    committed = msgspec.structs.replace(
        sale("s", found.amount_minor), lines=found.lines, energy_wh=found.energy_wh,
        tenders=[cash(found.amount_minor)],
    )  # fmt: skip
    balance: Counter[str] = Counter()
    for fact in (committed, delivered("s")):
        postings = books.apply(fact)
        assert not isinstance(postings, Refusal), postings
        for posting in postings:
            if posting.currency == found.currency:
                balance[posting.account] += posting.amount
    wanted: Counter[str] = Counter({"cash:101": found.amount_minor})
    for line in found.lines:
        wanted[line.account] -= line.amount_minor
    assert {name: value for name, value in balance.items() if value} == {
        name: value for name, value in wanted.items() if value
    }


def _adds_up(buyer: Buyer, found: Quote, amount: int) -> None:
    lines = found.lines
    assert found.amount_minor == amount == sum(line.amount_minor for line in lines)
    assert found.energy_wh == sum(line.energy_wh for line in lines) > 0
    assert all(line.amount_minor >= 0 and line.energy_wh >= 0 for line in lines), lines
    assert all(line.account and line.code and line.reason for line in lines)
    rounding = sum(line.energy_wh for line in lines if line.code == "rounding")
    if buyer.carrier == "token":
        units = found.energy_wh // 100
        assert found.energy_wh % 100 == 0 and sts_units_at_least(units) == units
        assert units <= STS_LARGEST_UNITS
    else:
        assert rounding <= 1, "a card carries whole watt-hours: less than one is given away"


def _inverts(buyer: Buyer, found: Quote) -> None:
    """The way back gives the same energy for no more money, and one step less gives less."""
    back = buyer.wants(found.energy_wh)
    assert isinstance(back, Quote), back
    assert back.amount_minor <= found.amount_minor
    assert back.energy_wh >= found.energy_wh
    less = buyer.pays(back.amount_minor - buyer.prices.multiple_minor)
    assert isinstance(less, Refusal) or less.energy_wh < found.energy_wh
    assert buyer.pays(back.amount_minor) == back


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(buyers())
def test_no_minor_unit_is_lost_when_any_pack_is_sold_at(case: tuple[Buyer, list[int]]) -> None:
    check(*case, Counter())


@pytest.mark.proof
def test_no_minor_unit_is_lost_in_a_hundred_thousand_quotes(totals: Totals) -> None:
    told: Counter[str] = Counter()

    @settings(max_examples=2_000, deadline=None, suppress_health_check=SLOW, print_blob=True)
    @given(buyers())
    def prove(case: tuple[Buyer, list[int]]) -> None:
        check(*case, told)

    began = time.process_time()
    prove()
    assert told["quotes"] >= 100_000
    with totals():
        figures = ", ".join(f"{count} {name}" for name, count in told.items())
        print(f"\nprices: {figures}; {time.process_time() - began:.0f} s of processor time")
