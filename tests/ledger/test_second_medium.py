"""The second medium: what it holds, what it survives, and what it never does to a sale."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk import marks
from kiosk.domain.entry import digest
from kiosk.errors import StoreFault
from kiosk.ledger.connection import key_of
from kiosk.ledger.entry_file import Cover, last_of, read_kept
from kiosk.ledger.pen import Draft, Pen
from kiosk.ledger.second_medium import MARK, PURPOSE, SecondMedium, compare_medium, mark_medium
from kiosk.ledger.store import open_reader, open_writer
from tests.builders import FixedClock, delivered, sale
from tests.ledger.ledgers import CONTENT, KEY, OPENED, ORIGIN, RECEIVED, fill
from tests.till.hall import DiedError, die_at


class Bench:
    """A pen with a medium, and the hands that plug it."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder, self.away = home, folder, folder.with_name("away")
        folder.mkdir()
        (home / "home.json").write_text("{}")
        self.pen = self.open()
        self.pen.append([Draft.of(OPENED)])

    def open(self) -> Pen:
        self.medium = SecondMedium(
            self.folder, self.home, ORIGIN, key_of(self.home), ["home.json", "none.json"]
        )
        pen = Pen(open_writer(self.home), ORIGIN, KEY, FixedClock().pair, self.medium)
        pen.meet_medium()
        return pen

    @property
    def path(self) -> Path:
        return self.folder / f"{ORIGIN}.entries"

    def cover(self) -> Cover:
        return Cover(key_of(self.home), ORIGIN, PURPOSE)

    def sell(self, name: str, identifier: int = 1) -> None:
        assert isinstance(self.pen.append([Draft.of(sale(name, identifier=identifier))]), list)

    def unplug(self) -> None:
        self.folder.rename(self.away)

    def plug(self) -> None:
        self.away.rename(self.folder)

    def is_whole(self) -> bool:
        kept = [entry for entry, _ in read_kept(self.path, self.cover())]
        reader = open_reader(self.home)
        rows = reader.execute("SELECT sequence FROM entries ORDER BY sequence").fetchall()
        fault = compare_medium(reader, self.path, self.cover())
        reader.close()
        assert fault is None
        return [entry.sequence for entry in kept] == [row[0] for row in rows]


@pytest.fixture
def bench(home: Callable[[], Path], tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(home(), tmp_path / "stick")
    yield bench
    bench.pen.close()


def test_every_entry_and_every_catalogue_is_on_it_when_a_day_was_traded(bench: Bench) -> None:
    fill(bench.pen, 20)
    assert bench.is_whole()
    contents = [content for _, content in read_kept(bench.path, bench.cover()) if content]
    assert contents == [CONTENT]
    assert (bench.folder / "home.json").read_text() == "{}"
    assert bench.medium.state().trouble == ""
    raw = bench.path.read_bytes()
    assert (b"Amina" in raw) == (not key_of(bench.home))


def test_it_is_written_before_the_caller_is_told_when_a_sale_is_committed(bench: Bench) -> None:
    for number in range(5):
        bench.sell(f"s{number}", number)
        last, _ = last_of(bench.path, bench.cover())
        assert last is not None
        assert (last.sequence, digest(last)) == (bench.pen.head.sequence, bench.pen.head.digest)


def test_it_never_holds_what_the_ledger_does_not_when_the_program_ends_before_the_commit(
    bench: Bench,
) -> None:
    """Or the next start would take the ledger for an old one."""
    marks.arm(die_at("pen.before_commit"))
    with pytest.raises(DiedError):
        bench.sell("one")
    marks.arm(None)
    last, _ = last_of(bench.path, bench.cover())
    assert last is not None
    assert last.sequence == bench.pen.head.sequence == 1
    bench.sell("two", 2)
    assert bench.is_whole()


def test_it_is_synced_to_its_end_before_the_caller_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.fstat(file).st_size))
    for number in range(3):
        bench.sell(f"s{number}", number)
        assert synced[-1] == bench.path.stat().st_size
    assert len(set(synced)) == 3


def test_sales_go_on_and_it_catches_up_when_it_was_away(bench: Bench) -> None:
    bench.sell("one")
    bench.unplug()
    bench.sell("two", 2)
    assert "is missing" in bench.medium.state().trouble
    bench.pen.append([Draft.of(delivered("one"))])
    bench.plug()
    bench.pen.rest()
    assert bench.medium.state().trouble == ""
    assert bench.is_whole()
    bench.unplug()
    bench.sell("three", 3)
    bench.plug()
    bench.sell("four", 4)
    assert bench.is_whole()


def test_nothing_is_written_into_an_empty_mount_point_when_the_stick_is_away(
    bench: Bench,
) -> None:
    bench.sell("one")
    bench.unplug()
    bench.folder.mkdir()
    bench.sell("two", 2)
    assert "not the second medium of this home" in bench.medium.state().trouble
    assert list(bench.folder.iterdir()) == []
    (bench.folder / MARK).write_text("of another home")
    bench.sell("three", 3)
    assert [path.name for path in bench.folder.iterdir()] == [MARK]
    mark_medium(bench.home, bench.folder)
    bench.pen.rest()
    assert bench.is_whole()


