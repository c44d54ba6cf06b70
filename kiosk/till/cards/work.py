"""Carrying out a work: intention, the card, outcome; and finishing what was interrupted.

The steps are those of a card sale (`kiosk.till.deliver`): commit one holds the card as it was and
the ordered writes, then the card is written and read back, commit two says what became of it. A
card that is away leaves the work in doubt; when it comes back, it is the witness.
"""

from __future__ import annotations

from kiosk.domain import card_facts, chart, facts
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.cards import workshops
from kiosk.domain.cards.work import Workshop
from kiosk.domain.tender import Tender
from kiosk.errors import BadInput, CardFault, CardUnusable, Refusal
from kiosk.marks import mark
from kiosk.ports import CardReader
from kiosk.till.card_accounts import CardBack
from kiosk.till.cards.look import inspected
from kiosk.till.cards.plan import RIGHT, SECOND_RIGHT, Plan
from kiosk.till.deliver import no_card_back
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.tokens import SecondPerson, reason_missing

_CARD_TRIES = 5

#: Works on a blank, which may be given up without it: the card they were for is worth nothing more
#: than the one that it should have replaced (E15).
_MAY_BE_GIVEN_UP = ("make", "reissue", "tool")

_End = card_facts.CardWorkDone | card_facts.CardWorkUndone | card_facts.CardWorkInDoubt


def carry_out(
    desk: Desk,
    plan: Plan,
    reason: str,
    second: SecondPerson | None = None,
    card_back: CardBack = no_card_back,
) -> CardWorkRecord | Refusal:
    """Do what `plan` says. The record's state is done, undone or in_doubt.

    A refusal means that nothing was written, nowhere, and nothing was taken.
    """
    refused = (
        desk.gate(RIGHT[plan.operation])
        or reason_missing(reason)
        or desk.room_to_sell()
        or desk.clock_set_back()
    )
    if refused is not None:
        return refused
    agreed = _second(desk, plan, second)
    if isinstance(agreed, Refusal):
        return agreed
    with desk.selling() as free:
        if not free:
            return Refusal("sale_under_way")
        image = inspected(desk)
        if isinstance(image, Refusal):
            return image
        if image != plan.before:
            return Refusal("card_changed")
        committed = _intention(desk, plan, reason.strip(), agreed)
        outcome = desk.journal.append(
            *blank_in_hand(desk, plan.before.family, committed), committed
        )
        if isinstance(outcome, Refusal):
            return outcome
        return finish(desk, committed, card_back, "normal")


def blank_in_hand(
    desk: Desk, family: str, work: card_facts.CardWorkCommitted
) -> list[card_facts.CardStockMoved]:
    """A blank lies in the reader that the stock does not know: it is counted before it is used, so
    that the stock never falls below nothing."""
    if work.operation not in _MAY_BE_GIVEN_UP:
        return []
    if any(row.in_stock > 0 for row in desk.records.card_stock() if row.family == family):
        return []
    return [card_facts.CardStockMoved(family, "counted", 1, work.reason, desk.operator)]


def _second(desk: Desk, plan: Plan, second: SecondPerson | None) -> str | Refusal:
    """Whoever agrees, where two are needed."""
    if not plan.two_persons:
        return ""
    if second is None or not second.name:
        return Refusal("second_person_needed")
    return second_person(desk, second.name, second.pin, SECOND_RIGHT)


def _intention(desk: Desk, plan: Plan, reason: str, second: str) -> card_facts.CardWorkCommitted:
    cash = chart.cash(desk.operator)
    is_paid = plan.operation == "reissue" and plan.amount_minor > 0
    return card_facts.CardWorkCommitted(
        desk.entropy.name(), desk.station.name, desk.operator, second, desk.face, plan.operation,
        reason, plan.meter, plan.card_number, plan.serial, plan.issue, plan.before, plan.writes,
        plan.content, plan.replaces, plan.old_state, plan.sale_id, plan.tool,
        desk.currency if plan.amount_minor else "", plan.amount_minor, plan.energy_wh, plan.lines,
        [Tender("cash", plan.amount_minor, cash)] if is_paid else [], plan.returned_to,
    )  # fmt: skip


# --- the card -------------------------------------------------------------------------------------


def finish(
    desk: Desk, committed: card_facts.CardWorkCommitted, card_back: CardBack, how: str
) -> CardWorkRecord:
    """Write the card, or let it testify, and write the outcome; the record afterwards."""
    outcome = _outcome(desk, committed, card_back, how)
    if how == "normal":
        mark("sale.before_commit_two")
    else:
        mark("recover.before_commit")
    _write(desk, committed, outcome)
    mark("sale.after_commit_two")
    return record_of(desk, committed.work_id)


def record_of(desk: Desk, work_id: str) -> CardWorkRecord:
    """The work as it stands in the journal."""
    record = desk.records.card_work(work_id)
    assert record is not None, work_id
    return record


def _write(desk: Desk, committed: card_facts.CardWorkCommitted, outcome: _End) -> None:
    """Commit two; if another station ended the work meanwhile, its outcome stands. A reissue ends
    the open sale that it repeats in the same commit."""
    before = record_of(desk, committed.work_id)
    if isinstance(outcome, card_facts.CardWorkInDoubt) and before.state == "in_doubt":
        return
    settled = _settled_sale(desk, committed, outcome)
    if settled is None or isinstance(desk.journal.append(outcome, settled), Refusal):
        desk.journal.append(outcome)
    desk.nudge()


