"""The press beside a printer that misbehaves: the sale never waits, and no slip comes out late."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from kiosk import marks
from kiosk.errors import PrinterFault
from kiosk.ports import PrinterStatus, SlipLine, Slips, SlipState
from receipts.press import Press
from receipts.roll import Roll

LINES = [SlipLine("Total", right="20.00"), SlipLine("12.4 kWh", style="large")]
PAPER_OF_ONE_SLIP = 1 + 2 + 6
LIMIT_S = 60.0


class FaultyPrinter:
    """A printer at the port: prints, refuses, breaks off or holds still, as it is told."""

    name = "double"

    def __init__(self, state: str = "ok") -> None:
        self.state, self.printed = state, list[bytes]()
        self.fault: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()

    def status(self) -> PrinterStatus:
        return self._status()

    def send(self, job: bytes) -> PrinterStatus:
        self.reached.set()
        assert self.open.wait(LIMIT_S)
        if self.fault is not None:
            raise self.fault
        if self.state in ("ok", "paper_low", "unknown"):
            self.printed.append(job)
        return self._status()

    def _status(self) -> PrinterStatus:
        return PrinterStatus(self.state)  # type: ignore[arg-type]


class PlainEncoder:
    """Lines to bytes without a child; can be held up or made to fail."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()
        self.closed = False

    def encode(self, lines: Sequence[SlipLine]) -> bytes:
        self.reached.set()
        assert self.open.wait(LIMIT_S)
        if self.fault is not None:
            raise self.fault
        return "\n".join(line.text for line in lines).encode()

    def close(self) -> None:
        self.closed = True


class Outcomes:
    """What `on_outcome` was told, and a way to wait for it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, SlipState]] = []
        self._changed = threading.Condition()

    def __call__(self, job: str, state: SlipState) -> None:
        with self._changed:
            self.told.append((job, state))
            self._changed.notify_all()

    def wait(self, count: int = 1) -> list[tuple[str, SlipState]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.told) >= count, LIMIT_S), self.told
            return self.told


class Hall:
    """A press with everything around it in a test's hands."""

    def __init__(self, folder: Path, roll_lines: int = 100) -> None:
        self.printer, self.encoder, self.outcomes = FaultyPrinter(), PlainEncoder(), Outcomes()
        self.paper = folder / "paper.json"
        self.roll_lines = roll_lines
        self.press = self.open()

    def open(self, told: Callable[[str, SlipState], None] | None = None) -> Press:
        self.press = Press(
            self.printer,
            columns=42,
            roll_lines=self.roll_lines,
            paper_path=self.paper,
            on_outcome=told or self.outcomes,
            ask_every_s=0.01,
            encoder=self.encoder,
        )
        return self.press

    def seen(self, state: str) -> bool:
        """Wait until the press has seen the printer in `state`."""
        pause = threading.Event()
        return any(self.press.state().state == state or pause.wait(0.01) for _ in range(6000))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.printer.open.set()
    made.encoder.open.set()
    made.press.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "press"]


def test_a_slip_is_printed_once_and_its_end_is_told(hall: Hall) -> None:
    port: Slips = hall.press
    port.submit("sale-1/0", LINES)
    assert hall.outcomes.wait() == [("sale-1/0", "printed")]
    assert port.outcome("sale-1/0") == "printed"
    port.submit("sale-1/0", LINES)  # a double key press (E05)
    port.submit("sale-1/1", LINES)
    assert hall.outcomes.wait(2) == [("sale-1/0", "printed"), ("sale-1/1", "printed")]
    assert len(hall.printer.printed) == 2
    assert port.outcome("never submitted") == "unknown"


FAULTS = [
    # the printer says     the slip is  paper moved
    ("ok",                 "printed",   True),
    ("paper_low",          "printed",   True),
    ("unknown",            "unknown",   True),
    ("paper_out",          "failed",    False),
    ("cover_open",         "failed",    False),
    ("offline",            "failed",    False),
    ("error",              "failed",    False),
]  # fmt: skip


