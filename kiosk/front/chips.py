"""The chips of a rehearsal as they are delivered: blank by their maker, or a tool card by the
utility; and which chip in the rack is a registered card.

Keys are the published test keys, made out where the keys are, whatever module this hall sells with.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.card.sim import CardRack
from drivers.vending.card_keys import (
    PUBLISHED_MASTER,
    SoftwareCardModule,
    card_key,
    triple_des_key,
)
from kiosk.domain.cards import account_area, at24, families, mifare, sle4442, state_grid
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.state_grid_shop import SHOP as STATE_GRID
from kiosk.domain.cards.work import Person
from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS
from kiosk.errors import BadInput, Refusal

#: The tool cards of State Grid, the utility's own key card included.
TOOL_CARDS = (*sorted(STATE_GRID.tools), "key-update")
#: Cards that belong to no customer of this utility.
NOBODYS = ("foreign", "damaged")

_KEY_UPDATE, _KEY_BYTES = 0x02, 32

_MIFARE_ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
_MIFARE_ACCESS_BITS = bytes.fromhex("FF078069")
_FACTORY_KEY = b"\xff" * 6
_FACTORY_GUARD = b"\x07\xff\xff\xff"


def serial_for(family: str, serial: str) -> str:
    """`serial` as a chip of the family can have it: a MIFARE Classic has four bytes of it."""
    return serial[-8:].rjust(16, "0") if family == mifare.FAMILY.name else serial


def make_blank(rack: CardRack, family: str, serial: str, *, keyed: bool) -> None:
    """A blank as its maker sells it; `keyed` where sellers prove themselves: it has its key then.

    BadInput for a family that there is not, and for a serial that is taken.
    """
    name = families.family(family).name
    if name == sle4442.FAMILY.name:
        atr = next(iter(sle4442.ANSWERS_TO_RESET))
        rack.make(serial, {0: b"\xff" * 256, 1: _FACTORY_GUARD}, chip=name, atr=atr)
    elif name == at24.FAMILY.name:
        rack.make(serial, {0: b"\xff" * 256}, chip=name, atr=b"\x3b\x00")
    elif name == mifare.FAMILY.name:
        rack.make(serial, {0: _mifare_memory(serial, keyed)}, chip=name, atr=_MIFARE_ATR)
    elif name == state_grid.FAMILY.name:
        _make_state_grid(rack, serial, _empty(state_grid.FAMILY.lengths))
    else:
        _make_open(rack, serial, keyed)


def _empty(lengths: Mapping[int, int]) -> dict[int, bytes]:
    return {file: bytes(length) for file, length in lengths.items()}


def _make_open(rack: CardRack, serial: str, keyed: bool) -> None:
    files = _empty(layout.FILES)
    if not keyed:
        rack.make(serial, files)
        return
    files[account_area.SECOND_SLOT] = bytes(account_area.SLOT_BYTES)
    rack.make(serial, files, chip="keyed", key=card_key(PUBLISHED_MASTER, 2, serial))


def _mifare_memory(serial: str, keyed: bool) -> bytes:
    """Delivered with the sector keys of the utility, where it has keys."""
    key = SoftwareCardModule().access_code(mifare.FAMILY.name, serial, 6) if keyed else _FACTORY_KEY
    memory = bytearray(1024)
    for sector in range(16):
        memory[sector * 64 + 48 : sector * 64 + 64] = key + _MIFARE_ACCESS_BITS + key
    return bytes(memory)


def _make_state_grid(rack: CardRack, serial: str, files: Mapping[int, bytes]) -> None:
    key = triple_des_key(PUBLISHED_MASTER, bytes.fromhex(serial))
    rack.make(serial, files, historical=b"SGCC", chip=state_grid.FAMILY.name, key=key)


def make_tool(rack: CardRack, tool: str, meter: str, serial: str) -> None:
    """A State Grid tool card that the utility made, for `meter`. BadInput for another tool."""
    if tool not in TOOL_CARDS:
        raise BadInput(f"{tool}: the tool cards of State Grid are {', '.join(TOOL_CARDS)}.")
    blank = CardImage(STATE_GRID.name, serial, _empty(state_grid.FAMILY.lengths))
    if tool == "key-update":
        frame = state_grid.FAMILY.profile.frame(_KEY_UPDATE, bytes(_KEY_BYTES))
        first = frame.ljust(state_grid.FAMILY.lengths[state_grid.PARAMETERS], b"\0")
        files = {**blank.files, state_grid.PARAMETERS: first}
    else:
        person = Person(serial, "0" * CARD_DIGITS, meter, 1)
        writes = STATE_GRID.tool(blank, tool, person, {}, sealed=True)
        assert not isinstance(writes, Refusal), tool
        for write in writes:
            blank = blank.with_write(write)
        files = blank.files
    _make_state_grid(rack, serial, files)


def make_nobodys(rack: CardRack, kind: str, serial: str) -> None:
    """A bank's card, or one of ours whose purchase nobody can read."""
    assert kind in NOBODYS, kind
    if kind == "foreign":
        rack.make(serial, {1: bytes(32)}, application="a000000003", historical=b"BANK")
        return
    files = layout.make(serial, "0" * CARD_DIGITS, "0" * METER_DIGITS)
    unknown = b"\x7f" + files[layout.PURCHASE][1:]
    rack.make(serial, files | {layout.PURCHASE: unknown})


def chip_of(rack: CardRack, serial: str) -> str:
    """The name in the rack of the chip that carries `serial`: chips without one of their own have
    what was written into their identity. The serial itself where no chip carries it."""
    names = rack.serials()
    if serial in names:
        return serial
    return next((name for name in names if _written_serial(rack, name) == serial), serial)


def _written_serial(rack: CardRack, name: str) -> str:
    chip = rack.card(name)
    try:
        places = {"sle4442": sle4442.PLACES, "at24": at24.PLACES}.get(chip.header.chip)
        if places is None:
            return ""
        start = places[layout.IDENTITY] + 4
        return chip.files()[0][start : start + 8].hex()
    finally:
        chip.close()
