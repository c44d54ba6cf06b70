"""How the hall stands, in words: devices, the ledger check, settings, the rescue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, get_args, get_type_hints

import msgspec

from kiosk.config import Settings
from kiosk.ports import FoundSource, RescueReport
from kiosk.till.maintain import DeviceState
from kiosk.words.book import Words
from kiosk.words.clean import clean

if TYPE_CHECKING:
    from kiosk.till.maintain import Proof


class SettingRow(NamedTuple):
    """One setting: `[section] name`, its value now, and its sentence in kiosk.toml."""

    name: str
    value: str
    sentence: str


def device_lines(words: Words, state: DeviceState) -> list[str]:
    """A device, its state, and what to do about it."""
    name = words.say(f"device.{state.device.replace(' ', '_')}")
    shown = words.say(f"technician.state_{state.state}")
    lines = [words.say("technician.device_line", device=name, state=shown, details=state.details)]
    if state.advice:
        lines.append(words.say("technician.advice", advice=state.advice))
    return lines


def proof_lines(words: Words, proof: Proof) -> list[str]:
    """What the ledger check found."""
    if proof.first_bad:
        return [
            words.say("technician.journal_damaged", entry=proof.first_bad, sentence=proof.fault)
        ]
    figures = words.say(
        "technician.journal_figures",
        postings=proof.postings, sales=proof.sales, head=proof.head[:16],
    )  # fmt: skip
    return [words.say("technician.journal_good", entries=proof.entries), figures]


def setting_rows(settings: Settings) -> Iterator[SettingRow]:
    """Every setting of kiosk.toml with its value now and its sentence."""
    for section in msgspec.structs.fields(Settings):
        table = getattr(settings, section.name)
        hints = get_type_hints(type(table), include_extras=True)
        for field in msgspec.structs.fields(type(table)):
            value = msgspec.json.encode(getattr(table, field.name)).decode()
            described = (
                part for part in get_args(hints[field.name]) if hasattr(part, "description")
            )
            sentence = next((part.description or "" for part in described), "")
            yield SettingRow(f"[{section.name}] {field.name}", value, sentence)


def rescue_lines(words: Words, damage: str, found: list[FoundSource]) -> list[str]:
    """A damaged ledger: what is wrong, and what it can be built from."""
    lines = [clean(damage), words.say("technician.rescue_intro"), ""]
    if not found:
        return [*lines, words.say("technician.rescue_none")]
    return lines + [
        words.say(f"technician.rescue_{each.kind}", place=each.place, upto=each.upto)
        for each in found
    ]


def rescued_lines(words: Words, report: RescueReport) -> list[str]:
    """What each source gave, or why nothing was changed."""
    if report.trouble:
        return [clean(report.trouble)]
    told = [
        words.say(
            "technician.rescue_gave", source=source, entries=entries, last=last, trouble=trouble
        )
        for source, entries, last, trouble in report.given
    ]
    return [*told, words.say("technician.rescue_done", upto=report.upto)]
