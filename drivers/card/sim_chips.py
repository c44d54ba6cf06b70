"""Simulated chips of the other families, command by command, each on disk before it answers.

Memory chips are files 0 (the memory) and 1 (what guards it) of a simulated card; the readers'
pseudo-commands are answered as the readers' manuals say. The processor chips with keys hold the key
of this very card, not the master key. No code is shared with the drivers.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from drivers.card.sim_card import SimulatedCard
from drivers.card.sim_sam import SamChip

_OK = bytes.fromhex("9000")
_WRONG_LENGTH = bytes.fromhex("6700")
_NOT_ALLOWED = bytes.fromhex("6982")
_CONDITIONS = bytes.fromhex("6985")
_MAC_WRONG = bytes.fromhex("6988")
_NO_FILE = bytes.fromhex("6A82")
_UNKNOWN = bytes.fromhex("6D00")
_FAILED = bytes.fromhex("6300")


class Sle4442Chip(SimulatedCard):
    """File 0: 256 bytes; file 1: error counter and the three bytes of the secret code."""

    def reset(self) -> None:
        """Power off: the type is unknown to the reader, and no code was presented."""
        self.chosen = self.open = False

    def answer(self, apdu: bytes, written_bytes: int | None = None) -> bytes:
        """See SimulatedCard.answer."""
        head = apdu[:2].hex()
        if head == "ffa4":
            self.chosen, self.open = apdu[5:] == b"\x06", False
            return _OK if self.chosen else _FAILED
        if not self.chosen or len(apdu) < 5:
            return _FAILED
        if head == "ffb0":
            return self.memory()[apdu[3] : apdu[3] + apdu[4]] + _OK
        if head == "ffb1":
            return self.files()[1][:1] + bytes(3) + _OK
        if head == "ff20":
            return self._present(apdu[5:8])
        if head == "ffd0":
            return self._write(apdu, written_bytes) if self.open else _NOT_ALLOWED
        if head == "ffd2":
            return self._change_code(apdu[5:8]) if self.open else _NOT_ALLOWED
        return _UNKNOWN

    def memory(self) -> bytes:
        """All 256 bytes."""
        return self.files()[0]

    def _present(self, code: bytes) -> bytes:
        """Each wrong code costs a try for good; three of them and the chip is closed for ever."""
        guard = self.files()[1]
        counter = guard[0]
        if counter == 0:
            return bytes([0x90, 0])
        self.open = hmac.compare_digest(guard[1:4], code)
        counter = 0x07 if self.open else counter & (counter - 1)
        self.store(1, 0, bytes([counter]))
        return bytes([0x90, counter])

    def _change_code(self, code: bytes) -> bytes:
        self.store(1, 1, code)
        return _OK

    def _write(self, apdu: bytes, written_bytes: int | None) -> bytes:
        self.store(0, apdu[3], apdu[5 : 5 + apdu[4]], written_bytes)
        return _OK


class At24Chip(SimulatedCard):
    """File 0: 256 bytes. A write over the end of a page goes on at its beginning."""

    def reset(self) -> None:
        """Power off: the reader forgets the type and the size of a page."""
        self.chosen, self.page = False, 0

    def answer(self, apdu: bytes, written_bytes: int | None = None) -> bytes:
        """See SimulatedCard.answer."""
        head = apdu[:2].hex()
        if head == "ffa4":
            self.chosen = apdu[5:] == b"\x01"
            return _OK if self.chosen else _FAILED
        if head == "ff01":
            self.page = 1 << apdu[5]
            return _OK
        if not self.chosen or not self.page or len(apdu) < 5:
            return _FAILED
        if head == "ffb0":
            return self.files()[0][apdu[3] : apdu[3] + apdu[4]] + _OK
        if head == "ffd0":
            return self._write(apdu[3], apdu[5 : 5 + apdu[4]], written_bytes)
        return _UNKNOWN

    def _write(self, address: int, data: bytes, written_bytes: int | None) -> bytes:
        start = address - address % self.page
        page = bytearray(self.files()[0][start : start + self.page])
        for place, byte in enumerate(data[:written_bytes]):
            page[(address - start + place) % self.page] = byte
        self.store(0, start, bytes(page))
        return _OK


class MifareChip(SimulatedCard):
    """File 0: 64 blocks of 16 bytes; the key of a sector stands in the last of its four."""

    def reset(self) -> None:
        """The card left the field."""
        self.key, self.sector = b"", -1

    def answer(self, apdu: bytes, written_bytes: int | None = None) -> bytes:
        """See SimulatedCard.answer."""
        head = apdu[:2].hex()
        if head == "ffca":
            return bytes.fromhex(self.header.serial)[-4:] + _OK
        if head == "ff82":
            self.key = apdu[5:11]
            return _OK
        if head == "ff86" and len(apdu) == 10:
            return self._open(apdu[7])
        if head in ("ffb0", "ffd6") and len(apdu) >= 5:
            if apdu[3] // 4 != self.sector:
                return _FAILED
            return self._read(apdu) if head == "ffb0" else self._write(apdu, written_bytes)
        return _UNKNOWN

    def _open(self, block: int) -> bytes:
        trailer = (block // 4) * 64 + 48
        right = self.files()[0][trailer : trailer + 6] == self.key
        self.sector = block // 4 if right else -1
        return _OK if right else _FAILED

    def _read(self, apdu: bytes) -> bytes:  # type: ignore[override]  # a block, not a file
        return self.files()[0][apdu[3] * 16 : apdu[3] * 16 + 16] + _OK

    def _write(self, apdu: bytes, written_bytes: int | None) -> bytes:
        if apdu[4] != 16 or len(apdu) != 21:
            return _FAILED
        self.store(0, apdu[3] * 16, apdu[5:], written_bytes)
        return _OK


class KeyedChip(SimulatedCard):
    """The open layout with mutual authentication: nothing is updated before EXTERNAL AUTHENTICATE.

    `header.key` is the card's authentication key. Key number 1 is the seller's, who may change
    purchase and account, number 2 the meter's, which may change the write-back. A blank, whose
    identity is not valid yet, is open to the seller as a whole, so that a hall can make it out.
    """

    MAY_CHANGE: ClassVar[dict[int, frozenset[int]]] = {1: frozenset({2, 4, 5}), 2: frozenset({3})}

    def reset(self) -> None:
        """Forget selection, challenge and proof."""
        super().reset()
        self.challenge, self.open_files = b"", frozenset[int]()

    def answer(self, apdu: bytes, written_bytes: int | None = None) -> bytes:
        """See SimulatedCard.answer."""
        instruction = apdu[1:2]
        if instruction == b"\xa4":
            self.open_files = frozenset()
        if instruction == b"\x84" and len(apdu) == 5:
            self.challenge = os.urandom(apdu[4])
            return self.challenge + _OK
        if instruction == b"\x88" and len(apdu) == 13:
            return self._cmac(b"I" + apdu[5:]) + _OK
        if instruction == b"\x82" and len(apdu) == 13:
            return self._prove(apdu[3], apdu[5:])
        if instruction == b"\xd6" and apdu[2] & 0x1F not in self.open_files:
            return _NOT_ALLOWED
        return super().answer(apdu, written_bytes)

    def _prove(self, key_number: int, answer: bytes) -> bytes:
        """A challenge is good for one answer."""
        challenge, self.challenge = self.challenge, b""
        proved = bool(challenge) and answer == self._cmac(b"E" + challenge)
        self.open_files = self._open_to(key_number) if proved else frozenset()
        return _OK if self.open_files else _NOT_ALLOWED

    def _open_to(self, key_number: int) -> frozenset[int]:
        files = self.files()
        if key_number == 1 and files[1][47:] != b"\xa5":
            return frozenset(files)
        return self.MAY_CHANGE.get(key_number, frozenset())

    def _cmac(self, message: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.cmac import CMAC

        made = CMAC(AES(bytes.fromhex(self.header.key)))
        made.update(message + bytes.fromhex(self.header.serial))
        return made.finalize()[:8]


class StateGridChip(SimulatedCard):
    """Files 1, 2 and 5 under DF01; every update needs the proof and a MAC over a fresh challenge.

    `header.key` is the card's own double-length DES key (the real chip computes with SM1).
    """

    def reset(self) -> None:
        """Forget selection, challenge and proof."""
        super().reset()
        self.challenge, self.proved, self.path = b"", False, b""

    def answer(self, apdu: bytes, written_bytes: int | None = None) -> bytes:
        """See SimulatedCard.answer."""
        verbs: dict[str, Callable[[], bytes]] = {
            "00a4": lambda: self._choose(apdu[5:]),
            "0084": lambda: self._give_challenge(apdu[4:5]),
            "0088": lambda: self._des(apdu[5:13]) + _OK if len(apdu) == 13 else _WRONG_LENGTH,
            "0082": lambda: self._prove(apdu[5:]),
            "04d6": lambda: self._update_sealed(apdu, written_bytes),
            "00b0": lambda: super(StateGridChip, self).answer(apdu),
        }
        return verbs.get(apdu[:2].hex(), lambda: _UNKNOWN)()

    def _choose(self, name: bytes) -> bytes:
        self.proved = False
        if name == bytes.fromhex("3F00"):
            self.path, self.selected = name, False
        elif name == bytes.fromhex("DF01") and self.path == bytes.fromhex("3F00"):
            self.selected = True
        else:
            return _NO_FILE
        return _OK

    def _give_challenge(self, length: bytes) -> bytes:
        self.challenge = os.urandom(length[0] if length else 0)
        return self.challenge + _OK

    def _prove(self, answer: bytes) -> bytes:
        challenge, self.challenge = self.challenge, b""
        self.proved = len(challenge) == 8 and answer == self._des(challenge)
        return _OK if self.proved else _NOT_ALLOWED

    def _update_sealed(self, apdu: bytes, written_bytes: int | None) -> bytes:
        challenge, self.challenge = self.challenge, b""
        if not self.proved:
            return _NOT_ALLOWED
        if len(challenge) != 4 or len(apdu) < 10:
            return _CONDITIONS
        if apdu[-4:] != self._mac(challenge, apdu[:-4]):
            return _MAC_WRONG
        plain = bytes([0x00]) + apdu[1:4] + bytes([len(apdu) - 9]) + apdu[5:-4]
        return super().answer(plain, written_bytes)

    def _mac(self, challenge: bytes, command: bytes) -> bytes:
        """Retail MAC: chain under the left half, the last block under both."""
        key = bytes.fromhex(self.header.key)
        padded = command + b"\x80" + bytes(-(len(command) + 1) % 8)
        state = challenge + bytes(4)
        for place in range(0, len(padded), 8):
            block = int.from_bytes(padded[place : place + 8], "big")
            mixed = (int.from_bytes(state, "big") ^ block).to_bytes(8, "big")
            last = place + 8 == len(padded)
            state = self._des(mixed) if last else self._des(mixed, key[:8] * 3)
        return state[:4]

    def _des(self, block: bytes, key: bytes | None = None) -> bytes:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        own = bytes.fromhex(self.header.key)
        way = Cipher(TripleDES(key or own + own[:8]), modes.ECB()).encryptor()  # noqa: S305
        return way.update(block) + way.finalize()


CHIPS: dict[str, Callable[[Path], SimulatedCard]] = {
    "open": SimulatedCard,
    "keyed": KeyedChip,
    "sle4442": Sle4442Chip,
    "at24": At24Chip,
    "mifare": MifareChip,
    "state-grid": StateGridChip,
    "sam": SamChip,
}
