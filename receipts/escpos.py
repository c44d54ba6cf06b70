"""A slip as ESC/POS bytes, made by python-escpos in a process of its own.

`python -m receipts.escpos` reads jobs from standard input and answers on standard output
(receipts.job). It is a child process because python-escpos imports PIL, qrcode and YAML, for which
the selling process has no room, and it ends by itself when nothing came for a while. The parent's
side is receipts.encoder.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pickle
import platform
import select
import signal
import sys
import tempfile
import unicodedata
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from kiosk.errors import BadInput, KioskError
from kiosk.ports import SlipLine
from kiosk.words.clean import clean
from receipts.job import Answer, Job, framed, read_message
from receipts.letters import spell
from receipts.raster import draw, drawable
from receipts.text import Row, rows

if TYPE_CHECKING:
    from escpos.magicencode import Encoder
    from escpos.printer import Dummy

#: FS . switches off the Chinese mode that many printers start in, in which every byte above 127 is
#: half a character (hardware-facts 4).
_CHINESE_MODE_OFF = b"\x1c."

_CELL_WIDTH, _ROW_HEIGHT = 12, 24


def encode(job: Job) -> bytes:
    """The bytes of a slip, from reset to cut. BadInput for a profile or code page that is unknown.

    What the text rows say is exactly what receipts.text lays out; a row with a letter that the
    printer lacks becomes a picture.
    """
    printer, pages = _printer(job)
    lines = [_spelled(line, pages) for line in job.lines]
    small_width = _small_width(printer, job.width)
    printer.hw("INIT")
    printer._raw(_CHINESE_MODE_OFF)
    style = ""
    for row in rows(lines, job.width, small_width=small_width):
        if row.style != style:
            _set_style(printer, row.style, bool(small_width))
            style = row.style
        _print_row(printer, pages, row, job.width)
    _set_style(printer, "plain", bool(small_width))
    printer.cut()
    return bytes(printer.output)


def _printer(job: Job) -> tuple[Dummy, Encoder]:
    from escpos.capabilities import get_profile
    from escpos.magicencode import Encoder
    from escpos.printer import Dummy

    try:
        profile = get_profile(job.profile)
    except KeyError as error:
        raise BadInput(f"The printer profile {job.profile[:40]!r} is not known.") from error
    pages = _code_pages(profile.codePages)
    missing = [page for page in job.code_pages if page not in pages]
    if missing:
        raise BadInput(f"The printer profile {job.profile!r} has no code page {missing[0][:40]!r}.")
    encoder = Encoder({page: pages[page] for page in job.code_pages or pages})
    return Dummy(profile=job.profile, magic_encode_args={"encoder": encoder}), encoder


def _code_pages(slots: dict[str, str]) -> dict[str, int]:
    """The printer's code pages, each at its lowest slot, so that plain text stays in slot 0.

    Some profiles list a page several times, and the library would take the last. CP932 is left
    out: it is two bytes a character, and its backslash is a Yen sign.
    """
    pages: dict[str, int] = {}
    for slot in sorted(map(int, slots)):
        page = slots[str(slot)]
        if page not in ("Unknown", "CP932"):
            pages.setdefault(page, slot)
    return pages


def _spelled(line: SlipLine, pages: Encoder) -> SlipLine:
    text, right = (_spell(part, pages) for part in (line.text, line.right))
    return msgspec.structs.replace(line, text=text, right=right)


def _spell(text: str, pages: Encoder) -> str:
    return spell(clean(text), lambda character: _has(pages, character), drawable)


def _has(pages: Encoder, character: str) -> bool:
    """Whether the printer can print it. Scripts from right to left are always drawn: a printer
    sets its letters one after the other, and would set them backwards."""
    if unicodedata.bidirectional(character) in ("R", "AL"):
        return False
    return any(pages.can_encode(page, character) for page in pages.codepages)


def _small_width(printer: Dummy, width: int) -> int:
    """Characters of the smaller font on the same paper; 0 when the printer has only one."""
    fonts = printer.profile.fonts
    if "1" not in fonts:
        return 0
    return int(width * fonts["1"]["columns"] // fonts["0"]["columns"])


def _set_style(printer: Dummy, style: str, has_small: bool) -> None:
    large = style == "large"
    printer.set(
        normal_textsize=True,
        double_width=large,
        double_height=large,
        bold=style in ("bold", "large"),
        font="b" if style == "small" and has_small else "a",
    )


def _print_row(printer: Dummy, pages: Encoder, row: Row, width: int) -> None:
    if all(_has(pages, character) for character in row.text):
        printer.textln(row.text)
        return
    scale = 2 if row.style == "large" else 1
    columns = width // scale
    picture = draw(row.text, _CELL_WIDTH * scale, _ROW_HEIGHT * scale, columns)
    printer.image(picture, impl=_picture_command(printer))


def _picture_command(printer: Dummy) -> str:
    commands = ("bitImageRaster", "graphics", "bitImageColumn")
    return next((name for name in commands if printer.profile.supports(name)), commands[0])


# --- the process ------------------------------------------------------------------------------


def serve(source: BinaryIO, target: BinaryIO, idle_s: float) -> None:
    """Answer jobs until the parent closes its end or `idle_s` pass without one.

    `source` is unbuffered: what is ready to be read is seen by select.
    """
    jobs = msgspec.msgpack.Decoder(Job)
    while select.select([source], [], [], idle_s)[0]:
        message = read_message(source.read)
        if message is None:
            return
        try:
            answer = Answer(job=encode(jobs.decode(message)))
        except KioskError as error:
            answer = Answer(trouble=error.sentence)
        except Exception as error:  # the parent is told, and the next job gets a fresh start
            answer = Answer(trouble=f"The slip could not be encoded ({type(error).__name__}).")
        target.write(framed(answer))
        target.flush()


def _prepare(folder: Path) -> None:
    """Keep python-escpos' stray folder and its pickle inside `folder`, which is only ours.

    Its table of printers is JSON read as YAML; a pickle made here from the JSON saves 0.2 s.
    """
    tempfile.tempdir = str(folder)
    os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = str(folder)
    logging.disable(logging.WARNING)
    found = find_spec("escpos")
    assert found is not None and found.submodule_search_locations, "python-escpos is installed"
    table = Path(found.submodule_search_locations[0]) / "capabilities.json"
    capabilities = json.loads(table.read_text(encoding="utf-8"))
    cache = folder / f"{platform.python_version()}.capabilities.pickle"
    cache.write_bytes(pickle.dumps(capabilities))


def main(arguments: Sequence[str] | None = None) -> int:
    """The child process; its temporary folder lives as long as it does."""
    parser = argparse.ArgumentParser(prog="python -m receipts.escpos", description=__doc__)
    parser.add_argument("--idle-s", type=float, default=20.0)
    options = parser.parse_args(arguments)
    # A terminate is an ordinary end here, so that the folder goes away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="slip-encoder-") as folder:
        _prepare(Path(folder))
        source = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
        target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        # Whatever a library prints must not get between the messages.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        with source, target:
            serve(source, target, options.idle_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
