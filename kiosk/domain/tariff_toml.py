"""Reading a TOML file for a person: typed fields, and every fault with its line and its code.

Numbers are read as decimals, never as floats: a price is exact from the file to the slip.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import msgspec

from kiosk.domain.money import decimals
from kiosk.domain.tariff_check import Path
from kiosk.domain.tariff_pack import PPM

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_HEADER = re.compile(r"(\[\[?)\s*([\w.\s'\"-]+?)\s*\]\]?")
_KEY = re.compile(r"([\w.'\"-]+)\s*=")
_LARGEST = Decimal(10**12)
#: Words of the parser, and what they mean for somebody who writes prices ([tariff_kinds]).
_NOT_TOML = {
    "Invalid value": "toml_value",
    "Cannot overwrite a value": "toml_twice",
    "Cannot mutate immutable": "toml_in_one_line",
    "Cannot declare": "toml_table_twice",
    "after a key": "toml_no_equals",
    "Invalid statement": "toml_statement",
    "Unclosed": "toml_unclosed",
    "after a statement": "toml_after_value",
    "Exceeds the limit": "toml_too_long",
    "Illegal character": "toml_text_runs_on",
    "Unterminated": "toml_text_open",
    "declaration": "toml_brackets",
}
_MOST_UNREADABLE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong in a file: the line, from 1; `code` and `details` make the sentence that says
    what to write instead, in the table [tariff_faults] of kiosk/words. A detail `kind` is itself a
    code, of the table [tariff_kinds]."""

    line: int
    code: str
    details: dict[str, str | int] = {}


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Each fault once, in the order of the lines."""
    known = {(each.line, each.code, repr(each.details)): each for each in faults}
    return [known[key] for key in sorted(known)]


class Reading:
    """One file on its way in: its tables, where each field stands, and the faults so far."""

    def __init__(self, text: str) -> None:
        self.faults: list[Fault] = []
        self.currency = "XXX"
        self._lines = dict(_places(text))
        self.root = Table(self, (), self._parsed(text))

    def _parsed(self, text: str) -> dict[str, Any]:
        """The tables of the file; of one that is no TOML every line that cannot be read."""
        lines = text.replace("\r\n", "\n").split("\n")
        while True:
            try:
                found = tomllib.loads("\n".join(lines), parse_float=Decimal)
            except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
                line = self._unreadable(str(error), lines)
                unread = lines[line - 1].strip()
                if len(self.faults) >= _MOST_UNREADABLE or not unread or unread[0] == "[":
                    return {}
                lines[line - 1] = ""  # what stands behind it is looked at too
            else:
                return {} if self.faults else found

    def _unreadable(self, error: str, lines: list[str]) -> int:
        """Note a line that is no TOML, in words of a clerk; its number."""
        found = re.search(r"at line (\d+)", error)
        line = min(int(found[1]), len(lines)) if found else len(lines)
        kind = next((kind for sign, kind in _NOT_TOML.items() if sign in error), "")
        known = Fault(line, "not_toml", {"kind": kind})
        self.faults.append(known if kind else Fault(line, "not_toml_at_all", {"reason": error}))
        return line

    def fault(self, path: Path, code: str, **details: str | int) -> None:
        """Note that the field at `path` is wrong; its name is one of the details."""
        name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
        self.faults.append(Fault(self.line(path), code, {"field": name, **details}))

    def line(self, path: Path) -> int:
        """The line of the field at `path`, or of the nearest table around it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