@pytest.mark.parametrize(("said", "state", "moved"), FAULTS)
def test_e04_the_end_of_a_slip_is_what_the_printer_says_after_it(
    hall: Hall, said: str, state: SlipState, moved: bool
) -> None:
    hall.printer.state = said
    hall.press.submit("sale-1/0", LINES)
    assert hall.outcomes.wait() == [("sale-1/0", state)]
    assert hall.press.paper_left_lines() == 100 - (PAPER_OF_ONE_SLIP if moved else 0)
    assert hall.seen(said)


SURPRISES = [
    (PrinterFault("It broke off."), "failed"),
    (OSError("a driver's own fault"), "unknown"),
    (RuntimeError("a bug"), "unknown"),
]


@pytest.mark.parametrize(("fault", "state"), SURPRISES)
def test_the_press_goes_on_when_the_printer_is_broken(
    hall: Hall, fault: Exception, state: SlipState
) -> None:
    hall.printer.fault = fault
    hall.press.submit("sale-1/0", LINES)
    assert hall.outcomes.wait() == [("sale-1/0", state)]
    hall.printer.fault = None
    hall.press.submit("sale-2/0", LINES)
    assert hall.outcomes.wait(2)[1] == ("sale-2/0", "printed")


def test_the_next_slip_is_printed_when_one_cannot_be_encoded(hall: Hall) -> None:
    hall.encoder.fault = PrinterFault("The slip encoder ended twice without an answer.")
    hall.press.submit("sale-1/0", LINES)
    assert hall.outcomes.wait() == [("sale-1/0", "failed")]
    hall.encoder.fault = None
    hall.press.submit("sale-1/0", LINES)
    assert hall.outcomes.wait(2)[1] == ("sale-1/0", "printed")


def test_a_slip_is_printed_again_when_it_failed_and_is_asked_for_again(hall: Hall) -> None:
    hall.printer.state = "paper_out"
    hall.press.submit("sale-1/0", LINES)
    hall.outcomes.wait()
    hall.printer.state = "ok"
    hall.press.submit("sale-1/0", LINES)
    assert hall.outcomes.wait(2)[1] == ("sale-1/0", "printed")
    assert len(hall.printer.printed) == 1


def test_e04_a_slip_never_comes_out_later_when_its_customer_has_gone(hall: Hall) -> None:
    hall.printer.open.clear()
    hall.press.submit("first", LINES)
    assert hall.printer.reached.wait(LIMIT_S)
    hall.press.submit("second", LINES)
    hall.press.abandon("second")
    assert hall.press.outcome("second") == "failed"
    hall.printer.open.set()
    assert hall.outcomes.wait(2) == [("first", "printed"), ("second", "failed")]
    assert len(hall.printer.printed) == 1


def test_e04_a_slip_is_dropped_when_the_customer_goes_while_it_is_encoded(hall: Hall) -> None:
    hall.encoder.open.clear()
    hall.press.submit("sale-1/0", LINES)
    assert hall.encoder.reached.wait(LIMIT_S)
    hall.press.abandon("sale-1/0")
    hall.encoder.open.set()
    assert hall.outcomes.wait() == [("sale-1/0", "failed")]
    assert hall.printer.printed == []


def test_a_slip_in_the_printer_keeps_its_end_when_it_is_abandoned_too_late(hall: Hall) -> None:
    hall.printer.open.clear()
    hall.press.submit("sale-1/0", LINES)
    assert hall.printer.reached.wait(LIMIT_S)
    hall.press.abandon("sale-1/0")
    hall.press.abandon("never submitted")
    assert hall.press.outcome("sale-1/0") == "printing"
    hall.printer.open.set()
    assert hall.outcomes.wait() == [("sale-1/0", "printed")]


