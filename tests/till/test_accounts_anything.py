"""Any verbs of customers' money in any order, sales between them: the books are a naive model's.

The model is plain dictionaries: what each account holds, what each customer owes, which cheque
waits. From that alone it says which verb may succeed and what every account must show.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from kiosk.domain.account_record import AccountRecord
from kiosk.domain.debts import Plan
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.front.wiring import build
from kiosk.till import account, bills, debt, maintain, operators, reverse
from kiosk.till.quote import Buyer, find_buyer, quote
from kiosk.till.sell import cash_payment, sell
from tests.till import hall as halls
from tests.till.hall import CARD, CATALOGUE, KEYPAD, SECOND, Hall, HallClock

METERS = [KEYPAD, CARD, halls.meter_number("keypad", debt=True)]
OWNERS = [next(m.account for m in CATALOGUE.meters if m.number == number) for number in METERS]

who = st.integers(0, 2)
amounts = st.sampled_from([100, 500, 1_000, 2_500, 7_000])
sources = st.sampled_from(["cash", "capital"])


@cache
def template() -> Path:
    path = Path(tempfile.mkdtemp()) / "home"
    build(path, halls.settings(), clock=HallClock()).close()
    return path


#: Verbs that were called in this process: a proof says how many it stands on.
CALLED: Counter[str] = Counter()


class AnyMoney(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.hall = Hall(Path(self.folder.name) / "hall", template())
        self.desk = self.hall.station()
        self.has: Counter[str] = Counter()
        for customer in CATALOGUE.customers:
            self.has[f"receivable:{customer.account}"] += customer.opening_debt_minor
            self.has["opening_debts"] -= customer.opening_debt_minor
        self.cheques: dict[str, tuple[str, int, str]] = {}
        self.bills: dict[str, tuple[str, int]] = {}
        self.tokens: list[SaleRecord] = []
        self.on_card: SaleRecord | None = None
        self.told: Counter[str] = Counter()
        self.count = 0

    def teardown(self) -> None:
        proof = maintain.verify(self.desk)
        assert not proof.first_bad, proof
        for owner in OWNERS:
            shown = self.desk.records.account_events(owner, 10_000)
            assert len(shown) == self.told[owner]
        self.hall.close()
        self.folder.cleanup()

    def answered(self, outcome: AccountRecord | Refusal, legal: bool, *owners: str) -> bool:
        assert isinstance(outcome, AccountRecord) == legal, outcome
        if legal:
            self.told.update(set(owners))
        return legal

    def move(self, debit: str, credit: str, amount: int) -> None:
        self.has[debit] += amount
        self.has[credit] -= amount

    def name(self) -> str:
        self.count += 1
        return f"event{self.count}"

    def purse(self, account_name: str) -> int:
        return -self.has[account_name]

    # --- money --------------------------------------------------------------------------------

    @rule(n=who, amount=amounts)
    def pay_in(self, n: int, amount: int) -> None:
        owner = OWNERS[n]
        if self.answered(account.top_up(self.desk, owner, "cash", amount), True, owner):
            self.move("cash:101", f"capital_account:{owner}", amount)

    @rule(n=who, amount=amounts)
    def bring_a_cheque(self, n: int, amount: int) -> None:
        owner, name = OWNERS[n], self.name()
        outcome = account.top_up(self.desk, owner, "cheque", amount, reference=name, event_id=name)
        if self.answered(outcome, True, owner):
            self.cheques[name] = (owner, amount, "received")
            self.move("in_clearing:cheque", f"uncleared_account:{owner}", amount)

    @rule(data=st.data())
    def clear(self, data: st.DataObject) -> None:
        if not self.cheques:
            return
        name = data.draw(st.sampled_from(sorted(self.cheques)))
        owner, amount, state = self.cheques[name]
        legal = state == "received"
        self.desk.operator = "102"
        outcome = account.clear(self.desk, name)
        self.desk.operator = "101"
        if state == "cleared":
            assert isinstance(outcome, AccountRecord)  # the first answer again (E05)
        elif self.answered(outcome, legal, owner):
            self.cheques[name] = (owner, amount, "cleared")
            self.move("bank", "in_clearing:cheque", amount)
            self.move(f"uncleared_account:{owner}", f"capital_account:{owner}", amount)

    @rule(data=st.data())
    def bounce(self, data: st.DataObject) -> None:
        if not self.cheques:
            return
        name = data.draw(st.sampled_from(sorted(self.cheques)))
        owner, amount, state = self.cheques[name]
        outcome = account.bounce(self.desk, name, "no cover")
        if not self.answered(outcome, state != "bounced", owner):
            return
        self.cheques[name] = (owner, amount, "bounced")
        if state == "received":
            self.move(f"uncleared_account:{owner}", "in_clearing:cheque", amount)
            return
        taken = min(amount, self.purse(f"capital_account:{owner}"))
        self.move(f"capital_account:{owner}", "bank", taken)
        self.move(f"receivable:{owner}", "bank", amount - taken)

    @rule(n=who, other=who, amount=amounts, to_meter=st.booleans())
    def transfer(self, n: int, other: int, amount: int, to_meter: bool) -> None:
        source, target = f"capital:{OWNERS[n]}", f"capital:{OWNERS[other]}"
        books = f"capital_account:{OWNERS[n]}", f"capital_account:{OWNERS[other]}"
        if to_meter:
            target, books = f"meter:{METERS[other]}", (books[0], f"meter_account:{METERS[other]}")
        legal = books[0] != books[1] and self.purse(books[0]) >= amount
        outcome = account.transfer(self.desk, source, target, amount, "asked for", SECOND)
        if self.answered(outcome, legal, OWNERS[n], OWNERS[other]):
            self.move(books[0], books[1], amount)

    @rule(n=who, amount=amounts, bank=st.booleans())
    def refund(self, n: int, amount: int, bank: bool) -> None:
        own = f"capital_account:{OWNERS[n]}"
        outcome = account.refund(
            self.desk, f"capital:{OWNERS[n]}", amount, "asked for", SECOND, through_bank=bank
        )
        there = bank or self.has["cash:101"] >= amount
        if self.answered(outcome, self.purse(own) >= amount and there, OWNERS[n]):
            self.move(own, "bank" if bank else "cash:101", amount)

    @rule(n=who, amount=amounts, source=sources)
    def deposit(self, n: int, amount: int, source: str) -> None:
        place = "cash:101" if source == "cash" else f"capital_account:{OWNERS[n]}"
        legal = source == "cash" or self.purse(place) >= amount
        outcome = account.take_deposit(self.desk, OWNERS[n], amount, source)
        if self.answered(outcome, legal, OWNERS[n]):
            self.move(place, f"deposit:{OWNERS[n]}", amount)

    # --- debts and bills ----------------------------------------------------------------------

    @rule(n=who, amount=amounts, kind=st.sampled_from(["arrears", "fee", "consumed"]))
    def owe(self, n: int, amount: int, kind: str) -> None:
        against = {"arrears": "opening_debts", "fee": "revenue:fee", "consumed": "reallocated"}
        outcome = debt.record(self.desk, OWNERS[n], kind, amount, "2026-03-01", "old book", SECOND)
        if self.answered(outcome, True, OWNERS[n]):
            self.move(f"receivable:{OWNERS[n]}", against[kind], amount)

    @rule(n=who, amount=amounts, source=sources)
    def pay_debt(self, n: int, amount: int, source: str) -> None:
        place = "cash:101" if source == "cash" else f"capital_account:{OWNERS[n]}"
        owes = max(0, self.has[f"receivable:{OWNERS[n]}"])
        legal = amount <= owes and (source == "cash" or self.purse(place) >= amount)
        outcome = debt.pay(self.desk, OWNERS[n], amount, source=source)
        if self.answered(outcome, legal, OWNERS[n]):
            self.move(place, f"receivable:{OWNERS[n]}", amount)

    @rule(n=who, amount=amounts)
    def write_off(self, n: int, amount: int) -> None:
        found = self.desk.records.open_debts(OWNERS[n])
        if found:
            outcome = debt.write_off(self.desk, found[0].debt_id, amount, "too old", SECOND)
            if self.answered(outcome, amount <= found[0].open_minor, OWNERS[n]):
                self.move("written_off", f"receivable:{OWNERS[n]}", amount)

    @rule(
        n=who,
        plan=st.sampled_from(
            [Plan("fixed", 300), Plan("share", share_ppm=600_000, order="newest"), Plan("tariff")]
        ),
    )
    def agree(self, n: int, plan: Plan) -> None:
        self.answered(debt.agree_plan(self.desk, OWNERS[n], plan, "agreed"), True, OWNERS[n])

    @rule(n=who, amount=amounts, late=st.booleans())
    def bill(self, n: int, amount: int, late: bool) -> None:
        name, due = self.name(), "2026-01-31" if late else "2027-01-31"
        text = f"{name},{OWNERS[n]},N,7,2026-10,{amount // 100},{due},1.00"
        read = bills.read_bills([",".join(bills.COLUMNS), text], halls.CURRENCY, "101")
        assert bills.take_in(self.desk, read) == bills.Taken(1, 0)
        self.told[OWNERS[n]] += 1
        self.bills[name] = (OWNERS[n], 100 if late else 0)
        self.move(f"bills_receivable:{OWNERS[n]}", "billed", amount)

    @rule(data=st.data(), source=sources)
    def collect(self, data: st.DataObject, source: str) -> None:
        if not self.bills:
            return
        name = data.draw(st.sampled_from(sorted(self.bills)))
        owner, fee = self.bills[name]
        bill = self.desk.records.bill(name)
        assert bill is not None
        open_minor = bill.open_minor
        place = "cash:101" if source == "cash" else f"capital_account:{owner}"
        legal = open_minor > 0 and (source == "cash" or self.purse(place) >= open_minor + fee)
        if self.answered(bills.collect(self.desk, name, source=source), legal, owner):
            self.move(place, f"bills_receivable:{owner}", open_minor)
            self.move(place, "revenue:late_fee", fee)

    # --- sales and what comes after -----------------------------------------------------------

    @rule(n=st.sampled_from([0, 2]), amount=st.sampled_from([2_000, 5_000]), source=sources)
    def buy_a_token(self, n: int, amount: int, source: str) -> None:
        record = self._buy(METERS[n], amount, source)
        if record is not None:
            self.tokens.append(record)

    @rule(amount=st.sampled_from([2_000, 5_000]))
    def buy_on_the_card(self, amount: int) -> None:
        if self.on_card is None:
            self.hall.take_out()
            self.hall.put_in(CARD)
            self.on_card = self._buy(CARD, amount, "cash")

    @rule(to=st.sampled_from(["cash", "capital", "meter"]))
    def take_back(self, to: str) -> None:
        if self.on_card is None:
            return
        sale = self.on_card.committed
        outcome = reverse.reverse(self.desk, sale.sale_id, "wrong amount", to=to)
        kept = any(tender.kind != "cash" for tender in sale.tenders)
        if not self.answered(outcome, not (to == "cash" and kept), sale.account):
            return
        places = {
            "cash": "cash:101", "capital": f"capital_account:{sale.account}",
            "meter": f"meter_account:{CARD}",
        }  # fmt: skip
        for line in sale.lines:
            self.move(line.account, places[to], line.amount_minor)
        self.on_card = None

    @rule()
    def use_the_card(self) -> None:
        if self.on_card is not None:
            self.hall.take_out()
            self.hall.insert_in_meter(CARD)
            self.hall.put_in(CARD)
            refused = reverse.reverse(self.desk, self.on_card.committed.sale_id, "wrong amount")
            assert halls.code(refused) == "card_consumed"
            self.on_card = None

    @rule(n=who, consumed=st.booleans())
    def move_to_the_right_one(self, n: int, consumed: bool) -> None:
        if not self.tokens:
            return
        sale = self.tokens.pop().committed
        outcome = reverse.reallocate(
            self.desk, sale.sale_id, f"capital:{OWNERS[n]}", "wrong meter", SECOND,
            consumed=consumed,
        )  # fmt: skip
        assert self.answered(outcome, True, sale.account, OWNERS[n])
        paid_off = sum(line.amount_minor for line in sale.lines if line.code == "debt")
        owed = sale.amount_minor if consumed else paid_off
        self.move(f"receivable:{sale.account}", f"capital_account:{OWNERS[n]}", owed)
        rest = sale.amount_minor - owed
        self.move("reallocated", f"capital_account:{OWNERS[n]}", rest)

    def _buy(self, meter: str, amount: int, source: str) -> SaleRecord | None:
        buyer = find_buyer(self.desk, meter)
        assert isinstance(buyer, Buyer), buyer
        offer = quote(self.desk, buyer, amount)
        if isinstance(offer, Refusal):
            assert offer.code in {"amount_buys_nothing", "identifier_lead"}
            return None
        kept = min(amount, self.purse(f"meter_account:{meter}"))
        own = f"capital_account:{buyer.customer.account}"
        if source == "capital":
            payment = account.capital_payment(self.desk, buyer, amount)
            assert isinstance(payment, Refusal) == (self.purse(own) < amount - kept)
        else:
            payment = cash_payment(self.desk, amount, amount - kept, buyer)
        if isinstance(payment, Refusal):
            return None
        record = sell(self.desk, offer, payment)
        if isinstance(record, Refusal):
            assert record.code == "identifier_lead"
            return None
        assert record.state == "delivered"
        place = own if source == "capital" else "cash:101"
        for line in record.committed.lines:
            self.move("the sale", line.account, line.amount_minor)
        self.move(f"meter_account:{meter}", "the sale", kept)
        self.move(place, "the sale", amount - kept)
        return record

    # --- what must always be so ---------------------------------------------------------------

    @invariant()
    def every_account_shows_what_the_model_says(self) -> None:
        CALLED["verbs"] += 1
        money = {
            name: amount
            for name, currency, amount in self.desk.records.balances()
            if currency == halls.CURRENCY and amount
        }
        assert money == {name: amount for name, amount in self.has.items() if amount}
        assert not sum(money.values())

    @invariant()
    def the_debts_are_the_receivables(self) -> None:
        for owner in OWNERS:
            owed = sum(one.open_minor for one in self.desk.records.open_debts(owner))
            owed -= self.desk.records.debt_credit(owner, halls.CURRENCY)
            assert owed == self.has[f"receivable:{owner}"]


@pytest.fixture
def quick_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PIN is compared and not hashed: its hash takes longer than everything else here."""
    monkeypatch.setattr(operators, "_matches", lambda _stored, pin, _pepper: pin == "1234")


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        AnyMoney,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.usefixtures("quick_pins")
def test_the_books_are_the_models_after_some_verbs() -> None:
    _run(3, 30)
