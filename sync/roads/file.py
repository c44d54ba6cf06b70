"""The road over a file: a stick, a mail attachment. Bundles one after another, or one answer.

A file is complete or absent: it is written beside its place, synced and moved there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from kiosk.errors import BadInput
from sync import catalogue_wire, sealed, wire

#: More than a year of a busy terminal, packed.
FILE_LIMIT_BYTES = 256 * 1024 * 1024


def write_bundles(path: Path, bundles: Iterable[wire.Bundle]) -> int:
    """Write `bundles` to `path`: how many entries went in. Raises BadInput; 0 leaves no file."""
    packed, entries = [], 0
    for bundle in bundles:
        packed.append(wire.encode_bundle(bundle))
        entries += len(bundle.entries)
    if entries:
        _write(path, b"".join(packed))
    return entries


def read_bundles(path: Path, unsealed: Callable[[bytes], bytes] | None = None) -> list[wire.Bundle]:
    """The bundles in `path`, sealed ones opened with `unsealed`. Raises BadInput, or WireFault if
    any of them is damaged."""
    data = _read(path, FILE_LIMIT_BYTES)
    if unsealed is not None and sealed.is_sealed(data):
        return [wire.decode_bundle(unsealed(piece)) for piece in sealed.split(data)]
    return list(wire.decode_bundles(data))


def read_sealed(path: Path) -> list[bytes]:
    """The sealed bundles in `path`, closed as they are. Raises BadInput or WireFault."""
    return sealed.split(_read(path, FILE_LIMIT_BYTES))


def write_sealed(path: Path, pieces: Iterable[bytes]) -> None:
    """Write sealed bundles to `path`, whole or not at all. Raises BadInput."""
    _write(path, b"".join(pieces))


def write_answer(path: Path, answer: wire.Answer) -> None:
    """Write the centre's answer to `path`. Raises BadInput."""
    _write(path, wire.encode_answer(answer))


def read_answer(path: Path) -> wire.Answer:
    """The centre's answer in `path`. Raises BadInput or WireFault."""
    return wire.decode_answer(_read(path, wire.ANSWER_LIMIT_BYTES))


def write_catalogue(path: Path, catalogue: catalogue_wire.SignedCatalogue) -> None:
    """Write a signed catalogue to `path`. Raises BadInput."""
    _write(path, catalogue_wire.encode_catalogue(catalogue))


def is_catalogue(path: Path) -> bool:
    """Whether the file in `path` is a signed catalogue. Raises BadInput."""
    return _read(path, catalogue_wire.CATALOGUE_LIMIT_BYTES).startswith(
        catalogue_wire.CATALOGUE_MAGIC
    )


def read_catalogue(path: Path) -> catalogue_wire.SignedCatalogue:
    """The signed catalogue in `path`. Raises BadInput or WireFault."""
    return catalogue_wire.decode_catalogue(_read(path, catalogue_wire.CATALOGUE_LIMIT_BYTES))


def read_content(path: Path) -> bytes:
    """The bytes of a catalogue of the utility, as they were written. Raises BadInput."""
    return _read(path, catalogue_wire.CATALOGUE_LIMIT_BYTES)


def write_content(path: Path, content: bytes) -> None:
    """Write the bytes of a catalogue. Raises BadInput."""
    _write(path, content)


def _read(path: Path, limit_bytes: int) -> bytes:
    try:
        if not path.is_file():
            raise BadInput(f"{path}: there is no such file.")
        with path.open("rb") as source:
            data = source.read(limit_bytes + 1)
    except OSError as error:
        raise BadInput(f"{path}: the file cannot be read ({error.strerror}).") from error
    if len(data) > limit_bytes:
        raise BadInput(f"{path}: the file is larger than {limit_bytes} bytes.")
    return data


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadInput(f"{path}: the file cannot be written ({error.strerror}).") from error


def _sync_folder(folder: Path) -> None:
    """A new name is durable only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
