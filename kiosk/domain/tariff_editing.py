"""Changing the file of a tariff pack line by line: a value, a line, a whole block.

The text is the only model: every change gives another text, and `read_pack` says what is wrong with
it. Comments and the order of the clerk stay.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kiosk.domain.tariff_writer import text as quoted

_FIELD = re.compile(r"(\s*)([A-Za-z_][\w-]*)(\s*=\s*)(.*)")
_HEADER = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?\s*(#.*)?")
_PLAIN_TEXT = re.compile(r'"([^"\\]*)"')

#: Blocks in the order of the page docs/tariffs.md: header, then the fields that must be there.
BLOCKS = {
    "power_type": ("[[power_type]]", 'code = "new"', 'label = "New"', "minimum = 10",
                   "maximum = 5000"),
    "power_type.price": ("[[power_type.price]]", 'code = "energy"', 'label = "Energy"',
                         "per_kwh = 1"),
    "power_type.price.rate": ("[[power_type.price.rate]]", "step = 1", "per_kwh = 1"),
    "power_type.steps": ("[power_type.steps]", 'per = "month"', "up_to_kwh = [50]"),
    "power_type.time_of_use": ("[power_type.time_of_use]", 'rule = "purchase_time"'),
    "power_type.charge": ("[[power_type.charge]]", 'code = "service"', 'label = "Service charge"',
                          "amount = 0", 'per = "month"'),
    "power_type.tax": ("[[power_type.tax]]", 'code = "vat"', 'label = "VAT"', "rate_percent = 15",
                       'on = ["energy"]'),
    "season": ("[[season]]", 'code = "winter"', 'label = "Winter"', 'from = "06-01"',
               'to = "08-31"'),
    "period": ("[[period]]", 'code = "night"', 'label = "Night"'),
    "preference": ("[[preference]]", 'code = "basic"', 'label = "Free basic electricity"',
                   "first_kwh_per_month = 50", "free = true"),
}  # fmt: skip

#: Fields that may be left out, by block ("" is the top of the file).
FIELDS = {
    "": ("use_by = 2030-12-31",),
    "power_type": ("multiple = 1", "debt_share_percent = 25"),
    "power_type.price": ('kind = "levy"',),
    "power_type.price.rate": ("step = 1", 'season = "winter"', 'period = "night"'),
    "power_type.steps": ('count = "household"',),
    "power_type.time_of_use": ("shares_percent = { day = 70, night = 30 }",),
    "power_type.charge": ("at_most = 12", 'kind = "levy"'),
    "power_type.tax": (),
    "season": (),
    "period": ('hours = ["22:00-24:00", "00:00-06:00"]', 'days = ["mon-fri"]'),
    "preference": (
        'customer_class = "pensioner"', 'power_types = ["home"]', "months = [6, 7, 8]",
        "first_kwh_per_month = 50", "free = true", "off_percent = 20",
        "per_kwh = { energy = 0.80 }", 'items = ["energy"]',
    ),
}  # fmt: skip

#: Blocks of which a power type has at most one.
_ONCE = ("power_type.steps", "power_type.time_of_use")


class Field(NamedTuple):
    """A line `name = value`, taken apart; `shown` is what a person changes."""

    indent: str
    name: str
    sign: str
    value: str
    rest: str

    @property
    def shown(self) -> str:
        """The value; a plain text without its quotation marks."""
        plain = _PLAIN_TEXT.fullmatch(self.value)
        return plain[1] if plain is not None else self.value


class Addition(NamedTuple):
    """What may be added: the name of a field or block, and its lines."""

    name: str
    lines: tuple[str, ...]

    @property
    def is_block(self) -> bool:
        """Whether it begins with a header: `season` is a field of a rate and a block too."""
        return self.lines[0].startswith("[")


def lines_of(text: str) -> list[str]:
    """The lines of a file; an empty file has one."""
    return text.removesuffix("\n").split("\n")


def field_in(line: str) -> Field | None:
    """The field of a line; None for a header, a comment, or a value that runs over lines."""
    found = _FIELD.fullmatch(line)
    if found is None:
        return None
    value, rest = _without_comment(found[4])
    whole = all(value.count(a) == value.count(b) for a, b in ("[]", "{}")) and '"""' not in value
    return Field(found[1], found[2], found[3], value, rest) if value and whole else None


