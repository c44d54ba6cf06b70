"""As `AnyMoney`, with everything else that can be done to a customer: opened, amended, replaced,
closed, charged interest, priced again. The model stays a dictionary."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from kiosk.domain import correction_facts
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.registry import Customer
from kiosk.errors import Refusal
from kiosk.till import (
    account,
    amend,
    bills,
    closing,
    debt,
    registration,
    replace,
    rerate,
    reverse,
    tokens,
)  # fmt: skip
from kiosk.till.credit_left import Final
from kiosk.till.new_meter import NewMeter
from tests.till import hall as halls
from tests.till.hall import CARD, KEYPAD, SECOND
from tests.till.new_prices import LONG_MS, publish
from tests.till.test_accounts_anything import (
    CALLED,
    OWNERS,
    AnyMoney,
    amounts,
    quick_pins,
    who,
)  # fmt: skip
from tests.till.test_opening_accounts import number
from tests.till.verb_table import VERBS
from tests.totals import Totals

__all__ = ["quick_pins"]

#: Months whose interest may be charged; none of them lies after the clock of the hall.
MONTHS = ["2026-05", "2026-07", "2026-09"]
PER_CENT = [80, 120, 150]
#: A fresh meter is sold to by nobody, so its number may be used up quickly.
MOST_FRESH = 12

#: Rules that ran in this process, by name.
RAN: Counter[str] = Counter()


class AnyVerb(AnyMoney):
    def __init__(self) -> None:
        super().__init__()
        rules = msgspec.structs.replace(
            self.desk.settings.accounts, interest_ppm_per_month=20_000, rerate_to="customer"
        )
        self.desk.settings = msgspec.structs.replace(self.desk.settings, accounts=rules)
        #: Customers who were opened here -> their meter in use, or nothing.
        self.fresh: dict[str, str] = {}
        self.closed: set[str] = set()
        self.meters = 0
        self.packs = 1

    def draw(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.fresh)))

    def new_meter(self) -> NewMeter:
        self.meters += 1
        return NewMeter(number(60 + self.meters), "keypad", "home")

    # --- customers who come and go ------------------------------------------------------------

    @rule(with_meter=st.booleans())
    def open(self, with_meter: bool) -> None:
        RAN["open"] += 1
        if len(self.fresh) >= MOST_FRESH:
            return
        new = self.new_meter() if with_meter else None
        person = Customer("", f"Customer {self.meters}", "1 New Road", "", 0)
        opened = registration.open_account(self.desk, person, new)
        assert not isinstance(opened, Refusal), opened
        self.fresh[opened.customer.account] = new.number if new is not None else ""

    @rule(data=st.data(), amount=amounts)
    def fresh_money(self, data: st.DataObject, amount: int) -> None:
        if not self.fresh:
            return
        RAN["fresh_money"] += 1
        owner = self.draw(data)
        act = data.draw(st.sampled_from(["top_up", "deposit", "owe", "to_meter"]))
        meter = self.fresh[owner]
        legal = owner not in self.closed
        outcome: AccountRecord | Refusal
        if act == "top_up":
            outcome = account.top_up(self.desk, owner, "cash", amount)
            move = ("cash:101", f"capital_account:{owner}")
        elif act == "deposit":
            outcome = account.take_deposit(self.desk, owner, amount)
            move = ("cash:101", f"deposit:{owner}")
        elif act == "owe":
            outcome = debt.record(self.desk, owner, "fee", amount, "2026-03-01", "fee", SECOND)
            move = (f"receivable:{owner}", "revenue:fee")
        elif meter:
            outcome = account.transfer(
                self.desk, f"capital:{owner}", f"meter:{meter}", amount, "asked", SECOND
            )
            move = (f"capital_account:{owner}", f"meter_account:{meter}")
            legal = legal and self.purse(move[0]) >= amount
        else:
            return
        if self.answered(outcome, legal):
            self.move(*move, amount)

    @rule(data=st.data(), amount=amounts, bank=st.booleans())
    def deposit_back(self, data: st.DataObject, amount: int, bank: bool) -> None:
        if not self.fresh:
            return
        RAN["deposit_back"] += 1
        owner = self.draw(data)
        held = f"deposit:{owner}"
        outcome = account.refund(self.desk, held, amount, "asked", SECOND, through_bank=bank)
        there = bank or self.has["cash:101"] >= amount
        legal = owner not in self.closed and self.purse(held) >= amount and there
        if self.answered(outcome, legal):
            self.move(held, "bank" if bank else "cash:101", amount)

    @rule(data=st.data(), left_wh=st.sampled_from([0, 2_000]))
    def replace_meter(self, data: st.DataObject, left_wh: int) -> None:
        if not any(self.fresh.values()):
            return
        RAN["replace_meter"] += 1
        owner = data.draw(st.sampled_from(sorted(o for o, meter in self.fresh.items() if meter)))
        old, new = self.fresh[owner], self.new_meter()
        read = Final("technician", 100, left_wh)
        outcome = replace.replace_meter(self.desk, old, new, read, "broken", SECOND)
        assert isinstance(outcome, Refusal) == (owner in self.closed), outcome
        if owner not in self.closed:
            self.fresh[owner] = new.number
            kept = self.purse(f"meter_account:{old}")
            self.move(f"meter_account:{old}", f"meter_account:{new.number}", kept)

    @rule(data=st.data())
    def cancel_meter(self, data: st.DataObject) -> None:
        if not any(self.fresh.values()):
            return
        RAN["cancel_meter"] += 1
        owner = data.draw(st.sampled_from(sorted(o for o, meter in self.fresh.items() if meter)))
        meter = self.fresh[owner]
        read = Final("technician", 100, 0)
        outcome = replace.cancel_meter(self.desk, meter, read, "not needed", SECOND)
        assert isinstance(outcome, Refusal) == bool(self.purse(f"meter_account:{meter}")), outcome
        if not isinstance(outcome, Refusal):
            self.fresh[owner] = ""

    @rule(data=st.data())
    def further_meter(self, data: st.DataObject) -> None:
        without = sorted(owner for owner, meter in self.fresh.items() if not meter)
        if not without:
            return
        RAN["further_meter"] += 1
        owner, new = data.draw(st.sampled_from(without)), self.new_meter()
        outcome = registration.add_meter(self.desk, owner, new)
        assert isinstance(outcome, Refusal) == (owner in self.closed), outcome
        if owner not in self.closed:
            self.fresh[owner] = new.number

    @rule(data=st.data(), bank=st.booleans(), with_meter=st.booleans())
    def leave(self, data: st.DataObject, bank: bool, with_meter: bool) -> None:
        if not self.fresh:
            return
        RAN["leave"] += 1
        owner = self.draw(data)
        meter = self.fresh[owner]
        purses = [f"capital_account:{owner}", f"deposit:{owner}", f"meter_account:{meter}"]
        kept = {purse: self.purse(purse) for purse in purses}
        owed = self.has[f"receivable:{owner}"]
        finals = {meter: Final("technician", 100, 0)} if meter and with_meter else {}
        outcome = closing.close(
            self.desk, owner, "moved away", SECOND, through_bank=bank, finals=finals
        )
        rest = sum(kept.values()) - owed
        there = bank or self.has["cash:101"] >= rest
        legal = owner not in self.closed and rest >= 0 and there
        assert isinstance(outcome, Refusal) != legal, outcome
        if not legal:
            return
        self.closed.add(owner)
        for purse, amount in kept.items():
            self.move(purse, "bank" if bank else "cash:101", amount)
        self.move("bank" if bank else "cash:101", f"receivable:{owner}", owed)
        if finals:
            self.fresh[owner] = ""

    # --- records, readings, tokens: no money moves --------------------------------------------

    @rule(n=who, what=st.sampled_from(["name", "block", "capacity", "type", "shares", "read"]))
    def amend(self, n: int, what: str) -> None:
        RAN["amend"] += 1
        self.count += 1
        desk, name = self.desk, f"Name {self.count}"
        outcome: object
        if what == "name":
            outcome = amend.amend_customer(desk, OWNERS[n], "name", name, "married")
        elif what == "read":
            outcome = amend.read_meter(desk, KEYPAD, self.count)
        elif what == "block":
            outcome = amend.block(desk, KEYPAD, "checked")
            assert not isinstance(outcome, Refusal), outcome
            outcome = amend.unblock(desk, KEYPAD, "sound")
        elif what == "capacity":
            outcome = amend.change_capacity(desk, KEYPAD, self.count, "larger")
        elif what == "shares":
            outcome = amend.set_shares(
                desk, KEYPAD, [("home", 600_000), ("shop", 400_000)], "shop below"
            )
            assert not isinstance(outcome, Refusal), outcome
            outcome = amend.set_shares(desk, KEYPAD, [], "shop closed")
        else:
            outcome = amend.change_power_type(desk, KEYPAD, "shop", "shop now")
            assert not isinstance(outcome, Refusal), outcome
            outcome = amend.change_power_type(desk, KEYPAD, "home", "home again")
        assert not isinstance(outcome, Refusal), outcome

    @rule()
    def give_free_units(self) -> None:
        RAN["free"] += 1
        outcome = tokens.give_free(self.desk, KEYPAD, 5_000, "flood", SECOND)
        assert not isinstance(outcome, Refusal) or outcome.code == "identifier_lead", outcome

    # --- debts and prices ---------------------------------------------------------------------

    @rule(month=st.sampled_from(MONTHS))
    def interest(self, month: str) -> None:
        RAN["interest"] += 1
        events = debt.charge_interest(self.desk, month)
        assert not isinstance(events, Refusal), events
        for event in events:
            charged = event.figures[0].amount_minor
            assert 0 < charged <= self.has[f"receivable:{event.account}"] * 20_000 // 1_000_000
            self.told[event.account] += 1
            self.move(f"receivable:{event.account}", "revenue:interest", charged)
        assert debt.charge_interest(self.desk, month) == []

    @rule(n=who, amount=amounts)
    def use_what_was_overpaid(self, n: int, amount: int) -> None:
        RAN["overpaid"] += 1
        owing, own = f"receivable:{OWNERS[n]}", f"capital_account:{OWNERS[n]}"
        outcome = account.transfer(
            self.desk, f"overpaid:{OWNERS[n]}", f"capital:{OWNERS[n]}", amount, "asked", SECOND
        )
        if self.answered(outcome, -self.has[owing] >= amount, OWNERS[n]):
            self.move(owing, own, amount)

    @rule(per_cent=st.sampled_from(PER_CENT))
    def new_prices(self, per_cent: int) -> None:
        RAN["new_prices"] += 1
        self.packs += 1
        publish(self.desk, per_cent, self.desk.clock.now().time_ms - LONG_MS, self.packs)
        looked = rerate.look(self.desk)
        events = rerate.rerate_all(self.desk)
        assert not isinstance(events, Refusal)
        assert not isinstance(looked, Refusal)
        assert len(events) <= len(looked)
        for event in events:
            self._priced_again(event)
        assert not isinstance(rerate.rerate_all(self.desk), Refusal)

    def _priced_again(self, event: AccountRecord) -> None:
        fact = self.desk.records.fact(event.sequence)
        assert isinstance(fact, correction_facts.SaleRerated)
        difference = fact.due_minor - fact.paid_minor
        self.told[event.account] += 1
        if difference >= 0:
            self.move(f"receivable:{fact.account}", "tariff_variance", difference)
        else:
            self.move("tariff_variance", f"meter_account:{fact.meter}", -difference)
        refused = reverse.reverse(self.desk, fact.sale_id, "wrong amount", second=SECOND)
        assert halls.code(refused) == "sale_priced_again"
        self.tokens = [one for one in self.tokens if one.committed.sale_id != fact.sale_id]
        if self.on_card is not None and self.on_card.committed.sale_id == fact.sale_id:
            self.hall.take_out()
            self.hall.insert_in_meter(CARD)
            self.hall.put_in(CARD)
            self.on_card = None

    @rule(n=who)
    def a_bill_by_hand(self, n: int) -> None:
        RAN["bill"] += 1
        name = self.name()
        row = (name, OWNERS[n], "", "", "", "7", "2027-01-31", "")
        outcome = bills.add(self.desk, dict(zip(bills.COLUMNS, row, strict=True)))
        assert outcome == bills.Taken(1, 0)
        self.told[OWNERS[n]] += 1
        self.bills[name] = (OWNERS[n], 0)
        self.move(f"bills_receivable:{OWNERS[n]}", "billed", 700)


#: Verbs of the table that no sequence of the model calls, and why.
ELSEWHERE = {
    ("bills", "take_file"): "bills.add from a file: tests/front/test_account_commands.py",
    ("clinic", "replace"): "moves no money: tests/till/test_clinic.py",
    ("credit", "give_credit"): "energy, or no money of the books: tests/till/test_credit.py",
    ("judge", "judge"): "two halls: tests/till/test_judging.py",
    ("keys", "change_key"): "moves no money: tests/till/test_vending_keys.py",
    ("keys", "confirm"): "moves no money: tests/till/test_vending_keys.py",
    ("keys", "load"): "moves no money: tests/till/test_vending_keys.py",
    ("recover", "recover"): "after a stop: tests/crash",
    ("replace", "finish_transfer"): "after a stop: tests/till/test_replacing.py",
    ("replace", "finish_for"): "after a stop: tests/till/test_replacing.py",
    ("rerate", "rerate"): "called by rerate_all",
    ("tokens", "engineer"): "moves no money: tests/till/test_tokens_without_sale.py",
    ("tokens", "meter_test"): "moves no money: tests/till/test_tokens_without_sale.py",
}


def test_every_verb_of_the_table_is_called_by_the_model() -> None:
    called = set()
    for path in (Path(__file__), Path(__file__).with_name("test_accounts_anything.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                called.add((node.value.id, node.attr))
            elif isinstance(node, ast.Name) and node.id == "sell":
                called.add(("sell", "sell"))
    assert {verb for verb in VERBS if verb not in called} == set(ELSEWHERE)


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        AnyVerb,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.usefixtures("quick_pins")
def test_the_books_are_the_models_after_some_of_every_verb() -> None:
    _run(2, 30)


@pytest.mark.proof
@pytest.mark.usefixtures("quick_pins")
def test_the_books_are_the_models_after_twenty_thousand_verbs(totals: Totals) -> None:
    before = CALLED["verbs"]
    _run(250, 100)
    with totals():
        print(
            f"any verb of the till: {CALLED['verbs'] - before} steps, {sum(RAN.values())} of them"
        )
        print(f"  of customers, meters, prices: {dict(RAN)}")
    assert CALLED["verbs"] - before >= 20_000
    assert set(RAN) == {
        "open", "fresh_money", "deposit_back", "replace_meter", "cancel_meter", "further_meter",
        "leave", "amend", "free", "interest", "overpaid", "new_prices", "bill",
    }  # fmt: skip
