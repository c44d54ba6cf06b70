"""One home, several processes: one of them holds the pen, and killing it loses nothing."""

from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain import facts
from kiosk.errors import LedgerDamaged, Refusal, StoreFault
from kiosk.ledger import handover
from kiosk.ledger.connection import connect, key_of
from kiosk.ledger.journal import Journal
from kiosk.ledger.proof import prove
from kiosk.ledger.stations import Station, is_gone
from kiosk.ledger.store import LEDGER_FILE, open_reader
from tests.builders import FixedClock, delivered, sale
from tests.ledger.ledgers import CATALOGUE, CONTENT, KEY, ORIGIN, RECEIVED, open_journal

ROOT = Path(__file__).parents[2]
Homes = Callable[[str], Path]


class Neighbour:
    """Another process on the same home, asked line by line."""

    def __init__(self, path: Path) -> None:
        key = key_of(path).hex()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.journal_process", str(path), key],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line: str) -> dict[str, Any]:
        self.tell(line)
        return self.hear()

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        self.process.kill()
        self.process.wait(60)

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture
def neighbours() -> Iterator[Callable[[Path], Neighbour]]:
    started: list[Neighbour] = []

    def start(path: Path) -> Neighbour:
        started.append(Neighbour(path))
        return started[-1]

    yield start
    for neighbour in started:
        if neighbour.process.poll() is None:
            neighbour.kill()
        neighbour.close()


@pytest.fixture
def path(home: Homes) -> Path:
    return home("home")


def proven(path: Path) -> int:
    """The number of entries; the whole ledger is as it was written."""
    connection = open_reader(path)
    try:
        proof = prove(connection, ORIGIN, every_signature=True)
    finally:
        connection.close()
    assert not proof.first_bad, proof
    return proof.entries


def kinds(journal: Journal) -> list[str]:
    return [entry.kind for entry in journal.after(0)]


# --- one process ----------------------------------------------------------------------------------


def test_facts_are_read_back_in_order_when_they_were_appended(path: Path) -> None:
    journal = open_journal(path)
    assert journal.append(sale("s"), delivered("s")) == [2, 3]
    assert kinds(journal) == ["home_opened", "sale_committed", "sale_delivered"]
    assert [entry.sequence for entry in journal.after(1, limit=1)] == [2]
    assert journal.after(3) == []
    assert journal.head().sequence == 3
    assert journal.append(RECEIVED, content=CONTENT) == [4]
    assert journal.records.counts() == {"customers": 2, "meters": 2, "cards": 1}
    journal.rest()
    journal.close()
    assert proven(path) == 4


def test_an_anchor_is_kept_when_upstream_has_acknowledged(path: Path) -> None:
    journal = open_journal(path)
    assert journal.acknowledged() == 0
    journal.append(sale("s"))
    journal.keep_anchor(2, journal.head().digest, "centre", b"signed")
    assert journal.acknowledged() == 2
    journal.close()
    assert proven(path) == 2


# --- two of them, without a kill ------------------------------------------------------------------


def deep(path: Path) -> Path:
    deeper = path.joinpath(*["a-folder-with-a-long-name"] * 6)
    deeper.mkdir(parents=True)
    assert len(str(deeper / "pen.sock")) > 107
    return deeper


@pytest.mark.parametrize("place", [lambda path: path, deep], ids=["usual path", "deep path"])
def test_the_second_hands_its_facts_over_when_the_first_holds_the_pen(
    path: Path, place: Callable[[Path], Path]
) -> None:
    where = place(path)
    first, second = open_journal(where), open_journal(where)
    assert (first.holds_pen, second.holds_pen, second.try_pen()) == (True, False, False)
    assert second.append(sale("s")) == [2]
    assert first.append(delivered("s")) == [3]
    assert second.append(sale("s")) == [2]
    refused = second.append(sale("s", 2000))
    assert refused == Refusal("exists_with_different_content", {"identity": "sale/s"})
    assert second.head() == first.head()
    second.rest()
    second.close()
    first.close()
    assert proven(where) == 3


def test_a_neighbours_bad_fact_harms_nobody_when_it_is_handed_over(path: Path) -> None:
    from kiosk.ledger.pen import Draft

    first, second = open_journal(path), open_journal(path)
    with pytest.raises(StoreFault, match="cannot be read"):
        second.append_drafts([Draft("from_the_future", 9, b"\x80")])
    with pytest.raises(StoreFault, match="cannot be written"):
        second.append(RECEIVED, content=CONTENT[:-1])
    assert second.append(sale("s")) == [2]
    second.close()
    first.close()
    assert proven(path) == 2


