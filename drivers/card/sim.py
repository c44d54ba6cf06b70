"""The simulated world of cards on disk: chips, the rack they lie in, and the slots they are put in.

A chip is one file: a header, then the content of its files at fixed places. A command is on the
disk before it is answered, so killing the program proves something. A slot is one small file too,
so another process can put a card in or pull it out while a reader watches.

    FOLDER/cards/SERIAL.card      one chip
    FOLDER/slots/NAME.json        what sits in one reader's slot

Written from docs/cards.md and ISO 7816-4 alone: it shares no code with the driver at the other end.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from kiosk.errors import BadInput, ServiceLost

#: The header ends here; the contents of the files follow without gaps.
_HEADER_LENGTH = 512

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

_SERIAL = re.compile(r"[0-9a-f]{16}")
_SLOT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Header(msgspec.Struct, frozen=True):
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
            self.header = _header(os.pread(self.descriptor, _HEADER_LENGTH, 0), path)
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
        return _HEADER_LENGTH + before

    def files(self) -> dict[int, bytes]:
        """All contents, as only the owner of a simulated world can see them."""
        return {
            file: os.pread(self.descriptor, length, self._place(file))
            for file, length in self.header.files.items()
        }


def _header(raw: bytes, path: Path) -> _Header:
    try:
        return msgspec.json.decode(raw, type=_Header)
    except msgspec.MsgspecError:
        raise BadInput(f"{path} is not a simulated card.") from None


class CardRack:
    """All simulated cards of a world, wherever they sit now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cards"

    def make(
        self,
        serial: str,
        files: Mapping[int, bytes],
        application: str = "f04b494f534b01",
        historical: bytes = b"KPH1",
        *,
        chip: str = "open",
        atr: bytes = b"",
        key: bytes = b"",
    ) -> None:
        """A new chip with `files` (file number -> content); BadInput if the serial is taken.

        File 1, the identity, cannot be updated once its last byte is not 00. `application` and
        `historical` differ from the open layout only for foreign cards. `chip` names one of
        drivers.card.sim_chips,
        which has no identity file to protect, its own answer to reset `atr` and its own `key`.
        """
        if _SERIAL.fullmatch(serial) is None:
            raise BadInput(f"A chip serial is 16 hex digits in lower case, not {serial!r}.")
        path = self._path(serial)
        if path.exists():
            raise BadInput(f"There is a simulated card {serial} already.")
        history = historical + bytes.fromhex(serial)
        header = _Header(
            serial=serial,
            # TS, T0 (TB1, TC1 and the historical bytes follow), TB1, TC1: protocol T=0.
            atr=(atr or bytes([0x3B, 0x60 + len(history), 0x00, 0x00]) + history).hex(),
            application=application,
            files={file: len(files[file]) for file in sorted(files)},
            fixed=[1] if chip in ("open", "keyed") else [],
            chip=chip,
            key=key.hex(),
        )
        contents = b"".join(files[file] for file in sorted(files))
        self.folder.mkdir(parents=True, exist_ok=True)
        _replace(path, msgspec.json.encode(header).ljust(_HEADER_LENGTH) + contents)

    def card(self, serial: str) -> SimulatedCard:
        """The chip with `serial`, powered; the caller closes it. BadInput if there is none."""
        from drivers.card.sim_chips import CHIPS

        plain = SimulatedCard(self._path(serial))
        if plain.header.chip == "open":
            return plain
        plain.close()
        return CHIPS[plain.header.chip](self._path(serial))

    def files(self, serial: str) -> dict[int, bytes]:
        """What is on a chip now, without a reader; for tests and for the rehearsal's own views."""
        card = self.card(serial)
        try:
            return card.files()
        finally:
            card.close()

    def serials(self) -> list[str]:
        """The serials of all cards, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.card"))

    def _path(self, serial: str) -> Path:
        return self.folder / f"{serial}.card"


class SlotState(msgspec.Struct, frozen=True):
    """What is in a slot. `pull_after` is how many more commands the card may answer, if limited."""

    card: str | None = None
    insertions: int = 0
    resets: int = 0
    pull_after: int | None = None


class SimulatedSlot:
    """The slot of one reader. Every process that opens the same name sees the same slot."""

    def __init__(self, folder: Path, name: str) -> None:
        if _SLOT_NAME.fullmatch(name) is None:
            raise BadInput(f"A slot has a name of letters, digits, - and _, not {name!r}.")
        self.name, self.rack = name, CardRack(folder)
        self.folder = folder / "slots"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / f"{name}.json"

    def state(self) -> SlotState:
        """The slot as it is now; ServiceLost if its file cannot be read.

        Read whole every time: a look at the file's times would miss a card that was pulled and
        put back within one tick of the file system's clock.
        """
        return _slot_state(str(self.path))

    def insert(self, serial: str) -> None:
        """Put a card in; BadInput if the slot is full, or the card unknown or in another slot."""
        self.rack.card(serial).close()
        with self._alone():
            now = self.state()
            if now.card is not None:
                raise BadInput(f"Slot {self.name} already holds card {now.card}.")
            for other in sorted(self.folder.glob("*.json")):
                if _slot_state(str(other)).card == serial:
                    raise BadInput(f"Card {serial} is in slot {other.stem}; pull it out first.")
            self._write(SlotState(serial, now.insertions + 1, now.resets))

    def pull(self) -> None:
        """Take the card out; BadInput if there is none."""
        with self._alone():
            now = self.state()
            if now.card is None:
                raise BadInput(f"There is no card in slot {self.name}.")
            self._write(SlotState(None, now.insertions, now.resets))

    def pull_after(self, commands: int) -> None:
        """Let the card in the slot answer `commands` more commands; the next one finds it gone."""
        if commands < 0:
            raise BadInput(f"A card is pulled after 0 commands or more, not {commands}.")
        with self._alone():
            now = self.state()
            if now.card is None:
                raise BadInput(f"There is no card in slot {self.name}.")
            self._write(msgspec.structs.replace(now, pull_after=commands))

    def reset(self) -> None:
        """Reset the card, as another program may: who holds a session hears of it."""
        with self._alone():
            now = self.state()
            self._write(msgspec.structs.replace(now, resets=now.resets + 1))

    def count_command(self) -> None:
        """One command is coming: counts `pull_after` down, and pulls the card when it is spent."""
        if self.state().pull_after is None:
            return
        with self._alone():
            now = self.state()
            if now.pull_after is None:
                return
            if now.pull_after == 0:
                self._write(SlotState(None, now.insertions, now.resets))
            else:
                self._write(msgspec.structs.replace(now, pull_after=now.pull_after - 1))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One hand at a time on the slots of a world: a card cannot be put into two of them."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, state: SlotState) -> None:
        _replace(self.path, msgspec.json.encode(state))


_SLOT_DECODER = msgspec.json.Decoder(SlotState)


def _slot_state(path: str) -> SlotState:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return SlotState()
    try:
        return _SLOT_DECODER.decode(os.read(descriptor, 4096))
    except msgspec.MsgspecError:
        raise ServiceLost(f"{path} is not the state of a slot; remove it.") from None
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Put a whole file in place at once; a killed process leaves the old one or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)
