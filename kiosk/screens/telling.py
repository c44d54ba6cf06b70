"""How values of the till read in words: short lists of lines, for plain text and screens alike.

Nothing here decides or asks; every sentence comes from kiosk.words, every figure from the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kiosk.domain.cards.family import CardState
from kiosk.domain.free_units import FreeToken, FreeUnits
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Customer, Meter, masked
from kiosk.domain.tariff import Line
from kiosk.domain.token import grouped
from kiosk.errors import Refusal
from kiosk.screens.tender_telling import kept_lines, tender_lines
from kiosk.till.history import Explained
from kiosk.till.maintain import Evidence
from kiosk.till.quote import Buyer, Offer
from kiosk.words.book import Words
from kiosk.words.clean import clean

_MINUTE_MS = 60_000


class LineRow(NamedTuple):
    """One line of a quote or a sale, ready for a column each."""

    label: str
    amount: str
    energy: str
    reason: str


# --- who buys ---------------------------------------------------------------------------------


def customer_line(words: Words, meter: Meter, customer: Customer, *, in_full: bool) -> str:
    """Meter, name and address; in part on a kiosk, where strangers read along (E24)."""
    name, address = customer.name, customer.address
    if not in_full:
        name, address = masked(name), masked(address)
    return words.say("linear.customer_line", meter=meter.number, name=name, address=address)


def money_lines(words: Words, buyer: Buyer) -> list[str]:
    """Debt and kept money where there is any, and what may be bought."""
    lines = []
    if buyer.debt_minor:
        lines.append(words.say("kiosk.debt", debt_minor=buyer.debt_minor))
    if buyer.credit_minor:
        lines.append(words.say("kiosk.credit", credit_minor=buyer.credit_minor))
    limits = words.say(
        "kiosk.amount_limits",
        minimum_minor=buyer.minimum_minor, maximum_minor=buyer.maximum_minor,
    )  # fmt: skip
    return [*lines, limits]


# --- what it costs ----------------------------------------------------------------------------


def line_rows(words: Words, lines: Sequence[Line], currency: str) -> list[LineRow]:
    """Every line with its amount, its energy if it has any, and its reason."""
    return [
        LineRow(
            _label(words, line),
            words.amount(line.amount_minor, currency),
            words.energy(line.energy_wh) if line.energy_wh else "",
            words.reason(line.reason, line.values, currency),
        )
        for line in lines
    ]


def _label(words: Words, line: Line) -> str:
    return clean(line.label) or words.say(f"lines.{line.code}")


def _label_with_energy(words: Words, line: Line) -> str:
    label = _label(words, line)
    if line.energy_wh:
        return words.say("slip.line_with_energy", label=label, energy_wh=line.energy_wh)
    return label


def quote_lines(words: Words, offer: Offer) -> list[str]:
    """What an amount buys, each line with its reason, as sentences."""
    quote = offer.quote
    return [
        *_line_sentences(words, quote.lines, quote.currency), quote_total(words, offer),
        *kept_lines(words, offer), *free_lines(words, offer.free),
    ]  # fmt: skip


def free_lines(words: Words, free: Sequence[FreeUnits]) -> list[str]:
    """What is given beside an offer, each in a token of its own."""
    return [
        words.say("linear.free_line", energy_wh=each.energy_wh, why=clean(each.reason))
        for each in free
    ]


def quote_total(words: Words, offer: Offer) -> str:
    """What an amount buys, in one sentence."""
    quote = offer.quote
    return words.say(
        "linear.quote_total",
        currency=quote.currency, amount_minor=quote.amount_minor, energy_wh=quote.energy_wh,
    )  # fmt: skip


def _line_sentences(words: Words, lines: Sequence[Line], currency: str) -> list[str]:
    return [
        words.say(
            "linear.quote_line",
            currency=currency, label=_label_with_energy(words, line),
            amount_minor=line.amount_minor,
            reason=words.reason(line.reason, line.values, currency),
        )
        for line in lines
    ]  # fmt: skip


# --- what came of it --------------------------------------------------------------------------


def outcome_lines(words: Words, record: SaleRecord, station: str) -> list[str]:
    """How a sale stands, and what to do with the money when it was not delivered.

    `station` is where the customer stands: only there does cash go back over the counter.
    """
    committed = record.committed
    if record.state == "delivered":
        said = words.say(
            "cashier.sold",
            currency=committed.currency,
            energy_wh=committed.energy_wh,
            amount_minor=committed.amount_minor,
        )
        return [said, *delivery_lines(words, record), *tender_lines(words, committed)]
    if record.state == "voided":
        return [_voided(words, record, station), *reason_told(words, record.reason)]
    return [words.say("cashier.in_doubt", sale=committed.sale_id)]


def same_again_line(words: Words, earlier: SaleRecord) -> str:
    """The soft question about a sale that looks like a second press (E05)."""
    return words.say(
        "cashier.same_again",
        currency=earlier.committed.currency,
        amount_minor=earlier.committed.amount_minor,
        earlier_ms=earlier.time_ms,
    )


def copy_line(words: Words, job: str) -> str:
    """Which copy of a slip goes to the printer: its number ends the job's name; "": no printer."""
    if not job:
        return words.say("cashier.no_printer")
    return words.say("cashier.reprinted", copy=int(job.rpartition("/")[2]))


