"""What is done at a counter with a card: every verb that the harness breaks off."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.cards import workshops
from kiosk.errors import Refusal
from kiosk.till import card_accounts, recover
from kiosk.till.cards import mend, plan, work
from kiosk.till.cards.plan import Plan
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, buyer_of, quote
from kiosk.till.sell import card_payment, cash_payment, sell
from kiosk.till.tokens import SecondPerson
from tests.crash.card_stage import (
    AMOUNT_MINOR,
    HALLS,
    OTHER_AMOUNT_MINOR,
    WITH_ACCOUNT,
    Stage,
    kind_named,
)
from tests.drivers.card.card_kinds import BLANKS, CUSTOMER, KINDS, METER, GridMeter

SECOND = SecondPerson("301", "1234")
NAMES = tuple(kind.name for kind in KINDS)


class Verb(msgspec.Struct, frozen=True):
    """One act at a hall's counter with the card in its reader.

    `prepare` is done once; `visit` is what happens with the card in the other hall when the act was
    broken off. `has_card` is false for a customer who has none yet.
    """

    name: str
    run: Callable[[Desk], object]
    visit: Callable[[Stage], None]
    prepare: Callable[[Stage], None] = lambda _stage: None
    kinds: tuple[str, ...] = NAMES
    has_card: bool = True
    #: The operation of a work on a card; empty for a sale or a movement of money.
    work: str = ""


# --- sales ------------------------------------------------------------------------------------


def offer(desk: Desk, amount_minor: int) -> Offer | Refusal:
    buyer = buyer_of(desk, METER)
    assert isinstance(buyer, Buyer), buyer
    return quote(desk, buyer, amount_minor)


def sell_for_cash(desk: Desk, amount_minor: int = AMOUNT_MINOR) -> object:
    made = offer(desk, amount_minor)
    if isinstance(made, Refusal):
        return made
    payment = cash_payment(desk, amount_minor, amount_minor)
    assert not isinstance(payment, Refusal)
    return sell(desk, made, payment)


def sell_from_card(desk: Desk, amount_minor: int = AMOUNT_MINOR) -> object:
    made = offer(desk, amount_minor)
    if isinstance(made, Refusal):
        return made
    payment = card_payment(desk, made)
    return payment if isinstance(payment, Refusal) else sell(desk, made, payment)


def _buys(stage: Stage) -> None:
    """A customer in the other hall buys there what the card can take."""
    stage.put_in(HALLS[1])
    desk = stage.open(HALLS[1])
    recover.recover(desk)
    paid = sell_from_card(desk, OTHER_AMOUNT_MINOR)
    if isinstance(paid, Refusal):
        sell_for_cash(desk, OTHER_AMOUNT_MINOR)


def _with_money(stage: Stage) -> None:
    stage.put_in(HALLS[0])
    done = card_accounts.top_up(stage.open(HALLS[0]), 3 * AMOUNT_MINOR)
    assert not isinstance(done, Refusal) and done.state == "moved", done


# --- works ------------------------------------------------------------------------------------


def carry_out(desk: Desk, planned: Plan | Refusal) -> CardWorkRecord | Refusal:
    if isinstance(planned, Refusal):
        return planned
    return work.carry_out(desk, planned, "the customer asked", SECOND)


def make(desk: Desk) -> object:
    return carry_out(desk, plan.plan_make(desk, METER, CUSTOMER))


def reissue(desk: Desk) -> object:
    return carry_out(desk, plan.plan_reissue(desk, METER, "lost"))


def cancel(desk: Desk) -> object:
    return carry_out(desk, mend.plan_cancel(desk))


def repair(desk: Desk) -> object:
    """The meter is new and counts from 0, which it wrote on the card."""
    return carry_out(desk, mend.plan_repair(desk))


def second_chip(stage: Stage) -> str:
    """The serial of the blank chip that replaces a lost one."""
    return f"{int(stage.kind.serial, 16) + 1:016x}"


def _sold(stage: Stage) -> None:
    """There is an unread purchase on the card."""
    stage.put_in(HALLS[0])
    done = sell_for_cash(stage.open(HALLS[0]))
    assert not isinstance(done, Refusal) and done.state == "delivered", done  # type: ignore[attr-defined]


def add_blank(stage: Stage) -> None:
    """A blank chip of the family lies at hand, and hands use it from now on."""
    stage.take_out()
    stage.chip = second_chip(stage)
    BLANKS[stage.kind.name](stage.rack, stage.chip)
    stage.chips.append(stage.chip)


def _lost(stage: Stage) -> None:
    """The card is lost with its purchase; a blank one is in the reader."""
    _sold(stage)
    add_blank(stage)


def _meter_replaced(stage: Stage) -> None:
    """One purchase was taken, the next is on the card, and then the meter was replaced."""
    _sold(stage)
    stage.in_meter()
    _sold(stage)
    stage.old_credit = stage.meter.credited
    stage.meter = stage.kind.meter()
    if isinstance(stage.meter, GridMeter):
        stage.meter.opened = True
    stage.in_meter()


def _is_made_there(stage: Stage) -> None:
    """The other hall, which has not heard of it, makes the customer's card and sells to it."""
    stage.put_in(HALLS[1])
    make(stage.open(HALLS[1]))
    _buys(stage)


def _lost_card_is_found(stage: Stage) -> None:
    """The new card is shown in the other hall; then the lost one turns up, and buys there."""
    _buys(stage)
    new, stage.chip = stage.chip, stage.kind.serial
    stage.in_meter()
    _buys(stage)
    stage.in_meter()
    stage.chip = new


def _able(operation: str) -> tuple[str, ...]:
    return tuple(
        name for name in NAMES
        if operation in workshops.SHOPS[kind_named(name).family].abilities
    )  # fmt: skip


SELL = Verb("sell", sell_for_cash, _buys)
PAY_FROM_CARD = Verb(
    "sell, paid from the card", sell_from_card, _buys, _with_money, (WITH_ACCOUNT.name,)
)
TOP_UP = Verb(
    "top up the card", lambda desk: card_accounts.top_up(desk, AMOUNT_MINOR), _buys,
    kinds=(WITH_ACCOUNT.name,),
)  # fmt: skip
MAKE = Verb("make", make, _is_made_there, kinds=_able("make"), has_card=False, work="make")
REISSUE = Verb(
    "reissue", reissue, _lost_card_is_found, _lost, kinds=_able("reissue"), work="reissue"
)
CANCEL = Verb("cancel", cancel, _buys, _sold, kinds=_able("cancel"), work="cancel")
REPAIR = Verb("repair", repair, _buys, _meter_replaced, kinds=_able("repair"), work="repair")
VERBS = [SELL, PAY_FROM_CARD, TOP_UP, MAKE, REISSUE, CANCEL, REPAIR]


def refused_kinds(verb: Verb) -> dict[str, str]:
    """The families that do not know a work, and the code of the refusal."""
    found = {}
    for name in NAMES if verb.work else ():
        told = workshops.able(workshops.SHOPS[kind_named(name).family], verb.work)
        if told is not None:
            found[name] = told.code
    return found
