"""What a simulated STS600-8-6 module does with each line; the line itself stands in `sim`.

It has no memory of messages: a request that comes twice is made twice and drawn twice from the
limit of its key. `nibble` gives the four random bits; the module behind the published test values
always uses 5, others roll them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from drivers.vending.sim_log import MadeLog
from drivers.vending.sts.amounts import decode_units, encode_units
from drivers.vending.sts.blocks import digits_of
from drivers.vending.sts.identifiers import is_expired
from drivers.vending.sts.identity import check_pan
from drivers.vending.sts.keychange import KeyChange, key_change
from drivers.vending.sts.keys import BlockCipher, cipher_for
from drivers.vending.sts.tokens import (
    Credit,
    CurrencyCredit,
    KeySection,
    Management,
    MeterTest,
    Token,
    decode,
    encode,
    token_class,
)
from drivers.vending.sts600.frames import (
    fields,
    kinds_in,
    number,
    octets,
    parse_request,
    reply_line,
    text,
)
from drivers.vending.vending_key import VendingKey
from kiosk.errors import BadInput, Refusal, VendorFault

_SERIAL_NUMBER, _FIRMWARE = "SIM00001", "STS6-SIM"
_DONE, _TOKEN_CRC, _KEY_TYPE, _EMPTY_REGISTER = "00", "03", "05", "22"
_NOT_ALLOWED, _NO_CREDIT, _KEY_PARAMETER = "29", "31", "40"
_EXPIRED, _SUBCLASS, _FIELD_COUNT, _FORMAT, _RANGE, _PAN = "41", "48", "60", "02", "63", "76"

_CREDIT = 0

#: Status and fields of a reply.
Answer = tuple[str, str]


class Vend(msgspec.Struct, frozen=True):
    """One act of the module; repeats stand here again. `units` is what was drawn from a limit."""

    register: int
    pan: str
    identifier: int
    units: int
    token: str


@dataclass(frozen=True, slots=True)
class _Meter:
    """The meter of a request; a request that names none that can be has `status`."""

    pan: str
    tariff_index: int
    algorithm: int
    status: str = _DONE

    def cipher(self, key: VendingKey) -> BlockCipher:
        return cipher_for(key.algorithm, key.decoder_key(self.pan, self.tariff_index))


class Sts600Module:
    """The commands SM?DI, GA, VC, VM, VK and VT over software vending keys in registers."""

    def __init__(
        self, folder: Path, registers: Mapping[int, VendingKey], nibble: Callable[[], int]
    ) -> None:
        self._vends = MadeLog(folder / "vended.jsonl", Vend)
        self._registers = dict(registers)
        self._nibble = nibble
        self._drawn_units = dict.fromkeys(self._registers, 0)
        for vend in self._vends.lines:
            self._drawn_units[vend.register] += vend.units

    def vends(self) -> list[Vend]:
        """Every act, in order, repeats included."""
        return list(self._vends.lines)

    def close(self) -> None:
        """Close its files."""
        self._vends.close()

    def answer(self, line: bytes) -> bytes:
        """The reply to one line, kept on disk before it is returned."""
        request = parse_request(line)
        if request is None:
            return reply_line("GL!ER", "20")
        header, payload = request
        act = {
            "SM?DI": self._identify,
            "SM?GA": self._attributes,
            "SM?VC": self._vend,
            "SM?VM": self._manage,
            "SM?VK": self._change_key,
            "SM?VT": self._verify,
        }.get(header)
        if act is None:
            return reply_line("GL!ER", "21")
        try:
            status, answer = act(payload)
        except VendorFault:
            status, answer = _FIELD_COUNT if kinds_in(payload) else _FORMAT, ""
        except BadInput:
            status, answer = _RANGE, ""
        return reply_line(header.replace("?", "!"), status, answer)

    def _identify(self, payload: str) -> Answer:
        fields(payload, "")
        return _DONE, text(_SERIAL_NUMBER) + text(_FIRMWARE)

    def _attributes(self, payload: str) -> Answer:
        (register,) = fields(payload, "N")
        key = self._registers.get(int(register))
        if key is None:
            return _EMPTY_REGISTER, ""
        pairs = {
            "SGC": key.supply_group,
            "KRN": key.key_revision,
            "KT": key.key_type,
            "EA": key.algorithm,
            "BDT": f"{key.base_date % 100:02d}",
            "DKGA": key.dkga,
            "KEN": key.key_expiry,
            "KCV": key.check_value().upper(),
        }
        return _DONE, text(";".join(f"{name}={value}" for name, value in pairs.items()))

    def _vend(self, payload: str) -> Answer:
        register, meter, subclass, value16, identifier = _vend_fields(payload)
        key = self._registers.get(register)
        refused = _refused(key, meter, identifier)
        if key is None or refused is not None:
            return refused or _EMPTY_REGISTER, ""
        if key.key_type not in {0, 2}:
            return _KEY_TYPE, ""
        if subclass > 3:
            return _SUBCLASS, ""
        units = decode_units(value16)
        if key.limit_units is not None and self._drawn_units[register] + units > key.limit_units:
            return _NO_CREDIT, ""
        token = Credit(subclass, self._nibble(), identifier, units)
        return self._made(register, meter, key, token, identifier, units)

    def _manage(self, payload: str) -> Answer:
        register, meter, subclass, value16, identifier = _vend_fields(payload)
        key = self._registers.get(register)
        refused = _refused(key, meter, identifier)
        if key is None or refused is not None:
            return refused or _EMPTY_REGISTER, ""
        token = Management(subclass, self._nibble(), identifier, value16)
        return self._made(register, meter, key, token, identifier, 0)

    def _made(
        self,
        register: int,
        meter: _Meter,
        key: VendingKey,
        token: Token,
        identifier: int,
        units: int,
    ) -> Answer:
        digits = encode(token, meter.cipher(key))
        self._drawn_units[register] += units
        self._vends.add(Vend(register, meter.pan, identifier, units, digits))
        return _DONE, text(f"{int(digits):017X}") + text(digits)

    def _change_key(self, payload: str) -> Answer:
        asked = fields(payload, "NNPNNNNN")
        meter = _meter(asked[2], asked[3], asked[4])
        old, new = (self._registers.get(int(register)) for register in asked[:2])
        tariff_index, count = int(asked[6]), int(asked[7])
        if old is None or new is None:
            return _EMPTY_REGISTER, ""
        if meter.status != _DONE or old.algorithm != new.algorithm:
            return meter.status if meter.status != _DONE else _NOT_ALLOWED, ""
        rollover = old.base_date != new.base_date
        change = KeyChange(
            new.decoder_key(meter.pan, tariff_index),
            new.supply_group,
            new.key_revision,
            tariff_index,
            new.key_type,
            new.key_expiry,
            rollover,
        )
        tokens = key_change(change, old.algorithm, count, meter.cipher(old), old.key_type)
        hexed = "".join(f"{int(token):017X}" for token in tokens)
        return _DONE, number(int(rollover)) + number(count) + text(hexed) + text("".join(tokens))

    def _verify(self, payload: str) -> Answer:
        register, pan, tariff_index, algorithm, _, hexed = fields(payload, "NPNNNP")
        key, meter = self._registers.get(int(register)), _meter(pan, tariff_index, algorithm)
        if key is None or meter.status != _DONE:
            return _EMPTY_REGISTER if key is None else meter.status, ""
        try:
            digits = digits_of(int(hexed, 16) & (1 << 66) - 1)
        except ValueError:
            return _RANGE, ""
        token = decode(digits, meter.cipher(key))
        if isinstance(token, Refusal):
            return _DONE, number(int(_TOKEN_CRC)) + number(0) + number(0) + "H~H~"
        identifier, bits = _carried(token)
        head = number(0) + number(token_class(token)) + number(token.subclass)
        return _DONE, head + octets(bits, 5) + octets(identifier, 3)


def _vend_fields(payload: str) -> tuple[int, _Meter, int, int, int]:
    """Register, meter, subclass, 16 bits and identifier of SM?VC and SM?VM."""
    asked = fields(payload, "NPNNNNHH")
    value16, identifier = (int(octets_ or "0", 16) for octets_ in asked[6:])
    if value16 >= 1 << 16 or identifier >= 1 << 24:
        raise BadInput("a field is too long")
    return int(asked[0]), _meter(*asked[1:4]), int(asked[5]), value16, identifier


def _meter(pan: str, tariff_index: str, algorithm: str) -> _Meter:
    try:
        check_pan(pan)
    except BadInput:
        return _Meter(pan, 0, 0, _PAN)
    if int(tariff_index) > 99:
        return _Meter(pan, 0, 0, _RANGE)
    return _Meter(pan, int(tariff_index), int(algorithm))


def _refused(key: VendingKey | None, meter: _Meter, identifier: int) -> str | None:
    if key is None:
        return _EMPTY_REGISTER
    if meter.status != _DONE:
        return meter.status
    if meter.algorithm != int(key.algorithm):
        return _KEY_PARAMETER
    return _EXPIRED if is_expired(identifier, key.key_expiry) else None


def _carried(token: Token) -> tuple[int, int]:
    """Identifier and bits, zero where a token has none that may be shown."""
    match token:
        case Credit():
            return token.identifier, encode_units(token.units)
        case Management():
            return token.identifier, token.value
        case MeterTest():
            return 0, token.control
        case CurrencyCredit():
            return token.identifier, 0
        case KeySection():
            return 0, 0