def _settled_sale(
    desk: Desk, committed: card_facts.CardWorkCommitted, outcome: _End
) -> facts.SaleDelivered | None:
    if not isinstance(outcome, card_facts.CardWorkDone) or committed.operation != "reissue":
        return None
    sale = desk.records.sale(committed.sale_id) if committed.sale_id else None
    if sale is None or sale.state not in {"paid", "in_doubt"}:
        return None
    number = committed.content.purchase_number
    return facts.SaleDelivered(committed.sale_id, "reissued", purchase_number=number)


def _outcome(
    desk: Desk, committed: card_facts.CardWorkCommitted, card_back: CardBack, how: str
) -> _End:
    reason = "card_away"
    shop = workshops.SHOPS[committed.before.family]
    for _ in range(_CARD_TRIES):
        if desk.reader is None:
            break
        try:
            return _write_or_witness(desk, desk.reader, shop, committed, how)
        except CardUnusable as error:
            reason = "card_other" if error.code == "other_card" else "card_unusable"
        except CardFault:
            reason = "card_away"
        if not card_back(reason):
            break
    return card_facts.CardWorkInDoubt(committed.work_id, reason, desk.operator)


def _write_or_witness(
    desk: Desk, reader: CardReader, shop: Workshop, work: card_facts.CardWorkCommitted, how: str
) -> _End:
    """One attempt on the card in the reader; CardFault when it could not be finished."""
    image = reader.inspect()
    seen = shop.witness_work(work.before, image, work.writes, work.serial)
    if seen == "other":
        raise CardUnusable("This is not the card of this work.", "other_card")
    if seen == "consumed":
        return undone(desk, work, "consumed")
    if seen == "delivered":
        return _done(desk, work, "witnessed")
    mark("card.before_write")
    try:
        reader.personalise(image.serial, work.writes)
    except BadInput:
        if seen == "not_delivered":
            return undone(desk, work, "not_possible")
        raise
    mark("card.before_read_back")
    now = reader.read()  # as a customer's card is read: whatever is wrong with it shows now
    if shop.witness_work(work.before, now, work.writes, work.serial) != "delivered":
        raise CardFault("The card does not read back as it was written.")
    mark("card.after_read_back")
    return _done(desk, work, how)


def _done(desk: Desk, work: card_facts.CardWorkCommitted, how: str) -> card_facts.CardWorkDone:
    """Cash is given back only while the customer stands there; later it is kept for the meter."""
    returned_to = work.returned_to
    if returned_to and work.station != desk.station.name:
        returned_to = chart.meter_account(work.meter)
    return card_facts.CardWorkDone(
        work.work_id, work.operation, how, work.meter, work.currency, work.amount_minor,
        work.energy_wh, work.lines, returned_to,
    )  # fmt: skip


def undone(
    desk: Desk, work: card_facts.CardWorkCommitted, reason: str
) -> card_facts.CardWorkUndone:
    """The end of a work that did not happen: its fee goes back over the counter while the customer
    stands there, and to the meter's account later."""
    paid = sum(tender.amount_minor for tender in work.tenders)
    if not paid:
        return card_facts.CardWorkUndone(work.work_id, reason, work.currency, 0, "")
    present = work.station == desk.station.name
    account = work.tenders[0].account if present else chart.meter_account(work.meter)
    return card_facts.CardWorkUndone(work.work_id, reason, work.currency, paid, account)


# --- afterwards -----------------------------------------------------------------------------------


def recover_cards(desk: Desk) -> list[CardWorkRecord]:
    """Finish every work whose station is gone, or that is our own; one in doubt waits for its card:
    another customer's proves nothing."""
    ended = []
    for record in desk.records.open_card_works():
        work = record.committed
        if not desk.is_ours_to_settle(work.station):
            continue
        if record.state == "in_doubt" and not _testifies(desk, work):
            continue
        ended.append(finish(desk, work, no_card_back, "recovered"))
    return ended


def _testifies(desk: Desk, work: card_facts.CardWorkCommitted) -> bool:
    """Whether the card in the reader can be the one of this work."""
    image = inspected(desk)
    if isinstance(image, Refusal) or image.family != work.before.family:
        return False
    shop = workshops.SHOPS[image.family]
    return shop.witness_work(work.before, image, work.writes, work.serial) != "other"


def give_up(desk: Desk, work_id: str, reason: str) -> CardWorkRecord | Refusal:
    """End a work in doubt whose card will not come back. The old card stays stopped, and the new
    one is known to nobody; make another. Its blank is booked out as damaged, with the same reason.
    A cancel or a repair is never given up: only the card can say what it carries."""
    refused = desk.gate("card_mend") or reason_missing(reason)
    if refused is not None:
        return refused
    record = desk.records.card_work(work_id)
    if record is None or record.state != "in_doubt":
        return Refusal("card_work_not_open", {"work": work_id[:40]})
    if record.committed.operation not in _MAY_BE_GIVEN_UP:
        return Refusal("card_work_needs_card", {"work": work_id})
    if not desk.is_ours_to_settle(record.committed.station):
        return Refusal("sale_under_way")
    family = record.committed.before.family
    blank = card_facts.CardStockMoved(family, "damaged", 1, reason.strip(), desk.operator)
    counted = blank_in_hand(desk, family, record.committed)
    outcome = desk.journal.append(undone(desk, record.committed, "given_up"), *counted, blank)
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return record_of(desk, work_id)


def works(desk: Desk, meter: str = "") -> list[CardWorkRecord] | Refusal:
    """Works that wait for their card; of one meter all of them, newest first."""
    refused = desk.gate("card_read")
    if refused is not None:
        return refused
    return desk.records.card_works_of(meter) if meter else desk.records.open_card_works()