def test_a_slip_can_be_asked_for_again_when_it_was_abandoned(hall: Hall) -> None:
    hall.printer.open.clear()
    hall.press.submit("first", LINES)
    assert hall.printer.reached.wait(LIMIT_S)
    hall.press.submit("second", LINES)
    hall.press.abandon("second")
    hall.press.submit("second", LINES)
    hall.printer.open.set()
    assert hall.outcomes.wait(3)[1:] == [("second", "failed"), ("second", "printed")]
    assert hall.press.outcome("second") == "printed"
    assert len(hall.printer.printed) == 2


def test_nothing_is_printed_any_more_when_the_press_is_closed(hall: Hall) -> None:
    hall.printer.open.clear()
    hall.press.submit("first", LINES)
    assert hall.printer.reached.wait(LIMIT_S)
    hall.press.submit("second", LINES)
    threading.Timer(0.05, hall.printer.open.set).start()
    hall.press.close()
    assert hall.outcomes.told == [("first", "printed"), ("second", "failed")]
    assert hall.encoder.closed
    hall.press.submit("third", LINES)
    assert hall.press.outcome("third") == "failed"
    assert len(hall.printer.printed) == 1


def test_the_state_follows_the_printer_when_nothing_is_printed(hall: Hall) -> None:
    for state in ("ok", "cover_open", "paper_out", "offline", "ok"):
        hall.printer.state = state
        assert hall.seen(state)


def test_the_press_goes_on_when_whoever_is_told_fails(hall: Hall) -> None:
    hall.press.close()

    def fails(job: str, state: SlipState) -> None:
        hall.outcomes(job, state)
        raise RuntimeError(job)

    press = hall.open(fails)
    press.submit("one", LINES)
    press.submit("two", LINES)
    assert hall.outcomes.wait(2) == [("one", "printed"), ("two", "printed")]


def test_the_marks_stand_around_the_paper(hall: Hall) -> None:
    passed: list[tuple[str, int, SlipState]] = []
    marks.arm(
        lambda name: passed.append(
            (name, len(hall.printer.printed), hall.press.outcome("sale-1/0"))
        )
    )
    try:
        hall.press.submit("sale-1/0", LINES)
        hall.outcomes.wait()
    finally:
        marks.arm(None)
    assert passed == [("slip.before_print", 0, "printing"), ("slip.after_print", 1, "printing")]


# --- the roll ---------------------------------------------------------------------------------


def test_the_paper_is_counted_over_a_restart_until_a_new_roll_is_in(hall: Hall) -> None:
    hall.press.submit("one", LINES)
    hall.press.submit("two", LINES)
    hall.outcomes.wait(2)
    hall.press.close()
    press = hall.open()
    assert press.paper_left_lines() == 100 - 2 * PAPER_OF_ONE_SLIP
    press.roll_changed()
    assert press.paper_left_lines() == 100
    press.close()
    assert hall.open().paper_left_lines() == 100


def test_one_roll_is_counted_when_faces_share_a_printer(tmp_path: Path) -> None:
    counter, kiosk = Roll(tmp_path / "paper.json", 100), Roll(tmp_path / "paper.json", 100)
    counter.use(30)
    kiosk.use(30)
    assert counter.left() == kiosk.left() == 40
    counter.change()
    assert kiosk.left() == 100


def test_the_count_never_falls_below_nothing(hall: Hall) -> None:
    for number in range(12):
        hall.press.submit(str(number), LINES)
    hall.outcomes.wait(12)
    assert hall.press.paper_left_lines() == 0


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"used_lines": -3}', b"\xff", b'{"x": 1}'])
def test_the_roll_counts_as_empty_when_its_file_cannot_be_read(hall: Hall, content: bytes) -> None:
    hall.press.close()
    hall.paper.write_bytes(content)
    assert hall.open().paper_left_lines() == 0


def test_slips_go_on_when_the_disk_takes_no_count(tmp_path: Path) -> None:
    hall = Hall(tmp_path / "not" / "there")
    hall.press.submit("one", LINES)
    assert hall.outcomes.wait() == [("one", "printed")]
    assert hall.press.paper_left_lines() == 100 - PAPER_OF_ONE_SLIP
    hall.press.close()
