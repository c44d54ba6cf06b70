"""The calls of TokenApi 1.1 that a point of sale needs: shapes on the wire and values in Python.

Field numbers and types are those of the generated classes of the service's public clients
(interface version 1.1). Licences, identity records and manufacturing are a technician's own tool
and are not here; a test token is in clear and is made without the service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from drivers.vending.prism.thrift_frames import Kind, ListOf, Shape, Texts, Type

#: What the service takes as a message id, a realm or a user name.
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_\-.,]{0,39}")

#: The caller's clock decides: the identifier is made from `tokenTime`, seconds since 1970.
EXTERNAL_CLOCK = 1

#: Token carrier technology: digits typed into a keypad.
NUMERIC_KEYPAD = 2

INTERFACE_VERSION = "1.1"


class _Camel(msgspec.Struct, frozen=True, rename="camel"):
    """Fields are written camelCase on the wire."""


class ApiError(_Camel, frozen=True):
    """ApiException: the service answered, and the answer is an error code."""

    e_code: str
    e_msg_en: str = ""


class SignIn(_Camel, frozen=True):
    """SignInResult; the access token opens every other call and is shown nowhere."""

    access_token: str

    def __repr__(self) -> str:
        return "SignIn()"


class Alert(_Camel, frozen=True):
    """Something that a node of the service wants seen."""

    e_code: str
    e_msg_en: str = ""


class NodeStatus(_Camel, frozen=True):
    """One node of the service: what it says of itself, and its alerts."""

    info: dict[str, str]
    alerts: list[Alert] = []


class ConfigAdvice(_Camel, frozen=True):
    """MeterConfigAdvice: what a meter holds after the key change that this token begins."""

    to_sgc: int
    to_krn: int
    to_ti: int
    to_ken: int = 255
    rollover: bool = False
    to_vk_kcv: str = ""


class IssuedToken(_Camel, frozen=True):
    """Token: the digits, and everything that they were made from."""

    drn: str
    pan: str
    ea: int
    tct: int
    sgc: int
    krn: int
    ti: int
    token_class: int
    subclass: int
    tid: int
    transfer_amount: int
    token_dec: str
    token_hex: str
    is_reserved_tid: bool = False
    new_config: ConfigAdvice | None = None
    description: str = ""
    sts_unit_name: str = ""
    scaled_amount: str = ""
    scaled_unit_name: str = ""
    id_sm: str = ""
    vk_kcv: str = ""


class TestToken(_Camel, frozen=True):
    """MeterTestToken: a test or display, in clear."""

    token_class: int
    subclass: int
    control: int


class VerifyResult(_Camel, frozen=True):
    """What the service makes of a token: EVerify.Ok or why not, and what could be read of it."""

    validation_result: str
    token: IssuedToken | None = None
    meter_test_token: TestToken | None = None


API_ERROR = Shape({1: ("eCode", Kind.TEXT), 2: ("eMsgEn", Kind.TEXT)})

_SESSION_OPTIONS = Shape({1: ("version", Kind.TEXT), 10: ("culture", Kind.TEXT)})
_SIGN_IN = Shape({1: ("accessToken", Kind.TEXT)})
_NODE_STATUS = Shape({1: ("info", Texts()), 2: ("alerts", ListOf(API_ERROR))})
_METER_CONFIG = Shape(
    {
        1: ("drn", Kind.TEXT),
        2: ("ea", Kind.I16),
        3: ("tct", Kind.I16),
        10: ("sgc", Kind.I32),
        11: ("krn", Kind.I16),
        12: ("ti", Kind.I16),
        21: ("allowKrnUpdate", Kind.BOOL),
        30: ("ken", Kind.I16),
        31: ("doe", Kind.TEXT),
        32: ("allow3Kct", Kind.BOOL),
        33: ("allowKenUpdate", Kind.BOOL),
    }
)
_AMENDMENT = Shape({1: ("toSgc", Kind.I32), 2: ("toKrn", Kind.I16), 3: ("toTi", Kind.I16)})
_ADVICE = Shape(
    {
        1: ("toSgc", Kind.I32),
        2: ("toKrn", Kind.I16),
        3: ("toTi", Kind.I16),
        4: ("toKen", Kind.I16),
        20: ("rollover", Kind.BOOL),
        21: ("toVkKcv", Kind.TEXT),
    }
)
_TOKEN = Shape(
    {
        1: ("drn", Kind.TEXT),
        2: ("pan", Kind.TEXT),
        3: ("ea", Kind.I16),
        4: ("tct", Kind.I16),
        5: ("sgc", Kind.I32),
        6: ("krn", Kind.I16),
        7: ("ti", Kind.I16),
        10: ("tokenClass", Kind.I16),
        11: ("subclass", Kind.I16),
        12: ("tid", Kind.I32),
        13: ("transferAmount", Kind.DOUBLE),
        14: ("isReservedTid", Kind.BOOL),
        15: ("newConfig", _ADVICE),
        20: ("description", Kind.TEXT),
        21: ("stsUnitName", Kind.TEXT),
        22: ("scaledAmount", Kind.TEXT),
        23: ("scaledUnitName", Kind.TEXT),
        30: ("tokenDec", Kind.TEXT),
        31: ("tokenHex", Kind.TEXT),
        40: ("idSm", Kind.TEXT),
        41: ("vkKcv", Kind.TEXT),
    }
)


_TEST_TOKEN = Shape(
    {10: ("tokenClass", Kind.I16), 11: ("subclass", Kind.I16), 12: ("control", Kind.I64)}
)
_VERIFY_RESULT = Shape(
    {1: ("validationResult", Kind.TEXT), 2: ("token", _TOKEN), 3: ("meterTestToken", _TEST_TOKEN)}
)


@dataclass(frozen=True, slots=True)
class Method:
    """One call: the struct of its arguments and the struct of its reply."""

    arguments: Shape
    reply: Shape


def _method(success: Type, *arguments: tuple[str, Type]) -> Method:
    """Arguments are numbered from 1 in their order; a reply has 0 success or 1 ex1."""
    return Method(
        Shape(dict(enumerate(arguments, 1))),
        Shape({0: ("success", success), 1: ("ex1", API_ERROR)}),
    )


_ID = ("messageId", Kind.TEXT)
_ACCESS = ("accessToken", Kind.TEXT)

_METER = ("meterConfig", _METER_CONFIG)
_TIMED = _method(
    ListOf(_TOKEN),
    _ID,
    _ACCESS,
    _METER,
    ("subclass", Kind.I16),
    ("transferAmount", Kind.DOUBLE),
    ("tokenTime", Kind.I64),
    ("flags", Kind.I64),
)

METHODS = {
    "signInWithPassword": _method(
        _SIGN_IN,
        _ID,
        ("realm", Kind.TEXT),
        ("username", Kind.TEXT),
        ("password", Kind.TEXT),
        ("sessionOpts", _SESSION_OPTIONS),
    ),
    "getStatus": _method(ListOf(_NODE_STATUS), _ID, _ACCESS),
    "issueCreditToken": _TIMED,
    "issueMseToken": _TIMED,
    "issueKeyChangeTokens": _method(
        ListOf(_TOKEN), _ID, _ACCESS, _METER, ("newConfig", _AMENDMENT)
    ),
    "verifyToken": _method(_VERIFY_RESULT, _ID, _ACCESS, _METER, ("tokenDec", Kind.TEXT)),
    "fetchTokenResult": _method(ListOf(_TOKEN), _ID, _ACCESS, ("reqMessageId", Kind.TEXT)),
}
