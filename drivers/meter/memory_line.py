"""The meter's side of memory cards: the open layout in an SLE 4442, an AT24 or a MIFARE Classic.

Places, codes and commands are those of docs/cards.md ("The open layout on memory cards") and of the
reader's manual; the answer to reset tells which chip is in. Such a card cannot prove itself: what
stands on it is judged by its MACs alone.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from drivers.meter.card_line import CardLine, Transmit
from drivers.meter.card_secrets import CardSecrets
from kiosk.errors import CardFault

_VALIDITY_AT = 39
_SERIAL_BYTES = 8
_BLOCK_BYTES = 16
_IDENTITY = 1


def line_to(transmit: Transmit, atr: bytes, card_key: bytes) -> CardLine:
    """How to speak to the card that answered `atr` to reset; one that is not known is taken for a
    processor card, whose answer to the first command will tell. `card_key`: see CardMeterState."""
    if atr == bytes.fromhex("3B04A2131091"):
        return Sle4442Line(transmit, card_key)
    if atr == b"\x3b\x00":
        return At24Line(transmit, card_key)
    if atr[4:].startswith(bytes.fromhex("804F0CA0000003060300")):
        return MifareLine(transmit, card_key)
    return CardLine(transmit)


class MemoryLine(CardLine):
    """A chip that is only memory; the reader's pseudo-commands of class FF read and write it."""

    proves_itself = False

    def __init__(self, transmit: Transmit, card_key: bytes) -> None:
        super().__init__(transmit)
        self._card_key = card_key

    def code(self, serial: bytes, length: int) -> bytes:
        """The access code of the chip with `serial`: its own, or the factory's without keys."""
        if not self._card_key:
            return b"\xff" * length
        return CardSecrets(self._card_key, serial).access_code(length)

    def tell(self, command: str, data: bytes = b"") -> bytes:
        """A pseudo-command with `data` behind its length, or none."""
        return self.exchange(bytes.fromhex(command) + data)


class _FlatLine(MemoryLine):
    """The files lie one behind the other at fixed addresses."""

    places: ClassVar[dict[int, int]]

    def read(self, file: int, length: int) -> bytes:
        """See CardLine.read."""
        content = self.tell("FFB000", bytes((self.places[file], length)))
        if len(content) < length:
            raise CardFault(f"File {file}: {len(content)} bytes came instead of {length}.")
        return content[:length]

    def write(self, file: int, offset: int, data: bytes) -> None:
        """See CardLine.write."""
        address = self.places[file] + offset
        for part in self.parts(address, data):
            self.tell("FFD000", bytes((address, len(part))) + part)
            address += len(part)

    @abstractmethod
    def parts(self, address: int, data: bytes) -> list[bytes]:
        """`data` in the pieces that the chip takes at once."""


class Sle4442Line(_FlatLine):
    """The secret code is presented once, before the first byte that is written."""

    places: ClassVar[dict[int, int]] = {1: 32, 2: 80, 3: 120}

    def select(self) -> None:
        """Choose the type; the code has to be presented again after that."""
        self.tell("FFA400000106")
        self._open = False

    def parts(self, address: int, data: bytes) -> list[bytes]:  # noqa: ARG002 - any length is taken
        """The whole, once the chip is open."""
        if not self._open:
            self._present(self.code(self.read(_IDENTITY, 12)[4:], 3))
            self._open = True
        return [data]

    def _present(self, code: bytes) -> None:
        """A wrong code costs a try for good, so a counter that was run down is left alone."""
        if self.tell("FFB1000004")[:1] != b"\x07":
            raise CardFault("Somebody tried wrong codes on this card.")
        answer = self.transmit(bytes.fromhex("FF20000003") + code)
        if answer != b"\x90\x07":
            raise CardFault("The card does not take the secret code.")


class At24Line(_FlatLine):
    """Pages of 8 bytes: a write over the end of one would go on at its beginning."""

    places: ClassVar[dict[int, int]] = {1: 0, 2: 48, 3: 96}

    def select(self) -> None:
        """Choose the type and the size of a page."""
        self.tell("FFA400000101")
        self.tell("FF0100000103")

    def parts(self, address: int, data: bytes) -> list[bytes]:
        """As much as fits into each page."""
        first = 8 - address % 8
        rest = range(first, len(data), 8)
        return [part for part in (data[:first], *(data[at : at + 8] for at in rest)) if part]


#: File -> its blocks, and -> the block whose first byte is its validity.
_BLOCKS = {1: (4, 5, 6), 2: (8, 9, 10), 3: (12, 13, 14)}
_VALIDITY_BLOCKS = {2: 20, 3: 21}


class MifareLine(MemoryLine):
    """Blocks of 16 bytes behind a key; the validity bytes have blocks of their own."""

    def select(self) -> None:
        """Load the key of this very chip into the reader."""
        uid = self.tell("FFCA000000")
        self.tell("FF82000006", self.code(uid.rjust(_SERIAL_BYTES, b"\0"), 6))

    def read(self, file: int, length: int) -> bytes:
        """See CardLine.read."""
        content = b"".join(self._block(block) for block in _BLOCKS[file])[:length]
        apart = _VALIDITY_BLOCKS.get(file)
        return content if apart is None else content[:_VALIDITY_AT] + self._block(apart)[:1]

    def write(self, file: int, offset: int, data: bytes) -> None:
        """See CardLine.write; what else stands in a block is put back as it was."""
        if offset == _VALIDITY_AT:
            self._put(_VALIDITY_BLOCKS[file], 0, data)
            return
        while data:
            index, at = divmod(offset, _BLOCK_BYTES)
            part = data[: _BLOCK_BYTES - at]
            self._put(_BLOCKS[file][index], at, part)
            data, offset = data[len(part) :], offset + len(part)

    def _block(self, block: int) -> bytes:
        """One block, its sector opened first."""
        self.tell("FF860000050100", bytes((block, 0x60, 0x00)))
        return self.tell("FFB000", bytes((block, _BLOCK_BYTES)))

    def _put(self, block: int, at: int, part: bytes) -> None:
        content = bytearray(self._block(block))
        content[at : at + len(part)] = part
        self.tell("FFD600", bytes((block, _BLOCK_BYTES)) + content)
