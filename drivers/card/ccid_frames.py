"""CCID messages in the frames of serial card readers: pure bytes, both directions.

A serial reader speaks the messages of USB readers (CCID 1.1, section 6) between STX and ETX with an
XOR of all bytes before ETX. It confirms each frame by a short one of four bytes before it works on
it, so a lost frame and a card that thinks are told apart.

    02  type length(4, little-endian) slot sequence three(3) data...  xor  03
    02  00 00  03      frame taken         02  xx xx  03      frame refused
"""

from __future__ import annotations

import msgspec

_STX, _ETX = 0x02, 0x03
_HEADER = 10
#: A short APDU has at most 5 + 255 + 1 bytes, an answer 256 + 2; a length beyond is noise.
LONGEST_DATA = 261

POWER_ON, POWER_OFF, SLOT_STATUS, TRANSFER = 0x62, 0x63, 0x65, 0x6F
DATA, STATUS = 0x80, 0x81
_KINDS = frozenset({POWER_ON, POWER_OFF, SLOT_STATUS, TRANSFER, DATA, STATUS})

#: How a card stands in a slot: two bits of an answer's status.
ACTIVE, INACTIVE, ABSENT = 0, 1, 2

#: What an answer says of its command: two more bits; `EXTENDED` asks for patience.
DONE, FAILED, EXTENDED = 0, 1, 2

#: The card did not answer; any other error is the reader's.
ICC_MUTE = 0xFE


class Message(msgspec.Struct, frozen=True):
    """One CCID message; `three` are the bytes whose meaning depends on the type."""

    kind: int
    sequence: int
    three: bytes = bytes(3)
    data: bytes = b""
    slot: int = 0

    @property
    def card(self) -> int:
        """How the card stands, in an answer: ACTIVE, INACTIVE or ABSENT."""
        return self.three[0] & 3

    @property
    def outcome(self) -> int:
        """What became of the command, in an answer: DONE, FAILED or EXTENDED."""
        return self.three[0] >> 6

    @property
    def error(self) -> int:
        """Why the command failed, in an answer."""
        return self.three[1]


class Receipt(msgspec.Struct, frozen=True):
    """The reader has a frame: `taken`, or refused with what it found wrong."""

    taken: bool


def answer_status(card: int, outcome: int = DONE, error: int = 0) -> bytes:
    """The three bytes of an answer."""
    return bytes([outcome << 6 | card, error, 0])


def frame(message: Message) -> bytes:
    """The bytes of one message on the line."""
    assert len(message.data) <= LONGEST_DATA and len(message.three) == 3
    body = bytes([message.kind]) + len(message.data).to_bytes(4, "little")
    body += bytes([message.slot, message.sequence]) + message.three + message.data
    return bytes([_STX]) + body + bytes([_xor(body), _ETX])


def receipt(*, taken: bool) -> bytes:
    """The bytes by which the reader confirms or refuses a frame."""
    return bytes([_STX, 0, 0, _ETX]) if taken else bytes([_STX, 0xFF, 0xFF, _ETX])


class Frames:
    """Finds messages in a stream, whatever the parts it comes in; noise is passed over.

    A receipt is told from a message by its second byte: no message has type 00 or FF. A frame that
    does not end as its length says is noise, and the search goes on behind its first byte.
    """

    def __init__(self) -> None:
        self._received = bytearray()

    def clear(self) -> None:
        """Forget what came so far."""
        self._received.clear()

    def feed(self, data: bytes) -> list[Message | Receipt]:
        """The whole messages that stand in the stream now."""
        self._received += data
        found: list[Message | Receipt] = []
        while True:
            del self._received[: _start(self._received)]
            taken = _whole(self._received)
            if taken is None:
                return found
            message, length = taken
            if message is not None:
                found.append(message)
            del self._received[:length]


def _start(received: bytearray) -> int:
    place = received.find(_STX)
    return len(received) if place < 0 else place


def _whole(received: bytearray) -> tuple[Message | Receipt | None, int] | None:
    """The message at the beginning and its length, (None, 1) for noise, None for too few bytes."""
    if len(received) < 4:
        return None
    if received[1] == received[2] and received[1] in (0, 0xFF) and received[3] == _ETX:
        return Receipt(taken=received[1] == 0), 4
    if len(received) < 1 + _HEADER + 2:
        return None
    length = int.from_bytes(received[2:6], "little")
    if length > LONGEST_DATA or received[1] not in _KINDS:
        return None, 1
    end = 1 + _HEADER + length
    if len(received) < end + 2:
        return None
    body = bytes(received[1:end])
    if received[end] != _xor(body) or received[end + 1] != _ETX:
        return None, 1
    message = Message(body[0], body[6], body[7:10], body[10:], body[5])
    return message, end + 2


def _xor(body: bytes) -> int:
    total = 0
    for byte in body:
        total ^= byte
    return total
