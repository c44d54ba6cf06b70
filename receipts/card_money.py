"""The slip of money that was put on a card: what was taken, and what the card holds now."""

from __future__ import annotations

from kiosk.domain import chart
from kiosk.domain.card_account_record import MoveRecord
from kiosk.domain.registry import Customer
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from receipts.paper import RULE, Site, buyer, field, foot, head, moment


def card_money_slip(
    record: MoveRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    copy: int,
    mode: str,
) -> list[SlipLine]:
    """The slip of a movement in any state: moved, undone, or waiting for its card; `copy` 0 is the
    original."""
    move = record.committed
    return [
        *head(site, words, mode, words.say(f"card_money.title_{move.kind}"), copy),
        *moment(words, record.time_ms, record.quality),
        *buyer(words, move.meter, move.account, customer),
        field(words, "slip.card_serial", move.card),
        RULE,
        field(words, "slip.amount", words.money(move.amount_minor, move.currency)),
        *_outcome(record, words),
        RULE,
        field(words, "card_money.movement", move.move_id),
        field(words, "slip.entry", f"{record.sequence} {record.head}"),
        field(words, "slip.operator", move.operator),
        *foot(site, words, mode),
    ]


def _outcome(record: MoveRecord, words: Words) -> list[SlipLine]:
    """What came of it; whoever leaves without it keeps the slip as the proof of the case."""
    move = record.committed
    if record.state == "moved":
        holds = words.money(move.balance_minor, move.currency)
        return [
            SlipLine(words.say("card_money.on_card"), right=holds, style="bold"),
            field(words, "card_money.number", str(move.number)),
        ]
    if record.state == "undone":
        back = "cash" if record.returned_to.startswith(chart.cash("")) else "account"
        said = words.say(f"card_money.undone_{back}", meter=move.meter)
        return [SlipLine(said, style="bold")]
    return [
        SlipLine(words.say("card_money.in_doubt"), style="bold"),
        SlipLine(words.say("fault_slip.keep_slip")),
    ]
