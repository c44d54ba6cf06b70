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

from drivers.card.sim_card import HEADER_LENGTH, Header, SimulatedCard
from drivers.card.sim_chips import CHIPS
from kiosk.errors import BadInput, ServiceLost

_SAM_APPLICATION = "f04b494f534b02"

_SERIAL = re.compile(r"[0-9a-f]{16}")
_SLOT_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


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
        drivers.card.sim_chips, which has no identity file to protect, its own answer to reset
        `atr` and its own `key`.
        """
        if _SERIAL.fullmatch(serial) is None:
            raise BadInput(f"A chip serial is 16 hex digits in lower case, not {serial!r}.")
        path = self._path(serial)
        if path.exists():
            raise BadInput(f"There is a simulated card {serial} already.")
        history = historical + bytes.fromhex(serial)
        header = Header(
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
        _replace(path, msgspec.json.encode(header).ljust(HEADER_LENGTH) + contents)

    def card(self, serial: str) -> SimulatedCard:
        """The chip with `serial`, powered; the caller closes it. BadInput if there is none."""
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


def put_sam_in(slot: SimulatedSlot, master: bytes, serial: str = "5a" * 8) -> None:
    """Make the module and leave it in `slot`, unless that is done already."""
    rack = slot.rack
    if serial not in rack.serials():
        rack.make(
            serial,
            {1: b"\0"},
            application=_SAM_APPLICATION,
            historical=b"KPHS",
            chip="sam",
            key=master,
        )
    if slot.state().card is None:
        slot.insert(serial)


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
