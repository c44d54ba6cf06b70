"""MIFARE Classic through a contactless reader (PC/SC part 3; ACR122, ACR1222, ACR1252 manuals)."""

from __future__ import annotations

from drivers.card.memory import MemoryCardDriver
from kiosk.domain.cards import mifare
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import PlainWrite
from kiosk.errors import CardUnusable

_GET_UID = bytes.fromhex("FFCA000000")
_KEY_SLOT = 0
_KEY_A = 0x60
_FACTORY_KEY = b"\xff" * 6
_SERIAL_BYTES = 8
_VALIDITY_AT = 39


class MifareDriver(MemoryCardDriver):
    """The sector key comes from the security module; without one it is the factory's."""

    family = mifare.FAMILY.name

    def _begin(self) -> None:
        uid, status = self.line.exchange(_GET_UID)
        if status != 0x9000 or not 4 <= len(uid) <= _SERIAL_BYTES:
            raise CardUnusable("The card does not tell its serial.", "foreign")
        self._uid = uid.rjust(_SERIAL_BYTES, b"\0").hex()
        self._sector = -1
        key = _FACTORY_KEY
        if self.module is not None:
            key = self.module.access_code(self.family, self._uid, len(key))
        self.line.tell(bytes([0xFF, 0x82, 0x00, _KEY_SLOT, len(key)]) + key, "has no key slot")

    def _serial(self, files: dict[int, bytes]) -> str:  # noqa: ARG002 - the chip has its own
        return self._uid

    def _unlock(self, serial: str) -> None:
        """Each sector is opened where it is used."""

    def _owner(self, serial: str, made_out: str) -> str:  # noqa: ARG002 - the UID stays
        return serial

    def _read_file(self, file: int) -> bytes:
        content = b"".join(self._read_block(block) for block in mifare.BLOCKS[file])
        content = content[: layout.FILES[file]]
        apart = mifare.VALIDITY_BLOCKS.get(file)
        if apart is None:
            return content
        return content[:_VALIDITY_AT] + self._read_block(apart)[:1]

    def _write(self, write: PlainWrite) -> None:
        """A block is written whole: what the write leaves alone is read first and put back."""
        apart = mifare.VALIDITY_BLOCKS.get(write.file)
        if apart is not None and write.address == _VALIDITY_AT:
            self._put(apart, 0, write.data)
            return
        data, place = write.data, write.address
        while data:
            index, offset = divmod(place, mifare.BLOCK_BYTES)
            part = data[: mifare.BLOCK_BYTES - offset]
            self._put(mifare.BLOCKS[write.file][index], offset, part)
            data, place = data[len(part) :], place + len(part)

    def _put(self, block: int, offset: int, part: bytes) -> None:
        content = bytearray(self._read_block(block))
        content[offset : offset + len(part)] = part
        assert block % 4 != 3, "a sector trailer is never written"
        command = bytes([0xFF, 0xD6, 0x00, block, mifare.BLOCK_BYTES])
        self.line.tell(command + bytes(content), f"does not take block {block}")

    def _read_block(self, block: int) -> bytes:
        self._authenticate(block)
        command = bytes([0xFF, 0xB0, 0x00, block, mifare.BLOCK_BYTES])
        return self.line.ask(command, mifare.BLOCK_BYTES, f"does not show block {block}")

    def _authenticate(self, block: int) -> None:
        """A key opens one sector, until another one is opened."""
        if block // 4 == self._sector:
            return
        command = bytes([0xFF, 0x86, 0x00, 0x00, 0x05, 0x01, 0x00, block, _KEY_A, _KEY_SLOT])
        _, status = self.line.exchange(command)
        if status != 0x9000:
            raise CardUnusable("The card does not open with the key of this utility.", "foreign")
        self._sector = block // 4
