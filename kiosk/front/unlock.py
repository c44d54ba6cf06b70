"""Opening the keys of a home: plain files, or `keys/sealed.keys` with its passphrase or credential.

A passphrase comes from the terminal, or from the first line of standard input; a credential is a
file that the service manager gives (systemd: LoadCredential= or LoadCredentialEncrypted=, found
under $CREDENTIALS_DIRECTORY). Neither ever stands on a command line or in kiosk.toml.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.config import Store
from kiosk.errors import BadInput, HomeFault
from kiosk.ledger import store
from kiosk.ledger.connection import unlock
from kiosk.ledger.copying import FOLLOWING, alone
from kiosk.ledger.files import make_folder, refuse_pipes, replace_durably, write_durably
from kiosk.ledger.keyring import HomeKeys, Lock, lock_of, seal, unseal
from kiosk.ledger.withdrawn import wipe

KEYS = Path("keys")
SIGNING_KEY, PEPPER, SEALED = KEYS / "signing.key", KEYS / "pins.secret", KEYS / "sealed.keys"
#: The keys of a store that is being changed: in force as soon as only they open it.
NEXT = KEYS / "sealed.keys.next"
#: Stands for "the next state is plain".
PLAIN_NEXT = KEYS / "plain.next"

#: Asked once a process: the same person sits there for every home that it opens.
_told: dict[Lock, bytes] = {}


def home_keys(path: Path, settings: Store, *, new: bool) -> HomeKeys:
    """The keys of the home in `path`, made if the home is new; its store is unlocked with them."""
    refuse_pipes_at(path)
    if new and not _have_keys(path):
        _make(path, settings)
    if (path / NEXT).exists() or (path / PLAIN_NEXT).exists():
        with alone(path):  # whoever is changing it right now is not disturbed
            finish_change(path, settings)
    keys = _kept(path, settings)
    unlock(path, keys.store)
    if keys.store:
        _wipe_strange_copy(path, keys.store)
    return keys


def _wipe_strange_copy(path: Path, store_key: bytes) -> None:
    """A change of the store that was broken off before it was prepared left a copy under another
    key, or plain; nobody needs it, and a thief could read it."""
    left = path / FOLLOWING
    if not left.exists() or store.opens_file(left, store_key):
        return
    with contextlib.suppress(BadInput), alone(path):  # whoever is at it right now is left alone
        for file in (left, left.with_name(f"{left.name}-journal")):
            wipe(file)


def refuse_pipes_at(path: Path) -> None:
    """Asked by whatever opens the home in `path`: it would hang without a word. HomeFault."""
    refuse_pipes(path, path / KEYS, path / "log")


def ask_ahead(path: Path, settings: Store) -> None:
    """Ask now for the passphrase that opening the home will want: a screen is in the way later."""
    refuse_pipes_at(path)
    seals = [file for file in (path / SEALED, path / NEXT) if file.exists()]
    wanted = [lock_of(_read(file)) for file in seals]
    if not seals and not _have_keys(path):
        wanted = [settings.lock] if settings.lock != "none" else []
    if "passphrase" in wanted:
        secret_for("passphrase", settings)


def secret_for(lock: Lock, settings: Store, *, again: bool = False) -> bytes:
    """What opens a seal: the credential, or the passphrase from whoever sits here."""
    if lock == "credential":
        return _credential(settings.credential)
    if lock not in _told or again:
        _told[lock] = _passphrase()
    return _told[lock]


def forget() -> None:
    """Ask for the passphrase again (tests, and a change of it)."""
    _told.clear()


def write_keys(path: Path, keys: HomeKeys, lock: Lock | None, secret: bytes) -> None:
    """Put keys in force: sealed with `secret`, or plain for None; what was there goes."""
    if lock is not None:
        replace_durably(path / SEALED, seal(keys, lock, secret))
        for plain in (SIGNING_KEY, PEPPER):
            (path / plain).unlink(missing_ok=True)
        return
    replace_durably(path / SIGNING_KEY, keys.signing)
    replace_durably(path / PEPPER, keys.pepper)
    (path / SEALED).unlink(missing_ok=True)


def _have_keys(path: Path) -> bool:
    return (path / SEALED).exists() or ((path / SIGNING_KEY).exists() and (path / PEPPER).exists())


def _make(path: Path, settings: Store) -> None:
    """New keys; of several processes that open a new home at once, the first one's stay."""
    make_folder(path / KEYS)
    signing = Ed25519PrivateKey.generate().private_bytes_raw()
    if settings.lock == "none":
        write_durably(path / SIGNING_KEY, signing)
        write_durably(path / PEPPER, secrets.token_bytes(32))
        return
    keys = HomeKeys(signing, secrets.token_bytes(32), secrets.token_bytes(32))
    write_durably(path / SEALED, seal(keys, settings.lock, secret_for(settings.lock, settings)))


def _kept(path: Path, settings: Store) -> HomeKeys:
    if (path / SEALED).exists():
        return _opened(path / SEALED, settings)
    return HomeKeys(_read(path / SIGNING_KEY), _read(path / PEPPER))


def _opened(sealed: Path, settings: Store) -> HomeKeys:
    content = _read(sealed)
    lock = lock_of(content)
    try:
        return unseal(content, secret_for(lock, settings))
    except HomeFault as fault:
        forget()
        raise HomeFault(f"{sealed}: {fault.sentence}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        what = "signing key" if path.name == SIGNING_KEY.name else "secret of the PINs"
        raise HomeFault(f"{path}: the {what} of this home is missing.") from error


def finish_change(path: Path, settings: Store) -> None:
    """Put the keys in force that open the store, the old or the following; alone in the home."""
    if not ((path / NEXT).exists() or (path / PLAIN_NEXT).exists()):
        return
    following = path / NEXT if (path / NEXT).exists() else path / PLAIN_NEXT
    with contextlib.suppress(HomeFault):
        if store.opens(path, _kept(path, settings).store):
            wipe(following)  # it may hold the keys in plain
            return
    if following.name == PLAIN_NEXT.name:
        plain = _plain(following.read_bytes())
        write_keys(path, plain, None, b"")
        following.unlink()
        return
    if not store.opens(path, _opened(following, settings).store):
        raise HomeFault(f"{path}: neither its old nor its new key opens the ledger; restore it.")
    following.replace(path / SEALED)
    for plain_file in (SIGNING_KEY, PEPPER):
        (path / plain_file).unlink(missing_ok=True)


def _plain(content: bytes) -> HomeKeys:
    return HomeKeys(content[:32], content[32:64])


def _credential(name: str) -> bytes:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    path = Path(folder) / name if folder else Path(name)
    try:
        return path.read_bytes()
    except OSError as error:
        where = "" if folder else " (CREDENTIALS_DIRECTORY is not set)"
        raise HomeFault(
            f"{path}: the credential that opens this home cannot be read{where}."
        ) from error


def _passphrase() -> bytes:
    try:
        if sys.stdin.isatty():
            return getpass.getpass("Passphrase of the store: ").encode()
        return sys.stdin.readline().rstrip("\n").encode()
    except UnicodeError as error:
        raise HomeFault("The passphrase that was given is not UTF-8 text.") from error
