"""The slip of a token that is no sale: what it does, why it was made, and its digits.

The sections of a key change are numbered "1 of 3" in the order in which they are typed (E26).
"""

from __future__ import annotations

from kiosk.domain.credit_registers import amount_text
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Customer
from kiosk.domain.special_tokens import KeyChangeRequest, credit_given
from kiosk.domain.token import grouped
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from receipts.paper import RULE, SPACE, Site, buyer, field, foot, head, moment, why


def token_slip(
    record: TokenRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    copy: int,
    mode: str,
) -> list[SlipLine]:
    """The slip of a token in any state; `copy` 0 is the original."""
    committed = record.committed
    title = words.say(f"tokens.operation_{committed.operation}")
    account = customer.account if customer is not None else ""
    who = buyer(words, committed.meter, account, customer) if committed.meter else []
    return [
        *head(site, words, mode, title, copy),
        *moment(words, record.time_ms, record.quality),
        *who,
        field(words, "slip.why", committed.reason),
        *_links(record, words),
        RULE,
        *_content(record, words),
        RULE,
        field(words, "tokens.issue", committed.issue_id),
        field(words, "slip.entry", f"{record.sequence} {record.head}"),
        field(words, "slip.operator", _persons(record)),
        *foot(site, words, mode),
    ]


def _persons(record: TokenRecord) -> str:
    committed = record.committed
    return " + ".join(name for name in (committed.operator, committed.second) if name)


def _links(record: TokenRecord, words: Words) -> list[SlipLine]:
    sale, result = record.committed.first_sale, record.committed.meter_result
    lines = [field(words, "tokens.replaces", sale)] if sale else []
    if result:
        lines.append(field(words, "tokens.meter_says", words.say(f"clinic.result.{result}")))
    return lines


def _content(record: TokenRecord, words: Words) -> list[SlipLine]:
    if record.state == "refused":
        return [SlipLine(words.say("tokens.was_refused"), style="bold"), *why(words, record.reason)]
    if record.state == "committed":
        return [SlipLine(words.say("tokens.is_open"), style="bold")]
    return [*_given(record, words), *_digits(record, words), *_order(record, words)]


def _given(record: TokenRecord, words: Words) -> list[SlipLine]:
    """The amount of a credit with its unit; under it what it is, where it is no electricity."""
    energy_wh = record.committed.energy_wh
    if energy_wh:
        return [SlipLine(words.energy(energy_wh), style="large", align="centre"), SPACE]
    register, units = credit_given(record.committed.request)
    if not units:
        return []
    amount = words.figure(amount_text(register, units, words.formats.currency))
    return [
        SlipLine(amount, style="large", align="centre"),
        SlipLine(words.say(f"registers.{register}"), align="centre"),
        SPACE,
    ]


def _digits(record: TokenRecord, words: Words) -> list[SlipLine]:
    lines: list[SlipLine] = []
    count = len(record.tokens)
    for number, token in enumerate(record.tokens, 1):
        label = words.say("tokens.of", number=number, count=count)
        lines.append(SlipLine(label if count > 1 else words.say("slip.token"), align="centre"))
        lines.append(SlipLine(grouped(token), style="large", align="centre"))
    return lines


def _order(record: TokenRecord, words: Words) -> list[SlipLine]:
    if not isinstance(record.committed.request, KeyChangeRequest):
        return [SlipLine(words.say("slip.token_help"), style="small", align="centre")]
    return [SlipLine(words.say("tokens.type_all", count=len(record.tokens)), style="bold")]
