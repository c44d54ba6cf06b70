"""What every security module must do: one suite for all implementations of TokenVendor.

A case is a function from a bench to the few words that stand in the closing table.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from drivers.vending.software import SoftwareVendor
from drivers.vending.sts.amounts import decode_units
from drivers.vending.vending_key import VendingKey
from kiosk.domain.registry import luhn_digit
from kiosk.domain.special_tokens import (
    KeyChangeRequest,
    KeyPlace,
    ManagementRequest,
    MeterTestRequest,
)
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal, VendorFault
from kiosk.ports import TokenVendor
from tests.builders import token_request

PUBLISHED_KEY = bytes.fromhex("abababababababab")
PUBLISHED_LONG_KEY = bytes.fromhex("abababababababab949494949494949401234567")
#: Every bench holds these: the two of the published tokens, one to sell with, one that has expired.
KEYS = (
    VendingKey("123456", 1, 2, 1993, "07", "02", PUBLISHED_KEY),
    VendingKey("123457", 1, 2, 1993, "11", "04", PUBLISHED_LONG_KEY),
    VendingKey("123456", 2, 2, 2014, "07", "02", PUBLISHED_KEY),
    VendingKey("123458", 1, 2, 2014, "07", "02", PUBLISHED_KEY, key_expiry=0x60),
)
REQUEST = msgspec.structs.replace(
    token_request("sale0000000001", "00000000000", 6_778_680, units=123), key_revision=2
)
#: 0.1 kWh, random bits 5, at the published time (STS 531-1 test values).
PUBLISHED = {
    "23716100501183194197": {
        "supply_group": "123456",
        "algorithm": "07",
        "identifier": 5_871_715,
    },
    "59386323472137426967": {
        "supply_group": "123457",
        "algorithm": "11",
        "identifier": 5_871_660,
    },
}


class Made(NamedTuple):
    """One act of a module; `message_id` is empty where the module has no such thing."""

    message_id: str
    pan: str
    identifier: int
    token: str


class VendorBench(Protocol):
    """A module that holds KEYS and uses the random bits 5, and the hands of its line.

    `exchanges` can be lost in the ways of `losses`, each with its weight in a random run.
    """

    vendor: TokenVendor
    exchanges: tuple[str, ...]
    losses: Mapping[str, int]

    def lose(self, loss: str, exchange: str) -> None: ...

    def hurry(self) -> None:
        """From now on the driver waits for answers as briefly as the losses of a test allow."""

    def wait_longer(self, faults: int) -> None:
        """An answer was missed `faults` times: on a busy machine the module needs longer."""

    def reopen(self) -> None:
        """The terminal restarts: another driver before the same module."""

    def made(self) -> list[Made]: ...


def changed(**fields: object) -> TokenRequest:
    return msgspec.structs.replace(REQUEST, **fields)


def issued(bench: VendorBench, request: TokenRequest, tries: int = 100) -> str:
    """The digits, asked for as often as the till would over time, more patiently each time."""
    faults: list[str] = []
    for _ in range(tries):
        try:
            answer = bench.vendor.issue(request)
        except VendorFault as fault:
            faults.append(fault.sentence)
            bench.wait_longer(len(faults))
            continue
        if faults:
            bench.wait_longer(0)
        assert isinstance(answer, str), answer
        return answer
    raise AssertionError(f"no answer to {request.message_id}: {faults}")


def assert_nothing_twice(made: list[Made], given: Mapping[str, tuple[int, str]]) -> None:
    """`given` is what the customers hold: message id -> identifier and token."""
    tokens: dict[int, set[str]] = {}
    for act in made:
        tokens.setdefault(act.identifier, set()).add(act.token)
    held = {identifier: {token} for identifier, token in given.values()}
    wrong = [which for which in tokens | held if tokens.get(which) != held.get(which)]
    assert not wrong, "every identifier has one token, and its customer holds that one"
    messages = Counter(act.message_id for act in made if act.message_id)
    assert not [message for message, count in messages.items() if count > 1], "issued twice"


def published_digits(bench: VendorBench) -> str:
    for digits, fields in PUBLISHED.items():
        request = changed(
            key_revision=1, base_date=1993, units=1, message_id=f"published{digits}", **fields
        )
        assert bench.vendor.issue(request) == digits
    return f"{len(PUBLISHED)} vectors"


def same_digits_again(bench: VendorBench) -> str:
    first = bench.vendor.issue(REQUEST)
    assert isinstance(first, str)
    assert bench.vendor.issue(REQUEST) == first
    other = changed(message_id="sale0000000002", identifier=REQUEST.identifier + 5)
    assert bench.vendor.issue(other) != first
    assert bench.vendor.issue(REQUEST) == first
    return "ok"


def same_digits_after_restart(bench: VendorBench) -> str:
    first = bench.vendor.issue(REQUEST)
    bench.reopen()
    assert bench.vendor.issue(REQUEST) == first
    assert_nothing_twice(bench.made(), {REQUEST.message_id: (REQUEST.identifier, str(first))})
    return "ok"


def keys_are_shown(bench: VendorBench) -> str:
    shown = bench.vendor.keys()
    assert sorted(map(msgspec.structs.astuple, shown)) == sorted(
        msgspec.structs.astuple(key.shown()) for key in KEYS
    )
    assert {key.check_value for key in shown if key.supply_group == "123456"} == {"c33f45"}
    assert PUBLISHED_KEY.hex() not in repr(shown)
    return f"{len(KEYS)} keys"


UNKNOWN_KEY: list[tuple[dict[str, object], str]] = [
    ({"supply_group": "654321"}, "vending_key_unknown"),
    ({"key_revision": 3}, "vending_key_unknown"),
    ({"base_date": 1993}, "vending_key_unknown"),
    ({"algorithm": "11"}, "vending_key_unknown"),
]
EXPIRED_KEY: list[tuple[dict[str, object], str]] = [
    ({"supply_group": "123458", "key_revision": 1, "identifier": 0x610000}, "vending_key_expired"),
]
BAD_METER: list[tuple[dict[str, object], str]] = [
    ({"meter": "1234"}, "bad_meter_number"),
    ({"meter": "0000000000x"}, "bad_meter_number"),
    ({"meter": "00000000001"}, "bad_meter_check_digit"),
]
BAD_AMOUNT: list[tuple[dict[str, object], str]] = [
    ({"units": -1}, "token_field_out_of_range"),
    ({"units": 18_201_625}, "token_field_out_of_range"),
    ({"units": 16_385}, "units_not_exact"),
]
BAD_FIELD: list[tuple[dict[str, object], str]] = [
    ({"identifier": 2**24}, "identifier_overflow"),
    ({"identifier": -1}, "token_field_out_of_range"),
    ({"identifier": 1441}, "identifier_reserved"),
    ({"tariff_index": 100}, "token_field_out_of_range"),
    ({"subclass": 8}, "token_field_out_of_range"),
    ({"key_type": 1}, "key_type_no_credit"),
    ({"key_type": 3}, "key_type_no_credit"),
]


def refused(table: list[tuple[dict[str, object], str]]) -> Callable[[VendorBench], str]:
    def case(bench: VendorBench) -> str:
        for fields, code in table:
            answer = bench.vendor.issue(changed(**fields))
            assert isinstance(answer, Refusal), fields
            assert answer.code == code, fields
        assert bench.made() == []
        return f"{len(table)} refused"

    return case


def last_amounts_are_issued(bench: VendorBench) -> str:
    given = {}
    for number, units in enumerate((0, 1, 16_383, 16_384, 18_201_624)):
        request = changed(
            message_id=f"amount{number}", units=units, identifier=REQUEST.identifier + number
        )
        given[request.message_id] = (request.identifier, issued(bench, request))
    assert_nothing_twice(bench.made(), given)
    return f"{len(given)} amounts"


def lost_at_every_step(bench: VendorBench) -> str:
    """Every exchange lost in every way, before a restart and across one."""
    bench.hurry()
    given: dict[str, tuple[int, str]] = {}
    for exchange in bench.exchanges:
        for loss in bench.losses:
            for restarts in (False, True) if exchange == bench.exchanges[-1] else (False,):
                number = len(given)
                request = changed(
                    message_id=f"lost{number:012d}", identifier=REQUEST.identifier + number
                )
                bench.lose(loss, exchange)
                if restarts:
                    ask_once(bench.vendor, request)
                    bench.reopen()
                given[request.message_id] = (request.identifier, issued(bench, request))
    assert_nothing_twice(bench.made(), given)
    return f"{len(given)} losses" if given else "no wire"


def ask_once(vendor: TokenVendor, request: TokenRequest) -> None:
    try:
        vendor.issue(request)
    except VendorFault:
        return


def random_issues(bench: VendorBench, count: int, seed: int, first: int = 0) -> tuple[int, int]:
    """`count` issues for a street of meters, numbered from `first`; at each one an exchange is lost
    in some way, at some of them the question after the lost one too, and now and then the program
    is started anew. How many were issued, and how many repeats the module saw."""
    bench.hurry()
    rng = random.Random(f"{seed} {first}")
    meters = [_meter(rng) for _ in range(20)]
    given: dict[str, tuple[int, str]] = {}
    for number in range(first, first + count):
        request = changed(
            message_id=f"random{number:010d}",
            meter=rng.choice(meters),
            identifier=_in_grid(REQUEST.identifier + number),
            units=decode_units(rng.randrange(2**16)),
            tariff_index=rng.randrange(1, 9),
        )
        if bench.losses:
            _lose(bench, bench.exchanges[-1] if rng.random() < 0.9 else bench.exchanges[0], rng)
            if rng.random() < 0.05:
                _lose(bench, rng.choice(bench.exchanges), rng)
        token = issued(bench, request)
        if rng.random() < 0.01:
            bench.reopen()
            assert issued(bench, request) == token
        given[request.message_id] = (request.identifier, token)
    made = bench.made()
    assert_nothing_twice(made, given)
    assert len({token for _, token in given.values()}) == count
    return count, len(made) - count


def _lose(bench: VendorBench, exchange: str, rng: random.Random) -> None:
    (loss,) = rng.choices(list(bench.losses), list(bench.losses.values()))
    bench.lose(loss, exchange)


def _meter(rng: random.Random) -> str:
    body = f"{rng.randrange(10**10):010d}"
    return body + luhn_digit(body)


def _in_grid(identifier: int) -> int:
    """Minutes without 00:01, each one used once."""
    days, minute = divmod(identifier - REQUEST.identifier, 1439)
    first_free = REQUEST.identifier - REQUEST.identifier % 1440 + 1442
    return first_free + days * 1440 + minute


HERE = KeyPlace("123456", 2, 1, 2, 2014)
OLD_BASE = KeyPlace("123456", 1, 1, 2, 1993)
OTHER_GROUP = KeyPlace("123458", 1, 4, 2, 2014)
OPERATIONS = {
    "power_limit": 10_000,
    "clear_credit": 0xFFFF,
    "tariff_rate": 7,
    "clear_tamper": 0,
    "phase_unbalance": 1_200,
    "water_factor": 3,
    "extended": 1025,
}


def software() -> SoftwareVendor:
    """The module that is pinned by published values; the others must give its digits."""
    return SoftwareVendor(KEYS)


def management_tokens(bench: VendorBench) -> str:
    for number, (operation, value) in enumerate(OPERATIONS.items()):
        request = ManagementRequest(
            f"manage{number}", REQUEST.meter, "07", HERE, REQUEST.identifier + number, 5,
            operation, value,
        )  # fmt: skip
        answer = bench.vendor.manage(request)
        assert isinstance(answer, str), answer
        assert answer == software().manage(request)
        bench.reopen()
        assert bench.vendor.manage(request) == answer
    return f"{len(OPERATIONS)} operations"


def meter_tests(bench: VendorBench) -> str:
    for subclass, control in ((0, 2**36 - 1), (1, 1), (2, 0)):
        request = MeterTestRequest("test", subclass, control, 0)
        assert bench.vendor.meter_test(request) == software().meter_test(request)
    return "3 tests"


def key_changes(bench: VendorBench) -> str:
    moves = ((OLD_BASE, HERE, 2), (HERE, OTHER_GROUP, 3), (OTHER_GROUP, HERE, 3))
    for number, (old, new, tokens) in enumerate(moves):
        request = KeyChangeRequest(f"move{number}", REQUEST.meter, "07", old, new, tokens)
        answer = bench.vendor.change_key(request)
        assert isinstance(answer, list), answer
        assert answer == software().change_key(request)
        assert bench.vendor.change_key(request) == answer
    unknown = msgspec.structs.replace(HERE, key_revision=7)
    for old, new in ((unknown, HERE), (HERE, unknown)):
        answer = bench.vendor.change_key(
            KeyChangeRequest("unknown", REQUEST.meter, "07", old, new, 2)
        )
        assert isinstance(answer, Refusal)
        assert answer.code == "vending_key_unknown"
    return f"{len(moves)} changes"


def tokens_are_verified(bench: VendorBench) -> str:
    management = ManagementRequest(
        "limit", REQUEST.meter, "07", HERE, REQUEST.identifier, 5, "power_limit", 10_000
    )
    moved = software().change_key(
        KeyChangeRequest("move", REQUEST.meter, "07", HERE, OTHER_GROUP, 3)
    )
    assert isinstance(moved, list)
    tokens = (
        software().issue(REQUEST),
        software().manage(management),
        software().meter_test(MeterTestRequest("test", 0, 4, 0)),
        moved[0],
        "0" * 20,
        "12345",
    )
    for token in map(str, tokens):
        expected = software().verify(REQUEST.meter, "07", HERE, token)
        assert bench.vendor.verify(REQUEST.meter, "07", HERE, token) == expected, token
    return f"{len(tokens)} tokens"


CASES: dict[str, Callable[[VendorBench], str]] = {
    "published digits": published_digits,
    "keys are shown, never the key": keys_are_shown,
    "same request, same digits": same_digits_again,
    "same digits after a restart": same_digits_after_restart,
    "unknown key": refused(UNKNOWN_KEY),
    "expired key": refused(EXPIRED_KEY),
    "bad meter number": refused(BAD_METER),
    "amount out of range": refused(BAD_AMOUNT),
    "other field out of range": refused(BAD_FIELD),
    "smallest and largest amounts": last_amounts_are_issued,
    "management tokens": management_tokens,
    "meter tests": meter_tests,
    "key changes": key_changes,
    "tokens are verified": tokens_are_verified,
    "reply lost at every step": lost_at_every_step,
}
