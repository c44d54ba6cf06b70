"""Self-service: one customer goes, the next one comes at once."""

from __future__ import annotations

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
