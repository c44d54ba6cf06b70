"""A backup: one file with the ledger as it was at one moment, and what a new home needs beside it.

    "PHK" 01 | length of the head (4 bytes, big-endian) | head (msgpack) | the database

The head names what stands beside the ledger (home.json, the sealed keys, the centre) and the
SHA-256 of the database. Plain keys are never in a backup. The database is encrypted with the key of
the store where the store is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kiosk.errors import BadInput
from kiosk.ledger.connection import key_of
from kiosk.ledger.copying import copy_store
from kiosk.ledger.files import refuse_taken, sync_folder
from kiosk.ledger.opening import Head

MAGIC = b"PHK\x01"
_LENGTH = struct.Struct(">I")
_HEAD_LIMIT_BYTES = 4 * 1024 * 1024
_PIECE = 1024 * 1024


class BackupHead(msgspec.Struct, frozen=True):
    """What stands in front of the database."""

    origin: str
    upto: int
    digest: bytes
    sha256: bytes
    files: dict[str, bytes]


class Backup(msgspec.Struct, frozen=True):
    """A backup that was made: up to which entry, and how large it is."""

    upto: int
    digest: bytes
    bytes_written: int


def make_backup(home: Path, target: Path, origin: str, companions: Sequence[str]) -> Backup:
    """Write a backup of the ledger to `target`, whole or not at all, while selling goes on.

    BadInput when `target` exists or cannot be written.
    """
    refuse_taken(target)
    if not target.parent.is_dir():
        raise BadInput(f"{target}: there is no such folder.")
    database = target.with_name(f".{target.name}.ledger.{os.getpid()}")
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        head = copy_store(home, database, key_of(home))
        files = {name: (home / name).read_bytes() for name in companions if (home / name).exists()}
        front = BackupHead(origin, head.sequence, head.digest, _sha256(database), files)
        _join(beside, front, database)
        beside.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise BadInput(f"{target}: the backup cannot be written ({error.strerror}).") from error
    finally:
        for draft in (database, beside):
            draft.unlink(missing_ok=True)
    return Backup(head.sequence, head.digest, target.stat().st_size)


def read_head_of(path: Path) -> BackupHead:
    """What a backup says of itself. Raises BadInput."""
    return _open(path)[0]


def unpack(path: Path, target: Path) -> Head:
    """Put the database of a backup at `target`. BadInput when it is not whole."""
    head, start = _open(path)
    with path.open("rb") as source, target.open("wb") as file:
        source.seek(start)
        shutil.copyfileobj(source, file, _PIECE)
    target.chmod(0o600)
    if _sha256(target) != head.sha256:
        raise BadInput(f"{path}: the backup is damaged: its database is not the one it was.")
    return Head(head.upto, head.digest)


def _join(path: Path, front: BackupHead, database: Path) -> None:
    packed = msgspec.msgpack.encode(front)
    with path.open("wb") as file, database.open("rb") as source:
        path.chmod(0o600)
        file.write(MAGIC + _LENGTH.pack(len(packed)) + packed)
        shutil.copyfileobj(source, file, _PIECE)
        file.flush()
        os.fsync(file.fileno())


def _open(path: Path) -> tuple[BackupHead, int]:
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise BadInput(f"{path}: this is not a backup.")
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC) + _LENGTH.size)
            if len(start) < len(MAGIC) + _LENGTH.size or not start.startswith(MAGIC):
                raise BadInput(f"{path}: this is not a backup.")
            (length,) = _LENGTH.unpack(start[len(MAGIC) :])
            packed = file.read(min(length, _HEAD_LIMIT_BYTES))
            return msgspec.msgpack.decode(packed, type=BackupHead), file.tell()
    except OSError as error:
        raise BadInput(f"{path}: the backup cannot be read ({error.strerror}).") from error
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path}: the backup is damaged ({error}).") from error


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
