"""Customers and meters as a file: every bad row named, nothing twice, on from where it stopped."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from kiosk import marks
from kiosk.errors import BadInput, Refusal
from kiosk.till import amend, maintain, registry_file
from kiosk.till.desk import Desk
from kiosk.till.registry_export import export_file
from kiosk.till.registry_file import COLUMNS, Report, check_file, import_file
from tests.till.hall import CATALOGUE, DiedError, Hall, code, die_at
from tests.till.test_opening_accounts import card_number, number

Rows = list[dict[str, str]]


def quiet(_rows: int, _total: int = 0) -> None:
    """Nobody watches."""


def write(path: Path, rows: Rows, columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def customers(count: int) -> Rows:
    """Every third alone, the others with a keypad or a card meter."""
    rows: Rows = []
    for n in range(1, count + 1):
        row = {"account": f"{70_000_000 + n}", "name": f"Customer {n}", "address": f"{n} Hill"}
        if n % 3:
            by_card = n % 3 == 1
            row |= {"meter": number(n), "meter_kind": "card" if by_card else "keypad",
                    "power_type": "home", "phases": "1", "seals": "S1 S2",
                    "card": card_number(n) if by_card else "",
                    "card_serial": f"{n:016x}" if by_card else ""}  # fmt: skip
        rows.append(row)
    return rows


def report(outcome: Report | Refusal) -> Report:
    assert isinstance(outcome, Report), outcome
    return outcome


def counts(found: Report) -> tuple[int, int, int, int, int]:
    return found.rows, found.customers, found.meters, found.known, len(found.bad)


def test_everything_is_there_when_a_file_was_brought_in(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", customers(250))
    before = desk.records.counts()
    told: list[tuple[int, int]] = []
    found = import_file(desk, path, lambda rows, total: told.append((rows, total)))
    assert counts(report(found)) == (250, 250, 167, 0, 0)
    assert told == [(250, 250)]
    after = desk.records.counts()
    assert (after["customers"], after["meters"], after["cards"]) == (
        before["customers"] + 250, before["meters"] + 167, before["cards"] + 84
    )  # fmt: skip
    assert [c.account for c in desk.records.search_customers("customer 249", 5)] == ["70000249"]
    assert maintain.verify(desk).first_bad == 0


def test_nothing_is_written_twice_when_a_file_comes_again(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", customers(30))
    import_file(desk, path, quiet)
    amend.amend_customer(desk, "70000001", "phone", "0799", "new phone")
    head = desk.journal.head()
    assert counts(report(import_file(desk, path, quiet))) == (30, 0, 0, 30, 0)
    assert desk.journal.head() == head, "an amendment since then is no difference"


def test_a_dry_run_counts_and_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", customers(30))
    head = desk.journal.head()
    assert counts(report(check_file(desk, path, quiet))) == (30, 30, 20, 0, 0)
    assert desk.journal.head() == head


KNOWN = CATALOGUE.customers[0]
GOOD = {"account": "70000001", "name": "Lea", "meter": number(1), "power_type": "home"}
CARD = GOOD | {"meter_kind": "card", "card": card_number(1), "card_serial": "ff"}

BAD: list[tuple[dict[str, str], str, str]] = [
    (GOOD | {"name": ""}, "name", "field_missing"),
    (GOOD | {"account": ""}, "account", "field_missing"),
    (GOOD | {"name": "X"}, "name", "field_too_short"),
    (GOOD | {"account": "7 7"}, "account", "bad_account_number"),
    (GOOD | {"phone": "0" * 30}, "phone", "field_too_long"),
    (GOOD | {"account": KNOWN.account}, "account", "account_exists"),
    (GOOD | {"meter": "123"}, "meter", "bad_meter_number"),
    (GOOD | {"meter": CATALOGUE.meters[0].number}, "meter", "meter_exists"),
    (GOOD | {"meter_kind": "steam"}, "meter_kind", "unknown_meter_kind"),
    (GOOD | {"power_type": "gold"}, "power_type", "unknown_power_type"),
    (GOOD | {"phases": "two"}, "phases", "not_a_number"),
    (GOOD | {"phases": "2"}, "phases", "bad_phases"),
    (GOOD | {"capacity_w": "99999999999"}, "capacity_w", "bad_capacity"),
    (GOOD | {"supply_group": "999999"}, "supply_group", "unknown_supply_group"),
    (GOOD | {"tariff_index": "100"}, "tariff_index", "bad_tariff_index"),
    (GOOD | {"installed_on": "yesterday"}, "installed_on", "bad_date"),
    (GOOD | {"shares": "home:50"}, "shares", "shares_wrong"),
    (GOOD | {"shares": "home=50"}, "shares", "shares_wrong"),
    (CARD | {"card_serial": ""}, "card_serial", "field_missing"),
    (CARD | {"card": "1"}, "card", "bad_card_number"),
    (CARD | {"card": CATALOGUE.cards[0].number}, "card", "card_exists"),
]


@pytest.mark.parametrize(("row", "column", "refused"), BAD, ids=[f"{b[1]}-{b[2]}" for b in BAD])
def test_a_bad_row_is_named_with_line_column_and_reason(
    desk: Desk, tmp_path: Path, row: dict[str, str], column: str, refused: str
) -> None:
    good = {"account": "70000009", "name": "Good"}
    path = write(tmp_path / "in.csv", [good, row])
    for judge in (check_file, import_file):
        (bad,) = report(judge(desk, path, quiet)).bad
        assert (bad.line, bad.column, bad.refusal.code) == (3, column, refused)
    assert desk.records.customer("70000009") is not None, "the good row was taken"


def test_the_second_of_two_rows_is_bad_when_they_contradict_each_other(
    desk: Desk, tmp_path: Path
) -> None:
    rows = [
        GOOD, GOOD | {"name": "Another", "meter": number(2)},
        {"account": "70000002", "name": "Max", "meter": number(1), "power_type": "home"},
        GOOD | {"meter": number(3)},
    ]  # fmt: skip
    found = report(import_file(desk, write(tmp_path / "in.csv", rows), quiet))
    assert [bad.refusal.code for bad in found.bad] == ["customer_differs", "twice_in_file"]
    assert [m.number for m in desk.records.meters_of("70000001")] == [number(1), number(3)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "missing account"),
        (b"account,name,colour\n1,2,3\n", "unknown colour"),
        (b"name\nLea\n", "missing account"),
        (b"account,name,name\n1,2,3\n", "stands twice"),
        (b"account,name\n\xff\xfe,x\n", "not UTF-8"),
        (b'account,name\n"1,x\n', "not CSV"),
    ],
)
def test_a_file_is_refused_in_one_sentence_when_it_is_none(
    desk: Desk, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=sentence):
        import_file(desk, path, quiet)


def test_there_is_no_file(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        import_file(desk, tmp_path / "none.csv", quiet)


def test_a_row_is_bad_when_it_has_too_many_or_too_few_cells(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("account,name,phone\n70000001,Lea\n70000002,Max,07,x\n70000003,Ida,07\n")
    found = report(import_file(desk, path, quiet))
    assert [(bad.line, bad.refusal.code) for bad in found.bad] == [
        (2, "wrong_cell_count"), (3, "wrong_cell_count"),
    ]  # fmt: skip
    assert found.customers == 1


def test_what_is_exported_can_be_brought_into_another_hall(
    hall: Hall, desk: Desk, tmp_path: Path, template: Path
) -> None:
    import_file(desk, write(tmp_path / "in.csv", customers(20)), quiet)
    path = tmp_path / "out.csv"
    rows = export_file(desk, path, quiet)
    assert not isinstance(rows, Refusal)
    assert rows == len(path.read_text().splitlines()) - 1
    again = report(import_file(desk, path, quiet))
    assert counts(again) == (rows, 0, 0, rows, 0)
    other = Hall(tmp_path / "other", template)
    try:
        there = report(import_file(other.station(), path, quiet))
        assert (there.customers, there.meters) == (20, 14)
    finally:
        other.close()
    assert hall.path != other.path


def test_files_are_for_supervisors(hall: Hall, tmp_path: Path) -> None:
    desk = hall.station(role="cashier")
    path = write(tmp_path / "in.csv", customers(1))
    for outcome in (import_file(desk, path, quiet), check_file(desk, path, quiet),
                    export_file(desk, tmp_path / "out.csv", quiet)):  # fmt: skip
        assert code(outcome) == "no_right"


# --- killed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["pen.before_commit", "pen.after_commit"])
def test_an_import_goes_on_where_it_was_killed(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    monkeypatch.setattr(registry_file, "BATCH", 10)
    path = write(tmp_path / "in.csv", customers(120))
    kills = 0
    for _ in range(4):
        desk = hall.station()
        marks.arm(die_at(mark, chance.randint(1, 4)))
        try:
            import_file(desk, path, quiet)
        except DiedError:
            kills += 1
        marks.arm(None)
        hall.leave(desk)
    assert kills
    desk = hall.station()
    import_file(desk, path, quiet)
    found = report(import_file(desk, path, quiet))
    assert counts(found) == (120, 0, 0, 120, 0)
    assert desk.records.counts()["customers"] == len(CATALOGUE.customers) + 120
    assert maintain.verify(desk).first_bad == 0


def test_a_counter_sells_while_a_file_comes_in(
    hall: Hall, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from tests.till.hall import KEYPAD, sell_to, sold

    monkeypatch.setattr(registry_file, "BATCH", 20)
    path = write(tmp_path / "in.csv", customers(300))
    office = hall.station()
    found: list[Report | Refusal] = []
    worker = threading.Thread(target=lambda: found.append(import_file(office, path, quiet)))
    worker.start()
    made = 0
    while worker.is_alive() or not made:
        sold(sell_to(desk, KEYPAD, 2000))
        made += 1
        hall.clock.advance(minutes=1)
    worker.join()
    assert counts(report(found[0]))[1:3] == (300, 200)
    assert maintain.verify(desk).first_bad == 0
