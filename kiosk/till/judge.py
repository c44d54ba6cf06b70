"""The verb that ends a card sale which no card and no module can tell of any more.

Other halls have sold on the card since, so it shows their purchases and not ours. What they found
on it is known at the centre (`centre cards`); two persons bring that word here.
"""

from __future__ import annotations

from kiosk.domain import card_account_facts, chart, correction_facts, facts
from kiosk.domain.cards import families
from kiosk.domain.cards.image import CardImage
from kiosk.domain.correction_facts import Verdict
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.till.deliver import kept_in, record_of
from kiosk.till.desk import Desk
from kiosk.till.money_of import agreed, may_take
from kiosk.till.recover import card_image
from kiosk.till.tokens import SecondPerson

#: What may be typed for each verdict.
VERDICTS: dict[str, Verdict] = {
    "1": "delivered", "delivered": "delivered", "2": "never_written",
    "never-written": "never_written", "3": "never_paid", "never-paid": "never_paid",
}  # fmt: skip


def judge(
    desk: Desk, sale_id: str, verdict: str, reason: str, second: SecondPerson
) -> SaleRecord | Refusal:
    """End a card sale in doubt as `verdict` says (a key of VERDICTS); `reason` names how they know.

    The money of a purchase that was never written is kept for its meter, or goes back to the purse
    that it came from; nobody is paid out. What the card was to pay and never did is on it still.
    Refused while the card itself can tell.
    """
    refused = may_take(desk, "undo")
    if refused is not None:
        return refused
    if verdict not in VERDICTS:
        return Refusal("judge_verdict")
    with desk.selling() as free:
        record = desk.records.sale(sale_id)
        waits = _not_to_be_judged(desk, sale_id, record) if free else Refusal("sale_under_way")
        if waits is not None:
            return waits
        assert record is not None
        approver = agreed(desk, second, reason)
        if isinstance(approver, Refusal):
            return approver
        fact = correction_facts.SaleJudged(
            sale_id, VERDICTS[verdict], reason.strip(), desk.operator, approver
        )
        ends = _ends(record.committed, fact.verdict, money_open=_money_open(desk, sale_id))
        outcome = desk.journal.append(fact, *ends) if ends else Refusal("judge_verdict")
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return record_of(desk, sale_id)


def _not_to_be_judged(desk: Desk, sale_id: str, record: SaleRecord | None) -> Refusal | None:
    if record is None:
        return Refusal("unknown_sale", {"sale": sale_id[:40]})
    delivery = record.committed.card
    if delivery is None:
        return Refusal("judge_token_sale", {"sale": sale_id})
    if record.state != "in_doubt":
        return Refusal("sale_not_open", {"sale": sale_id})
    if not desk.is_ours_to_settle(record.committed.station):
        return Refusal("sale_under_way")
    image = card_image(desk)
    if isinstance(image, CardImage):
        family = families.of(delivery.before)
        if family.witness(delivery.before, image, delivery.writes) != "other":
            return Refusal("judge_card_tells", {"sale": sale_id})
    return None


def _money_open(desk: Desk, sale_id: str) -> bool:
    """Whether nobody has seen yet that the money left the card, for a sale that it was to pay."""
    move = desk.records.account_move(sale_id)
    return move is not None and move.state == "committed"


def _ends(
    committed: facts.SaleCommitted, verdict: Verdict, *, money_open: bool
) -> list[facts.Fact]:
    """What ends the sale, and first the movement of its money; none for a verdict without sense."""
    assert committed.card is not None
    sale_id = committed.sale_id
    if verdict == "never_paid":
        kept = chart.card_account(committed.account)
        undone = card_account_facts.AccountMoveUndone(sale_id, "judged", "")
        return [undone, facts.SaleVoided(sale_id, "judged", kept)] if money_open else []
    moved = [card_account_facts.AccountMoved(sale_id, "judged")] if money_open else []
    if verdict == "never_written":
        return [*moved, facts.SaleVoided(sale_id, "judged", kept_in(committed))]
    number = committed.card.purchase_number
    return [*moved, facts.SaleDelivered(sale_id, "judged", purchase_number=number)]
