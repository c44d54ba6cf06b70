"""The port CardReader on any transport: a session a call, and the driver of the card's family."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Protocol

from drivers.card.at24 import At24Driver
from drivers.card.mifare import MifareDriver
from drivers.card.open import OpenCardDriver
from drivers.card.session import CardSession, CardTransport
from drivers.card.sle4442 import Sle4442Driver
from drivers.card.state_grid import StateGridDriver
from kiosk.domain.cards import at24, mifare, sle4442, state_grid
from kiosk.domain.cards.families import OPEN, family_of
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import CardUnusable
from kiosk.ports import SecurityModule


class CardDriver(Protocol):
    """Reads and writes the card of one session."""

    def read(self) -> CardImage:
        """See kiosk.ports.CardReader.read."""

    def write(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """See kiosk.ports.CardReader.write."""

    def inspect(self) -> CardImage:
        """See kiosk.ports.CardReader.inspect."""

    def personalise(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """See kiosk.ports.CardReader.personalise."""


def driver_for(
    session: CardSession, timeout_s: float, module: SecurityModule | None = None
) -> CardDriver:
    """The driver of the family that the card's answer to reset names; CardUnusable if foreign."""
    family = family_of(session.atr)
    if family is OPEN:
        return OpenCardDriver(session, timeout_s, module=module)
    if family is sle4442.FAMILY:
        return Sle4442Driver(session, timeout_s, module)
    if family is at24.FAMILY:
        return At24Driver(session, timeout_s, module)
    if family is mifare.FAMILY:
        return MifareDriver(session, timeout_s, module)
    # Without keys a State Grid card is as closed to us as any stranger's.
    if family is state_grid.FAMILY and module is not None:
        return StateGridDriver(session, timeout_s, module)
    raise CardUnusable("This is not a card for electricity.", "foreign")


class ReaderOnSession:
    """A CardReader; `timeout_s` is the limit for one command to the card.

    Every read and write opens a session of its own, so what it sees is the card as it is now and
    nothing that a reader remembers. `module` holds the keys of cards that have some.
    """

    def __init__(
        self,
        transport: CardTransport,
        timeout_s: float = 2.0,
        module: SecurityModule | None = None,
    ) -> None:
        self.name = transport.name
        self.transport, self.timeout_s, self.module = transport, timeout_s, module

    def present(self) -> bool:
        """Whether a card is in the reader now. Raises ServiceLost."""
        return self.transport.present()

    def insertions(self) -> int:
        """Grows with every insertion. Raises ServiceLost."""
        return self.transport.insertions()

    def read(self) -> CardImage:
        """The whole image of the card; CardRemoved when there is none."""
        with closing(self.transport.connect()) as session:
            return driver_for(session, self.timeout_s, self.module).read()

    def write(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make `writes` in their order on the card with `serial`."""
        with closing(self.transport.connect()) as session:
            driver_for(session, self.timeout_s, self.module).write(serial, writes)

    def inspect(self) -> CardImage:
        """The whole image of a card that need not be made out to anybody."""
        with closing(self.transport.connect()) as session:
            return driver_for(session, self.timeout_s, self.module).inspect()

    def personalise(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make `writes` of a work on the card with `serial`."""
        with closing(self.transport.connect()) as session:
            driver_for(session, self.timeout_s, self.module).personalise(serial, writes)

    def seals(self) -> bool:
        """Whether there are keys to make MACs with."""
        return self.module is not None
