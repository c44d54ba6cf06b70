"""Where meters are made: registers on disk, and for a keypad meter its decoder key.

A real meter leaves the works with a decoder key that the key management centre has made of the
vending key. A rehearsal has no such centre, so the factory derives the key itself, from the
standard's description and not from the code that sells (sts-facts 3).
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from drivers.meter.card_meter import CardMeter, CardMeterState
from drivers.meter.decoder import KEY_BYTES, Algorithm
from drivers.meter.keypad import KeypadMeter
from drivers.meter.keypad_state import NEVER_EXPIRES, KeypadState
from drivers.meter.registers import ELECTRICITY
from kiosk.domain.registry import luhn_digit
from kiosk.errors import BadInput

#: The vending key of the published test values for DKGA02: no secret, for rehearsals only.
PUBLISHED_VENDING_KEY = bytes.fromhex("abababababababab")

#: The vending key of the published test values for DKGA04.
PUBLISHED_VENDING_KEY_160 = bytes.fromhex("abababababababab949494949494949401234567")

#: The published test key for cards (docs/cards.md): what a rehearsal gives to its meter maker.
PUBLISHED_CARD_KEY = bytes.fromhex("404142434445464748494A4B4C4D4E4F")

_ISSUER = {11: "600727", 13: "0000"}
_BASE_DATE_CODE = {1993: "93", 2014: "14", 2035: "35"}


def keypad_meter(
    folder: Path,
    number: str,
    *,
    vending_key: bytes = b"",
    supply_group: str = "123456",
    key_revision: int = 1,
    tariff_index: int = 1,
    key_type: int = 2,
    base_date: int = 2014,
    algorithm: Algorithm = "07",
    key_expiry: int = NEVER_EXPIRES,
    register: str = ELECTRICITY,
) -> KeypadMeter:
    """The keypad meter `number`, made now unless it exists: a meter is never reset by making it.

    An 8-byte `vending_key` goes through DKGA02 (algorithm "07" only), a 20-byte one through DKGA04;
    without one it is the published key that fits the algorithm.
    Raises BadInput for a number of the wrong length or a key that fits no derivation.
    """
    account_number = primary_account_number(number)
    published = PUBLISHED_VENDING_KEY_160 if algorithm == "11" else PUBLISHED_VENDING_KEY
    vending_key = vending_key or published
    if len(vending_key) == 8 and algorithm == "07":
        key = decoder_key_02(
            vending_key, account_number, supply_group, key_revision, tariff_index, key_type
        )
    elif len(vending_key) == 20:
        key = decoder_key_04(
            vending_key,
            account_number,
            supply_group,
            key_revision,
            tariff_index,
            key_type,
            base_date,
            algorithm,
        )
    else:
        raise BadInput(f"No derivation for a {len(vending_key)}-byte key and EA{algorithm}.")
    state = KeypadState(
        number=number,
        account_number=account_number,
        algorithm=algorithm,
        decoder_key=key,
        supply_group=supply_group,
        key_revision=key_revision,
        tariff_index=tariff_index,
        key_type=key_type,
        base_date=base_date,
        key_expiry=key_expiry,
        register=register,
    )
    return KeypadMeter.create(folder, state)


def card_meter(folder: Path, number: str, *, card_key: bytes = b"") -> CardMeter:
    """The card meter `number`, made now unless it exists. Raises BadInput for no 11 digits.

    With `card_key` it takes cards of the profile with keys, without one those without.
    """
    if len(number) != 11:
        raise BadInput(f"{number[:40]!r} is not a card meter's number: 11 digits.")
    return CardMeter.create(folder, CardMeterState(number, card_key=card_key.hex()))


def primary_account_number(number: str) -> str:
    """The PAN, 18 digits: issuer, meter number, Luhn digit (sts-facts 2)."""
    if len(number) not in _ISSUER or not (number.isascii() and number.isdecimal()):
        raise BadInput(f"{number[:40]!r} is not a meter number: 11 or 13 digits.")
    digits = _ISSUER[len(number)] + number
    return digits + luhn_digit(digits)


def decoder_key_02(
    vending_key: bytes,
    account_number: str,
    supply_group: str,
    key_revision: int,
    tariff_index: int,
    key_type: int,
) -> bytes:
    """DKGA02: the 8-byte key of an EA07 meter from an 8-byte vending key (sts-facts 3.1, A).

    D is the account block XOR the control block; the key is DES(D) XOR D XOR vending key. A common
    key (type 3) is the same for all meters: their number counts as zeros.
    """
    middle = account_number[1:-1]
    if key_type == 3:
        issuer_digits = 5 if account_number.startswith("600727") else 3
        middle = middle[:issuer_digits].ljust(16, "0")
    control = f"{key_type}{supply_group}{tariff_index:02}{key_revision}FFFFFF"
    mixed = _xor(bytes.fromhex(middle), bytes.fromhex(control))
    return _xor(_xor(_des(vending_key, mixed), mixed), vending_key)


def decoder_key_04(
    vending_key: bytes,
    account_number: str,
    supply_group: str,
    key_revision: int,
    tariff_index: int,
    key_type: int,
    base_date: int,
    algorithm: Algorithm,
) -> bytes:
    """DKGA04: the key of an EA07 or EA11 meter from a 20-byte vending key (sts-facts 3.2, A).

    Raises BadInput for key type 3, of which nobody has published what it is derived from.
    """
    if key_type == 3:
        raise BadInput("DKGA04 for common keys (key type 3) is not published.")
    key_bytes = KEY_BYTES[algorithm]
    head = (b"04", _BASE_DATE_CODE[base_date].encode(), algorithm.encode(), b"%02d" % tariff_index)
    items = (supply_group.encode(), b"%d" % key_type, b"%d" % key_revision, account_number.encode())
    message = b"".join(
        (
            b"\x04",
            *(_with_length(part) for part in head),
            b"\x00\x04",
            *(_with_length(part) for part in items),
            (8 * key_bytes).to_bytes(4, "big"),
        )
    )
    return hmac.digest(vending_key, message, hashlib.sha256)[:key_bytes]


def _with_length(part: bytes) -> bytes:
    return bytes((len(part),)) + part


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _des(key: bytes, block: bytes) -> bytes:
    """Single DES of one block, which the library has only as triple DES with three equal keys."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    # The standard asks for this cipher and this mode: one block, no chain (sts-facts 3.1).
    return Cipher(TripleDES(key * 3), modes.ECB()).encryptor().update(block)  # noqa: S305
