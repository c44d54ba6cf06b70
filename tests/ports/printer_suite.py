"""What every printer must do, whatever the wire: one suite for all implementations of Printer."""

from __future__ import annotations

from typing import Protocol

import pytest

from kiosk.ports import Printer

CUT = b"\x1dV\x00"
SLIP = b"\x1b@Paid 50.00\n12.3 kWh\n" + CUT


class PrinterBench(Protocol):
    """A printer under test and the slips that have come out of it."""

    printer: Printer

    def slips(self) -> list[bytes]: ...


class PrinterSuite:
    @pytest.fixture
    def bench(self) -> PrinterBench:
        raise NotImplementedError

    def test_it_is_ok_when_nothing_is_wrong(self, bench: PrinterBench) -> None:
        assert bench.printer.status().state == "ok"

    def test_a_slip_has_come_out_when_the_status_after_it_is_ok(self, bench: PrinterBench) -> None:
        assert bench.printer.send(SLIP).state == "ok"
        assert bench.slips() == [SLIP]

    def test_slips_keep_their_order_when_several_are_sent(self, bench: PrinterBench) -> None:
        jobs = [b"slip %d\n" % number + CUT for number in range(3)]
        for job in jobs:
            assert bench.printer.send(job).state == "ok"
        assert bench.slips() == jobs

    def test_a_large_picture_is_whole_when_it_was_printed(self, bench: PrinterBench) -> None:
        rows = 600
        pixels = bytes(range(256)) * (72 * rows // 256) + bytes(72 * rows % 256)
        job = b"\x1dv0\x00" + bytes((72, 0)) + rows.to_bytes(2, "little") + pixels + CUT
        assert bench.printer.send(job).state == "ok"
        assert bench.slips() == [job]

    def test_it_has_a_name_when_staff_ask_which_one(self, bench: PrinterBench) -> None:
        assert bench.printer.name
