"""What may be asked of the past: purchases, meters, readings, checks, amendments, the diary.

Every list is a table of plain values (F156-F162). The name of a column says what stands in it:
`_minor`, `_wh` and `_ms` are money, energy and time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from kiosk.domain import account_story, chart
from kiosk.domain.entry import Entry
from kiosk.domain.facts import decode
from kiosk.domain.registry import Customer
from kiosk.errors import Refusal
from kiosk.till import history
from kiosk.till.desk import Desk

Value = str | int | None

_EVER_MS = 2**62
#: A list on a screen or a command without --limit.
LISTED = 200


class Span(msgspec.Struct, frozen=True):
    """What is asked for: a time, and perhaps one meter, account or card."""

    from_ms: int = 0
    until_ms: int = _EVER_MS
    number: str = ""
    limit: int = LISTED


class Listing(msgspec.Struct, frozen=True):
    """A list: the keys of its columns and its rows, newest first."""

    name: str
    columns: list[str]
    rows: list[list[Value]]


def listing(desk: Desk, name: str, span: Span) -> Listing | Refusal:
    """One of LISTS."""
    if name not in LISTS:
        return Refusal("unknown_list", {"list": name[:40], "known": ", ".join(LISTS)})
    right, columns, make = LISTS[name]
    rows = desk.gate(right) or make(desk, span)
    return rows if isinstance(rows, Refusal) else Listing(name, list(columns), rows)


# --- the lists --------------------------------------------------------------------------------


def _purchases(desk: Desk, span: Span) -> list[list[Value]]:
    records = desk.records
    if not span.number:
        found = records.sales_between(span.from_ms, span.until_ms, span.limit)
    else:
        meters = _meters(desk, span.number)
        found = [r for number in meters for r in records.sales_of(meter=number, limit=span.limit)]
        found = [r for r in found if span.from_ms <= r.time_ms <= span.until_ms]
        found.sort(key=lambda record: -record.sequence)
    return [
        [
            r.time_ms, r.committed.sale_id, r.committed.meter, r.committed.account,
            r.committed.power_type, r.committed.amount_minor, r.committed.energy_wh, r.standing,
            r.token or (f"#{r.purchase_number}" if r.purchase_number else ""),
            r.committed.operator, r.sequence,
        ]
        for r in found[: span.limit]
    ]  # fmt: skip


def _meter_file(desk: Desk, span: Span) -> list[list[Value]]:
    rows: list[list[Value]] = []
    for meter in desk.records.search(span.number, span.limit, retired=True):
        record = desk.records.installation(meter.number)
        card = desk.records.card(meter=meter.number)
        rows.append([
            meter.number, meter.account, meter.kind, meter.power_type, meter.phases,
            meter.capacity_w, history.state_of(meter), card.number if card else "",
            record.installed_on if record else "", record.place if record else "",
            " ".join(record.seals) if record else "", meter.replaced_by,
        ])  # fmt: skip
    return rows


def _readings(desk: Desk, span: Span) -> list[list[Value]]:
    found = _each_meter(desk, span, desk.records.readings)
    return [
        [r.read_ms, r.meter, r.reading_wh, r.remaining_wh, r.source, r.operator, r.sequence]
        for r in found
    ]


def _checking(desk: Desk, span: Span) -> list[list[Value]]:
    """Each reading with credit left, beside what should be left: bought less used."""
    rows: list[list[Value]] = []
    for reading in _each_meter(desk, span, desk.records.readings):
        if reading.remaining_wh is None:
            continue
        first = desk.records.installation(reading.meter)
        bought_wh = desk.records.energy_until(reading.meter, reading.sequence)
        used_wh = reading.reading_wh - (first.reading_wh if first else 0)
        expected_wh = bought_wh - used_wh
        rows.append([
            reading.read_ms, reading.meter, bought_wh, used_wh, expected_wh, reading.remaining_wh,
            reading.remaining_wh - expected_wh, reading.operator, reading.sequence,
        ])  # fmt: skip
    return rows


def _amendments(desk: Desk, span: Span) -> list[list[Value]]:
    found = desk.records.amendments(
        span.limit, number=span.number, from_ms=span.from_ms, until_ms=span.until_ms
    )
    return [
        [a.changed_ms, a.subject, a.number, a.field, a.old, a.new, a.reason, a.operator, a.sequence]
        for a in found
    ]


def _diary(desk: Desk, span: Span) -> list[list[Value]]:
    """What every operator did: each fact that somebody's name stands in (F161, F196)."""
    rows: list[list[Value]] = []
    for entry in desk.records.entries_between(span.from_ms, span.until_ms, 20 * span.limit):
        row = _diary_row(entry)
        if row is not None and span.number in {"", *map(str, row)}:
            rows.append(row)
        if len(rows) == span.limit:
            break
    return rows


_SUBJECTS = (
    "account", "meter", "sale_id", "issue_id", "payment", "digest", "station", "replacement_id",
)  # fmt: skip


def _diary_row(entry: Entry) -> list[Value] | None:
    fact = decode(entry.kind, entry.version, entry.body)
    operator = getattr(fact, "operator", "") or getattr(fact, "by", "")
    if not operator:
        return None
    about = next((str(getattr(fact, name)) for name in _SUBJECTS if getattr(fact, name, "")), "")
    second = str(getattr(fact, "second", ""))
    reason = str(getattr(fact, "reason", ""))
    return [entry.time_ms, operator, second, entry.kind, about, reason, entry.sequence]


