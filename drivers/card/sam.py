"""A security module in a reader slot (PSAM): the port SecurityModule over commands of our own.

The keys never leave the module; what goes over the wire is a serial, a message and the short result
(docs/cards.md, "The security module in a reader slot"). An HSM behind a line speaks the same
commands through a transport of its own.
"""

from __future__ import annotations

from contextlib import closing

from drivers.card.commands import FILE_NOT_FOUND, OK, Line
from drivers.card.session import CardTransport
from kiosk.errors import BadInput, CardFault, VendorFault

_APPLICATION = bytes.fromhex("F04B494F534B02")

#: How the module knows a family (P1).
FAMILY_NUMBERS = {"open": 1, "sle4442": 2, "at24": 3, "mifare": 4, "state-grid": 5}

#: What is asked of it (P2).
_TO_CARD, _FROM_CARD, _CONTENT, _COMMAND, _CODE = 1, 2, 3, 4, 5

_NOT_GENUINE = 0x6300
_NO_KEY = 0x6A88

_SERIAL_BYTES = 8
_LONGEST_MESSAGE = 255 - _SERIAL_BYTES


class SamModule:
    """The port SecurityModule on the module in the slot that `transport` opens.

    `timeout_s` is the limit for one command. A session is opened for each question, so a module
    that was taken out and put back answers again.
    """

    def __init__(self, transport: CardTransport, timeout_s: float = 2.0) -> None:
        self.name = f"sam in {transport.name}"
        self.transport, self.timeout_s = transport, timeout_s

    def answer_to_card(self, family: str, serial: str, challenge: bytes) -> bytes:
        """What EXTERNAL AUTHENTICATE sends."""
        return self._made(family, _TO_CARD, serial, challenge, 8)

    def is_genuine(self, family: str, serial: str, challenge: bytes, answer: bytes) -> bool:
        """Whether INTERNAL AUTHENTICATE was answered by a chip with our key."""
        if len(answer) != 8:
            return False
        _, status = self._ask(family, _FROM_CARD, serial, challenge + answer)
        if status not in (OK, _NOT_GENUINE):
            raise _trouble(self.name, status)
        return status == OK

    def content_mac(self, family: str, serial: str, content: bytes) -> bytes:
        """8 bytes over what is stored on the card."""
        return self._made(family, _CONTENT, serial, content, 8)

    def command_mac(self, family: str, serial: str, challenge: bytes, command: bytes) -> bytes:
        """4 bytes over one command, bound to the card's challenge."""
        message = bytes([len(challenge)]) + challenge + command
        return self._made(family, _COMMAND, serial, message, 4)

    def access_code(self, family: str, serial: str, length: int) -> bytes:
        """The secret code or sector key of a memory card."""
        return self._made(family, _CODE, serial, bytes([length]), length)

    def _made(self, family: str, what: int, serial: str, message: bytes, length: int) -> bytes:
        made, status = self._ask(family, what, serial, message)
        if status != OK or len(made) != length:
            raise _trouble(self.name, status)
        return made

    def _ask(self, family: str, what: int, serial: str, message: bytes) -> tuple[bytes, int]:
        """Data and status of one question; BadInput for a family without a key, VendorFault."""
        assert len(message) <= _LONGEST_MESSAGE, len(message)
        body = bytes.fromhex(serial) + message
        command = bytes([0x80, 0x10, FAMILY_NUMBERS.get(family, 0), what, len(body)]) + body
        try:
            with closing(self.transport.connect()) as session:
                line = Line(session, self.timeout_s)
                self._select(line)
                answer, status = line.exchange(command)
        except CardFault as fault:
            raise VendorFault(f"The security module ({self.name}) does not answer.") from fault
        if status == _NO_KEY:
            raise BadInput(f"The security module holds no key for cards of family {family}.")
        return answer, status

    def _select(self, line: Line) -> None:
        head = bytes([0x00, 0xA4, 0x04, 0x00, len(_APPLICATION)])
        _, status = line.exchange(head + _APPLICATION)
        if status == FILE_NOT_FOUND:
            raise BadInput(
                f"What sits in reader {self.transport.name} is no security module for cards."
            )
        if status != OK:
            raise _trouble(self.name, status)


def _trouble(name: str, status: int) -> VendorFault:
    return VendorFault(f"The security module ({name}) answered with status {status:04X}.")
