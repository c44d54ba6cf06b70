"""What every card family has in common: the image that was read and the writes that change it."""

from __future__ import annotations

import msgspec


class CardImage(msgspec.Struct, frozen=True):
    """All bytes of a card that the till may look at, as they were read: file number -> content.

    `family` names the layout ("open"), `serial` is the chip's own, in hex. The image taken before
    the first write is journalled with the sale and is what recovery compares with (E01-E03).
    """

    family: str
    serial: str
    files: dict[int, bytes]

    def with_write(self, write: PlainWrite) -> CardImage:
        """The image after `write`; used to know the after-image before a byte is written."""
        content = bytearray(self.files[write.file])
        assert 0 <= write.address and write.address + len(write.data) <= len(content), write
        content[write.address : write.address + len(write.data)] = write.data
        return CardImage(self.family, self.serial, {**self.files, write.file: bytes(content)})


class PlainWrite(msgspec.Struct, frozen=True):
    """One write: `data` at `address` of `file`; `sealed` ones carry a MAC made by the module."""

    file: int
    address: int
    data: bytes
    sealed: bool = False
