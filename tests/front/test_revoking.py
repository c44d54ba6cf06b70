"""A stolen terminal with sales that nobody has: the centre withdraws it, and it obeys (E29)."""

from __future__ import annotations

import argparse
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk import marks
from kiosk.domain import facts
from kiosk.errors import HomeFault, LinkFault, Refusal
from kiosk.front import enrolment, line, revoking, unlock
from kiosk.front.commands import ledger
from kiosk.front.wiring import House
from kiosk.ledger.withdrawn import LEFT_BEHIND, ORDER
from kiosk.till.history import search
from kiosk.till.sell import Payment, cash_payment, sell
from sync import wire
from sync.centre.hall import Settings as CentreSettings
from sync.courier import Courier, EnrolledCentre
from tests.crash.forks import fork
from tests.front.carving import carve
from tests.front.keeper import Keeper, with_store
from tests.front.test_stolen_disk import secrets_of, written
from tests.sync.running_centre import RunningCentre
from tests.sync.test_courier import DirectRoad
from tests.till.hall import KEYPAD, DiedError, code, die_at, offer_of, sell_to, sold

LEASE_DAYS = 30


class Road(DirectRoad):
    """Straight into the centre: enrolment too, and what is sealed."""

    def offer(self, bundle: bytes) -> bytes:
        return self.spoil(wire.encode_answer(self.centre.send(bundle)))

    def enrol(self, request: wire.EnrolmentRequest) -> wire.Enrolment | wire.Refused:
        return self.centre.run(self.centre.hall.reception.enrol(request, code=None))


class Owned:
    """A terminal and its centre, which holds its first sale."""

    def __init__(self, place: Path, lock: str) -> None:
        self.keeper = Keeper(place, lock=lock)
        (place / "backups").mkdir()
        settings = with_store(self.keeper.settings, backup_folder=str(place / "backups"))
        self.keeper.settings = settings
        self.centre = RunningCentre(CentreSettings(place / "upstream", name="SC1", lanes=32))
        self.centre.hall.reception.lease_days = LEASE_DAYS
        self.road = Road(self.centre)
        house = self.keeper.open()
        self.origin, journal = house.home.origin, house.home.journal
        enrolment.enrol(self.home, journal, self.road)  # type: ignore[arg-type]
        sold(sell_to(house.desk, KEYPAD, 5000))
        assert self.contact(house) == ""
        house.close()
        self.keeper.back_up("backups/one.backup")

    @property
    def home(self) -> Path:
        return self.keeper.home

    def contact(self, house: House) -> str:
        """Two exchanges with the centre: what kept the terminal from it."""
        courier = Courier(
            house.home.journal, self.road, self.known(), self.keeper.clock, lambda: 0.0,
            contact=lambda received: line.contact(self.home, house.home.journal, received),
        )  # fmt: skip
        courier.step()
        courier.step()
        return courier.state().trouble

    def known(self) -> EnrolledCentre:
        centre = enrolment.enrolled(self.home)
        assert centre is not None
        return centre

    def revoke(self) -> None:
        self.centre.run(self.centre.hall.revocations.revoke(self.origin, "stolen"))

    def bring(self) -> None:
        revoking.bring(self.home, self.known(), self.road)

    def sales_at_the_centre(self) -> tuple[int, int]:
        """Sales in the books, and entries on the shelf."""
        self.centre.keep_books()
        figures = self.centre.figures(self.origin)
        return figures.sales, figures.shelf

    def close(self) -> None:
        self.centre.close()
        self.keeper.close()


@pytest.fixture(params=["none", "credential"], ids=["plain", "sealed"])
def owned(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Owned]:
    made = Owned(tmp_path, request.param)
    yield made
    made.close()
    marks.arm(None)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Owned]:
    made = Owned(tmp_path, "none")
    yield made
    made.close()
    marks.arm(None)


def sell_unsent(owned: Owned, sales: int) -> None:
    owned.keeper.sell(sales)


def told_and_obeys(owned: Owned) -> None:
    house = owned.keeper.open()
    try:
        assert "revoked" in owned.contact(house)
        revoking.obey(house.desk)
    finally:
        house.close()


def withdrawn(owned: Owned) -> None:
    told_and_obeys(owned)
    owned.bring()


def secrets(owned: Owned) -> dict[str, bytes]:
    if (owned.home / unlock.SEALED).exists():
        return secrets_of(owned.keeper)
    found = secrets_of(owned.keeper)
    return {name: secret for name, secret in found.items() if secret and name != "credential"}


