"""Memory cards that carry the open layout: what SLE 4442, AT24 and MIFARE Classic have in common.

The reader's firmware speaks to such a chip; we send the reader pseudo-commands of class FF. A chip
of this kind cannot be made to write several bytes at once, so the order of the writes is all that
stands between a pulled card and a wrong one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from drivers.card import personal
from drivers.card.commands import Line
from drivers.card.sealing import check_macs, seal_writes
from drivers.card.session import CardSession
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import BadInput, CardUnusable
from kiosk.marks import mark
from kiosk.ports import SecurityModule


class MemoryCardDriver(ABC):
    """Reads and writes the card of one session; `timeout_s` is the limit for one command."""

    family = ""

    def __init__(
        self, session: CardSession, timeout_s: float = 2.0, module: SecurityModule | None = None
    ) -> None:
        self.line, self.module = Line(session, timeout_s), module

    def read(self) -> CardImage:
        """Every file of the card, read once. Raises CardFault; CardUnusable says what is wrong."""
        self._begin()
        files = {file: self._read_file(file) for file in layout.FILES}
        if set(files[layout.IDENTITY]) in ({0x00}, {0xFF}):
            raise CardUnusable("The card is blank: nobody was made out on it yet.", "blank")
        return check_macs(self.module, CardImage(self.family, self._serial(files), files))

    def write(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make `writes` in their order on the card with `serial`, and on no other (E02).

        BadInput before the first write if one of them is not in the whitelist of the layout.
        """
        for write in writes:
            if not layout.allowed(write):
                raise BadInput(f"A seller may not write into card file {write.file} there.")
        self._begin()
        identity = self._read_file(layout.IDENTITY)
        if self._serial({layout.IDENTITY: identity}) != serial:
            raise CardUnusable("Another card is in the reader; nothing was written.", "other_card")
        sealed = seal_writes(self.module, self.family, serial, identity[2:4], writes)
        self._unlock(serial)
        for write in sealed:
            self._write(write)
            mark("card.after_each_write")

    def inspect(self) -> CardImage:
        """Every file as it is; nothing is judged."""
        self._begin()
        files = {file: self._read_file(file) for file in layout.FILES}
        return CardImage(self.family, self._serial(files), files)

    def personalise(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make the `writes` of a work; see kiosk.ports.CardReader.personalise.

        A card that is made out gets the access code of its new serial before its last byte, so that
        a finished one always has it.
        """
        personal.check(self.family, writes)
        self._begin()
        identity = self._read_file(layout.IDENTITY)
        if self._serial({layout.IDENTITY: identity}) != serial:
            raise CardUnusable("Another card is in the reader; nothing was written.", "other_card")
        personal.check_identity(identity, writes)
        made_out = personal.serial_made(writes)
        owner = self._owner(serial, made_out)
        sealed = personal.seal_work(self.module, self.family, owner, identity, writes)
        self._unlock_unmade(owner, identity)
        for place, write in enumerate(sealed, 1):
            if made_out and place == len(sealed):
                self._change_code(owner)
            self._write(write)
            mark("card.after_each_write")

    def _owner(self, serial: str, made_out: str) -> str:
        """Whose keys seal the card: those of the serial that it has afterwards."""
        return made_out or serial

    def _unlock_unmade(self, serial: str, identity: bytes) -> None:
        """Make the chip writable, whether it was made out before or not."""
        assert identity
        self._unlock(serial)

    def _change_code(self, serial: str) -> None:  # noqa: B027 - most chips have none
        """Give the chip the access code of `serial`, where it has one that may be changed."""

    def _serial(self, files: dict[int, bytes]) -> str:
        """A chip without a serial of its own has the one that was written into it."""
        return files[layout.IDENTITY][4:12].hex()

    @abstractmethod
    def _begin(self) -> None:
        """Tell the reader which chip is in."""

    @abstractmethod
    def _read_file(self, file: int) -> bytes:
        """One file, wherever the chip keeps it."""

    @abstractmethod
    def _unlock(self, serial: str) -> None:
        """Make the chip writable."""

    @abstractmethod
    def _write(self, write: PlainWrite) -> None:
        """Make one write."""
