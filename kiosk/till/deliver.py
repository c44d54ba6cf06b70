"""The irreversible act and its outcome: make the token, or write the card, then commit two.

Used by `sell` for a new sale and by `recover` for one that was interrupted: the same steps, because
both start from what the journal says was intended.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import card_account_facts, chart, facts
from kiosk.domain.cards import families
from kiosk.domain.record import SaleRecord
from kiosk.domain.token import TokenRequest
from kiosk.errors import CardFault, CardUnusable, Refusal, VendorFault
from kiosk.marks import mark
from kiosk.ports import CardReader, Clock
from kiosk.till import card_accounts
from kiosk.till.card_accounts import CardBack
from kiosk.till.desk import Desk

_VENDOR_TRIES = 3

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
    spent = _spend(desk, committed, how, card_back)
    if isinstance(spent, Refusal):
        outcome: Outcome = _doubt(desk, committed.sale_id, spent.code, _waiting_for(spent))
        spent = None
    elif isinstance(spent, card_account_facts.AccountMoveUndone):
        outcome = void(desk, committed, spent.reason, untouched=True)
    elif committed.token is not None:
        outcome = _deliver_token(desk, committed, how)
    else:
        outcome = _deliver_card(desk, committed, how, card_back)
    if stages is not None and isinstance(outcome, facts.SaleDelivered):
        stages.done("deliver")
        outcome = msgspec.structs.replace(outcome, stages_ms=stages.durations_ms)
    if stages is None:
        mark("recover.before_commit")
    else:
        mark("sale.before_commit_two")
    write_outcome(desk, outcome, spent)
    mark("sale.after_commit_two")
    return record_of(desk, committed.sale_id)


def write_outcome(desk: Desk, outcome: Outcome, spent: card_accounts.Settled | None = None) -> None:
    """Commit two. If another station settled the sale meanwhile, its outcome stands.

    `spent` is what became of the money on the card, if it has become known just now.
    """
    before = desk.records.sale(outcome.sale_id)
    assert before is not None
    known = isinstance(outcome, facts.SaleInDoubt) and before.state == "in_doubt"
    news: list[facts.Fact] = [] if spent is None else [spent]
    if not known:
        news.append(outcome)
    if news:
        desk.journal.append(*news)
        desk.nudge()


def _spend(
    desk: Desk, committed: facts.SaleCommitted, how: str, card_back: CardBack
) -> card_accounts.Settled | Refusal | None:
    """What becomes of the money on the card, before anything is delivered for it.

    None for a sale that is paid otherwise, and for a spend that is in the journal already.
    """
    if not any(tender.kind == "card_account" for tender in committed.tenders):
        return None
    record = desk.records.account_move(committed.sale_id)
    assert record is not None, committed.sale_id
    if record.state != "committed":
        return None
    return card_accounts.settle(desk, record.committed, how, card_back)


def _waiting_for(unknown: Refusal) -> str:
    return "module" if unknown.code == "vendor_silent" else "card"


def record_of(desk: Desk, sale_id: str) -> SaleRecord:
    """The sale as it stands in the journal."""
    record = desk.records.sale(sale_id)
    assert record is not None, sale_id
    return record


def void(
    desk: Desk, committed: facts.SaleCommitted, reason: str, *, untouched: bool = False
) -> facts.SaleVoided:
    """The outcome of a sale that is known not to have been delivered.

    Cash goes back over the counter while the customer stands there; everything else is kept for
    the meter, where the next purchase finds it. `untouched`: it was to be paid from the card, and
    the card still has the money.
    """
    if untouched:
        return facts.SaleVoided(committed.sale_id, reason, chart.card_account(committed.account))
    present = committed.station == desk.station.name
    if present and all(tender.kind == "cash" for tender in committed.tenders):
        return facts.SaleVoided(committed.sale_id, reason, committed.tenders[0].account)
    return facts.SaleVoided(committed.sale_id, reason, kept_in(committed))


def kept_in(committed: facts.SaleCommitted) -> str:
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
    made: list[str] = []
    for request in committed.requests():
        answer = _issued(desk, request)
        if answer is None:
            return _doubt(desk, committed.sale_id, "vendor_silent", "module")
        if isinstance(answer, Refusal):
            # Nobody has seen a digit of the set: the sale is undone as a whole.
            return void(desk, committed, answer.code)
        made.append(answer)
    paid, *free = made
    if free:
        return facts.SaleWithFreeDelivered(committed.sale_id, how, token=paid, free=free)
    return facts.SaleDelivered(committed.sale_id, how, token=paid)


def _issued(desk: Desk, request: TokenRequest) -> str | Refusal | None:
    """The digits, or why there are none; None when the module stays silent."""
    if desk.vendor is None:
        return None
    mark("token.before_issue")
    for _ in range(_VENDOR_TRIES):
        try:
            answer = desk.vendor.issue(request)
        except VendorFault:
            continue
        mark("token.after_issue")
        if isinstance(answer, str):
            assert len(answer) == 20 and answer.isdecimal(), "a token has 20 digits"
        return answer
    return None


# --- card -------------------------------------------------------------------------------------


def _deliver_card(
    desk: Desk, committed: facts.SaleCommitted, how: str, card_back: CardBack
) -> Outcome:
    """Write, read back, and let the card be the witness whenever something went wrong (E01-E03)."""
    assert committed.card is not None
    outcome = card_accounts.at_card(
        desk, card_back, lambda reader: _write_or_witness(desk, reader, committed, how)
    )
    if isinstance(outcome, Refusal):
        return _doubt(desk, committed.sale_id, outcome.code, _waiting_for(outcome))
    return outcome


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
