"""Money on a card that is out of use: the card is lost, its money is not.

The card was last seen with it here. Two persons keep it for the meter; from then on the chip is
never used again. What another hall, cut off, sold from it meanwhile shows at the merge.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import card_account_facts
from kiosk.domain.card_account_record import MoveRecord
from kiosk.domain.card_record import CardStanding
from kiosk.domain.cards import account_area
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Card
from kiosk.errors import Refusal
from kiosk.till.card_accounts import unfinished
from kiosk.till.cards import watch
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.tokens import SecondPerson, reason_missing

_RIGHT = "card_mend"


class LeftMoney(msgspec.Struct, frozen=True):
    """A card that is out of use, and the movement after which it was last seen."""

    standing: CardStanding
    last: MoveRecord


def left_on(desk: Desk, which: str) -> LeftMoney | Refusal:
    """What a card out of use was last seen to hold; `which` is its chip or its printed number."""
    refused = desk.gate(_RIGHT)
    if refused is not None:
        return refused
    standing = _stopped(desk, which)
    if isinstance(standing, Refusal):
        return standing
    serial = standing.card.serial
    last = desk.records.money_left(serial)
    if last is None:
        return Refusal("card_no_money_left", {"serial": serial})
    if last.state == "committed" and desk.is_ours_to_settle(last.committed.station):
        return LeftMoney(standing, last)
    return unfinished(desk, serial) or LeftMoney(standing, last)


def _stopped(desk: Desk, which: str) -> CardStanding | Refusal:
    """By its chip; by a printed number, the newest chip out of use that left money behind."""
    found = watch.find(desk, which)
    if isinstance(found, Refusal) or found.state != "active":
        return found
    if found.card.serial != which.replace(" ", "").lower():
        for other in desk.records.cards_of(number=found.card.number):
            if other.state != "active" and desk.records.money_left(other.card.serial):
                return other
    return Refusal("card_still_in_use", {"serial": found.card.serial})


def keep(desk: Desk, which: str, reason: str, second: SecondPerson) -> LeftMoney | Refusal:
    """Keep the money of a card out of use for its meter; the next sale there is paid with it."""
    refused = desk.gate(_RIGHT) or reason_missing(reason)
    if refused is not None:
        return refused
    left = left_on(desk, which)
    if isinstance(left, Refusal):
        return left
    agreed = second_person(desk, second.name, second.pin, _RIGHT)
    if isinstance(agreed, Refusal):
        return agreed
    outcome = desk.journal.append(*_given_back(desk, left, reason.strip(), agreed))
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return left


def _given_back(desk: Desk, left: LeftMoney, reason: str, second: str) -> list[Fact]:
    """Whether the card took an interrupted top-up, nobody will know: it counts as taken, and all of
    it is given back, so that the chip is never used again."""
    returned = _returned(desk, left.last, left.standing.card, reason, second)
    if left.last.state != "committed":
        return [returned]
    return [
        card_account_facts.AccountMoved(left.last.committed.move_id, "card_out_of_use"),
        returned,
    ]


def _returned(
    desk: Desk, record: MoveRecord, card: Card, reason: str, second: str
) -> card_account_facts.CardMoneyReturned:
    last, return_id = record.committed, desk.entropy.name()
    return card_account_facts.CardMoneyReturned(
        return_id, card.serial, last.account, card.meter, last.currency, last.balance_minor,
        last.number + 1, last.mark, account_area.mark_of(return_id, desk.journal.origin), reason,
        desk.operator, second,
    )  # fmt: skip
