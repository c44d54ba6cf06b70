"""Frames and fields of STS600-8-6: pure functions from text to bytes and back.

    request  SM?xx fields crc CR
    reply    SM!xx status fields crc CR      status: two digits, 00 is done, EE extended
    refusal  GL!ER status crc CR             the request itself could not be understood

The CRC is CRC-16/ARC over everything before it, four hex digits. A field is a letter, a value and
a tilde (PTVD): N decimal number, P text, H octets in hex, D date CCYYMMDDhhmmss.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kiosk.errors import VendorFault

END = b"\r"

#: More than three key change tokens need; a longer line is noise.
LONGEST_LINE = 1024

_REQUEST = re.compile(r"(SM\?[A-Z]{2})(.*)")
_REPLY = re.compile(r"(SM![A-Z]{2}|GL!ER)([0-9]{2}|EE)(.*)")
_FIELD = re.compile(r"([NPHD])([^~]*)~")
_VALUE = {
    "N": re.compile(r"0|[1-9][0-9]{0,9}"),
    "P": re.compile(r"[ -}]*"),
    "H": re.compile(r"(?:[0-9A-F]{2})*"),
    "D": re.compile(r"[0-9]{14}"),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `header` as SM!VC, the two-digit status, the fields still as text."""

    header: str
    status: str
    payload: str


def number(value: int) -> str:
    """A field with a decimal number, without leading zeros."""
    return f"N{value}~"


def text(value: str) -> str:
    """A field with printable text."""
    assert _VALUE["P"].fullmatch(value), "a text of a field has no tilde and no control sign"
    return f"P{value}~"


def octets(value: int, count: int) -> str:
    """A field with `count` octets, most significant first."""
    return f"H{value.to_bytes(count, 'big').hex().upper()}~"


def request_line(command: str, payload: str = "") -> bytes:
    """The bytes of a request; `command` as VC."""
    return _sealed(f"SM?{command}{payload}")


def reply_line(header: str, status: str, payload: str = "") -> bytes:
    """The bytes of a reply."""
    return _sealed(f"{header}{status}{payload}")


def parse_reply(line: bytes) -> Reply | None:
    """The reply in a line without its CR; None for noise: a wrong CRC or no reply at all."""
    body = _unsealed(line)
    match = _REPLY.fullmatch(body) if body is not None else None
    return Reply(*match.groups()) if match else None


def parse_request(line: bytes) -> tuple[str, str] | None:
    """Header and payload of a request, for the other end of the line; None for a wrong CRC."""
    body = _unsealed(line)
    if body is None:
        return None
    match = _REQUEST.fullmatch(body)
    return (match[1], match[2]) if match else ("", body)


def fields(payload: str, kinds: str) -> list[str]:
    """The values of the fields of `payload`, which have exactly these `kinds`, as "PP".

    VendorFault when they have not.
    """
    found = _FIELD.findall(payload)
    rebuilt = "".join(f"{kind}{value}~" for kind, value in found)
    if rebuilt != payload or "".join(kind for kind, _ in found) != kinds:
        raise VendorFault(f"The security module answered other fields than {kinds or 'none'}.")
    for kind, value in found:
        if not _VALUE[kind].fullmatch(value):
            raise VendorFault(f"The security module answered a field {kind} that is malformed.")
    return [value for _, value in found]


def kinds_in(payload: str) -> str:
    """The letters of the fields, for an answer whose layout differs between makers."""
    return "".join(kind for kind, _ in _FIELD.findall(payload))


def crc16_arc(data: bytes) -> int:
    """CRC-16/ARC: x^16 + x^15 + x^2 + 1 reflected, started with 0 ("123456789" -> BB3D)."""
    register = 0
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register


def _sealed(body: str) -> bytes:
    data = body.encode("ascii")
    return data + f"{crc16_arc(data):04X}".encode("ascii") + END


def _unsealed(line: bytes) -> str | None:
    data, seal = line[:-4], line[-4:]
    if len(line) > LONGEST_LINE or seal.upper() != f"{crc16_arc(data):04X}".encode("ascii"):
        return None
    return data.decode("ascii", errors="replace")
