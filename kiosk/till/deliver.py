"""The irreversible act and its outcome: make the token, or write the card, then commit two.

Used by `sell` for a new sale and by `recover` for one that was interrupted: the same steps, because
both start from what the journal says was intended.
"""

from __future__ import annotations

from collections.abc import Callable

from kiosk.domain import chart, facts
from kiosk.domain.cards import families
from kiosk.domain.record import SaleRecord
from kiosk.errors import CardFault, CardUnusable, Refusal, VendorFault
from kiosk.marks import mark
from kiosk.ports import CardReader, Clock
from kiosk.till.desk import Desk

#: Called with the reason when the card is away; true: it may be back, try again; false: give up.
CardBack = Callable[[str], bool]

_VENDOR_TRIES = 3
_CARD_TRIES = 5

Outcome = facts.SaleDelivered | facts.SaleVoided | facts.SaleInDoubt


class Stages:
    """Durations of the steps of one sale, recorded with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start_ms = clock.monotonic_ms()
        self.durations_ms: dict[str, int] = {}

    def done(self, stage: str) -> None:
        """The stage that ends here took so long."""
        now = self._clock.monotonic_ms()
        self.durations_ms[stage] = now - self._start_ms
        self._start_ms = now


def no_card_back(_reason: str) -> bool:
    """Nobody is there to put the card back."""
    return False


def deliver(
    desk: Desk,
    committed: facts.SaleCommitted,
    card_back: CardBack = no_card_back,
    stages: Stages | None = None,
) -> SaleRecord:
    """Deliver what was committed and write the outcome; the record afterwards.

    `stages` is given for a sale that was never interrupted.
    """
    how = "normal" if stages is not None else "recovered"
    if committed.token is not None:
        outcome = _deliver_token(desk, committed, how)
    else:
        outcome = _deliver_card(desk, committed, how, card_back)
    if stages is not None and isinstance(outcome, facts.SaleDelivered):
        stages.done("deliver")
        outcome = facts.SaleDelivered(
            outcome.sale_id, outcome.how, outcome.token, outcome.purchase_number,
            stages.durations_ms,
        )  # fmt: skip
    if stages is None:
        mark("recover.before_commit")
    else:
        mark("sale.before_commit_two")
    write_outcome(desk, outcome)
    mark("sale.after_commit_two")
    return record_of(desk, committed.sale_id)


def write_outcome(desk: Desk, outcome: Outcome) -> None:
    """Commit two. If another station settled the sale meanwhile, its outcome stands."""
    before = desk.records.sale(outcome.sale_id)
    assert before is not None
    if isinstance(outcome, facts.SaleInDoubt) and before.state == "in_doubt":
        return
    desk.journal.append(outcome)
    desk.nudge()


def record_of(desk: Desk, sale_id: str) -> SaleRecord:
    """The sale as it stands in the journal."""
    record = desk.records.sale(sale_id)
    assert record is not None, sale_id
    return record


def void(desk: Desk, committed: facts.SaleCommitted, reason: str) -> facts.SaleVoided:
    """The outcome of a sale that is known not to have been delivered.

    Cash goes back over the counter while the customer stands there; everything else is kept for
    the meter, where the next purchase finds it.
    """
    present = committed.station == desk.station.name
    if present and all(tender.kind == "cash" for tender in committed.tenders):
        return facts.SaleVoided(committed.sale_id, reason, committed.tenders[0].account)
    return facts.SaleVoided(committed.sale_id, reason, _kept_in(committed))


def _kept_in(committed: facts.SaleCommitted) -> str:
    """Money that all came from one purse goes back there; any other is kept for the meter."""
    sources = {tender.account for tender in committed.tenders}
    if len(sources) == 1 and all(chart.purse_of(account) for account in sources):
        return sources.pop()
    return chart.meter_account(committed.meter)


def _doubt(desk: Desk, sale_id: str, reason: str, waiting_for: str) -> facts.SaleInDoubt:
    return facts.SaleInDoubt(sale_id, reason, waiting_for, desk.operator)


# --- token ------------------------------------------------------------------------------------


def _deliver_token(desk: Desk, committed: facts.SaleCommitted, how: str) -> Outcome:
    """The module answers the same request with the same digits, so asking again is safe (E06)."""
    assert committed.token is not None
    if desk.vendor is None:
        return _doubt(desk, committed.sale_id, "vendor_silent", "module")
    mark("token.before_issue")
    for _ in range(_VENDOR_TRIES):
        try:
            answer = desk.vendor.issue(committed.token)
        except VendorFault:
            continue
        mark("token.after_issue")
        if isinstance(answer, Refusal):
            return void(desk, committed, answer.code)
        assert len(answer) == 20 and answer.isdecimal(), "a token has 20 digits"
        return facts.SaleDelivered(committed.sale_id, how, token=answer)
    return _doubt(desk, committed.sale_id, "vendor_silent", "module")


# --- card -------------------------------------------------------------------------------------


def _deliver_card(
    desk: Desk, committed: facts.SaleCommitted, how: str, card_back: CardBack
) -> Outcome:
    """Write, read back, and let the card be the witness whenever something went wrong (E01-E03)."""
    assert committed.card is not None
    waiting = _doubt(desk, committed.sale_id, "card_away", "card")
    if desk.reader is None:
        return waiting
    reason = "card_away"
    for _ in range(_CARD_TRIES):
        try:
            return _write_or_witness(desk, desk.reader, committed, how)
        except CardUnusable as error:
            reason = "card_other" if error.code == "other_card" else "card_unusable"
        except CardFault:
            reason = "card_away"
        if not card_back(reason):
            break
    return waiting


def _write_or_witness(
    desk: Desk, reader: CardReader, committed: facts.SaleCommitted, how: str
) -> Outcome:
    """One attempt on the card in the reader; CardFault when it could not be finished."""
    delivery = committed.card
    assert delivery is not None
    number = delivery.purchase_number
    family = families.of(delivery.before)
    seen = family.witness(delivery.before, reader.read(), delivery.writes)
    if seen == "other":
        raise CardUnusable("This is not the card of this sale.", "other_card")
    if seen == "superseded":
        return void(desk, committed, "superseded")
    if seen in {"delivered", "consumed"}:
        return facts.SaleDelivered(committed.sale_id, "witnessed", purchase_number=number)
    mark("card.before_write")
    reader.write(delivery.serial, delivery.writes)
    mark("card.before_read_back")
    if family.witness(delivery.before, reader.read(), delivery.writes) != "delivered":
        raise CardFault("The card does not read back as it was written.")
    mark("card.after_read_back")
    return facts.SaleDelivered(committed.sale_id, how, purchase_number=number)
