"""A chip of every family, made out to one customer, and the meter that takes its purchase.

The meters follow docs/cards.md and the table of the State Grid family and nothing else: they see
the chip's bytes, compute every MAC themselves and share no code with the vending side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from drivers.card import sealing
from drivers.card.sim import CardRack
from drivers.vending.card_keys import (
    PUBLISHED_MASTER,
    SoftwareCardModule,
    card_key,
    triple_des_key,
)
from kiosk.domain.cards import at24, mifare, sle4442, state_grid
from kiosk.domain.cards import open as layout
from kiosk.front import chips

CUSTOMER, METER = "100000000016", "07000000005"
MODULE = SoftwareCardModule()

Files = dict[int, bytes]


class Kind(msgspec.Struct, frozen=True):
    """A card family on one chip. `put` and `get` are the meter's hands on the chip's bytes."""

    name: str
    family: str
    currency: str
    make: Callable[[CardRack, str], None]
    get: Callable[[CardRack, str], Files]
    put: Callable[[CardRack, str, Files], None]
    meter: Callable[[], Meter]
    serial: str = "00112233445566aa"
    with_keys: bool = True


class Meter(Protocol):
    """What a meter makes of the files of a card: the unit is Wh, or 0.01 yuan where it has the
    tariff."""

    credited: int

    def take(self, files: Files, serial: str) -> Files:
        """The files afterwards."""


# --- meters -----------------------------------------------------------------------------------


class OpenMeter:
    """The table "Meter" of docs/cards.md; `sealed`: the profile with keys."""

    def __init__(self, family: str, sealed: bool) -> None:
        self.family, self.sealed = family, sealed
        self.last = self.credited = 0

    def take(self, files: Files, serial: str) -> Files:
        identity, bought = files[1], files[2]
        if identity[47] != 0xA5 or identity[18:24].hex() != METER.rjust(12, "0"):
            return files
        if bought[39] != 0xA5 or not self._genuine(identity, bought, serial):
            return files
        number = int.from_bytes(bought[1:5], "big")
        if number == self.last + 1:
            self.last, result = number, 1
            self.credited += int.from_bytes(bought[5:10], "big")
        else:
            result = 2 if number == self.last else 3 if number < self.last else 4
        content = (
            b"\1"
            + self.last.to_bytes(4, "big")
            + self.credited.to_bytes(5, "big")
            + bytes(5)
            + bytes([result])
            + bytes.fromhex(METER.rjust(12, "0"))
            + bytes(9)
        )
        mac = self._mac(serial, b"\3" + content) if self.sealed else bytes(8)
        return {**files, 3: content + mac + b"\xa5"}

    def _genuine(self, identity: bytes, bought: bytes, serial: str) -> bool:
        if not self.sealed:
            return identity[39:47] == bytes(8) == bought[31:39]
        return (
            self._mac(serial, b"\1" + identity[:39]) == identity[39:47]
            and self._mac(serial, b"\2" + bought[:31] + identity[2:4]) == bought[31:39]
        )

    def _mac(self, serial: str, message: bytes) -> bytes:
        key = CMAC(AES(bytes.fromhex("404142434445464748494A4B4C4D4E4F")))
        key.update(b"\1" + bytes.fromhex(serial))
        made = CMAC(AES(key.finalize()))
        made.update(message)
        return made.finalize()[:8]


class GridMeter:
    """The table of purchase counts in hardware-facts 3.4, and the order of its checks."""

    def __init__(self) -> None:
        self.count = self.credited = 0
        self.opened = False
        self.error = 0

    def take(self, files: Files, serial: str) -> Files:
        first, wallet, back = files[1], files[2], files[5]
        summed = sum(first[1:43]) % 256
        if first[0] != 0x68 or first[1:4] != b"\1\0\x27" or first[43:] != bytes([summed, 0x16]):
            return self._fails(14, files)
        if first[30:36].hex() != METER.rjust(12, "0"):
            return self._fails(11, files)
        if first[42] == 2 and not self.opened:
            return self._fails(15, files)
        count = int.from_bytes(wallet[4:], "big")
        if count == self.count + 1 and set(back) not in ({0}, {0xFF}):
            self.error = 18
        elif count == self.count + 1:
            self.count, self.opened = count, True
            self.credited += int.from_bytes(wallet[:4], "big")
        elif count > self.count + 1:
            self.error = 17
        return {**files, 5: self._written_back(first)}

    def _fails(self, error: int, files: Files) -> Files:
        self.error = error
        return files

    def _written_back(self, first: bytes) -> bytes:
        numbers = self.credited.to_bytes(4, "big") + self.count.to_bytes(4, "big") + bytes(4)
        data = b"\1" + first[24:30] + first[30:42] + numbers + bytes(4) + bytes(3) + bytes(5)
        summed = b"\x11\0\x2b" + data
        return b"\x68" + summed + bytes([sum(summed) % 256, 0x16])


# --- chips ------------------------------------------------------------------------------------


def _open_files(family: str, serial: str, sealed: bool) -> Files:
    files = layout.make(serial, CUSTOMER, METER)
    return sealing.seal_files(MODULE, family, serial, files) if sealed else files


def _make_open(rack: CardRack, serial: str) -> None:
    rack.make(serial, _open_files("open", serial, False))


def _make_keyed(rack: CardRack, serial: str) -> None:
    key = card_key(PUBLISHED_MASTER, 2, serial)
    rack.make(serial, _open_files("open", serial, True), chip="keyed", key=key)


def _make_grid(rack: CardRack, serial: str) -> None:
    files = state_grid.FAMILY.make(CUSTOMER, METER)
    key = triple_des_key(PUBLISHED_MASTER, bytes.fromhex(serial))
    rack.make(serial, files, historical=b"SGCC", chip="state-grid", key=key)


def _plain_get(rack: CardRack, serial: str) -> Files:
    return rack.files(serial)


def _plain_put(rack: CardRack, serial: str, files: Files) -> None:
    _store(rack, serial, files)


def _store(rack: CardRack, serial: str, files: Files) -> None:
    chip = rack.card(serial)
    try:
        for file, content in files.items():
            chip.store(file, 0, content)
    finally:
        chip.close()


class Places:
    """The open layout in the memory of a chip: file and offset to address."""

    def __init__(self, chip: str, size: int, address: Callable[[int, int], int]) -> None:
        self.chip, self.size, self.address = chip, size, address

    def lay(self, memory: bytearray, files: Files) -> bytes:
        for file, content in files.items():
            for offset, byte in enumerate(content):
                memory[self.address(file, offset)] = byte
        return bytes(memory)

    def get(self, rack: CardRack, serial: str) -> Files:
        memory = rack.files(serial)[0]
        return {
            file: bytes(memory[self.address(file, offset)] for offset in range(length))
            for file, length in layout.FILES.items()
        }

    def put(self, rack: CardRack, serial: str, files: Files) -> None:
        _store(rack, serial, {0: self.lay(bytearray(rack.files(serial)[0]), files)})


def _mifare_address(file: int, offset: int) -> int:
    if offset == 39 and file in mifare.VALIDITY_BLOCKS:
        return mifare.VALIDITY_BLOCKS[file] * 16
    return mifare.BLOCKS[file][offset // 16] * 16 + offset % 16


SLE4442 = Places("sle4442", 256, lambda file, offset: sle4442.PLACES[file] + offset)
AT24 = Places("at24", 256, lambda file, offset: at24.PLACES[file] + offset)
MIFARE = Places("mifare", 1024, _mifare_address)


def _make_sle4442(rack: CardRack, serial: str) -> None:
    code = MODULE.access_code("sle4442", serial, 3)
    memory = SLE4442.lay(bytearray(b"\xff" * 256), _open_files("sle4442", serial, True))
    atr = bytes.fromhex("3B04A2131091")
    rack.make(serial, {0: memory, 1: b"\x07" + code}, chip="sle4442", atr=atr)


def _make_at24(rack: CardRack, serial: str) -> None:
    memory = AT24.lay(bytearray(b"\xff" * 256), _open_files("at24", serial, True))
    rack.make(serial, {0: memory}, chip="at24", atr=b"\x3b\x00")


def _make_mifare(rack: CardRack, serial: str) -> None:
    memory = MIFARE.lay(bytearray(1024), _open_files("mifare", serial, True))
    key = MODULE.access_code("mifare", serial, 6)
    content = bytearray(memory)
    for sector in range(16):
        trailer = key + bytes.fromhex("FF078069") + key
        content[sector * 64 + 48 : sector * 64 + 64] = trailer
    atr = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
    rack.make(serial, {0: bytes(content)}, chip="mifare", atr=atr)


KINDS = [
    Kind("open", "open", "EUR", _make_open, _plain_get, _plain_put,
         lambda: OpenMeter("open", False), with_keys=False),
    Kind("open with keys", "open", "EUR", _make_keyed, _plain_get, _plain_put,
         lambda: OpenMeter("open", True)),
    Kind("sle4442", "sle4442", "EUR", _make_sle4442, SLE4442.get, SLE4442.put,
         lambda: OpenMeter("sle4442", True)),
    Kind("at24", "at24", "EUR", _make_at24, AT24.get, AT24.put, lambda: OpenMeter("at24", True)),
    Kind("mifare", "mifare", "EUR", _make_mifare, MIFARE.get, MIFARE.put,
         lambda: OpenMeter("mifare", True), serial="0000000045566778"),
    Kind("state-grid", "state-grid", "CNY", _make_grid, _plain_get, _plain_put, GridMeter),
]  # fmt: skip


# --- blanks -----------------------------------------------------------------------------------


def _blank_open(rack: CardRack, serial: str) -> None:
    rack.make(serial, {file: bytes(length) for file, length in layout.FILES.items()})


def _blank_keyed(rack: CardRack, serial: str) -> None:
    key = card_key(PUBLISHED_MASTER, 2, serial)
    files = {file: bytes(length) for file, length in layout.FILES.items()}
    rack.make(serial, files, chip="keyed", key=key)


def _blank_of(family: str) -> Callable[[CardRack, str], None]:
    return lambda rack, serial: chips.make_blank(rack, family, serial, keyed=True)


BLANKS: dict[str, Callable[[CardRack, str], None]] = {
    "open": _blank_open,
    "open with keys": _blank_keyed,
    **{family: _blank_of(family) for family in ("sle4442", "at24", "mifare", "state-grid")},
}
