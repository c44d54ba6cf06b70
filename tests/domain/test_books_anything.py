"""Any facts in any order: the books agree with a model that knows nothing of postings.

The model is a naive one, dictionaries and sums: where each sale and each note is now. From that
alone it says which fact is legal and what every account must show.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kiosk.domain import facts
from kiosk.domain.books import Books
from kiosk.errors import Refusal
from tests.builders import METER, cash, delivered, kept_money, notes, offered, sale, stacked

names = st.sampled_from(["a", "b", "c"])
amounts = st.sampled_from([1000, 2000, 3000, 4000])
numbers = st.integers(1, 3)
NOWHERE = ""


class AnyFacts(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.shown: Counter[tuple[str, str]] = Counter()
        #: sale -> where it is: paid, in_doubt; it may be sold again when it has ended.
        self.sales: dict[str, tuple[str, facts.SaleCommitted]] = {}
        self.notes: dict[tuple[str, int], tuple[str, int]] = {}
        self.held: Counter[str] = Counter()
        self.expected: Counter[tuple[str, str]] = Counter()

    def tell(self, fact: facts.Fact, legal: bool) -> bool:
        postings = self.books.apply(fact)
        assert isinstance(postings, Refusal) != legal, (fact, postings)
        if not isinstance(postings, Refusal):
            for posting in postings:
                assert posting.amount
                self.shown[posting.account, posting.currency] += posting.amount
        return legal

    def move(self, account: str, amount: int, currency: str = "ZAR") -> None:
        self.expected[account, currency] += amount

    # --- sales --------------------------------------------------------------------------------

    @rule(name=names, amount=amounts, kept=st.sampled_from([0, 500]), short=st.booleans())
    def sell_for_cash(self, name: str, amount: int, kept: int, short: bool) -> None:
        tenders = [cash(amount - kept - short)] + ([kept_money(kept)] if kept else [])
        committed = sale(name, amount, tenders=tenders)
        if self.tell(committed, name not in self.sales and not short):
            self.sales[name] = ("paid", committed)
            self.move("cash:101", amount - kept)
            self.move(f"meter_account:{METER}", kept)
            self.move("sales_pending", -amount)

    @rule(name=names, amount=amounts)
    def sell_for_notes(self, name: str, amount: int) -> None:
        committed = sale(name, amount, tenders=[notes(amount)])
        if self.tell(committed, name not in self.sales and self.held[name] == amount):
            self.sales[name] = ("paid", committed)
            self.held[name] = 0
            self.move("held_notes", amount)
            self.move("sales_pending", -amount)

    @rule(name=names)
    def deliver(self, name: str) -> None:
        if self.tell(delivered(name), name in self.sales):
            committed = self.sales.pop(name)[1]
            tax = committed.amount_minor * 15 // 115
            self.move("sales_pending", committed.amount_minor)
            self.move("revenue:energy", tax - committed.amount_minor)
            self.move("tax:tax", -tax)
            self.move(f"meter_energy:{METER}", committed.energy_wh, "WH")
            self.move("energy_issued", -committed.energy_wh, "WH")

    @rule(name=names, account=st.sampled_from(["cash:101", f"meter_account:{METER}"]))
    def void(self, name: str, account: str) -> None:
        if self.tell(facts.SaleVoided(name, "test", account), name in self.sales):
            amount = self.sales.pop(name)[1].amount_minor
            self.move("sales_pending", amount)
            self.move(account, -amount)

    @rule(name=names)
    def doubt(self, name: str) -> None:
        if self.tell(facts.SaleInDoubt(name, "", "card", ""), name in self.sales):
            self.sales[name] = ("in_doubt", self.sales[name][1])

    # --- notes --------------------------------------------------------------------------------

    @rule(name=names, number=numbers, amount=st.sampled_from([0, 1000, 2000]))
    def offer(self, name: str, number: int, amount: int) -> None:
        legal = amount > 0 and (name, number) not in self.notes
        if self.tell(offered(name, number, amount), legal):
            self.notes[name, number] = ("offered", amount)

    @rule(name=names, number=numbers)
    def stack(self, name: str, number: int) -> None:
        if self.tell(stacked(name, number), (name, number) in self.notes):
            amount = self.notes.pop((name, number))[1]
            self.held[name] += amount
            self.move("cash:acceptor", amount)
            self.move("held_notes", -amount)

    @rule(name=names, number=numbers)
    def give_back(self, name: str, number: int) -> None:
        if self.tell(facts.NoteReturned(name, number, ""), (name, number) in self.notes):
            del self.notes[name, number]

    @rule(name=names, number=numbers)
    def lose(self, name: str, number: int) -> None:
        where, amount = self.notes.get((name, number), (NOWHERE, 0))
        if self.tell(facts.NoteInDoubt(name, number, ""), where == "offered"):
            self.notes[name, number] = ("lost", amount)

    @rule(name=names, amount=amounts, exact=st.booleans())
    def keep(self, name: str, amount: int, exact: bool) -> None:
        amount = self.held[name] if exact else amount
        legal = amount > 0 and self.held[name] == amount
        if self.tell(facts.PaymentKept(name, METER, amount, "ZAR", ""), legal):
            self.held[name] = 0
            self.move("held_notes", amount)
            self.move(f"meter_account:{METER}", -amount)

    # --- what must always be so ---------------------------------------------------------------

    @invariant()
    def every_account_shows_what_the_model_says(self) -> None:
        assert {k: v for k, v in self.shown.items() if v} == {
            k: v for k, v in self.expected.items() if v
        }

    @invariant()
    def the_sum_is_zero_in_every_currency(self) -> None:
        totals: Counter[str] = Counter()
        for (_account, currency), amount in self.shown.items():
            totals[currency] += amount
        assert not any(totals.values())

    @invariant()
    def what_is_pending_is_what_is_open(self) -> None:
        pending = sum(open_sale.committed.amount_minor for open_sale in self.books.sales.values())
        assert self.shown["sales_pending", "ZAR"] == -pending
        states = {name: open_sale.state for name, open_sale in self.books.sales.items()}
        assert states == {name: state for name, (state, _) in self.sales.items()}


TestAnyFacts = AnyFacts.TestCase
TestAnyFacts.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
