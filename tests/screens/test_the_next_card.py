"""Self-service: one customer goes, the next one comes at once."""

from __future__ import annotations

import asyncio

import pytest
from textual.message import Message

from kiosk.screens.self_service.attract import Attract
from kiosk.till import maintain
from kiosk.till.desk import Desk
from kiosk.till.maintain import Readiness
from tests.screens.conftest import Hall, Player


def test_the_next_card_is_read_when_it_is_put_in_before_the_last_visit_left_the_screen(
    hall: Hall,
) -> None:
    world = hall.house.world
    assert world is not None
    slot = world.slot()
    blank, foreign = world.make_other("blank"), world.make_other("foreign")

    async def script(player: Player) -> None:
        await player.see("No change is given")
        slot.insert(blank)
        await player.see("is blank")
        await player.see("Take your card")
        slot.pull()
        slot.insert(foreign)  # at once: no look has seen the reader empty
        await player.see("cannot be read")

    hall.play(script)


def test_a_look_at_the_devices_wakes_nobody_when_nothing_is_new(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = hall.house.world
    assert world is not None

    async def script(player: Player) -> None:
        await player.see("No change is given")
        first, lookout = player.app.screen, player.app._lookout
        assert isinstance(first, Attract)
        told: list[Message] = []
        tell = lookout._tell

        def overheard(message: Message) -> None:
            told.append(message)
            tell(message)

        monkeypatch.setattr(lookout, "_tell", overheard)
        for _ in range(3):
            first.look()
            while first._looking:
                await asyncio.sleep(0.001)
        assert told == []
        world.slot().insert(world.make_other("blank"))
        first.look()
        await player.see("is blank")
        assert told

    hall.play(script)


def test_the_next_card_is_seen_when_a_look_at_the_devices_has_failed(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = hall.house.world
    assert world is not None

    def broken(_desk: Desk) -> Readiness:
        raise ZeroDivisionError

    async def script(player: Player) -> None:
        await player.see("No change is given")
        first = player.app.screen
        assert isinstance(first, Attract)
        with monkeypatch.context() as patch:
            patch.setattr(maintain, "readiness", broken)
            first.look()
            await player.see("case")
        await player.press("enter")
        world.slot().insert(world.make_other("blank"))
        await player.see("is blank")

    hall.play(script)
