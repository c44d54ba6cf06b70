"""Chips with a secret code in any state: whatever is asked of them, their tries are not run down.

An SLE 4442 closes for ever at the third wrong code. So a code is presented once, and only while all
three tries are left; a second one only to a chip whose own sealed identity says that its making
broke off at the very end.
"""

from __future__ import annotations

import contextlib
import random

from drivers.card.sealing import mac_input, seal_files
from drivers.card.sim_chips import Sle4442Chip
from drivers.card.sle4442 import Sle4442Driver
from drivers.vending.card_keys import SoftwareCardModule
from kiosk.domain.cards import open as layout
from kiosk.domain.cards import sle4442, workshops
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.work import Person, Purchase
from kiosk.errors import BadInput, CardFault, Refusal
from tests.fuzz.fuzz_cards import CUSTOMER, METER, SERIAL, spoilt_content

MODULE = SoftwareCardModule()
SHOP = workshops.SHOPS["sle4442"]
FACTORY = b"\xff\xff\xff"
GOOD = seal_files(MODULE, "sle4442", SERIAL, layout.make(SERIAL, CUSTOMER, METER))


class Chip(Sle4442Chip):
    """The simulated chip in memory, with a reader that counts the codes that were presented."""

    atr = bytes.fromhex("3B04A2131091")

    def __init__(self, memory: bytes, counter: int, code: bytes) -> None:
        self.content = {0: memory, 1: bytes([counter]) + code}
        self.presented = 0
        self.reset()

    def files(self) -> dict[int, bytes]:
        return self.content

    def store(self, file: int, offset: int, data: bytes, written_bytes: int | None = None) -> None:
        part, old = data[:written_bytes], self.content[file]
        self.content[file] = old[:offset] + part + old[offset + len(part) :]

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        self.presented += apdu[:2] == b"\xff\x20"
        return self.answer(apdu)

    def close(self) -> None:
        """Power down."""

    @property
    def tries_left(self) -> int:
        return self.content[1][0].bit_count()


def a_chip(chance: random.Random) -> Chip:
    """Made out, half made, blank or nonsense; with its own code, the factory's or a stranger's."""
    files = {file: GOOD[file] for file in sle4442.PLACES}
    if chance.random() < 0.6:
        files[1] = files[1][:47] + bytes([chance.randrange(5)])
    for file, content in list(files.items()):
        if chance.random() < 0.2:
            files[file] = spoilt_content(content, chance)
    memory = bytearray(chance.choice((b"\xff" * 256, bytes(256))))
    for file, content in files.items() if chance.random() < 0.9 else ():
        memory[sle4442.PLACES[file] : sle4442.PLACES[file] + len(content)] = content
    own = MODULE.access_code("sle4442", SERIAL, 3)
    half_made = [own[:count] + FACTORY[count:] for count in range(3)]
    code = chance.choice((own, *half_made, chance.randbytes(3)))
    counter = chance.choice((0x07, 0x07, 0x07, chance.randrange(8)))
    return Chip(bytes(memory[: sle4442.MEMORY_BYTES]), counter, code)


def is_ours(chip: Chip) -> bool:
    """Whether its unfinished identity carries our MAC and tells which byte of its code changed."""
    identity = chip.content[0][32:80]
    message = mac_input(layout.IDENTITY, identity[:39], identity[2:4])
    mac = MODULE.content_mac("sle4442", identity[4:12].hex(), message)
    return 1 <= identity[47] <= 3 and mac == identity[39:47]


def ask(chip: Chip, chance: random.Random) -> None:
    """One thing that a till does with a card; a refusal is as good as any answer."""
    with contextlib.suppress(CardFault, BadInput):
        driver = Sle4442Driver(chip, 0.1, chance.choice((MODULE, MODULE, None)))
        image = chance.choice((driver.read, driver.inspect))()
        _write(driver, image, chance)


def _write(driver: Sle4442Driver, image: CardImage, chance: random.Random) -> None:
    family, person = sle4442.FAMILY, Person(f"{chance.randrange(2**64):016x}", CUSTOMER, METER, 1)
    state = family.state(image)
    if SHOP.is_unmade(image):
        writes = SHOP.make(image, person, Purchase(), sealed=driver.module is not None)
        driver.personalise(image.serial, writes)
    elif not isinstance(state, Refusal):
        planned = family.purchase(state, image, 12_300, 20_00, "EUR", "sale")
        if not isinstance(planned, Refusal):
            driver.write(image.serial, planned[0])


def run(runs: int, seed: int) -> dict[str, int]:
    """`runs` chips, each asked once; how many tries they had before and after."""
    chance, seen = random.Random(seed), dict[str, int]()
    for _ in range(runs):
        chip = a_chip(chance)
        before, ours = chip.tries_left, is_ours(chip)
        counter = chip.content[1][0]
        ask(chip, chance)
        most = {0x07: 2, 0x03: 1, 0x05: 1, 0x06: 1} if ours else {0x07: 1}
        assert chip.presented <= most.get(counter, 0), chip.content
        assert chip.tries_left >= min(before, 1 if ours else 2), chip.content
        told = f"{before} tries, {chip.presented} presented, {chip.tries_left} left"
        seen[told] = seen.get(told, 0) + 1
    return seen
