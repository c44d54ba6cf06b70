"""How the registry and its lists are told, on screens, in plain lines and by commands."""

from __future__ import annotations

from kiosk.domain.registry import Customer, Meter
from kiosk.till.credit_left import OldMeter
from kiosk.till.history import state_of
from kiosk.till.inquiry import Listing, Overall, Value
from kiosk.words import accounts
from kiosk.words.book import Words
from kiosk.words.clean import clean

_LONGEST_CELL = 40

#: Columns whose words are ours and are said in the language of the reader.
_SPOKEN = {"state": "state", "kind": "kind", "source": "source", "subject": "subject"}


def heading(words: Words, column: str) -> str:
    """What a column is called."""
    return words.say(f"records.col_{column}")


def cell(words: Words, column: str, value: Value) -> str:
    """A value as it is shown: money, energy and time by the name of its column."""
    if value is None or value == "":
        return ""
    if column == "event":
        return accounts.event(words, str(value))
    if isinstance(value, str):
        spoken = f"records.{_SPOKEN.get(column, '')}_{value}"
        return words.say(spoken) if words.knows(spoken) else clean(value, _LONGEST_CELL)
    if column.endswith("_minor"):
        return words.amount(value)
    if column.endswith("_wh"):
        return words.energy(value)
    return words.time(value) if column.endswith("_ms") else str(value)


def cells(words: Words, listing: Listing) -> list[list[str]]:
    """All rows of a list as they are shown."""
    return [
        [cell(words, column, value) for column, value in zip(listing.columns, row, strict=True)]
        for row in listing.rows
    ]


def listing_lines(words: Words, listing: Listing) -> list[str]:
    """A list as plain lines: the headings, then one line a row."""
    head = " | ".join(heading(words, column) for column in listing.columns)
    return [head, *(" | ".join(row) for row in cells(words, listing))]


def overall_lines(words: Words, found: Overall) -> list[str]:
    """Everything about a customer."""
    lines = [*customer_lines(words, found.customer)]
    if found.is_closed:
        lines.append(words.say("account.closed"))
    lines.append(words.say("records.owed", debt_minor=found.debt_minor))
    lines.append(words.say("records.on_account", capital_minor=found.capital_minor))
    lines.append(words.say("records.kept", kept_minor=found.kept_minor))
    for listing in found.lists:
        lines += ["", words.say(f"records.list_{listing.name}")]
        lines += listing_lines(words, listing) if listing.rows else [words.say("records.none")]
    return lines


def customer_lines(words: Words, customer: Customer) -> list[str]:
    """The record of a customer, a field a line."""
    return [
        f"{words.say('slip.account')}: {clean(customer.account)}",
        *(
            f"{words.say(f'registry.field_{name}')}: {clean(str(getattr(customer, name)))}"
            for name in ("name", "address", "phone", "customer_class", "area")
        ),
    ]


def meter_lines(words: Words, meter: Meter) -> list[str]:
    """The record of a meter."""
    shares = ", ".join(f"{name} {words.percent(share)}" for name, share in meter.shares)
    rows = [
        ("meter", meter.number), ("field_kind_of_meter", words.say(f"records.kind_{meter.kind}")),
        ("register", words.say(f"registers.{meter.register}")),
        ("power_type", meter.power_type), ("next_power_type", _next(words, meter)),
        ("shares", shares), ("phases", str(meter.phases)),
        ("capacity", f"{meter.capacity_w} W" if meter.capacity_w else ""),
        ("supply_group", f"{meter.supply_group}/{meter.key_revision}"),
        ("state", words.say(f"records.state_{state_of(meter)}")),
        ("new_meter", meter.replaced_by),
    ]  # fmt: skip
    return [f"{words.say(f'registry.{key}')}: {clean(value)}" for key, value in rows if value]


def _next(words: Words, meter: Meter) -> str:
    if not meter.next_power_type:
        return ""
    return f"{meter.next_power_type}, {words.time(meter.next_power_type_ms)}"


def old_meter_lines(words: Words, old: OldMeter) -> list[str]:
    """What is known of a meter that shall be taken out."""
    lines = [
        *meter_lines(words, old.meter),
        words.say("registry.issued", energy_wh=old.issued_wh),
        words.say("records.kept", kept_minor=old.kept_minor),
    ]
    if old.card_left_wh is not None and old.card_used_wh is not None:
        left, used = old.card_left_wh, old.card_used_wh
        lines.append(words.say("registry.card_says", left_wh=left, used_wh=used))
    return lines
