"""Money on the customer's card (F018): put on, spent in a sale, settled by what the card shows.

Works while cut off: the card carries its own account state and every movement changes it, so money
cannot be spent at two terminals. What a terminal has seen goes upstream as facts, and the chain of
all movements of a card shows whether one chip can have made them (kiosk.domain.card_account_chain).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from kiosk.domain import card_account_chain, card_account_facts, chart
from kiosk.domain.card_account_record import MoveRecord
from kiosk.domain.cards import account_area, families
from kiosk.domain.cards.image import CardImage
from kiosk.domain.registry import Customer, Meter
from kiosk.errors import CardFault, CardUnusable, Refusal, VendorFault
from kiosk.marks import mark
from kiosk.ports import CardReader
from kiosk.till.desk import Desk
from kiosk.till.suspicions import read_card

#: Called with the reason when the card is away; true: it may be back, try again; false: give up.
CardBack = Callable[[str], bool]
Result = TypeVar("Result")

_CARD_TRIES = 5


class CardPurse(msgspec.Struct, frozen=True):
    """The account on the card in the reader, and whose it is."""

    state: account_area.AccountState
    image: CardImage
    meter: Meter

    @property
    def account(self) -> str:
        """The customer's account number."""
        return self.meter.account


def purse(desk: Desk) -> CardPurse | Refusal:
    """The account of the card in the reader; refuses what cannot be one of ours."""
    image = read_card(desk)
    return image if isinstance(image, Refusal) else purse_of(desk, image)


class CardMoney(msgspec.Struct, frozen=True):
    """What the counter shows: the account on the card, its customer, its card's printed number and
    issue, its movements that are known here (newest first), and the one that is not settled."""

    purse: CardPurse
    customer: Customer
    card: str
    issue: int
    moves: list[MoveRecord]
    waiting: Refusal | None


def card_money(desk: Desk) -> CardMoney | Refusal:
    """The money on the card in the reader, as a counter shows it."""
    held = desk.gate("card_read") or purse(desk)
    if isinstance(held, Refusal):
        return held
    customer = desk.records.customer(held.account)
    card = desk.records.card(serial=held.image.serial)
    assert customer is not None and card is not None, "purse_of found the meter and the card"
    serial = held.image.serial
    return CardMoney(
        held, customer, card.number, card.issue, desk.records.moves_of_card(serial),
        unfinished(desk, serial),
    )  # fmt: skip


def planned_top_up(desk: Desk, money: CardMoney, amount_minor: int) -> int | Refusal:
    """What the card would hold afterwards, before anybody takes the cash."""
    refused = desk.gate("sell") or desk.room_to_sell() or money.waiting
    if refused is not None:
        return refused
    if amount_minor <= 0:
        return Refusal("amount_zero")
    move = intended(desk, money.purse, "top_up", amount_minor, "planned")
    return move if isinstance(move, Refusal) else move.balance_minor


def purse_of(desk: Desk, image: CardImage) -> CardPurse | Refusal:
    """As `purse`, of a card that was read already."""
    card = families.of(image).state(image)
    if isinstance(card, Refusal):
        return card
    stopped = [
        each for each in desk.records.cards_of(serial=image.serial) if each.state != "active"
    ]
    if stopped:
        return Refusal("card_not_accepted")
    registered = desk.records.card(serial=image.serial)
    meter = desk.records.meter(registered.meter) if registered is not None else None
    if meter is None or meter.number != card.meter:
        return Refusal("wrong_card", {"meter": card.meter})
    stands = account_area.account_state(image)
    return stands if isinstance(stands, Refusal) else CardPurse(stands, image, meter)


def intended(
    desk: Desk, held: CardPurse, kind: account_area.MoveKind, amount_minor: int, move_id: str,
    paid_into: str = "",
) -> card_account_facts.AccountMoveCommitted | Refusal:  # fmt: skip
    """The intention of a movement on the card that was read."""
    origin = desk.journal.origin
    move = account_area.top_up if kind == "top_up" else account_area.spend
    planned = move(held.state, amount_minor, desk.currency, move_id, origin)
    if isinstance(planned, Refusal):
        return planned
    writes, after = planned
    return card_account_facts.AccountMoveCommitted(
        move_id=move_id,
        station=desk.station.name,
        operator=desk.operator,
        face=desk.face,
        account=held.account,
        meter=held.meter.number,
        card=held.image.serial,
        kind=kind,
        currency=desk.currency,
        amount_minor=amount_minor,
        number=after.sequence,
        balance_minor=after.balance_minor,
        previous=held.state.mark,
        mark=after.mark,
        paid_into=paid_into,
        before=held.image,
        writes=writes,
    )


