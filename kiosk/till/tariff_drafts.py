"""Prices in the making: files in HOME/prices that a clerk changes on screen or with any editor.

Every change is kept at once and priced at once (E35): `worked` gives the worked example, or every
fault with its line. Nothing here puts prices into force; `kiosk.till.tariffs.publish` does.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import msgspec

from kiosk.domain import tariff
from kiosk.domain.money import decimals
from kiosk.domain.tariff_file import read_pack
from kiosk.domain.tariff_pack import PowerType, TariffPack, Usage
from kiosk.domain.tariff_toml import Fault
from kiosk.domain.tariff_writer import pack_text
from kiosk.errors import BadInput, Refusal
from kiosk.till.desk import Desk
from kiosk.till.usage import local, midnight_ms, wall_clock, zone_of
from kiosk.words.formats import time_zone

FOLDER = "prices"
_LARGEST_BYTES = 4 * 1024 * 1024
#: What the example is about until somebody says other: about a month of a small household.
_ENERGY_WH, _AMOUNT_MAJOR = 100_000, 100


class Draft(msgspec.Struct, frozen=True):
    """One file: its name, what it calls itself, how many faults it has, whether it is known."""

    name: str
    number: int
    label: str
    faults: int
    published: bool


class Asked(msgspec.Struct, frozen=True):
    """What the worked example is about; what is empty or 0 has a value of its own."""

    power_type: str = ""
    amount_minor: int = 0
    energy_wh: int = 0
    used_wh: int = 0
    at: str = ""
    customer_class: str = ""


class Worked(msgspec.Struct, frozen=True):
    """A pack and its worked example both ways; `now` is the amount at the prices in force."""

    pack: TariffPack
    asked: Asked
    by_amount: tariff.Quote | Refusal
    by_energy: tariff.Quote | Refusal
    now: tariff.Quote | Refusal | None


def zone_or_none(name: str) -> tzinfo | None:
    """The clock of a zone's name, or None for a name that is none."""
    try:
        return time_zone(name)
    except BadInput:
        return None


def read_text(text: str) -> TariffPack | list[Fault]:
    """The pack in a file, or every fault of it."""
    return read_pack(text, zone_or_none)


def drafts(desk: Desk) -> list[Draft] | Refusal:
    """All files in HOME/prices by name."""
    refused = desk.gate("tariffs")
    if refused is not None:
        return refused
    known = {pack.number for _, pack in desk.records.tariffs()}
    paths = sorted((desk.home / FOLDER).glob("*.toml"))
    return [_draft(path, known) for path in paths]


def _draft(path: Path, known: set[int]) -> Draft:
    text = _content(path)
    found = [Fault(1, text.code)] if isinstance(text, Refusal) else read_text(text)
    if isinstance(found, list):
        return Draft(path.name, 0, "", len(found), published=False)
    return Draft(path.name, found.number, found.label, 0, published=found.number in known)


def begin(desk: Desk) -> str | Refusal:
    """A new draft with the prices in force, the next number and tomorrow's date: its name."""
    refused = desk.gate("tariffs")
    if refused is not None:
        return refused
    now_ms = desk.clock.now().time_ms
    found, newest = desk.records.tariff_at(now_ms), desk.records.tariff()
    if found is None or newest is None:
        return Refusal("no_prices_yet")
    zone = zone_of(found[1], desk.settings.site.timezone)
    number = newest[1].number + 1
    pack = msgspec.structs.replace(
        found[1], number=number, use_by_ms=0,
        valid_from_ms=midnight_ms(local(now_ms, zone).date() + timedelta(days=1), zone),
    )  # fmt: skip
    name = _free_name(desk.home / FOLDER, number)
    kept = keep(desk, name, pack_text(pack, zone, desk.settings.site.timezone))
    return name if kept is None else kept


def _free_name(folder: Path, number: int) -> str:
    names = [f"prices-{number}.toml", *(f"prices-{number}-{n}.toml" for n in range(2, 1000))]
    return next(name for name in names if not (folder / name).exists())


def text_of(desk: Desk, name: str) -> str | Refusal:
    """The text of a draft."""
    return desk.gate("tariffs") or _content(desk.home / FOLDER / name)


def _content(path: Path) -> str | Refusal:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return Refusal("draft_unreadable", {"file": path.name, "reason": "> 4 MiB"})
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "UTF-8"
        return Refusal("draft_unreadable", {"file": path.name, "reason": reason})


def keep(desk: Desk, name: str, text: str) -> Refusal | None:
    """Write a draft so that a fall of power leaves the old one or the new one."""
    refused = desk.gate("tariffs")
    if refused is not None:
        return refused
    path = desk.home / FOLDER / name
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        new = path.with_name(f".{name}.new")
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        return Refusal("draft_not_kept", {"file": name, "reason": error.strerror or "?"})
    return None


# --- the worked example -----------------------------------------------------------------------


def worked(desk: Desk, text: str, asked: Asked) -> Worked | list[Fault] | Refusal:
    """The example of a file: what an amount buys and what energy costs, beside the prices now."""
    refused = desk.gate("tariffs")
    if refused is not None:
        return refused
    pack = read_text(text)
    if isinstance(pack, list):
        return pack
    asked = _filled(pack, asked, desk.settings.site.timezone)
    found = desk.records.tariff_at(desk.clock.now().time_ms)
    now = found[1] if found is not None else None
    same = now is not None and now.currency == pack.currency and now.has(asked.power_type)
    return Worked(
        pack, asked, _by_amount(pack, asked), _by_energy(pack, asked),
        _by_amount(now, asked) if same and now is not None else None,
    )  # fmt: skip


def _filled(pack: TariffPack, asked: Asked, timezone: str) -> Asked:
    code = asked.power_type if pack.has(asked.power_type) else pack.power_types[0].code
    begins = local(pack.valid_from_ms, zone_of(pack, timezone))
    return msgspec.structs.replace(
        asked, power_type=code, energy_wh=asked.energy_wh or _ENERGY_WH,
        amount_minor=asked.amount_minor or _usual(pack.power_type(code), pack.currency),
        at=asked.at or wall_clock(begins.replace(hour=12, minute=0)),
    )  # fmt: skip


def _usual(prices: PowerType, currency: str) -> int:
    """A round amount that may be paid."""
    one: int = 10 ** decimals(currency)
    wanted = min(_AMOUNT_MAJOR * one, prices.maximum_minor)
    multiple = prices.multiple_minor
    return -(-max(wanted, prices.minimum_minor) // multiple) * multiple


def _usage(asked: Asked) -> Usage:
    return Usage(asked.at, asked.used_wh, asked.used_wh, asked.customer_class)


def _by_amount(pack: TariffPack, asked: Asked) -> tariff.Quote | Refusal:
    return tariff.quote(
        pack, asked.power_type, asked.amount_minor, account="", carrier="token", usage=_usage(asked)
    )


def _by_energy(pack: TariffPack, asked: Asked) -> tariff.Quote | Refusal:
    return tariff.quote_energy(
        pack, asked.power_type, asked.energy_wh, account="", carrier="token", usage=_usage(asked)
    )


def time_typed(text: str) -> str:
    """The wall clock of an example as it is typed, to the minute; BadInput for no time."""
    try:
        return wall_clock(datetime.fromisoformat(text)) if text else ""
    except ValueError:
        raise BadInput(f"{text[:40]}: type the time as 2026-07-01 or 2026-07-01T08:30.") from None