def delivery_lines(words: Words, record: SaleRecord) -> list[str]:
    """The token in groups of four, or the purchase on the card."""
    free = record.free()
    if record.token is not None and free:
        return set_lines(words, record.token, free)
    if record.token is not None:
        return [words.say("linear.token_line", token=grouped(record.token))]
    if record.purchase_number is not None:
        return [words.say("linear.card_line", purchase_number=record.purchase_number)]
    return []


def set_lines(words: Words, paid: str, free: list[tuple[FreeToken, str]]) -> list[str]:
    """A paid token and the free ones beside it, numbered, each with what it is."""
    count = 1 + len(free)
    lines = [words.say("tokens.row_paid", number=1, count=count, token=grouped(paid))]
    for number, (given, digits) in enumerate(free, 2):
        lines.append(
            words.say(
                "tokens.row_free",
                number=number, count=count, energy_wh=given.energy_wh, token=grouped(digits),
                why=clean(given.reason),
            )
        )  # fmt: skip
    return lines


def reason_told(words: Words, reason: str) -> list[str]:
    """The reason that a fact gives, as a sentence; around a module's own word where it is one."""
    if not reason:
        return []
    if words.knows(f"why.{reason}"):
        return [words.say(f"why.{reason}")]
    return [words.say("why.module_refused", reason=reason)]


def _voided(words: Words, record: SaleRecord, station: str) -> str:
    committed = record.committed
    by_hand = all(tender.kind == "cash" for tender in committed.tenders)
    here = by_hand and committed.station == station
    return words.say(
        "cashier.voided" if here else "cashier.voided_kept",
        currency=committed.currency, sale=committed.sale_id,
        amount_minor=committed.amount_minor, meter=committed.meter,
    )  # fmt: skip


def sale_cells(words: Words, record: SaleRecord) -> list[str]:
    """One past sale as the columns time, sale, meter, amount, energy, state."""
    committed = record.committed
    return [
        words.time(record.time_ms),
        committed.sale_id,
        committed.meter,
        words.amount(committed.amount_minor, committed.currency),
        words.energy(committed.energy_wh),
        words.say(f"state.{record.standing}"),
    ]


def why_lines(words: Words, explained: Explained) -> list[str]:
    """Every line of a sale with its reason, and whether the replay agrees."""
    committed = explained.record.committed
    return [
        *_line_sentences(words, committed.lines, committed.currency),
        words.say(
            "linear.quote_total",
            currency=committed.currency,
            amount_minor=committed.amount_minor,
            energy_wh=committed.energy_wh,
        ),
        *tender_lines(words, committed),
        words.say("cashier.replay_agrees" if explained.same else "cashier.replay_differs"),
    ]


def age_line(words: Words, record: SaleRecord, now_ms: int) -> str:
    """What a sale in doubt waits for, and for how long it has."""
    waits = "card" if record.committed.card is not None else "module"
    return words.say(
        "cashier.doubt_waits",
        waiting_for=words.say(f"cashier.waits_{waits}"),
        minutes=max(0, now_ms - record.time_ms) // _MINUTE_MS,
    )


def parted_by_tenant(sales: Sequence[SaleRecord], account: str) -> list[SaleRecord | None]:
    """Sales of a meter, newest first, with None where those of a customer before begin."""
    parted: list[SaleRecord | None] = []
    for record in sales:
        if record.committed.account != account:
            parted.append(None)
            account = record.committed.account
        parted.append(record)
    return parted


# --- evidence ---------------------------------------------------------------------------------


def evidence_lines(words: Words, evidence: Evidence) -> list[str]:
    """A sale in doubt: what the card was, what should be written, what it says now."""
    committed = evidence.record.committed
    lines = [" | ".join(sale_cells(words, evidence.record))]
    if committed.token is not None:
        return [*lines, words.say("technician.evidence_token", message=committed.token.message_id)]
    assert committed.card is not None
    lines += [words.say("technician.evidence_before"), _card_line(words, evidence.before)]
    lines.append(words.say("technician.evidence_writes"))
    for write in committed.card.writes:
        lines.append(
            words.say(
                "technician.evidence_write",
                file=write.file, address=write.address, data=write.data.hex(" "),
            )
        )  # fmt: skip
    lines += [words.say("technician.evidence_now"), _card_line(words, evidence.now)]
    return [*lines, words.say(f"technician.witness_{_witness_word(evidence)}")]


def _witness_word(evidence: Evidence) -> str:
    """Nobody is sent for another card when it is the card of the sale that tells nothing."""
    before, now = evidence.before, evidence.now
    if before is None or isinstance(before, Refusal) or now is None or isinstance(now, Refusal):
        return evidence.testimony or "none"
    is_its_card = before.serial == now.serial
    return "moved_on" if evidence.testimony == "other" and is_its_card else evidence.testimony


def _card_line(words: Words, card: CardState | Refusal | None) -> str:
    if card is None:
        return words.refusal(Refusal("no_card"))
    if isinstance(card, Refusal):
        return words.refusal(card)
    valid = "technician.card_valid" if card.purchase_valid else "technician.card_not_valid"
    return words.say(
        "technician.evidence_card",
        serial=card.serial, meter=card.meter, purchase_number=card.purchase_number,
        energy_wh=card.purchase_energy_wh, valid=words.say(valid),
        written_back=card.written_back_number,
    )  # fmt: skip
