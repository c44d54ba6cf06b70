"""How the store is kept: sealed, under another key, plain again, and smaller; never half of it."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk import marks
from kiosk.config import Settings, Store
from kiosk.errors import BadInput, HomeFault, LedgerDamaged, StoreFault
from kiosk.front import keeping, unlock
from kiosk.front.unlock import SEALED, SIGNING_KEY
from kiosk.ledger import keyring
from kiosk.ledger.archive import prove_archive
from kiosk.ledger.connection import key_of
from kiosk.ledger.entry_file import Cover
from kiosk.ledger.keyring import HomeKeys, seal, unseal
from tests.front.conftest import Kiosk
from tests.front.keeper import CREDENTIAL, Keeper, with_store

SECOND = "correct horse battery"


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    monkeypatch.setattr(keyring, "MEMORY_KIB", 64)
    unlock.forget()
    keeper = Keeper(tmp_path, lock="none")
    yield keeper
    keeper.close()
    unlock.forget()


def told(monkeypatch: pytest.MonkeyPatch, *passphrases: str) -> None:
    waiting = iter(passphrases)
    monkeypatch.setattr(unlock, "_passphrase", lambda: next(waiting).encode())
    unlock.forget()


def is_plain(keeper: Keeper) -> bool:
    return (keeper.home / "ledger.db").read_bytes().startswith(b"SQLite format 3")


# --- seals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", ["credential", "passphrase"])
def test_the_keys_come_back_when_the_right_secret_is_given_and_only_then(
    lock: keyring.Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "MEMORY_KIB", 64)
    keys, secret = HomeKeys(b"s" * 32, b"p" * 32, b"k" * 32), b"a secret that is long enough " * 2
    sealed = seal(keys, lock, secret)
    assert unseal(sealed, secret) == keys
    assert b"s" * 32 not in sealed
    assert "ssss" not in repr(keys)
    with pytest.raises(HomeFault, match="do not open"):
        unseal(sealed, secret + b"x")
    for place in range(0, len(sealed), 7):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(HomeFault):
            unseal(bytes(changed), secret)


@pytest.mark.parametrize(("lock", "secret"), [("credential", b"x" * 31), ("passphrase", b"x" * 11)])
def test_a_short_secret_is_refused_when_keys_are_sealed(lock: keyring.Lock, secret: bytes) -> None:
    with pytest.raises(HomeFault, match="at least"):
        seal(HomeKeys(b"", b""), lock, secret)


def test_a_file_that_asks_for_too_much_memory_is_refused_when_it_is_opened() -> None:
    sealed = json.loads(seal(HomeKeys(b"", b""), "credential", CREDENTIAL))
    sealed[3] = 2**30
    with pytest.raises(HomeFault, match="newer program"):
        unseal(json.dumps(sealed).encode(), CREDENTIAL)


# --- the whole store ------------------------------------------------------------------------------


def test_the_same_ledger_sells_on_when_it_is_encrypted_rekeyed_sealed_anew_and_plain_again(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, SECOND, SECOND, "another passphrase", "another passphrase")
    keeper.sell(1)
    keeping.change(keeper.home, keeper.settings, "encrypt", "credential")
    assert not is_plain(keeper)
    assert not (keeper.home / SIGNING_KEY).exists()
    keeper.sell(1)
    before = key_of(keeper.home)
    keeping.change(keeper.home, keeper.settings, "rekey", "passphrase")
    assert key_of(keeper.home) != before
    keeper.sell(1)
    now = key_of(keeper.home)
    keeping.change(keeper.home, keeper.settings, "seal", "passphrase")
    assert key_of(keeper.home) == now
    keeper.sell(1)
    keeping.change(keeper.home, keeper.settings, "decrypt", None)
    assert is_plain(keeper)
    assert not (keeper.home / SEALED).exists()
    keeper.sell(1)
    assert keeper.proof().sales == 5


@pytest.mark.parametrize("mark", ["store.before_swap", "store.after_swap"])
@pytest.mark.parametrize("word", ["encrypt", "decrypt"])
def test_either_the_old_or_the_new_store_opens_when_the_power_goes_in_between(
    keeper: Keeper, mark: str, word: str
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(name: str) -> None:
        if name == mark:
            raise PowerCut

    keeper.sell(1)
    if word == "decrypt":
        keeping.change(keeper.home, keeper.settings, "encrypt", "credential")
    marks.arm(cut)
    try:
        with pytest.raises(PowerCut):
            keeping.change(keeper.home, keeper.settings, word, "credential")
    finally:
        marks.arm(None)
    keeper.sell(1)
    assert keeper.proof().sales == 2
    changed = mark == "store.after_swap"
    assert is_plain(keeper) == (changed == (word == "decrypt"))
    assert not list(keeper.home.glob("keys/*.next"))
    assert is_plain(keeper) or not (keeper.home / "ledger.db.next").exists()


def test_a_plain_copy_that_was_broken_off_is_wiped_when_the_sealed_home_starts(
    keeper: Keeper,
) -> None:
    keeper.sell(1)
    plain = (keeper.home / "ledger.db").read_bytes()
    keeping.change(keeper.home, keeper.settings, "encrypt", "credential")
    (keeper.home / "ledger.db.next").write_bytes(plain)
    keeper.sell(1)
    assert not (keeper.home / "ledger.db.next").exists()


def test_plain_copies_from_before_are_named_when_the_store_is_sealed(
    keeper: Keeper, kiosk: Kiosk
) -> None:
    keeper.sell(1)
    backup = keeper.back_up()
    (keeper.home / "damaged" / "1").mkdir(parents=True)
    evidence = keeper.home / "damaged" / "1" / "ledger.db"
    shutil.copyfile(keeper.home / "ledger.db", evidence)
    (keeper.home / "kiosk.toml").write_text(f'[store]\nbackup_folder = "{backup.parent}"\n')
    done = kiosk("store", "encrypt", "--lock", "credential", "--home", keeper.home)
    assert done.exit == 0
    assert f"plain still: {evidence}, {backup}" in done.err
    settings = with_store(keeper.settings, backup_folder=str(backup.parent))
    evidence.unlink()
    backup.unlink()
    keeper.back_up()
    assert keeping.plain_copies(keeper.home, settings) == []


def test_nothing_is_changed_when_a_face_is_open_or_it_is_so_already(keeper: Keeper) -> None:
    house = keeper.open()
    with pytest.raises(BadInput, match="close it first"):
        keeping.change(keeper.home, keeper.settings, "encrypt", "credential")
    house.close()
    with pytest.raises(BadInput, match="plain"):
        keeping.change(keeper.home, keeper.settings, "rekey", "credential")
    assert is_plain(keeper)


def test_one_sentence_says_so_when_there_is_no_home_to_be_shown(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no home here yet"):
        keeping.shown(tmp_path / "nowhere", Settings())


def test_one_sentence_says_so_when_the_passphrase_is_wrong(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, SECOND, "not this passphrase", SECOND)
    keeper.sell(1)
    keeping.change(keeper.home, keeper.settings, "encrypt", "passphrase")
    unlock.forget()
    with pytest.raises(HomeFault, match="do not open with this passphrase"):
        keeper.open()
    keeper.sell(1)


def test_the_passphrase_is_blamed_when_it_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    unlock.forget()
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9 caf\xe9 caf\xe9\n"), "utf-8")
    )
    with pytest.raises(HomeFault, match="passphrase that was given is not UTF-8"):
        unlock.secret_for("passphrase", Store())


def test_a_new_home_is_encrypted_from_its_first_entry_when_kiosk_toml_says_so(
    keeper: Keeper,
) -> None:
    keeper.settings = with_store(keeper.settings, lock="credential")
    keeper.sell(1)
    assert not is_plain(keeper)
    (keeper.place / "credentials" / "payment-hall-store").unlink()
    with pytest.raises(HomeFault, match="credential that opens this home cannot be read"):
        keeper.open()


# --- archives -------------------------------------------------------------------------------------

YEAR_MIN = 500 * 24 * 60


def aged(keeper: Keeper) -> None:
    """Three old sales, then two of today."""
    keeper.settings = with_store(keeper.settings, retention_days=400)
    keeper.sell(3)
    keeper.clock.advance(minutes=YEAR_MIN)
    keeper.sell(2)


def test_balances_and_chain_still_prove_themselves_when_old_sales_were_archived(
    keeper: Keeper, kiosk: Kiosk
) -> None:
    aged(keeper)
    keeping.change(keeper.home, keeper.settings, "encrypt", "credential")
    house = keeper.open()
    before = house.desk.records.balances()
    house.close()
    done = keeper.archive()
    assert done.entries >= 6
    proof = keeper.proof()
    assert proof.sales == 2
    house = keeper.open()
    assert house.desk.records.balances() == before
    key, origin = key_of(keeper.home), house.home.origin
    reader = house.desk.journal.reader()
    run = prove_archive(reader, keeper.place / "old.archive", Cover(key, origin, "archive"))
    assert (run.archive, run.last <= done.upto) == (1, True)
    reader.close()
    house.close()
    keeper.sell(1)
    answer = kiosk(
        "verify", "--home", keeper.home, "--archive", keeper.place / "old.archive", "--json"
    ).json
    assert answer["first_bad"] == 0
    keeper.clock.advance(minutes=YEAR_MIN)
    keeper.sell(1)
    second = keeper.archive("newer.archive")
    assert (second.number, second.entries >= 6) == (2, True)
    assert keeper.proof().sales == 1


def test_the_damage_is_named_when_an_archive_or_its_traces_were_changed(keeper: Keeper) -> None:
    aged(keeper)
    keeper.archive()
    file = keeper.place / "old.archive"
    content = bytearray(file.read_bytes())
    content[-200] ^= 1
    file.write_bytes(content)
    house = keeper.open()
    reader = house.desk.journal.reader()
    with pytest.raises((StoreFault, LedgerDamaged)):
        prove_archive(reader, file, Cover(b"", house.home.origin, "archive"))
    reader.close()
    house.close()
    from kiosk.ledger.connection import connect
    from kiosk.ledger.proof import prove

    for damage in (
        "UPDATE archived SET digest = zeroblob(32)",
        "UPDATE archived SET last = last + 1",
        "DELETE FROM archived",
        "UPDATE archived SET archive = 7",
        "UPDATE balances SET amount = amount + 1",
    ):
        connection = connect(keeper.home / "ledger.db", b"")
        connection.execute("BEGIN")
        connection.execute(damage)
        assert prove(connection, house.home.origin).first_bad, damage
        connection.execute("ROLLBACK")
        connection.close()


def test_what_leaves_the_ledger_is_synced_to_its_end_before_it_counts(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[int, int] = {}
    sync = os.fsync

    def told(handle: int) -> None:
        state = os.fstat(handle)
        synced[state.st_ino] = state.st_size
        sync(handle)

    aged(keeper)
    monkeypatch.setattr(os, "fsync", told)
    keeper.archive()
    for file in (keeper.place / "old.archive", keeper.back_up()):
        assert synced[file.stat().st_ino] == file.stat().st_size, file


def test_nothing_is_archived_when_it_is_young_or_the_file_is_there(keeper: Keeper) -> None:
    aged(keeper)
    with pytest.raises(BadInput, match="younger than 400 days stay"):
        keeper.archive(days=399)
    (keeper.place / "old.archive").touch()
    with pytest.raises(BadInput, match="never written over"):
        keeper.archive()
    with pytest.raises(BadInput, match="Nothing that may leave"):
        keeper.archive("none.archive", days=800)
    assert not (keeper.place / "none.archive").exists()


def test_everything_is_whole_again_when_medium_and_archive_come_together(keeper: Keeper) -> None:
    """A medium that was taken new after archiving has the gap that the archive fills."""
    from kiosk.front.restoring import Wanted, restore

    aged(keeper)
    keeper.archive()
    shutil.rmtree(keeper.medium)
    keeper.medium.mkdir()
    keeping.take_medium(keeper.home, keeper.settings, keeper.medium)
    keeper.sell(1)
    (keeper.home / "ledger.db").write_bytes(b"nothing")
    wanted = Wanted(second_medium=keeper.medium)
    with pytest.raises(LedgerDamaged):
        restore(keeper.home, keeper.settings, wanted, keeper.now)
    wanted = msgspec.structs.replace(wanted, archives=(keeper.place / "old.archive",))
    done = restore(keeper.home, keeper.settings, wanted, keeper.now)
    assert done.sales == 6
    assert keeper.proof().sales == 6
