"""What the technician sees: every device asked, every figure of the status bar."""

from __future__ import annotations

import pytest

from drivers.card.simulated_reader import CardFaults
from drivers.cash import sim
from drivers.vending.software import SoftwareVendor
from kiosk.errors import Refusal
from kiosk.till.desk import Desk
from kiosk.till.maintain import DeviceState, devices, evidence, readiness, status, verify
from tests.till.hall import CARD, KEYPAD, Hall, code, entries, sell_to, sold
from tests.till.test_selling_tokens import ForgetfulVendor


def found_at(desk: Desk) -> list[DeviceState]:
    found = devices(desk)
    assert not isinstance(found, Refusal)
    return found


def states(desk: Desk) -> dict[str, str]:
    return {state.device: state.state for state in found_at(desk)}


def test_everything_is_ok_when_everything_is_there(hall: Hall) -> None:
    desk = hall.station(cash=True, paper=True)
    hall.put_in(CARD)
    shown = states(desk)
    assert {shown[name] for name in ("ledger", "card reader", "note acceptor")} == {"ok"}
    assert shown["security module"] == "ok"
    details = [state.details for state in found_at(desk) if state.device == "note acceptor"]
    assert "notes 10.00, 20.00, 50.00, 100.00, 200.00" in details[0]
    ready = readiness(desk)
    assert (ready.cards, ready.card_inside, ready.room) == (True, True, True)
    assert ready.notes_minor == [1000, 2000, 5000, 10000, 20000]


def test_each_fault_is_named_when_devices_fail(hall: Hall) -> None:
    desk = hall.station(cash=True, free_space_reserve_mib=2**40)
    sim.set_fault(hall.path / "world" / "acceptor", "mute")
    (hall.path / "world" / "slots" / "reader.json").write_text("{")
    desk.vendor = SoftwareVendor([])
    assert states(desk) == {
        "ledger": "fault",
        "card reader": "fault",
        "note acceptor": "fault",
        "printer": "absent",
        "security module": "fault",
        "line upstream": "absent",
    }
    ready = readiness(desk)
    assert (ready.notes_minor, ready.cards, ready.slips, ready.room) == ([], False, False, False)
    (hall.path / "world" / "slots" / "reader.json").unlink()


def test_the_status_bar_counts_what_is_open_when_sales_wait(hall: Hall, desk: Desk) -> None:
    sold(sell_to(desk, KEYPAD, 5000))
    desk.vendor = ForgetfulVendor(99)
    sold(sell_to(desk, KEYPAD, 5000), "in_doubt")
    shown = status(desk)
    assert (shown.operator, shown.online, shown.in_doubt) == ("101", False, 1)
    assert shown.pending == entries(desk), "nothing is acknowledged yet, so everything is pending"
    assert (shown.clock, shown.time_ms) == ("synced", hall.clock.time_ms)


def test_the_ledger_proves_itself_when_much_has_happened(hall: Hall, desk: Desk) -> None:
    for amount_minor in (1000, 2000, 5000):
        sold(sell_to(desk, KEYPAD, amount_minor))
    proof = verify(desk, every_signature=True)
    assert (proof.first_bad, proof.sales, proof.entries) == (0, 3, entries(desk))


@pytest.mark.parametrize(
    ("at", "written_bytes", "testimony"),
    [(25, 0, "not_delivered"), (27, 10, "torn"), (29, 1, "delivered")],
)
def test_the_card_testifies_when_its_sale_is_in_doubt(
    hall: Hall, desk: Desk, at: int, written_bytes: int, testimony: str
) -> None:
    hall.put_in(CARD)
    hall.clumsy_reader(desk, CardFaults("pull", at, written_bytes))
    sale_id = sold(sell_to(desk, CARD, 5000), "in_doubt").committed.sale_id
    silent = evidence(desk, sale_id)
    assert not isinstance(silent, Refusal)
    assert silent.testimony == ""
    hall.put_in(CARD)
    spoken = evidence(desk, sale_id)
    assert not isinstance(spoken, Refusal)
    assert spoken.testimony == testimony
    assert code(evidence(desk, "nosuchsale")) == "unknown_sale"
