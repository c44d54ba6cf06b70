"""Printers against the simulated one: the port's suite, the fault matrix, ghost slips (E04)."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.printer import sim
from drivers.printer.device_file import DevicePrinter
from drivers.printer.escpos_port import EscposPrinter
from drivers.printer.network import NetworkPrinter
from drivers.printer.spool import FilePrinter
from kiosk.errors import BadInput, ConfigFault, PrinterFault
from kiosk.ports import Printer
from tests.ports.printer_suite import CUT, SLIP, PrinterSuite

#: How long a silent printer is waited for where that is the question; where one answers, so long
#: that it does on a busy machine.
LIMIT_S, PATIENT_S = 0.6, 60.0
LONG_SLIP = b"\x1b@" + b"".join(b"line %d of the slip\n" % n for n in range(40)) + CUT


class Bench:
    """A printer driver and what came out of the machine behind it."""

    def __init__(self, printer: Printer, folder: Path) -> None:
        self.printer = printer
        self.folder = folder

    def slips(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.folder.glob("*.bin"))]


def network(
    machine: sim.SimulatedPrinter, limit_s: float = PATIENT_S, one_way: bool = False
) -> NetworkPrinter:
    return NetworkPrinter(machine.host, machine.port, limit_s, one_way=one_way)


def in_time(limit_s: float, call: Callable[[], object]) -> None:
    """`call` ends within `limit_s`; it may try again where another program had the machine."""
    took_s: list[float] = []
    while len(took_s) < 10 and min(took_s, default=limit_s) >= limit_s:
        started_s = time.monotonic()
        call()
        took_s.append(time.monotonic() - started_s)
    assert min(took_s) < limit_s, took_s


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[sim.SimulatedPrinter]:
    machine = sim.SimulatedPrinter(tmp_path)
    yield machine
    machine.close()


@pytest.fixture
def bench(machine: sim.SimulatedPrinter) -> Bench:
    return Bench(network(machine), machine.folder)


@pytest.fixture(params=["network", "device file"])
def either(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    as_device = request.param == "device file"
    machine = sim.SimulatedPrinter(tmp_path, as_device=as_device)
    printer: EscposPrinter = (
        DevicePrinter(Path(machine.path), PATIENT_S) if as_device else network(machine)
    )
    yield Bench(printer, tmp_path)
    machine.close()


class TestEitherWire(PrinterSuite):
    @pytest.fixture
    def bench(self, either: Bench) -> Bench:
        return either


class TestFolder(PrinterSuite):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return Bench(FilePrinter(tmp_path / "slips"), tmp_path / "slips")


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("paper_out", "paper_out"),
        ("cover_open", "cover_open"),
        ("offline", "offline"),
        ("silent", "unknown"),
    ],
)
def test_no_slip_is_sent_when_it_could_not_come_out(either: Bench, fault: str, state: str) -> None:
    """E04: a slip that waits in the printer would come out for the next customer."""
    sim.set_faults(either.folder, fault)
    assert isinstance(either.printer, EscposPrinter)
    either.printer._timeout_s = LIMIT_S if fault == "silent" else PATIENT_S

    def told() -> None:
        assert either.printer.status().state == state
        assert either.printer.send(SLIP).state == state

    in_time(2 * LIMIT_S + 0.2, told)
    either.printer._timeout_s = PATIENT_S
    sim.set_faults(either.folder)
    assert either.printer.send(LONG_SLIP).state == "ok"
    assert either.slips() == [LONG_SLIP]


def test_the_slip_comes_out_when_the_paper_is_only_low(either: Bench) -> None:
    sim.set_faults(either.folder, "paper_low")
    assert either.printer.send(SLIP).state == "paper_low"
    assert either.slips() == [SLIP]


def test_half_a_slip_never_ends_for_a_stranger_when_the_roll_ended(tmp_path: Path) -> None:
    """E04: the rest of a slip is forgotten by the printer, not kept for the new roll."""
    machine = sim.SimulatedPrinter(tmp_path, roll_lines=20)
    bench = Bench(network(machine), tmp_path)
    assert bench.printer.send(LONG_SLIP).state == "paper_out"
    assert sim.paper_left(tmp_path) == 0
    sim.refill(tmp_path, 500)
    assert bench.printer.send(SLIP).state == "ok"
    assert bench.slips() == [SLIP]
    assert sim.paper_left(tmp_path) == 498
    machine.close()


def test_a_kept_slip_comes_out_late_when_nobody_told_the_printer_to_forget(
    machine: sim.SimulatedPrinter, bench: Bench
) -> None:
    """What the driver guards against is real in the simulated printer."""
    sim.set_faults(machine.folder, "paper_out")
    with socket.create_connection((machine.host, machine.port), 2) as careless:
        careless.sendall(SLIP)
    assert bench.printer.status().state == "paper_out"
    assert bench.slips() == []
    sim.set_faults(machine.folder)
    assert bench.printer.send(LONG_SLIP).state == "ok"
    assert bench.slips() == [SLIP, LONG_SLIP]


def test_it_is_offline_when_the_connection_is_refused(tmp_path: Path) -> None:
    machine = sim.SimulatedPrinter(tmp_path)
    machine.close()
    printer = network(machine)

    def told() -> None:
        assert printer.status().state == "offline"
        assert printer.send(SLIP).state == "offline"

    in_time(0.2, told)


def test_it_is_a_fault_when_the_connection_closes_in_the_middle(bench: Bench) -> None:
    sim.set_faults(bench.folder, "close_mid_job")
    assert bench.printer.status().state == "ok"
    with pytest.raises(PrinterFault, match="broke off"):
        bench.printer.send(LONG_SLIP)
    sim.set_faults(bench.folder)
    assert bench.slips() == []
    assert bench.printer.send(SLIP).state == "ok"
    assert bench.slips() == [SLIP]


def test_nobody_knows_when_the_printer_is_too_slow_for_the_limit(
    machine: sim.SimulatedPrinter,
) -> None:
    sim.set_faults(machine.folder, "slow")
    printer = network(machine, LIMIT_S)

    def told() -> None:
        assert printer.send(LONG_SLIP * 20).state == "unknown"

    in_time(LIMIT_S + 0.2, told)


def test_a_slip_comes_out_when_the_printer_is_slow_within_the_limit(bench: Bench) -> None:
    sim.set_faults(bench.folder, "slow")
    assert bench.printer.send(SLIP).state == "ok"
    assert bench.slips() == [SLIP]


def test_it_gives_up_in_time_when_a_client_before_it_holds_the_printer(
    machine: sim.SimulatedPrinter, bench: Bench
) -> None:
    printer = network(machine, LIMIT_S)

    def told() -> None:
        assert printer.status().state == "unknown"
        assert printer.send(SLIP).state == "unknown"

    with socket.create_connection((machine.host, machine.port), 2):
        in_time(2 * LIMIT_S + 0.2, told)
    assert bench.slips() == []


def test_it_gives_up_in_time_when_the_printer_talks_without_end() -> None:
    """Bytes that are no status never end the wait early and never stretch it."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        talker = threading.Thread(target=_talk, args=(listener, stopping))
        talker.start()
        in_time(0.5, lambda: _unknown(NetworkPrinter("127.0.0.1", port, 0.3)))
        stopping.set()
        talker.join()


