"""The courier: what it sends, what it believes, and how it waits. Time is moved by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from kiosk import marks
from kiosk.errors import LinkFault, StoreFault
from kiosk.ports import Moment
from sync import wire
from sync.centre.hall import Settings
from sync.courier import (
    BATCH_BYTES,
    IDLE_S,
    Courier,
    EnrolledCentre,
    Retry,
    bundles,
    retry_delay_s,
    settle,
)
from tests.sync.running_centre import RunningCentre
from tests.sync.sync_terminal import NOON_MS, Head, Terminal


class HandClock:
    """Stands still until somebody moves it."""

    def __init__(self) -> None:
        self.monotonic = 1000

    def now(self) -> Moment:
        return Moment(NOON_MS + self.monotonic, "synced")

    def monotonic_ms(self) -> int:
        return self.monotonic


class DirectRoad:
    """Straight into a centre in this process. `spoil` may change or lose what comes back."""

    def __init__(self, centre: RunningCentre) -> None:
        self.centre = centre
        self.spoil: Callable[[bytes], bytes] = lambda answer: answer
        self.cut = False
        self.offered: list[tuple[int, int]] = []

    def offer(self, bundle: bytes) -> bytes:
        self._check()
        entries = wire.decode_bundle(bundle).entries
        self.offered.append((entries[0].sequence, entries[-1].sequence))
        return self.spoil(wire.encode_answer(self.centre.send(bundle)))

    def ask(self, origin: str) -> bytes:
        self._check()
        return self.spoil(wire.encode_answer(self.centre.ask(origin)))

    def close(self) -> None:
        self.cut = True

    def _check(self) -> None:
        if self.cut:
            raise LinkFault("The line is cut.")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def road(small_centre: RunningCentre, terminal: Terminal) -> DirectRoad:
    small_centre.enrol(terminal)
    return DirectRoad(small_centre)


@pytest.fixture
def courier(road: DirectRoad, terminal: Terminal, clock: HandClock) -> Courier:
    enrolled = EnrolledCentre("SC1", road.centre.public_key)
    return Courier(terminal, road, enrolled, clock, lambda: 0.0)


def until_idle(courier: Courier) -> float:
    while (rest_s := courier.step()) == 0.0:
        pass
    return rest_s


# --- what it sends ----------------------------------------------------------------------------


def test_everything_is_acknowledged_when_the_line_is_up(
    courier: Courier, road: DirectRoad, terminal: Terminal, clock: HandClock
) -> None:
    assert until_idle(courier) == IDLE_S
    state = courier.state()
    assert (state.online, state.acknowledged, state.trouble) == (True, 5, "")
    assert state.last_contact_ms == clock.now().time_ms
    anchor = terminal.anchors[-1]
    kept = wire.decode_answer(anchor.content)
    assert isinstance(kept, wire.Acknowledgement)
    assert (anchor.sequence, anchor.digest, anchor.centre) == (5, terminal.head().digest, "SC1")
    assert wire.acknowledgement_is_genuine(road.centre.public_key, kept)


def test_only_what_is_new_is_sent_when_something_is_written_later(
    courier: Courier, road: DirectRoad, terminal: Terminal
) -> None:
    until_idle(courier)
    terminal.sell("c")
    until_idle(courier)
    assert road.offered == [(1, 5), (6, 7)]
    assert courier.state().acknowledged == 7


def test_it_begins_where_the_centre_stands_when_it_is_started_anew(
    courier: Courier, road: DirectRoad, terminal: Terminal, clock: HandClock
) -> None:
    until_idle(courier)
    terminal.sell("c")
    enrolled = EnrolledCentre("SC1", road.centre.public_key)
    again = Courier(terminal, road, enrolled, clock, lambda: 0.0)
    assert again.state().acknowledged == 5
    until_idle(again)
    assert road.offered == [(1, 5), (6, 7)]


def test_batches_stay_small_when_much_is_waiting(
    courier: Courier, road: DirectRoad, terminal: Terminal
) -> None:
    for number in range(1200):
        terminal.write_raw("note", 1, b"%d" % number)
    terminal.write_raw("long", 1, bytes(BATCH_BYTES + 1))
    terminal.write_raw("short", 1, b"")
    until_idle(courier)
    assert road.offered == [(1, 500), (501, 1000), (1001, 1205), (1206, 1206), (1207, 1207)]
    assert courier.state().acknowledged == 1207


def test_the_same_batches_are_made_when_they_go_into_a_file(terminal: Terminal) -> None:
    for number in range(600):
        terminal.write_raw("note", 1, b"%d" % number)
    numbers = [(b.entries[0].sequence, b.entries[-1].sequence) for b in bundles(terminal, 3)]
    assert numbers == [(4, 503), (504, 605)]


# --- a bad line -------------------------------------------------------------------------------


def test_it_waits_longer_each_time_and_says_why_when_the_line_is_cut(
    courier: Courier, road: DirectRoad
) -> None:
    road.cut = True
    assert [courier.step() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert courier.state().online is False
    assert courier.state().trouble == "The line is cut."
    road.cut = False
    until_idle(courier)
    assert courier.state().trouble == ""
    road.cut = True
    courier._clock.monotonic += 60_000  # type: ignore[attr-defined]
    assert courier.step() == 1


@pytest.mark.parametrize(
    ("attempt", "jitter", "retry", "delay_s"),
    [
        (1, 1, Retry(), 0.75), (3, 0.5, Retry(), 3.5), (99, 0, Retry(), 60),
        (2, 0, Retry(5, 300), 10), (99, 0, Retry(5, 300), 300), (1, 0, Retry(5, 3), 3),
    ],
)  # fmt: skip
def test_the_delay_is_a_function_of_the_attempt_and_the_settings(
    attempt: int, jitter: float, retry: Retry, delay_s: float
) -> None:
    assert retry_delay_s(attempt, jitter, retry) == delay_s


def test_the_line_rests_as_kiosk_toml_says_when_the_centre_does_not_answer(
    terminal: Terminal, road: DirectRoad, clock: HandClock
) -> None:
    road.cut = True
    enrolled = EnrolledCentre("SC1", road.centre.public_key)
    courier = Courier(terminal, road, enrolled, clock, lambda: 0.0, retry=Retry(7, 20))
    assert [courier.step() for _ in range(4)] == [7, 14, 20, 20]


def test_nothing_is_doubled_when_the_answer_is_lost_after_the_commit(
    courier: Courier, road: DirectRoad, terminal: Terminal
) -> None:
    def lose(_answer: bytes) -> bytes:
        raise LinkFault("The answer was lost.")

    courier.step()  # sends everything
    terminal.sell("c")
    road.spoil = lose
    assert courier.step() == 1
    assert courier.state().acknowledged == 5
    road.spoil = lambda answer: answer
    until_idle(courier)
    assert courier.state().acknowledged == 7
    # It asked first, and had no need to send again.
    assert road.offered == [(1, 5), (6, 7)]
    assert len(road.centre.contents("T1")) == 7


def test_it_learns_that_the_line_is_gone_when_there_is_nothing_to_send(
    courier: Courier, road: DirectRoad, clock: HandClock
) -> None:
    until_idle(courier)
    road.cut = True
    assert courier.step() == IDLE_S, "a nudge with nothing new asks nobody"
    clock.monotonic += round(IDLE_S * 1000)
    courier.step()
    assert courier.state().online is False


# --- what it believes -------------------------------------------------------------------------


def test_the_answer_is_not_believed_when_any_bit_of_it_is_flipped(
    courier: Courier, road: DirectRoad, terminal: Terminal
) -> None:
    whole = road.offer(terminal.packed())
    for at in range(len(whole) * 8):
        road.spoil = _flip(at)
        courier.step()
        assert terminal.anchors == []
        assert courier.state().trouble
    assert courier.state().acknowledged == 0


def _flip(bit: int) -> Callable[[bytes], bytes]:
    def flip(answer: bytes) -> bytes:
        changed = bytearray(answer)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    return flip


def _forgeries(terminal: Terminal, real: RunningCentre) -> dict[str, wire.Acknowledgement]:
    thief = Terminal("SC1", seed=66)
    head: Head = terminal.head()
    key = real.hall.reception._own.signer
    other = Terminal("T2", seed=2)
    return {
        "forged": wire.acknowledge(thief.key, "T1", 5, head.digest, "SC1", 1),
        "too wide": wire.acknowledge(key, "T1", 6, head.digest, "SC1", 1),
        "of another entry": wire.acknowledge(key, "T1", 4, head.digest, "SC1", 1),
        "of another terminal": wire.acknowledge(key, "T2", 1, other.head().digest, "SC1", 1),
        "of another centre": wire.acknowledge(key, "T1", 5, head.digest, "SC2", 1),
    }


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("forged", "not signed by the enrolled centre"),
        ("too wide", "restored from an old backup"),
        ("of another entry", "another entry 4 than ours"),
        ("of another terminal", "not meant for this terminal"),
        ("of another centre", "not meant for this terminal"),
    ],
)
def test_the_acknowledgement_is_not_kept_when_it_is(
    courier: Courier, road: DirectRoad, terminal: Terminal, name: str, sentence: str
) -> None:
    forged = _forgeries(terminal, road.centre)[name]
    road.spoil = lambda _answer: wire.encode_answer(forged)
    heard: list[object] = []
    courier._heard = courier._contact = heard.append
    assert courier.step() == 1
    assert sentence in courier.state().trouble
    assert terminal.anchors == []
    assert heard == [], "it is no contact: it gives neither time nor lease"


def test_nothing_moves_when_an_old_acknowledgement_is_replayed(
    courier: Courier, road: DirectRoad, terminal: Terminal
) -> None:
    until_idle(courier)
    old = terminal.anchors[-1].content
    terminal.sell("c")
    road.spoil = lambda _answer: old
    assert courier.step() == 1
    assert "acknowledges 5 after being given 7" in courier.state().trouble
    assert courier.state().acknowledged == 5


def test_it_does_not_send_for_ever_when_the_centre_keeps_asking_for_the_same(
    courier: Courier, road: DirectRoad
) -> None:
    road.spoil = lambda _answer: wire.encode_answer(wire.WantFrom(1))
    assert courier.step() == 1
    assert "does not take it" in courier.state().trouble
    road.spoil = lambda _answer: wire.encode_answer(wire.WantFrom(7))
    courier.step()
    assert "not written" in courier.state().trouble


def test_the_reason_is_shown_and_the_line_is_up_when_the_centre_refuses(
    road: DirectRoad, clock: HandClock
) -> None:
    stranger = Terminal("T7", seed=7)
    enrolled = EnrolledCentre("SC1", road.centre.public_key)
    courier = Courier(stranger, road, enrolled, clock, lambda: 0.0)
    assert courier.step() == 1
    assert courier.state().online
    assert "not enrolled" in courier.state().trouble


# --- E38 and its mirror -----------------------------------------------------------------------


def test_it_offers_again_what_was_acknowledged_when_the_centre_is_an_old_backup(
    courier: Courier, road: DirectRoad, terminal: Terminal, clock: HandClock, tmp_path: Path
) -> None:
    until_idle(courier)
    key = tmp_path / "centre" / "centre.key"
    restored = RunningCentre(Settings(_with_key(tmp_path / "restored", key), name="SC1", lanes=8))
    try:
        restored.enrol(terminal)
        restored.send(terminal.packed(1, 2))
        road.centre = restored
        clock.monotonic += round(IDLE_S * 1000)
        until_idle(courier)
        assert road.offered == [(1, 5), (3, 5)]
        assert len(restored.contents("T1")) == 5
        assert [anchor.sequence for anchor in terminal.anchors] == [5], "nothing was lost of ours"
    finally:
        restored.close()


def _with_key(home: Path, key: Path) -> Path:
    home.mkdir()
    (home / "centre.key").write_bytes(key.read_bytes())
    return home


def test_a_person_must_decide_when_this_home_is_an_old_backup(
    courier: Courier, road: DirectRoad, terminal: Terminal
) -> None:
    road.centre.send(terminal.packed())
    del terminal.entries[3:]
    courier.step()
    assert "kiosk rejoin" in courier.state().trouble
    assert terminal.anchors == []
    terminal.sell("another", "future")
    courier.step()
    assert "another entry 5 than ours" in courier.state().trouble
    assert road.offered == []


# --- an answer that came by file --------------------------------------------------------------


def test_an_answer_from_a_stick_is_kept_when_it_is_genuine(
    road: DirectRoad, terminal: Terminal
) -> None:
    enrolled = EnrolledCentre("SC1", road.centre.public_key)
    answer = road.centre.send(terminal.packed(1, 3))
    assert isinstance(answer, wire.Acknowledgement)
    assert settle(terminal, enrolled, answer) == 3
    assert settle(terminal, enrolled, answer) == 3
    assert [anchor.sequence for anchor in terminal.anchors] == [3]
    with pytest.raises(LinkFault):
        settle(terminal, enrolled, msgspec.structs.replace(answer, upto=4))


# --- the thread -------------------------------------------------------------------------------


class HallRoad:
    """A road of one centre signature, safe to walk from the courier's thread; tells when walked."""

    def __init__(self, terminal: Terminal, centre: Terminal) -> None:
        self.terminal, self.centre = terminal, centre
        self.walked = threading.Semaphore(0)
        self.held = 0

    def offer(self, bundle: bytes) -> bytes:
        self.held = wire.decode_bundle(bundle).entries[-1].sequence
        return self.ask("")

    def ask(self, _origin: str) -> bytes:
        self.walked.release()
        if self.held == 0:
            return wire.encode_answer(wire.WantFrom(1))
        digest = self.terminal.head().digest
        return wire.encode_answer(
            wire.acknowledge(self.centre.key, "T1", self.held, digest, "SC1", 1)
        )

    def close(self) -> None:
        pass


