"""Sealed vending keys: the file in which keys come to a terminal, and how it is opened.

The file (all numbers big endian):

    offset  bytes  field
    0       8      "VENDKEYS"
    8       1      version, 1
    9       1      protection: 1 passphrase through Argon2id, 2 a key of 32 bytes
    10      4      Argon2id memory in KiB      (0 for protection 2)
    14      4      Argon2id passes             (0 for protection 2)
    18      1      Argon2id lanes              (0 for protection 2)
    19      16     salt                        (zeros for protection 2)
    35      12     nonce
    47      1      length of the module id, m (1 to 64)
    48      m      module id, ASCII: the one module that may open it
    48+m    4      length of the sealed part, s
    52+m    s      AES-256-GCM of the keys, tag last; everything before it is authenticated too
    52+m+s  32     SHA-256 of everything before: tells damage from a wrong passphrase

The sealed part is a JSON list of the fields of `VendingKey`, `secret` in base64, or of the
attributes of key-load files (key_attributes). A key of 32 bytes
comes from a credential file of the service manager. The counter of sold units stands beside the
file; its name carries the first digits of the file's SHA-256, so a new file starts a new counter.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from drivers.vending.counter import CounterFile, write_whole
from drivers.vending.key_attributes import keys_in_text
from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import VendingKey
from kiosk.errors import BadInput

_MAGIC = b"VENDKEYS"
_VERSION = 1
_HEAD = struct.Struct(">8sBBIIB16s12sB")
_LENGTH = struct.Struct(">I")
_CHECKSUM_BYTES = 32
_TAG_BYTES = 16
_PASSPHRASE, _CREDENTIAL = 1, 2
_LEAST_PASSPHRASE = 12
_LARGEST_FILE = 1 << 20


class Cost(msgspec.Struct, frozen=True):
    """What a guess at the passphrase costs; 7 MiB and 5 passes fit beside a selling process."""

    memory_kib: int = 7 * 1024
    passes: int = 5
    lanes: int = 1


DEFAULT_COST = Cost()


class _Sealed(msgspec.Struct, frozen=True):
    """A file taken apart, nothing opened yet."""

    protection: int
    cost: Cost
    salt: bytes
    nonce: bytes
    module: str
    head: bytes
    body: bytes


def seal(
    path: Path,
    keys: Sequence[VendingKey],
    *,
    module: str,
    secret: str | bytes,
    cost: Cost = DEFAULT_COST,
) -> None:
    """Write `keys` to `path` for the module `module`, and the counter that goes with them.

    `secret` is a passphrase or a key of 32 bytes. The counter is there before the file is: after a
    power cut the old keys with their counter still stand.
    """
    data = sealed(keys, module=module, secret=secret, cost=cost)
    _counter(path, data, _master(_apart(data), secret)).create()
    write_whole(path, data)


def sealed(
    keys: Sequence[VendingKey], *, module: str, secret: str | bytes, cost: Cost = DEFAULT_COST
) -> bytes:
    """The bytes of a key file."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    _check_sealing(keys, module, secret)
    protection = _PASSPHRASE if isinstance(secret, str) else _CREDENTIAL
    if protection == _CREDENTIAL:
        cost = Cost(0, 0, 0)
    salt = os.urandom(16) if protection == _PASSPHRASE else bytes(16)
    nonce = os.urandom(12)
    text = msgspec.json.encode(list(keys))
    head = _HEAD.pack(
        _MAGIC,
        _VERSION,
        protection,
        cost.memory_kib,
        cost.passes,
        cost.lanes,
        salt,
        nonce,
        len(module),
    )
    head += module.encode("ascii") + _LENGTH.pack(len(text) + _TAG_BYTES)
    master = _master(_Sealed(protection, cost, salt, nonce, module, head, b""), secret)
    whole = head + AESGCM(master).encrypt(nonce, text, head)
    return whole + hashlib.sha256(whole).digest()


def open_vendor(
    path: Path,
    *,
    module: str,
    secret: str | bytes,
    now_ms: int,
    clock_ms: Callable[[], int] | None = None,
) -> SoftwareVendor:
    """The software module over a key file and its counter; BadInput with one sentence otherwise.

    `now_ms` refuses a file in which no key may sell any more. A single expired key stays in: the
    meter that still has it needs it for a key change, which goes to a key that is in force by
    `clock_ms`.
    """
    data = read_whole(path)
    keys, master = _opened(data, module, secret, now_ms, path.name)
    counter = _counter(path, data, master)
    counter.check()
    return SoftwareVendor(keys, counter, now_ms=clock_ms)


def open_counter(path: Path, *, module: str, secret: str | bytes) -> CounterFile:
    """The counter of a key file, to compare what was counted with what the journal knows."""
    data = read_whole(path)
    _, master = _opened(data, module, secret, 0, path.name)
    return _counter(path, data, master)


def opened(
    data: bytes, *, module: str, secret: str | bytes, now_ms: int, name: str = "key file"
) -> list[VendingKey]:
    """The keys in the bytes of a key file."""
    return _opened(data, module, secret, now_ms, name)[0]


def _opened(
    data: bytes, module: str, secret: str | bytes, now_ms: int, name: str
) -> tuple[list[VendingKey], bytes]:
    try:
        file = _apart(data)
        if file.module != module:
            raise BadInput(f"it is for module {file.module}, and this is module {module}.")
        master = _master(file, secret)
        keys = _keys_in(file, master)
    except BadInput as fault:
        raise BadInput(f"{name}: {fault.sentence}") from None
    if max(key.last_ms() for key in keys) < now_ms:
        raise BadInput(f"{name}: every vending key in it has expired; load new keys.")
    return keys, master


