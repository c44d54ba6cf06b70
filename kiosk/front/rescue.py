"""What a technician can do at the screen of a damaged home: see the sources, restore from them."""

from __future__ import annotations

from pathlib import Path

from kiosk.config import Settings
from kiosk.errors import KioskError
from kiosk.front import enrolment
from kiosk.front.restoring import Wanted, restore
from kiosk.ledger.backup import read_head_of
from kiosk.ledger.pen import Now
from kiosk.ports import FoundSource, RescueReport


class HomeRescue:
    """The port Rescue over a home folder."""

    def __init__(self, home: Path, settings: Settings, now: Now, station: str) -> None:
        self._home, self._settings, self._now = home, settings, now
        self._station = station

    def found(self) -> list[FoundSource]:
        """The second medium, the newest backup and the centre, as far as they are there."""
        sources = []
        medium = self._settings.store.second_medium
        if medium and list(Path(medium).glob("*.entries")):
            sources.append(FoundSource("second_medium", medium, 0))
        backup = newest_backup(self._settings)
        if backup is not None:
            sources.append(FoundSource("backup", str(backup), read_head_of(backup).upto))
        if (self._home / enrolment.CENTRE_FILE).exists():
            sources.append(FoundSource("upstream", self._settings.upstream.url, 0))
        return sources

    def restore(self) -> RescueReport:
        """From everything that was found."""
        found = {source.kind: Path(source.place) for source in self.found()}
        wanted = Wanted(
            found.get("backup"), found.get("second_medium"), upstream="upstream" in found
        )
        try:
            done = restore(self._home, self._settings, wanted, self._now, self._station)
        except KioskError as error:
            return RescueReport(0, [], error.sentence)
        told = [(each.source, each.entries, each.last, each.trouble) for each in done.given]
        return RescueReport(done.upto, told)


def newest_backup(settings: Settings) -> Path | None:
    """The newest sound-looking backup in the folder of kiosk.toml."""
    folder = Path(settings.store.backup_folder) if settings.store.backup_folder else None
    if folder is None or not folder.is_dir():
        return None
    found: list[tuple[int, Path]] = []
    for path in folder.glob("*.backup"):
        try:
            found.append((read_head_of(path).upto, path))
        except KioskError:
            continue
    return max(found)[1] if found else None
