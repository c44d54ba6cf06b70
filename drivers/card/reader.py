"""The port CardReader on any transport: a session a call, and the driver of the card's family."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from drivers.card.open import OpenCardDriver
from drivers.card.session import CardTransport
from kiosk.domain.cards.image import CardImage, PlainWrite


class ReaderOnSession:
    """A CardReader; `timeout_s` is the limit for one command to the card.

    Every read and write opens a session of its own, so what it sees is the card as it is now and
    nothing that a reader remembers.
    """

    def __init__(self, transport: CardTransport, timeout_s: float = 2.0) -> None:
        self.name = transport.name
        self.transport, self.timeout_s = transport, timeout_s

    def present(self) -> bool:
        """Whether a card is in the reader now. Raises ServiceLost."""
        return self.transport.present()

    def insertions(self) -> int:
        """Grows with every insertion. Raises ServiceLost."""
        return self.transport.insertions()

    def read(self) -> CardImage:
        """The whole image of the card; CardRemoved when there is none."""
        with closing(self.transport.connect()) as session:
            return OpenCardDriver(session, self.timeout_s).read()

    def write(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make `writes` in their order on the card with `serial`."""
        with closing(self.transport.connect()) as session:
            OpenCardDriver(session, self.timeout_s).write(serial, writes)
