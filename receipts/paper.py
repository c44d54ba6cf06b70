"""What every slip shares: whose it is, when it happened, which copy it is, whether it is valid."""

from __future__ import annotations

import msgspec

from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Customer, masked
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from kiosk.words.clean import clean

RULE = SlipLine(style="rule")
SPACE = SlipLine(style="space")

#: Of a name or an address; enough to notice a wrong meter (E24).
_LONGEST_NAME = 64


class Site(msgspec.Struct, frozen=True):
    """Where slips are printed: the names at their head and the last line of every slip."""

    utility: str
    hall: str
    terminal: str
    footer: str = ""


def head(site: Site, words: Words, mode: str, title: str = "", copy: int = 0) -> list[SlipLine]:
    """The head of a slip: seller, place, watermark, what kind of slip, which copy."""
    lines = [
        SlipLine(site.utility, style="bold", align="centre"),
        SlipLine(site.hall, align="centre"),
        SlipLine(words.say("slip.terminal", terminal=site.terminal), align="centre"),
        *watermark(words, mode),
    ]
    if title:
        lines.append(SlipLine(title, style="large", align="centre"))
    if copy:
        lines.append(SlipLine(words.say("slip.copy", copy=copy), style="large", align="centre"))
    return [*lines, RULE]


def foot(site: Site, words: Words, mode: str) -> list[SlipLine]:
    """The end of a slip."""
    footer = [SlipLine(site.footer, align="centre")] if site.footer else []
    return [RULE, *footer, *watermark(words, mode)]


def watermark(words: Words, mode: str) -> list[SlipLine]:
    """What keeps a rehearsal's slip from being taken for a real one (E34); `mode` as in Site."""
    if mode != "rehearsal":
        return []
    return [SlipLine(words.say("mode.rehearsal"), style="large", align="centre")]


def field(words: Words, key: str, value: str) -> SlipLine:
    """A label of [slip] or another table, and its value in the right column."""
    return SlipLine(words.say(key), right=value)


def moment(words: Words, time_ms: int, quality: str) -> list[SlipLine]:
    """When it happened, and whether the clock could be trusted then (E08)."""
    lines = [field(words, "slip.date", words.time(time_ms))]
    if quality != "synced":
        lines.append(SlipLine(words.say(f"slip.clock_{quality}"), style="small"))
    return lines


def buyer(words: Words, meter: str, account: str, customer: Customer | None) -> list[SlipLine]:
    """For which meter and whom; name and address only in part."""
    lines = [field(words, "slip.meter", meter)]
    if customer is not None:
        name, address = (clean(text, _LONGEST_NAME) for text in (customer.name, customer.address))
        lines.append(field(words, "slip.customer", masked(name)))
        if address:
            lines.append(field(words, "slip.address", masked(address)))
    if account:
        lines.append(field(words, "slip.account", account))
    return lines


def anchor(record: SaleRecord, words: Words) -> list[SlipLine]:
    """Where the sale stands in the books, and who sold it: taken from the sale itself."""
    committed = record.committed
    return [
        field(words, "slip.sale", committed.sale_id),
        field(words, "slip.entry", f"{record.sequence} {record.head}"),
        field(words, "slip.station", committed.station),
        field(words, "slip.operator", committed.operator),
    ]


def why(words: Words, reason: str) -> list[SlipLine]:
    """The reason that a fact gives, as a sentence; a device's own word where there is none."""
    if not reason:
        return []
    key = f"why.{reason}"
    return [SlipLine(words.say(key) if words.knows(key) else reason, style="small")]
