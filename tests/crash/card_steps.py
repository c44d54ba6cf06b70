"""Pull the card, or kill the program, at every single command to the chip; then audit.

A verb is run on a card of each family in two halls that share one world of cards. Its commands are
counted; then it is run again for each of them, and there the card is pulled, or the process ends as
in a power cut, before the command, in the middle of its write, or after it. The card comes back to
the same hall, or goes to the meter and to the other hall first. A further verb is a `Verb` below:
what prepares it, what it does, which families it is for.

    python -m tests.crash.card_steps --write      draws the table in docs/cards.md again
"""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from drivers.card.reader import ReaderOnSession
from drivers.card.sealing import seal_files
from drivers.card.sim import CardRack, SimulatedSlot
from drivers.card.simulated_reader import CardFaults, SimulatedSession, SimulatedTransport
from drivers.vending.card_keys import PUBLISHED_MASTER, card_key
from kiosk.config import Settings
from kiosk.domain import catalogue as catalogues
from kiosk.domain.cards import account_area, families
from kiosk.domain.cards import open as layout
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.registry import Card, Customer
from kiosk.domain.registry import Meter as Registered
from kiosk.errors import CardFault, Refusal
from kiosk.front import utility
from kiosk.front.wiring import House, build
from kiosk.till import card_accounts, recover
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, Offer, buyer_of, quote
from kiosk.till.sell import card_payment, cash_payment, sell
from tests.builders import SeededEntropy
from tests.drivers.card.card_kinds import CUSTOMER, KINDS, METER, MODULE, Kind, OpenMeter
from tests.till.hall import HallClock

DOCUMENT = Path(__file__).parents[2] / "docs" / "cards.md"
BEGIN, END = "<!-- card steps: begin -->", "<!-- card steps: end -->"

HALLS = ("hall-1", "hall-2")
AMOUNT_MINOR, OTHER_AMOUNT_MINOR = 20_00, 15_00
ACCOUNT = "20000001"


def _make_with_account(rack: CardRack, serial: str) -> None:
    files = layout.make(serial, CUSTOMER, METER) | {account_area.SECOND_SLOT: bytes(48)}
    key = card_key(PUBLISHED_MASTER, 2, serial)
    rack.make(serial, seal_files(MODULE, "open", serial, files), chip="keyed", key=key)


def _get(rack: CardRack, serial: str) -> dict[int, bytes]:
    return rack.files(serial)


WITH_ACCOUNT = msgspec.structs.replace(
    next(kind for kind in KINDS if kind.name == "open with keys"),
    name="open with account", make=_make_with_account, meter=lambda: OpenMeter("open", True),
)  # fmt: skip
ALL_KINDS = [*KINDS, WITH_ACCOUNT]


# --- two halls, one card ----------------------------------------------------------------------


def settings_of(kind: Kind) -> Settings:
    base = Settings()
    return msgspec.structs.replace(
        base,
        site=msgspec.structs.replace(base.site, currency=kind.currency),
        rehearsal=msgspec.structs.replace(base.rehearsal, customers=2, centre=False),
    )


def make_template(kind: Kind, folder: Path) -> Path:
    """Two homes that know the customer of `kind`, and the world with the card; copied for use."""
    for hall in HALLS:
        house = build(folder / hall, settings_of(kind), clock=HallClock())
        content = Catalogue(
            2, "utility", utility.tariff_pack(kind.currency),
            [Customer(ACCOUNT, "Amina Noor", "1 River Road", "")],
            [Registered(METER, ACCOUNT, "card", "home")], [Card(CUSTOMER, kind.serial, METER)],
        )  # fmt: skip
        outcome = house.home.journal.append(
            catalogues.received(content), content=catalogues.encode(content)
        )
        assert not isinstance(outcome, Refusal), outcome
        house.close()
    kind.make(CardRack(folder / "table"), kind.serial)
    return folder


class Trouble(msgspec.Struct, frozen=True):
    """What goes wrong: "pull" or "kill", at which command, and how many bytes of a write arrive."""

    kind: str
    at: int
    written_bytes: int


class Dying(SimulatedTransport):
    """The process ends at the n-th command, when so many bytes of its write have arrived."""

    def __init__(self, slot: SimulatedSlot, trouble: Trouble) -> None:
        super().__init__(slot)
        self.trouble, self.seen = trouble, 0

    def connect(self) -> SimulatedSession:
        session = SimulatedSession(self.slot)
        plain = session.transmit

        def transmit(apdu: bytes, timeout_s: float) -> bytes:
            self.seen += 1
            if self.seen < self.trouble.at:
                return plain(apdu, timeout_s)
            if self.trouble.written_bytes:
                session.card.answer(apdu, self.trouble.written_bytes)
            os._exit(9)

        session.transmit = transmit  # type: ignore[method-assign]
        return session


