"""What this codec says to each kind of vector: the values that a vector file may publish.

Every answer is computed from the `in` of a vector alone. What the codec refuses raises BadInput;
an `in` of the wrong shape raises `msgspec.ValidationError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import TypeVar

import msgspec

from drivers.vending.sts import tokens
from drivers.vending.sts.blocks import digits_of, number_with_class
from drivers.vending.sts.crc import crc_field
from drivers.vending.sts.identifiers import identifier_at, is_expired
from drivers.vending.sts.identity import check_drn
from drivers.vending.sts.keychange import KeyChange, key_change
from drivers.vending.sts.keys import KeyIdentity, cipher_for, decoder_key
from drivers.vending.sts.misty1 import Misty1
from drivers.vending.sts.sta import PRODUCTION, SAMPLE, Sta
from kiosk.domain.registry import luhn_digit
from kiosk.errors import BadInput, Refusal

Answer = str | int | dict[str, str]
Given = dict[str, object]


class _Key(msgspec.Struct, frozen=True):
    dkga: str
    ea: str
    vk: str
    kt: int
    sgc: str
    krn: int
    ti: str
    pan: str
    base_date: int | None = None


class _Token(msgspec.Struct, frozen=True, rename={"token_class": "class"}):
    op: str
    token_class: int
    subclass: int
    ea: str = ""
    key: _Key | None = None
    dk: str | None = None
    rnd: int | None = None
    issued_at: str | None = None
    base_date: int | None = None
    tid: int | None = None
    amount: str | None = None
    watts: int | None = None
    value16: str | None = None
    index: int | None = None
    control_value: int | None = None
    flag_index: int | None = None
    flag_value: int | None = None
    control: str | None = None
    mfr_code: str | None = None


class _KeyChange(msgspec.Struct, frozen=True):
    ea: str
    tokens: int
    old_key: _Key
    new_key: _Key
    ken: int
    ro: int


class _Cipher(msgspec.Struct, frozen=True):
    cipher: str
    key: str
    plain: str
    tables: str = "production"


class _Crc(msgspec.Struct, frozen=True):
    data: str


class _Luhn(msgspec.Struct, frozen=True):
    digits: str


class _Reject(msgspec.Struct, frozen=True):
    drn: str | None = None
    base_date: int | None = None
    issued_at: str | None = None
    ken: int | None = None
    ea: str = "07"
    dk: str | None = None
    token: str | None = None


#: Class and subclass of each operation; meter_test has three subclasses.
_OPERATIONS = {
    "credit_electricity": {(0, 0)},
    "credit_water": {(0, 1)},
    "credit_gas": {(0, 2)},
    "credit_time": {(0, 3)},
    "currency_electricity": {(0, 4)},
    "currency_water": {(0, 5)},
    "currency_gas": {(0, 6)},
    "currency_time": {(0, 7)},
    "meter_test": {(1, 0), (1, 1), (1, 2)},
    "set_max_power_limit": {(2, 0)},
    "clear_credit": {(2, 1)},
    "set_tariff_rate": {(2, 2)},
    "clear_tamper": {(2, 5)},
    "set_max_phase_power_unbalance": {(2, 6)},
    "set_water_meter_factor": {(2, 7)},
    "extended": {(2, 10)},
}

_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")

_Value = TypeVar("_Value")


def _token(fields: Given) -> dict[str, Answer]:
    given = msgspec.convert(fields, _Token)
    if (given.token_class, given.subclass) not in _OPERATIONS.get(given.op, set()):
        raise BadInput(f"{given.op} is not class {given.token_class}.{given.subclass}.")
    if given.token_class == 1:
        return _outcome(_meter_test(given))
    key = _key_of(given)
    return _outcome(_timed(given), key.hex(), given.ea)


def _outcome(token: tokens.Token, key: str = "", algorithm: str = "") -> dict[str, Answer]:
    """Every value that a vector may publish of a token."""
    cipher = cipher_for(algorithm, bytes.fromhex(key)) if key else None
    block = tokens.block_of(token)
    out: dict[str, Answer] = {
        "block": f"{block:016x}",
        "crc": f"{block & 0xFFFF:04x}",
        "token": tokens.encode(token, cipher),
    }
    if cipher is not None:
        out |= {"dk": key, "tid": block >> 32 & 0xFFFFFF, "value16": f"{block >> 16 & 0xFFFF:04x}"}
    if isinstance(token, tokens.CurrencyCredit):
        out["sande"] = f"{block >> 56 & 15:x}"
    return out


def _key_of(given: _Token) -> bytes:
    if given.dk is not None:
        return _bytes(given.dk)
    return _derived(_needed(given.key, "key"), given.ea)


def _derived(key: _Key, algorithm: str) -> bytes:
    if key.ea != algorithm:
        raise BadInput(f"The key is for EA{key.ea}, the token for EA{algorithm}.")
    return decoder_key(key.dkga, _bytes(key.vk), _identity(key), algorithm)


def _identity(key: _Key) -> KeyIdentity:
    # DKGA02 derives the same key under every base date.
    base_date = _needed(key.base_date, "base_date") if key.dkga == "04" else 2014
    return KeyIdentity(key.pan, key.sgc, key.krn, _tariff_index(key.ti), key.kt, base_date)


def _tariff_index(text: str) -> int:
    if len(text) != 2 or not text.isascii() or not text.isdecimal():
        raise BadInput(f"Tariff index {text!r} must be two digits.")
    return int(text)


def _timed(given: _Token) -> tokens.Token:
    """A token of class 0 or 2: everything that carries an identifier."""
    if given.token_class == 0 and given.subclass >= 4:
        amount = _scaled(_needed(given.amount, "amount"), 100_000)
        return tokens.CurrencyCredit(given.subclass, _identifier(given), amount)
    random = _needed(given.rnd, "rnd")
    if given.token_class == 0:
        units = _scaled(_needed(given.amount, "amount"), 10)
        return tokens.Credit(given.subclass, random, _identifier(given), units)
    return tokens.Management(given.subclass, random, _identifier(given), _value(given))


def _identifier(given: _Token) -> int:
    if given.tid is not None:
        return given.tid
    issued_at = _needed(given.issued_at, "issued_at")
    return _identifier_of(issued_at, _needed(given.base_date, "base_date"))


def _identifier_of(issued_at: str, base_date: int) -> int:
    """The file's times have no zone; the standard counts plain minutes, so UTC stands for them."""
    try:
        moment = datetime.fromisoformat(issued_at)
    except ValueError as fault:
        raise BadInput(f"{issued_at!r} is not a time.") from fault
    if moment.tzinfo is not None:
        raise BadInput(f"{issued_at!r} must have no time zone.")
    since = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    found = identifier_at((since.days * 86_400 + since.seconds) * 1000, base_date)
    if isinstance(found, Refusal):
        raise BadInput(f"{issued_at} has no identifier under base date {base_date}: {found.code}.")
    return found


