"""A customer's card of another family, for a rehearsal: this hall's own card room makes it out.

All cards of the played utility are of one family; so that every family can be tried by hand, a
customer hands the old card in and gets one on another chip. It is a real reissue, without its fee:
the purchase comes along under its number, and the journal says who did what.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from kiosk.domain.card_record import CardWorkRecord
from kiosk.errors import BadInput, Refusal
from kiosk.front.operator import become
from kiosk.front.wiring import House
from kiosk.front.world import World
from kiosk.ports import HandsAnswer
from kiosk.till.cards.plan import Plan, plan_make, plan_reissue
from kiosk.till.cards.work import carry_out


def user_card(house: House, family: str, customer: str) -> HandsAnswer:
    """Make the customer's card a chip of `family`, and put it into the reader of this machine.

    BadInput where the hall would refuse, and when a card is in the reader already.
    """
    world = house.world
    assert world is not None, "hands are there in a rehearsal only"
    held = world.slot().state().card
    if held is not None:
        raise BadInput(f"Card {held} is in the reader; `kiosk rehearse card pull` pulls it.")
    meter = _meter_of(world, customer)
    chip = world.make_other("blank", family)
    with chip_in_own_slot(house, world, chip):
        record = _made_out(house, meter)
    if record.state != "done":
        raise BadInput(f"Card {chip} could not be made out: the work is {record.state}.")
    world.slot().insert(chip)
    return HandsAnswer(True, f"card {record.committed.card_number} inserted, chip {chip}")


def _meter_of(world: World, customer: str) -> str:
    """The meter of a customer who has a card, or a card meter that never had one."""
    meter = world.records.meter(customer.replace(" ", ""))
    return meter.number if meter is not None else world.card_of(customer).meter


def _made_out(house: House, meter: str) -> CardWorkRecord:
    desk = house.desk
    become(desk, "")
    free = msgspec.structs.replace(desk.settings.card, reissue_fee_minor=0)
    desk.settings = msgspec.structs.replace(desk.settings, card=free)
    planned = _plan(house, meter)
    record = (
        planned
        if isinstance(planned, Refusal)
        else carry_out(desk, planned, f"rehearsal: {planned.before.family}")
    )
    if isinstance(record, Refusal):
        raise BadInput(house.words.refusal(record))
    return record


def _plan(house: House, meter: str) -> Plan | Refusal:
    if house.desk.records.cards_of(meter=meter):
        return plan_reissue(house.desk, meter, "handed_in")
    return plan_make(house.desk, meter)


@contextmanager
def chip_in_own_slot(house: House, world: World, chip: str) -> Iterator[None]:
    """The desk works on `chip` in a reader of its own, as a second counter would have one."""
    name = house.desk.station.name
    slot = world.slot(name)
    house.desk.reader = world.reader(name)
    slot.insert(chip)
    try:
        yield
    finally:
        if slot.state().card is not None:
            slot.pull()
        slot.path.unlink(missing_ok=True)
