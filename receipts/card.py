"""The slip of a work on a card: what was done to which card, what was paid or given back."""

from __future__ import annotations

from kiosk.domain import chart
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.registry import Customer
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from receipts.paper import RULE, Site, buyer, field, foot, head, moment, why


def card_slip(
    record: CardWorkRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    copy: int,
    mode: str,
) -> list[SlipLine]:
    """The slip of a work in any state; `copy` 0 is the original."""
    work = record.committed
    title = words.say(f"cards.operation_{work.operation}")
    account = customer.account if customer is not None else ""
    ended = record.state if record.state in {"done", "undone"} else "in_doubt"
    persons = " + ".join(name for name in (work.operator, work.second) if name)
    return [
        *head(site, words, mode, title, copy),
        *moment(words, record.time_ms, record.quality),
        *(buyer(words, work.meter, account, customer) if work.meter else []),
        field(words, "slip.why", work.reason),
        RULE,
        SlipLine(words.say(f"cards.work_{ended}"), style="bold"),
        *why(words, record.reason),
        *_card(record, words),
        *_money(record, words),
        RULE,
        field(words, "cards.work_id", work.work_id),
        field(words, "slip.entry", f"{record.sequence} {record.head}"),
        field(words, "slip.operator", persons),
        *foot(site, words, mode),
    ]


def _card(record: CardWorkRecord, words: Words) -> list[SlipLine]:
    work = record.committed
    lines = [field(words, "cards.new_chip", work.serial)]
    if work.operation in {"make", "reissue"}:
        lines = [
            field(words, "technician.card_number", work.card_number),
            field(words, "cards.issue", str(work.issue)),
            *lines,
        ]
    if work.replaces:
        lines.append(field(words, "cards.replaces", work.replaces))
    if work.operation != "tool" and work.content.purchase_number:
        shown = f"{work.content.purchase_number}, {words.energy(work.content.energy_wh)}"
        lines.append(field(words, "cards.purchase_on_it", shown))
    return lines


def _money(record: CardWorkRecord, words: Words) -> list[SlipLine]:
    """Each line of the fee, or what went back and where to."""
    work = record.committed
    if not work.amount_minor:
        return []
    amount = words.money(work.amount_minor, work.currency)
    if record.returned_to:
        in_cash = record.returned_to.startswith(chart.cash(""))
        return [field(words, f"cards.returned_{'cash' if in_cash else 'account'}", amount)]
    if work.operation == "cancel":
        return []
    lines = [
        SlipLine(
            line.label or words.say(f"lines.{line.code}"),
            right=words.money(line.amount_minor, work.currency),
        )
        for line in work.lines
    ]
    return [*lines, SlipLine(words.say("cards.fee"), right=amount, style="bold")]
