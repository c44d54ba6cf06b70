"""A lost or damaged ledger comes back from any combination of its copies, or says why not."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.domain.store_facts import LedgerRestoredByTwo
from kiosk.errors import BadInput, HomeFault, LedgerDamaged, StoreFault
from kiosk.front.home import LedgerGone
from kiosk.front.restoring import Restored, Wanted, restore
from kiosk.front.utility import REHEARSAL_PIN
from kiosk.ledger import backup as backups
from kiosk.ledger.connection import connect, key_of
from kiosk.till import copies, staff
from kiosk.till.history import search
from kiosk.till.recover import recover
from kiosk.till.tokens import SecondPerson
from tests.front.keeper import Keeper
from tests.ledger.thief import unguarded
from tests.till.hall import KEYPAD, code, sell_to

SOURCES = ("backup", "second_medium", "upstream")
COMBINATIONS = [chosen for size in (1, 2, 3) for chosen in itertools.combinations(SOURCES, size)]


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    """Two sales, a backup, two more that the centre has, and one that only the medium has."""
    keeper = Keeper(tmp_path_factory.mktemp("traded"))
    try:
        keeper.start_centre()
        keeper.sell(2)
        keeper.back_up()
        keeper.sell(2, sync=True)
        keeper.sell(1)
        shutil.copyfile(keeper.home / "keys" / "sealed.keys", keeper.place / "sealed.keys")
        shutil.copytree(keeper.home, keeper.place / "as it was")
        yield keeper
    finally:
        keeper.close()


def plugged(keeper: Keeper, *, there: bool) -> None:
    """What lies there is asked although nobody names it."""
    away = keeper.place / "unplugged"
    if there and away.exists():
        away.rename(keeper.medium)
    elif not there and keeper.medium.exists():
        keeper.medium.rename(away)


def restored(keeper: Keeper, chosen: tuple[str, ...], **more: object) -> Restored:
    plugged(keeper, there="second_medium" in chosen)
    wanted = Wanted(
        backup=keeper.place / "one.backup" if "backup" in chosen else None,
        second_medium=keeper.medium if "second_medium" in chosen else None,
        upstream="upstream" in chosen,
        without_medium="second_medium" not in chosen,
        **more,  # type: ignore[arg-type]
    )
    return restore(keeper.home, keeper.settings, wanted, keeper.now, agree=both)


def both(_lost: str) -> tuple[SecondPerson, SecondPerson]:
    """A supervisor and another."""
    return SecondPerson("301", REHEARSAL_PIN), SecondPerson("302", REHEARSAL_PIN)


@pytest.fixture
def keeper(traded: Keeper, tmp_path: Path) -> Iterator[Keeper]:
    """The disk as it was, for a test to destroy; the medium is put back as it was afterwards."""
    traded.use_credentials()
    shutil.rmtree(traded.home, ignore_errors=True)
    shutil.copytree(traded.place / "as it was", traded.home)
    medium = tmp_path / "medium"
    shutil.copytree(traded.medium, medium)
    yield traded
    for left in (traded.medium, traded.place / "unplugged"):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(medium, traded.medium)


def drill(keeper: Keeper, chosen: tuple[str, ...]) -> None:
    whole = keeper.proof()
    damage(keeper)
    done = restored(keeper, chosen, alone_is_enough=True)
    sales = 2 if chosen == ("backup",) else 5 if "second_medium" in chosen else 4
    assert done.sales == sales
    after = keeper.proof()
    assert (after.sales, after.entries) == (sales, done.upto + 1)
    if "second_medium" in chosen:
        assert done.upto == whole.entries
    names = [name.replace("_", " ") for name in chosen]
    assert [each.source for each in done.given] == [*names, "ledger"]
    assert done.given[-1].trouble, "nothing of it could be read"
    assert Path(done.damaged, "ledger.db").is_file()


def acknowledged(keeper: Keeper) -> int:
    house = keeper.open()
    try:
        return house.desk.journal.acknowledged()
    finally:
        house.close()


def damage(keeper: Keeper) -> None:
    path = keeper.home / "ledger.db"
    path.write_bytes(path.read_bytes()[:4096] + bytes(range(256)) * 64)


def test_every_sale_is_back_when_the_ledger_was_overwritten(keeper: Keeper) -> None:
    signed = acknowledged(keeper)
    drill(keeper, SOURCES)
    assert acknowledged(keeper) == signed > 0, "what the centre has signed is kept"


@pytest.mark.proof
@pytest.mark.parametrize("chosen", COMBINATIONS, ids="+".join)
def test_totals_and_chain_are_whole_again_from_each_combination(
    keeper: Keeper, chosen: tuple[str, ...]
) -> None:
    drill(keeper, chosen)


def test_selling_goes_on_under_the_same_number_when_the_disk_was_lost(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    try:
        keeper.start_centre()
        keeper.sell(2, sync=True)
        keeper.sell(1)
        keeper.lose_disk()
        assert restored(keeper, ("second_medium",)).sales == 3
        keeper.sell(1, sync=True)
        assert keeper.proof().sales == 4
    finally:
        keeper.close()


def test_the_centre_alone_is_enough_when_a_copy_of_the_sealed_keys_was_kept(
    keeper: Keeper,
) -> None:
    companions = {name: (keeper.home / name).read_bytes() for name in ("home.json", "centre.json")}
    keeper.lose_disk()
    with pytest.raises(HomeFault, match=r"home\.json is missing"):
        restored(keeper, ("upstream",), keys=keeper.place / "sealed.keys")
    assert not (keeper.home / "home.json").exists()
    number = msgspec.json.decode(companions["home.json"])["origin"]
    done = restored(keeper, ("upstream",), keys=keeper.place / "sealed.keys", terminal=number)
    assert (done.sales, done.given[0].first) == (4, 1)
    again = {name: (keeper.home / name).read_bytes() for name in companions}
    assert again == companions


def test_a_start_does_not_take_a_half_restored_home_for_a_new_one(keeper: Keeper) -> None:
    companions = {name: (keeper.home / name).read_bytes() for name in ("home.json", "centre.json")}
    keeper.lose_disk()
    keeper.home.mkdir()
    for name, content in companions.items():
        (keeper.home / name).write_bytes(content)
    backup = keeper.place / "one.backup"
    content = backup.read_bytes()
    backup.write_bytes(content[:-9])
    with pytest.raises(BadInput, match="is damaged"):
        restored(keeper, ("backup",), keys=keeper.place / "sealed.keys")
    backup.write_bytes(content)
    with pytest.raises(LedgerGone):
        keeper.open()
    done = restored(keeper, ("upstream",), keys=keeper.place / "sealed.keys")
    assert (done.sales, done.given[0].first) == (4, 1)


def test_a_new_disk_comes_back_from_the_centre_when_only_the_keys_were_kept(
    keeper: Keeper,
) -> None:
    house = keeper.open()
    origin = house.home.origin
    house.close()
    keeper.lose_disk()
    site = msgspec.structs.replace(keeper.settings.site, terminal=origin)
    settings = msgspec.structs.replace(keeper.settings, site=site)
    wanted = Wanted(upstream=True, keys=keeper.place / "sealed.keys")
    plugged(keeper, there=False)  # it holds more than the centre
    with pytest.raises(BadInput, match="plug it in, or say --without-second-medium"):
        restore(keeper.home, settings, wanted, keeper.now)
    wanted = msgspec.structs.replace(wanted, without_medium=True)
    done = restore(keeper.home, settings, wanted, keeper.now)
    assert (done.origin, done.sales) == (origin, 4)
    assert keeper.proof().sales == 4


def test_nothing_is_put_in_force_when_only_an_old_backup_is_there(keeper: Keeper) -> None:
    damage(keeper)
    before = (keeper.home / "ledger.db").read_bytes()
    with pytest.raises(BadInput, match="The centre may hold more"):
        restored(keeper, ("backup",))
    assert (keeper.home / "ledger.db").read_bytes() == before
    assert not (keeper.home / "restoring").exists()


def test_the_sources_are_told_apart_when_one_of_them_is_damaged(keeper: Keeper) -> None:
    damage(keeper)
    entries = next(keeper.medium.glob("*.entries"))
    content = bytearray(entries.read_bytes())
    content[len(content) // 2] ^= 1
    entries.write_bytes(content)
    done = restored(keeper, ("second_medium", "upstream"))
    by_name = {each.source: each for each in done.given}
    assert "is damaged" in by_name["second medium"].trouble
    assert by_name["upstream"].entries > 0
    assert done.sales == 4


def test_nothing_is_built_when_two_sources_tell_different_stories(
    keeper: Keeper, tmp_path: Path
) -> None:
    """The disk was copied and both copies sold."""
    twin = tmp_path / "twin"
    shutil.copytree(keeper.home, twin)
    keeper.medium.rename(tmp_path / "away")
    keeper.sell(2, twin)
    backup = tmp_path / "twin.backup"
    house = keeper.open(twin)
    copies.backup(house.desk, backup)
    house.close()
    (tmp_path / "away").rename(keeper.medium)
    keeper.sell(1)
    wanted = Wanted(backup, keeper.medium)
    with pytest.raises(LedgerDamaged, match="another one than the sources before it"):
        restore(keeper.home, keeper.settings, wanted, keeper.now)


def test_a_backup_is_refused_when_one_bit_of_it_was_changed(keeper: Keeper, tmp_path: Path) -> None:
    content = bytearray((keeper.place / "one.backup").read_bytes())
    content[-5000] ^= 1
    (tmp_path / "bad.backup").write_bytes(content)
    wanted = Wanted(tmp_path / "bad.backup", alone_is_enough=True)
    with pytest.raises(BadInput, match="the backup is damaged"):
        restore(keeper.home, keeper.settings, wanted, keeper.now)
    (tmp_path / "none.backup").write_bytes(b"PHK")
    with pytest.raises(BadInput, match="this is not a backup"):
        restore(keeper.home, keeper.settings, Wanted(tmp_path / "none.backup"), keeper.now)


def test_a_backup_of_another_terminal_is_refused_by_name(keeper: Keeper, tmp_path: Path) -> None:
    head = backups.read_head_of(keeper.place / "one.backup")
    packed = msgspec.msgpack.encode(msgspec.structs.replace(head, origin="T9"))
    foreign = tmp_path / "foreign.backup"
    foreign.write_bytes(backups.MAGIC + len(packed).to_bytes(4, "big") + packed)
    wanted = Wanted(backup=foreign)
    with pytest.raises(BadInput, match="is a backup of T9, not of"):
        restore(keeper.home, keeper.settings, wanted, keeper.now)


def test_a_backup_writes_nothing_outside_of_the_home_whatever_names_are_in_it(
    keeper: Keeper, tmp_path: Path
) -> None:
    head = backups.read_head_of(keeper.place / "one.backup")
    names = ["keys/../../outside", "keys/plain.next", "keys/../kiosk.toml"]
    evil = msgspec.structs.replace(head, files={**head.files, **dict.fromkeys(names, b"mine")})
    packed = msgspec.msgpack.encode(evil)
    stick = tmp_path / "stick.backup"
    stick.write_bytes(backups.MAGIC + len(packed).to_bytes(4, "big") + packed)
    with pytest.raises(BadInput, match="the backup is damaged"):
        restore(keeper.home, keeper.settings, Wanted(stick), keeper.now)
    assert not [name for name in names if (keeper.home / name).exists()]
    stick.unlink()
    os.mkfifo(stick)
    with pytest.raises(BadInput, match="this is not a backup"):
        restore(keeper.home, keeper.settings, Wanted(stick), keeper.now)


def last_entry(keeper: Keeper) -> int:
    house = keeper.open()
    try:
        return house.desk.journal.head().sequence
    finally:
        house.close()


def test_what_stands_in_the_readable_ledger_alone_is_kept_when_an_old_copy_is_restored(
    keeper: Keeper,
) -> None:
    before = last_entry(keeper)
    done = restored(keeper, ("backup",), alone_is_enough=True)
    assert (done.sales, done.upto) == (5, before)
    assert done.given[-1].source == "ledger"
    assert done.given[-1].entries > 0


def test_it_is_given_up_when_two_persons_say_so(keeper: Keeper) -> None:
    assert restored(keeper, ("backup",), alone_is_enough=True, without_ledger=True).sales == 2
    house = keeper.open()
    try:
        noted = house.desk.records.last_of("ledger_restored")
        assert isinstance(noted, LedgerRestoredByTwo)
        assert (noted.operator, noted.second) == ("301", "302")
    finally:
        house.close()


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (None, None, "Two persons must agree"),
        (("301", REHEARSAL_PIN), ("301", REHEARSAL_PIN), "somebody else"),
        (("301", REHEARSAL_PIN), ("302", "9999"), "cannot agree"),
        (("999", REHEARSAL_PIN), ("302", REHEARSAL_PIN), "cannot agree"),
        (("101", REHEARSAL_PIN), ("302", REHEARSAL_PIN), "cannot agree"),
        (("301", REHEARSAL_PIN), ("201", REHEARSAL_PIN), "cannot agree"),
    ],
    ids=["nobody", "twice the same", "wrong PIN", "unknown", "a cashier", "no supervisor"],
)
def test_nothing_is_given_up_when_two_persons_do_not_agree(
    keeper: Keeper, first: tuple[str, str] | None, second: tuple[str, str] | None, why: str
) -> None:
    before = last_entry(keeper)
    plugged(keeper, there=False)
    wanted = Wanted(
        backup=keeper.place / "one.backup", alone_is_enough=True, without_ledger=True,
        without_medium=True,
    )  # fmt: skip
    agree = None
    if first and second:
        persons = SecondPerson(*first), SecondPerson(*second)
        agree = lambda _lost: persons  # noqa: E731
    with pytest.raises(BadInput, match=why):
        restore(keeper.home, keeper.settings, wanted, keeper.now, agree=agree)
    assert last_entry(keeper) == before


def test_who_has_left_since_an_old_copy_does_not_agree_to_put_it_back(keeper: Keeper) -> None:
    house = keeper.open()
    try:
        assert staff.retire(house.desk, "302", "left") is None
    finally:
        house.close()
    with pytest.raises(BadInput, match="'302' cannot agree"):
        restored(keeper, ("backup",), alone_is_enough=True, without_ledger=True)


def test_one_person_is_enough_when_the_other_copies_have_everything(keeper: Keeper) -> None:
    plugged(keeper, there=True)
    wanted = Wanted(second_medium=keeper.medium, without_ledger=True)
    assert restore(keeper.home, keeper.settings, wanted, keeper.now).sales == 5


def test_nothing_is_restored_over_a_fork_when_this_ledger_is_the_copy(tmp_path: Path) -> None:
    """The centre has other entries under our numbers: only `rejoin` keeps both."""
    keeper = Keeper(tmp_path, medium=False)
    try:
        keeper.start_centre()
        keeper.sell(1, sync=True)
        twin = tmp_path / "twin"
        shutil.copytree(keeper.home, twin)
        keeper.sell(1, sync=True)
        keeper.sell(2, twin)
        before = (twin / "ledger.db").read_bytes()
        with pytest.raises(LedgerDamaged, match="rejoin"):
            restore(twin, keeper.settings, Wanted(upstream=True), keeper.now)
        assert (twin / "ledger.db").read_bytes() == before
        assert keeper.proof(twin).sales == 3
    finally:
        keeper.close()


def test_an_entry_that_was_changed_here_is_taken_from_elsewhere(keeper: Keeper) -> None:
    tamper(keeper, "UPDATE entries SET time_ms = time_ms + 1 WHERE sequence = 9")
    assert restored(keeper, ("upstream",)).sales == 5


def test_a_changed_entry_is_not_taken_when_nobody_else_has_it(keeper: Keeper) -> None:
    last = last_entry(keeper)
    tamper(keeper, f"UPDATE entries SET time_ms = time_ms + 1 WHERE sequence = {last}")
    done = restored(keeper, ("upstream",))
    assert (done.upto, done.given[-1].trouble) == (
        last - 1, f"Entry {last}: is not as it was written.",
    )  # fmt: skip


def test_later_entries_are_not_forgotten_when_one_before_them_is_in_no_source(
    keeper: Keeper,
) -> None:
    last = last_entry(keeper)
    tamper(keeper, f"DELETE FROM entries WHERE sequence = {last - 1}")
    with pytest.raises(LedgerDamaged, match=f"Entry {last - 1}: is in no source"):
        restored(keeper, ("upstream",))


def tamper(keeper: Keeper, sql: str) -> None:
    """Somebody with the key of the store changes what was written."""
    path = keeper.home / "ledger.db"
    with contextlib.closing(connect(path, key_of(keeper.home))) as connection:
        unguarded(connection, "entries_no_%")
        connection.execute(sql)


def test_a_home_never_starts_empty_when_its_ledger_is_gone(keeper: Keeper) -> None:
    (keeper.home / "ledger.db").unlink()
    with pytest.raises(LedgerGone, match="restore it"):
        keeper.open()


def test_only_enquiries_go_on_when_the_ledger_is_damaged(keeper: Keeper) -> None:
    house = keeper.open(damage="The last page is damaged.")
    try:
        desk = house.desk
        assert code(sell_to(desk, KEYPAD, 5000)) == "read_only"
        assert code(recover(desk)) == "read_only"
        found = search(desk, KEYPAD)
        assert isinstance(found, list)
        assert found
        before = desk.journal.head()
        assert [each.kind for each in copies.sources(desk)] == ["second_medium", "upstream"]
        assert desk.journal.head() == before
    finally:
        house.close()
    damage(keeper)
    with pytest.raises(StoreFault):
        keeper.open()
    house = keeper.open(damage="The ledger cannot be read.")
    try:
        house.desk.role = ""
        done = copies.rescue(house.desk)
        assert not hasattr(done, "code"), done
        assert (done.trouble, done.upto > 0) == ("", True)
    finally:
        house.close()
    assert keeper.proof().sales == 5
