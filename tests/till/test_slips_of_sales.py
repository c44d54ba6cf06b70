"""Paper around a sale: the sale never waits for it, a copy says that it is one (E04)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kiosk.domain.energy import format_kwh
from kiosk.domain.token import grouped
from kiosk.ports import PrinterStatus, SlipLine, SlipState
from kiosk.till.desk import Desk
from kiosk.till.paper import print_slip, reprint, slip_lines
from tests.till.hall import KEYPAD, Hall, code, entries, sell_to, sold


class Tray:
    """The port Slips: keeps what was to be printed."""

    def __init__(self) -> None:
        self.jobs: dict[str, list[str]] = {}
        self.left_lines = 1

    def submit(self, job: str, lines: Sequence[SlipLine]) -> None:
        self.jobs[job] = [f"{line.text} {line.right}".strip() for line in lines]

    def outcome(self, job: str) -> SlipState:
        return "printed"

    def abandon(self, job: str) -> None:
        pass

    def state(self) -> PrinterStatus:
        return PrinterStatus("ok")

    def paper_left_lines(self) -> int:
        return self.left_lines

    def roll_changed(self) -> None:
        self.left_lines = 4000


@pytest.fixture
def tray(desk: Desk) -> Tray:
    desk.slips = tray = Tray()
    return tray


def test_the_slip_shows_token_units_and_every_line_when_a_sale_is_printed(
    desk: Desk, tray: Tray
) -> None:
    record = sold(sell_to(desk, KEYPAD, 5000))
    job = print_slip(desk, record)
    text = "\n".join(tray.jobs[job])
    assert record.token is not None
    assert "".join(grouped(record.token).split()) in text.replace(" ", "").replace("\n", "")
    assert f"{format_kwh(record.committed.energy_wh)} kWh" in text
    for shown in ("3.50", "27.24", "11.95", "0.90", "6.41", "50.00", record.head):
        assert shown in text, shown


def test_each_copy_is_numbered_and_kept_when_it_is_printed_again(desk: Desk, tray: Tray) -> None:
    record = sold(sell_to(desk, KEYPAD, 5000))
    print_slip(desk, record)
    for copy in (1, 2, 3):
        job = reprint(desk, record.committed.sale_id)
        assert isinstance(job, str)
        assert any(f"COPY {copy}" in line for line in tray.jobs[job])
    assert len(tray.jobs) == 4
    kept = desk.records.sale(record.committed.sale_id)
    assert kept is not None
    assert kept.copies == 3
    assert not any("COPY" in line.text for line in slip_lines(desk, record))


def test_nothing_is_reprinted_when_it_may_not_or_cannot_be(hall: Hall, desk: Desk) -> None:
    assert code(reprint(desk, "nosuchsale")) == "unknown_sale"
    record = sold(sell_to(desk, KEYPAD, 5000))
    kiosk = hall.station(role="self_service")
    before = entries(desk)
    assert code(reprint(kiosk, record.committed.sale_id)) == "no_right"
    assert entries(desk) == before


def test_the_sale_stands_when_there_is_no_printer(desk: Desk) -> None:
    assert desk.slips is None
    assert print_slip(desk, sold(sell_to(desk, KEYPAD, 5000))) == ""


@pytest.mark.parametrize("state", ["in_doubt", "voided"])
def test_the_slip_says_the_truth_when_nothing_was_delivered(
    desk: Desk, tray: Tray, state: str
) -> None:
    from tests.till.test_selling_tokens import ForgetfulVendor, StubbornVendor

    desk.vendor = ForgetfulVendor(99) if state == "in_doubt" else StubbornVendor(0)
    record = sold(sell_to(desk, KEYPAD, 5000), state)
    text = "\n".join(tray.jobs[print_slip(desk, record)])
    assert {"in_doubt": "SALE IN DOUBT", "voided": "SALE VOIDED"}[state] in text
    assert record.committed.sale_id in text
