"""A simulated card through the real PC/SC service: what hands, cables and other programs can do.

The rows are the table of hardware-facts 2, as a caller of the port CardReader sees them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.card import binding
from drivers.card.pcsc import PcscReader, PcscTransport
from drivers.card.session import CardSession
from drivers.card.sim import CardRack
from drivers.card.simulated_reader import CardFaults
from drivers.card.vpcd import VpcdCard
from drivers.meter.card_meter import CardMeter
from kiosk import marks
from kiosk.domain.cards import families
from kiosk.domain.cards import open as layout
from kiosk.domain.record import SaleRecord
from kiosk.errors import CardMute, CardRemoved, CardReset, Refusal, ServiceLost
from kiosk.front.wiring import House
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.sell import cash_payment, sell
from tests.drivers.card.card_kinds import KINDS, MODULE, Kind
from tests.drivers.card.service import READERS, Service, need_the_real_thing
from tests.ports.card_reader_suite import AMINA, BORIS, CardReaderSuite, Trouble

need_the_real_thing()

SELECT = bytes.fromhex("00A4040007F04B494F534B01")
TIMEOUT_S = 0.2
SOON_S = 3.0


class PcscBench:
    """A card rack beside the service; hands wait until the reader has seen what they did."""

    can_be_reset = False

    def __init__(self, service: Service, reader: PcscReader, folder: Path) -> None:
        self.service, self.reader, self.rack = service, reader, CardRack(folder)
        self.transport = reader.pcsc
        self.card: VpcdCard | None = None
        self.others: list[threading.Thread] = []
        self.waited = threading.Event()
        for serial, number in ((AMINA, "100000000001"), (BORIS, "100000000002")):
            self.rack.make(serial, layout.make(serial, number, "07000000000"))

    def insert(self, serial: str) -> None:
        assert self.card is None or self.card.is_out()
        self.card = VpcdCard(self.rack.card(serial), self.service.dial, hang_s=2 * TIMEOUT_S)
        self.card.on_reset = self.other_program
        self.see(self.reader.present)

    def pull(self) -> None:
        assert self.card is not None
        self.card.pull()
        self.see(lambda: not self.reader.present())

    def see(self, wanted: Callable[[], bool]) -> None:
        assert self.transport.monitor.wait(wanted, SOON_S)

    def spoil(self, trouble: Trouble, at: int, written_bytes: int = 0) -> None:
        assert self.card is not None
        self.card.fault = CardFaults(trouble, at, written_bytes)

    def heal(self) -> None:
        assert self.card is not None
        self.card.fault = None
        for other in self.others:
            other.join()

    def contents(self, serial: str) -> dict[int, bytes]:
        return self.rack.files(serial)

    def other_program(self) -> None:
        """Another program that tries to reset the card now, and has to wait for us to finish."""
        self.others.append(threading.Thread(target=self._reset))
        self.others[-1].start()

    def _reset(self) -> None:
        scard = self.transport.scard
        with other_client(scard) as card:
            reset(scard, card)

    def close(self) -> None:
        if self.card is not None:
            self.card.pull()
            self.see(lambda: not self.reader.present())


class other_client:
    """Another program's connection to the card in the first reader."""

    def __init__(self, scard: Any, share: int | None = None) -> None:
        self.scard, self.share = scard, scard.SCARD_SHARE_SHARED if share is None else share

    def __enter__(self) -> Any:
        result, self.context = binding.establish(self.scard)
        assert result == 0
        protocols = self.scard.SCARD_PROTOCOL_T0 | self.scard.SCARD_PROTOCOL_T1
        result, self.card, _ = self.scard.SCardConnect(
            self.context, READERS[0], self.share, protocols
        )
        assert result == 0, hex(binding.number(result))
        return self.card

    def __exit__(self, *_: object) -> None:
        self.scard.SCardDisconnect(self.card, self.scard.SCARD_LEAVE_CARD)
        self.scard.SCardReleaseContext(self.context)


def reset(scard: Any, card: Any) -> None:
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    for _ in range(1000):
        result, _ = scard.SCardReconnect(
            card, scard.SCARD_SHARE_SHARED, protocols, scard.SCARD_RESET_CARD
        )
        if binding.number(result) != binding.SHARING_VIOLATION:
            break
        time.sleep(0.002)
    assert result == 0, hex(binding.number(result))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


