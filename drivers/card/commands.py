"""One command to a card and its whole answer, whatever the transmission protocol makes of it."""

from __future__ import annotations

from drivers.card.session import CardSession
from kiosk.errors import CardMute, CardUnusable

OK = 0x9000
FILE_NOT_FOUND = 0x6A82

#: A card that keeps on announcing more data is broken: no file needs more than two answers.
_MOST_ANSWERS = 8


class Line:
    """Commands to the card of one session; `timeout_s` is the limit for each."""

    def __init__(self, session: CardSession, timeout_s: float) -> None:
        self.session, self.timeout_s = session, timeout_s

    def exchange(self, command: bytes) -> tuple[bytes, int]:
        """Data and status; T=0 answers 6Cxx (ask again for xx) and 61xx (xx more) are followed.

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
        raise damaged("it announces data without end")

    def ask(self, command: bytes, length: int, trouble: str) -> bytes:
        """Exactly `length` bytes of data; CardUnusable with `trouble` for anything else."""
        data, status = self.exchange(command)
        expect_ok(status, trouble)
        if len(data) != length:
            raise damaged(f"{len(data)} bytes came instead of {length}")
        return data

    def tell(self, command: bytes, trouble: str) -> None:
        """A command without an answer; CardUnusable with `trouble` unless the card took it."""
        _, status = self.exchange(command)
        expect_ok(status, trouble)

    def _transmit(self, command: bytes) -> tuple[bytes, int]:
        answer = self.session.transmit(command, self.timeout_s)
        if len(answer) < 2:
            raise CardMute("The card gave no valid answer; take it out and look at the chip.")
        return answer[:-2], int.from_bytes(answer[-2:], "big")


def expect_ok(status: int, trouble: str) -> None:
    """CardUnusable unless the card said that all is well."""
    if status != OK:
        raise damaged(f"it {trouble} (status {status:04X})")


def damaged(trouble: str) -> CardUnusable:
    """The card answers, but not as a whole card would."""
    return CardUnusable(f"The card is damaged: {trouble}.", "damaged")
