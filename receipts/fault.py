"""Fault slips: the customer always leaves with the truth in the hand (error-cases, rule R7).

Each says what is known, what will happen, and carries a case number: the sale's or payment's name.
"""

from __future__ import annotations

from kiosk.domain.facts import NoteOffered
from kiosk.domain.record import PaymentRecord, SaleRecord
from kiosk.domain.registry import Customer
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from receipts.paper import RULE, Site, anchor, buyer, field, foot, head, moment, why
from receipts.sale import payment as paid_lines


def doubt_slip(
    record: SaleRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    copy: int,
    mode: str,
) -> list[SlipLine]:
    """The slip of a sale that is paid and not settled: in doubt, or still to be delivered."""
    assert record.state not in ("delivered", "voided"), record.state
    committed = record.committed
    carrier = "token" if committed.token is not None else "card"
    return [
        *_top(record, customer, site, words, "doubt", copy, mode),
        field(words, "fault_slip.bought", words.energy(committed.energy_wh)),
        *paid_lines(record, words),
        RULE,
        SlipLine(words.say(f"fault_slip.known_{carrier}"), style="bold"),
        *why(words, record.reason),
        SlipLine(words.say(f"fault_slip.next_{carrier}")),
        *_bottom(record, site, words, mode),
    ]


def void_slip(
    record: SaleRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    copy: int,
    mode: str,
    returned_to: str = "",
) -> list[SlipLine]:
    """The slip of a sale that is known not to have been delivered.

    `returned_to` is the ledger account that the money went to, as in the fact SaleVoided: it tells
    cash over the counter from money kept for the meter. Without it the slip sends to the counter.
    """
    assert record.state == "voided", record.state
    return [
        *_top(record, customer, site, words, "void", copy, mode),
        *paid_lines(record, words),
        RULE,
        SlipLine(words.say("fault_slip.known_void"), style="bold"),
        *why(words, record.reason),
        SlipLine(_returned(words, record.committed.meter, returned_to)),
        *_bottom(record, site, words, mode),
    ]


def kept_slip(
    payment: PaymentRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    copy: int = 0,
    mode: str,
) -> list[SlipLine]:
    """The slip of notes that became no sale and are kept for the meter (E23)."""
    amount = words.money(payment.amount_minor, payment.currency)
    account = customer.account if customer is not None else ""
    return [
        *head(site, words, mode, words.say("fault_slip.title_kept"), copy),
        SlipLine(words.say("fault_slip.case"), right=payment.payment, style="bold"),
        field(words, "slip.date", words.time(payment.time_ms)),
        *buyer(words, payment.meter, account, customer),
        RULE,
        SlipLine(words.say("fault_slip.kept"), right=amount, style="bold"),
        SlipLine(words.say("fault_slip.known_kept")),
        *why(words, payment.reason),
        SlipLine(words.say("fault_slip.next_kept", meter=payment.meter)),
        SlipLine(words.say("fault_slip.keep_slip"), style="bold"),
        *foot(site, words, mode),
    ]


def note_slip(
    note: NoteOffered, time_ms: int, reason: str, site: Site, words: Words, *, mode: str
) -> list[SlipLine]:
    """The slip of a note that is neither in the box nor back with the customer (E22)."""
    amount = words.money(note.amount_minor, note.currency)
    return [
        *head(site, words, mode, words.say("fault_slip.title_note")),
        SlipLine(words.say("fault_slip.case"), right=f"{note.payment}/{note.note}", style="bold"),
        field(words, "slip.date", words.time(time_ms)),
        *buyer(words, note.meter, "", None),
        RULE,
        SlipLine(words.say("fault_slip.note"), right=amount, style="bold"),
        SlipLine(words.say("fault_slip.known_note")),
        *why(words, reason),
        SlipLine(words.say("fault_slip.next_note", meter=note.meter)),
        *foot(site, words, mode),
    ]


def _top(
    record: SaleRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    kind: str,
    copy: int,
    mode: str,
) -> list[SlipLine]:
    committed = record.committed
    return [
        *head(site, words, mode, words.say(f"fault_slip.title_{kind}"), copy),
        SlipLine(words.say("fault_slip.case"), right=committed.sale_id, style="bold"),
        *moment(words, record.time_ms, record.quality),
        *buyer(words, committed.meter, committed.account, customer),
        RULE,
    ]


def _bottom(record: SaleRecord, site: Site, words: Words, mode: str) -> list[SlipLine]:
    return [
        SlipLine(words.say("fault_slip.keep_slip"), style="bold"),
        RULE,
        *anchor(record, words),
        *foot(site, words, mode),
    ]


def _returned(words: Words, meter: str, returned_to: str) -> str:
    kind = returned_to.partition(":")[0]
    known = {"cash": "void_cash", "meter_account": "void_kept", "card_account": "void_on_card"}
    return words.say(f"fault_slip.{known.get(kind, 'void_returned')}", meter=meter)
