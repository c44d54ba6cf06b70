"""The face of `kiosk run`, whole and on the screen, that sells by itself: run by memory.py.

    python -m benchmarks.selling_face HOME SALES REPORT

It sells through the same desk as its customers would, prints every slip, waits until the centre has
acknowledged everything, writes to REPORT which modules are loaded, and stays.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk.config import load
from kiosk.errors import Refusal
from kiosk.front.utility import catalogue
from kiosk.front.wiring import House, opened
from kiosk.screens.faces import make_face, run_face
from kiosk.till.paper import print_slip
from kiosk.till.quote import find_buyer, quote
from kiosk.till.sell import cash_payment, sell

_LOOK = threading.Event()


def main(home: Path, sales: int, report: Path) -> int:
    """Run the face and its sales."""
    settings = load(home / "kiosk.toml")
    options = {"face": "self-service", "paper": True, "cash": True, "line": True}
    with opened(home, settings, **options) as house:
        house.desk.role = house.desk.operator = "self_service"
        worker = threading.Thread(target=_work, args=(house, sales, report), daemon=True)
        worker.start()
        app = make_face(house.desk, "self-service", house.words, house.hands)
        return run_face(app)


def _work(house: House, sales: int, report: Path) -> None:
    told: dict[str, int | str] = {"sold": 0, "error": ""}
    try:
        _wait(lambda: house.desk.link is not None and house.desk.link.state().online, 30)
        meters = _keypad_meters(house)
        for number in range(sales):
            _sell(house, meters[number % len(meters)])
            told["sold"] = number + 1
        journal = house.home.journal
        _wait(lambda: journal.acknowledged() == journal.head().sequence, 60)
    except BaseException as error:  # the parent must hear of it
        told["error"] = repr(error)
    draft = report.with_suffix(".draft")
    draft.write_text(json.dumps({**told, "modules": sorted(sys.modules)}))
    draft.replace(report)


def _keypad_meters(house: House) -> list[str]:
    content = catalogue(house.settings.rehearsal.customers, house.settings.site.currency)
    return [m.number for m in content.meters if m.kind == "keypad" and not m.blocked]


def _sell(house: House, meter: str) -> None:
    desk = house.desk
    buyer = find_buyer(desk, meter)
    assert not isinstance(buyer, Refusal), buyer
    offer = quote(desk, buyer, 5_000)
    assert not isinstance(offer, Refusal), offer
    payment = cash_payment(desk, 5_000, 5_000)
    assert not isinstance(payment, Refusal)
    record = sell(desk, offer, payment)
    assert not isinstance(record, Refusal) and record.state == "delivered", record
    job = print_slip(desk, record)
    assert desk.slips is not None
    slips = desk.slips
    _wait(lambda: slips.outcome(job) != "printing", 20)
    assert slips.outcome(job) == "printed", slips.outcome(job)


def _wait(right: Callable[[], bool], seconds: float) -> None:
    for _ in range(int(seconds / 0.01)):
        if right():
            return
        _LOOK.wait(0.01)
    raise TimeoutError(f"waited {seconds} s")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
