"""How a terminal becomes known: its lane, its key, its one-time code."""

from __future__ import annotations

from sync import wire
from tests.sync.running_centre import RunningCentre
from tests.sync.sync_terminal import Terminal


def with_code(centre: RunningCentre, terminal: Terminal, code: str) -> str | int:
    """The lane, or the code of the refusal."""
    request = wire.EnrolmentRequest(terminal.origin, terminal.public_key.hex(), code)
    answer = centre.run(centre.hall.reception.enrol(request, code=code))
    return answer.residue if isinstance(answer, wire.Enrolment) else answer.code


def lane(answer: wire.Enrolment | wire.Refused) -> tuple[int, int]:
    assert isinstance(answer, wire.Enrolment), answer
    return answer.residue, answer.lanes


def test_every_terminal_gets_a_lane_of_its_own_and_keeps_it(centre: RunningCentre) -> None:
    terminals = [Terminal(f"T{n}", seed=n) for n in range(1, 9)]
    lanes = [lane(centre.enrol(terminal)) for terminal in terminals]
    assert lanes == [(residue, 8) for residue in range(8)]
    centre.restart()
    assert [lane(centre.enrol(terminal)) for terminal in terminals] == lanes


def test_the_terminal_learns_who_acknowledges_when_it_enrols(centre: RunningCentre) -> None:
    centre.hall.reception.lease_days = 30
    told = centre.enrol(Terminal())
    assert isinstance(told, wire.Enrolment)
    sealing_key = told.sealing_key
    assert len(bytes.fromhex(sealing_key)) == 32
    assert told == wire.Enrolment("SC1", centre.public_key.hex(), 0, 8, 30, sealing_key)


def test_enrolment_is_refused_when_the_name_has_another_key(centre: RunningCentre) -> None:
    centre.enrol(Terminal())
    answer = centre.enrol(Terminal(seed=2))
    assert isinstance(answer, wire.Refused) and answer.code == "other_key"
    assert centre.alarms() == [("", "other_key", 1)]


def test_enrolment_is_refused_when_all_lanes_are_taken(centre: RunningCentre) -> None:
    for number in range(1, 9):
        centre.enrol(Terminal(f"T{number}", seed=number))
    answer = centre.enrol(Terminal("T9", seed=9))
    assert isinstance(answer, wire.Refused) and answer.code == "no_lane_left"


def test_a_code_enrols_its_terminal_once(centre: RunningCentre) -> None:
    centre.run(centre.hall.holdings.keep_code("T1", "right"))
    first, second = Terminal("T1", seed=1), Terminal("T2", seed=2)
    assert with_code(centre, first, "wrong") == "bad_code"
    assert with_code(centre, second, "right") == "bad_code"
    assert with_code(centre, first, "") == "bad_code"
    assert with_code(centre, first, "right") == 0
    assert with_code(centre, first, "right") == 0, "the same key again gives the same lane"
    assert with_code(centre, Terminal("T1", seed=3), "right") == "other_key"


def test_the_older_code_is_void_when_a_new_one_was_made(centre: RunningCentre) -> None:
    centre.run(centre.hall.holdings.keep_code("T1", "old"))
    centre.run(centre.hall.holdings.keep_code("T1", "new"))
    assert with_code(centre, Terminal(), "old") == "bad_code"
    assert with_code(centre, Terminal(), "new") == 0


def test_enrolment_is_refused_when_name_or_key_are_none(centre: RunningCentre) -> None:
    for origin, key in (("../etc", "00" * 32), ("", "00" * 32), ("T1", "00"), ("T1", "nothex")):
        request = wire.EnrolmentRequest(origin, key)
        answer = centre.run(centre.hall.reception.enrol(request, code=None))
        assert isinstance(answer, wire.Refused) and answer.code == "bad_request"