def test_a_nudge_wakes_it_and_close_ends_it(terminal: Terminal, clock: HandClock) -> None:
    centre = Terminal("SC1", seed=77)
    road = HallRoad(terminal, centre)
    courier = Courier(terminal, road, EnrolledCentre("SC1", centre.public_key), clock, lambda: 0.0)
    courier.start()
    assert road.walked.acquire(timeout=60) and road.walked.acquire(timeout=60)
    terminal.sell("c")
    courier.nudge()
    assert road.walked.acquire(timeout=60)
    courier.close()
    assert courier.state().acknowledged == 7
    assert not any(thread.name == "courier" for thread in threading.enumerate())


class SickJournal(Terminal):
    """A journal whose disk is gone."""

    error: Exception = StoreFault("The disk is gone.")

    def head(self) -> Head:
        raise self.error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (StoreFault("The disk is gone."), "The disk is gone."),
        (ZeroDivisionError("surprise"), "ZeroDivisionError: surprise"),
    ],
)
def test_it_lives_on_and_says_so_when_the_journal_fails(
    road: DirectRoad, clock: HandClock, error: Exception, sentence: str
) -> None:
    journal = SickJournal()
    journal.error = error
    road.spoil = lambda _answer: wire.encode_answer(
        wire.acknowledge(journal.key, "T1", 1, bytes(32), "SC1", 1)
    )
    enrolled = EnrolledCentre("SC1", journal.public_key)
    courier = Courier(journal, road, enrolled, clock, lambda: 0.0)
    assert courier.step() == 1
    assert sentence in courier.state().trouble


def test_its_marks_are_passed_around_the_sending(courier: Courier) -> None:
    passed: list[str] = []
    marks.arm(passed.append)
    try:
        until_idle(courier)
    finally:
        marks.arm(None)
    assert passed == ["courier.before_send", "courier.after_send"]
