"""The open layout on an ISO 7816-4 card (docs/cards.md): writes to commands, files to an image.

One driver serves one session. A status word never raises by itself: it is judged here, and what a
caller can do about it decides the class of the error.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from drivers.card import personal
from drivers.card.commands import FILE_NOT_FOUND, Line, damaged, expect_ok
from drivers.card.sealing import check_macs, seal_writes
from drivers.card.session import CardSession
from kiosk.domain.cards import account_area
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.families import historical_bytes
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import BadInput, CardForged, CardUnusable
from kiosk.marks import mark
from kiosk.ports import SecurityModule

APPLICATION = bytes.fromhex("F04B494F534B01")

#: The historical bytes of a card of this layout begin with this; the chip serial follows.
HISTORICAL = b"KPH1"
SERIAL_LENGTH = 8

_CHALLENGE_BYTES = 8
_GET_CHALLENGE = bytes([0x00, 0x84, 0x00, 0x00, _CHALLENGE_BYTES])
#: The seller's key is number 1; the meter's is 2.
_SELLER_KEY = 1


class OpenCardDriver:
    """Reads and writes the card of one session.

    `timeout_s` is the limit for one command; `chunk` is the most data that one command may carry
    (a reader or chip with a small buffer needs less than the 64 that hold every file whole).
    `module` is needed by cards of a profile with keys only.
    """

    def __init__(
        self,
        session: CardSession,
        timeout_s: float = 2.0,
        chunk: int = 64,
        module: SecurityModule | None = None,
    ) -> None:
        assert 1 <= chunk <= 255, chunk
        self.session, self.chunk, self.module = session, chunk, module
        self.line = Line(session, timeout_s)

    def serial(self) -> str:
        """The chip serial of the answer to reset, in lower-case hex; CardUnusable if foreign."""
        historical = historical_bytes(self.session.atr)
        if not historical.startswith(HISTORICAL) or len(historical) != 4 + SERIAL_LENGTH:
            raise CardUnusable("This is not a card of the open layout.", "foreign")
        return historical[4:].hex()

    def read(self) -> CardImage:
        """Every file of the card, read once. Raises CardFault; CardUnusable says what is wrong.

        A card of a profile with keys has to prove itself, and every MAC on it has to be right.
        """
        serial = self.serial()
        self._select()
        files = {file: self._read_file(file, length) for file, length in layout.FILES.items()}
        image = CardImage(layout.FAMILY, serial, files)
        if self.module is None or not layout.is_sealed(image):
            return image
        self._prove_card(self.module, image)
        return check_macs(self.module, self._with_second_slot(image))

    def _with_second_slot(self, image: CardImage) -> CardImage:
        """The image with the second slot of the account, which cards without an account lack."""
        length = account_area.SLOT_BYTES
        command = bytes([0x00, 0xB0, 0x80 + account_area.SECOND_SLOT, 0x00, length])
        data, status = self.line.exchange(command)
        if status == FILE_NOT_FOUND:
            return image
        expect_ok(status, f"does not show file {account_area.SECOND_SLOT}")
        files = {**image.files, account_area.SECOND_SLOT: data}
        return CardImage(image.family, image.serial, files)

    def write(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make `writes` in their order on the card with `serial`, and on no other (E02).

        BadInput before the first write if one of them is not in the whitelist of the layout, or is
        to be sealed and there is no security module.
        """
        for write in writes:
            if not (layout.allowed(write) or account_area.allowed(write)):
                raise BadInput(
                    f"A seller may not write {len(write.data)} bytes at {write.address} of card "
                    f"file {write.file}; nothing was written."
                )
        if self.serial() != serial:
            raise CardUnusable("Another card is in the reader; nothing was written.", "other_card")
        self._select()
        for write in self._sealed(serial, writes):
            self._update(write)
            mark("card.after_each_write")

    def inspect(self) -> CardImage:
        """Every file as it is; nothing is proved and nothing is judged."""
        serial = self.serial()
        self._select()
        files = {file: self._read_file(file, length) for file, length in layout.FILES.items()}
        return CardImage(layout.FAMILY, serial, files)

    def personalise(self, serial: str, writes: Sequence[PlainWrite]) -> None:
        """Make the `writes` of a work; see kiosk.ports.CardReader.personalise."""
        personal.check(layout.FAMILY, writes)
        if self.serial() != serial:
            raise CardUnusable("Another card is in the reader; nothing was written.", "other_card")
        self._select()
        identity = self._read_file(layout.IDENTITY, layout.FILES[layout.IDENTITY])
        personal.check_identity(identity, writes)
        sealed = personal.seal_work(self.module, layout.FAMILY, serial, identity, writes)
        if self.module is not None and any(write.sealed for write in writes):
            self._prove_ourselves(self.module, serial)
        for write in sealed:
            self._update(write)
            mark("card.after_each_write")

    def _sealed(self, serial: str, writes: Sequence[PlainWrite]) -> Sequence[PlainWrite]:
        if not any(write.sealed for write in writes):
            return writes
        issue = self._read_file(layout.IDENTITY, layout.FILES[layout.IDENTITY])[2:4]
        sealed = seal_writes(self.module, layout.FAMILY, serial, issue, writes)
        if self.module is not None:
            self._prove_ourselves(self.module, serial)
        return sealed

    def _prove_card(self, module: SecurityModule, image: CardImage) -> None:
        """INTERNAL AUTHENTICATE: a copy of the files without the chip's key stops here (E16)."""
        challenge = os.urandom(_CHALLENGE_BYTES)
        command = bytes([0x00, 0x88, 0x00, _SELLER_KEY, len(challenge)]) + challenge
        answer = self.line.ask(command, 8, "does not prove itself")
        if not module.is_genuine(layout.FAMILY, image.serial, challenge, answer):
            raise CardForged("This is not a card of this utility.", image)

    def _prove_ourselves(self, module: SecurityModule, serial: str) -> None:
        """EXTERNAL AUTHENTICATE; good until the application is selected again."""
        challenge = self.line.ask(_GET_CHALLENGE, _CHALLENGE_BYTES, "gives no challenge")
        answer = module.answer_to_card(layout.FAMILY, serial, challenge)
        command = bytes([0x00, 0x82, 0x00, _SELLER_KEY, len(answer)]) + answer
        self.line.tell(command, "does not take our key")

    def _select(self) -> None:
        command = bytes([0x00, 0xA4, 0x04, 0x00, len(APPLICATION)]) + APPLICATION
        _, status = self.line.exchange(command)
        if status == FILE_NOT_FOUND:
            raise CardUnusable("The card is blank: it has no application yet.", "blank")
        expect_ok(status, "does not open its application")

    def _read_file(self, file: int, length: int) -> bytes:
        content = b""
        while len(content) < length:
            asked = min(self.chunk, length - len(content))
            command = bytes([0x00, 0xB0, 0x80 + file, len(content), asked])
            data, status = self.line.exchange(command)
            expect_ok(status, f"does not show file {file}")
            if len(data) != asked:
                raise damaged(f"file {file} is {len(content) + len(data)} bytes long")
            content += data
        return content

    def _update(self, write: PlainWrite) -> None:
        for start in range(0, len(write.data), self.chunk):
            part = write.data[start : start + self.chunk]
            header = bytes([0x00, 0xD6, 0x80 + write.file, write.address + start, len(part)])
            self.line.tell(header + part, f"does not take file {write.file}")
