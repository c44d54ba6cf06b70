"""For tests of tokens on a face: sealed keys, a silent module, a meter whose key has run out."""

from __future__ import annotations

from pathlib import Path

import msgspec

from drivers.meter.factory import keypad_meter
from drivers.meter.keypad import KeypadMeter
from drivers.vending.keyfile import Cost, sealed
from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import VendingKey, rehearsal_keys
from kiosk.domain import catalogue as catalogues
from kiosk.domain.record import SaleRecord
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal, VendorFault
from kiosk.front import utility
from kiosk.till import sell
from kiosk.till.quote import Offer, quote
from tests.screens.conftest import Hall

PASSPHRASE = "a long passphrase"
NEWER = VendingKey("123456", 2, 2, 2014, "07", "02", bytes.fromhex("cdcdcdcdcdcdcdcd"))
OLD_1993 = VendingKey("123456", 1, 2, 1993, "07", "02", bytes.fromhex("abababababababab"))


class Silent(SoftwareVendor):
    """A module that does not answer."""

    def issue(self, request: TokenRequest) -> str | Refusal:
        raise VendorFault("silence")


def key_file(folder: Path, *held: VendingKey) -> Path:
    path = folder / "new.vk"
    cheap = Cost(memory_kib=64, passes=1)
    path.write_bytes(sealed(held, module="hall", secret=PASSPHRASE, cost=cheap))
    return path


def sold_while_silent(hall: Hall, offer: Offer | None = None) -> SaleRecord:
    """A token sale of the keypad meter that waits for the module; the module answers again."""
    desk = hall.desk
    operator, role = desk.operator, desk.role
    desk.operator, desk.role = "101", "cashier"
    working, desk.vendor = desk.vendor, Silent(rehearsal_keys())
    found = offer or quote(desk, hall.keypad, 2000)
    assert isinstance(found, Offer)
    payment = sell.cash_payment(desk, 2000, 2000)
    assert isinstance(payment, sell.Payment)
    record = sell.sell(desk, found, payment)
    assert isinstance(record, SaleRecord)
    assert record.state == "in_doubt"
    desk.vendor, desk.operator, desk.role = working, operator, role
    return record


def run_out(hall: Hall) -> KeypadMeter:
    """The keypad meter is one of base date 1993, and the module holds its key and a newer one."""
    desk = hall.desk
    desk.vendor = SoftwareVendor([OLD_1993, NEWER, *rehearsal_keys()])
    content = utility.catalogue(12, desk.currency)
    number = hall.keypad.meter.number
    meters = [
        msgspec.structs.replace(meter, base_date=1993) if meter.number == number else meter
        for meter in content.meters
    ]
    customers = [
        msgspec.structs.replace(customer, opening_debt_minor=0) for customer in content.customers
    ]
    newer = msgspec.structs.replace(content, number=2, meters=meters, customers=customers)
    outcome = desk.journal.append(catalogues.received(newer), content=catalogues.encode(newer))
    assert not isinstance(outcome, Refusal), outcome
    assert hall.house.world is not None
    folder = hall.house.world.meters
    (folder / f"{number}.json").unlink(missing_ok=True)
    return keypad_meter(folder, number, base_date=1993)
