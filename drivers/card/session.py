"""What a card driver needs: a session with one card, the transport that opens it, and the keys.

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


class SecurityModule(Protocol):
    """Holds the keys of cards, diversified by the serial of each chip, and never shows one.

    A PSAM in the reader's second slot, an HSM behind the line, or test keys in software. Raises
    VendorFault when it does not answer and BadInput when it has no key for the family.
    """

    @property
    def name(self) -> str:
        """What it is called in the journal."""

    def answer_to_card(self, family: str, serial: str, challenge: bytes) -> bytes:
        """8 bytes that prove to the card that we may write (EXTERNAL AUTHENTICATE)."""

    def is_genuine(self, family: str, serial: str, challenge: bytes, answer: bytes) -> bool:
        """Whether only a card of ours could have answered so (INTERNAL AUTHENTICATE)."""

    def content_mac(self, family: str, serial: str, content: bytes) -> bytes:
        """8 bytes over what is stored on the card."""

    def command_mac(self, family: str, serial: str, challenge: bytes, command: bytes) -> bytes:
        """4 bytes over one command, bound to the card's challenge (secure messaging)."""

    def access_code(self, family: str, serial: str, length: int) -> bytes:
        """The secret code (PSC) or sector key of a memory card."""
