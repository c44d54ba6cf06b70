"""Every verb of the table is reached from the first menu of its face, by digits alone."""

from __future__ import annotations

import re

import pytest

from kiosk.screens.face import Face
from kiosk.till import account, bills, debt
from kiosk.till.tokens import SecondPerson
from kiosk.words.book import sentences
from tests.screens.conftest import Hall, Player
from tests.screens.walks import sign_in_by_keys
from tests.till.hall import sell_to, sold
from tests.till.verb_table import VERBS

FIRST = {"cashier": "What is to be done?", "technician": "Verify the journal"}
#: Back from the deepest form to the first menu; one more would sign out.
DEEPEST = 6


def furnished(hall: Hall) -> None:
    """A customer with a sale, a debt, a bill and a cheque, so that every list has a row."""
    desk, owner = hall.desk, hall.keypad.customer.account
    desk.operator, desk.role = "101", "supervisor"
    sold(sell_to(desk, hall.keypad.meter.number, 5_000))
    bill = dict(zip(bills.COLUMNS, ("B1", owner, "", "", "", "5", "2030-01-01", ""), strict=True))
    for outcome in (
        account.top_up(desk, owner, "cheque", 500, reference="CH1"),
        debt.record(desk, owner, "arrears", 900, "2026-01-05", "old", SecondPerson("301", "1234")),
        bills.add(desk, bill),
    ):
        assert not hasattr(outcome, "code"), outcome
    desk.operator, desk.role = "self-service", "self_service"


def sentence(hall: Hall, key: str) -> str:
    """The sentence up to its first figure, on one line."""
    spoken = sentences(hall.house.words.language)[key]
    return " ".join(spoken.split("{")[0].split())


async def follow(player: Player, hall: Hall, path: str) -> None:
    *steps, last = path.split()
    for step in steps:
        if step in {"@who", "@meter"}:
            asked = hall.keypad.customer.account if step == "@who" else hall.keypad.meter.number
            await player.press(*asked, "enter")
            await settled(player)
        elif step == "@enter" or step.isdecimal():
            await player.press("enter" if step == "@enter" else step)
            await settled(player)
        else:
            label = sentence(hall, step)
            text = await player.see(label)
            if not _number_of(label, text):  # 0 numbers the rows after the ninth
                await player.press("0")
                text = await player.see(label)
            assert _number_of(label, text), (step, text)
            await player.press(_number_of(label, text)[-1])
            await settled(player)
    await player.see(sentence(hall, last))


def _number_of(label: str, text: str) -> list[str]:
    return re.findall(rf"(\d)\W*{re.escape(label)}", text)


async def settled(player: Player) -> None:
    """What was asked of a worker is there."""
    for _ in range(3000):
        await player.pilot.pause(0.02)
        if not getattr(player.app.screen, "busy", False):
            return


async def home(player: Player, face: str) -> None:
    for _ in range(DEEPEST):
        if FIRST[face] in player.text():
            return
        await player.press("escape")
        await settled(player)
    await player.see(FIRST[face])


@pytest.mark.parametrize("face", ["cashier", "technician"])
def test_every_verb_is_reached_by_digits(hall: Hall, face: Face) -> None:
    furnished(hall)
    paths = sorted({row.menu for row in VERBS.values() if row.face == face})
    assert paths

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "301")
        for path in paths:
            await player.see(FIRST[face])
            await follow(player, hall, path)
            await home(player, face)

    hall.play(script, face=face)