@pytest.mark.parametrize("cut", [1, 5, 40, 200])
def test_the_next_commit_takes_its_place_when_a_record_was_cut_off(bench: Bench, cut: int) -> None:
    bench.sell("one")
    bench.sell("two", 2)
    bench.pen.close()
    with bench.path.open("rb+") as file:
        file.truncate(bench.path.stat().st_size - cut)
    bench.pen = bench.open()
    assert bench.is_whole()


def test_nothing_is_left_behind_the_last_record_when_a_longer_one_was_cut_off(
    bench: Bench,
) -> None:
    before = bench.path.stat().st_size
    bench.pen.append([Draft.of(RECEIVED, CONTENT)])
    bench.pen.close()
    whole = bench.path.read_bytes()
    bench.path.write_bytes(whole + whole[before:-1])
    bench.pen = bench.open()
    bench.sell("one")
    _, end = last_of(bench.path, bench.cover())
    assert end == bench.path.stat().st_size
    assert bench.is_whole()


def test_another_past_is_not_written_on_when_the_ledger_caught_up_with_its_number(
    bench: Bench,
) -> None:
    """Put back to an old state, the ledger sold as much as it had lost while the medium was
    away: the numbers fit, the chain does not."""
    bench.sell("one")
    bench.pen.close()
    old = (bench.home / "ledger.db").read_bytes()
    bench.pen = bench.open()
    bench.sell("two", 2)
    bench.pen.close()
    (bench.home / "ledger.db").write_bytes(old)
    before = bench.path.read_bytes()
    bench.unplug()
    bench.pen = bench.open()
    bench.sell("other", 3)
    bench.plug()
    bench.sell("next", 4)
    assert bench.path.read_bytes() == before
    assert bench.medium.state().ahead == 3
    reader = open_reader(bench.home)
    fault = compare_medium(reader, bench.path, bench.cover())
    reader.close()
    assert fault == (3, "Entry 3: the second medium holds another one.")


def test_it_is_left_alone_when_it_holds_what_this_ledger_does_not(
    bench: Bench, tmp_path: Path
) -> None:
    """The disk was put back to an old state: the medium knows what was cut off."""
    bench.sell("one")
    bench.pen.close()
    old = tmp_path / "old"
    shutil.copytree(bench.home, old)
    bench.pen = bench.open()
    bench.sell("two", 2)
    bench.pen.close()
    shutil.copyfile(old / "ledger.db", bench.home / "ledger.db")
    before = bench.path.read_bytes()
    reader = open_reader(bench.home)
    fault = compare_medium(reader, bench.path, bench.cover())
    reader.close()
    assert fault == (3, "Entry 3: is missing: the second medium holds 3.")
    bench.pen = bench.open()
    told = bench.medium.state().trouble
    assert told.startswith(f"{bench.home}: this home was rolled back to an old state")
    assert told.endswith(f"use `kiosk restore --second-medium {bench.folder}`.")
    bench.sell("other", 3)
    assert bench.path.read_bytes() == before


def test_the_damaged_place_is_named_when_a_byte_in_the_middle_was_changed(bench: Bench) -> None:
    fill(bench.pen, 5)
    content = bytearray(bench.path.read_bytes())
    content[len(content) // 2] ^= 1
    bench.path.write_bytes(content)
    with pytest.raises(StoreFault, match="is damaged"):
        list(read_kept(bench.path, bench.cover()))


@pytest.mark.parametrize(
    ("cover", "sentence"),
    [
        (lambda: Cover(b"x" * 32, ORIGIN, PURPOSE), "another key"),
        (lambda: Cover(b"", "r2", PURPOSE), "not of r2"),
        (lambda: Cover(b"", ORIGIN, "archive"), "not of r1"),
    ],
)
def test_a_file_of_somebody_else_is_refused_when_it_is_read(
    bench: Bench, cover: Callable[[], Cover], sentence: str
) -> None:
    with pytest.raises(StoreFault, match=sentence):
        list(read_kept(bench.path, cover()))
    (bench.folder / "nothing").write_bytes(b"PHM")
    with pytest.raises(StoreFault, match="no file of entries"):
        list(read_kept(bench.folder / "nothing", bench.cover()))


def test_a_refused_fact_leaves_no_trace_on_it_when_others_share_the_commit(bench: Bench) -> None:
    for refused in ([delivered("nobody")], [sale("never"), delivered("nobody")]):
        assert not isinstance(bench.pen.append([Draft.of(fact) for fact in refused]), list)
    bench.pen.append([Draft.of(RECEIVED, CONTENT)])
    assert bench.is_whole()
