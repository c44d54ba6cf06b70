"""State Grid user card: select, prove, read; every write under the card's own MAC (3.4).

The real algorithm is in hardware only: the MAC comes from a PSAM or a crypto server behind
SecurityModule; the software module computes with published test keys and 3DES.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from drivers.card import personal
from drivers.card.commands import OK, Line, damaged, expect_ok
from drivers.card.session import CardSession
from kiosk.domain.cards.families import historical_bytes
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.state_grid import FAMILY, StateGrid
from kiosk.errors import BadInput, CardUnusable
from kiosk.marks import mark
from kiosk.ports import SecurityModule

_MASTER_FILE, _USER_FOLDER = bytes.fromhex("3F00"), bytes.fromhex("DF01")
_SERIAL_BYTES, _MAC_BYTES = 8, 4
_KEY = 1


class StateGridDriver:
    """Reads and writes the card of one session; `timeout_s` is the limit for one command."""

    def __init__(
        self,
        session: CardSession,
        timeout_s: float = 2.0,
        module: SecurityModule | None = None,
        family: StateGrid = FAMILY,
    ) -> None:
        self.session, self.line = session, Line(session, timeout_s)
        self.module, self.family = module, family

    def serial(self) -> str:
        """The last 8 historical bytes of the answer to reset, in lower-case hex."""
        history = historical_bytes(self.session.atr)
        if len(history) < _SERIAL_BYTES:
            raise CardUnusable("This is not a card of State Grid.", "foreign")
        return history[-_SERIAL_BYTES:].hex()

    def read(self) -> CardImage:
        """Files 1, 2 and 5, read once, of a card that has proved itself. Raises CardFault."""
        serial = self.serial()
        self._select()
        self._prove_card(self._needed(), serial)
        files = {file: self._read_file(file, size) for file, size in self.family.lengths.items()}
        return CardImage(self.family.name, serial, files)

    def write(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make `writes` in their order on the card with `serial`, and on no other (E02).

        BadInput before the first write if one of them is not in the whitelist of the family.
        """
        for write in writes:
            if not self.family.allowed(write):
                raise BadInput(f"A seller may not write into card file {write.file} there.")
        self._write_all(serial, writes)

    def inspect(self) -> CardImage:
        """As `read`: a card that does not prove itself is nobody's to mend."""
        return self.read()

    def personalise(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make the `writes` of a work; see kiosk.ports.CardReader.personalise."""
        personal.check(self.family.name, writes)
        self._write_all(serial, writes)

    def _write_all(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        module = self._needed()
        if self.serial() != serial:
            raise CardUnusable("Another card is in the reader; nothing was written.", "other_card")
        self._select()
        self._prove_ourselves(module, serial)
        for write in writes:
            self._update(module, serial, write)
            mark("card.after_each_write")

    def _needed(self) -> SecurityModule:
        if self.module is None:
            raise BadInput("Cards of State Grid need a security module; none is configured.")
        return self.module

    def _select(self) -> None:
        for name in (_MASTER_FILE, _USER_FOLDER):
            _, status = self.line.exchange(bytes([0x00, 0xA4, 0x00, 0x00, len(name)]) + name)
            if status != OK:
                raise CardUnusable("This is not a card for electricity.", "foreign")

    def _prove_card(self, module: SecurityModule, serial: str) -> None:
        challenge = os.urandom(8)
        command = bytes([0x00, 0x88, 0x00, _KEY, len(challenge)]) + challenge
        answer = self.line.ask(command, 8, "does not prove itself")
        if not module.is_genuine(self.family.name, serial, challenge, answer):
            raise CardUnusable("This is not a card of this utility.", "foreign")

    def _prove_ourselves(self, module: SecurityModule, serial: str) -> None:
        answer = module.answer_to_card(self.family.name, serial, self._challenge(8))
        command = bytes([0x00, 0x82, 0x00, _KEY, len(answer)]) + answer
        self.line.tell(command, "does not take our key")

    def _read_file(self, file: int, length: int) -> bytes:
        command = bytes([0x00, 0xB0, 0x80 + file, 0x00, length])
        return self.line.ask(command, length, f"does not show file {file}")

    def _update(self, module: SecurityModule, serial: str, write: PlainWrite) -> None:
        """Data and MAC over the very command, bound to a challenge that the card gave for it."""
        length = len(write.data) + _MAC_BYTES
        header = bytes([0x04, 0xD6, 0x80 + write.file, write.address, length])
        command = header + write.data
        mac = module.command_mac(self.family.name, serial, self._challenge(4), command)
        if len(mac) != _MAC_BYTES:
            raise damaged("the security module does not seal for it")
        _, status = self.line.exchange(command + mac)
        expect_ok(status, f"does not take file {write.file}")

    def _challenge(self, length: int) -> bytes:
        command = bytes([0x00, 0x84, 0x00, 0x00, length])
        return self.line.ask(command, length, "gives no challenge")
