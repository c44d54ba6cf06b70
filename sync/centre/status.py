"""What the centre knows, as figures: per origin and in all, at one moment."""

from __future__ import annotations

from typing import Any

import msgspec

from sync.centre.holdings import Holdings, Identity, Totals
from sync.centre.store import Row

#: Shelved entries that are listed with their reasons; the counts are of all.
LISTED = 20

#: Accounts with a meter or a customer in their name are summed under the word before the colon: a
#: centre has millions of them.
_GROUPED = ("meter_energy", "meter_account", "card_account", "receivable")

_ACCOUNT = "CASE {} ELSE account END".format(
    " ".join(f"WHEN account LIKE '{group}:%' THEN '{group}'" for group in _GROUPED)
)

_QUERIES = {
    "origins": (
        "SELECT origins.origin, origins.residue, origins.sequence, origins.digest,"
        " origins.received_ms, origins.frozen, books.sequence, books.open_sales, books.in_doubt"
        " FROM origins JOIN books ON books.origin = origins.origin ORDER BY origins.origin"
    ),
    "totals": (
        "SELECT origin, currency, sales, delivered, voided, sold_minor, delivered_minor,"
        " voided_minor, delivered_wh FROM totals"
    ),
    "balances": (
        f"SELECT origin, currency, {_ACCOUNT}, SUM(amount)"  # noqa: S608 - constants only
        " FROM balances GROUP BY 1, 2, 3"
    ),
    "shelf": "SELECT origin, COUNT(*) FROM shelf GROUP BY origin",
    "revoked": "SELECT origin, reason, revoked_ms, sequence FROM revocations",
    "shelved": (
        "SELECT origin, sequence, code, reason FROM shelf"  # noqa: S608 - a constant
        f" ORDER BY sequence DESC, origin LIMIT {LISTED}"
    ),
    "alarms": (
        "SELECT origin, code, sentence, times, first_ms, last_ms FROM alarms ORDER BY last_ms DESC,"
        " origin, code"
    ),
}


class Alarm(msgspec.Struct, frozen=True):
    """What somebody must look at; `origin` "" is the centre itself. `times` counts repetitions."""

    origin: str
    code: str
    sentence: str
    times: int
    first_ms: int
    last_ms: int


class Shelved(msgspec.Struct, frozen=True):
    """A stored, acknowledged entry that the books could not apply."""

    origin: str
    sequence: int
    code: str
    reason: str


class Figures(msgspec.Struct, kw_only=True):
    """Counts and sums; `totals` by currency, `balances` by currency and account (posted or not)."""

    entries: int = 0
    booked: int = 0
    sales: int = 0
    delivered: int = 0
    voided: int = 0
    open: int = 0
    in_doubt: int = 0
    shelf: int = 0
    totals: dict[str, Totals] = msgspec.field(default_factory=dict)
    balances: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)


class OriginFigures(Figures, kw_only=True):
    """One origin: its head (`entries` is also the number of the last), lane, and figures.

    `booked` is the last entry in the books; `received_ms` is 0 before the first bundle. Of a
    revoked one `revoked` says why, and its entries after number `revoked_after` came later.
    """

    origin: str
    residue: int
    digest: str
    received_ms: int
    frozen: bool
    revoked: str = ""
    revoked_ms: int = 0
    revoked_after: int = 0


class Status(msgspec.Struct, kw_only=True):
    """All origins, their sum, alarms and the newest shelved entries."""

    centre: str
    public_key: str
    lanes: int
    sum: Figures
    origins: list[OriginFigures]
    alarms: list[Alarm]
    shelved: list[Shelved]


async def status(holdings: Holdings, identity: Identity) -> Status:
    """The figures of this centre now."""
    rows = await holdings.snapshot(_QUERIES)
    origins = {row[0]: _origin(row) for row in rows["origins"]}
    for origin, currency, *figures in rows["totals"]:
        origins[origin].totals[currency] = Totals(*figures)
    for origin, currency, account, amount in rows["balances"]:
        origins[origin].balances.setdefault(currency, {})[account] = int(amount)
    for origin, count in rows["shelf"]:
        origins[origin].shelf = count
    for origin, reason, revoked_ms, sequence in rows["revoked"]:
        each = origins[origin]
        each.revoked, each.revoked_ms, each.revoked_after = reason, revoked_ms, sequence
    for each in origins.values():
        _add_up_counts(each)
    return Status(
        centre=identity.name,
        public_key=identity.public_key.hex(),
        lanes=identity.lanes,
        sum=_sum(list(origins.values())),
        origins=list(origins.values()),
        alarms=[Alarm(*row) for row in rows["alarms"]],
        shelved=[Shelved(*row) for row in rows["shelved"]],
    )


def plain(current: Status) -> str:
    """The figures for a terminal, one line an origin."""
    lines = [f"{current.centre}: {len(current.origins)} origins, {current.sum.entries} entries"]
    for each in current.origins:
        frozen = ", FROZEN" if each.frozen else ""
        lines.append(_line(each.origin, each) + frozen + _revoked(each))
    lines.append(_line("all", current.sum))
    lines += [
        f"alarm: {alarm.origin or current.centre}: {alarm.sentence} ({alarm.times}x)"
        for alarm in current.alarms
    ]
    return "\n".join(lines)


def _revoked(each: OriginFigures) -> str:
    if not each.revoked_ms:
        return ""
    later = each.entries - each.revoked_after
    return f", REVOKED ({each.revoked}), {later} entries taken since"


def _line(name: str, each: Figures) -> str:
    return (
        f"{name}: {each.entries} entries, {each.booked} in the books, {each.sales} sales,"
        f" {each.delivered} delivered, {each.in_doubt} in doubt, {each.voided} voided,"
        f" {each.shelf} on the shelf"
    )


def _origin(row: Row) -> OriginFigures:
    origin, residue, sequence, digest, received_ms, frozen, booked, open_sales, in_doubt = row
    return OriginFigures(
        origin=origin,
        residue=residue,
        entries=sequence,
        digest=digest.hex(),
        received_ms=received_ms,
        frozen=bool(frozen),
        booked=booked,
        open=open_sales,
        in_doubt=in_doubt,
    )


def _add_up_counts(figures: Figures) -> None:
    """The counts without their currencies."""
    for totals in figures.totals.values():
        figures.sales += totals.sales
        figures.delivered += totals.delivered
        figures.voided += totals.voided


def _sum(all_origins: list[OriginFigures]) -> Figures:
    total = Figures()
    for each in all_origins:
        for name in ("entries", "booked", "open", "in_doubt", "shelf"):
            setattr(total, name, getattr(total, name) + getattr(each, name))
        for currency, figures in each.totals.items():
            kept = total.totals.setdefault(currency, Totals())
            _add(kept, figures)
        for currency, accounts in each.balances.items():
            sums = total.balances.setdefault(currency, {})
            for account, amount in accounts.items():
                sums[account] = sums.get(account, 0) + amount
    _add_up_counts(total)
    return total


def _add(kept: Any, more: Any) -> None:
    for name in kept.__struct_fields__:
        setattr(kept, name, getattr(kept, name) + getattr(more, name))
