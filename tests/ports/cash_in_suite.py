"""What every note acceptor must do: one suite for all implementations of CashIn."""

from __future__ import annotations

from typing import Protocol

import pytest

from kiosk.ports import CashEvent, CashIn, CashKind


class CashBench(Protocol):
    """An acceptor under test that knows notes of 50, 100 and 200, and the hands of its customer."""

    cash: CashIn

    def feed(self, amount_minor: int) -> str: ...

    def fate(self, ticket: str) -> str: ...


def expect(cash: CashIn, kind: CashKind, limit_s: float = 60.0) -> CashEvent:
    """The next event, which must be of this kind."""
    event = cash.wait(limit_s)
    assert event is not None, f"no event, {kind} was expected"
    assert event.kind == kind, event
    return event


class CashInSuite:
    @pytest.fixture
    def bench(self) -> CashBench:
        raise NotImplementedError

    def test_values_are_minor_units_when_the_notes_are_asked_for(self, bench: CashBench) -> None:
        assert bench.cash.notes() == [5000, 10000, 20000]

    def test_nothing_is_said_when_no_note_comes(self, bench: CashBench) -> None:
        bench.cash.enable([5000])
        assert bench.cash.wait(0.05) is None

    def test_a_note_is_money_when_it_was_stacked(self, bench: CashBench) -> None:
        bench.cash.enable([5000, 20000])
        ticket = bench.feed(20000)
        assert expect(bench.cash, "escrow").amount_minor == 20000
        assert bench.fate(ticket) == "waiting"
        bench.cash.stack()
        assert expect(bench.cash, "stacked").amount_minor == 20000
        assert bench.fate(ticket) == "stacked"

    def test_a_note_goes_back_when_it_is_given_back(self, bench: CashBench) -> None:
        bench.cash.enable([10000])
        ticket = bench.feed(10000)
        expect(bench.cash, "escrow")
        bench.cash.give_back()
        expect(bench.cash, "returned")
        assert bench.fate(ticket) == "returned"

    def test_a_note_is_rejected_when_its_value_is_not_taken(self, bench: CashBench) -> None:
        bench.cash.enable([5000, 10000])
        ticket = bench.feed(20000)
        assert expect(bench.cash, "rejected").amount_minor == 0
        assert bench.fate(ticket) == "rejected"

    def test_a_note_is_rejected_when_the_acceptor_is_disabled(self, bench: CashBench) -> None:
        bench.cash.enable([5000])
        bench.cash.disable()
        ticket = bench.feed(5000)
        expect(bench.cash, "rejected")
        assert bench.fate(ticket) == "rejected"

    def test_the_note_in_escrow_goes_back_when_disabled(self, bench: CashBench) -> None:
        bench.cash.enable([5000])
        ticket = bench.feed(5000)
        expect(bench.cash, "escrow")
        bench.cash.disable()
        expect(bench.cash, "returned")
        assert bench.fate(ticket) == "returned"

    def test_nothing_happens_when_there_is_no_note_to_decide_on(self, bench: CashBench) -> None:
        bench.cash.enable([5000])
        bench.cash.stack()
        bench.cash.give_back()
        assert bench.cash.wait(0.05) is None

    def test_the_counter_goes_on_by_one_when_an_event_comes(self, bench: CashBench) -> None:
        bench.cash.enable([5000])
        bench.feed(5000)
        first = expect(bench.cash, "escrow")
        bench.cash.stack()
        assert expect(bench.cash, "stacked").counter == first.counter + 1

    def test_everything_is_told_when_nobody_had_listened(self, bench: CashBench) -> None:
        bench.cash.enable([5000])
        bench.feed(5000)
        known = expect(bench.cash, "escrow").counter
        bench.cash.stack()
        expect(bench.cash, "stacked")
        missed = bench.cash.since(known)
        assert [(event.kind, event.amount_minor) for event in missed] == [("stacked", 5000)]
        assert bench.cash.since(missed[-1].counter) == []
        assert bench.cash.wait(0.05) is None
