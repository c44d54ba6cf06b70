"""The security module behind a Prism TokenApi service: the port TokenVendor over Thrift and TLS.

Never twice (E06): the message id of a token is that of its sale, `fetchTokenResult` is asked before
every issue, and only the answer "never seen" lets one go out. So a sale that was interrupted, even
by a power cut of this machine, gets the token that was made for it.

The service rolls the four random bits of a token itself, so making a token again would give other
digits under the same identifier. "The same request, the same digits" holds because the result is
fetched by its message id and is never made again; `TokenRequest.random` is not sent.

EXTERNAL_CLOCK makes the identifier that the journal holds decide: the minute that it names goes out
as `tokenTime`. Whatever comes back must carry that identifier, amount, meter and key; anything else
is a VendorFault and is not given out. Key change tokens are asked for by themselves, never in a
sale (E26).

The service cannot list its vending keys, so the technician names them; `keys` asks the service for
its status, which proves that it is there and lets this terminal in. One worker thread owns this
object.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from drivers.vending.prism.answers import (
    Order,
    Part,
    digits_of,
    is_decided,
    place_advised,
    read,
    refusal,
    trouble,
)
from drivers.vending.prism.connection import PrismConnection, printable
from drivers.vending.prism.settings import PrismAccount, PrismAddress
from drivers.vending.prism.token_api import (
    EXTERNAL_CLOCK,
    INTERFACE_VERSION,
    NAME,
    NUMERIC_KEYPAD,
    ApiError,
    IssuedToken,
    NodeStatus,
    SignIn,
    VerifyResult,
)
from drivers.vending.request_checks import checked_meter, place_asked
from drivers.vending.special_checks import checked_management, key_name, no_key_at
from drivers.vending.sts.blocks import split_digits
from drivers.vending.sts.identifiers import time_of
from drivers.vending.sts.tokens import MeterTest, encode
from drivers.vending.vending_key import KeyName
from kiosk.domain.registry import METER_DIGITS, check_number
from kiosk.domain.special_tokens import (
    MANAGEMENT,
    KeyChangeRequest,
    KeyPlace,
    ManagementRequest,
    MeterTestRequest,
    Verified,
    check_key_change,
    check_test,
)
from kiosk.domain.token import TokenRequest
from kiosk.domain.vending_keys import VendorKey
from kiosk.errors import BadInput, Refusal, VendorFault

Success = TypeVar("Success")
Arguments = Mapping[str, object]

_POLL_S = 0.05

#: Of the time of a call, how much the service may need for a request on a connection given up.
_GIVEN_UP_SHARE = 0.8

#: Subclasses of the sections of a key change in printing order.
_KEY_SECTIONS = (3, 4, 8, 9)


class PrismVendor:
    """The port TokenVendor over a TokenApi service; `keys` are those that its key store holds.

    `timeout_s` bounds every call of this object as a whole. `settle_s` is how long the service may
    still work on a request of a process that was killed before this one, or on one whose answer was
    lost while its connection stayed: in that time a token that the service does not know is asked
    for again, not issued. Where the connection was given up too, nothing tells when the service
    will be done with what it has received: then the time is most of a call, from the last silence
    on.
    """

    def __init__(
        self,
        address: PrismAddress,
        account: PrismAccount,
        keys: Sequence[VendorKey],
        *,
        timeout_s: float = 10.0,
        settle_s: float = 3.0,
        name: str = "prism",
    ) -> None:
        self.name = name
        self._account = account
        self._connection = PrismConnection(address)
        self._keys = {_name_of(key): key for key in keys}
        assert 0 < settle_s < timeout_s, "a call must outlast the time to settle"
        if len(self._keys) != len(keys):
            raise BadInput("Two vending keys have the same supply group, revision, type and date.")
        self._timeout_s = timeout_s
        self._settle_s = settle_s
        self._given_up_s = max(settle_s, timeout_s * _GIVEN_UP_SHARE)
        self._access_token = ""
        self._began_s = time.monotonic()
        #: message id -> the connection on which its issue was lost, and when it was last silent
        self._lost: dict[str, tuple[int, float]] = {}

    def keys(self) -> list[VendorKey]:
        """The vending keys that were named for this service, while it answers."""
        self.status()
        return list(self._keys.values())

    def status(self) -> list[NodeStatus]:
        """What the nodes of the service say of themselves, with their alerts; for a technician."""
        answer = self._signed("getStatus", _fresh_id(), {}, list[NodeStatus], self._deadline_s())
        if isinstance(answer, ApiError):
            raise trouble(answer)
        if not answer:
            raise VendorFault("The Prism service has no security module behind it now.")
        return answer

    def issue(self, request: TokenRequest) -> str | Refusal:
        """The 20 digits of a credit token, or why the service will not make it.

        VendorFault when the outcome is not known or the answer is not the token that was asked for.
        """
        meter = checked_meter(request)
        if isinstance(meter, Refusal):
            return meter
        order = Order(
            "issueCreditToken", request.message_id, meter, request.algorithm, place_asked(request)
        )
        part = Part(0, request.subclass, request.identifier, request.units)
        minute_ms = time_of(request.identifier, request.base_date)
        return _only(self._made(order, [part], lambda: _timed(part, minute_ms)))

    def manage(self, request: ManagementRequest) -> str | Refusal:
        """The 20 digits of a management token, as `issue`; the amount is watts or the 16 bits."""
        meter = checked_management(request)
        if isinstance(meter, Refusal):
            return meter
        order = Order("issueMseToken", request.message_id, meter, request.algorithm, request.place)
        part = Part(2, MANAGEMENT[request.operation], request.identifier, request.value)
        minute_ms = time_of(request.identifier, request.place.base_date)
        return _only(self._made(order, [part], lambda: _timed(part, minute_ms)))

    def meter_test(self, request: MeterTestRequest) -> str | Refusal:
        """The 20 digits of a test or display; in clear, so the service is not needed."""
        refused = check_test(request)
        if refused is not None:
            return refused
        return encode(MeterTest(request.subclass, request.control, request.manufacturer), None)

    def change_key(self, request: KeyChangeRequest) -> list[str] | Refusal:
        """The tokens of a key change in printing order, under the same rules as `issue`."""
        meter = check_number(request.meter, METER_DIGITS, "meter")
        if isinstance(meter, Refusal):
            return meter
        refused = check_key_change(request)
        if refused is not None:
            return refused
        if key_name(request.new, request.algorithm) not in self._keys:
            return no_key_at(request.new, request.algorithm)
        order = Order(
            "issueKeyChangeTokens", request.message_id, meter, request.algorithm, request.old
        )
        first, *others = _KEY_SECTIONS[: request.tokens]
        moves_to = place_advised(request.new)
        parts = [Part(2, first, moves_to=moves_to, rolls_over=request.rolls_over)]
        parts += [Part(2, subclass) for subclass in others]
        config = {
            "toSgc": int(request.new.supply_group),
            "toKrn": request.new.key_revision,
            "toTi": request.new.tariff_index,
        }
        return self._made(order, parts, lambda: {"newConfig": config})

    def verify(self, meter: str, algorithm: str, place: KeyPlace, token: str) -> Verified | Refusal:
        """What `token` says to `meter`, as the service reads it."""
        checked = check_number(meter, METER_DIGITS, "meter")
        if isinstance(checked, Refusal):
            return checked
        split = split_digits(token)
        if isinstance(split, Refusal):
            return split
        order = Order("verifyToken", _fresh_id(), checked, algorithm, place)
        held = self._keys.get(key_name(place, algorithm))
        if held is None:
            return no_key_at(place, algorithm)
        arguments = {
            "meterConfig": _meter_config(order, held, 0),
            "tokenDec": token.replace(" ", ""),
        }
        answer = self._signed(
            order.method, order.message_id, arguments, VerifyResult, self._deadline_s()
        )
        if isinstance(answer, ApiError):
            if not is_decided(answer):
                raise trouble(answer)
            return refusal(answer, order)
        return read(answer)

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        self._connection.close()

    def _deadline_s(self) -> float:
        return time.monotonic() + self._timeout_s

    def _made(
        self, order: Order, parts: Sequence[Part], arguments: Callable[[], Arguments]
    ) -> list[str] | Refusal:
        """The digits under the message id of `order`: those that are there, or made now."""
        if not NAME.fullmatch(order.message_id):
            value = order.message_id[:40]
            return Refusal("token_field_out_of_range", {"field": "message_id", "value": value})
        deadline_s = self._deadline_s()
        answer = self._fetched(order.message_id, deadline_s)
        held = self._keys.get(key_name(order.place, order.algorithm))
        if answer is None:
            if held is None:
                return no_key_at(order.place, order.algorithm)
            config = _meter_config(order, held, len(parts))
            answer = self._issued(order, {"meterConfig": config, **arguments()}, deadline_s)
        if isinstance(answer, ApiError):
            return refusal(answer, order)
        return digits_of(answer, order, parts, held.check_value if held is not None else "")

    def _fetched(self, message_id: str, deadline_s: float) -> list[IssuedToken] | ApiError | None:
        """What the service has under this message id; None when it has never seen it.

        "Never seen" counts only once an issue that may be under way had its time.
        """
        while True:
            asked_s = time.monotonic()
            answer = self._asked(message_id, deadline_s)
            if not isinstance(answer, ApiError):
                self._lost.pop(message_id, None)
                return answer
            if answer.e_code != "ECacheMiss":
                if is_decided(answer, fetched=True):
                    return answer
                raise trouble(answer)
            settled_s = self._settled_s(message_id)
            if asked_s >= settled_s:
                return None
            if settled_s > deadline_s:
                raise VendorFault("The Prism service may still be working on this token.")
            time.sleep(_POLL_S)

    def _asked(self, message_id: str, deadline_s: float) -> list[IssuedToken] | ApiError:
        asked = {"reqMessageId": message_id}
        try:
            return self._signed(
                "fetchTokenResult", _fresh_id(), asked, list[IssuedToken], deadline_s
            )
        except VendorFault:
            if message_id in self._lost:
                self._lost[message_id] = (self._lost[message_id][0], time.monotonic())
            raise

    def _settled_s(self, message_id: str) -> float:
        """From when on "never seen" is believed. Without a loss that is known here, a process
        before this one may have been killed; on one connection calls are worked off in order."""
        if message_id not in self._lost:
            return self._began_s + self._settle_s
        connection, silent_s = self._lost[message_id]
        stayed = connection == self._connection.number
        return silent_s + (self._settle_s if stayed else self._given_up_s)

    def _issued(
        self, order: Order, arguments: Arguments, deadline_s: float
    ) -> list[IssuedToken] | ApiError:
        message_id = order.message_id
        try:
            answer = self._signed(
                order.method, message_id, arguments, list[IssuedToken], deadline_s
            )
            if isinstance(answer, ApiError) and not is_decided(answer):
                raise trouble(answer)
        except VendorFault:
            self._lost[message_id] = (self._connection.number, time.monotonic())
            raise
        self._lost.pop(message_id, None)
        return answer

    def _signed(
        self,
        method: str,
        message_id: str,
        arguments: Arguments,
        success: type[Success],
        deadline_s: float,
    ) -> Success | ApiError:
        """A call with the access token; signs in first, and once more when it has run out."""
        for _ in range(2):
            if not self._access_token:
                self._sign_in(deadline_s)
            signed = {
                **arguments, "messageId": message_id, "accessToken": self._access_token
            }  # fmt: skip
            answer = self._connection.call(method, signed, success, deadline_s)
            if not isinstance(answer, ApiError) or answer.e_code != "EAuthentication.Token":
                return answer
            self._access_token = ""
        raise VendorFault("The Prism service does not accept the access token that it gave.")

    def _sign_in(self, deadline_s: float) -> None:
        arguments = {
            "messageId": _fresh_id(),
            "realm": self._account.realm,
            "username": self._account.username,
            "password": self._account.password,
            "sessionOpts": {"version": INTERFACE_VERSION},
        }
        answer = self._connection.call("signInWithPassword", arguments, SignIn, deadline_s)
        if isinstance(answer, ApiError):
            raise VendorFault(
                f"The Prism service does not let {self._account.username} of realm "
                f"{self._account.realm} in ({printable(answer.e_code)})."
            )
        self._access_token = answer.access_token


def _only(digits: list[str] | Refusal) -> str | Refusal:
    return digits if isinstance(digits, Refusal) else digits[0]


def _fresh_id() -> str:
    return secrets.token_hex(16)


def _name_of(key: VendorKey) -> KeyName:
    return (key.supply_group, key.key_revision, key.key_type, key.base_date, key.algorithm)


def _timed(part: Part, minute_ms: int) -> Arguments:
    """What a credit and a management token are asked for with; the journal's minute decides."""
    return {
        "subclass": part.subclass,
        "transferAmount": part.amount,
        "tokenTime": minute_ms // 1000,
        "flags": EXTERNAL_CLOCK,
    }


def _meter_config(order: Order, held: VendorKey, tokens: int) -> Arguments:
    """The meter and its key; no update of either may slip into another token."""
    return {
        "drn": order.meter,
        "ea": int(order.algorithm),
        "tct": NUMERIC_KEYPAD,
        "sgc": int(order.place.supply_group),
        "krn": order.place.key_revision,
        "ti": order.place.tariff_index,
        "ken": held.key_expiry,
        "doe": "0000",
        "allowKrnUpdate": False,
        "allowKenUpdate": False,
        "allow3Kct": order.method == "issueKeyChangeTokens" and tokens == 3,
    }
