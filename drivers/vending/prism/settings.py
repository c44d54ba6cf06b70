"""What a technician sets for a Prism service: where it is, who signs in, which keys it holds.

The pin is the SHA-256 of the service's certificate, as
`openssl x509 -in service.pem -noout -fingerprint -sha256` prints it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from drivers.vending.prism.token_api import NAME
from kiosk.domain.vending_keys import VendorKey
from kiosk.errors import BadInput, ConfigFault

_HELD_KEY = re.compile(
    r"(\d{6})/([1-9])/([0-3])/(1993|2014|2035)/(07|11)(?:/(\d{1,3}))?(?:/([0-9a-fA-F]{6}))?"
)
_LARGEST_EXPIRY = 255


@dataclass(frozen=True, slots=True)
class PrismAddress:
    """Where the service is and which certificate it must show. ConfigFault for a bad value.

    `host` is an IP address: a name server that is down would hold up a sale for half a minute.
    """

    host: str
    port: int
    certificate_sha256: str

    def __post_init__(self) -> None:
        try:
            ipaddress.ip_address(self.host)
        except ValueError as trouble:
            raise ConfigFault(
                f"The Prism service's address {self.host!r} is not an IP address; "
                "write it as 192.0.2.7."
            ) from trouble
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2}:?){32}", self.certificate_sha256):
            raise ConfigFault(
                "The Prism service's certificate_sha256 must have 64 hex digits; `openssl x509 "
                "-noout -fingerprint -sha256` prints them for a certificate."
            )

    def accepts(self, certificate: bytes | None) -> bool:
        """Whether this is the certificate that was pinned (DER)."""
        found = hashlib.sha256(certificate or b"").hexdigest()
        return hmac.compare_digest(found, self.certificate_sha256.replace(":", "").lower())


@dataclass(frozen=True, slots=True)
class PrismAccount:
    """Who signs in. ConfigFault for a realm or name that the service could not take."""

    realm: str
    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        for what, value in (("realm", self.realm), ("username", self.username)):
            if not NAME.fullmatch(value):
                raise ConfigFault(
                    f"The Prism {what} {value[:40]!r} must have 1 to 40 letters, digits, commas, "
                    "dots, _ or -."
                )
        if not self.password:
            raise BadInput("The password for the Prism service is empty.")


def held_key(text: str) -> VendorKey:
    """A key in the service's key store, as the technician writes it: the service cannot list them.

    Written as GROUP/REVISION/TYPE/BASE DATE/ALGORITHM[/KEN[/CHECK VALUE]].

    "123456/1/2/2014/07/255/c33f45", for one. Without a check value a token's is not compared.
    ConfigFault for anything else.
    """
    match = _HELD_KEY.fullmatch(text)
    expiry = int(match[6] or _LARGEST_EXPIRY) if match else _LARGEST_EXPIRY + 1
    if match is None or expiry > _LARGEST_EXPIRY:
        raise ConfigFault(
            f"The vending key {text[:60]!r} must be written as 123456/1/2/2014/07/255/c33f45: "
            "supply group, revision, type, base date, algorithm, expiry number, check value."
        )
    group, revision, kind, base_date, algorithm, _, check_value = match.groups()
    return VendorKey(
        supply_group=group,
        key_revision=int(revision),
        key_type=int(kind),
        base_date=int(base_date),
        algorithm=algorithm,
        check_value=(check_value or "").lower(),
        key_expiry=expiry,
    )


def password_in(path: Path) -> str:
    """The password in a credential file of the service manager; BadInput when it cannot be used."""
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
        is_open = bool(path.stat().st_mode & 0o007)
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInput(f"{path}: the password cannot be read.") from fault
    if is_open:
        raise BadInput(f"{path}: everybody on this machine can read it; chmod o= {path}")
    if not text or "\n" in text:
        raise BadInput(f"{path}: a password is one line of text.")
    return text
