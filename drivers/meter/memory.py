"""The memory of a meter that survives a power cut: one JSON file, replaced as a whole.

A real meter keeps its registers in memory that needs no power; ours must survive SIGKILL of the
process at any instruction, because a rehearsal kills the program in the middle of a sale and then
asks the meter what happened.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from kiosk.errors import BadInput, DeviceFault

State = TypeVar("State", bound=msgspec.Struct)
Answer = TypeVar("Answer")


class MeterMemory(Generic[State]):
    """The state of one meter, `shape`, in a file of its own under `folder`."""

    def __init__(self, folder: Path, number: str, shape: type[State]) -> None:
        # The number may come from a person and becomes a file name.
        if not (number.isascii() and number.isdecimal()):
            raise BadInput(f"{number[:40]!r} is not a meter number: digits only.")
        self.number, self.folder = number, folder
        self.path = folder / f"{number}.json"
        self._decoder = msgspec.json.Decoder(shape)

    def exists(self) -> bool:
        """Whether a meter with this number was ever made."""
        return self.path.exists()

    def create(self, state: State) -> None:
        """Keep the state of a new meter; a meter that exists stays as it is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            if not self.exists():
                self._write(state)

    def read(self) -> State:
        """The state as last kept. BadInput: no such meter; DeviceFault: its memory is damaged."""
        try:
            return self._decoder.decode(self.path.read_bytes())
        except FileNotFoundError:
            raise BadInput(f"There is no meter {self.number} in {self.folder}.") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise DeviceFault(f"The memory of meter {self.path} is damaged: {fault}") from None

    def update(self, change: Callable[[State], tuple[State, Answer]]) -> Answer:
        """Let `change` turn the state into the next one and an answer; kept before it returns."""
        with self._alone():
            before = self.read()
            after, answer = change(before)
            if after != before:
                self._write(after)
        return answer

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder's lock, so that of two processes one reads what the other has written."""
        try:
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            raise BadInput(f"There is no meter {self.number} in {self.folder}.") from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self, state: State) -> None:
        """Write beside, sync, replace, sync the folder: the file is always one whole state."""
        beside = self.path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
