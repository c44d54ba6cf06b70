"""A terminal with a sealed store, a second medium and a centre, and what happens to its disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from kiosk.config import Settings
from kiosk.errors import Refusal
from kiosk.front import keeping
from kiosk.front.commands.ledger import send
from kiosk.front.own_centre import OwnCentre
from kiosk.front.wiring import House, build
from kiosk.ledger.archive import Archived
from kiosk.ledger.proof import Proof
from kiosk.till.copies import backup
from kiosk.till.maintain import verify
from tests.builders import SeededEntropy
from tests.till.hall import KEYPAD, HallClock, sell_to, sold

CREDENTIAL = bytes(range(200, 240))
DAY_MS = 86_400_000


def with_store(settings: Settings, **store: Any) -> Settings:
    return msgspec.structs.replace(settings, store=msgspec.structs.replace(settings.store, **store))


class Keeper:
    """One terminal; `credentials` is the folder of the service manager."""

    def __init__(self, place: Path, *, lock: str = "credential", medium: bool = True) -> None:
        self.home, self.medium, self.place = place / "home", place / "medium", place
        self.clock, self.entropy = HallClock(), SeededEntropy()
        (place / "credentials").mkdir()
        (place / "credentials" / "payment-hall-store").write_bytes(CREDENTIAL)
        self.use_credentials()
        if medium:
            self.medium.mkdir()
        base = Settings()
        rehearsal = msgspec.structs.replace(base.rehearsal, customers=40, centre=False)
        self.settings = with_store(
            msgspec.structs.replace(base, rehearsal=rehearsal),
            lock=lock, second_medium=str(self.medium) if medium else "",
        )  # fmt: skip
        self.centre: OwnCentre | None = None

    def use_credentials(self) -> None:
        """As the service manager of this terminal gives them."""
        os.environ["CREDENTIALS_DIRECTORY"] = str(self.place / "credentials")

    def start_centre(self) -> None:
        """A real centre on loopback, with its own folder."""
        folder = self.place / "upstream"
        (folder / "centre").mkdir(parents=True)
        self.centre = OwnCentre(folder)
        upstream = msgspec.structs.replace(self.settings.upstream, url=self.centre.address())
        self.settings = msgspec.structs.replace(self.settings, upstream=upstream)

    def open(self, home: Path | None = None, **options: Any) -> House:
        house = build(
            home or self.home, self.settings, clock=self.clock, entropy=self.entropy, **options
        )
        house.desk.operator, house.desk.role = "101", "supervisor"
        return house

    def sell(self, sales: int, home: Path | None = None, *, sync: bool = False) -> None:
        """Some sales, and the way upstream when that is wanted."""
        house = self.open(home)
        try:
            for _ in range(sales):
                sold(sell_to(house.desk, KEYPAD, 5000))
                self.clock.advance(minutes=40)  # a lane has an identifier every 32
            if sync:
                assert send(house, patience_s=20) == ""
        finally:
            house.close()

    def sync(self, home: Path | None = None) -> str:
        house = self.open(home)
        try:
            return send(house, patience_s=0)
        finally:
            house.close()

    def back_up(self, name: str = "one.backup") -> Path:
        house = self.open()
        try:
            made = backup(house.desk, self.place / name)
        finally:
            house.close()
        assert not isinstance(made, Refusal)
        return self.place / name

    def archive(self, name: str = "old.archive", days: int = 401) -> Archived:
        """What is older than so many days leaves for a file beside the home."""
        now_ms = self.clock.time_ms
        return keeping.archive_old(
            self.home, self.settings, self.place / name, now_ms - days * DAY_MS, now_ms, "301"
        )

    def proof(self, home: Path | None = None) -> Proof:
        house = self.open(home)
        try:
            found = verify(house.desk, every_signature=True)
        finally:
            house.close()
        assert not found.first_bad, found
        return found

    def lose_disk(self) -> None:
        """Everything in the home is gone."""
        shutil.rmtree(self.home)

    def now(self) -> tuple[int, str]:
        return self.clock.pair()

    def close(self) -> None:
        if self.centre is not None:
            self.centre.close()
        os.environ.pop("CREDENTIALS_DIRECTORY", None)
