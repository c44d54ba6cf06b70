"""The open layout on an ISO 7816-4 card (docs/cards.md): writes to commands, files to an image.

One driver serves one session. A status word never raises by itself: it is judged here, and what a
caller can do about it decides the class of the error.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.card.session import CardSession
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import BadInput, CardMute, CardUnusable
from kiosk.marks import mark

APPLICATION = bytes.fromhex("F04B494F534B01")

#: The historical bytes of a card of this layout begin with this; the chip serial follows.
HISTORICAL = b"KPH1"
SERIAL_LENGTH = 8

_OK = 0x9000
_FILE_NOT_FOUND = 0x6A82

#: A card that keeps on announcing more data is broken: no file needs more than two answers.
_MOST_ANSWERS = 8


class OpenCardDriver:
    """Reads and writes the card of one session.

    `timeout_s` is the limit for one command; `chunk` is the most data that one command may carry
    (a reader or chip with a small buffer needs less than the 64 that hold every file whole).
    """

    def __init__(self, session: CardSession, timeout_s: float = 2.0, chunk: int = 64) -> None:
        assert 1 <= chunk <= 255, chunk
        self.session, self.timeout_s, self.chunk = session, timeout_s, chunk

    def serial(self) -> str:
        """The chip serial of the answer to reset, in lower-case hex; CardUnusable if foreign."""
        historical = historical_bytes(self.session.atr)
        if not historical.startswith(HISTORICAL) or len(historical) != 4 + SERIAL_LENGTH:
            raise CardUnusable("This is not a card of the open layout.", "foreign")
        return historical[4:].hex()

    def read(self) -> CardImage:
        """Every file of the card, read once. Raises CardFault; CardUnusable says what is wrong."""
        serial = self.serial()
        self._select()
        files = {file: self._read_file(file, length) for file, length in layout.FILES.items()}
        return CardImage(layout.FAMILY, serial, files)

    def write(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make `writes` in their order on the card with `serial`, and on no other (E02).

        BadInput before the first write if one of them is not in the whitelist of the layout.
        """
        for write in writes:
            if not layout.allowed(write):
                raise BadInput(
                    f"A seller may not write {len(write.data)} bytes at {write.address} of card "
                    f"file {write.file}; nothing was written."
                )
        if self.serial() != serial:
            raise CardUnusable("Another card is in the reader; nothing was written.", "other_card")
        self._select()
        for write in writes:
            self._update(write)
            mark("card.after_each_write")

    def _select(self) -> None:
        command = bytes([0x00, 0xA4, 0x04, 0x00, len(APPLICATION)]) + APPLICATION
        _, status = self._exchange(command)
        if status == _FILE_NOT_FOUND:
            raise CardUnusable("The card is blank: it has no application yet.", "blank")
        _expect_ok(status, "does not open its application")

    def _read_file(self, file: int, length: int) -> bytes:
        content = b""
        while len(content) < length:
            asked = min(self.chunk, length - len(content))
            data, status = self._exchange(bytes([0x00, 0xB0, 0x80 + file, len(content), asked]))
            _expect_ok(status, f"does not show file {file}")
            if len(data) != asked:
                raise _damaged(f"file {file} is {len(content) + len(data)} bytes long")
            content += data
        return content

    def _update(self, write: PlainWrite) -> None:
        for start in range(0, len(write.data), self.chunk):
            part = write.data[start : start + self.chunk]
            header = bytes([0x00, 0xD6, 0x80 + write.file, write.address + start, len(part)])
            _, status = self._exchange(header + part)
            _expect_ok(status, f"does not take file {write.file}")

    def _exchange(self, command: bytes) -> tuple[bytes, int]:
        """One command; T=0 answers 6Cxx (ask again for xx) and 61xx (xx more) are followed here.

        PC/SC hands both on as they are (ISO 7816-3, 10.3.3 and 10.3.4).
        """
        data, status = self._transmit(command)
        if status >> 8 == 0x6C and len(command) == 5:
            data, status = self._transmit(command[:4] + bytes([status & 0xFF]))
        for _ in range(_MOST_ANSWERS):
            if status >> 8 != 0x61:
                return data, status
            more, status = self._transmit(bytes([0x00, 0xC0, 0x00, 0x00, status & 0xFF]))
            data += more
        raise _damaged("it announces data without end")

    def _transmit(self, command: bytes) -> tuple[bytes, int]:
        answer = self.session.transmit(command, self.timeout_s)
        if len(answer) < 2:
            raise CardMute("The card gave no valid answer; take it out and look at the chip.")
        return answer[:-2], int.from_bytes(answer[-2:], "big")


def historical_bytes(atr: bytes) -> bytes:
    """The historical bytes of an answer to reset, or nothing if it is none (ISO 7816-3, 8.2).

    The upper half of T0 and of each TD says which interface bytes follow; the lower half of T0
    counts the historical bytes at the end.
    """
    if len(atr) < 2:
        return b""
    position, announced = 1, atr[1]
    while True:
        position += (announced >> 4).bit_count()
        if not announced & 0x80:
            break
        if position >= len(atr):
            return b""
        announced = atr[position]
    return atr[position + 1 : position + 1 + (atr[1] & 0x0F)]


def _expect_ok(status: int, trouble: str) -> None:
    if status != _OK:
        raise _damaged(f"it {trouble} (status {status:04X})")


def _damaged(trouble: str) -> CardUnusable:
    return CardUnusable(f"The card is damaged: {trouble}.", "damaged")