def test_garbage_at_the_socket_is_answered_or_closed_and_the_pen_goes_on(path: Path) -> None:
    journal = open_journal(path)
    for garbage in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x02\xc1\xc1", b"\x00\x00"):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            line.connect(str(path / "pen.sock"))
            line.sendall(garbage)
            line.shutdown(socket.SHUT_WR)
            while line.recv(1000):
                pass
    assert (path / "pen.sock").stat().st_mode & 0o777 == 0o600
    assert journal.append(sale("s")) == [2]
    journal.close()
    assert proven(path) == 2


class OutOfFiles:
    """The socket of a process that has just opened as many files as it may."""

    def __init__(self, good: socket.socket) -> None:
        self.good, self.failed = good, False

    def accept(self) -> object:
        if not self.failed:
            self.failed = True
            raise OSError(errno.EMFILE, "Too many open files")
        return self.good.accept()

    def __getattr__(self, name: str) -> object:
        return getattr(self.good, name)


def test_neighbours_are_answered_when_many_connect_and_say_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "_MOST", 4)
    monkeypatch.setattr(handover, "_REQUEST_S", 0.3)
    first, second = open_journal(path), open_journal(path)
    assert first._server is not None
    out_of_files = OutOfFiles(first._server._socket)
    monkeypatch.setattr(first._server, "_socket", out_of_files)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(12)]
    for line in silent:
        line.connect(str(path / "pen.sock"))
    before = threading.active_count()
    assert second.append(sale("s")) == [2]
    assert out_of_files.failed
    assert threading.active_count() - before <= 4
    for line in silent:
        line.close()
    second.close()
    first.close()


def test_the_pen_passes_on_when_its_holder_closes(path: Path) -> None:
    first, second = open_journal(path), open_journal(path)
    first.append(sale("s"))
    first.close()
    assert second.append(delivered("s")) == [3]
    assert second.holds_pen
    second.close()
    assert proven(path) == 3


