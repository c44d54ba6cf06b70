"""The outsider's checker (docs/check_export.py) on real exports, and on exports that lie."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from kiosk.domain import chart, facts
from kiosk.domain.entry import Entry, digest
from sync import wire
from sync.roads.file import write_bundles
from tests.sync import customers_money
from tests.sync.sync_terminal import (
    METER,
    Terminal,
    committed,
    delivered,
    set_delivered,
    with_free,
)

ROOT = Path(__file__).parents[2]
CHECKER = ROOT / "docs" / "check_export.py"


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    """The checker, loaded as the one file it is."""
    spec = importlib.util.spec_from_file_location("check_export", CHECKER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Judge = Callable[[list[Entry]], tuple[int, str]]


@pytest.fixture
def judge(checker: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Exit code and words of the checker about these entries, as a file of two bundles."""

    def of(entries: list[Entry]) -> tuple[int, str]:
        middle = len(entries) // 2
        parts = [part for part in (entries[:middle], entries[middle:]) if part]
        path = tmp_path / "journal.bundles"
        write_bundles(path, [wire.Bundle(part[0].origin, part) for part in parts])
        code = checker.main(str(path))
        said = capsys.readouterr()
        return code, said.out + said.err

    return of


def kiosk(home: Path, *words: str) -> str:
    command = [sys.executable, "-m", "kiosk", "--home", str(home), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_a_real_export_is_as_it_was_written_when_a_stranger_checks_it(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "all.bundles"
    customers = json.loads(kiosk(home, "customers", "--json"))
    token = next(c["meter"] for c in customers if c["meter_kind"] == "keypad" and not c["blocked"])
    card = next(c["card"] for c in customers if c["card"] and not c["blocked"])
    sales = [
        json.loads(kiosk(home, "sell", "--meter", token, "--amount", "20", "--json")),
        json.loads(kiosk(home, "sell", "--card", card, "--amount", "50", "--json")),
    ]
    kiosk(home, "export", "--all", str(file))
    done = subprocess.run(
        [sys.executable, "-I", str(CHECKER), str(file)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 sales: {'delivered': 2}" in done.stdout
    assert "delivered: 7000 ZAR, minor units" in done.stdout
    assert f"energy_issued WH -{sum(sold['energy_wh'] for sold in sales)}" in done.stdout
    head = json.loads(kiosk(home, "verify", "--json"))["head"]
    assert f"the last with digest {head}" in done.stdout


def note(number: int, amount_minor: int, payment: str = "c") -> facts.NoteOffered:
    return facts.NoteOffered(payment, number, "s1", METER, "acceptor", number, amount_minor, "CNY")


def test_every_kind_of_fact_adds_up_when_a_whole_day_is_checked(
    terminal: Terminal, judge: Judge
) -> None:
    terminal.write(
        facts.CatalogueReceived(1, "ab", "SC1", "cd", "CNY", 1, 1, 0, {"20000001": 1500}),
        facts.LaneGiven(3, 8, "SC1"),
        note(1, 2000), facts.NoteStacked("c", 1, 1),
        note(2, 5000), facts.NoteInDoubt("c", 2, "power"), facts.NoteStacked("c", 2, 2, True),
        note(3, 1000), facts.NoteReturned("c", 3, "returned"),
        facts.PaymentKept("c", METER, 7000, "CNY", "gave_up"),
        committed("d"), facts.SaleInDoubt("d", "silent", "module", "101"), delivered("d"),
        committed("e"), facts.SaleVoided("e", "no_key", chart.cash("101")),
        committed("f"),
        with_free(committed("g")), set_delivered("g"),
        facts.SlipPrinted("d", 1, "printed", "101"),
    )  # fmt: skip
    code, said = judge(terminal.entries)
    assert code == 0, said
    assert "6 sales: {'delivered': 4, 'paid': 1, 'voided': 1}" in said
    assert "free_energy WH -5000" in said
    assert "meter_account CNY -7000" in said
    assert "held_notes" not in said


def test_a_kind_that_nobody_knows_yet_is_passed_over_when_it_is_chained_and_signed(
    terminal: Terminal, judge: Judge
) -> None:
    terminal.write_raw("moon_phase", 1, msgspec.msgpack.encode({"phase": "full"}))
    terminal.write_raw("sale_voided", 2, msgspec.msgpack.encode({"sale": "?"}))
    assert judge(terminal.entries)[0] == 0


def replaced(entry: Entry, **changes: object) -> Entry:
    return msgspec.structs.replace(entry, **changes)


def body_changed(entries: list[Entry]) -> list[Entry]:
    body = entries[2].body.replace(b"delivered", b"delivereD").replace(b"normal", b"Normal")
    return [*entries[:2], replaced(entries[2], body=body), *entries[3:]]


def rewritten_without_the_key(entries: list[Entry]) -> list[Entry]:
    """Everything hashes again; only the signatures tell."""
    changed = replaced(entries[3], time_ms=0)
    after = replaced(entries[4], previous=digest(changed))
    return [*entries[:3], changed, after]


LIES: list[tuple[str, Callable[[list[Entry]], list[Entry]], str]] = [
    ("a body was changed", body_changed, "Entry 3 was not signed by its origin."),
    ("an entry was taken out", lambda e: e[:2] + e[3:], "Entry 3 is missing"),
    ("the beginning is missing", lambda e: e[1:], "Entry 1 is missing"),
    ("two changed places", lambda e: [*e[:2], replaced(e[3], sequence=3), e[4]],
     "Entry 3 does not follow the entry before it."),
    ("it was rewritten by somebody without the key", rewritten_without_the_key,
     "Entry 4 was not signed by its origin."),
    ("the last one was signed by nobody", lambda e: [*e[:4], replaced(e[4], signature=bytes(64))],
     "Entry 5 was not signed by its origin."),
]  # fmt: skip


@pytest.mark.parametrize(("lie", "said"), [row[1:] for row in LIES], ids=[row[0] for row in LIES])
def test_the_first_bad_entry_is_named_when_a_journal_was_tampered_with(
    terminal: Terminal, judge: Judge, lie: Callable[[list[Entry]], list[Entry]], said: str
) -> None:
    code, words = judge(lie(terminal.entries))
    assert code == 1
    assert words.startswith(said), words


sale = committed("z")
line, tender = sale.lines[0], sale.tenders[0]
replace = msgspec.structs.replace
FALSE_BOOKS: list[tuple[str, list[facts.Fact], str]] = [
    ("lines that give another sum", [replace(sale, lines=[line, line])], "whose lines do not sum"),
    ("tenders that give another sum", [replace(sale, tenders=[])], "whose tenders do not sum"),
    ("energy from nowhere", [replace(sale, energy_wh=sale.energy_wh + 100)], "its energy"),
    ("a sale twice", [sale, sale], "a second time"),
    ("a delivery of nothing", [delivered("nobody")], "which is not open"),
    ("a delivery twice", [sale, delivered("z"), delivered("z")], "which is not open"),
    ("notes that nobody put in",
     [replace(sale, tenders=[replace(tender, kind="notes")])], "notes that nobody put in"),
    ("a note from nowhere", [facts.NoteStacked("c", 1, 1)], "not offered"),
    ("more kept than was held",
     [note(1, 2000), facts.NoteStacked("c", 1, 1), facts.PaymentKept("c", METER, 9, "CNY", "")],
     "more or less than was held"),
    ("a part of a set", [with_free(sale), delivered("z")], "delivers another set"),
    ("a set of one identifier",
     [replace(with_free(sale), token=with_free(sale).requests()[1])], "do not follow each other"),
    ("a second opening", [facts.HomeOpened("T1", "real", "CNY", bytes(32))], "opening"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"), [row[1:] for row in FALSE_BOOKS], ids=[row[0] for row in FALSE_BOOKS]
)
def test_the_books_are_not_believed_when_a_terminal_signs_what_does_not_add_up(
    terminal: Terminal, judge: Judge, written: list[facts.Fact], said: str
) -> None:
    before = len(terminal.entries)
    terminal.write(*written)
    code, words = judge(terminal.entries)
    assert code == 1
    assert words.startswith(f"Entry {before + len(written)} "), words
    assert said in words


@pytest.mark.parametrize("cut", [1, 11, 12, 200, -1])
def test_the_checker_says_so_when_the_file_is_cut_off(
    terminal: Terminal, checker: ModuleType, tmp_path: Path, cut: int,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "cut"
    path.write_bytes(terminal.packed()[:cut])
    assert checker.main(str(path)) == 1
    assert capsys.readouterr().err.startswith("Entry 1 ")


def test_no_single_byte_can_be_changed_when_the_checker_looks(
    terminal: Terminal, checker: ModuleType, tmp_path: Path
) -> None:
    whole = terminal.packed()
    path = tmp_path / "flipped"
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        assert checker.main(str(path)) == 1, place


def test_the_checker_has_nothing_to_say_when_there_is_no_file(
    checker: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checker.main(str(tmp_path / "nowhere")) == 1
    assert "nowhere: No such file" in capsys.readouterr().err
    (tmp_path / "empty").touch()
    assert checker.main(str(tmp_path / "empty")) == 1
    assert "the file is empty" in capsys.readouterr().err


def test_the_checker_borrows_nothing_when_it_is_read() -> None:
    source = CHECKER.read_text()
    for ours in ("kiosk", "sync", "drivers", "msgspec"):
        assert f"import {ours}" not in source
        assert f"from {ours}" not in source


def test_customers_money_adds_up_when_a_stranger_checks_it(judge: Judge) -> None:
    terminal = Terminal()
    terminal.write(*customers_money.day())
    code, words = judge(terminal.entries)
    assert code == 0, words
    shown = dict(
        line.split()[::2] for line in words.splitlines() if line.startswith("  ") and "CNY" in line
    )
    assert {name: int(amount) for name, amount in shown.items()} == customers_money.BALANCES


def test_the_stranger_says_so_when_customers_money_does_not_add_up(judge: Judge) -> None:
    closed = customers_money.day()[-1]
    terminal = Terminal()
    terminal.write(replace(closed, paid_out_minor=1))
    code, words = judge(terminal.entries)
    assert code == 1
    assert "do not sum to zero" in words


def test_replaced_and_cancelled_meters_add_up_when_a_stranger_checks_them(
    terminal: Terminal, judge: Judge
) -> None:
    from tests.ledger.ledgers import registry_facts_of_a_day

    terminal.write(*registry_facts_of_a_day())
    code, said = judge(terminal.entries)
    assert code == 0, said
    assert "energy_in_transfer" not in said, "what was moved has arrived"
    assert "energy_taken_back WH +200" in said
    assert "rounding WH -55" in said
