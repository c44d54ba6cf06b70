"""The slip of a delivered sale: every figure with its reason, and the token in large digits."""

from __future__ import annotations

from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Customer
from kiosk.domain.tariff import Line
from kiosk.domain.token import grouped
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from receipts.paper import RULE, SPACE, Site, anchor, buyer, field, foot, head, moment


def sale_slip(
    record: SaleRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    copy: int,
    mode: str,
) -> list[SlipLine]:
    """The slip of a sale whose state is delivered; `copy` 0 is the original.

    The operator is the sale's own, never the one at the screen (error-cases, Traps).
    """
    assert record.state == "delivered", record.state
    committed = record.committed
    return [
        *head(site, words, mode, copy=copy),
        *moment(words, record.time_ms, record.quality),
        *buyer(words, committed.meter, committed.account, customer),
        RULE,
        *priced(committed.lines, words, committed.currency),
        *payment(record, words),
        RULE,
        SlipLine(words.say("slip.energy"), align="centre"),
        SlipLine(words.energy(committed.energy_wh), style="large", align="centre"),
        SPACE,
        *_delivery(record, words),
        RULE,
        *anchor(record, words),
        *_how(record, words),
        *foot(site, words, mode),
    ]


def priced(lines: list[Line], words: Words, currency: str) -> list[SlipLine]:
    """Each line of a quote or sale: label, energy, amount, its reason in small print (E30)."""
    return [slip_line for line in lines for slip_line in _priced(line, words, currency)]


def payment(record: SaleRecord, words: Words) -> list[SlipLine]:
    """What it came to and how it was paid."""
    committed = record.committed
    currency = committed.currency
    total = words.say("slip.total", currency=currency)
    return [
        SlipLine(total, right=words.amount(committed.amount_minor, currency), style="bold"),
        *(
            SlipLine(
                words.say("slip.paid_by", tender=words.say(f"tender.{tender.kind}")),
                right=words.amount(tender.amount_minor, currency),
            )
            for tender in committed.tenders
        ),
        field(words, "slip.tendered", words.amount(committed.tendered_minor, currency)),
        field(words, "slip.change", words.amount(committed.change_minor, currency)),
    ]


def _priced(line: Line, words: Words, currency: str) -> list[SlipLine]:
    label = line.label or words.say(f"lines.{line.code}")
    if line.energy_wh:
        label = words.say("slip.line_with_energy", label=label, energy_wh=line.energy_wh)
    return [
        SlipLine(label, right=words.amount(line.amount_minor, currency)),
        SlipLine(words.reason(line.reason, line.values, currency), style="small"),
    ]


def _delivery(record: SaleRecord, words: Words) -> list[SlipLine]:
    """The token in five groups of four, or which purchase the card carries."""
    if record.token is not None:
        return [
            *_tokens(record, record.token, words),
            SlipLine(words.say("slip.token_help"), style="small", align="centre"),
        ]
    assert record.purchase_number is not None and record.committed.card is not None, record
    return [
        field(words, "slip.card_serial", record.committed.card.serial),
        SlipLine(
            words.say("slip.purchase_number"), right=str(record.purchase_number), style="bold"
        ),
        SlipLine(words.say("slip.card_help"), style="small", align="centre"),
    ]


def _tokens(record: SaleRecord, paid: str, words: Words) -> list[SlipLine]:
    """The paid token; with free ones beside it, all of them numbered, each with what it is."""
    free = record.free()
    if not free:
        return _token(words.say("slip.token"), paid)
    count = 1 + len(free)
    lines = _token(words.say("slip.token_paid", number=1, count=count), paid)
    for number, (given, digits) in enumerate(free, 2):
        label = words.say("slip.token_free", number=number, count=count, energy_wh=given.energy_wh)
        lines += [SPACE, *_token(label, digits), SlipLine(given.reason, style="small")]
    return lines


def _token(label: str, digits: str) -> list[SlipLine]:
    return [
        SlipLine(label, align="centre"), SlipLine(grouped(digits), style="large", align="centre")
    ]  # fmt: skip


def _how(record: SaleRecord, words: Words) -> list[SlipLine]:
    lines = []
    if record.how not in ("", "normal"):
        lines.append(SlipLine(words.say("slip.recovered"), style="small"))
    if record.undone:
        lines.append(SlipLine(words.say(f"account.undone_{record.undone}"), style="bold"))
    return lines