def _without_comment(text: str) -> tuple[str, str]:
    """A value, and the comment behind it with the blanks before."""
    sign = ""
    for place, character in enumerate(text):
        if sign:
            sign = "" if character == sign and text[place - 1] != "\\" else sign
        elif character in "\"'":
            sign = character
        elif character == "#":
            value = text[:place].rstrip()
            return value, text[len(value) :]
    value = text.rstrip()
    return value, text[len(value) :]


def changed(text: str, place: int, typed: str) -> str:
    """The file with another value in the field at line `place` (from 0), or another whole line."""
    lines = lines_of(text)
    field = field_in(lines[place])
    if field is None:
        lines[place] = typed
    else:
        value = quoted(typed) if _PLAIN_TEXT.fullmatch(field.value) else typed.strip()
        lines[place] = f"{field.indent}{field.name}{field.sign}{value}{field.rest}"
    return _joined(lines)


def removed(text: str, place: int) -> str:
    """The file without line `place`; from a header on, without the whole block and what is in
    it."""
    lines = lines_of(text)
    name = _header(lines[place])
    end = place + 1 if name is None else _end(lines, place, name)
    while name is not None and place and not lines[place - 1].strip():
        place -= 1
    return _joined(lines[:place] + lines[end:])


def additions(text: str, place: int) -> list[Addition]:
    """What may be added at line `place`: fields of its block that are not there, then blocks."""
    lines = lines_of(text)
    start, name = _block(lines, place)
    here = lines[start : _end(lines, start, name, inner=False)]
    there = {field.name for line in here if (field := field_in(line)) is not None}
    fields = [Addition(line.split(" ")[0], (line,)) for line in FIELDS.get(name, ())]
    missing = [each for each in fields if each.name not in there]
    blocks = [Addition(block, rows) for block, rows in BLOCKS.items() if _fits(lines, place, block)]
    return [*missing, *blocks, Addition("", ("",))]


def _fits(lines: list[str], place: int, block: str) -> bool:
    """Whether a block of this name has a place to stand in, seen from line `place`."""
    parent = block.rpartition(".")[0]
    if not parent:
        return True
    start = _around(lines, place, parent)
    if start is None or block not in _ONCE:
        return start is not None
    inside = lines[start : _end(lines, start, parent)]
    return all(_header(line) != block for line in inside)


def added(text: str, place: int, addition: Addition) -> tuple[str, int]:
    """The file with `addition` where it belongs, seen from line `place`; and its own line."""
    lines = lines_of(text)
    if not addition.is_block:
        last = min(place, len(lines) - 1)
        return _joined([*lines[: last + 1], *addition.lines, *lines[last + 1 :]]), last + 1
    parent = addition.name.rpartition(".")[0]
    around = _around(lines, place, parent) if parent else None
    if around is not None:
        inner = addition.name not in _ONCE  # those stand right behind the fields
        end = _trimmed(lines, around, _end(lines, around, parent, inner=inner))
    else:
        end = _after_last(lines, addition.name)
    return _joined([*lines[:end], "", *addition.lines, *lines[end:]]), end + 1


def _after_last(lines: list[str], name: str) -> int:
    """Behind the last block of this kind with what is in it, or at the end."""
    starts = [at for at, line in enumerate(lines) if _header(line) == name]
    end = _end(lines, starts[-1], name) if starts else len(lines)
    return _trimmed(lines, 0, end)


def _trimmed(lines: list[str], start: int, end: int) -> int:
    """`end` without the blank lines and comments before it: those belong to the next block."""
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _block(lines: list[str], place: int) -> tuple[int, str]:
    for at in range(min(place, len(lines) - 1), -1, -1):
        name = _header(lines[at])
        if name is not None:
            return at, name
    return 0, ""


def _around(lines: list[str], place: int, name: str) -> int | None:
    """The header of the block `name` that line `place` is in, also deeper inside."""
    for at in range(min(place, len(lines) - 1), -1, -1):
        found = _header(lines[at])
        if found == name:
            return at
        if found is not None and not found.startswith(f"{name}."):
            return None
    return None


def _end(lines: list[str], start: int, name: str, *, inner: bool = True) -> int:
    """Where the block that begins at `start` ends; `inner`: with the blocks inside it."""
    for at in range(start if name == "" else start + 1, len(lines)):
        found = _header(lines[at])
        if found is not None and not (inner and name and found.startswith(f"{name}.")):
            return at
    return len(lines)


def _header(line: str) -> str | None:
    found = _HEADER.fullmatch(line)
    return found[1] if found is not None else None


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