def _value(given: _Token) -> int:
    """The 16 bits of a management token, from whichever field gives them."""
    if given.watts is not None:
        return tokens.limit_value(given.watts)
    if given.value16 is not None:
        return int.from_bytes(_bytes(given.value16, 2), "big")
    index = _needed(given.index, "index")
    if given.control_value is not None:
        return tokens.extended_value(index, given.control_value)
    flag_index = _needed(given.flag_index, "flag_index")
    return tokens.extended_flag(index, flag_index, _needed(given.flag_value, "flag_value"))


def _meter_test(given: _Token) -> tokens.MeterTest:
    maker = _needed(given.mfr_code, "mfr_code")
    control = _needed(given.control, "control")
    if not maker.isascii() or not maker.isdecimal():
        raise BadInput(f"Manufacturer {maker!r} must be digits.")
    if len(maker) != (4 if given.subclass == 1 else 2):
        raise BadInput(f"Manufacturer {maker} has the wrong length for subclass {given.subclass}.")
    if not re.fullmatch("[0-9a-f]{1,9}", control):
        raise BadInput(f"Control {control!r} must be hex digits.")
    return tokens.MeterTest(given.subclass, int(control, 16), int(maker))


def _key_change(fields: Given) -> dict[str, Answer]:
    given = msgspec.convert(fields, _KeyChange)
    old, new = _derived(given.old_key, given.ea), _derived(given.new_key, given.ea)
    if given.ro not in {0, 1}:
        raise BadInput(f"RO is 0 or 1, not {given.ro}.")
    who = _identity(given.new_key)
    change = KeyChange(
        new_key=new,
        supply_group=who.supply_group,
        key_revision=who.key_revision,
        tariff_index=who.tariff_index,
        key_type=who.key_type,
        key_expiry=given.ken,
        rollover=bool(given.ro),
    )
    cipher = cipher_for(given.ea, old)
    digits = key_change(change, given.ea, given.tokens, cipher, given.old_key.kt)
    numbered = {str(place): text for place, text in enumerate(digits, start=1)}
    return {"tokens": numbered, "old_dk": old.hex(), "new_dk": new.hex()}


