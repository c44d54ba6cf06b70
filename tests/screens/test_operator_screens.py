"""Operators on screen: a supervisor's list, and the counter that locks itself."""

from __future__ import annotations

import pytest

from kiosk.screens.staff.operators import Operators, own_pin_form
from kiosk.screens.technician.menu import TechnicianMenu
from kiosk.till.operators import sign_in
from tests.builders import FixedClock
from tests.screens.conftest import Hall, Player


async def see_all(player: Player, *texts: str) -> None:
    for text in texts:
        await player.see(text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_somebody_is_registered_and_leaves_when_a_supervisor_works_the_list(
    hall: Hall, size: tuple[int, int]
) -> None:
    sign_in(hall.desk, "301", "1234")

    async def script(player: Player) -> None:
        player.app.go(Operators(TechnicianMenu))
        await see_all(player, "301", "supervisor", "active")
        await player.press("1")
        await see_all(player, "Register an operator", "cashier, technician, supervisor")
        await player.press(
            *"anna", "enter", *"cashier", "enter", *"8841", "enter", *"8842", "enter"
        )
        await player.see("The two PINs differ")
        await player.press("enter", "enter", *"8841", "enter", *"8841", "enter")
        await player.see("anna may sign in.")
        await player.press("pagedown", "enter")
        await see_all(player, "Operator anna", "The operator has left")
        await player.press("6")
        await player.press(*"gone", "enter")
        await see_all(player, "anna will not be able to sign in any more", "gone")
        await player.press("enter")
        await see_all(player, "anna signs in no more.", "left")

    hall.play(script, face="technician", size=size)


def test_the_own_pin_changes_with_the_old_one(hall: Hall) -> None:
    sign_in(hall.desk, "201", "1234")

    async def script(player: Player) -> None:
        player.app.go(own_pin_form(TechnicianMenu(), TechnicianMenu))
        await player.see("Change my PIN")
        await player.press(*"1234", "enter", *"8841", "enter", *"8841", "enter")
        await player.see("TECHNICIAN MODE")

    hall.play(script, face="technician")
    assert not hasattr(sign_in(hall.desk, "201", "8841"), "code")


def test_the_counter_is_signed_out_when_nobody_presses_a_key(hall: Hall) -> None:
    clock = FixedClock()
    hall.desk.clock = clock

    async def script(player: Player) -> None:
        await player.see("Sign in")
        await player.press(*"101", "enter", *"1234", "enter")
        await player.see("What is to be done?")
        clock.advance(seconds=299)
        player.app.tick()
        await player.see("What is to be done?")
        clock.advance(seconds=1)
        player.app.tick()
        await player.see("Sign in")
        assert hall.desk.operator == ""

    hall.play(script, face="cashier")
