"""Status bytes of ESC/POS printers in the words of the trade."""

from __future__ import annotations

import pytest

from drivers.printer.status import decode, is_status


@pytest.mark.parametrize(
    ("what", "answers", "state"),
    [
        ("in order", (0x16, 0x12, 0x12, 0x12), "ok"),
        ("paper near its end", (0x16, 0x12, 0x12, 0x1E), "paper_low"),
        ("paper near its end, one sensor", (0x16, 0x12, 0x12, 0x1A), "paper_low"),
        ("paper out", (0x1E, 0x32, 0x12, 0x7E), "paper_out"),
        ("paper out, one sensor", (0x12, 0x12, 0x12, 0x52), "paper_out"),
        ("paper out, roll sensor only", (0x12, 0x12, 0x12, 0x72), "paper_out"),
        ("cover open", (0x1E, 0x16, 0x12, 0x12), "cover_open"),
        ("cover open to change the roll", (0x1E, 0x36, 0x12, 0x7E), "cover_open"),
        ("switched offline", (0x1A, 0x12, 0x12, 0x12), "offline"),
        ("cutter blocked", (0x1A, 0x52, 0x1A, 0x12), "error"),
        ("needs service", (0x1A, 0x12, 0x32, 0x12), "error"),
        ("silent", (None, None, None, None), "unknown"),
        ("one answer missing", (0x12, 0x12, None, 0x12), "unknown"),
        ("paper out, another answer missing", (None, 0x32, None, None), "paper_out"),
        ("noise", (0x00, 0xFF, 0x11, 0x13), "unknown"),
        ("one byte of noise", (0x12, 0x12, 0x12, 0xFE), "unknown"),
    ],
)
def test_the_state_is_named_when_the_printer_answers(
    what: str, answers: tuple[int | None, ...], state: str
) -> None:
    assert decode(answers).state == state, what


def test_the_part_is_named_when_there_is_an_error() -> None:
    assert decode((0x1A, 0x52, 0x1A, 0x12)).details == "cutter"


def test_only_thirty_two_bytes_can_be_a_status_when_all_are_tried() -> None:
    assert [value for value in range(256) if is_status(value)] == [
        0x12 | high << 5 | low << 2 for high in range(4) for low in range(4)
    ]  # fmt: skip
