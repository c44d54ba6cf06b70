"""The four status bytes of ESC/POS (DLE EOT 1 to 4) in the words of the port.

In a real answer bits 1 and 4 are set and bits 0 and 7 are clear; anything else on the line
(automatic status, XON, noise) is not a status. What was not answered is not `ok`.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.ports import PrinterStatus

QUESTIONS = (b"\x10\x04\x01", b"\x10\x04\x02", b"\x10\x04\x03", b"\x10\x04\x04")


def is_status(value: int) -> bool:
    """Whether a byte can be the answer to DLE EOT."""
    return value & 0x93 == 0x12


def decode(answers: Sequence[int | None]) -> PrinterStatus:
    """The state that the answers to QUESTIONS show; None or a bad byte for a missing one.

    The state is the first trouble in the order in which staff deal with them: close the cover, put
    in paper, clear the error. One clear trouble counts even when another answer is missing.
    """
    assert len(answers) == len(QUESTIONS), answers
    known = [value if value is not None and is_status(value) else None for value in answers]
    printer, offline, error, paper = (value or 0 for value in known)
    if offline & 0x04:
        return PrinterStatus("cover_open")
    if offline & 0x20 or paper & 0x60:
        return PrinterStatus("paper_out")
    if error & 0x68 or offline & 0x40:
        return PrinterStatus("error", _error(error))
    if printer & 0x08:
        return PrinterStatus("offline", "switched offline")
    if None in known:
        return PrinterStatus("unknown", f"{known.count(None)} of 4 questions not answered")
    return PrinterStatus("paper_low") if paper & 0x0C else PrinterStatus("ok")


def _error(error: int) -> str:
    named = {0x08: "cutter", 0x20: "needs service", 0x40: "too hot or paused"}
    return ", ".join(text for bit, text in named.items() if error & bit) or "not specified"
