"""The sentences of one language: `Words.say("slip.amount")` and the figures inside them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import tzinfo
from functools import cache
from pathlib import Path

import msgspec

from kiosk.errors import Refusal
from kiosk.words.clean import clean
from kiosk.words.formats import Formats, local_time, percent, price_per_kwh

_FOLDER = Path(__file__).parent
#: Stands alone on its line; no sentence goes over several.
_HEADING = re.compile(r"^\[(.+)\]$", re.MULTILINE)


class Words:
    """Everything that screens and paper say in `language`; KeyError for a sentence it lacks.

    The name of a value decides how it is shown (kiosk.words.formats): `nearest_minor=2050` becomes
    "20.50 KES". Text values come from outside and are cleaned.
    """

    def __init__(self, language: str, formats: Formats) -> None:
        self.language = language
        self.formats = formats
        self._time, self._decimal = self._plain("format.time"), self._plain("format.decimal")

    def in_zone(self, zone: tzinfo) -> Words:
        """The same words with the times of another clock."""
        return Words(self.language, msgspec.structs.replace(self.formats, zone=zone))

    def say(self, key: str, /, *, currency: str = "", **values: int | str) -> str:
        """The sentence `key`, such as "slip.amount"; money in `currency`, by default the hall's."""
        return self._fill(key, values, currency)

    def knows(self, key: str) -> bool:
        """Whether there is a sentence `key`; for reasons that a device or a module may add."""
        try:
            return bool(self._plain(key))
        except KeyError:
            return False

    def refusal(self, refusal: Refusal) -> str:
        """Why the answer is no, and what to do."""
        return self._fill(f"refusals.{refusal.code}", refusal.details, "")

    def tariff_fault(self, code: str, details: Mapping[str, int | str]) -> str:
        """What is wrong in a tariff file, and what to write instead."""
        return self._fill(f"tariff_faults.{code}", details, "")

    def reason(self, code: str, values: Mapping[str, int | str], currency: str) -> str:
        """Why a line of a quote has its amount: `code` and `values` are those of the line."""
        return self._fill(f"reasons.{code}", values, currency)

    def amount(self, amount_minor: int, currency: str = "") -> str:
        """Money without its currency, for a column: "20.50"."""
        return self._localised(self.formats.money(amount_minor, currency or self.formats.currency))

    def money(self, amount_minor: int, currency: str = "") -> str:
        """Money with its currency: "20.50 KES"."""
        return f"{self.amount(amount_minor, currency)} {currency or self.formats.currency}"

    def energy(self, energy_wh: int) -> str:
        """Energy in kilowatt-hours: "12.3 kWh"."""
        return f"{self._localised(self.formats.energy(energy_wh))} kWh"

    def time(self, time_ms: int) -> str:
        """A time of day on the hall's own clock, to the minute."""
        return local_time(time_ms, self.formats, self._time)

    def percent(self, rate_ppm: int) -> str:
        """A rate in millionths: 150000 -> "15 %"."""
        return f"{self._localised(percent(rate_ppm))} %"

    def price(self, price_minor_per_mwh: int, currency: str = "") -> str:
        """The price of one kWh: "0.1525 KES"."""
        currency = currency or self.formats.currency
        price = price_per_kwh(price_minor_per_mwh, self.formats, currency)
        return f"{self._localised(price)} {currency}"

    def figure(self, text: str) -> str:
        """A figure that is written with a point, as this language writes it: "12,5 m3"."""
        return self._localised(text)

    def _plain(self, key: str) -> str:
        return _sentence(self.language, key)

    def _localised(self, figure: str) -> str:
        return figure.replace(".", self._decimal)

    def _fill(self, key: str, values: Mapping[str, int | str], currency: str) -> str:
        currency = currency or self.formats.currency
        shown = {name: self._value(name, value, currency) for name, value in values.items()}
        return self._plain(key).format_map({"currency": currency, **shown})

    def _value(self, name: str, value: int | str, currency: str) -> str:
        if isinstance(value, str):
            return clean(value)
        if name.endswith("_minor"):
            return self.money(value, currency)
        if name.endswith("_ppm"):
            return self.percent(value)
        if name.endswith("_per_mwh"):
            return self.price(value, currency)
        if name.endswith("_wh"):
            return self.energy(value)
        return self.time(value) if name.endswith("_ms") else str(value)


def sentences(language: str) -> dict[str, str]:
    """Every sentence of `language` by its dotted key; KeyError for a language without a file."""
    return {
        f"{table}.{name}": sentence
        for table in _tables(language)
        for name, sentence in _table(language, table).items()
    }


def languages() -> list[tuple[str, str]]:
    """The languages that are there: code and name in its own script, in the order of the codes."""
    return [(code, _sentence(code, "language.name")) for code in _codes()]


def _sentence(language: str, key: str) -> str:
    table, _, name = key.rpartition(".")
    return _table(language, table)[name]


@cache
def _table(language: str, name: str) -> dict[str, str]:
    """Read when something in it is said: a first frame says a hundredth of what a language has."""
    return tomllib.loads(_tables(language)[name])


@cache
def _tables(language: str) -> dict[str, str]:
    """The text of each table, without its heading."""
    if language not in _codes():
        raise KeyError(language)
    parts = _HEADING.split(_text(language))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _text(language: str) -> str:
    return (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")


@cache
def _codes() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))
