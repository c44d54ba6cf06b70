"""The work of the night: the whole ledger is checked and backed up while nobody is served.

It runs in a process of its own at the lowest priority, so that a customer who comes meanwhile notes
nothing and the face keeps its memory. The key of the store goes to it over a pipe.

    python -m kiosk.front.night HOME ORIGIN [MEDIUM [BACKUP]]   the key in hex on standard input
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import msgspec

from kiosk.domain.store_facts import BackupMade
from kiosk.errors import KioskError
from kiosk.ledger import ballast
from kiosk.ledger.connection import key_of, unlock
from kiosk.ledger.damage import note_damage
from kiosk.ledger.store import check, open_reader, wal_bytes
from kiosk.till.copies import COMPANIONS
from kiosk.till.desk import Desk
from kiosk.words.formats import time_zone

_LOG = logging.getLogger("kiosk.night")
_MIB = 1024 * 1024


class NightReport(msgspec.Struct, frozen=True):
    """What the night found: `fault` is "" when all is well; `upto` 0: there is no backup."""

    entries: int = 0
    fault: str = ""
    upto: int = 0
    digest: str = ""
    bytes_written: int = 0
    trouble: str = ""
    medium: str = ""


class NightWatch:
    """Called with every tick of an idle face; begins the work once a night."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._done_on = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._ballast_laid = False

    def tick(self, idle_s: int) -> None:
        """A second has passed in which nobody was there; never waits."""
        if not self._ballast_laid:
            self._ballast_laid = True
            settings = self._desk.settings
            reserve_mib = settings.limits.free_space_reserve_mib
            ballast.lay(self._desk.home, settings.store.ballast_mib, reserve_mib)
        if self._child is not None:
            self._look()
        elif self._is_due(idle_s):
            self._begin()

    def close(self) -> None:
        """Give up what is under way; it is begun again tomorrow."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _is_due(self, idle_s: int) -> bool:
        settings, now = self._desk.settings, self._desk.clock.now()
        wait_min = settings.store.full_check_idle_min
        if not wait_min or idle_s < wait_min * 60 or not self._desk.journal.holds_pen:
            return False
        local = datetime.fromtimestamp(now.time_ms / 1000, time_zone(settings.site.timezone))
        day = f"{local:%Y-%m-%d}"
        hours = range(settings.store.full_check_from_hour, settings.store.full_check_to_hour)
        return day != self._done_on and local.hour in hours and not self._desk.damage

    def _begin(self) -> None:
        desk = self._desk
        zone = time_zone(desk.settings.site.timezone)
        local = datetime.fromtimestamp(desk.clock.now().time_ms / 1000, zone)
        self._done_on = f"{local:%Y-%m-%d}"
        words = [str(desk.home), desk.journal.origin, desk.settings.store.second_medium]
        folder = desk.settings.store.backup_folder
        if folder:
            words.append(str(Path(folder) / f"{desk.journal.origin}-{local:%Y%m%d}.backup"))
        self._child = subprocess.Popen(  # noqa: S603 - our own program, fixed words
            [sys.executable, "-m", __name__, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._child.stdin is not None
        self._child.stdin.write(key_of(desk.home).hex().encode())
        self._child.stdin.close()
        self._child.stdin = None

    def _look(self) -> None:
        assert self._child is not None
        if self._child.poll() is None:
            return
        told, _ = self._child.communicate()
        self._child = None
        try:
            self._take(msgspec.json.decode(told, type=NightReport))
        except msgspec.MsgspecError:
            _LOG.error("the check of the night did not end")

    def _take(self, report: NightReport) -> None:
        desk = self._desk
        if report.fault:
            _LOG.error("the ledger is damaged: %s", report.fault)
            desk.damage = report.fault
            note_damage(desk.home, report.fault)
            desk.journal.stop_writing()
            return
        if report.medium:
            _LOG.error("the second medium is damaged: %s", report.medium)
        if report.trouble:
            _LOG.error("no backup was made: %s", report.trouble)
        if report.upto:
            fact = BackupMade(report.upto, report.digest, report.bytes_written, "night")
            desk.journal.append(fact)
            _rotate(Path(desk.settings.store.backup_folder), desk)
        if wal_bytes(desk.home) > desk.settings.store.log_alarm_mib * _MIB:
            _LOG.error("the write-ahead log is too large: a reader does not end")


def _rotate(folder: Path, desk: Desk) -> None:
    """The newest backups stay."""
    made = sorted(folder.glob(f"{desk.journal.origin}-*.backup"))
    for old in made[: -desk.settings.store.backups_kept]:
        with contextlib.suppress(OSError):
            old.unlink()


def watch(home: Path, origin: str, backup: Path | None, medium: str = "") -> NightReport:
    """Check everything, then back up. What the child does."""
    report = _checked(home, origin, medium)
    if report.fault or backup is None or backup.exists():
        return report  # a face that was started anew may have made the backup this night
    from kiosk.ledger.backup import make_backup

    try:
        made = make_backup(home, backup, origin, COMPANIONS)
    except KioskError as error:
        return msgspec.structs.replace(report, trouble=error.sentence)
    return msgspec.structs.replace(
        report, upto=made.upto, digest=made.digest.hex(), bytes_written=made.bytes_written
    )


def _checked(home: Path, origin: str, medium: str) -> NightReport:
    """The ledger, and the second medium against it."""
    from kiosk.ledger.medium_check import check_medium, entries_on, older_than_medium
    from kiosk.ledger.proof_apart import prove_apart

    try:
        with contextlib.closing(open_reader(home)) as reader:
            damage = check(reader)
            if damage:
                return NightReport(fault=damage)
        proof = prove_apart(home, origin)
    except KioskError as error:
        return NightReport(fault=error.sentence)
    if proof.first_bad:
        return NightReport(proof.entries, proof.fault)
    entries = entries_on(medium, origin)
    if entries is None:
        return NightReport(proof.entries)
    rotten = check_medium(home, origin, entries)
    older = older_than_medium(home, origin, entries) if not rotten else None
    return NightReport(proof.entries, older[1] if older else "", medium=rotten)


def main(words: list[str]) -> int:
    """The child: a report as JSON on standard output."""
    os.nice(19)
    home, origin = Path(words[0]), words[1]
    unlock(home, bytes.fromhex(sys.stdin.read()))
    medium, backup = (*words[2:], "", "")[:2]
    report = watch(home, origin, Path(backup) if backup else None, medium)
    sys.stdout.write(msgspec.json.encode(report).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
