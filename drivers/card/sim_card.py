"""One simulated chip: a file on disk that answers commands as the open layout's card does.

The chips of other families (`drivers/card/sim_chips.py`, `sim_sam.py`) are made of it; the rack
that keeps them all and the slots they are put into are in `drivers/card/sim.py`.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from kiosk.errors import BadInput

#: The header ends here; the contents of the files follow without gaps.
HEADER_LENGTH = 512

_OK = bytes.fromhex("9000")
_WRONG_LENGTH = bytes.fromhex("6700")
_NOT_ALLOWED = bytes.fromhex("6982")
_NO_FILE = bytes.fromhex("6A82")
_WRONG_OFFSET = bytes.fromhex("6B00")
_UNKNOWN_INSTRUCTION = bytes.fromhex("6D00")
_UNKNOWN_CLASS = bytes.fromhex("6E00")

#: Last byte of an identity that nobody is made out on yet.
_UNFINISHED = b"\0"

_SELECT, _READ, _UPDATE = 0xA4, 0xB0, 0xD6


class Header(msgspec.Struct, frozen=True):
    """What never changes: `files` gives lengths, `fixed` names the files that nobody updates."""

    serial: str
    atr: str
    application: str
    files: dict[int, int]
    fixed: list[int]
    chip: str = "open"
    key: str = ""


class SimulatedCard:
    """One chip: answers commands, and remembers on disk. Powered from creation until `close`."""

    def __init__(self, path: Path) -> None:
        try:
            self.descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BadInput(f"There is no simulated card {path.stem} in {path.parent}.") from None
        try:
            self.header = _header(os.pread(self.descriptor, HEADER_LENGTH, 0), path)
        except BaseException:
            os.close(self.descriptor)
            raise
        self.atr = bytes.fromhex(self.header.atr)
        self.selected = False
        self.reset()

    def close(self) -> None:
        """Power down."""
        os.close(self.descriptor)

    def reset(self) -> None:
        """Forget what was selected, as after a reset by the reader."""
        self.selected = False

    def take(self) -> bool:
        """Have the chip alone until `close`; False while another session has it."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def answer(self, apdu: bytes, written_bytes: int | None = None) -> bytes:
        """Data and status for one command.

        With `written_bytes` the power fails in the middle of a write: only so many bytes of it
        reach the chip, and nobody hears the answer.
        """
        if len(apdu) < 4:
            return _WRONG_LENGTH
        if apdu[0] != 0x00:
            return _UNKNOWN_CLASS
        if apdu[1] == _SELECT:
            return self._select(apdu)
        if apdu[1] not in (_READ, _UPDATE):
            return _UNKNOWN_INSTRUCTION
        file, offset = apdu[2] & 0x1F, apdu[3]
        if not self.selected or file not in self.header.files:
            return _NO_FILE
        room = self.header.files[file] - offset
        if apdu[2] & 0xE0 != 0x80 or room <= 0:
            return _WRONG_OFFSET
        if apdu[1] == _READ:
            return self._read(apdu, self._place(file) + offset, room)
        return self._update(apdu, file, room, written_bytes)

    def _select(self, apdu: bytes) -> bytes:
        name = apdu[5:]
        if apdu[2] != 0x04:
            return _NO_FILE
        if len(apdu) < 6 or apdu[4] != len(name):
            return _WRONG_LENGTH
        self.selected = name.hex() == self.header.application
        return _OK if self.selected else _NO_FILE

    def _read(self, apdu: bytes, place: int, room: int) -> bytes:
        if len(apdu) != 5:
            return _WRONG_LENGTH
        asked = apdu[4] or 256
        if asked > room:
            return bytes([0x6C, room])
        return os.pread(self.descriptor, asked, place) + _OK

    def _update(self, apdu: bytes, file: int, room: int, written_bytes: int | None) -> bytes:
        data = apdu[5:]
        if not data or apdu[4] != len(data) or len(data) > room:
            return _WRONG_LENGTH
        if file in self.header.fixed and self.files()[file][-1:] != _UNFINISHED:
            return _NOT_ALLOWED
        self.store(file, apdu[3], data, written_bytes)
        return _OK

    def store(self, file: int, offset: int, data: bytes, written_bytes: int | None = None) -> None:
        """Put `data`, or as much of it as the power lasts for, on the disk."""
        os.pwrite(self.descriptor, data[:written_bytes], self._place(file) + offset)
        os.fdatasync(self.descriptor)

    def _place(self, file: int) -> int:
        before = sum(length for other, length in self.header.files.items() if other < file)
        return HEADER_LENGTH + before

    def files(self) -> dict[int, bytes]:
        """All contents, as only the owner of a simulated world can see them."""
        return {
            file: os.pread(self.descriptor, length, self._place(file))
            for file, length in self.header.files.items()
        }


def _header(raw: bytes, path: Path) -> Header:
    try:
        return msgspec.json.decode(raw, type=Header)
    except msgspec.MsgspecError:
        raise BadInput(f"{path} is not a simulated card.") from None
