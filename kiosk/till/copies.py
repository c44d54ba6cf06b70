"""The verbs around copies of the ledger: a backup now, and the rescue of a damaged one."""

from __future__ import annotations

from pathlib import Path

from kiosk.domain.store_facts import BackupMade
from kiosk.errors import Refusal
from kiosk.ledger import backup as backups
from kiosk.ledger.backup import Backup as Backup  # noqa: PLC0414 - commands show it
from kiosk.ledger.files import refuse_inside
from kiosk.ports import FoundSource, RescueReport
from kiosk.till.desk import Desk

#: What a backup carries beside the entries; plain keys are never among them.
COMPANIONS = ("home.json", "centre.json", str(Path("keys") / "sealed.keys"))


def backup(desk: Desk, target: Path) -> Backup | Refusal:
    """Write a backup to `target` while selling goes on. Raises BadInput or StoreFault."""
    refused = desk.gate("backup")
    if refused is not None:
        return refused
    refuse_inside(target, desk.home)
    made = backups.make_backup(desk.home, target, desk.journal.origin, COMPANIONS)
    desk.journal.append(BackupMade(made.upto, made.digest.hex(), made.bytes_written, desk.operator))
    return made


def sources(desk: Desk) -> list[FoundSource]:
    """What a damaged ledger can be built from."""
    return desk.rescue.found() if desk.rescue is not None else []


def rescue(desk: Desk) -> RescueReport | Refusal:
    """Build the ledger again, once, from everything that is there; the program is started anew
    then."""
    refused = desk.gate("maintain") if operators_known(desk) else None
    if refused is not None:
        return refused
    if desk.rescue is None:
        return Refusal("ledger_is_sound")
    if desk.rescued is not None:
        return desk.rescued
    report = desk.rescue.restore()
    desk.rescued = None if report.trouble else report
    return report


def operators_known(desk: Desk) -> bool:
    """Whether anybody can sign in: of a ledger that cannot be read, nobody is known."""
    return desk.records.any_operator()