@dataclass
class Stage:
    """Two halls, one card of one family, and its owner's meter."""

    folder: Path
    kind: Kind
    houses: dict[str, House] = field(default_factory=dict)
    seeds: int = 0

    def __post_init__(self) -> None:
        self.world = self.folder / "table"
        self.rack, self.meter = CardRack(self.world), self.kind.meter()

    def open(self, hall: str) -> Desk:
        if hall not in self.houses:
            self.seeds += 1
            house = build(
                self.folder / hall, settings_of(self.kind), clock=HallClock(),
                entropy=SeededEntropy(self.seeds * 100 + HALLS.index(hall)),
            )  # fmt: skip
            house.desk.operator, house.desk.role = "101", "supervisor"
            house.desk.reader = self.reader(hall)
            self.houses[hall] = house
        return self.houses[hall].desk

    def leave(self, hall: str) -> None:
        self.houses.pop(hall).close()

    def close(self) -> None:
        for hall in list(self.houses):
            self.leave(hall)

    def reader(self, hall: str, trouble: Trouble | None = None) -> ReaderOnSession:
        slot = SimulatedSlot(self.world, hall)
        faults = None
        if trouble is not None and trouble.kind == "pull":
            faults = CardFaults("pull", trouble.at, trouble.written_bytes)
        transport = SimulatedTransport(slot, faults)
        if trouble is not None and trouble.kind == "kill":
            transport = Dying(slot, trouble)
        return ReaderOnSession(transport, 0.001, MODULE)

    def put_in(self, hall: str) -> None:
        for other in HALLS:
            slot = SimulatedSlot(self.world, other)
            if other != hall and slot.state().card is not None:
                slot.pull()
        if SimulatedSlot(self.world, hall).state().card is None:
            SimulatedSlot(self.world, hall).insert(self.kind.serial)

    def take_out(self) -> None:
        for hall in HALLS:
            slot = SimulatedSlot(self.world, hall)
            if slot.state().card is not None:
                slot.pull()

    def in_meter(self) -> int:
        """Put the card in the meter; what it gains."""
        self.take_out()
        before = self.meter.credited
        files = self.kind.get(self.rack, self.kind.serial)
        self.kind.put(self.rack, self.kind.serial, self.meter.take(files, self.kind.serial))
        return self.meter.credited - before

    def worth(self) -> int:
        """What the meter would gain from the card as it is now."""
        meter = copy.deepcopy(self.meter)
        meter.take(self.kind.get(self.rack, self.kind.serial), self.kind.serial)
        return meter.credited - self.meter.credited

    def unit(self, record: object) -> int:
        """What a sale is worth to the meter: energy, or money where the meter has the tariff."""
        committed = record.committed  # type: ignore[attr-defined]
        money = self.kind.family == "state-grid"
        return int(committed.amount_minor if money else committed.energy_wh)


# --- verbs ------------------------------------------------------------------------------------


class Verb(msgspec.Struct, frozen=True):
    """One act at a hall's counter with the card in its reader."""

    name: str
    run: Callable[[Desk], object]
    prepare: Callable[[Stage], None] = lambda _stage: None
    kinds: tuple[str, ...] = tuple(kind.name for kind in KINDS)


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


def _with_money(stage: Stage) -> None:
    stage.put_in(HALLS[0])
    done = card_accounts.top_up(stage.open(HALLS[0]), 3 * AMOUNT_MINOR)
    assert not isinstance(done, Refusal) and done.state == "moved", done
    stage.leave(HALLS[0])


SELL = Verb("sell", sell_for_cash)
PAY_FROM_CARD = Verb("sell, paid from the card", sell_from_card, _with_money, (WITH_ACCOUNT.name,))
TOP_UP = Verb(
    "top up the card",
    lambda desk: card_accounts.top_up(desk, AMOUNT_MINOR),
    kinds=(WITH_ACCOUNT.name,),
)
VERBS = [SELL, PAY_FROM_CARD, TOP_UP]


# --- one case ---------------------------------------------------------------------------------


@dataclass
class Tally:
    """Totals over cases; `wrong` lists what must never happen."""

    cases: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.cases += other.cases
        self.ends += other.ends
        self.wrong += other.wrong