@pytest.fixture(scope="module")
def reader(service: Service) -> Iterator[PcscReader]:
    reader = PcscReader(READERS[0], TIMEOUT_S, MODULE)
    yield reader
    reader.close()


@pytest.fixture
def bench(service: Service, reader: PcscReader, tmp_path: Path) -> Iterator[PcscBench]:
    bench = PcscBench(service, reader, tmp_path)
    yield bench
    bench.close()


@pytest.mark.proof
class TestPcscReader(CardReaderSuite):
    @pytest.fixture
    def bench(self, service: Service, reader: PcscReader, tmp_path: Path) -> Iterator[PcscBench]:
        bench = PcscBench(service, reader, tmp_path)
        yield bench
        bench.close()


@pytest.fixture
def session(bench: PcscBench) -> Iterator[CardSession]:
    """Amina's card is in, and we are talking to it."""
    bench.insert(AMINA)
    session = bench.transport.connect()
    yield session
    session.close()


def status(session: CardSession, timeout_s: float = TIMEOUT_S) -> str:
    return session.transmit(SELECT, timeout_s)[-2:].hex()


# --- hands ------------------------------------------------------------------------------------


def test_an_old_session_stays_dead_when_the_card_is_pulled_and_put_back(
    bench: PcscBench, session: CardSession
) -> None:
    assert status(session) == "9000"
    seen = bench.reader.insertions()
    bench.pull()
    with pytest.raises(CardRemoved):
        status(session)
    bench.insert(AMINA)
    assert bench.reader.insertions() == seen + 1
    with pytest.raises(CardRemoved):
        status(session)
    assert bench.reader.read().serial == AMINA


def test_e02_the_card_is_removed_and_not_mute_when_it_is_pulled_in_a_command(
    bench: PcscBench, session: CardSession
) -> None:
    bench.spoil("pull", 1)
    with pytest.raises(CardRemoved):
        status(session)
    assert not bench.reader.present()


def test_the_session_lives_on_when_one_byte_came_back(
    bench: PcscBench, session: CardSession
) -> None:
    bench.spoil("short", 1)
    assert len(session.transmit(SELECT, TIMEOUT_S)) < 2
    assert status(session) == "9000"


def test_we_wait_no_longer_than_our_limit_when_the_card_hangs(
    bench: PcscBench, session: CardSession
) -> None:
    bench.spoil("hang", 1)
    began_s = time.monotonic()
    with pytest.raises(CardMute):
        status(session)
    assert time.monotonic() - began_s < TIMEOUT_S + 0.1
    session.close()
    assert bench.reader.read().serial == AMINA, "it answers again once the hanging command is over"


def test_the_reader_is_lost_and_no_thread_is_added_when_the_card_hangs_on(
    bench: PcscBench, session: CardSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.card is not None
    bench.card.hang_s = 5 * TIMEOUT_S
    bench.spoil("hang", 1)
    with pytest.raises(CardMute):
        status(session)
    threads = threading.active_count()
    monkeypatch.setattr(bench.transport, "patience_s", 0.1)
    for _ in range(3):
        with pytest.raises(ServiceLost, match="hangs"):
            bench.reader.read()
    assert threading.active_count() == threads
    monkeypatch.undo()
    session.close()
    assert bench.reader.read().serial == AMINA


# --- other programs ---------------------------------------------------------------------------


def test_the_next_session_works_when_another_program_has_reset_the_card(bench: PcscBench) -> None:
    bench.insert(AMINA)
    bench.reader.read()
    with other_client(bench.transport.scard) as card:
        reset(bench.transport.scard, card)
        assert bench.reader.read().serial == AMINA
    assert bench.reader.read().serial == AMINA


def test_the_card_is_not_powered_down_when_our_session_ends(bench: PcscBench) -> None:
    bench.insert(AMINA)
    scard = bench.transport.scard
    with other_client(scard) as card:
        bench.reader.read()
        result, answer = scard.SCardTransmit(card, scard.SCARD_PCI_T0, list(SELECT))
    assert (binding.number(result), bytes(answer).hex()) == (binding.OK, "9000")


def test_another_program_waits_when_we_are_at_the_card(
    bench: PcscBench, session: CardSession
) -> None:
    bench.other_program()
    for _ in range(20):
        assert status(session) == "9000"
    assert bench.others[0].is_alive()
    session.close()
    bench.others[0].join(SOON_S)
    assert not bench.others[0].is_alive()


def test_we_wait_our_turn_when_another_program_is_at_the_card(bench: PcscBench) -> None:
    bench.insert(AMINA)
    scard = bench.transport.scard
    with other_client(scard) as card:
        assert scard.SCardBeginTransaction(card) == binding.OK
        turn = threading.Timer(0.2, scard.SCardEndTransaction, (card, scard.SCARD_LEAVE_CARD))
        turn.start()
        assert bench.reader.read().serial == AMINA
        turn.join()


def test_the_service_is_lost_for_now_when_another_program_keeps_the_card(bench: PcscBench) -> None:
    bench.insert(AMINA)
    scard = bench.transport.scard
    with (
        other_client(scard, scard.SCARD_SHARE_EXCLUSIVE),
        pytest.raises(ServiceLost, match="other"),
    ):
        bench.reader.read()
    assert bench.reader.read().serial == AMINA


def test_the_error_says_reset_when_the_service_says_so() -> None:
    """No other program can reset a card inside our transaction; a reader's firmware can."""
    assert isinstance(binding.fault_of(0x80100068), CardReset)


# --- the service ------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_reader_and_card_come_back_when_the_service_was_ended_and_started(
    bench: PcscBench, session: CardSession, how: str
) -> None:
    seen = bench.reader.insertions()
    getattr(bench.service, how)()
    with pytest.raises(ServiceLost):
        status(session)
    bench.see(bench.transport.monitor.waits_for_service)
    with pytest.raises(ServiceLost):
        bench.reader.present()
    with pytest.raises(ServiceLost):
        bench.reader.read()
    bench.service.start()
    bench.see(bench.reader.present)
    assert bench.reader.insertions() > seen, "whether it is the same card must be asked anew"
    assert bench.reader.read().serial == AMINA


