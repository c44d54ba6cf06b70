"""Runs a program with a shim between it and the disk (shim.c) and reads what it wrote down."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_HEAD = struct.Struct("<cHHQI")

#: Said once where the shim cannot be made.
NO_COMPILER = "gcc is not here: power cuts and failing disks are left out"


@dataclass(frozen=True)
class Op:
    """One operation: c(reate), w(rite), t(runcate), s(ync), l(ink), u(nlink), r(ename), d (mkdir),
    y (symlink). Paths are relative to the folder that was watched; `offset` is a size for t."""

    kind: str
    path: str
    second: str = ""
    offset: int = 0
    data: bytes = b""


def compiler() -> str | None:
    """Where gcc is; a machine that must prove everything must have it."""
    found = shutil.which("gcc")
    assert found or not os.environ.get("REQUIRE_ALL"), NO_COMPILER
    return found


def shim(folder: Path) -> Path:
    """The shim, compiled into `folder`."""
    library = folder / "shim.so"
    gcc = compiler()
    assert gcc is not None, NO_COMPILER
    source = Path(__file__).with_name("shim.c")
    command = [gcc, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, "-o", str(library), str(source), "-ldl", "-lpthread"], check=True)
    return library


def environment(library: Path, root: Path, log: Path | None = None) -> dict[str, str]:
    """The environment of a program under the shim; what stands in the world never fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KIOSK_")}
    watched = {"SHIM_ROOT": str(root), "SHIM_LOG": str(log or ""),
               "SHIM_SPARE": str(root / "world")}  # fmt: skip
    return kept | watched | {"LD_PRELOAD": str(library), "PYTHONHASHSEED": "0"}


def record(library: Path, root: Path, words: Sequence[str]) -> list[Op]:
    """Run `python -m WORDS` and give every operation below `root`, in order."""
    log = root.parent / "operations"
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment(library, root, log),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(_read(log.read_bytes(), root))


def _read(data: bytes, root: Path) -> list[Op]:
    found, at = [], 0
    while at < len(data):
        kind, first, second, offset, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        parts = []
        for size in (first, second, length):
            parts.append(data[at : at + size])
            at += size
        path, other = (_within(part.decode(), root) for part in parts[:2])
        found.append(Op(kind.decode(), path, other, offset, parts[2]))
    return found


def _within(path: str, root: Path) -> str:
    return "." if path == str(root) else path.removeprefix(f"{root}/")
