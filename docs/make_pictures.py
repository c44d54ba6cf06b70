"""Makes the pictures of the README: `.venv/bin/python docs/make_pictures.py`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from kiosk.config import Settings
from kiosk.front.utility import REHEARSAL_PIN
from kiosk.front.wiring import House, build
from kiosk.screens.app import FaceApp
from kiosk.screens.face import Face
from kiosk.screens.faces import make_face
from kiosk.till.greet import suggestions

PICTURES = Path(__file__).parent / "pictures"
SIZE = (80, 24)


class Hand:
    """Presses keys, waits for words, takes pictures."""

    def __init__(self, app: FaceApp, press: Callable[..., Awaitable[None]]) -> None:
        self.app, self._press = app, press

    async def press(self, *keys: str) -> None:
        """One key after the other, as a finger does."""
        for key in keys:
            await self._press(key)
            await asyncio.sleep(0.02)

    async def see(self, wanted: str) -> None:
        """Wait until `wanted` stands on the screen."""
        for _ in range(1500):
            strips = self.app.screen._compositor.render_strips()
            if wanted in "\n".join(strip.text for strip in strips):
                return
            await asyncio.sleep(0.02)
        strips = self.app.screen._compositor.render_strips()
        shown = "\n".join(strip.text.rstrip() for strip in strips)
        raise SystemExit(f"{wanted!r} did not come up:\n{shown}")

    def take(self, name: str) -> None:
        """Keep the screen as it is now."""
        (PICTURES / f"{name}.svg").write_text(self.app.export_screenshot(title="Payment hall"))


async def kiosk(hand: Hand, house: House) -> None:
    """A token and a card, bought with digits alone."""
    words = house.words
    keypad, card = suggestions(house.desk)
    await hand.see(words.say("kiosk.attract_start"))
    hand.take("attract")
    for buyer, name in ((keypad, "token"), (card, "card")):
        await hand.see(words.say("kiosk.attract_start"))
        await buy(hand, house, buyer.meter.number, name)


async def buy(hand: Hand, house: House, meter: str, name: str) -> None:
    """One purchase for 50, up to its picture."""
    words = house.words
    await hand.press(*meter)
    await hand.press("enter")
    await hand.see(words.say("kiosk.confirm"))
    await hand.press("enter")
    if name == "card":
        await hand.see("1 put in")
        await hand.press("1")
    await hand.see(words.say("kiosk.choose_amount"))
    await hand.press("3", "enter")
    await hand.see(words.say("kiosk.insert_notes"))
    await hand.press("3")
    await hand.see(words.say("kiosk.enough", amount_minor=5000))
    await hand.press("enter")
    wanted = "kiosk.token_help" if name == "token" else "kiosk.take_card"
    await hand.see(words.say(wanted))
    hand.take(name)
    await hand.press("enter" if name == "token" else "1")
    await hand.see(words.say("kiosk.thank_you"))
    await hand.press("enter")


async def cashier(hand: Hand, house: House) -> None:
    """A customer's record after a sale."""
    await sign_in(hand, house, "101")
    await asyncio.sleep(0.5)
    hand.take("cashier")


async def technician(hand: Hand, house: House) -> None:
    """The technician's menu."""
    await sign_in(hand, house, "201")
    await asyncio.sleep(0.5)
    hand.take("technician")


async def sign_in(hand: Hand, _house: House, name: str) -> None:
    """Name and PIN."""
    await asyncio.sleep(1.5)
    await hand.press(*name)
    await hand.press("enter")
    await hand.press(*REHEARSAL_PIN)
    await hand.press("enter")
    await asyncio.sleep(1.5)


def play(face: Face, script: Callable[[Hand, House], Awaitable[None]]) -> None:
    """Run one face on a home of its own."""
    settings = Settings()
    rehearsal = msgspec.structs.replace(settings.rehearsal, centre=False)
    settings = msgspec.structs.replace(settings, rehearsal=rehearsal)
    with tempfile.TemporaryDirectory() as folder:
        house = build(Path(folder) / "home", settings, face=face, cash=True, paper=True)
        try:

            async def run() -> None:
                pin = REHEARSAL_PIN
                app = make_face(house.desk, face, house.words, house.hands, pin=pin)
                async with app.run_test(size=SIZE) as pilot:
                    await script(Hand(app, pilot.press), house)

            asyncio.run(run())
        finally:
            house.close()


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    play("self-service", kiosk)
    play("cashier", cashier)
    play("technician", technician)
