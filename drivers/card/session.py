"""What a card driver needs: a session with one card and the transport that opens it.

A transport is a reader as a piece of hardware: PC/SC, or a slot of the simulated world. It turns
its own troubles into the CardFault classes of kiosk.errors and knows no card family.
"""

from __future__ import annotations

from typing import Protocol


class CardSession(Protocol):
    """The card that was in the reader when the session was opened, powered and alone with us."""

    @property
    def atr(self) -> bytes:
        """The answer to reset (ISO 7816-3)."""

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """The answer to one command: data and two status bytes, whatever the status says.

        Raises CardRemoved, CardReset, CardMute (also when `timeout_s` is over) or ServiceLost. An
        answer shorter than two bytes is handed on as it came.
        """

    def close(self) -> None:
        """Power the card down and let others have it; never raises."""


class CardTransport(Protocol):
    """One reader, as far as it does not matter which cards are put into it."""

    @property
    def name(self) -> str:
        """What the reader is called in the configuration."""

    def present(self) -> bool:
        """Whether a card is in the reader now. Raises ServiceLost."""

    def insertions(self) -> int:
        """Grows with every insertion. Raises ServiceLost."""

    def connect(self) -> CardSession:
        """Power the card. Raises CardRemoved when there is none, CardMute, ServiceLost."""