def top_up(
    desk: Desk,
    amount_minor: int,
    card_back: CardBack = lambda _reason: False,
    confirmed: CardImage | None = None,
) -> MoveRecord | Refusal:
    """Take cash over the counter and put it on the card in the reader, which must still be as it
    was when it was `confirmed`, if it was.

    The record's state is moved, undone (the cash goes back), or committed: the card was away and
    `recover` settles it when it comes again. A refusal means that nothing was taken.
    """
    refused = desk.gate("sell") or desk.room_to_sell()
    if refused is not None:
        return refused
    if amount_minor <= 0:
        return Refusal("amount_zero")
    with desk.selling() as free:
        if not free:
            return Refusal("sale_under_way")
        held = purse(desk)
        if isinstance(held, Refusal):
            return held
        if confirmed is not None and held.image != confirmed:
            return Refusal("card_changed")
        unsettled = unfinished(desk, held.image.serial)
        if unsettled is not None:
            return unsettled
        paid_into = chart.cash(desk.operator)
        move = intended(desk, held, "top_up", amount_minor, desk.entropy.name(), paid_into)
        if isinstance(move, Refusal):
            return move
        outcome = desk.journal.append(move)
        if isinstance(outcome, Refusal):
            return outcome
        mark("account.after_intention")
        return finish_top_up(desk, move, "normal", card_back)


def unfinished(desk: Desk, serial: str) -> Refusal | None:
    """A card with a movement in doubt takes no other one: it would cover up the evidence."""
    for record in desk.records.open_moves():
        if record.committed.card == serial:
            return Refusal("sale_in_doubt_for_card", {"sale": record.committed.move_id})
    return None


def finish_top_up(
    desk: Desk,
    move: card_account_facts.AccountMoveCommitted,
    how: str,
    card_back: CardBack = lambda _reason: False,
) -> MoveRecord:
    """Write the card, or ask it, and write down what came of it; used by recovery too."""
    settled = settle(desk, move, how, card_back)
    if not isinstance(settled, Refusal):
        if isinstance(settled, card_account_facts.AccountMoveUndone):
            settled = msgspec.structs.replace(settled, returned_to=_back_to(desk, move))
        desk.journal.append(settled)
        desk.nudge()
    record = desk.records.account_move(move.move_id)
    assert record is not None
    return record


def _back_to(desk: Desk, move: card_account_facts.AccountMoveCommitted) -> str:
    """Cash goes back while the customer stands there, else it is kept for the meter."""
    present = move.station == desk.station.name
    return move.paid_into if present else chart.meter_account(move.meter)


Settled = card_account_facts.AccountMoved | card_account_facts.AccountMoveUndone


def settle(
    desk: Desk, move: card_account_facts.AccountMoveCommitted, how: str, card_back: CardBack
) -> Settled | Refusal:
    """What the card says of a movement, which is made now if it was not; nothing is journalled.

    A refusal, card_away, card_other, card_unusable or vendor_silent, means that it is not known.
    """
    return at_card(desk, card_back, lambda reader: _settle(reader, move, how))


def _settle(reader: CardReader, move: card_account_facts.AccountMoveCommitted, how: str) -> Settled:
    told = _testimony(reader, move)
    if told == "superseded":
        return card_account_facts.AccountMoveUndone(move.move_id, "superseded", "")
    if told == "delivered":
        return card_account_facts.AccountMoved(move.move_id, "witnessed")
    mark("account.before_write")
    reader.write(move.card, move.writes)
    mark("account.before_read_back")
    if _testimony(reader, move) != "delivered":
        raise CardFault("The card does not read back as it was written.")
    return card_account_facts.AccountMoved(move.move_id, how)


def _testimony(
    reader: CardReader, move: card_account_facts.AccountMoveCommitted
) -> Literal["not_delivered", "torn", "delivered", "superseded"]:
    told = account_area.witness(move.before, reader.read(), move.writes)
    if told == "other":
        raise CardUnusable("This is not the card of this movement.", "other_card")
    return told


def at_card(
    desk: Desk, card_back: CardBack, attempt: Callable[[CardReader], Result]
) -> Result | Refusal:
    """What `attempt` gives on the card in the reader, asking for the card while it is away."""
    reason = "card_away"
    if desk.reader is None:
        return Refusal(reason)
    for _ in range(_CARD_TRIES):
        try:
            return attempt(desk.reader)
        except VendorFault:
            return Refusal("vendor_silent")
        except CardUnusable as error:
            reason = "card_other" if error.code == "other_card" else "card_unusable"
        except CardFault:
            reason = "card_away"
        if not card_back(reason):
            break
    return Refusal(reason)


def recover_top_ups(desk: Desk) -> list[MoveRecord]:
    """Settle the top-ups that were interrupted here and whose card is in the reader now.

    Spends are settled with their sales.
    """
    mine = [record.committed for record in desk.records.open_moves()]
    return [
        finish_top_up(desk, move, "recovered")
        for move in mine
        if move.kind == "top_up" and desk.is_ours_to_settle(move.station)
    ]


def chains(desk: Desk) -> dict[str, card_account_chain.Chain] | Refusal:
    """The chain of every card's account as far as this journal tells it."""
    return desk.gate("history") or card_account_chain.fold(desk.records.account_links())
