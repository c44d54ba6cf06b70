"""For tests of cards on a face: cards in the reader, a purchase on one, a sale in doubt."""

from __future__ import annotations

from kiosk.domain import catalogue as catalogues
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Customer, Meter, luhn_digit
from kiosk.errors import Refusal
from kiosk.till import sell
from kiosk.till.operators import sign_in, sign_out
from kiosk.till.quote import Offer, quote
from tests.screens.conftest import Hall


def put_in(hall: Hall, kind: str = "") -> str:
    """The customer's card, or another one, in the reader; its serial."""
    world, hands = hall.house.world, hall.house.hands
    assert world is not None
    assert hands is not None
    if kind:
        serial = world.make_other(kind)
        hands.insert_card(serial)
        return serial
    hands.insert_card(hall.card.meter.number)
    return world.card_of(hall.card.meter.number).serial


def bought(hall: Hall) -> int:
    """An unread purchase on the customer's card, which is in the reader; its energy."""
    put_in(hall)
    sign_in(hall.desk, "101", "1234")
    offer = quote(hall.desk, hall.card, 5000)
    assert isinstance(offer, Offer)
    payment = sell.cash_payment(hall.desk, 5000, 5000)
    assert isinstance(payment, sell.Payment)
    record = sell.sell(hall.desk, offer, payment)
    assert isinstance(record, SaleRecord)
    assert record.state == "delivered"
    sign_out(hall.desk)
    return record.committed.energy_wh


def meter_without_card(hall: Hall) -> str:
    """A card meter whose customer never had a card; a catalogue brought it."""
    digits = "0199000000"
    meter = digits + luhn_digit(digits)
    found = hall.desk.records.tariff()
    assert found is not None
    nadia = Customer("29999999", "Nadia New", "1 New Road")
    hers = Meter(meter, nadia.account, "card", "home")
    content = catalogues.Catalogue(2, "utility", found[1], [nadia], [hers], [])
    received = catalogues.received(content)
    assert not isinstance(
        hall.desk.journal.append(received, content=catalogues.encode(content)), Refusal
    )
    return meter


def in_doubt(hall: Hall) -> None:
    """A card sale whose card was pulled out before anything was written, and is gone."""
    world, desk = hall.house.world, hall.desk
    assert world is not None and desk.reader is not None
    put_in(hall)
    sign_in(desk, "101", "1234")
    offer = quote(desk, hall.card, 2000)
    assert isinstance(offer, Offer)
    payment = sell.cash_payment(desk, 2000, 2000)
    assert isinstance(payment, sell.Payment)
    world.slot().pull_after(10_000)
    desk.reader.read()
    left = world.slot().state().pull_after
    assert left is not None
    world.slot().pull_after(3 * (10_000 - left))
    record = sell.sell(desk, offer, payment)
    assert isinstance(record, SaleRecord) and record.state == "in_doubt"
    sign_out(desk)


def restated(text: str, *parts: str) -> None:
    """What will be done and to which card, on the screen before it is done."""
    for part in parts:
        assert part in text, (part, text)