def _decoder_key(fields: Given) -> dict[str, Answer]:
    given = msgspec.convert(fields, _Key)
    return {"dk": _derived(given, given.ea).hex()}


def _cipher(fields: Given) -> dict[str, Answer]:
    given = msgspec.convert(fields, _Cipher)
    key, plain = _bytes(given.key), int.from_bytes(_bytes(given.plain, 8), "big")
    if given.cipher == "misty1":
        return {"cipher": f"{Misty1(key).encrypt(plain):016x}"}
    if given.cipher != "sta" or given.tables not in {"sample", "production"}:
        raise BadInput(f"There is no cipher {given.cipher!r} with tables {given.tables!r}.")
    block = Sta(key, SAMPLE if given.tables == "sample" else PRODUCTION).encrypt(plain)
    number = number_with_class(0, block)
    out: dict[str, Answer] = {"cipher": f"{block:016x}", "token": digits_of(number)}
    return out | {"token66": f"{number:017x}"}


def _crc(fields: Given) -> dict[str, Answer]:
    return {"crc": f"{crc_field(_bytes(msgspec.convert(fields, _Crc).data)):04x}"}


def _luhn(fields: Given) -> dict[str, Answer]:
    digits = msgspec.convert(fields, _Luhn).digits
    if not (digits.isascii() and digits.isdecimal()):
        raise BadInput(f"{digits[:40]!r} must be digits.")
    return {"check_digit": luhn_digit(digits)}


def _reject(fields: Given) -> dict[str, Answer]:
    given = msgspec.convert(fields, _Reject)
    if given.drn is not None:
        return {"error": _drn_error(given.drn)}
    if given.token is not None:
        cipher = cipher_for(given.ea, _bytes(_needed(given.dk, "dk")))
        refused = isinstance(tokens.decode(given.token, cipher), Refusal)
        return {"error": "token" if refused else "accepted"}
    base_date = _needed(given.base_date, "base_date")
    identifier = _identifier_of(_needed(given.issued_at, "issued_at"), base_date)
    expired = is_expired(identifier, _needed(given.ken, "ken"))
    return {"error": "key_expired" if expired else "accepted", "tid": identifier}


def _drn_error(drn: str) -> str:
    try:
        check_drn(drn)
    except BadInput:
        return "check_digit"
    return "accepted"


#: The answer to each kind of vector, by the name of the kind.
ANSWERS: dict[str, Callable[[Given], dict[str, Answer]]] = {
    "token": _token,
    "key_change": _key_change,
    "decoder_key": _decoder_key,
    "cipher": _cipher,
    "crc": _crc,
    "luhn": _luhn,
    "reject": _reject,
}


def _needed(value: _Value | None, field: str) -> _Value:
    if value is None:
        raise msgspec.ValidationError(f"Object missing required field `{field}`")
    return value


def _bytes(text: str, length: int | None = None) -> bytes:
    if not re.fullmatch("([0-9a-f]{2})+", text) or (length and len(text) != 2 * length):
        raise BadInput("A hex value is not lower case hex digits of the right length.")
    return bytes.fromhex(text)


def _scaled(text: str, scale: int) -> int:
    """An amount in decimal text as an integer of 1/`scale`; only exact multiples."""
    if not _DECIMAL.fullmatch(text):
        raise BadInput(f"Amount {text[:40]!r} is not a decimal number.")
    scaled = Fraction(text) * scale
    if scaled.denominator != 1:
        raise BadInput(f"Amount {text} is finer than a token can carry.")
    return scaled.numerator
