"""The small files beside a ledger lie open, sealed or not: what the journal knows better stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from kiosk.config import CardSettings, Cash, PrinterSettings, Settings
from kiosk.errors import BadInput, HomeFault, LinkFault
from kiosk.front import enrolment, unlock
from kiosk.front.cli import run
from kiosk.front.home import open_home
from kiosk.front.restoring import Wanted, restore
from kiosk.front.unlock import home_keys
from kiosk.front.wiring import build
from kiosk.ledger import backup as backups
from kiosk.ledger.second_medium import MARK
from kiosk.ledger.withdrawn import LEFT_BEHIND, ORDER
from sync import wire
from sync.centre.hall import Settings as CentreSettings
from tests.front.keeper import Keeper, with_store
from tests.front.test_revoking import Owned, Road
from tests.sync.running_centre import RunningCentre
from tests.till.hall import KEYPAD, sell_to, sold


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, medium=False)
    yield keeper
    keeper.close()


def real(settings: Settings) -> Settings:
    """A hall without devices."""
    site = replace(settings.site, mode="real")
    card, cash = CardSettings(driver="none", module="none"), Cash(driver="none")
    printer = PrinterSettings(driver="none")
    return replace(settings, site=site, card=card, cash=cash, printer=printer)


def test_a_real_home_takes_no_operators_of_a_rehearsal_when_home_json_says_so_E34(
    keeper: Keeper,
) -> None:
    """Their PIN stands on the first screen of every rehearsal, and they stay when it is undone."""
    rehearsal, keeper.settings = keeper.settings, real(with_store(keeper.settings))
    open_home(keeper.home, keeper.settings, keeper.now).journal.close()
    file = keeper.home / "home.json"
    written = file.read_bytes()
    file.write_bytes(written.replace(b'"real"', b'"rehearsal"'))
    with pytest.raises(HomeFault, match="opened in real mode"):
        build(keeper.home, rehearsal, clock=keeper.clock, entropy=keeper.entropy)
    file.write_bytes(written)
    again = open_home(keeper.home, keeper.settings, keeper.now)
    assert again.journal.records.operators() == []
    again.journal.close()


PLACES = ["home.json", "keys/sealed.keys", "ledger.damaged", "revoked.order", "log/kiosk.log"]


@pytest.mark.parametrize("place", PLACES)
def test_a_pipe_in_the_place_of_a_file_is_named_and_nobody_waits_for_it(
    keeper: Keeper, place: str
) -> None:
    keeper.open().close()
    file = keeper.home / place
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    with pytest.raises(HomeFault, match=f"{place}: is a pipe or a device"):
        keeper.open()
    file.unlink()
    file.symlink_to("/dev/zero")
    with pytest.raises(HomeFault, match=f"{place}: is a pipe or a device"):
        home_keys(keeper.home, keeper.settings.store, new=False)


def test_sales_go_on_when_a_pipe_lies_on_the_stick(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    keeper.sell(1)
    mark = keeper.medium / MARK
    mark.unlink()
    os.mkfifo(mark)
    house = keeper.open()
    sold(sell_to(house.desk, KEYPAD, 5000))
    state = house.home.journal.medium()
    house.close()
    assert state is not None
    assert state.trouble.startswith(f"{mark}: is a pipe")
    keeper.close()


class Swapped:
    """A sealed terminal with its centre, and a stranger who has a centre of the same name."""

    def __init__(self, place: Path) -> None:
        self.owned = Owned(place, "credential")
        self.strange = RunningCentre(CentreSettings(place / "strange", name="SC1", lanes=32))
        self.strange.hall.reception.lease_days = 36_500
        self.home = self.owned.home

    def name_the_stranger(self) -> None:
        """What a stranger needs for it is an editor."""
        told = Road(self.strange).enrol(wire.EnrolmentRequest(self.owned.origin, "00" * 32))
        assert isinstance(told, wire.Enrolment)
        (self.home / enrolment.CENTRE_FILE).write_bytes(msgspec.json.encode(told))

    def close(self) -> None:
        self.strange.close()
        self.owned.close()


@pytest.fixture
def swapped(tmp_path: Path) -> Iterator[Swapped]:
    made = Swapped(tmp_path)
    yield made
    made.close()


def test_a_terminal_enrols_nowhere_else_when_the_file_of_its_centre_is_gone_E29(
    swapped: Swapped,
) -> None:
    """It would get another lease, other prices, and tell a stranger every name and number."""
    (swapped.home / enrolment.CENTRE_FILE).unlink()
    house = swapped.owned.keeper.open()
    before = house.home.journal.head()
    with pytest.raises(LinkFault, match="not the centre"):
        enrolment.enrol(swapped.home, house.home.journal, Road(swapped.strange))  # type: ignore[arg-type]
    assert house.home.journal.head() == before
    assert not (swapped.home / enrolment.CENTRE_FILE).exists()
    enrolment.enrol(swapped.home, house.home.journal, swapped.owned.road)  # type: ignore[arg-type]
    assert enrolment.centre_of(swapped.home, house.desk.records) is not None
    house.close()


def test_nothing_goes_to_a_strange_centre_when_the_file_names_it(
    swapped: Swapped, capsys: pytest.CaptureFixture[str]
) -> None:
    swapped.name_the_stranger()
    target = swapped.owned.keeper.place / "all.sealed"
    assert run(["export", str(target), "--sealed", "--home", str(swapped.home)]) == 1
    assert "is not the centre that this terminal was enrolled with" in capsys.readouterr().err
    assert not target.exists()
    (swapped.home / enrolment.CENTRE_FILE).write_bytes(b"{")
    assert run(["export", str(target), "--sealed", "--home", str(swapped.home)]) == 1
    assert "centre.json: is damaged" in capsys.readouterr().err


def test_the_centre_is_asked_for_before_an_old_backup_although_its_file_is_gone(
    swapped: Swapped,
) -> None:
    """Gone from the home, and out of the backup too, which nobody has signed."""
    owned = swapped.owned
    backup = owned.keeper.place / "backups" / "one.backup"
    content, head = backup.read_bytes(), backups.read_head_of(backup)
    files = {name: file for name, file in head.files.items() if name != enrolment.CENTRE_FILE}
    old, new = (msgspec.msgpack.encode(each) for each in (head, replace(head, files=files)))
    front = backups.MAGIC + len(new).to_bytes(4, "big") + new
    backup.write_bytes(front + content[len(backups.MAGIC) + 4 + len(old) :])
    for name in ("ledger.db", enrolment.CENTRE_FILE):
        (swapped.home / name).unlink()
    owned.keeper.medium.rename(owned.keeper.place / "away")
    wanted = Wanted(backup, without_medium=True)
    with pytest.raises(BadInput, match="The centre may hold more"):
        restore(swapped.home, owned.keeper.settings, wanted, owned.keeper.now)


def test_nothing_is_sealed_to_a_stranger_who_orders_the_end_and_names_himself(
    swapped: Swapped,
) -> None:
    swapped.name_the_stranger()
    signer = swapped.strange.hall.reception._own.signer
    order = wire.revoke(signer, swapped.owned.origin, 0, bytes(32), "SC1", 1, bytes(range(32)))
    (swapped.home / ORDER).write_bytes(wire.encode_answer(order))
    with pytest.raises(HomeFault, match="no order of the centre"):
        swapped.owned.keeper.open()
    assert (swapped.home / unlock.SEALED).exists()
    assert not (swapped.home / LEFT_BEHIND).exists()
