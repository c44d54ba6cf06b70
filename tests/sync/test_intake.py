"""What a centre does with bundles, the same on both databases (design 5, Intake rules)."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain.entry import digest, entry_bytes
from kiosk.errors import StoreFault
from sync import wire
from tests.sync.running_centre import RunningCentre
from tests.sync.sync_terminal import NOON_MS, Terminal, committed, delivered


@pytest.fixture
def enrolled(centre: RunningCentre, terminal: Terminal) -> RunningCentre:
    assert isinstance(centre.enrol(terminal), wire.Enrolment)
    return centre


def acknowledged(answer: wire.Answer) -> int:
    assert isinstance(answer, wire.Acknowledgement), answer
    return answer.upto


def refused(answer: wire.Answer) -> str:
    assert isinstance(answer, wire.Refused), answer
    return answer.code


def held_exactly(centre: RunningCentre, terminal: Terminal, upto: int) -> bool:
    return centre.contents(terminal.origin) == [entry_bytes(e) for e in terminal.entries[:upto]]


def test_entries_are_held_and_acknowledged_when_they_are_new(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    answer = enrolled.send(terminal.packed())
    assert isinstance(answer, wire.Acknowledgement)
    assert wire.acknowledgement_is_genuine(enrolled.public_key, answer)
    assert (answer.origin, answer.upto, answer.digest, answer.centre, answer.time_ms) == (
        "T1", 5, digest(terminal.entries[-1]), "SC1", NOON_MS,
    )  # fmt: skip
    assert held_exactly(enrolled, terminal, 5)


# first and last number of each bundle in turn, and what the centre answers: a number acknowledged,
# or "from n"
CONVERSATIONS = {
    "one after another": [(1, 2, "2"), (3, 5, "5")],
    "twice": [(1, 5, "5"), (1, 5, "5")],
    "an old one again": [(1, 2, "2"), (3, 5, "5"), (1, 2, "5")],
    "a middle one again": [(1, 5, "5"), (2, 3, "5"), (4, 4, "5")],
    "reordered": [(4, 5, "from 1"), (1, 3, "3"), (4, 5, "5")],
    "overlapping": [(1, 3, "3"), (2, 5, "5")],
    "overlapping by the last": [(1, 3, "3"), (3, 5, "5")],
    "a superset": [(2, 3, "from 1"), (1, 2, "2"), (1, 5, "5")],
    "a gap": [(1, 2, "2"), (4, 5, "from 3"), (3, 3, "3"), (4, 5, "5")],
    "one by one": [(n, n, str(n)) for n in range(1, 6)],
}


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_every_entry_is_held_once_when_bundles_come_in_any_order(
    enrolled: RunningCentre, terminal: Terminal, name: str, restarts: bool
) -> None:
    for first, last, expected in CONVERSATIONS[name]:
        if restarts:
            enrolled.restart()
        answer = enrolled.send(terminal.packed(first, last))
        if expected.startswith("from"):
            assert answer == wire.WantFrom(int(expected.split()[1]))
        else:
            assert acknowledged(answer) == int(expected)
    assert held_exactly(enrolled, terminal, 5)
    assert enrolled.alarms() == []


def test_a_group_is_committed_once_when_bundles_arrive_together(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    other = Terminal("T2", seed=2)
    other.sell("x")
    enrolled.enrol(other)
    answers = enrolled.send_together(
        terminal.packed(1, 2), other.packed(), terminal.packed(1, 2), terminal.packed(1, 5)
    )
    first, second, again, wider = (acknowledged(answer) for answer in answers)
    assert (first, second, wider) == (2, 3, 5)
    assert again in (2, 5), "whatever was committed by then"
    assert held_exactly(enrolled, terminal, 5)
    assert held_exactly(enrolled, other, 3)


def test_only_the_bad_one_fails_when_bundles_arrive_together(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    twin = terminal.copy()
    others = [Terminal(f"T{n}", seed=n) for n in range(2, 6)]
    for other in others:
        enrolled.enrol(other)
    enrolled.send(terminal.packed())
    twin.sell("another future")
    terminal.sell("one future")
    enrolled.send(terminal.packed(6))
    answers = enrolled.send_together(twin.packed(6), *(other.packed() for other in others))
    assert refused(answers[0]) == "fork"
    assert [acknowledged(answer) for answer in answers[1:]] == [1, 1, 1, 1]


def test_the_answer_is_where_it_stands_when_the_centre_is_asked(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    assert enrolled.ask("T1") == wire.WantFrom(1)
    enrolled.send(terminal.packed(1, 3))
    assert acknowledged(enrolled.ask("T1")) == 3
    assert refused(enrolled.ask("T9")) == "unknown_origin"


def test_nothing_is_acknowledged_when_the_database_fails(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    other = Terminal("T2", seed=2)
    enrolled.enrol(other)
    enrolled.break_table("entries")
    with pytest.raises(StoreFault):
        enrolled.send_together(terminal.packed(), other.packed())
    enrolled.mend_table("entries")
    assert enrolled.ask("T1") == wire.WantFrom(1)
    assert acknowledged(enrolled.send(terminal.packed())) == 5


# --- what is refused --------------------------------------------------------------------------


def test_nothing_is_held_when_the_origin_is_not_enrolled(centre: RunningCentre) -> None:
    assert refused(centre.send(Terminal("stranger").packed())) == "unknown_origin"
    assert refused(centre.send(Terminal("stranger").packed())) == "unknown_origin"
    assert centre.alarms() == [("", "unknown_origin", 2)]
    assert centre.contents("stranger") == []


def test_nothing_is_held_when_a_link_of_the_chain_is_wrong(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    changed = msgspec.structs.replace(terminal.entries[2], body=b"\x80")
    bundle = wire.Bundle("T1", [*terminal.entries[:2], changed, *terminal.entries[3:]])
    assert refused(enrolled.send(wire.encode_bundle(bundle))) == "broken_chain"
    assert enrolled.alarms() == [("T1", "broken_chain", 1)]
    assert enrolled.contents("T1") == []


@pytest.mark.parametrize("upto", [1, 5])
def test_nothing_is_held_when_the_last_signature_is_not_the_origins(
    enrolled: RunningCentre, terminal: Terminal, upto: int
) -> None:
    *before, last = terminal.entries[:upto]
    forged = msgspec.structs.replace(last, signature=bytes(64))
    bundle = wire.Bundle("T1", [*before, forged])
    assert refused(enrolled.send(wire.encode_bundle(bundle))) == "bad_signature"
    assert enrolled.alarms() == [("T1", "bad_signature", 1)]
    assert enrolled.contents("T1") == []
    assert acknowledged(enrolled.send(terminal.packed())) == 5


def test_nothing_is_held_when_another_terminal_signs_as_this_one(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    thief = Terminal("T1", seed=66)
    assert refused(enrolled.send(thief.packed())) == "bad_signature"
    assert not enrolled.figures("T1").frozen
    assert acknowledged(enrolled.send(terminal.packed())) == 5


@pytest.mark.parametrize("begins", [1, 5, 6], ids=["overlapping", "last again", "continuing"])
def test_the_origin_is_frozen_when_a_number_was_written_twice(
    enrolled: RunningCentre, terminal: Terminal, begins: int
) -> None:
    twin = terminal.copy()
    twin.entries.pop()
    twin.write(committed("c"), delivered("c"))
    assert acknowledged(enrolled.send(terminal.packed())) == 5
    assert refused(enrolled.send(twin.packed(begins))) == "fork"
    assert enrolled.figures("T1").frozen
    assert enrolled.alarms() == [("T1", "fork", 1)]
    enrolled.restart()
    terminal.sell("c")
    assert refused(enrolled.send(terminal.packed(6))) == "origin_frozen"
    assert held_exactly(enrolled, terminal, 5)


def test_the_origin_is_frozen_when_the_twin_is_older_than_the_head(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    twin = terminal.copy()
    del twin.entries[2:]
    twin.write(committed("z"))
    enrolled.send(terminal.packed())
    assert refused(enrolled.send(twin.packed(2, 3))) == "fork"


# --- what the books cannot apply (E27) --------------------------------------------------------


def test_the_entry_is_on_the_shelf_and_later_ones_pass_when_the_books_cannot_apply_it(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    terminal.write_raw("sale_teleported", 1, b"\x80")
    terminal.write_raw("sale_committed", 9, b"\x80")
    terminal.write_raw("sale_committed", 1, b"not msgpack at all")
    terminal.write(delivered("never committed"))
    terminal.write(committed("unbalanced", energy_wh=0))
    terminal.write(committed("too much", amount_minor=10**14))
    terminal.sell("c")
    assert acknowledged(enrolled.send(terminal.packed())) == 13
    enrolled.keep_books()
    assert [(each.sequence, each.code) for each in reversed(enrolled.status().shelved)] == [
        (6, "unknown_kind"),
        (7, "unknown_kind"),
        (8, "unreadable_body"),
        (9, "sale_not_open"),
        (10, "sale_does_not_add_up"),
        (11, "amount_out_of_range"),
    ]
    figures = enrolled.figures("T1")
    assert (figures.entries, figures.booked, figures.shelf) == (13, 13, 6)
    assert (figures.sales, figures.delivered) == (3, 3)
    assert enrolled.alarms() == []
