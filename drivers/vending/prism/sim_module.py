"""What a simulated Prism service does with each call; how it is reached stands in `sim`.

It rolls the random bits of a token itself, keeps a list of identifiers per meter and takes the next
free minute when one is taken, and does *not* know a message id again when it is asked to issue: a
driver that issues twice burns an identifier here, as it would in the field.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from drivers.vending.prism.settings import PrismAccount
from drivers.vending.prism.sim_tokens import (
    CREDIT,
    MANAGEMENT,
    Asked,
    MovedMeter,
    Shown,
    TokenMaker,
    opened,
)
from drivers.vending.prism.token_api import (
    EXTERNAL_CLOCK,
    INTERFACE_VERSION,
    NAME,
    ApiError,
    IssuedToken,
)
from drivers.vending.sim_log import MadeLog
from drivers.vending.sts.identifiers import identifier_at, is_expired, is_reserved
from drivers.vending.sts.identity import meter_pan
from drivers.vending.vending_key import VendingKey
from kiosk.errors import BadInput, Refusal

_CACHE_MISS = ApiError("ECacheMiss", "There is no such entry.")
_NO_KEY = ApiError("EKeystore.NotFound", "There is no vending key for this SGC and KRN.")


class Issue(msgspec.Struct, frozen=True):
    """One act of the service; the same message id twice means that it was asked twice."""

    message_id: str
    tokens: list[IssuedToken]


class PrismModule:
    """The calls of one service over software vending keys; safe for several connections."""

    def __init__(
        self,
        folder: Path,
        keys: Sequence[VendingKey],
        account: PrismAccount,
        nibble: Callable[[], int],
    ) -> None:
        self._issues = MadeLog(folder / "issued.jsonl", Issue)
        self._results: dict[str, list[IssuedToken]] = {}
        self._taken: dict[tuple[str, int, int], set[int]] = {}
        for issue in self._issues.lines:
            self._remember(issue)
        self._keys = {(int(key.supply_group), key.key_revision): key for key in keys}
        self._account = account
        self._maker = TokenMaker(nibble)
        self._access_tokens: set[str] = set()
        self._alone = threading.Lock()

    def issues(self) -> list[Issue]:
        """Every act, in order."""
        with self._alone:
            return list(self._issues.lines)

    def forget_sessions(self) -> None:
        """Every access token has run out."""
        with self._alone:
            self._access_tokens.clear()

    def close(self) -> None:
        """Close its files."""
        self._issues.close()

    def answer(self, method: str, arguments: Mapping[str, object]) -> object | ApiError:
        """The success of a call, or the service's error; kept on disk before it is returned."""
        with self._alone:
            if method == "signInWithPassword":
                return self._sign_in(arguments)
            if arguments.get("accessToken") not in self._access_tokens:
                return ApiError("EAuthentication.Token", "The access token is not valid.")
            if not NAME.fullmatch(str(arguments.get("messageId", ""))):
                return ApiError("EParamRange", "messageId")
            try:
                return self._called(method, arguments)
            except (msgspec.ValidationError, BadInput):
                return ApiError("EParamRange", "A parameter is missing or out of range.")

    def _called(self, method: str, arguments: Mapping[str, object]) -> object:
        if method == "getStatus":
            return [{"info": {"node": "simulated", "keys": str(len(self._keys))}, "alerts": []}]
        if method == "fetchTokenResult":
            return self._fetch(str(arguments.get("reqMessageId", "")))
        if method == "issueKeyChangeTokens":
            return self._move(arguments)
        if method == "verifyToken":
            return self._verify(arguments)
        return self._issue(arguments, CREDIT if method == "issueCreditToken" else MANAGEMENT)

    def _sign_in(self, arguments: Mapping[str, object]) -> object:
        options = arguments.get("sessionOpts")
        version = options.get("version") if isinstance(options, Mapping) else None
        if version != INTERFACE_VERSION:
            return ApiError("ESignin.Version", "sessionOpts.version")
        wanted = (self._account.realm, self._account.username, self._account.password)
        if tuple(arguments.get(name) for name in ("realm", "username", "password")) != wanted:
            return ApiError("ESignin.Authentication", "Wrong user name or password.")
        access_token = secrets.token_hex(16)
        self._access_tokens.add(access_token)
        return {"accessToken": access_token}

    def _fetch(self, message_id: str) -> object:
        tokens = self._results.get(message_id)
        return _CACHE_MISS if tokens is None else msgspec.to_builtins(tokens)

    def _key(self, group: int, revision: int, algorithm: int) -> VendingKey | None:
        key = self._keys.get((group, revision))
        return key if key is not None and int(key.algorithm) == algorithm else None

    def _issue(self, arguments: Mapping[str, object], token_class: int) -> object:
        asked = msgspec.convert(arguments, Asked)
        meter = asked.meter_config
        refused = meter.bad_number() or asked.bad_amount(token_class)
        if refused is not None:
            return refused
        key = self._key(meter.sgc, meter.krn, meter.ea)
        if key is None:
            return _NO_KEY
        identifier = self._identifier(asked, key)
        if isinstance(identifier, ApiError):
            return identifier
        return self._made(
            asked.message_id, [self._maker.timed(asked, token_class, key, identifier)]
        )

    def _move(self, arguments: Mapping[str, object]) -> object:
        asked = msgspec.convert(arguments, MovedMeter)
        meter, to = asked.meter_config, asked.new_config
        refused = meter.bad_number()
        if refused is not None:
            return refused
        old = self._key(meter.sgc, meter.krn, meter.ea)
        new = self._key(to.to_sgc, to.to_krn, meter.ea)
        if old is None or new is None:
            return _NO_KEY
        return self._made(asked.message_id, self._maker.moved(asked, old, new))

    def _verify(self, arguments: Mapping[str, object]) -> object:
        asked = msgspec.convert(arguments, Shown)
        meter = asked.meter_config
        key = self._key(meter.sgc, meter.krn, meter.ea)
        return meter.bad_number() or (
            _NO_KEY if key is None else opened(meter, key, asked.token_dec)
        )

    def _made(self, message_id: str, tokens: list[IssuedToken]) -> object:
        issue = Issue(message_id, tokens)
        self._issues.add(issue)
        self._remember(issue)
        return msgspec.to_builtins(tokens)

    def _remember(self, issue: Issue) -> None:
        """The first result stands under its message id; the meter has had the identifier."""
        self._results.setdefault(issue.message_id, issue.tokens)
        for token in issue.tokens:
            if token.tid:  # a key change carries none
                which = (token.pan, token.sgc, token.krn)
                self._taken.setdefault(which, set()).add(token.tid)

    def _identifier(self, asked: Asked, key: VendingKey) -> int | ApiError:
        """The minute asked for, or the next one that this meter has not had under this key."""
        is_external = asked.flags & EXTERNAL_CLOCK
        time_ms = asked.token_time * 1000 if is_external else time.time_ns() // 1_000_000
        identifier = identifier_at(time_ms, key.base_date)
        if isinstance(identifier, Refusal):
            is_before = identifier.code == "clock_before_base_date"
            return ApiError("ESts.VkBeforeBdt" if is_before else "EParamRange", "tokenTime")
        if is_expired(identifier, key.key_expiry):
            return ApiError("ESts.VkExpired", "The vending key has expired.")
        which = (meter_pan(asked.meter_config.drn), int(key.supply_group), key.key_revision)
        taken = self._taken.get(which, set())
        while identifier in taken or is_reserved(identifier):
            identifier += 1
        return identifier
