"""A small reader of ESC/POS: what a printer would put on paper, written from the command list.

It knows nothing of python-escpos; code pages are Python's own codecs under the numbers of Epson's
table. Anything that it does not know is an error, so a stray byte fails the test.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CODE_PAGES = {0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857",
              14: "cp737", 15: "iso8859_7", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858",
              33: "cp775", 34: "cp855", 39: "iso8859_2", 40: "iso8859_15", 45: "cp1250",
              46: "cp1251", 51: "cp1257"}  # fmt: skip

PICTURE = "[picture]"


@dataclass
class Paper:
    """Rows of text, each with the style it was printed in, and what happened at the end."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[tuple[int, int]] = field(default_factory=list)  # width and height in dots
    fed_lines: int = 0
    cut: bool = False

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.rows]


@dataclass
class _Head:
    """The state of the print head."""

    page: str = "cp437"
    large: bool = False
    bold: bool = False
    small: bool = False

    def style(self) -> str:
        return "large" if self.large else "small" if self.small else "bold" if self.bold else ""


def read(job: bytes) -> Paper:
    """What `job` puts on paper. AssertionError for any byte that is not understood."""
    paper, head, row, place = Paper(), _Head(), "", 0
    while place < len(job):
        byte = job[place]
        if byte in (0x1B, 0x1C, 0x1D):
            place += _command(job[place:], head, paper)
        elif byte == 0x0A:
            paper.rows.append((row, head.style()))
            row, place = "", place + 1
        else:
            assert byte >= 0x20, f"control byte {byte:02x} at {place}"
            row += bytes([byte]).decode(head.page)
            place += 1
    assert not row, f"text without a line end: {row!r}"
    return paper


def _command(rest: bytes, head: _Head, paper: Paper) -> int:
    """Obey one command and return its length."""
    two, value = rest[:2], rest[2] if len(rest) > 2 else 0
    if two == b"\x1b@":
        head.__init__()  # type: ignore[misc]
        return 2
    if two == b"\x1c.":
        return 2
    if rest[:4] == b"\x1dv0\x00":
        return _picture(rest, paper)
    if two == b"\x1b!":
        head.small, head.bold, head.large = bool(value & 1), bool(value & 8), value & 0x30 == 0x30
    elif two == b"\x1bE":
        head.bold = bool(value & 1)
    elif two == b"\x1bM":
        head.small = value == 1
    elif two == b"\x1bt":
        head.page = CODE_PAGES[value]
    elif two == b"\x1bd":
        paper.fed_lines += value
    elif two == b"\x1dV":
        paper.cut = True
    else:
        raise AssertionError(f"unknown command {rest[:4].hex(' ')}")
    return 3


def _picture(rest: bytes, paper: Paper) -> int:
    width_bytes, height = int.from_bytes(rest[4:6], "little"), int.from_bytes(rest[6:8], "little")
    size = 8 + width_bytes * height
    assert len(rest) >= size, "the picture is cut short"
    assert any(rest[8:size]), "the picture is empty"
    paper.pictures.append((width_bytes * 8, height))
    paper.rows.append((PICTURE, ""))
    return size