def _apart(data: bytes) -> _Sealed:
    """Take a file apart, strictly: every byte has its place and the checksum must be right."""
    if not data.startswith(_MAGIC[: len(data)]) or not data:
        raise BadInput("this is not a file of vending keys.")
    if len(data) < _HEAD.size:
        raise BadInput("it is truncated; copy it again.")
    _, version, protection, memory_kib, passes, lanes, salt, nonce, size = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise BadInput(f"it has version {version}, and this program reads version {_VERSION}.")
    if len(data) < _HEAD.size + size + _LENGTH.size:
        raise BadInput("it is truncated; copy it again.")
    start = _HEAD.size + size + _LENGTH.size
    end = start + _LENGTH.unpack_from(data, start - _LENGTH.size)[0]
    if len(data) < end + _CHECKSUM_BYTES:
        raise BadInput("it is truncated; copy it again.")
    if hashlib.sha256(data[:end]).digest() != data[end:]:
        raise BadInput("it was damaged or altered; copy it again.")
    module = data[_HEAD.size : _HEAD.size + size]
    cost = Cost(memory_kib, passes, lanes)
    _check_head(protection, cost, module)
    head, body = data[:start], data[start:end]
    return _Sealed(protection, cost, salt, nonce, module.decode("ascii"), head, body)


def _check_head(protection: int, cost: Cost, module: bytes) -> None:
    """Refuse values that this program never writes, before they cost memory or time."""
    asked = (cost.memory_kib, cost.passes, cost.lanes)
    if protection == _CREDENTIAL:
        fits = asked == (0, 0, 0)
    else:
        fits = protection == _PASSPHRASE and _is_bearable(cost)
    if not fits or not module or not _is_module(module.decode("latin-1")):
        raise BadInput("its head is not one that this program writes; copy it again.")


def _is_bearable(cost: Cost) -> bool:
    return (
        8 * cost.lanes <= cost.memory_kib <= 256 * 1024
        and 1 <= cost.passes <= 32
        and 1 <= cost.lanes <= 8
    )


def _is_module(module: str) -> bool:
    return module.isascii() and module.isprintable() and 1 <= len(module) <= 64


def _master(file: _Sealed, secret: str | bytes) -> bytes:
    """The key of 32 bytes that opens the file."""
    if isinstance(secret, bytes):
        if file.protection != _CREDENTIAL:
            raise BadInput("it is sealed with a passphrase, not with a credential.")
        if len(secret) != 32:
            raise BadInput(f"a credential has 32 bytes, not {len(secret)}.")
        return secret
    if file.protection != _PASSPHRASE:
        raise BadInput("it is sealed with a credential, not with a passphrase.")
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        secret.encode("utf-8", "surrogatepass"),
        file.salt,
        time_cost=file.cost.passes,
        memory_cost=file.cost.memory_kib,
        parallelism=file.cost.lanes,
        hash_len=32,
        type=Type.ID,
    )


def _keys_in(file: _Sealed, master: bytes) -> list[VendingKey]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        text = AESGCM(master).decrypt(file.nonce, file.body, file.head)
    except InvalidTag:
        what = "passphrase" if file.protection == _PASSPHRASE else "credential"
        raise BadInput(f"the {what} is wrong, or the file was altered.") from None
    keys = _listed(text)
    if not keys:
        raise BadInput("there is no key in it.")
    return keys


def _listed(text: bytes) -> list[VendingKey]:
    """The keys of the sealed list, by our own field names or by those of key-load files."""
    try:
        return msgspec.json.decode(text, type=list[VendingKey])
    except msgspec.DecodeError:
        pass
    try:
        return keys_in_text(text)
    except BadInput:
        # Neither message is given on: it could quote what it read, and that is the keys.
        raise BadInput("what is sealed in it is not a list of vending keys.") from None


def _check_sealing(keys: Sequence[VendingKey], module: str, secret: str | bytes) -> None:
    if not keys:
        raise BadInput("There is no vending key to seal.")
    if len({key.name for key in keys}) != len(keys):
        raise BadInput("Two vending keys have the same supply group, revision, type and date.")
    if not _is_module(module):
        raise BadInput("A module id has 1 to 64 printable ASCII characters.")
    if isinstance(secret, bytes) and len(secret) != 32:
        raise BadInput("A credential for vending keys has 32 bytes.")
    if isinstance(secret, str) and len(secret) < _LEAST_PASSPHRASE:
        raise BadInput(
            f"A passphrase for vending keys has at least {_LEAST_PASSPHRASE} characters."
        )


def read_whole(path: Path) -> bytes:
    """The bytes of a key file; BadInput when it cannot be read or is far too large."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as fault:
        raise BadInput(f"{path}: {fault.strerror or 'cannot be read'}.") from fault
    if len(data) > _LARGEST_FILE:
        raise BadInput(f"{path}: too large for a file of vending keys.")
    return data


def _counter(path: Path, data: bytes, master: bytes) -> CounterFile:
    """The counter of the file with these bytes, under a secret of its own."""
    lease = hashlib.sha256(data).hexdigest()
    secret = hmac.digest(master, b"credit counter " + lease.encode("ascii"), hashlib.sha256)
    return CounterFile(path.with_name(f"{path.name}.{lease[:12]}.count"), lease, secret)
