"""Blank chips of the other families, as their makers deliver them to a utility."""

from __future__ import annotations

from collections.abc import Callable

from drivers.card.sim import CardRack
from drivers.vending.card_keys import PUBLISHED_MASTER, SoftwareCardModule, triple_des_key
from kiosk.domain.cards import state_grid

_SECTORS, _SECTOR_BYTES, _TRAILER_AT = 16, 64, 48
#: Key A, the access bits of the factory, key B.
_ACCESS_BITS = bytes.fromhex("FF078069")


def _memory(chip: str, atr: str, guard: bytes = b"") -> Callable[[CardRack, str], None]:
    def make(rack: CardRack, serial: str) -> None:
        files = {0: b"\xff" * 256} | ({1: guard} if guard else {})
        rack.make(serial, files, chip=chip, atr=bytes.fromhex(atr))

    return make


def _mifare(rack: CardRack, serial: str) -> None:
    """Delivered with the sector keys of the utility: a trailer is never written by us."""
    serial = "0" * 8 + serial[-8:]  # the number of such a chip has four bytes
    key = SoftwareCardModule().access_code("mifare", serial, 6)
    memory = bytearray(_SECTORS * _SECTOR_BYTES)
    for sector in range(_SECTORS):
        start = sector * _SECTOR_BYTES + _TRAILER_AT
        memory[start : start + 16] = key + _ACCESS_BITS + key
    atr = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
    rack.make(serial, {0: bytes(memory)}, chip="mifare", atr=atr)


def _state_grid(rack: CardRack, serial: str) -> None:
    files = {file: bytes(length) for file, length in state_grid.FAMILY.lengths.items()}
    key = triple_des_key(PUBLISHED_MASTER, bytes.fromhex(serial))
    rack.make(serial, files, historical=b"SGCC", chip="state-grid", key=key)


#: Family -> what puts a blank chip of it with this serial on a rack.
BLANKS: dict[str, Callable[[CardRack, str], None]] = {
    "sle4442": _memory("sle4442", "3B04A2131091", b"\x07\xff\xff\xff"),
    "at24": _memory("at24", "3B00"),
    "mifare": _mifare,
    "state-grid": _state_grid,
}


def make_blank(rack: CardRack, family: str, serial: str) -> str:
    """A blank chip of `family`; the serial under which the rack has it."""
    before = set(rack.serials())
    BLANKS[family](rack, serial)
    (made,) = set(rack.serials()) - before
    return made
