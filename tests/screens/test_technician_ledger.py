"""The technician around the ledger: the wizard of a damaged one, the clock, a backup; by keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.ports import FoundSource, RescueReport
from tests.screens.conftest import Hall, Player
from tests.screens.walks import sign_in_by_keys


class RescueDouble:
    """The port Rescue: says what it is told, and counts."""

    def __init__(self, found: list[FoundSource], report: RescueReport) -> None:
        self.sources, self.report, self.calls = found, report, 0

    def found(self) -> list[FoundSource]:
        return self.sources

    def restore(self) -> RescueReport:
        self.calls += 1
        return self.report


FOUND = [FoundSource("second_medium", "/media/stick", 0), FoundSource("backup", "/b/one.backup", 7)]
DONE = RescueReport(9, [("backup", 7, 7, ""), ("second medium", 2, 9, "")])


def damaged(hall: Hall, rescue: RescueDouble) -> None:
    hall.desk.damage, hall.desk.rescue = "Entry 8: is missing.", rescue


def test_the_ledger_is_built_again_once_when_a_technician_presses_enter(hall: Hall) -> None:
    rescue = RescueDouble(FOUND, DONE)
    damaged(hall, rescue)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        text = await player.see("This ledger is damaged")
        assert "Entry 8: is missing." in await player.see("Second medium /media/stick")
        assert "Backup /b/one.backup, up to entry 7" in " ".join(player.text().split())
        assert text
        await player.press("enter", "enter", see="The ledger is whole again up to entry 9.")
        await player.see("Esc: back, then end the program")
        await player.press("enter")
        assert rescue.calls == 1
        text = await player.see("The ledger is whole again: start the program again")
        assert "This ledger is damaged" not in text
        await player.press("escape", see="LEDGER RESTORED: START AGAIN")
        await player.press("3", see="The ledger is whole again: start the program again")
        await player.see("backup: 7 entries, up to 7.")
        await player.press("enter")
        assert rescue.calls == 1
        await player.press("escape", see="TECHNICIAN MODE")

    hall.play(script, face="technician")


@pytest.mark.parametrize(
    ("found", "report", "told"),
    [
        ([], DONE, "No source was found"),
        (FOUND, RescueReport(0, [], "The centre may hold more."), "The centre may hold more."),
    ],
)
def test_the_wizard_says_why_when_nothing_can_be_built(
    hall: Hall, found: list[FoundSource], report: RescueReport, told: str
) -> None:
    damaged(hall, RescueDouble(found, report))

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("This ledger is damaged")
        await player.see("/b/one.backup" if found else "No source was found")
        await player.press("enter", see=told)

    hall.play(script, face="technician")


def test_a_backup_is_written_when_a_technician_names_a_file(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("one.backup")

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE")
        await player.press("3", see="entries are good.")
        await player.press("2", see="File of the backup")
        await player.press(*str(file), "enter", see="Everything up to entry")

    hall.play(script, face="technician", size=(120, 40))
    assert file.is_file()


def test_the_reason_is_said_when_a_clock_that_is_right_is_confirmed(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE")
        await player.press("3", see="entries are good.")
        await player.press("1", see="Both persons look at a watch first.")
        await player.press(*"301", "enter", *"1234", "enter", see="The clock is not in doubt")

    hall.play(script, face="technician")
