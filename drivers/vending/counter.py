"""The credit counter: what was sold under each vending key, on disk before a token is given out.

A counter file stands beside the sealed key file that it belongs to. It is one line of JSON and one
line of HMAC-SHA-256 over it, keyed from the secret of the key file, so that it cannot be edited or
taken over from another key file. What no software can see is an old copy put back whole: the sum of
the journal must equal the counter (`issued`), and a module of hardware is the answer.

The last message ids are kept with it: asking again for a token that was counted does not count it
twice. An id older than those is counted again, never too little.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from drivers.vending.vending_key import VendingKey
from kiosk.domain.token import TokenRequest
from kiosk.errors import BadInput, Refusal, VendorFault

#: Message ids that are remembered; far more than sales that can be unfinished at one time.
_REMEMBERED = 128


class _Sold(msgspec.Struct, forbid_unknown_fields=True):
    """What is in the file: units and tokens for each key, and the last message ids."""

    version: int
    lease: str
    units: dict[str, int]
    issued: int
    recent: list[tuple[str, str]]


class CounterFile:
    """The counter of one key file (`lease` is that file's digest); safe between processes."""

    def __init__(self, path: Path, lease: str, secret: bytes, timeout_s: float = 5.0) -> None:
        self.path = path
        self._lease = lease
        self._secret = secret
        self._timeout_s = timeout_s

    def create(self) -> None:
        """Write a counter that has counted nothing; sealing a key file does this once."""
        self._write(_Sold(1, self._lease, {}, 0, []))

    def check(self) -> None:
        """BadInput when the file is missing, altered, or belongs to another key file."""
        self._read()

    def issued(self) -> int:
        """Tokens that were counted in all; the journal must know as many."""
        return self._read().issued

    def units(self, key: VendingKey) -> int:
        """Units that were counted under `key`."""
        return self._read().units.get(_label(key), 0)

    def draw(self, request: TokenRequest, key: VendingKey) -> Refusal | None:
        """Count `request` once for its message id; refuse beyond the limit of `key`.

        Refuses a message id that was used for another request. VendorFault when the file cannot be
        kept: nothing may be given out then.
        """
        try:
            with self._alone():
                return self._draw(request, key)
        except (OSError, BadInput) as fault:
            raise self._silent(fault) from fault

    def sold_units(self, key: VendingKey) -> int:
        """As `units`; VendorFault when the file cannot be read or was altered."""
        try:
            return self.units(key)
        except BadInput as fault:
            raise self._silent(fault) from fault

    def _silent(self, fault: OSError | BadInput) -> VendorFault:
        sentence = fault.sentence if isinstance(fault, BadInput) else str(fault.strerror)
        return VendorFault(f"The credit counter {self.path.name}: {sentence}")

    def _draw(self, request: TokenRequest, key: VendingKey) -> Refusal | None:
        sold = self._read()
        digest = hashlib.sha256(msgspec.json.encode(request)).hexdigest()[:32]
        for message_id, known in sold.recent:
            if message_id == request.message_id:
                is_same = known == digest
                return None if is_same else Refusal("message_reused", {"message_id": message_id})
        used_units = sold.units.get(_label(key), 0)
        if key.limit_units is not None and used_units + request.units > key.limit_units:
            return _beyond(request, key, key.limit_units - used_units)
        sold.units[_label(key)] = used_units + request.units
        sold.issued += 1
        sold.recent = [*sold.recent, (request.message_id, digest)][-_REMEMBERED:]
        self._write(sold)
        return None

    def _read(self) -> _Sold:
        try:
            text, _, seal = self.path.read_bytes().rstrip(b"\n").partition(b"\n")
        except OSError as fault:
            raise BadInput(f"{self.path} cannot be read; load the vending keys again.") from fault
        if not hmac.compare_digest(seal, self._seal(text)):
            raise BadInput(
                f"{self.path} was altered or belongs to other keys; load the keys again."
            )
        try:
            sold = msgspec.json.decode(text, type=_Sold)
        except msgspec.DecodeError:
            raise BadInput(f"{self.path} is not of this version of the program.") from None
        if sold.version != 1 or sold.lease != self._lease:
            raise BadInput(f"{self.path} belongs to other vending keys; load the keys again.")
        return sold

    def _write(self, sold: _Sold) -> None:
        text = msgspec.json.encode(sold)
        write_whole(self.path, text + b"\n" + self._seal(text) + b"\n")

    def _seal(self, text: bytes) -> bytes:
        return hmac.digest(self._secret, text, hashlib.sha256).hex().encode("ascii")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process counts meanwhile; the lock goes with the process that held it."""
        import fcntl

        ends_s = time.monotonic() + self._timeout_s
        with self.path.with_name(self.path.name + ".lock").open("ab") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > ends_s:
                        raise BadInput("another process holds it; try again.") from None
                    time.sleep(0.01)
            yield


def _label(key: VendingKey) -> str:
    return "/".join(str(part) for part in key.name)


def _beyond(request: TokenRequest, key: VendingKey, left_units: int) -> Refusal:
    return Refusal(
        "vending_limit_reached",
        {
            "supply_group": key.supply_group,
            "key_revision": key.key_revision,
            "units": request.units,
            "left_units": max(0, left_units),
        },
    )


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data` for its owner alone; after a power cut the old or the new, whole."""
    beside = path.with_name(path.name + ".new")
    with open(beside, "wb", opener=_private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
