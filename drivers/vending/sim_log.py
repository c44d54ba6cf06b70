"""What a simulated security module has made: one line of JSON each, on disk before it answers.

So a module that is killed at any moment knows afterwards what it had said, as a real one does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

Line = TypeVar("Line", bound=msgspec.Struct)


class MadeLog(Generic[Line]):
    """A list that survives SIGKILL; a line that was cut off by a power cut was never answered."""

    def __init__(self, path: Path, kind: type[Line]) -> None:
        self.lines: list[Line] = []
        decoder = msgspec.json.Decoder(kind)
        path.touch(mode=0o600)
        whole, _, torn = path.read_bytes().rpartition(b"\n")
        self.lines = [decoder.decode(line) for line in whole.splitlines()]
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        if torn:
            os.truncate(self._descriptor, len(whole) + (1 if whole else 0))

    def add(self, line: Line) -> None:
        """Put `line` at the end, durably."""
        os.write(self._descriptor, msgspec.json.encode(line) + b"\n")
        os.fsync(self._descriptor)
        self.lines.append(line)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