def test_nothing_of_a_customer_is_left_and_no_money_is_lost_when_a_terminal_is_revoked_E29(
    owned: Owned,
) -> None:
    sell_unsent(owned, 3)
    (entries,) = owned.keeper.medium.glob("*.entries")
    for left in (f"{entries.name}.damaged.1", f".{entries.name}.new"):
        shutil.copyfile(entries, owned.keeper.medium / left)
    known = secrets(owned)
    if not (owned.home / unlock.SEALED).exists():
        assert carve(written(owned.keeper.place), known), "the scan finds them before"
    owned.revoke()
    told_and_obeys(owned)
    assert carve(written(owned.keeper.place), known) == set()
    assert not (owned.home / "keys").exists()
    assert list(owned.keeper.medium.iterdir()) == []
    assert list((owned.keeper.place / "backups").iterdir()) == []
    with pytest.raises(HomeFault, match=r"revoked this terminal.*unsent\.sealed"):
        owned.keeper.open()
    assert owned.sales_at_the_centre() == (1, 0)
    owned.bring()
    assert owned.sales_at_the_centre() == (4, 0)
    assert not (owned.home / LEFT_BEHIND).exists()
    held = owned.centre.contents(owned.origin)
    assert b"terminal_revoked" in held[-1]
    with pytest.raises(HomeFault, match="revoked this terminal"):
        owned.keeper.open()


def test_nothing_is_sold_or_shown_from_the_moment_of_the_order_E29(plain: Owned) -> None:
    plain.revoke()
    house = plain.keeper.open()
    neighbour = plain.keeper.open(face="cashier")
    offer = offer_of(house.desk, KEYPAD, 5000)
    payment = cash_payment(house.desk, 5000, 5000)
    assert isinstance(payment, Payment)
    plain.contact(house)
    assert code(sell(house.desk, offer, payment)) == "revoked"
    for each in (house, neighbour):
        assert code(each.desk.room_to_sell()) == "revoked"
        assert code(search(each.desk, KEYPAD)) == "revoked"
    neighbour.close()
    house.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda order: msgspec.structs.replace(order, origin="another"),
        lambda order: msgspec.structs.replace(order, centre="SC2"),
        lambda order: msgspec.structs.replace(order, revoked_ms=1),
        lambda order: msgspec.structs.replace(order, sealing_key=bytes(32)),
        lambda order: msgspec.structs.replace(order, upto=10**6),
    ],
    ids=["another terminal's", "another centre's", "other time", "other key", "wider"],
)
def test_a_terminal_sells_on_when_the_order_is_not_its_centres(
    plain: Owned, change: Callable[[wire.Revoked], wire.Revoked]
) -> None:
    plain.revoke()
    order = plain.centre.ask(plain.origin)
    assert isinstance(order, wire.Revoked)
    plain.road.spoil = lambda _answer: wire.encode_answer(change(order))
    house = plain.keeper.open()
    assert "order" in plain.contact(house)
    sold(sell_to(house.desk, KEYPAD, 5000))
    house.close()


MARKS = [mark for mark in marks.MARKS if mark.startswith("revoke.")]


@pytest.mark.parametrize("mark", MARKS)
def test_the_next_start_goes_on_when_the_power_went_in_the_middle_E29(
    plain: Owned, mark: str
) -> None:
    sell_unsent(plain, 2)
    known = secrets(plain)
    plain.revoke()
    marks.arm(die_at(mark))
    with pytest.raises(DiedError):  # what a running process does, until it is killed
        withdrawn(plain)
    marks.arm(None)
    for _ in range(2):
        with pytest.raises(HomeFault, match="revoked this terminal"):
            plain.keeper.open()
    assert carve(written(plain.keeper.place), known) == set()
    plain.bring()
    assert plain.sales_at_the_centre() == (3, 0)
    assert not (plain.home / LEFT_BEHIND).exists()


#: Where a start dies that carries the order out; the last row is killed again and again.
_STARTS = [
    *([mark] for mark in (*MARKS[1:6], "pen.before_commit", "pen.after_commit")),
    ["pen.before_commit", *MARKS[1:6]],
]


@pytest.mark.parametrize("deaths", _STARTS, ids=[f"{len(each)} {each[-1]}" for each in _STARTS])
def test_a_start_that_was_killed_too_is_gone_on_with_E29(plain: Owned, deaths: list[str]) -> None:
    sell_unsent(plain, 1)
    plain.revoke()
    house = plain.keeper.open()
    plain.contact(house)
    house.close()
    for mark in deaths:

        def start(mark: str = mark) -> None:
            marks.arm_from(mark)
            plain.keeper.open()

        assert fork(start) == -signal.SIGKILL, mark
    with pytest.raises(HomeFault, match="revoked this terminal"):
        plain.keeper.open()
    plain.bring()
    assert plain.sales_at_the_centre() == (2, 0)


def test_the_sealed_file_stays_when_the_centre_does_not_answer_well(plain: Owned) -> None:
    sell_unsent(plain, 1)
    plain.revoke()
    told_and_obeys(plain)
    plain.road.spoil = lambda _answer: wire.encode_answer(wire.WantFrom(1))
    with pytest.raises(LinkFault, match="did not take"):
        plain.bring()
    plain.road.spoil = lambda answer: answer
    plain.bring()
    assert plain.sales_at_the_centre() == (2, 0)


