"""AT24C02 and its like through an ACS reader: I2C memories, read and written page by page."""

from __future__ import annotations

from drivers.card.memory import MemoryCardDriver
from kiosk.domain.cards import at24
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import PlainWrite

_SELECT_TYPE = bytes.fromhex("FFA400000101")
#: Pages of 8 bytes, the smallest: right for every chip of the series.
_SELECT_PAGE = bytes.fromhex("FF0100000103")
_PAGE_BYTES = 8


class At24Driver(MemoryCardDriver):
    """There is nothing to unlock."""

    family = at24.FAMILY.name

    def _begin(self) -> None:
        self.line.tell(_SELECT_TYPE, "is of another type")
        self.line.tell(_SELECT_PAGE, "is of another type")

    def _read_file(self, file: int) -> bytes:
        length = layout.FILES[file]
        command = bytes([0xFF, 0xB0, 0x00, at24.PLACES[file], length])
        return self.line.ask(command, length, f"does not show file {file}")

    def _unlock(self, serial: str) -> None:
        pass

    def _write(self, write: PlainWrite) -> None:
        """A write that goes over the end of a page would go on at its beginning."""
        address, data = at24.PLACES[write.file] + write.address, write.data
        while data:
            room = _PAGE_BYTES - address % _PAGE_BYTES
            part, data = data[:room], data[room:]
            header = bytes([0xFF, 0xD0, 0x00, address, len(part)])
            self.line.tell(header + part, f"does not take file {write.file}")
            address += len(part)
