"""The tokens of a simulated Prism service, made by the codec of this room."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from drivers.vending.prism.token_api import ApiError, ConfigAdvice, IssuedToken
from drivers.vending.sts.amounts import LARGEST_UNITS, decode_units, encode_units
from drivers.vending.sts.identity import meter_pan
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
from drivers.vending.vending_key import VendingKey
from kiosk.domain.registry import check_number
from kiosk.errors import Refusal

CREDIT, MANAGEMENT = 0, 2

_KEY_SECTIONS = (3, 4, 8, 9)
_WATTS = {0, 6}
_UNIT_NAMES = {(CREDIT, 0): "kWh", (CREDIT, 1): "m3", (CREDIT, 2): "m3", (CREDIT, 3): "min"}


class _Camel(msgspec.Struct, frozen=True, rename="camel"):
    pass


class MeterIn(_Camel, frozen=True):
    """MeterConfigIn, as far as the simulator looks at it."""

    drn: str
    ea: int
    tct: int
    sgc: int
    krn: int
    ti: int
    ken: int
    allow_3_kct: bool = msgspec.field(name="allow3Kct", default=False)

    def bad_number(self) -> ApiError | None:
        """The service's error for a meter number or tariff index that cannot be."""
        checked = check_number(self.drn, 11, "meter")
        if isinstance(checked, Refusal):
            is_digit = checked.code == "bad_meter_check_digit"
            return ApiError("ESts.DrnOrPan.CheckDigit" if is_digit else "ESts.DrnOrPan", "drn")
        return None if 0 <= self.ti <= 99 else ApiError("EParamRange", "ti")


class Asked(_Camel, frozen=True):
    """A call of issueCreditToken or issueMseToken."""

    message_id: str
    meter_config: MeterIn
    subclass: int
    transfer_amount: int
    token_time: int
    flags: int

    def bad_amount(self, kind: int) -> ApiError | None:
        """The service's error for a subclass or amount that it does not take."""
        subclasses = {0, 1, 2, 3} if kind == CREDIT else {0, 1, 2, 5, 6, 7, 10}
        largest = LARGEST_UNITS if kind == CREDIT or self.subclass in _WATTS else 0xFFFF
        if self.subclass not in subclasses:
            return ApiError("EParamRange", "subclass")
        if not 0 <= self.transfer_amount <= largest:
            return ApiError("EParamRange", "transferAmount")
        return None


class Amendment(_Camel, frozen=True):
    """MeterConfigAmendment: where a key change leads."""

    to_sgc: int
    to_krn: int
    to_ti: int


class MovedMeter(_Camel, frozen=True):
    """A call of issueKeyChangeTokens."""

    message_id: str
    meter_config: MeterIn
    new_config: Amendment


class Shown(_Camel, frozen=True):
    """A call of verifyToken."""

    message_id: str
    meter_config: MeterIn
    token_dec: str


class TokenMaker:
    """Makes what is asked for; `nibble` gives the four random bits of each token."""

    def __init__(self, nibble: Callable[[], int]) -> None:
        self._nibble = nibble

    def timed(self, asked: Asked, kind: int, key: VendingKey, identifier: int) -> IssuedToken:
        """A credit or management token with `identifier`."""
        amount, subclass = asked.transfer_amount, asked.subclass
        is_coded = kind == CREDIT or subclass in _WATTS
        bits = encode_units(amount) if is_coded else amount
        token: Token
        if kind == CREDIT:
            token = Credit(subclass, self._nibble(), identifier, amount)
        else:
            token = Management(subclass, self._nibble(), identifier, bits)
        carried = decode_units(bits) if is_coded else amount
        digits = encode(token, _cipher(asked.meter_config, key))
        return _issued(asked.meter_config, key, token, digits, identifier, carried)

    def moved(self, asked: MovedMeter, old: VendingKey, new: VendingKey) -> list[IssuedToken]:
        """The tokens of a key change in printing order."""
        meter, to = asked.meter_config, asked.new_config
        count = 4 if meter.ea == 11 else 3 if meter.allow_3_kct else 2
        rollover = old.base_date != new.base_date
        change = KeyChange(
            new.decoder_key(meter_pan(meter.drn), to.to_ti),
            new.supply_group,
            new.key_revision,
            to.to_ti,
            new.key_type,
            new.key_expiry,
            rollover,
        )
        cipher = _cipher(meter, old)
        advice = ConfigAdvice(
            to.to_sgc, to.to_krn, to.to_ti, new.key_expiry, rollover, new.check_value().upper()
        )
        tokens = key_change(change, old.algorithm, count, cipher, old.key_type)
        return [
            msgspec.structs.replace(
                _issued(meter, old, KeySection(subclass, 0), digits, 0, 0),
                new_config=advice if subclass == _KEY_SECTIONS[0] else None,
            )
            for subclass, digits in zip(_KEY_SECTIONS, tokens, strict=False)
        ]


def opened(meter: MeterIn, key: VendingKey, digits: str) -> dict[str, object]:
    """VerifyResult of a token that a customer shows."""
    token = decode(digits, _cipher(meter, key))
    if isinstance(token, Refusal):
        return {"validationResult": "EVerify.Crc"}
    if isinstance(token, MeterTest):
        test = {"tokenClass": 1, "subclass": token.subclass, "control": token.control}
        return {"validationResult": "EVerify.Ok", "meterTestToken": test}
    identifier, amount = _carried(token)
    found = _issued(meter, key, token, digits, identifier, amount)
    return {"validationResult": "EVerify.Ok", "token": msgspec.to_builtins(found)}


def _carried(token: Token) -> tuple[int, int]:
    """Identifier and amount, zero where a token has none."""
    if isinstance(token, Credit):
        return token.identifier, token.units
    if isinstance(token, CurrencyCredit):
        return token.identifier, token.amount
    if isinstance(token, Management):
        is_coded = token.subclass in _WATTS
        return token.identifier, decode_units(token.value) if is_coded else token.value
    return 0, 0


def _cipher(meter: MeterIn, key: VendingKey) -> BlockCipher:
    return cipher_for(key.algorithm, key.decoder_key(meter_pan(meter.drn), meter.ti))


def _issued(
    meter: MeterIn, key: VendingKey, token: Token, digits: str, identifier: int, amount: int
) -> IssuedToken:
    kind = token_class(token)
    unit = _UNIT_NAMES.get((kind, token.subclass), "")
    return IssuedToken(
        drn=meter.drn,
        pan=meter_pan(meter.drn),
        ea=meter.ea,
        tct=meter.tct,
        sgc=meter.sgc,
        krn=meter.krn,
        ti=meter.ti,
        token_class=kind,
        subclass=token.subclass,
        tid=identifier,
        transfer_amount=amount,
        token_dec=digits,
        token_hex=f"{int(digits):017X}",
        description=f"{kind}.{token.subclass}",
        sts_unit_name=unit,
        scaled_amount=f"{amount // 10}.{amount % 10}" if unit else str(amount),
        scaled_unit_name=unit,
        id_sm="SIMULATED",
        vk_kcv=key.check_value().upper(),
    )