class Table:
    """A table of the file. Each method reads one field; what is wrong becomes a fault and a value
    that does no harm, so that all faults of a file are found at once."""

    def __init__(self, reading: Reading, path: Path, values: dict[str, Any]) -> None:
        self.reading, self.path, self._values = reading, path, values
        self._asked: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether the field is there."""
        self._asked.add(name)
        return name in self._values

    def fault(self, name: str, code: str, **details: str | int) -> None:
        """Note that a field of this table is wrong."""
        self.reading.fault((*self.path, name), code, **details)

    def end(self) -> None:
        """Refuse every field that nobody asked for: a mistyped one would silently cost money."""
        for name in self._values:
            if name not in self._asked:
                near = difflib.get_close_matches(name, sorted(self._asked), n=1, cutoff=0)
                self.fault(name, "unknown_field", near=near[0])

    def _get(self, name: str, types: type | tuple[type, ...], kind: str, default: Any) -> Any:
        self._asked.add(name)
        if name not in self._values:
            if default is None:
                code = "needs" if self.path else "file_needs"
                self.reading.fault(self.path, code, named=name, kind=kind)
            return default
        value = self._values[name]
        if (isinstance(value, bool) and types is not bool) or not isinstance(value, types):
            self.fault(name, "must_be", named=name, kind=kind)
            return default
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """Text that is not empty."""
        value = self._get(name, str, "text", default)
        if name in self._values and isinstance(value, str) and not value.strip():
            self.fault(name, "empty")
        return str(value or "")

    def code(self, name: str = "code") -> str:
        """A code: small letters, digits, _ and -."""
        value = self._get(name, str, "code", None)
        if value is not None and not _CODE.fullmatch(value):
            self.fault(name, "code_form")
        return str(value or "?")

    def choice(self, name: str, known: tuple[str, ...], default: str | None = None) -> str:
        """One of a few words."""
        value = self.text(name, default)
        if value and value not in known:
            self.fault(name, "not_one_of", known=", ".join(known))
        return value if value in known else known[0]

    def flag(self, name: str) -> bool:
        """True or false; false when it is missing."""
        return bool(self._get(name, bool, "flag", False))

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._get(name, int, "whole", default)
        return _bounded(value) if value is not None else 0

    def amount(self, name: str, default: int | None = None) -> int:
        """Money in major units, such as 3.50; gives minor units."""
        return self._scaled(name, decimals(self.reading.currency), "amount", default)

    def price(self, name: str, default: int | None = None) -> int:
        """The price of a kWh in major units; gives minor units per MWh."""
        places = decimals(self.reading.currency) + 3
        return self._scaled(name, places, "price", default)

    def kwh(self, name: str, default: int | None = None) -> int:
        """Kilowatt-hours; gives watt-hours."""
        return self._scaled(name, 3, "energy", default)

    def percent(self, name: str, default: int | None = None) -> int:
        """A percentage; gives millionths."""
        value = self._scaled(name, 4, "percent", default)
        if value > PPM:
            self.fault(name, "above_percent")
        return min(value, PPM)

    def _scaled(self, name: str, places: int, kind: str, default: int | None) -> int:
        value = self._get(name, (int, Decimal), kind, default)
        if value is None or value is not self._values.get(name):
            return default or 0
        return self._exact(name, value, places)

    def _exact(self, name: str, value: Any, places: int) -> int:
        """`value` in units of 10 ** -places; a fault where that is no whole number."""
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            self.fault(name, "must_be", named=name, kind="number")
            return 0
        number = Decimal(value)
        if not (number.is_finite() and 0 <= number <= _LARGEST):
            self.fault(name, "out_of_range")
            return 0
        if number.normalize().as_tuple().exponent < -places:  # type: ignore[operator]
            self.fault(name, "too_fine", places=places)
            return 0
        return int(number.scaleb(places))

    def moment(self, name: str, zone: tzinfo, *, day_after: bool = False) -> int:
        """A day such as 2026-07-01 (its midnight) or a time; UTC milliseconds, 0 if missing.

        `day_after`: a day means its end.
        """
        value = self._get(name, date, "day", None)
        if value is None:
            return 0
        if not 1970 <= value.year <= 9000:
            self.fault(name, "year_range")
            return 0
        if not isinstance(value, datetime):
            value = datetime.combine(value + timedelta(days=1) if day_after else value, time())
        value = value if value.tzinfo is not None else value.replace(tzinfo=zone)
        return (value - _EPOCH) // timedelta(milliseconds=1)

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty when it is missing."""
        values = self._get(name, list, "texts", [])
        if not all(isinstance(value, str) for value in values):
            self.fault(name, "texts_only")
            return []
        return list(values)

    def wholes(self, name: str) -> list[int]:
        """A list of whole numbers; empty when it is missing."""
        values = self._get(name, list, "wholes", [])
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            self.fault(name, "wholes_only")
            return []
        return [_bounded(value) for value in values]

    def kwhs(self, name: str) -> list[int]:
        """A list of kilowatt-hours, in watt-hours."""
        values = self._get(name, list, "energies", None) or []
        return [self._exact(name, value, 3) for value in values]

    def figures(self, name: str, places: int) -> dict[str, int]:
        """A table of numbers such as { peak = 20, valley = 80 }, in units of 10 ** -places."""
        values = self._get(name, dict, "figures", {})
        return {key: self._exact(name, value, places) for key, value in values.items()}

    def table(self, name: str) -> Table | None:
        """The table of this name, if it is there."""
        values = self._get(name, dict, "table", {})
        return Table(self.reading, (*self.path, name), values) if self.has(name) else None

    def tables(self, name: str) -> Iterator[Table]:
        """The tables [[name]], in their order."""
        values = self._get(name, list, "tables", [])
        for place, value in enumerate(values):
            if isinstance(value, dict):
                yield Table(self.reading, (*self.path, name, place), value)
            else:
                self.fault(name, "must_be", named=name, kind="tables")


def _bounded(value: int) -> int:
    return max(-1, min(value, int(_LARGEST)))


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Where each table and each field stands."""
    here: Path = ()
    counts: dict[Path, int] = {}
    inside = ""
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        marks = bare.count('"""') + bare.count("'''")
        if inside or marks % 2:
            inside = "" if inside and marks % 2 else '"""'
            if marks != 1 or not _KEY.match(bare):
                continue
        header = _HEADER.match(bare)
        if header is not None and bare.startswith("["):
            here = _header(header[2], counts, is_list=header[1] == "[[")
            yield here, number
        elif (key := _KEY.match(bare)) is not None:
            yield (*here, *_names(key[1])), number


def _names(text: str) -> list[str]:
    return [part.strip(" '\"") for part in text.split(".")]


def _header(text: str, counts: dict[Path, int], *, is_list: bool) -> Path:
    """The path of a header; every [[list]] on the way adds the place that it is at."""
    path: Path = ()
    names = _names(text)
    for place, name in enumerate(names):
        path = (*path, name)
        if place == len(names) - 1 and is_list:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
