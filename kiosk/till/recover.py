"""The verb recover: what was interrupted is finished or undone before anything new (E01-E03).

Touches only sales and payments whose station is gone, or our own. The card and the note acceptor
are asked what happened; nothing is guessed and nothing is repeated under a new id.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import card_account_facts, facts
from kiosk.domain.card_account_record import MoveRecord
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.cards import account_area, families
from kiosk.domain.cards.image import CardImage
from kiosk.domain.record import PaymentRecord, SaleRecord, TokenRecord
from kiosk.errors import CardFault, CashFault, Refusal, VendorFault
from kiosk.ledger.records import NoteRecord
from kiosk.marks import mark
from kiosk.ports import CashEvent, CashIn
from kiosk.till.card_accounts import recover_top_ups
from kiosk.till.deliver import deliver, record_of, void, write_outcome
from kiosk.till.desk import Desk
from kiosk.till.suspicions import unreadable
from kiosk.till.tokens import recover_tokens

#: How long a note that was on its way when the program ended may take to reach the box.
_NOTE_END_WAIT_MS = 5_000
_NOTE_LOOK_S = 0.2


class Recovered(msgspec.Struct, frozen=True):
    """What recovery settled and what still waits for evidence."""

    sales: list[SaleRecord]
    payments: list[PaymentRecord]
    waiting: list[SaleRecord]
    tokens: list[TokenRecord] = []
    top_ups: list[MoveRecord] = []
    cards: list[CardWorkRecord] = []


def recover(desk: Desk) -> Recovered | Refusal:
    """Settle everything that this desk may settle now; called at start and when a card comes."""
    refused = desk.gate("recover")
    if refused is not None:
        return refused
    with desk.selling() as free:
        if not free:
            return Refusal("sale_under_way")
        notes_settled = _recover_notes(desk)
        payments = _keep_held(desk) if notes_settled else []
        settled: list[SaleRecord] = []
        waiting: list[SaleRecord] = []
        for record in desk.records.open_sales():
            if not desk.is_ours_to_settle(record.committed.station):
                continue
            after = _recover_sale(desk, record)
            (waiting if after.state == "in_doubt" else settled).append(after)
        made = recover_tokens(desk)
        top_ups, cards = recover_top_ups(desk), _recover_cards(desk)
    return Recovered(settled, payments, waiting, made + _recover_transfers(desk), top_ups, cards)


def _recover_transfers(desk: Desk) -> list[TokenRecord]:
    """Balances of replaced meters; what makes their tokens is loaded only where one is open."""
    if not desk.records.open_transfers():
        return []
    from kiosk.till.transfer import recover_transfers

    return recover_transfers(desk)


def _recover_cards(desk: Desk) -> list[CardWorkRecord]:
    """Works on cards; the card room is loaded only where one is open."""
    if not desk.records.open_card_works():
        return []
    from kiosk.till.cards.work import recover_cards

    return recover_cards(desk)


def _recover_sale(desk: Desk, record: SaleRecord) -> SaleRecord:
    """A card sale waits for its card: touching another customer's card proves nothing."""
    serial = _card_of(desk, record)
    if serial and record.state == "in_doubt" and _serial(desk) != serial:
        return record
    return deliver(desk, record.committed)


def _card_of(desk: Desk, record: SaleRecord) -> str:
    """The chip whose testimony this sale needs: it is written on, or paid from and not yet so."""
    if record.committed.card is not None:
        return record.committed.card.serial
    move = desk.records.account_move(record.committed.sale_id)
    return move.committed.card if move is not None and move.state == "committed" else ""


def _serial(desk: Desk) -> str:
    """The serial of the card in the reader, or nothing."""
    image = card_image(desk)
    return image.serial if isinstance(image, CardImage) else ""


def card_image(desk: Desk) -> CardImage | Refusal:
    """The card in the reader as it is now."""
    if desk.reader is None:
        return Refusal("no_card")
    try:
        return desk.reader.read() if desk.reader.present() else Refusal("no_card")
    except VendorFault:
        return Refusal("vendor_silent")
    except CardFault as error:
        return unreadable(error)