class Bench:
    """Runs cases of one verb on one family; the stage is made once and copied for each."""

    def __init__(self, verb: Verb, kind: Kind, folder: Path) -> None:
        self.verb, self.kind, self.folder = verb, kind, folder
        make_template(kind, folder / "template")
        stage = Stage(folder / "template", kind, seeds=50)  # its names are of its own
        verb.prepare(stage)
        stage.take_out()
        stage.close()
        self.steps = self._count()

    @contextlib.contextmanager
    def stage(self) -> Iterator[Stage]:
        place = self.folder / "case"
        shutil.copytree(self.folder / "template", place)
        stage = Stage(place, self.kind)
        try:
            stage.put_in(HALLS[0])
            yield stage
        finally:
            stage.close()
            shutil.rmtree(place)

    def _count(self) -> int:
        counter = CardFaults("status", at=0)
        with self.stage() as stage:
            desk = stage.open(HALLS[0])
            transport = SimulatedTransport(SimulatedSlot(stage.world, HALLS[0]), counter)
            desk.reader = ReaderOnSession(transport, 0.001, MODULE)
            done = self.verb.run(desk)
            assert not isinstance(done, Refusal), done
        return counter.seen

    def strike(self, stage: Stage, trouble: Trouble) -> None:
        """Run the verb into its trouble; afterwards the hall is open, started anew if killed."""
        if trouble.kind == "pull":
            desk = stage.open(HALLS[0])
            desk.reader = stage.reader(HALLS[0], trouble)
            self.verb.run(desk)
            desk.reader = stage.reader(HALLS[0])
            return
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                desk = stage.open(HALLS[0])
                desk.reader = stage.reader(HALLS[0], trouble)
                self.verb.run(desk)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 9, (trouble, status)
        stage.seeds += 1  # the new process draws other names

    def case(self, trouble: Trouble, by_way: str) -> tuple[str, Tally]:
        """What the card showed right after the trouble, and what came of it."""
        tally = Tally(cases=1)
        with self.stage() as stage:
            self.strike(stage, trouble)
            shown = _shown(stage)
            _worth_at_most(stage, tally, trouble)
            if by_way == "other":
                stage.in_meter()
                _visit(stage, HALLS[1])
                stage.in_meter()
            stage.put_in(HALLS[0])
            recovered = recover.recover(stage.open(HALLS[0]))
            assert not isinstance(recovered, Refusal), recovered
            _worth_at_most(stage, tally, trouble)
            _audit(stage, tally, trouble)
            _goes_on(stage, tally, trouble)
        return shown, tally

    def all(self, written: tuple[int, ...] = (0, 3, 99)) -> tuple[list[list[str]], Tally]:
        """Every command, pulled and killed, both ways back: what was shown by step, and totals."""
        total, steps = Tally(), []
        for at in range(1, self.steps + 1):
            shown: dict[str, None] = {}
            for kind in ("pull", "kill"):
                for bytes_written in written:
                    for by_way in ("same", "other"):
                        what, tally = self.case(Trouble(kind, at, bytes_written), by_way)
                        shown[what] = None
                        total.add(tally)
            steps.append(list(shown))
        return steps, total


def _open_acts(desk: Desk) -> list[tuple[str, object]]:
    return [(r.state, r) for r in desk.records.open_sales()] + [
        ("committed", m) for m in desk.records.open_moves() if m.committed.kind == "top_up"
    ]


def _shown(stage: Stage) -> str:
    """What the card says of the act that was struck: the words of the witnesses."""
    desk = stage.open(HALLS[0])
    sales, moves = desk.records.last_sales(1), desk.records.open_moves()
    if not _open_acts(desk):
        return "ended" if sales and sales[0].ended_ms else "nothing was paid"
    for record in desk.records.open_sales():
        paid_by = desk.records.account_move(record.committed.sale_id)
        if paid_by is not None and paid_by.state == "moved":
            moves.append(paid_by)
    stage.put_in(HALLS[0])
    now = stage.reader(HALLS[0]).read()
    told: list[str] = []
    for move in moves:
        told.append(account_area.witness(move.committed.before, now, move.committed.writes))
    for record in desk.records.open_sales():
        delivery = record.committed.card
        assert delivery is not None
        family = families.of(delivery.before)
        told.append(family.witness(delivery.before, now, delivery.writes))
    words = [word.replace("_", " ") for word in told]
    if len(set(words)) == 1:
        return words[0]
    return f"money {words[0]}, purchase {words[1]}"


def _visit(stage: Stage, hall: str) -> None:
    """A customer in the other hall buys there what the card can take."""
    stage.put_in(hall)
    desk = stage.open(hall)
    recover.recover(desk)
    paid = sell_from_card(desk, OTHER_AMOUNT_MINOR)
    if isinstance(paid, Refusal):
        sell_for_cash(desk, OTHER_AMOUNT_MINOR)


def _sales(stage: Stage) -> list[object]:
    return [record for hall in HALLS for record in stage.open(hall).records.last_sales(50)]