def test_a_sale_that_was_open_stays_open_at_the_centre_when_a_terminal_is_revoked(
    plain: Owned,
) -> None:
    house = plain.keeper.open()
    marks.arm(die_at("sale.after_commit_one"))
    with pytest.raises(DiedError):
        sell_to(house.desk, KEYPAD, 5000)
    marks.arm(None)
    house.close()
    plain.revoke()
    told_and_obeys(plain)
    plain.bring()
    plain.sales_at_the_centre()
    assert plain.centre.figures(plain.origin).open == 1


def test_the_command_that_hears_the_order_says_so_in_one_sentence(
    plain: Owned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain.revoke()

    def heard(house: House, patience_s: int) -> str:
        assert "revoked" in plain.contact(house)
        return ledger._end(house)

    monkeypatch.setattr(ledger, "send", heard)
    house = plain.keeper.open()
    options = argparse.Namespace(patience=0, json=False)
    assert ledger._sync(house, options) == 1
    house.close()
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "the centre has revoked this terminal" in said.err


def test_nothing_is_wiped_when_the_order_that_lies_there_is_not_its_centres(plain: Owned) -> None:
    """Whoever can lay down two files would end a terminal."""
    order = plain.centre.ask(plain.origin)
    assert isinstance(order, wire.Acknowledgement)
    forged = wire.revoke(
        Ed25519PrivateKey.generate(), plain.origin, order.upto, order.digest, "SC1", 1, bytes(32)
    )
    (plain.home / LEFT_BEHIND).touch()
    for content in (b"", wire.encode_answer(forged)):
        (plain.home / ORDER).write_bytes(content)
        with pytest.raises(HomeFault, match=r"no order .* Nothing was wiped"):
            plain.keeper.open()
    (plain.home / ORDER).unlink()
    (plain.home / LEFT_BEHIND).unlink()
    plain.keeper.sell(1)
    assert plain.keeper.proof().sales == 2


# --- the lease ------------------------------------------------------------------------------------


def test_selling_ends_by_itself_when_the_centre_was_not_heard_from_E29(plain: Owned) -> None:
    house = plain.keeper.open()
    plain.keeper.clock.advance(minutes=LEASE_DAYS * 24 * 60 - 60)
    sold(sell_to(house.desk, KEYPAD, 5000))
    plain.keeper.clock.advance(minutes=120)
    refused = sell_to(house.desk, KEYPAD, 5000)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.details) == ("lease_ended", {"days": 30, "centre": "SC1"})
    house.close()
    house = plain.keeper.open()
    assert code(sell_to(house.desk, KEYPAD, 5000)) == "lease_ended", "after a restart too"
    assert not isinstance(search(house.desk, KEYPAD), Refusal), "questions are answered"
    house.close()


def test_the_lease_runs_again_when_the_centre_has_answered(plain: Owned) -> None:
    house = plain.keeper.open()
    journal = house.home.journal
    plain.keeper.clock.advance(minutes=(LEASE_DAYS + 40) * 24 * 60)
    assert code(sell_to(house.desk, KEYPAD, 5000)) == "lease_ended"
    head = journal.head()
    answer = wire.acknowledge(
        plain.centre.hall.reception._own.signer, plain.origin, head.sequence, head.digest, "SC1",
        plain.keeper.clock.time_ms,
    )  # fmt: skip
    line.contact(plain.home, journal, wire.encode_answer(answer))
    sold(sell_to(house.desk, KEYPAD, 5000))
    old = msgspec.structs.replace(answer, time_ms=1)
    line.contact(plain.home, journal, wire.encode_answer(old))
    sold(sell_to(house.desk, KEYPAD, 5000))
    assert isinstance(journal.records.last_of("lease_given"), facts.Fact)
    house.close()


def test_the_lease_does_not_run_by_an_answer_that_its_centre_did_not_sign(plain: Owned) -> None:
    """A row of the table, with a later time, would be a lease for ever."""
    house = plain.keeper.open()
    journal = house.home.journal
    plain.keeper.clock.advance(minutes=(LEASE_DAYS + 40) * 24 * 60)
    kept = wire.decode_answer(journal.records.newest_anchor())
    assert isinstance(kept, wire.Acknowledgement)
    later = msgspec.structs.replace(kept, time_ms=plain.keeper.clock.time_ms)
    journal.keep_anchor(kept.upto, kept.digest, "SC1", wire.encode_answer(later))
    assert code(sell_to(house.desk, KEYPAD, 5000)) == "lease_ended"
    signer = plain.centre.hall.reception._own.signer
    signed = wire.acknowledge(signer, plain.origin, kept.upto, kept.digest, "SC1", later.time_ms)
    line.contact(plain.home, journal, wire.encode_answer(signed))
    sold(sell_to(house.desk, KEYPAD, 5000))
    house.close()
