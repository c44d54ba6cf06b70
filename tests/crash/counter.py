"""A second counter on the same home: sells token after token until its input ends.

    python -m tests.crash.counter HOME METER ...

Prints each answer as a line of JSON once the sale stands; also finishes what others left behind, as
every seller does.
"""

from __future__ import annotations

import json
import select
import sys
from pathlib import Path

from kiosk.config import load
from kiosk.errors import KioskError, Refusal
from kiosk.front.wiring import opened
from kiosk.till import recover
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.sell import Payment, cash_payment, sell

AMOUNT_MINOR = 2000
PAUSE_S = 0.1


def sell_one(desk: Desk, meter: str) -> dict[str, object] | None:
    recover.recover(desk)
    buyer = find_buyer(desk, meter)
    assert isinstance(buyer, Buyer), buyer
    offer = quote(desk, buyer, AMOUNT_MINOR)
    payment = cash_payment(desk, AMOUNT_MINOR, AMOUNT_MINOR)
    assert isinstance(offer, Offer) and isinstance(payment, Payment), (offer, payment)
    record = sell(desk, offer, payment)
    if isinstance(record, Refusal):
        assert record.code == "identifier_lead", record
        return None
    sale = record.committed
    return {
        "sale_id": sale.sale_id, "meter": meter, "state": record.state, "token": record.token,
    }  # fmt: skip


def main(home: Path, meters: list[str]) -> None:
    settings = load(home / "kiosk.toml")
    with opened(home, settings) as house:
        house.desk.operator, house.desk.role = "neighbour", "supervisor"
        print("open", flush=True)
        turn = 0
        while not select.select([sys.stdin], [], [], PAUSE_S)[0]:
            answer = sell_one(house.desk, meters[turn % len(meters)])
            turn += 1
            if answer is not None:
                print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except KioskError as error:
        sys.exit(error.sentence)