def test_the_session_ends_in_time_when_the_service_is_ended_during_a_hanging_command(
    bench: PcscBench, session: CardSession
) -> None:
    bench.spoil("hang", 1)
    ending = threading.Timer(TIMEOUT_S / 4, bench.service.kill)
    ending.start()
    with pytest.raises((ServiceLost, CardMute)):
        status(session)
    ending.join()
    bench.service.start()
    bench.heal()
    bench.see(bench.reader.present)
    assert bench.reader.read().serial == AMINA


def test_the_reader_is_found_when_the_service_starts_after_us(
    bench: PcscBench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.service.kill()
    late = PcscReader(READERS[1])
    try:
        with pytest.raises(ServiceLost):
            late.present()
        bench.service.start()
        assert late.pcsc.monitor.wait(lambda: not late.present(), SOON_S)
    finally:
        late.close()
    bench.see(lambda: not bench.reader.present())
    assert capfd.readouterr() == ("", ""), "a C library must not write onto the screen"


def test_the_message_names_the_readers_when_it_cannot_be_told_which_is_meant(
    bench: PcscBench,
) -> None:
    for wanted, told in (
        ("", "Several card readers are there, name one: " + ", ".join(READERS)),
        ("Kiosk Virtual Reader", "Several card readers are there"),
        ("ACME", "The card reader ACME is not plugged in"),
    ):
        transport = PcscTransport(wanted)
        try:
            with pytest.raises(ServiceLost, match=told):
                transport.present()
        finally:
            transport.close()


def test_no_thread_is_left_when_the_reader_is_closed(bench: PcscBench) -> None:
    before = threading.active_count()
    PcscReader(READERS[0]).close()
    assert threading.active_count() == before


# --- a sale -----------------------------------------------------------------------------------


class Customer:
    """The first customer of the rehearsal who has a card meter and no debt."""

    def __init__(self, house: House) -> None:
        assert house.world is not None
        self.house, self.rack = house, house.world.rack
        for serial in self.rack.serials():
            card = house.desk.records.card(serial=serial)
            assert card is not None
            buyer = find_buyer(house.desk, card.meter)
            if isinstance(buyer, Buyer) and not buyer.debt_minor:
                self.serial, self.buyer = serial, buyer
                return

    def buys(self, card_back: Callable[[str], bool]) -> SaleRecord:
        desk = self.house.desk
        offer = quote(desk, self.buyer, 50_00)
        assert isinstance(offer, Offer), offer
        payment = cash_payment(desk, 50_00, 50_00)
        assert not isinstance(payment, Refusal)
        record = sell(desk, offer, payment, card_back)
        assert isinstance(record, SaleRecord), record
        return record

    def credited_wh(self) -> int:
        """What the meter gains from the card."""
        assert self.house.world is not None
        meter = self.house.world.meter(self.buyer.meter.number)
        assert isinstance(meter, CardMeter)
        chip = self.rack.card(self.serial)
        try:
            return meter.insert(chip.answer).energy_wh_added
        finally:
            chip.close()


def test_a_sale_is_delivered_through_the_real_service(bench: PcscBench, house: House) -> None:
    customer = Customer(house)
    bench.rack, house.desk.reader = customer.rack, bench.reader
    house.desk.role = "supervisor"
    bench.insert(customer.serial)
    record = customer.buys(lambda _reason: False)
    bench.pull()
    assert (record.state, record.purchase_number) == ("delivered", 1)
    assert customer.credited_wh() == record.committed.energy_wh


@pytest.mark.proof
@pytest.mark.parametrize("write", [1, 2, 3, 4])
@pytest.mark.parametrize("trouble", ["pull", "kill"])
def test_a_sale_is_finished_when_card_or_service_goes_away_in_a_write_and_comes_back(
    bench: PcscBench, house: House, trouble: str, write: int
) -> None:
    customer = Customer(house)
    bench.rack, house.desk.reader = customer.rack, bench.reader
    house.desk.role = "supervisor"
    bench.insert(customer.serial)
    passages = iter(range(1, 100))

    def strike(name: str) -> None:
        if name == "card.after_each_write" and next(passages) == write:
            bench.pull() if trouble == "pull" else bench.service.kill()

    def back(_reason: str) -> bool:
        if trouble == "pull":
            bench.insert(customer.serial)
        else:
            bench.service.start()
            bench.see(bench.reader.present)
        return True

    marks.arm(strike)
    try:
        record = customer.buys(back)
    finally:
        marks.arm(None)
    bench.pull()
    assert record.state == "delivered"
    assert customer.credited_wh() == record.committed.energy_wh


@pytest.mark.proof
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_purchase_of_each_family_reaches_its_meter_through_the_real_service(
    bench: PcscBench, kind: Kind, tmp_path: Path
) -> None:
    rack, meter = CardRack(tmp_path / "rack"), kind.meter()
    kind.make(rack, kind.serial)
    bench.rack = rack
    bench.insert(kind.serial)
    reader = PcscReader(READERS[0], SOON_S, MODULE)
    try:
        assert reader.pcsc.monitor.wait(reader.present, SOON_S)
        before = reader.read()
        family = families.of(before)
        planned = family.purchase(family.state(before), before, 12_300, 20_00, kind.currency)
        assert isinstance(planned, tuple), planned
        reader.write(kind.serial, planned[0])
        assert family.witness(before, reader.read(), planned[0]) == "delivered"
    finally:
        reader.close()
    meter.take(kind.get(rack, kind.serial), kind.serial)
    assert meter.credited == (20_00 if kind.family == "state-grid" else 12_300)


# --- the command ------------------------------------------------------------------------------


def test_the_command_reads_the_card_of_the_named_reader_and_makes_one_from_a_blank(
    bench: PcscBench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from kiosk.front.cli import run

    home = tmp_path / "home"
    home.mkdir()
    toml = '[rehearsal]\ncentre = false\ncustomers = 12\n[card]\ndriver = "pcsc"\nreader = "none"\n'
    toml += 'module = "none"\n'
    (home / "kiosk.toml").write_text(toml)

    def cards(*words: str) -> tuple[int, str, str]:
        code = run(["--home", str(home), "cards", *words, "--json"])
        return code, *capsys.readouterr()

    named = ("--reader", READERS[0])
    code, out, err = cards("read", *named)
    assert (code, out) == (1, "")
    assert "no card" in err
    bench.insert(AMINA)
    code, out, err = cards("read", *named)
    assert (code, err) == (0, "")
    shown = json.loads(out)
    wanted = ("open", "ok", AMINA, 0)
    assert tuple(shown[key] for key in ("family", "state", "serial", "purchase_number")) == wanted
    bench.pull()
    blank = "0f" * 8
    bench.rack.make(blank, {file: bytes(length) for file, length in layout.FILES.items()})
    bench.insert(blank)
    assert json.loads(cards("read", *named)[1])["state"] == "blank"
    code, out, err = cards("tool", "inquiry", "--reason", "readings", *named)
    assert (code, err) == (0, "")
    assert json.loads(out)["state"] == "done"
    code, _, err = cards("read")
    assert code == 1
    assert "The card reader none is not plugged in" in err
