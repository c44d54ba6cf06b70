"""A simulated security module for a reader slot: the chip that computes, command by command.

Written from docs/cards.md alone; it shares no code with the driver that asks it, nor with the
software module whose results it must match. `header.key` is the master key of all families.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.card.sim_card import SimulatedCard

_OK = bytes.fromhex("9000")
_NOT_GENUINE = bytes.fromhex("6300")
_WRONG_LENGTH = bytes.fromhex("6700")
_NOT_SELECTED = bytes.fromhex("6985")
_NO_KEY = bytes.fromhex("6A88")
_UNKNOWN = bytes.fromhex("6D00")

_SERIAL_BYTES = 8
_STATE_GRID = 5
_FAMILIES = range(1, 6)


class SamChip(SimulatedCard):
    """Answers 80 10 family what: serial and message in, the short result out."""

    def answer(self, apdu: bytes, written_bytes: int | None = None) -> bytes:
        """See SimulatedCard.answer."""
        if apdu[:2] != b"\x80\x10":
            return super().answer(apdu, written_bytes) if apdu[1:2] == b"\xa4" else _UNKNOWN
        if not self.selected:
            return _NOT_SELECTED
        body = apdu[5:]
        if len(body) < _SERIAL_BYTES or apdu[4] != len(body):
            return _WRONG_LENGTH
        if apdu[2] not in _FAMILIES:
            return _NO_KEY
        return self._compute(apdu[2], apdu[3], body[:_SERIAL_BYTES], body[_SERIAL_BYTES:])

    def _compute(self, family: int, what: int, serial: bytes, message: bytes) -> bytes:
        def to_card() -> bytes:
            return self._proof(family, serial, b"E", message) + _OK

        def from_card() -> bytes:
            wanted = self._proof(family, serial, b"I", message[:8])
            return _OK if message[8:] == wanted else _NOT_GENUINE

        verbs: dict[int, Callable[[], bytes]] = {
            1: to_card,
            2: from_card,
            3: lambda: _cmac(self._key(1, serial), message)[:8] + _OK,
            4: lambda: self._command_mac(serial, message) + _OK,
            5: lambda: self._key(3, serial)[: message[0]] + _OK,
        }
        return verbs.get(what, lambda: _UNKNOWN)()

    def _proof(self, family: int, serial: bytes, way: bytes, challenge: bytes) -> bytes:
        if family == _STATE_GRID:
            return _des(self._double_key(serial), challenge)
        return _cmac(self._key(2, serial), way + challenge + serial)[:8]

    def _key(self, purpose: int, serial: bytes) -> bytes:
        return _cmac(bytes.fromhex(self.header.key), bytes((purpose,)) + serial)

    def _double_key(self, serial: bytes) -> bytes:
        master = bytes.fromhex(self.header.key)
        return _des(master, serial) + _des(master, bytes(byte ^ 0xFF for byte in serial))

    def _command_mac(self, serial: bytes, message: bytes) -> bytes:
        """Retail MAC: single DES along the chain, both halves for its last block."""
        key, length = self._double_key(serial), message[0]
        state, command = message[1 : 1 + length].ljust(8, b"\0"), message[1 + length :]
        padded = command + b"\x80" + bytes(-(len(command) + 1) % 8)
        for place in range(0, len(padded), 8):
            mixed = bytes(a ^ b for a, b in zip(state, padded[place : place + 8], strict=True))
            state = _des(key if place + 8 == len(padded) else key[:8] * 2, mixed)
        return state[:4]


def _cmac(key: bytes, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.cmac import CMAC

    made = CMAC(AES(key))
    made.update(message)
    return made.finalize()


def _des(key: bytes, block: bytes) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    way = Cipher(TripleDES(key + key[:8]), modes.ECB()).encryptor()  # noqa: S305 - as PBOC does
    return way.update(block) + way.finalize()
