"""What a simulated bill validator knows, on disk, and how others reach it.

    FOLDER/state.json     the device's memory: counter, events, box, escrow, fate of notes
    FOLDER/mouth/TICKET   a note held at the mouth: its value in minor units
    FOLDER/faults/NAME    a fault that is present as long as the file is there
    FOLDER/line           the serial line (a link to the pty of the running simulator)

Every file appears whole or not at all (written aside, synced, renamed), so killing any process at
any moment leaves a device that knows what it had said.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from kiosk.errors import CashFault

Fate = Literal["waiting", "stacked", "returned", "rejected"]
Decision = Literal["", "stack", "return"]

#: Tickets whose fate is remembered; the oldest are forgotten.
REMEMBERED_FATES = 200


class Held(msgspec.Struct):
    """The note in escrow; `decision` is the host's, received and not yet carried out."""

    ticket: str
    bill: int
    decision: Decision = ""


class Memory(msgspec.Struct):
    """The non-volatile memory; `events` newest first, `box` counts notes by value."""

    counter: int = 0
    events: list[tuple[int, int]] = []
    box: dict[int, int] = {}
    escrow: Held | None = None
    fates: dict[str, Fate] = {}
    noticed: list[str] = []


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` so that a power cut leaves the old or the new content, never a part."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(folder: Path) -> Memory:
    """The memory in `folder`, or that of a new device; CashFault when the file is damaged."""
    path = folder / "state.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except FileNotFoundError:
        return Memory()
    except msgspec.MsgspecError as trouble:
        raise CashFault(f"{path} is damaged: {trouble}; remove it for a new acceptor.") from trouble


def save(folder: Path, memory: Memory) -> None:
    """Put `memory` on disk."""
    write_whole(folder / "state.json", msgspec.json.encode(memory))


def names_in(folder: Path) -> list[str]:
    """The files of `folder` in order of name, without those that are being written."""
    return sorted(name for name in os.listdir(folder) if name[0] != ".")  # noqa: PTH208 - names, at every tick


def prepare(folder: Path) -> None:
    """Make the folders of a simulated acceptor."""
    for part in ("mouth", "faults"):
        (folder / part).mkdir(parents=True, exist_ok=True)
