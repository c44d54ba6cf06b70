"""The keys of a software module in force, and further ones brought in from a file.

In force is one sealed file of this module under the machine's own secret; a file that comes in is
sealed for the same module under a passphrase of its own. Keys that are there stay; a key of the
same name brings new times and a new limit, never another secret; and what was sold under a key that
stays still counts against its limit.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from drivers.vending.keyfile import open_counter, open_vendor, opened, read_whole, seal
from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import VendingKey
from kiosk.errors import BadInput
from kiosk.ports import LoadedFile


class KeyFolder:
    """The port KeyFiles. `secret` is given when it is needed, so that it is not kept in memory.

    `built_in` are keys that are there without any file: those of a rehearsal.
    """

    def __init__(
        self,
        path: Path,
        module: str,
        secret: Callable[[], str | bytes],
        now_ms: Callable[[], int],
        built_in: Sequence[VendingKey] = (),
    ) -> None:
        self.path, self.module = path, module
        self._secret, self._now_ms = secret, now_ms
        self._built_in = list(built_in)

    def open(self) -> SoftwareVendor:
        """The module as it stands. BadInput when its file cannot be used."""
        if self._built_in and not self.path.exists():
            return SoftwareVendor(self._built_in, now_ms=self._now_ms)
        return open_vendor(
            self.path, module=self.module, secret=self._secret(), now_ms=self._now_ms(),
            clock_ms=self._now_ms,
        )  # fmt: skip

    def look(self, path: Path, secret: str) -> LoadedFile:
        """What is in a key file; nothing is changed. BadInput with one sentence."""
        data = read_whole(path)
        keys = self._read(data, secret, path.name)
        digest = hashlib.sha256(data).hexdigest()
        return LoadedFile(digest, self.module, [key.shown() for key in keys])

    def load(self, path: Path, secret: str) -> SoftwareVendor:
        """Put the keys of a file into force; after a power cut the old keys or the new, whole."""
        coming = {key.name: key for key in self._read(read_whole(path), secret, path.name)}
        in_force = self._in_force()
        for key in in_force:
            if key.name in coming and coming[key.name].secret != key.secret:
                raise BadInput(f"{path.name}: {_same_name(key, coming[key.name])}")
        staying = {key.name: key for key in in_force if key.name not in coming}
        keys = [*staying.values(), *coming.values()]
        seal(self.path, keys, module=self.module, secret=self._secret())
        return self.open()

    def _read(self, data: bytes, secret: str, name: str) -> list[VendingKey]:
        return opened(data, module=self.module, secret=secret, now_ms=self._now_ms(), name=name)

    def _in_force(self) -> list[VendingKey]:
        """The keys that are there, their limits less what was sold: the new file counts anew."""
        if not self.path.exists():
            return self._built_in
        secret = self._secret()
        # Expired keys stay too: a meter that still has one needs it for its key change.
        keys = opened(
            read_whole(self.path), module=self.module, secret=secret, now_ms=0, name=self.path.name
        )
        counter = open_counter(self.path, module=self.module, secret=secret)
        counter.check()
        return [_less(key, counter.units(key)) for key in keys]


def _same_name(key: VendingKey, other: VendingKey) -> str:
    return (
        f"the key of supply group {key.supply_group}, revision {key.key_revision}, is another one "
        f"here ({key.check_value()}, in the file {other.check_value()}); a new key needs a new "
        "revision."
    )


def _less(key: VendingKey, sold_units: int) -> VendingKey:
    if key.limit_units is None:
        return key
    return dataclasses.replace(key, limit_units=max(0, key.limit_units - sold_units))


def read_secret(path: Path) -> str | bytes:
    """What a credential file holds: a key of 32 bytes, or a passphrase on one line."""
    try:
        content = path.read_bytes()
        is_open = bool(path.stat().st_mode & 0o007)
    except OSError as fault:
        raise BadInput(f"{path}: {fault.strerror or 'cannot be read'}.") from fault
    if is_open:
        raise BadInput(f"{path}: everybody on this machine can read it; chmod o= {path}")
    if len(content) == 32:
        return content
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or "\n" in text:
        raise BadInput(f"{path}: a credential is 32 bytes, or one line with the passphrase.")
    return text
