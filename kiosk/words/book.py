"""The sentences of one language: `Words.say("slip.amount")` and the figures inside them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kiosk.errors import Refusal
from kiosk.words.clean import clean
from kiosk.words.formats import Formats, local_time, percent, price_per_kwh

_FOLDER = Path(__file__).parent


class Words:
    """Everything that screens and paper say in `language`; KeyError for a sentence it lacks.

    The name of a value decides how it is shown (kiosk.words.formats): `nearest_minor=2050` becomes
    "20.50 KES". Text values come from outside and are cleaned.
    """

    def __init__(self, language: str, formats: Formats) -> None:
        self.language = language
        self.formats = formats
        self._sentences = sentences(language)

    def say(self, key: str, /, *, currency: str = "", **values: int | str) -> str:
        """The sentence `key`, such as "slip.amount"; money in `currency`, by default the hall's."""
        return self._fill(key, values, currency)

    def knows(self, key: str) -> bool:
        """Whether there is a sentence `key`; for reasons that a device or a module may add."""
        return key in self._sentences

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
        return local_time(time_ms, self.formats, self._sentences["format.time"])

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

    def _localised(self, figure: str) -> str:
        return figure.replace(".", self._sentences["format.decimal"])

    def _fill(self, key: str, values: Mapping[str, int | str], currency: str) -> str:
        currency = currency or self.formats.currency
        shown = {name: self._value(name, value, currency) for name, value in values.items()}
        return self._sentences[key].format_map({"currency": currency, **shown})

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


@cache
def sentences(language: str) -> dict[str, str]:
    """Every sentence of `language` by its dotted key; KeyError for a language without a file."""
    if language not in _codes():
        raise KeyError(language)
    return dict(_flat("", tomllib.loads(_text(language))))


def languages() -> list[tuple[str, str]]:
    """The languages that are there: code and name in its own script, in the order of the codes."""
    return [(code, _name(code)) for code in _codes()]


@cache
def _name(language: str) -> str:
    """Without its sentences: most languages are offered and not spoken."""
    table, name = _text(language).partition("[language]")[1:]
    return str(tomllib.loads(table + name.partition("\n[")[0])["language"]["name"])


def _text(language: str) -> str:
    return (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")


@cache
def _codes() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value
