"""The driver against the simulated acceptor: the port's suite, faults, power cuts."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.cash import sim
from drivers.cash.cctalk import CctalkBillValidator
from drivers.cash.cctalk_frames import BILL_VALIDATOR, HOST, Check, Frame
from drivers.cash.sim_device import BillDevice
from kiosk.errors import BadInput, CashFault
from kiosk.ports import CashKind
from tests.ports.cash_in_suite import CashInSuite, expect

NOTES_MINOR = [5000, 10000, 20000]


class Bench:
    """A driver, its simulated acceptor and the customer's hands."""

    def __init__(self, folder: Path, check: Check = "sum", echo: bool = True) -> None:
        self.folder = folder
        self.check: Check = check
        self.echo = echo
        self.power_on()
        # A busy machine answers in time; only an answer that is lost costs a second.
        self.cash = CctalkBillValidator(
            self.acceptor.path, "KES", check=check, poll_s=0.01, reply_timeout_s=1.0, tries=2
        )

    def power_on(self) -> None:
        self.acceptor = sim.SimulatedBillValidator(
            self.folder, NOTES_MINOR, "KES", check=self.check, echo=self.echo, tick_s=0.02
        )

    def close(self) -> None:
        self.cash.close()
        self.acceptor.close()

    def feed(self, amount_minor: int) -> str:
        return sim.feed(self.folder, amount_minor)

    def fate(self, ticket: str) -> str:
        return sim.fate(self.folder, ticket)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("fault", "told"),
    [("jam", "note jammed"), ("full", "box full"), ("box_removed", "box removed")],
)
def test_what_keeps_notes_out_is_told_and_taken_back_when_nobody_pays(
    bench: Bench, fault: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.cash.cctalk.CHECK_EVERY_S", 0)
    monkeypatch.setattr("drivers.cash.cctalk.TROUBLED_EVERY_S", 0)
    assert bench.cash.trouble() == ""
    sim.set_fault(bench.folder, fault)
    assert bench.cash.trouble() == told
    sim.set_fault(bench.folder, fault, present=False)
    assert bench.cash.trouble() == ""


class TestSumFormWithEcho(CashInSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        bench = Bench(tmp_path)
        yield bench
        bench.close()


class TestCrcFormWithoutEcho(CashInSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        bench = Bench(tmp_path, "crc", echo=False)
        yield bench
        bench.close()


def test_the_money_is_in_the_box_when_notes_were_stacked(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    for amount_minor in (5000, 20000, 20000):
        bench.feed(amount_minor)
        expect(bench.cash, "escrow")
        bench.cash.stack()
        expect(bench.cash, "stacked")
    assert sim.box_minor(bench.folder) == 45000


def test_the_second_note_waits_when_the_first_is_in_escrow(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    bench.feed(5000)
    second = bench.feed(10000)
    assert expect(bench.cash, "escrow").amount_minor == 5000
    assert bench.cash.wait(0.06) is None
    assert bench.fate(second) == "waiting"
    bench.cash.give_back()
    expect(bench.cash, "returned")
    assert expect(bench.cash, "escrow").amount_minor == 10000


def test_no_escrow_is_told_when_its_note_went_back_before_anybody_asked(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    bench.feed(5000)
    second = bench.feed(10000)
    expect(bench.cash, "escrow")
    bench.cash.stack()
    expect(bench.cash, "stacked")
    bench.cash.give_back()
    while bench.fate(second) != "returned":
        threading.Event().wait(0.01)
    assert expect(bench.cash, "returned").counter == 4


def test_old_news_are_not_told_when_notes_are_wanted_again(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    assert bench.cash.wait(0.06) is None
    bench.cash.disable()
    refused = bench.feed(5000)
    while bench.fate(refused) != "rejected":
        threading.Event().wait(0.01)
    bench.cash.enable(NOTES_MINOR)
    bench.feed(10000)
    assert expect(bench.cash, "escrow").amount_minor == 10000


def test_a_note_is_rejected_when_the_acceptor_does_not_know_it(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    ticket = bench.feed(777)
    expect(bench.cash, "rejected")
    assert bench.fate(ticket) == "rejected"


def test_a_note_is_counted_once_when_answers_are_lost(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    bench.feed(5000)
    expect(bench.cash, "escrow")
    sim.set_fault(bench.folder, "drop_reply")
    bench.cash.stack()
    sim.set_fault(bench.folder, "drop_reply")
    expect(bench.cash, "stacked")
    assert bench.cash.wait(0.05) is None
    assert sim.box_minor(bench.folder) == 5000


def test_the_note_stays_at_the_mouth_when_it_jams_and_comes_in_after(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    sim.set_fault(bench.folder, "jam")
    ticket = bench.feed(5000)
    expect(bench.cash, "jam")
    assert bench.fate(ticket) == "waiting"
    sim.set_fault(bench.folder, "jam", present=False)
    expect(bench.cash, "escrow")


def test_the_note_is_money_only_after_the_jam_when_it_jams_at_the_box(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    bench.feed(5000)
    expect(bench.cash, "escrow")
    sim.set_fault(bench.folder, "jam")
    bench.cash.stack()
    expect(bench.cash, "jam")
    assert sim.box_minor(bench.folder) == 0
    sim.set_fault(bench.folder, "jam", present=False)
    expect(bench.cash, "stacked")


@pytest.mark.parametrize(("fault", "kind"), [("full", "full"), ("box_removed", "removed")])
def test_the_note_in_escrow_goes_back_when_the_box_cannot_take_it(
    bench: Bench, fault: str, kind: CashKind
) -> None:
    bench.cash.enable(NOTES_MINOR)
    ticket = bench.feed(5000)
    expect(bench.cash, "escrow")
    sim.set_fault(bench.folder, fault)
    expect(bench.cash, kind)
    bench.cash.stack()
    expect(bench.cash, "returned")
    assert bench.fate(ticket) == "returned"
    sim.set_fault(bench.folder, fault, present=False)
    expect(bench.cash, "back")


def test_a_gap_is_told_when_more_happened_than_the_device_remembers(bench: Bench) -> None:
    assert bench.cash.since(0) == []
    sim.set_fault(bench.folder, "lost_events")
    kinds = [expect(bench.cash, "lost").kind]
    kinds += [expect(bench.cash, "rejected").kind for _ in range(5)]
    assert bench.cash.wait(0.05) is None


def test_the_acceptor_is_enabled_again_when_the_device_was_reset(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    bench.feed(5000)
    expect(bench.cash, "escrow")
    bench.cash.give_back()
    expect(bench.cash, "returned")
    sim.set_fault(bench.folder, "reset")
    assert expect(bench.cash, "lost").counter == 0
    bench.feed(5000)
    assert expect(bench.cash, "escrow").counter == 1


def test_it_comes_back_by_itself_when_the_device_was_mute(bench: Bench) -> None:
    bench.cash.enable(NOTES_MINOR)
    assert bench.cash.wait(0.03) is None
    sim.set_fault(bench.folder, "mute")
    expect(bench.cash, "lost")
    assert bench.cash.wait(0.1) is None
    with pytest.raises(CashFault):
        bench.cash.stack()
    sim.set_fault(bench.folder, "mute", present=False)
    expect(bench.cash, "back")
    bench.feed(5000)
    expect(bench.cash, "escrow")


def test_nothing_is_missed_when_the_acceptor_was_unplugged(bench: Bench) -> None:
    """E22, E33: power goes with a note in escrow, the device gives it back when power returns."""
    bench.cash.enable(NOTES_MINOR)
    ticket = bench.feed(5000)
    known = expect(bench.cash, "escrow").counter
    bench.acceptor.close()
    expect(bench.cash, "lost")
    bench.power_on()
    expect(bench.cash, "back")
    assert expect(bench.cash, "returned").counter == known + 1
    assert bench.fate(ticket) == "returned"
    bench.feed(10000)
    expect(bench.cash, "escrow")


def test_a_note_is_stacked_when_power_goes_after_the_stack_command(tmp_path: Path) -> None:
    """E22: the command was answered, so it was on disk; the device finishes it."""
    device = BillDevice(tmp_path, NOTES_MINOR, "KES", "ZZ")
    for header, data in ((231, b"\x07\x00"), (153, b"\x03"), (228, b"\x01")):
        assert device.answer(Frame(BILL_VALIDATOR, header, data)) is not None
    ticket = sim.feed(tmp_path, 10000)
    device.step()
    answered = device.answer(Frame(BILL_VALIDATOR, 154, b"\x01"))
    assert answered == Frame(HOST, 0, b"", BILL_VALIDATOR)
    # The power goes here: nothing of `device` is used again.
    bench = Bench(tmp_path)
    assert sim.fate(tmp_path, ticket) == "stacked"
    assert [event.kind for event in bench.cash.since(1)] == ["stacked"]
    assert sim.box_minor(tmp_path) == 10000
    bench.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from drivers.cash import sim
from drivers.cash.cctalk import CctalkBillValidator
folder = Path(sys.argv[1])
acceptor = sim.SimulatedBillValidator(folder, [5000, 10000, 20000], "KES", tick_s=0.02)
cash = CctalkBillValidator(acceptor.path, "KES", poll_s=0.01)
cash.enable([5000])
print(sim.feed(folder, 5000), flush=True)
assert cash.wait(60).kind == "escrow"
if sys.argv[2] == "stack":
    cash.stack()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("decision", "kind"), [("stack", "stacked"), ("none", "returned")])
def test_the_note_is_accounted_for_when_everything_is_killed(
    tmp_path: Path, decision: str, kind: str
) -> None:
    """E22: till and acceptor lose power together; the next start asks and is told."""
    root = Path(sim.__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), decision],
        capture_output=True, text=True, timeout=60, check=False, cwd=root,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    bench = Bench(tmp_path)
    [event] = bench.cash.since(1)
    assert (event.kind, event.counter) == (kind, 2)
    assert bench.fate(killed.stdout.strip()) == kind
    bench.close()


def test_what_happened_before_is_told_when_the_device_was_away_at_start(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    first.cash.enable(NOTES_MINOR)
    first.feed(5000)
    expect(first.cash, "escrow")
    first.cash.stack()
    expect(first.cash, "stacked")
    first.close()
    cash = CctalkBillValidator(first.acceptor.path, "KES", poll_s=0.01)
    with pytest.raises(CashFault):
        cash.since(1)
    expect(cash, "lost")
    first.power_on()
    expect(cash, "back")
    assert expect(cash, "stacked").amount_minor == 5000
    cash.close()
    first.acceptor.close()


def test_a_ticket_is_refused_when_nobody_fed_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No note"):
        sim.fate(tmp_path, "0000")


def test_a_fault_is_refused_when_there_is_none_of_that_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="jam"):
        sim.set_fault(tmp_path, "earthquake")


def test_a_damaged_memory_is_named_when_the_power_comes_on(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(CashFault, match=r"state\.json is damaged"):
        BillDevice(tmp_path, NOTES_MINOR, "KES", "ZZ")


def test_values_keep_their_size_when_the_currency_has_large_notes(tmp_path: Path) -> None:
    notes_minor = [100000, 200000, 500000, 10000000]
    acceptor = sim.SimulatedBillValidator(tmp_path, notes_minor, "VND")
    cash = CctalkBillValidator(acceptor.path, "VND")
    assert cash.notes() == notes_minor
    cash.close()
    acceptor.close()


def test_the_acceptor_costs_nothing_when_nobody_feeds_it(tmp_path: Path) -> None:
    """The idle limit is 0.3 % of a core; the clock is this process's own, over half a second. What
    other threads of it do now and then is not the acceptor's: the calmest half second counts."""
    acceptor = sim.SimulatedBillValidator(tmp_path, NOTES_MINOR, "KES")
    shares: list[float] = []
    while len(shares) < 10 and min(shares, default=1) >= 0.01:
        cpu_s, wall_s = time.process_time(), time.monotonic()
        threading.Event().wait(0.5)
        shares.append((time.process_time() - cpu_s) / (time.monotonic() - wall_s))
    acceptor.close()
    assert min(shares) < 0.01, shares