def _history(desk: Desk, span: Span) -> list[list[Value]] | Refusal:
    """Everything that happened to one customer: money, meters, cards, tokens, the record."""
    customer = history.customer_behind(desk, span.number)
    if isinstance(customer, Refusal):
        return customer
    found = desk.records.history(
        customer.account, span.limit, from_ms=span.from_ms, until_ms=span.until_ms
    )
    return [_history_row(entry) for entry in found]


def _history_row(entry: Entry) -> list[Value]:
    fact = decode(entry.kind, entry.version, entry.body)
    told = account_story.story_of(fact)[1] if account_story.is_told(fact) else []
    shown = [figure.amount_minor for figure in told if figure.name == "difference"]
    shown += [figure.amount_minor for figure in told]
    about = next((str(getattr(fact, name)) for name in _ABOUT if getattr(fact, name, "")), "")
    return [
        entry.time_ms, entry.kind, about,
        shown[0] if shown else getattr(fact, "amount_minor", None),
        getattr(fact, "energy_wh", None), _detail(fact),
        getattr(fact, "operator", "") or getattr(fact, "by", ""), getattr(fact, "second", ""),
        entry.sequence,
    ]  # fmt: skip


#: What a line of the history is about: the first of these that a fact names.
_ABOUT = (
    "sale_id", "issue_id", "top_up_id", "bill_id", "debt_id", "card_number", "new_meter", "meter",
    "account",
)  # fmt: skip


def _detail(fact: object) -> str:
    """What was changed, and why."""
    field, old, new = (getattr(fact, name, "") for name in ("field", "old", "new"))
    change = f"{field}: {old} > {new}" if field else ""
    return ", ".join(part for part in (change, str(getattr(fact, "reason", ""))) if part)


def _meters(desk: Desk, number: str) -> list[str]:
    """The meters that a meter, account or card number means."""
    card = desk.records.card(number=number)
    if card is not None:
        return [card.meter]
    return [meter.number for meter in desk.records.meters_of(number)] or [number]


def _each_meter(
    desk: Desk, span: Span, read: Callable[..., list[history.Reading]]
) -> list[history.Reading]:
    times = {"from_ms": span.from_ms, "until_ms": span.until_ms}
    if not span.number:
        return read(span.limit, **times)
    found = [
        r for meter in _meters(desk, span.number) for r in read(span.limit, meter=meter, **times)
    ]
    return sorted(found, key=lambda r: -r.sequence)[: span.limit]


Make = Callable[[Desk, Span], list[list[Value]] | Refusal]

#: name -> the right it takes, its columns, how its rows are made
LISTS: dict[str, tuple[str, Sequence[str], Make]] = {
    "purchases": (
        "history",
        ("time_ms", "sale", "meter", "account", "power_type", "amount_minor", "energy_wh", "state",
         "token", "operator", "entry"),
        _purchases,
    ),
    "meters": (
        "search",
        ("meter", "account", "kind", "power_type", "phases", "capacity_w", "state", "card",
         "installed_on", "place", "seals", "replaced_by"),
        _meter_file,
    ),
    "readings": (
        "history",
        ("time_ms", "meter", "reading_wh", "remaining_wh", "source", "operator", "entry"),
        _readings,
    ),
    "checking": (
        "history",
        ("time_ms", "meter", "bought_wh", "used_wh", "expected_wh", "remaining_wh",
         "difference_wh", "operator", "entry"),
        _checking,
    ),
    "amendments": (
        "history",
        ("time_ms", "subject", "number", "field", "old", "new", "reason", "operator", "entry"),
        _amendments,
    ),
    "diary": (
        "diary",
        ("time_ms", "operator", "second", "what", "about", "reason", "entry"),
        _diary,
    ),
    "history": (
        "history",
        ("time_ms", "event", "about", "amount_minor", "energy_wh", "detail", "operator", "second",
         "entry"),
        _history,
    ),
}  # fmt: skip


# --- the overall inquiry (F162) ---------------------------------------------------------------


class Overall(msgspec.Struct, frozen=True):
    """Everything about one customer: the record, the money, and the lists."""

    customer: Customer
    debt_minor: int
    kept_minor: int
    lists: list[Listing]
    is_closed: bool = False
    capital_minor: int = 0


def overall(desk: Desk, account: str, limit: int = 20) -> Overall | Refusal:
    """Everything that is known of a customer, by account, meter or card number."""
    refused = desk.gate("search") or desk.gate("history")
    if refused is not None:
        return refused
    customer = history.customer_behind(desk, account)
    if isinstance(customer, Refusal):
        return customer
    span = Span(number=customer.account, limit=limit)
    lists = []
    for name in ("meters", "purchases", "readings", "checking"):
        found = listing(desk, name, span)
        if not isinstance(found, Refusal):
            lists.append(found)
    lists.append(_history_of(desk, customer.account, limit))
    meters = desk.records.meters_of(customer.account)
    kept = sum(-desk.records.balance(chart.meter_account(m.number), desk.currency) for m in meters)
    debt = max(0, desk.records.balance(chart.receivable(customer.account), desk.currency))
    capital = -desk.records.balance(chart.capital_account(customer.account), desk.currency)
    is_closed = desk.records.is_closed(customer.account)
    return Overall(customer, debt, kept, lists, is_closed, capital)


def _history_of(desk: Desk, account: str, limit: int) -> Listing:
    """The amendments of a customer and of all the meters."""
    numbers = [account, *(meter.number for meter in desk.records.meters_of(account))]
    rows = [row for n in numbers for row in _amendments(desk, Span(number=n, limit=limit))]
    rows.sort(key=lambda row: -int(row[-1] or 0))
    return Listing("amendments", list(LISTS["amendments"][1]), rows[:limit])