def _worth_at_most(stage: Stage, tally: Tally, trouble: Trouble) -> None:
    """All that the meter has gained and would gain now was paid for."""
    paid = sum(stage.unit(record) for record in _sales(stage))
    if stage.meter.credited + stage.worth() > paid:
        tally.wrong.append(f"{stage.kind.name} {trouble}: worth more than {paid}")


def _audit(stage: Stage, tally: Tally, trouble: Trouble) -> None:
    """Each act is confirmed, voided or listed; the card can be read; the meter has what is due."""
    where = f"{stage.kind.name} {trouble}"
    stage.in_meter()
    stage.in_meter()
    stage.put_in(HALLS[0])
    with contextlib.suppress(CardFault):
        image = stage.reader(HALLS[0]).read()
        if isinstance(families.of(image).state(image), Refusal):
            tally.wrong.append(f"{where}: the card cannot be used")
        _account_agrees(stage, image, tally, where)
        due = doubtful = 0
        for record in _sales(stage):
            state = record.state  # type: ignore[attr-defined]
            tally.ends[state] += 1
            due += stage.unit(record) if state == "delivered" else 0
            doubtful += stage.unit(record) if state == "in_doubt" else 0
            if state not in ("delivered", "voided", "in_doubt"):
                tally.wrong.append(f"{where}: a sale is {state} and nobody lists it")
        if not due <= stage.meter.credited <= due + doubtful:
            tally.wrong.append(f"{where}: the meter gained {stage.meter.credited} of {due}")
        return
    tally.wrong.append(f"{where}: the card cannot be read")


def _account_agrees(stage: Stage, image: object, tally: Tally, where: str) -> None:
    """What is on the card is what the books of both halls say together."""
    state = account_area.account_state(image)  # type: ignore[arg-type]
    if isinstance(state, Refusal):
        return
    booked = sum(
        -stage.open(hall).records.balance(f"card_account:{ACCOUNT}", stage.kind.currency)
        for hall in HALLS
    )
    if booked != state.balance_minor:
        tally.wrong.append(f"{where}: {state.balance_minor} on the card, {booked} in the books")


def _goes_on(stage: Stage, tally: Tally, trouble: Trouble) -> None:
    """The next sale works: the card is not blocked by what happened."""
    stage.put_in(HALLS[0])
    desk = stage.open(HALLS[0])
    if desk.records.open_sales() or desk.records.open_moves():
        return
    done = sell_for_cash(desk, OTHER_AMOUNT_MINOR)
    if isinstance(done, Refusal) or done.state != "delivered":  # type: ignore[attr-defined]
        tally.wrong.append(f"{stage.kind.name} {trouble}: the next sale fails: {done}")


# --- the table --------------------------------------------------------------------------------


def kind_named(name: str) -> Kind:
    return next(kind for kind in ALL_KINDS if kind.name == name)


def rows(steps: list[list[str]]) -> str:
    """Runs of steps that show the same: "1-14 nothing was paid; 15-25 not delivered"."""
    runs: list[tuple[int, int, str]] = []
    for number, shown in enumerate(steps, 1):
        text = " or ".join(shown)
        if runs and runs[-1][2] == text:
            runs[-1] = (runs[-1][0], number, text)
        else:
            runs.append((number, number, text))
    return "; ".join(f"{a}-{b} {text}" if a != b else f"{a} {text}" for a, b, text in runs)


def table(written: tuple[int, ...] = (0, 3, 99)) -> tuple[str, Tally]:
    """The table of docs/cards.md, and the totals of all cases."""
    lines = ["| verb | family | commands | at which command the card shows what | cases |",
             "|---|---|---|---|---|"]  # fmt: skip
    total = Tally()
    for verb in VERBS:
        for name in verb.kinds:
            with tempfile.TemporaryDirectory() as place:
                bench = Bench(verb, kind_named(name), Path(place))
                steps, tally = bench.all(written)
            total.add(tally)
            lines.append(
                f"| {verb.name} | {name} | {bench.steps} | {rows(steps)} | {tally.cases} |"
            )
    return "\n".join(lines), total


def summary(total: Tally) -> str:
    ends = ", ".join(f"{count} {state}" for state, count in sorted(total.ends.items()))
    return f"{total.cases} cases: {ends}; {len(total.wrong)} wrong"


def main() -> int:
    drawn, total = table()
    sys.stdout.write(f"{drawn}\n{summary(total)}\n")
    for wrong in total.wrong:
        sys.stdout.write(f"{wrong}\n")
    if "--write" in sys.argv:
        text = DOCUMENT.read_text()
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{drawn}\n\n{summary(total)}.\n{END}{after}")
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
