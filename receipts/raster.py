"""Rows that a printer has no letters for, drawn as pictures (E36).

Only such rows are drawn, each trimmed to its own ink: a whole slip as a picture takes 90 s on a
serial line at 9600 baud (hardware-facts 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from receipts.clean import cells

if TYPE_CHECKING:
    from PIL import Image, ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

#: Fonts that cover much, in the order in which they are tried; Pillow's own comes last.
_FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "wqy-zenhei.ttc", "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf", "NotoSansEthiopic-Regular.ttf", "NotoSansBengali-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf", "NotoNaskhArabic-Regular.ttf", "unifont.ttf",
)  # fmt: skip
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
_PILLOWS_OWN = ""

#: A noncharacter: how a font draws what it does not have.
_MISSING = "\U0010ffff"
_SMALLEST = 6


def drawable(character: str) -> bool:
    """Whether some font on this machine has the character."""
    return character == " " or any(_has(font, character) for font in _fonts())


def draw(text: str, cell_width: int, height: int, columns: int) -> Image.Image:
    """One row as a black and white picture, its columns where the printer's letters would stand.

    What stands between gaps is drawn as one, so that letters may join, and made smaller where it
    is wider than its cells; the last column ends at the edge of the paper.
    """
    from PIL import Image, ImageDraw

    picture = Image.new("1", (columns * cell_width, height), 1)
    pen = ImageDraw.Draw(picture)
    for start, end, run in _runs(text):
        size = _size(run, (end - start) * cell_width, height * 7 // 8)
        length = _length(run, size)
        x = end * cell_width - length if start > 0 and end == columns else start * cell_width
        for font, piece in _pieces(run):
            pen.text((x, height * 3 // 4), piece, fill=0, font=_load(font, size), anchor="ls")
            x += round(_load(font, size).getlength(piece))
    return _trimmed(picture)


def _runs(text: str) -> Iterator[tuple[int, int, str]]:
    """The parts of a row between gaps of two and more spaces: first cell, end, text."""
    cell = 0
    for part in text.split("  "):
        run = part.strip(" ")
        if run:
            first = cell + cells(part) - cells(part.lstrip(" "))
            yield first, first + cells(run), run
        cell += cells(part) + 2


def _pieces(run: str) -> list[tuple[str, str]]:
    """`run` with its font; in pieces where no single font has all of its letters."""
    for font in _fonts():
        if all(_has(font, character) for character in run):
            return [(font, run)]
    return [(font, "".join(piece)) for font, piece in groupby(run, _font_of)]


def _font_of(character: str) -> str:
    return next((font for font in _fonts() if _has(font, character)), _fonts()[0])


def _size(run: str, width: int, largest: int) -> int:
    sizes = range(largest, _SMALLEST, -1)
    return next((size for size in sizes if _length(run, size) <= width), _SMALLEST)


def _length(run: str, size: int) -> int:
    return sum(round(_load(font, size).getlength(piece)) for font, piece in _pieces(run))


def _trimmed(picture: Image.Image) -> Image.Image:
    """Without the empty right side, in whole bytes."""
    from PIL import ImageChops

    ink = ImageChops.invert(picture.convert("L")).getbbox()
    width = -(-(ink[2] if ink else 1) // 8) * 8
    return picture.crop((0, 0, min(width, picture.width), picture.height))


@cache
def _fonts() -> tuple[str, ...]:
    found = {path.name: str(path) for folder in _FOLDERS for path in Path(folder).rglob("*.tt[fc]")}
    return (*(found[name] for name in _FONTS if name in found), _PILLOWS_OWN)


@cache
def _has(font: str, character: str) -> bool:
    return character == " " or _drawn(font, character) != _drawn(font, _MISSING)


def _drawn(font: str, character: str) -> tuple[bytes, tuple[int, int]]:
    mask = _load(font, 20).getmask(character, mode="1")
    return bytes(mask), mask.size


@cache
def _load(font: str, size: int) -> Font:
    from PIL import ImageFont

    return ImageFont.truetype(font, size) if font else ImageFont.load_default(size)