def undo(desk: Desk, sale_id: str) -> SaleRecord | Refusal:
    """Undo an interrupted card sale when the card itself shows that nothing was delivered.

    The proof is the card: purchase number still old, nothing in the write-back; or another seller's
    purchase under that number, which recovery voids by itself. A token sale is never undone: its
    digits may have been seen.
    """
    refused = desk.gate("recover")
    if refused is not None:
        return refused
    record = desk.records.sale(sale_id)
    if record is None:
        return Refusal("unknown_sale", {"sale": sale_id})
    delivery = record.committed.card
    if delivery is None or record.state not in {"paid", "in_doubt"}:
        return Refusal("sale_not_open", {"sale": sale_id})
    if not desk.is_ours_to_settle(record.committed.station):
        return Refusal("sale_under_way")
    with desk.selling() as free:
        if not free:
            return Refusal("sale_under_way")
        image = card_image(desk)
        if isinstance(image, Refusal):
            return image
        family = families.of(delivery.before)
        told = family.witness(delivery.before, image, delivery.writes)
        if told == "superseded":
            return deliver(desk, record.committed)
        if told != "not_delivered":
            return Refusal("not_undone", {"sale": sale_id})
        return _undone(desk, record.committed, image)


def _undone(desk: Desk, committed: facts.SaleCommitted, image: CardImage) -> SaleRecord | Refusal:
    """Void it; money that is still on the card stays there, money that left it is kept."""
    move = desk.records.account_move(committed.sale_id)
    if move is None or move.state != "committed":
        write_outcome(desk, void(desk, committed, "undone"))
        return record_of(desk, committed.sale_id)
    told = account_area.witness(move.committed.before, image, move.committed.writes)
    if told not in ("not_delivered", "superseded"):
        return Refusal("not_undone", {"sale": committed.sale_id})
    undone = card_account_facts.AccountMoveUndone(committed.sale_id, "undone", "")
    write_outcome(desk, void(desk, committed, "undone", untouched=True), undone)
    return record_of(desk, committed.sale_id)


# --- notes ------------------------------------------------------------------------------------


def _recover_notes(desk: Desk) -> bool:
    """Ask the acceptor about notes without an end in the journal (E22); true when none is open."""
    mine = [note for note in desk.records.open_notes() if note.state == "offered"]
    mine = [note for note in mine if desk.is_ours_to_settle(note.station)]
    for note in mine:
        if desk.cash is None or desk.cash.name != note.device:
            return False
        try:
            end = _end_of(desk, desk.cash, note)
        except CashFault:
            return False
        desk.journal.append(end)
    return True


def _end_of(desk: Desk, cash: CashIn, note: NoteRecord) -> facts.Fact:
    """What became of a note, in the device's own words (E22).

    A note that is still in escrow is given back; one on its way to the box is waited for.
    """
    cash.give_back()
    until_ms = desk.clock.monotonic_ms() + _NOTE_END_WAIT_MS
    while True:
        events = cash.since(note.counter)
        end = _told(note, events)
        if end is not None:
            return end
        if desk.clock.monotonic_ms() > until_ms:
            known = [event.kind for event in events if event.kind in {"jam", "fraud", "removed"}]
            return facts.NoteInDoubt(note.payment, note.note, known[-1] if known else "lost")
        cash.wait(_NOTE_LOOK_S)


def _told(note: NoteRecord, events: list[CashEvent]) -> facts.Fact | None:
    """The end of the note among the events after its offer: an acceptor moves one at a time."""
    for event in events:
        if event.kind == "stacked" and event.amount_minor == note.amount_minor:
            return facts.NoteStacked(note.payment, note.note, event.counter, recovered=True)
        if event.kind == "returned":
            return facts.NoteReturned(note.payment, note.note, "recovered")
        if event.kind in {"stacked", "escrow", "lost"}:
            return facts.NoteInDoubt(note.payment, note.note, "lost")
    return None


def _keep_held(desk: Desk) -> list[PaymentRecord]:
    """Money of a payment whose station is gone is kept for the meter (E23)."""
    kept = []
    for held in desk.records.held():
        if desk.is_ours_to_settle(held.station):
            fact = facts.PaymentKept(
                held.payment, held.meter, held.amount_minor, held.currency, "interrupted"
            )
            kept.append(keep(desk, fact))
    return [payment for payment in kept if payment is not None]


def keep(desk: Desk, fact: facts.PaymentKept) -> PaymentRecord | None:
    """Book a payment that became no sale to the meter's account; None if another did it first."""
    mark("note.before_keep")
    if isinstance(desk.journal.append(fact), Refusal):
        return None
    desk.nudge()
    now = desk.clock.now().time_ms
    return PaymentRecord(
        fact.payment, fact.meter, fact.amount_minor, fact.currency, now, fact.reason
    )
