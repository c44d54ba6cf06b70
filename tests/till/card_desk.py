"""Works on cards as tests ask for them: a blank in the reader, a plan, and what came of it."""

from __future__ import annotations

from drivers.card.sealing import mac_input
from drivers.vending.card_keys import SoftwareCardModule
from kiosk.domain import chart
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.cards import open as open_card
from kiosk.errors import Refusal
from kiosk.till.cards import mend
from kiosk.till.cards import plan as planning
from kiosk.till.cards.plan import Plan
from kiosk.till.cards.work import carry_out
from kiosk.till.desk import Desk
from tests.till.hall import SECOND, Hall


def planned(outcome: Plan | Refusal) -> Plan:
    assert isinstance(outcome, Plan), outcome
    return outcome


def worked(outcome: CardWorkRecord | Refusal, state: str = "done") -> CardWorkRecord:
    assert isinstance(outcome, CardWorkRecord), outcome
    assert outcome.state == state, outcome
    return outcome


def put_in_blank(hall: Hall) -> str:
    """A new blank card in the reader; its serial."""
    world = hall.houses[0].world
    assert world is not None
    serial = world.make_other("blank")
    hall.slot().insert(serial)
    return serial


def put_in_other(hall: Hall, kind: str) -> str:
    world = hall.houses[0].world
    assert world is not None
    serial = world.make_other(kind)
    hall.slot().insert(serial)
    return serial


def reissue(
    hall: Hall, desk: Desk, meter: str, old: str = "lost", *, free: bool = False
) -> tuple[str, CardWorkRecord]:
    """The serial of the new card, which lies in the reader, and the record."""
    serial = put_in_blank(hall)
    plan = planned(planning.plan_reissue(desk, meter, old, free=free))
    return serial, worked(carry_out(desk, plan, "lost in town", SECOND if free else None))


def cancel(desk: Desk, to: str = "meter_account") -> CardWorkRecord | Refusal:
    plan = mend.plan_cancel(desk, to)
    return plan if isinstance(plan, Refusal) else carry_out(desk, plan, "moved away", SECOND)


def repair(desk: Desk, shown: int | None = None) -> CardWorkRecord | Refusal:
    plan = mend.plan_repair(desk, shown)
    return plan if isinstance(plan, Refusal) else carry_out(desk, plan, "does not fit", SECOND)


def insert_serial(hall: Hall, meter: str, serial: str) -> int:
    """What the meter gains from this card."""
    hands = hall.houses[0].hands
    assert hands is not None
    return hands.insert_in_meter(meter, serial).energy_wh_added


def scratch(hall: Hall, serial: str, file: int, address: int, data: bytes) -> None:
    """Change bytes of a card without any reader, by somebody who has its keys."""
    world = hall.houses[0].world
    assert world is not None
    chip = world.rack.card(serial)
    try:
        chip.store(file, address, data)
        if file in (open_card.PURCHASE, open_card.WRITE_BACK):
            content = chip.files()[file][:31]
            message = mac_input(file, content, chip.files()[open_card.IDENTITY][2:4])
            mac = SoftwareCardModule().content_mac(open_card.FAMILY, serial, message)
            chip.store(file, 31, mac)
    finally:
        chip.close()


def energy(desk: Desk, meter: str) -> int:
    """Energy that left for the meter, by the books."""
    return desk.records.balance(chart.meter_energy(meter), chart.ENERGY_CURRENCY)
