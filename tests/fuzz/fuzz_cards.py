"""Random and mutated cards: every family answers with a refusal or a state, and nothing else.

A state that may buy gets writes of the whitelist which read back as the purchase; a driver that
talks to a chip of nonsense raises a CardFault and spends no try of a secret code.
"""

from __future__ import annotations

import random

from drivers.card.reader import driver_for
from kiosk.domain.cards import families, sle4442
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.open import OpenCard
from kiosk.domain.cards.state_grid import FAMILY as STATE_GRID
from kiosk.domain.cards.state_grid import StateGridCard
from kiosk.errors import CardFault, Refusal

SERIAL, CUSTOMER, METER = "00112233445566aa", "100000000018", "07000000004"
NAMES = tuple(families.FAMILIES)
TESTIMONIES = {"not_delivered", "torn", "delivered", "consumed", "superseded", "other"}


def good_image(name: str) -> CardImage:
    if name == STATE_GRID.name:
        return CardImage(name, SERIAL, STATE_GRID.make(CUSTOMER, METER))
    return CardImage(name, SERIAL, layout.make(SERIAL, CUSTOMER, METER))


GOOD = {name: good_image(name) for name in NAMES}


def run_family(name: str, chance: random.Random) -> str:
    """One image of the family; "state" or the code of the refusal."""
    family, image = families.family(name), spoilt(GOOD[name], chance)
    state = family.state(image)
    if isinstance(state, Refusal):
        return state.code
    assert isinstance(state, OpenCard | StateGridCard), state
    state.taken()
    currency = "CNY" if name == STATE_GRID.name else "EUR"
    energy_wh, amount_minor = chance.randrange(1, 2**41), chance.randrange(2**28)
    planned = family.purchase(state, image, energy_wh, amount_minor, currency, "sale")
    if isinstance(planned, Refusal):
        return planned.code
    writes, number = planned
    assert all(family.allowed(write) for write in writes)
    after = image
    for write in writes:
        after = after.with_write(write)
    bought = family.state(after)
    assert not isinstance(bought, Refusal), bought
    assert bought.purchase_number == number == state.purchase_number + 1
    assert family.witness(image, after, writes) == "delivered"
    assert family.witness(image, spoilt(after, chance), writes) in TESTIMONIES
    return "state"


def spoilt(image: CardImage, chance: random.Random) -> CardImage:
    """A card with some bytes changed, a file missing or of another length, or all nonsense."""
    files = dict(image.files)
    for _ in range(chance.randrange(4)):
        file = chance.choice(list(files))
        files[file] = spoilt_content(files[file], chance)
    if chance.random() < 0.02 and files:
        files.pop(chance.choice(list(files)))
    return CardImage(image.family, image.serial, files)


def spoilt_content(content: bytes, chance: random.Random) -> bytes:
    """Mostly one byte, preferably one that means something; seldom nonsense or another length."""
    way = chance.randrange(16)
    if way == 0:
        return chance.randbytes(len(content))
    if way == 1:
        return content + b"\0"
    if way == 2 or not content:
        return content[:-1]
    byte = chance.choice((0x00, 0xA5, 0xFF, chance.randrange(256)))
    place = chance.randrange(len(content))
    return content[:place] + bytes([byte]) + content[place + 1 :]


def answer_to_reset(chance: random.Random) -> bytes:
    """Nonsense, or a real one with some bytes changed."""
    real = (
        bytes.fromhex("3b6c00004b504831" + SERIAL),
        *sle4442.ANSWERS_TO_RESET,
        b"\x3b\x00",
        bytes.fromhex("3B8F8001804F0CA000000306030001000000006A"),
        bytes.fromhex("3b6c000053474343" + SERIAL),
    )
    atr = bytearray(chance.choice((*real, chance.randbytes(chance.randrange(34)))))
    if atr and chance.random() < 0.5:
        atr[chance.randrange(len(atr))] = chance.randrange(256)
    return bytes(atr)


class Nonsense:
    """A chip that answers anything, and counts the secret codes that were tried on it."""

    def __init__(self, atr: bytes, chance: random.Random) -> None:
        self.atr, self.chance, self.tries = atr, chance, 0

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        self.tries += apdu[:2] == b"\xff\x20"
        status = self.chance.choice((b"\x90\x00", b"\x90\x00", b"\x61\x08", b"\x6a\x82", b""))
        size = apdu[4] if len(apdu) == 5 and self.chance.random() < 0.9 else 0
        return self.chance.randbytes(size) + status

    def close(self) -> None:
        pass


def run_chip(chance: random.Random) -> str:
    """One chip of nonsense with one answer to reset: what reading it came to."""
    chip = Nonsense(answer_to_reset(chance), chance)
    try:
        image = driver_for(chip, 0.1).read()
    except CardFault as fault:
        assert chip.tries == 0
        return type(fault).__name__
    assert chip.tries == 0
    state = families.of(image).state(image)
    return state.code if isinstance(state, Refusal) else "state"


def run(runs: int, seed: int) -> dict[str, int]:
    """`runs` images of each family and as many chips from `seed`; how often each answer came."""
    print(f"fuzz_cards: seed {seed}, {runs} runs a family")
    seen = run_images(runs, seed)
    for told, times in run_chips(runs, seed).items():
        seen[told] = seen.get(told, 0) + times
    return seen


def run_images(runs: int, seed: int) -> dict[str, int]:
    """`runs` images of each family."""
    chance, seen = random.Random(seed), dict[str, int]()
    for _ in range(runs):
        for name in NAMES:
            told = run_family(name, chance)
            seen[told] = seen.get(told, 0) + 1
    return seen


def run_chips(runs: int, seed: int) -> dict[str, int]:
    """`runs` chips of nonsense."""
    chance, seen = random.Random(seed), dict[str, int]()
    for _ in range(runs):
        told = run_chip(chance)
        seen[told] = seen.get(told, 0) + 1
    return seen
