"""The centre's books: the fold of the terminals, kept up behind intake, on both databases."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain import facts
from sync import wire
from sync.centre import bookkeeper
from sync.centre.holdings import Totals
from tests.sync import customers_money
from tests.sync.running_centre import RunningCentre
from tests.sync.sync_terminal import (
    METER,
    Terminal,
    committed,
    delivered,
    in_doubt,
    set_delivered,
    voided,
    with_free,
)

NOTE = facts.NoteOffered("p1", 1, "kiosk-1", METER, "box-1", 7, 2000, "CNY")


@pytest.fixture
def day(centre: RunningCentre) -> Terminal:
    """One sale delivered, one voided, one in doubt, one open, and a note in the box."""
    terminal = Terminal()
    terminal.sell("a")
    terminal.write(committed("b"), voided("b"))
    terminal.write(committed("c"), in_doubt("c"))
    terminal.write(committed("d"))
    terminal.write(NOTE, facts.NoteStacked("p1", 1, 8))
    centre.enrol(terminal)
    return terminal


def test_counts_sums_and_balances_are_those_of_the_terminal_when_all_is_in(
    centre: RunningCentre, day: Terminal
) -> None:
    centre.send(day.packed())
    centre.keep_books()
    figures = centre.figures("T1")
    assert (figures.sales, figures.delivered, figures.voided) == (4, 1, 1)
    assert (figures.open, figures.in_doubt, figures.shelf) == (2, 1, 0)
    assert figures.totals == {"CNY": Totals(4, 1, 1, 4000, 1000, 1000, 20_000)}
    assert figures.balances == {
        "CNY": {
            "cash:amina": 3000,
            "cash:box-1": 2000,
            "held_notes": -2000,
            "revenue:energy": -900,
            "sales_pending": -2000,
            "tax:tax": -100,
        },
        "WH": {"energy_issued": -20_000, "meter_energy": 20_000},
    }


def test_the_books_are_the_same_when_the_bookkeeper_starts_anew_after_every_entry(
    centre: RunningCentre, day: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    day.write(delivered("c"), voided("d"))
    day.write(facts.PaymentKept("p1", METER, 2000, "CNY", "left"))
    for number in range(1, len(day.entries) + 1):
        centre.send(day.packed(number, number))
        centre.run(centre.another_bookkeeper().catch_up())
    step_by_step = centre.figures("T1")
    assert (step_by_step.open, step_by_step.in_doubt, step_by_step.shelf) == (0, 0, 0)
    assert step_by_step.balances["CNY"]["meter_account"] == -2000

    other = Terminal("T2", seed=2)
    for entry in day.entries[1:]:
        other.write_raw(entry.kind, entry.version, entry.body)
    centre.enrol(other)
    centre.send(other.packed())
    monkeypatch.setattr(bookkeeper, "PAGE", 4)
    centre.keep_books()
    at_once = centre.figures("T2")
    assert (at_once.totals, at_once.balances) == (step_by_step.totals, step_by_step.balances)


def test_free_energy_is_booked_when_its_sale_was_open_while_the_bookkeeper_was_away(
    centre: RunningCentre,
) -> None:
    terminal = Terminal()
    terminal.write(with_free(committed("a")), set_delivered("a"), delivered("a"))
    terminal.write(with_free(committed("b")), delivered("b"))
    centre.enrol(terminal)
    for number in range(1, len(terminal.entries) + 1):
        centre.send(terminal.packed(number, number))
        centre.run(centre.another_bookkeeper().catch_up())
    figures = centre.figures("T1")
    assert figures.balances["WH"] == {
        "energy_issued": -20_000, "free_energy": -5_000, "meter_energy": 25_000
    }  # fmt: skip
    # Neither ends a sale a second time, nor a set by a part of it.
    assert [each.code for each in centre.status().shelved] == [
        "sale_does_not_add_up", "sale_not_open"
    ]  # fmt: skip
    assert (figures.delivered, figures.open) == (1, 1)


def test_nothing_is_booked_twice_when_two_bookkeepers_turn_the_same_page(
    centre: RunningCentre, day: Terminal
) -> None:
    centre.send(day.packed(1, 4))
    first, second = centre.another_bookkeeper(), centre.another_bookkeeper()
    centre.run(first.catch_up())
    centre.run(second.catch_up())
    centre.send(day.packed(5))
    centre.run(second.catch_up())
    # The first still remembers where it stopped; its page is not taken, and it looks again.
    centre.send(day.packed())
    centre.run(first.catch_up())
    day.sell("e")
    centre.send(day.packed())
    centre.run(first.catch_up())
    figures = centre.figures("T1")
    assert (figures.sales, figures.booked, figures.shelf) == (5, len(day.entries), 0)


def test_the_sum_is_that_of_all_origins_when_there_are_several(centre: RunningCentre) -> None:
    for number in range(1, 4):
        terminal = Terminal(f"T{number}", seed=number)
        terminal.sell(*(f"{number}-{sale}" for sale in range(number)))
        centre.enrol(terminal)
        centre.send(terminal.packed())
    centre.keep_books()
    total = centre.status().sum
    assert (total.entries, total.booked, total.sales, total.delivered) == (15, 15, 6, 6)
    assert total.totals["CNY"].delivered_minor == 6000
    assert total.balances["WH"] == {"energy_issued": -120_000, "meter_energy": 120_000}


# facts that no honest till writes, and the reason on the shelf
@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (facts.NoteOffered("p", 1, "k", METER, "box\0", 1, 100, "CNY"), "name_out_of_range"),
        (facts.NoteOffered("p", 1, "k", METER, "b" * 10_000, 1, 100, "CNY"), "name_out_of_range"),
        (facts.NoteOffered("p", 1, "k", METER, "box", 1, 2**63, "CNY"), "amount_out_of_range"),
        (facts.NoteOffered("p", 1, "k", METER, "box", 1, -100, "CNY"), "note_not_open"),
        (committed("x", amount_minor=0), "sale_does_not_add_up"),
        (committed("x", amount_minor=-1000), "sale_does_not_add_up"),
        (committed("x", energy_wh=2**62), "amount_out_of_range"),
        (facts.SaleVoided("x", "no", "cash:\0"), "name_out_of_range"),
        (facts.PaymentKept("p", METER, 100, "CNY", "left"), "payment_not_held"),
    ],
)
def test_the_fact_is_on_the_shelf_and_the_next_sale_is_booked_when_no_honest_till_writes_it(
    centre: RunningCentre, fact: facts.Fact, code: str
) -> None:
    terminal = Terminal()
    terminal.write(fact)
    terminal.sell("after")
    centre.enrol(terminal)
    assert isinstance(centre.send(terminal.packed()), wire.Acknowledgement)
    centre.keep_books()
    assert [each.code for each in centre.status().shelved] == [code]
    assert centre.figures("T1").delivered == 1


def test_the_body_is_on_the_shelf_when_it_is_nested_deeply(centre: RunningCentre) -> None:
    terminal = Terminal()
    terminal.write_raw("sale_delivered", 1, b"\x81\xa1x" + b"\x91" * 100_000)
    terminal.write_raw("sale_delivered", 1, msgspec.msgpack.encode({"sale_id": 1.5}))
    centre.enrol(terminal)
    assert isinstance(centre.send(terminal.packed()), wire.Acknowledgement)
    centre.keep_books()
    assert [each.code for each in centre.status().shelved] == ["unreadable_body"] * 2


def test_other_books_go_on_and_an_alarm_is_raised_when_one_origin_cannot_be_folded(
    centre: RunningCentre,
) -> None:
    first, second = Terminal("T1", seed=1), Terminal("T2", seed=2)
    for terminal in (first, second):
        terminal.sell("a")
        centre.enrol(terminal)
        centre.send(terminal.packed())
    centre.execute("DELETE FROM entries WHERE origin = 'T1' AND sequence = 2")
    centre.keep_books()
    assert (centre.figures("T1").booked, centre.figures("T2").booked) == (0, 3)
    assert centre.alarms() == [("T1", "books_stand_still", 1)]


def test_customers_money_is_in_the_books_of_the_centre_when_its_facts_are_in(
    centre: RunningCentre,
) -> None:
    terminal = Terminal()
    terminal.write(*customers_money.day())
    centre.enrol(terminal)
    centre.send(terminal.packed())
    centre.keep_books()
    figures = centre.figures("T1")
    assert figures.shelf == 0
    kinds: dict[str, int] = {}
    for name, amount in figures.balances["CNY"].items():
        kind = name.partition(":")[0]
        kinds[kind] = kinds.get(kind, 0) + amount
    assert {kind: amount for kind, amount in kinds.items() if amount} == customers_money.BALANCES


def test_a_huge_figure_goes_to_the_shelf_when_it_is_in_customers_money(
    centre: RunningCentre,
) -> None:
    terminal = Terminal()
    top_up = customers_money.day()[0]
    huge = 2**62
    terminal.write(msgspec.structs.replace(top_up, amount_minor=huge, tendered_minor=huge))
    terminal.write(msgspec.structs.replace(top_up, account="x" * 300))
    centre.enrol(terminal)
    centre.send(terminal.packed())
    centre.keep_books()
    assert centre.figures("T1").shelf == 2
