"""What a real card reader needs on this machine, and which package brings what is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any, Literal

from drivers.card import binding

State = Literal["ok", "missing", "warning"]
Finding = tuple[State, str, str]

_DRIVERS = Path("/usr/lib/pcsc/drivers")


def diagnose(reader: str = "") -> list[Finding]:
    """One finding a part: its state, what was found, and what to do about it ("" when ok).

    `reader` is the name in the configuration. Asks the service, so call it before a screen is drawn
    (binding.quiet); it never raises.
    """
    parts = [_library(), _binding(), _service_program(), _usb_driver(), _acs_driver()]
    if parts[0][0] != "ok" or parts[1][0] != "ok":
        return parts
    return [*parts, *_readers(binding.load(), reader)]


def _part(found: bool, name: str, advice: str, otherwise: State = "missing") -> Finding:
    return ("ok", f"{name} is there", "") if found else (otherwise, f"{name} is missing", advice)


def _library() -> Finding:
    return _part(binding.has_library(), "the PC/SC library", "apt install libpcsclite1")


def _binding() -> Finding:
    advice = (
        "apt install gcc python3-dev libpcsclite-dev, then pip install 'payment-hall[pcsc]'; or "
        "apt install python3-pyscard in an environment with --system-site-packages"
    )
    return _part(importlib.util.find_spec("smartcard") is not None, "pyscard", advice)


def _service_program() -> Finding:
    places = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    found = shutil.which("pcscd", path=places) is not None
    return _part(found, "the card service pcscd", "apt install pcscd")


def _usb_driver() -> Finding:
    found = (_DRIVERS / "ifd-ccid.bundle").exists()
    return _part(found, "the driver of USB readers", "apt install libccid", "warning")


def _acs_driver() -> Finding:
    found = (_DRIVERS / "ifd-acsccid.bundle").exists()
    advice = "apt install libacsccid1 (only for ACS readers: memory cards need it)"
    return _part(found, "the driver of ACS readers", advice, "warning")


def _readers(scard: Any, wanted: str) -> list[Finding]:
    with binding.quiet():
        result, context = binding.establish(scard)
    if result != binding.OK:
        return [("missing", f"the card service does not answer ({result:08X})", _START)]
    try:
        _, readers = scard.SCardListReaders(context, [])
    finally:
        scard.SCardReleaseContext(context)
    if not readers:
        return [("missing", "no card reader is plugged in", "plug it in; then: lsusb")]
    known: list[Finding] = [("ok", f"card reader: {reader}", "") for reader in readers]
    if wanted and not any(reader.startswith(wanted) for reader in readers):
        known.append(("missing", f"the configured reader {wanted} is not there", _NAME))
    return known


_START = "systemctl enable --now pcscd.socket (in a container: run pcscd)"
_NAME = 'set [card] reader in kiosk.toml to one of the names above, or to "" for the only one'
