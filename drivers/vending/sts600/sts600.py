"""A security module on a serial line, STS600-8-6: the port TokenVendor.

`SM?VC` names a key register, the meter, the amount in 16 bits and the identifier. There is no
message id and nothing to fetch a lost answer with, so it is asked again with the same identifier
and amount (E06). Is that harmless? Modules that keep the four random bits, as the one behind the
published test values does, give the same digits again. Others give other digits, but under the same
identifier, which a meter takes once; and the first digits were given to nobody. What repeating can
cost is the module's own credit limit, drawn twice: never too little. Once an answer has arrived
it is kept on disk and repeated from there (`answers`), so a sale never shows two numbers.

What cannot be checked here is what the digits say: only the module has the key. Checked are the
two spellings of the number, its class, and that the line was in step (`line`).

The key registers are named by the technician; what is in them is asked with `SM?GA`, whose answer
is read as NAME=VALUE pairs (SGC, KRN, KT, BDT, DKGA, KCV; EA and KEN where given). One worker
thread owns this object.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.vending.request_checks import checked_meter, place_asked
from drivers.vending.special_checks import (
    checked_management,
    key_name,
    management_bits,
    no_key_at,
)
from drivers.vending.sts.amounts import encode_units
from drivers.vending.sts.blocks import split_digits
from drivers.vending.sts.identity import meter_pan
from drivers.vending.sts.tokens import MeterTest, encode
from drivers.vending.sts600.answers import AnswerFile, Kept
from drivers.vending.sts600.frames import Reply, fields, kinds_in, number, octets, text
from drivers.vending.sts600.line import Sts600Line
from drivers.vending.sts600.replies import key_change_tokens, single_token, verified
from drivers.vending.sts600.statuses import (
    CHECKSUM,
    DONE,
    EMPTY_REGISTER,
    NOT_ITS_OWN,
    refusal,
    trouble,
)
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

#: Token carrier technology: digits typed into a keypad.
_NUMERIC_KEYPAD = 2

_SPOILED_TRIES = 3
_BASE_DATES = {"93": 1993, "14": 2014, "35": 2035}
_ALGORITHMS = {"02": ("07",), "04": ("07", "11")}
_ATTRIBUTE = re.compile(r"\b([A-Z]{2,4})=([0-9A-Za-z]+)")


class Sts600Vendor:
    """The port TokenVendor over one module. `timeout_s` bounds every call of this object.

    `answers` is the file of `AnswerFile`, one for each module. BadInput without any register.
    """

    def __init__(
        self,
        path: str,
        registers: Sequence[int],
        answers: Path,
        *,
        timeout_s: float = 5.0,
        name: str = "sts600",
    ) -> None:
        if not registers or min(registers) < 0:
            raise BadInput("Name the key registers of the security module, as registers = [1].")
        self.name = name
        self._line = Sts600Line(path, registers[0])
        self._registers = tuple(registers)
        self._answers = AnswerFile(answers)
        self._timeout_s = timeout_s
        self._held: dict[KeyName, tuple[int, VendorKey]] = {}
        self._held_session = 0

    def keys(self) -> list[VendorKey]:
        """The vending keys in the registers that were named, while the module answers."""
        self.identity()
        return [key for _, key in self._keys_held(self._deadline_s()).values()]

    def identity(self) -> list[str]:
        """What the module says of itself (`SM?DI`): its number, its firmware."""
        payload = self._done("DI", "", self._deadline_s()).payload
        return fields(payload, kinds_in(payload))

    def issue(self, request: TokenRequest) -> str | Refusal:
        """The 20 digits of a credit token, or why the module does not make it.

        VendorFault when no answer came; asking again is the way to get it.
        """
        meter = checked_meter(request)
        if isinstance(meter, Refusal):
            return meter
        vend = _Vend(
            "VC", meter, request.algorithm, place_asked(request), request.subclass,
            encode_units(request.units), request.identifier,
        )  # fmt: skip
        return self._vended(request, vend)

    def manage(self, request: ManagementRequest) -> str | Refusal:
        """The 20 digits of a management token, as `issue`."""
        meter = checked_management(request)
        if isinstance(meter, Refusal):
            return meter
        vend = _Vend(
            "VM", meter, request.algorithm, request.place, MANAGEMENT[request.operation],
            management_bits(request.operation, request.value), request.identifier,
        )  # fmt: skip
        return self._vended(request, vend)

    def meter_test(self, request: MeterTestRequest) -> str | Refusal:
        """The 20 digits of a test or display; in clear, so the module is not needed."""
        refused = check_test(request)
        if refused is not None:
            return refused
        return encode(MeterTest(request.subclass, request.control, request.manufacturer), None)

    def change_key(self, request: KeyChangeRequest) -> list[str] | Refusal:
        """The tokens of a key change in printing order. They carry no random bits: asking again
        gives the same digits."""
        meter = check_number(request.meter, METER_DIGITS, "meter")
        if isinstance(meter, Refusal):
            return meter
        refused = check_key_change(request)
        if refused is not None:
            return refused
        deadline_s = self._deadline_s()
        held = self._keys_held(deadline_s)
        for place in (request.old, request.new):
            if key_name(place, request.algorithm) not in held:
                return no_key_at(place, request.algorithm)
        old, new = (
            held[key_name(place, request.algorithm)][0] for place in (request.old, request.new)
        )
        payload = number(old) + number(new) + _meter_fields(meter, request.algorithm, request.old)
        payload += number(request.new.tariff_index) + number(request.tokens)
        reply = self._asked("VK", payload, deadline_s)
        if reply.status != DONE:
            return _refused(reply, meter, request.algorithm, request.old)
        return key_change_tokens(reply, request.tokens, request.rolls_over)

    def verify(self, meter: str, algorithm: str, place: KeyPlace, token: str) -> Verified | Refusal:
        """What `token` says to `meter`; the module opens it (`SM?VT`)."""
        checked = check_number(meter, METER_DIGITS, "meter")
        if isinstance(checked, Refusal):
            return checked
        split = split_digits(token)
        if isinstance(split, Refusal):
            return split
        deadline_s = self._deadline_s()
        held = self._keys_held(deadline_s).get(key_name(place, algorithm))
        if held is None:
            return no_key_at(place, algorithm)
        payload = number(held[0]) + _meter_fields(checked, algorithm, place)
        payload += text(f"{int(token.replace(' ', '')):017X}")
        reply = self._asked("VT", payload, deadline_s)
        if reply.status != DONE:
            if reply.status == NOT_ITS_OWN:
                return Refusal("token_does_not_verify")
            return _refused(reply, checked, algorithm, place)
        return verified(reply)

    def close(self) -> None:
        """Close the line; the next call opens it again."""
        self._line.close()

    def _vended(self, request: Kept, vend: _Vend) -> str | Refusal:
        """The token of a request: the one that was kept, or one that is made and kept now."""
        known = self._answers.known(request)
        if known is not None:
            return known
        deadline_s = self._deadline_s()
        held = self._keys_held(deadline_s).get(key_name(vend.place, vend.algorithm))
        if held is None:
            return no_key_at(vend.place, vend.algorithm)
        reply = self._asked(vend.command, vend.payload(held[0]), deadline_s)
        if reply.status != DONE:
            return _refused(reply, vend.meter, vend.algorithm, vend.place, vend.subclass)
        token = single_token(reply, 0 if vend.command == "VC" else 2)
        self._answers.keep(request, token)
        return token

    def _deadline_s(self) -> float:
        return time.monotonic() + self._timeout_s

    def _asked(self, command: str, payload: str, deadline_s: float) -> Reply:
        """A reply; asked again only when the module says that the line spoiled the request."""
        for _ in range(_SPOILED_TRIES):
            reply = self._line.ask(command, payload, deadline_s)
            if reply.header == f"SM!{command}":
                return reply
            if reply.status != CHECKSUM:
                break
        raise trouble(reply.status)

    def _done(self, command: str, payload: str, deadline_s: float) -> Reply:
        reply = self._asked(command, payload, deadline_s)
        if reply.status != DONE:
            raise trouble(reply.status)
        return reply

    def _keys_held(self, deadline_s: float) -> dict[KeyName, tuple[int, VendorKey]]:
        """Which key is in which register, asked once for each opening of the line."""
        self._line.open()
        if self._held_session != self._line.session:
            held: dict[KeyName, tuple[int, VendorKey]] = {}
            for register in self._registers:
                for key in self._keys_in(register, deadline_s):
                    held.setdefault(_name_of(key), (register, key))
            self._held, self._held_session = held, self._line.session
        return self._held

    def _keys_in(self, register: int, deadline_s: float) -> list[VendorKey]:
        reply = self._asked("GA", number(register), deadline_s)
        if reply.status in EMPTY_REGISTER:
            return []
        if reply.status != DONE:
            raise trouble(reply.status)
        return _keys_of(register, reply.payload)


@dataclass(frozen=True, slots=True)
class _Vend:
    """What SM?VC and SM?VM ask for, all but the register."""

    command: str
    meter: str
    algorithm: str
    place: KeyPlace
    subclass: int
    bits: int
    identifier: int

    def payload(self, register: int) -> str:
        fields_before = number(register) + _meter_fields(self.meter, self.algorithm, self.place)
        what = number(self.subclass) + octets(self.bits, 2) + octets(self.identifier, 3)
        return fields_before + what


def _meter_fields(meter: str, algorithm: str, place: KeyPlace) -> str:
    return "".join(
        (
            text(meter_pan(meter)),
            number(place.tariff_index),
            number(int(algorithm)),
            number(_NUMERIC_KEYPAD),
        )
    )


def _refused(
    reply: Reply, meter: str, algorithm: str, place: KeyPlace, subclass: int = 0
) -> Refusal:
    refused = refusal(reply.status, meter, algorithm, place, subclass)
    if refused is None:
        raise trouble(reply.status)
    return refused


def _name_of(key: VendorKey) -> KeyName:
    return (key.supply_group, key.key_revision, key.key_type, key.base_date, key.algorithm)


def _keys_of(register: int, payload: str) -> list[VendorKey]:
    """The key in a register, once for each algorithm that it may serve."""
    found = dict(_ATTRIBUTE.findall(" ".join(fields(payload, kinds_in(payload)))))
    try:
        dkga = found["DKGA"].zfill(2)
        algorithms = (found["EA"].zfill(2),) if "EA" in found else _ALGORITHMS[dkga]
        return [
            VendorKey(
                supply_group=found["SGC"].zfill(6),
                key_revision=int(found["KRN"]),
                key_type=int(found["KT"]),
                base_date=_BASE_DATES[found["BDT"][:4][-2:]],
                algorithm=algorithm,
                check_value=found["KCV"].lower(),
                key_expiry=int(found.get("KEN", "255")),
            )
            for algorithm in algorithms
        ]
    except (KeyError, ValueError) as missing:
        raise VendorFault(
            f"The security module's key register {register} cannot be read: {missing}."
        ) from None
