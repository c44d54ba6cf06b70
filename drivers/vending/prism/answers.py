"""What the answers of a Prism service mean: the digits that were asked for, a refusal, or trouble.

A token is given out only when everything that it says of itself is what was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.vending.prism.connection import printable
from drivers.vending.prism.token_api import ApiError, IssuedToken, VerifyResult
from drivers.vending.special_checks import no_key_at
from drivers.vending.sts.identity import meter_pan
from kiosk.domain.special_tokens import MANAGEMENT, KeyPlace, Verified
from kiosk.errors import Refusal, VendorFault

#: Error codes that tell of a decision about the request and not of trouble in the service.
_DECIDED = ("EParamRange", "EPrefRange", "EService.Disabled", "EAuthentication.Permission")
_DECIDED_ALWAYS = ("EKeystore.NotFound", "ESts.")

#: The token was opened and read, even if the meter would not take it any more.
_READ = frozenset({"EVerify.Ok", "EVerify.KeyExpired", "EVerify.DdtkCredit"})

_CREDIT, _MANAGEMENT = 0, 2
_LAST_UNITS_SUBCLASS = 3
_OPERATIONS = {subclass: operation for operation, subclass in MANAGEMENT.items()}


@dataclass(frozen=True, slots=True)
class Order:
    """What tokens are asked for under one message id, for a meter at `place`."""

    method: str
    message_id: str
    meter: str
    algorithm: str
    place: KeyPlace


@dataclass(frozen=True, slots=True)
class Part:
    """One token of an order; None where the token carries no such thing.

    `moves_to` is where a key change takes the meter, on its first token; `rolls_over` with it.
    """

    token_class: int
    subclass: int
    identifier: int | None = None
    amount: int | None = None
    moves_to: KeyPlace | None = None
    rolls_over: bool = False


def is_decided(error: ApiError, *, fetched: bool = False) -> bool:
    """Whether an error proves that no token was made.

    For an error of a fetch only a decision about the token itself does.
    """
    codes = _DECIDED_ALWAYS if fetched else _DECIDED_ALWAYS + _DECIDED
    return error.e_code.startswith(codes)


def refusal(error: ApiError, order: Order) -> Refusal:
    """The refusal of a decided error, in the words of the field where there are any."""
    place = order.place
    which: dict[str, str | int] = {
        "supply_group": place.supply_group,
        "key_revision": place.key_revision,
    }
    known = {
        "EKeystore.NotFound": no_key_at(place, order.algorithm),
        "ESts.VkExpired": Refusal("vending_key_expired", which),
        "ESts.VkBeforeBdt": Refusal("clock_before_base_date", {"base_date": place.base_date}),
        "ESts.DrnOrPan": Refusal("bad_meter_number", {"text": order.meter, "digits": 11}),
        "ESts.DrnOrPan.CheckDigit": Refusal("bad_meter_check_digit", {"number": order.meter}),
    }
    code, text = printable(error.e_code), printable(error.e_msg_en)
    return known.get(error.e_code) or Refusal("module_refused", {"code": code, "text": text})


def trouble(error: ApiError) -> VendorFault:
    """The fault of an error that leaves open what the service has done."""
    return VendorFault(
        f"The Prism service is in trouble: {printable(error.e_code)} {printable(error.e_msg_en)}"
    )


def digits_of(
    tokens: Sequence[IssuedToken], order: Order, parts: Sequence[Part], check_value: str
) -> list[str]:
    """The digits of each part; VendorFault unless the service made exactly what was asked for."""
    if len(tokens) != len(parts):
        raise VendorFault(
            f"The Prism service answered {len(tokens)} tokens where {len(parts)} were wanted."
        )
    return [
        _checked(token, order, part, check_value) for token, part in zip(tokens, parts, strict=True)
    ]


def read(result: VerifyResult) -> Verified | Refusal:
    """What a verified token says, without any part of a key."""
    test, token = result.meter_test_token, result.token
    if result.validation_result not in _READ or (token is None and test is None):
        return Refusal("token_does_not_verify")
    if token is None:
        assert test is not None
        return Verified(test.token_class, test.subclass, "meter_test", value=test.control)
    kind, units, value = _kind(token), None, None
    if token.token_class == _CREDIT:
        units = token.transfer_amount
    elif kind != "key_section":
        value = token.transfer_amount
    identifier = None if kind == "key_section" else token.tid
    return Verified(token.token_class, token.subclass, kind, identifier, units, value)


def _kind(token: IssuedToken) -> str:
    if token.token_class == _CREDIT:
        return "credit" if token.subclass <= _LAST_UNITS_SUBCLASS else "currency"
    return _OPERATIONS.get(token.subclass, "key_section")


def _checked(token: IssuedToken, order: Order, part: Part, check_value: str) -> str:
    place = order.place
    fields: list[tuple[str, object, object]] = [
        ("meter", token.drn, order.meter),
        ("PAN", token.pan, meter_pan(order.meter)),
        ("class", token.token_class, part.token_class),
        ("subclass", token.subclass, part.subclass),
        ("supply group", token.sgc, int(place.supply_group)),
        ("key revision", token.krn, place.key_revision),
        ("tariff index", token.ti, place.tariff_index),
        ("algorithm", token.ea, int(order.algorithm)),
        ("reserved identifier", token.is_reserved_tid, False),
    ]
    if part.identifier is not None:
        fields.append(("identifier", token.tid, part.identifier))
    if part.amount is not None:
        fields.append(("amount", token.transfer_amount, part.amount))
    if check_value:
        fields.append(("key check value", token.vk_kcv.lower(), check_value.lower()))
    if part.moves_to is not None:
        fields.append(("new key", _advised(token), (part.moves_to, part.rolls_over)))
    for field, found, wanted in fields:
        if found != wanted:
            raise VendorFault(
                f"The Prism service answered a token with another {field} ({found!r} for "
                f"{wanted!r}); it was not given out."
            )
    return _digits(token)


def _advised(token: IssuedToken) -> tuple[KeyPlace, bool] | None:
    """Where the service says that the key change leads, in the terms of a request.

    It names neither key type nor base date; the rollover tells whether the base date changes.
    """
    advice = token.new_config
    if advice is None:
        return None
    return KeyPlace(f"{advice.to_sgc:06d}", advice.to_krn, advice.to_ti, 0, 0), advice.rollover


def place_advised(place: KeyPlace) -> KeyPlace:
    """`place` without what the service does not name."""
    return KeyPlace(place.supply_group, place.key_revision, place.tariff_index, 0, 0)


def _digits(token: IssuedToken) -> str:
    digits, hexed = token.token_dec, token.token_hex
    is_number = digits.isascii() and digits.isdecimal() and len(digits) == 20
    if not is_number or f"{int(digits):017X}" != hexed.upper():
        raise VendorFault("The Prism service answered digits that do not agree with themselves.")
    return digits