def test_every_sale_stands_once_when_threads_of_two_processes_sell_at_once(path: Path) -> None:
    first, second = open_journal(path), open_journal(path)
    numbers: list[list[int] | Refusal] = []

    def work(journal: Journal, since: int) -> None:
        for identifier in range(since, since + 10):
            numbers.append(journal.append(sale(f"s{identifier}", identifier=identifier)))

    threads = [
        threading.Thread(target=work, args=(journal, 100 * place))
        for place, journal in enumerate([first, first, second, second])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    second.close()
    first.close()
    assert sorted(number[0] for number in numbers if isinstance(number, list)) == list(range(2, 42))
    assert proven(path) == 41


def test_the_home_is_refused_when_it_belongs_to_somebody_else(path: Path) -> None:
    open_journal(path).close()
    with pytest.raises(StoreFault, match="belongs to r1, not r2"):
        open_journal(path, origin="r2")
    with pytest.raises(StoreFault, match="signing key"):
        open_journal(path, key=Ed25519PrivateKey.generate())
    again = open_journal(path)  # nothing was left open or locked
    assert again.holds_pen
    again.close()


@pytest.mark.parametrize(
    ("damage", "entry"),
    [
        ("DELETE FROM entries WHERE sequence = 3", 3),
        ("UPDATE head SET sequence = 4", 4),
        ("UPDATE head SET sequence = 2", 3),
        ("DELETE FROM entries WHERE sequence = 1", 1),
        ("UPDATE entries SET body = x'c1' WHERE sequence = 1", 1),
        ("UPDATE entries SET body = x'c1' WHERE sequence = 2", 2),
    ],
)
def test_the_pen_is_not_taken_when_the_journal_is_damaged(
    path: Path, damage: str, entry: int
) -> None:
    journal = open_journal(path)
    journal.append(sale("s"), facts.OperatorSignedOut("101", "counter-1"))
    journal.close()
    connection = connect(path / LEDGER_FILE, key_of(path))
    connection.execute("DROP TRIGGER entries_no_delete")
    connection.execute("DROP TRIGGER entries_no_update")
    connection.execute(damage)
    connection.close()
    with pytest.raises(LedgerDamaged) as found:
        Journal(path, ORIGIN, KEY, FixedClock().pair)
    assert found.value.entry == entry


# --- processes that die ---------------------------------------------------------------------------


def test_nothing_is_lost_when_the_holder_of_the_pen_is_killed(
    path: Path, neighbours: Callable[[Path], Neighbour]
) -> None:
    holder = neighbours(path)
    assert holder.hear() == {"holds_pen": True}
    ours = open_journal(path)
    assert ours.append(sale("ours")) == [2]
    assert holder.ask("sell theirs 1")["numbers"] == [3]
    holder.kill()
    assert ours.append(delivered("ours")) == [4]
    assert ours.holds_pen
    assert ours.append(delivered("theirs", "9" * 20)) == [5]
    ours.close()
    assert proven(path) == 5


@pytest.mark.parametrize("moment", ["pen.after_commit", "pen.before_commit"])
def test_the_number_is_the_same_when_a_lost_answer_is_asked_for_again(
    path: Path, neighbours: Callable[[Path], Neighbour], moment: str
) -> None:
    """The holder dies with our fact in its hands; after the commit it stands there already."""
    holder = neighbours(path)
    assert holder.hear() == {"holds_pen": True}
    ours = open_journal(path)
    holder.ask(f"arm {moment}")
    assert ours.append(sale("s")) == [2]
    assert ours.holds_pen
    assert holder.process.wait(60) == -9
    assert kinds(ours) == ["home_opened", "sale_committed"]
    assert ours.append(delivered("s")) == [3]
    ours.close()
    assert proven(path) == 3


def test_every_answer_given_holds_when_sellers_are_killed_in_turn(
    path: Path, neighbours: Callable[[Path], Neighbour]
) -> None:
    sellers = [neighbours(path) for _ in range(3)]
    for seller in sellers:
        seller.hear()
    for place, seller in enumerate(sellers):
        seller.tell(f"many {'abc'[place]} 25 {1000 * place}")
    told: dict[str, list[int]] = {}

    def listen(seller: Neighbour, answers: int) -> None:
        for _ in range(answers):
            answer = seller.hear()
            told[answer["sale"]] = answer["numbers"]

    listen(sellers[0], 5)
    sellers[0].kill()
    listen(sellers[1], 10)
    sellers[1].kill()
    listen(sellers[2], 25)
    sellers[2].kill()
    journal = open_journal(path)
    entries = {
        fact.sale_id: entry.sequence
        for entry in journal.after(0)
        if isinstance(
            fact := facts.decode(entry.kind, entry.version, entry.body), facts.SaleCommitted
        )
    }
    journal.close()
    assert len(told) == 40
    assert {name: [entries[name]] for name in told} == told
    assert proven(path) == 1 + len(entries)


def test_a_new_home_is_opened_once_when_four_processes_start_in_the_same_moment(
    path: Path, neighbours: Callable[[Path], Neighbour]
) -> None:
    started = [neighbours(path) for _ in range(4)]
    holders = [process.hear()["holds_pen"] for process in started]
    assert sorted(holders) == [False, False, False, True]
    numbers = [process.ask(f"sell s{place} {place}") for place, process in enumerate(started)]
    assert [answer["numbers"] for answer in numbers] == [[2], [3], [4], [5]]
    for process in started:
        process.kill()
    assert proven(path) == 5


# --- stations -------------------------------------------------------------------------------------


def test_a_station_is_gone_when_its_process_has_ended_however_it_ended(
    path: Path, neighbours: Callable[[Path], Neighbour]
) -> None:
    ours = Station(path, "counter-1")
    other = neighbours(path)
    other.hear()
    other.ask("station kiosk-1")
    assert not is_gone(path, "counter-1")
    assert not is_gone(path, "kiosk-1")
    assert is_gone(path, "counter-9")
    other.kill()
    assert is_gone(path, "kiosk-1")
    ours.close()
    assert is_gone(path, "counter-1")


def test_a_station_has_one_owner_when_two_want_its_name(path: Path) -> None:
    ours = Station(path, "counter-1")
    with pytest.raises(BlockingIOError):
        Station(path, "counter-1")
    assert not is_gone(path, "counter-1")
    ours.close()
    Station(path, "counter-1").close()


def test_the_registry_is_that_of_the_catalogue_for_every_process(path: Path) -> None:
    first, second = open_journal(path), open_journal(path)
    second.append(RECEIVED, content=CONTENT)
    assert [first.records.meter(m.number) for m in CATALOGUE.meters] == CATALOGUE.meters
    second.close()
    first.close()