def _unknown(printer: Printer) -> None:
    assert printer.status().state == "unknown"


def _talk(listener: socket.socket, stopping: threading.Event) -> None:
    listener.settimeout(0.05)
    while not stopping.is_set():
        with suppress(OSError):  # whoever was talked to has gone, or nobody has come yet
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(0.05)
                while not stopping.is_set():
                    connection.sendall(b"\xff\x00\x10" * 50)


def test_a_slip_is_sent_unasked_when_the_printer_never_answers(
    machine: sim.SimulatedPrinter,
) -> None:
    one_way = network(machine, one_way=True)
    assert one_way.status().state == "unknown"
    assert one_way.send(SLIP).state == "unknown"
    assert network(machine).status().state == "ok"  # served after it, so the slip is out
    assert Bench(one_way, machine.folder).slips() == [SLIP]


def test_it_is_offline_when_the_device_file_is_gone_and_back_when_it_returns(
    tmp_path: Path,
) -> None:
    """E33: opened for each call, so nothing has to be restarted."""
    link = tmp_path / "printer-by-serial"
    printer = DevicePrinter(link, PATIENT_S)
    assert printer.status().state == "offline"
    assert printer.send(SLIP).state == "offline"
    machine = sim.SimulatedPrinter(tmp_path / "machine", as_device=True)
    link.symlink_to(machine.path)
    assert printer.send(SLIP).state == "ok"
    machine.close()


def test_an_address_must_be_a_number_when_it_is_configured() -> None:
    with pytest.raises(ConfigFault, match="not an IP address"):
        NetworkPrinter("printer.hall.example")


def test_a_slip_is_refused_when_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    printer = FilePrinter(tmp_path / "file" / "slips")
    assert printer.status().state == "offline"
    assert printer.send(SLIP).state == "offline"


def test_it_is_a_fault_when_the_disk_takes_no_slip(tmp_path: Path) -> None:
    """E18, with a folder in the way of the file that is written aside."""
    (tmp_path / f".0001.bin.{os.getpid()}").mkdir()
    with pytest.raises(PrinterFault, match="took no slip"):
        FilePrinter(tmp_path).send(SLIP)


def test_numbers_go_on_when_the_program_was_restarted(tmp_path: Path) -> None:
    FilePrinter(tmp_path).send(SLIP)
    FilePrinter(tmp_path).send(LONG_SLIP)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["0001.bin", "0002.bin"]


def test_the_paper_is_counted_on_disk_when_the_printer_was_switched_off(tmp_path: Path) -> None:
    machine = sim.SimulatedPrinter(tmp_path, roll_lines=200)
    assert network(machine).send(SLIP).state == "ok"
    machine.close()
    machine = sim.SimulatedPrinter(tmp_path)
    assert sim.paper_left(tmp_path) == 198
    for _ in range(2):
        assert network(machine).send(LONG_SLIP).state in ("ok", "paper_low")
    assert network(machine).status().state == "paper_low"
    machine.close()


def test_a_fault_is_refused_when_there_is_none_of_that_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="paper_out"):
        sim.set_faults(tmp_path, "on_fire")
