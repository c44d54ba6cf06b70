"""Vending keys under the attribute names of key-load files (STS600-4-2), as an office writes them.

    SGC  supply group, 6 digits         KRN  key revision, 1 to 9     KT   key type, 0 to 3
    BDT  base date: 93, 14, 35          DKG  derivation: 02, 04       EA   algorithm: 07, 11
    KEN  expiry number, 0 to 255        VK   the key, in hex          KCV  its check value
    ACT  active from   IUT  may be issued until: ISO 8601 in UTC, 2026-11-20T12:00:00Z
    ULM  units that may be sold in all, 0.1 kWh each

SGC, KRN, BDT, DKG and VK are needed; KT is 2, EA 07 and KEN 255 unless they are given. A KCV that
is given must be that of the key: it shows a key that was mistyped. The encrypted files of the Key
Management Centre themselves open only inside the module that they were made for.
"""

from __future__ import annotations

import datetime

import msgspec

from drivers.vending.vending_key import VendingKey
from kiosk.errors import BadInput

_BASE_DATES = {"93": 1993, "14": 2014, "35": 2035}


class KeyRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="upper"):
    """One key of a key-load list; every value is text, as such files have it."""

    sgc: str
    krn: str
    bdt: str
    dkg: str
    vk: str
    kt: str = "2"
    ea: str = "07"
    ken: str = "255"
    kcv: str = ""
    act: str = ""
    iut: str = ""
    ulm: str = ""

    def __repr__(self) -> str:
        return f"KeyRecord({self.sgc!r}, {self.krn!r})"


def key_of(record: KeyRecord) -> VendingKey:
    """The vending key of a record. BadInput names the attribute that is wrong, never the key."""
    if record.bdt not in _BASE_DATES:
        raise BadInput(f"BDT {record.bdt[:8]!r} must be 93, 14 or 35.")
    try:
        secret = bytes.fromhex(record.vk)
    except ValueError:
        raise BadInput(f"VK of supply group {record.sgc[:8]} is not hex.") from None
    key = VendingKey(
        record.sgc,
        _number("KRN", record.krn),
        _number("KT", record.kt),
        _BASE_DATES[record.bdt],
        record.ea,
        record.dkg,
        secret,
        _number("KEN", record.ken),
        _time_ms("ACT", record.act) if record.act else 0,
        _time_ms("IUT", record.iut) if record.iut else None,
        _number("ULM", record.ulm) if record.ulm else None,
    )
    if record.kcv and record.kcv.lower() != key.check_value():
        raise BadInput(
            f"The key of supply group {record.sgc}, revision {record.krn}, has check value "
            f"{key.check_value()}, not {record.kcv[:8].lower()}: it was mistyped."
        )
    return key


def keys_in_text(text: bytes) -> list[VendingKey]:
    """The keys of a JSON list of records. BadInput without any part of the text."""
    try:
        records = msgspec.json.decode(text, type=list[KeyRecord])
    except msgspec.DecodeError:
        # The message of the decoder could quote what it read, and that is the keys.
        raise BadInput(
            "This is not a JSON list of vending keys with SGC, KRN, BDT, DKG and VK as texts."
        ) from None
    return [key_of(record) for record in records]


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise BadInput(f"{name} {text[:16]!r} is not a number.")
    return int(text)


def _time_ms(name: str, text: str) -> int:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{name} {text[:32]!r} must be written as 2026-11-20T12:00:00Z.") from None
    if moment.tzinfo is None:
        raise BadInput(f"{name} {text[:32]!r} needs its zone: write Z for UTC.")
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * 1000
