"""What a card meter does with its key for cards: profile with keys of docs/cards.md, meter's side.

Written from that page alone: it shares no line with the module that seals cards for the seller. A
meter maker is given the master key by the utility and keeps it in the meter's own secure element.
"""

from __future__ import annotations

import hmac
import os

from drivers.meter.card_line import CardLine
from kiosk.errors import CardFault

_CONTENT, _AUTHENTICATION, _CODE = 1, 2, 3
_MAC_BYTES = 8


class CardSecrets:
    """The keys of one card, made of the meter's `master` key and the serial of the chip."""

    def __init__(self, master: bytes, serial: bytes) -> None:
        self._master, self._serial = master, serial

    def content_mac(self, content: bytes) -> bytes:
        """The 8 bytes that stand behind `content` on the card."""
        return _cmac(self._key(_CONTENT), content)[:_MAC_BYTES]

    def is_sealed(self, content: bytes, mac: bytes) -> bool:
        """Whether `mac` is the one of `content`."""
        return hmac.compare_digest(self.content_mac(content), mac)

    def access_code(self, length: int) -> bytes:
        """What opens the memory of this chip: the first bytes of its key for that purpose."""
        return self._key(_CODE)[:length]

    def authenticate(self, line: CardLine) -> bool:
        """Both prove themselves to each other; False when the card is not one of ours.

        Raises CardFault when the card does not answer or does not accept the meter.
        """
        key, challenge = self._key(_AUTHENTICATION), os.urandom(_MAC_BYTES)
        wanted = _cmac(key, b"I" + challenge + self._serial)[:_MAC_BYTES]
        try:
            answer = line.prove_card(challenge)
        except CardFault:
            return False
        if not hmac.compare_digest(wanted, answer):
            return False
        line.prove_meter(lambda given: _cmac(key, b"E" + given + self._serial)[:_MAC_BYTES])
        return True

    def _key(self, purpose: int) -> bytes:
        return _cmac(self._master, bytes((purpose,)) + self._serial)


def _cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC (RFC 4493)."""
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.cmac import CMAC

    made = CMAC(AES(key))
    made.update(message)
    return made.finalize()
