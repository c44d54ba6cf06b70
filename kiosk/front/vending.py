"""Which security module makes the tokens of this home: software, Prism or a serial one.

The drivers load when their module is the one that is set. A rehearsal without a key file sells with
the published test key; a real home without one has no module, and `kiosk doctor` says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kiosk.config import Settings
from kiosk.errors import BadInput, ConfigFault, KioskError
from kiosk.ports import Clock, KeyFiles, TokenVendor

if TYPE_CHECKING:  # the module's own room loads when it is the one that is set
    from drivers.vending.vending_key import VendingKey

Later = Callable[[Callable[[], object]], None]


class Module(msgspec.Struct, frozen=True):
    """What the desk gets; `key_files` only where keys are loaded through this program."""

    vendor: TokenVendor | None
    key_files: KeyFiles | None = None


def module_of(settings: Settings, home: Path, clock: Clock, later: Later) -> Module:
    """The module of `[vending]`. ConfigFault or BadInput with what to write instead.

    `later` takes what must be closed at the end.
    """
    if settings.vending.module == "prism":
        return Module(_prism(settings, later))
    if settings.vending.module == "sts600":
        return Module(_sts600(settings, home, later))
    return _software(settings, home, clock)


def _software(settings: Settings, home: Path, clock: Clock) -> Module:
    vending = settings.vending
    rehearsal = settings.site.mode == "rehearsal"
    path = Path(vending.key_file) if vending.key_file else home / "keys" / "vending.keys"
    if rehearsal and not path.exists() and not vending.credential_file:
        return _published(path, vending.module_id, home, clock)
    if not path.exists() and not vending.credential_file:
        return Module(None)
    from drivers.vending.key_folder import KeyFolder

    folder = KeyFolder(
        path, vending.module_id, _secret(settings, home), lambda: clock.now().time_ms
    )
    return Module(folder.open() if path.exists() else None, folder)


def _published(path: Path, module_id: str, home: Path, clock: Clock) -> Module:
    """A rehearsal's module: the published test key, also as meters have it that nobody has rolled
    over, and room for imported ones."""
    from drivers.vending.key_folder import KeyFolder
    from drivers.vending.vending_key import outdated_rehearsal_key, rehearsal_keys

    folder = KeyFolder(
        path, module_id, lambda: _own_credential(home), lambda: clock.now().time_ms,
        [*rehearsal_keys(), outdated_rehearsal_key()],
    )  # fmt: skip
    return Module(folder.open(), folder)


def _secret(settings: Settings, home: Path) -> Callable[[], str | bytes]:
    from drivers.vending.key_folder import read_secret

    if settings.vending.credential_file:
        path = Path(settings.vending.credential_file)
        return lambda: read_secret(path)
    if settings.site.mode == "rehearsal":
        return lambda: _own_credential(home)
    raise ConfigFault(
        "[vending] credential_file is not set: name the file with what opens the key file."
    )


def _own_credential(home: Path) -> bytes:
    """The credential that a rehearsal makes for itself, so that importing keys can be practised."""
    from drivers.vending.counter import write_whole

    path = home / "keys" / "vending.credential"
    if not path.exists():
        write_whole(path, secrets.token_bytes(32))
    return path.read_bytes()


def rehearsal_key_list(settings: Settings, home: Path) -> list[VendingKey]:
    """The keys themselves, for the maker of a rehearsal's meters; none of another module.

    BadInput when the key file cannot be opened.
    """
    assert settings.site.mode == "rehearsal"
    vending = settings.vending
    path = Path(vending.key_file) if vending.key_file else home / "keys" / "vending.keys"
    if vending.module != "software" or not path.exists():
        return []
    from drivers.vending.keyfile import opened, read_whole

    # Expired keys too: a meter under one of them waits for its key change.
    return opened(
        read_whole(path), module=vending.module_id, secret=_secret(settings, home)(), now_ms=0,
        name=path.name,
    )  # fmt: skip


def _prism(settings: Settings, later: Later) -> TokenVendor:
    from drivers.vending.prism.prism import PrismVendor
    from drivers.vending.prism.settings import PrismAccount, PrismAddress, held_key, password_in

    vending = settings.vending
    if not vending.credential_file:
        raise ConfigFault("[vending] credential_file is not set: it holds the Prism password.")
    address = PrismAddress(vending.host, vending.port, vending.certificate_sha256)
    account = PrismAccount(
        vending.realm, vending.username, password_in(Path(vending.credential_file))
    )
    keys = [held_key(text) for text in vending.keys]
    if not keys:
        raise ConfigFault("[vending] keys is empty: name the vending keys of the Prism service.")
    vendor = PrismVendor(address, account, keys, timeout_s=vending.timeout_s)
    later(vendor.close)
    return vendor


def _sts600(settings: Settings, home: Path, later: Later) -> TokenVendor:
    from drivers.vending.sts600.sts600 import Sts600Vendor

    vending = settings.vending
    if not vending.serial_port:
        raise ConfigFault('[vending] module is "sts600": set serial_port to its serial port.')
    vendor = Sts600Vendor(
        vending.serial_port, vending.registers, home / "keys" / "sts600.answers.json",
        timeout_s=vending.timeout_s,
    )  # fmt: skip
    later(vendor.close)
    return vendor


def seal_key_list(records: Path, out: Path, module_id: str, passphrase: str) -> int:
    """Seal a JSON list of key-load records into a key file for `module_id`; how many keys."""
    from drivers.vending.counter import write_whole
    from drivers.vending.key_attributes import keys_in_text
    from drivers.vending.keyfile import read_whole, sealed

    if out.exists():
        raise BadInput(f"{out}: is there already; name another file.")
    try:
        keys = keys_in_text(read_whole(records))
    except KioskError as fault:
        raise BadInput(f"{records.name}: {fault.sentence}") from None
    write_whole(out, sealed(keys, module=module_id, secret=passphrase))
    return len(keys)
