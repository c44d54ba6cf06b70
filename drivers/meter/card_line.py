"""The meter's side of the card contacts: ISO 7816-4 for the open layout (docs/cards.md)."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.errors import CardFault

#: One command in, the answer out: data and the two status bytes. Raises CardFault.
Transmit = Callable[[bytes], bytes]

_APPLICATION = bytes.fromhex("F04B494F534B01")
_METER_KEY = 2
_CHALLENGE_BYTES = 8
_DONE = b"\x90\x00"
_MORE, _OTHER_LENGTH = 0x61, 0x6C

#: Parts in which one answer may come; a card that always has more to say is broken.
_LARGEST_PARTS = 8


class CardLine:
    """Select, read and write on the card behind `transmit`; CardFault for any other status."""

    #: Whether the card and the meter can prove themselves to each other before anything is read.
    proves_itself = True

    def __init__(self, transmit: Transmit) -> None:
        self.transmit = transmit

    def select(self) -> None:
        """Choose the application of the open layout; what the card says of it is not needed."""
        self.exchange(bytes((0x00, 0xA4, 0x04, 0x00, len(_APPLICATION))) + _APPLICATION)

    def read(self, file: int, length: int) -> bytes:
        """The first `length` bytes of the file with short identifier `file`."""
        content = self.exchange(bytes((0x00, 0xB0, 0x80 + file, 0x00, length)))
        if len(content) != length:
            raise CardFault(f"File {file}: {len(content)} bytes came instead of {length}.")
        return content

    def write(self, file: int, offset: int, data: bytes) -> None:
        """Put `data` at `offset` of the file with short identifier `file`."""
        self.exchange(bytes((0x00, 0xD6, 0x80 + file, offset, len(data))) + data)

    def prove_card(self, challenge: bytes) -> bytes:
        """INTERNAL AUTHENTICATE: the card's answer to `challenge`."""
        return self.exchange(bytes((0x00, 0x88, 0x00, _METER_KEY, len(challenge))) + challenge)

    def prove_meter(self, answer_to: Callable[[bytes], bytes]) -> None:
        """EXTERNAL AUTHENTICATE with the meter's key over a challenge that the card gives."""
        challenge = self.exchange(bytes((0x00, 0x84, 0x00, 0x00, _CHALLENGE_BYTES)))
        answer = answer_to(challenge)
        self.exchange(bytes((0x00, 0x82, 0x00, _METER_KEY, len(answer))) + answer)

    def exchange(self, command: bytes) -> bytes:
        """The answer to `command`: fetched in parts (61xx), asked again by length (6Cxx)."""
        answer = b""
        for _ in range(_LARGEST_PARTS):
            data, status = self._once(command)
            answer += data
            if status == _DONE:
                return answer
            if status[0] == _MORE:
                command = bytes((0x00, 0xC0, 0x00, 0x00, status[1]))
            elif status[0] == _OTHER_LENGTH:
                command = command[:4] + status[1:]
            else:
                break
        raise CardFault(f"The card answered {status.hex().upper()} to {command[:4].hex().upper()}.")

    def _once(self, command: bytes) -> tuple[bytes, bytes]:
        answer = self.transmit(command)
        if len(answer) < 2:
            raise CardFault(f"The card answered {len(answer)} bytes: no status.")
        return answer[:-2], answer[-2:]
