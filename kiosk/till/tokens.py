"""The verbs that make tokens which are no sale: engineering and free units.

Two commits around the module's act, as in a sale: the intention with identifier and random bits,
then the outcome. A silent module leaves the intention open; asked again under the same id, it gives
the same digits (E06). Identifiers come from the same list as those of sales, so a free token after
a paid one takes the next minute (E09).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kiosk.domain import special_tokens, token_facts
from kiosk.domain.credit_registers import ELECTRICITY
from kiosk.domain.energy import STS_LARGEST_UNITS, STS_STEP_WH, token_energy_wh
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import METER_DIGITS, Meter, check_number
from kiosk.domain.special_tokens import (
    CreditRequest,
    KeyChangeRequest,
    KeyPlace,
    ManagementRequest,
    MeterTestRequest,
    SpecialRequest,
)
from kiosk.domain.token import next_identifier
from kiosk.domain.vending_keys import base_date_ahead
from kiosk.errors import Refusal, VendorFault
from kiosk.marks import mark
from kiosk.ports import TokenVendor
from kiosk.till.desk import Desk
from kiosk.till.meter_key import key_refused
from kiosk.till.operators import second_person
from kiosk.till.quote import not_supplied

_IDENTIFIER_TRIES = 20
_VENDOR_TRIES = 3
_LONGEST_REASON = 120


class SecondPerson(msgspec.Struct, frozen=True):
    """Who agrees, and the PIN as it was typed; never kept, never printed."""

    name: str
    pin: str

    def __repr__(self) -> str:
        return f"SecondPerson({self.name!r})"


class Intent(msgspec.Struct, frozen=True):
    """What a token outside a sale is for, before it has its identifier."""

    operation: str
    meter: str
    reason: str
    issue_id: str
    energy_wh: int = 0
    second: str = ""
    first_sale: str = ""
    #: A credit that is no electricity, in the units of its token.
    units: int = 0
    #: What the meter said to the token that is replaced.
    meter_result: str = ""


#: Makes the request with an identifier that is free now.
MakeRequest = Callable[[], SpecialRequest | Refusal]


# --- what may be asked for --------------------------------------------------------------------


def engineer(
    desk: Desk, meter_number: str, operation: str, value: int, reason: str
) -> TokenRecord | Refusal:
    """A class 2 token for one meter. `value` is in watts where power is limited, the register of
    clear_credit (65535: all), 0 for clear_tamper, and 16 bits elsewhere."""
    refused = desk.gate("engineer") or reason_missing(reason)
    if refused is not None:
        return refused
    meter = token_meter(desk, meter_number)
    if isinstance(meter, Refusal):
        return meter
    carried = special_tokens.management_value(operation, value)
    if isinstance(carried, Refusal):
        return carried
    issue_id, number = desk.entropy.name(), carried
    place = special_tokens.place_of(meter)

    def make() -> SpecialRequest | Refusal:
        identifier = free_identifier(desk, meter)
        if isinstance(identifier, Refusal):
            return identifier
        return ManagementRequest(
            issue_id, meter.number, meter.algorithm, place, identifier, desk.entropy.nibble(),
            operation, number,
        )  # fmt: skip

    return issue(desk, Intent(operation, meter.number, reason.strip(), issue_id), make)


def meter_test(
    desk: Desk, test: str, reason: str, manufacturer: int = 0, subclass: int = 0
) -> TokenRecord | Refusal:
    """A test or display that every meter of a maker answers (0: of every maker)."""
    refused = desk.gate("engineer") or reason_missing(reason)
    if refused is not None:
        return refused
    if test not in special_tokens.METER_TESTS:
        return Refusal("unknown_operation", {"operation": test[:40]})
    control = special_tokens.control_of_test(special_tokens.METER_TESTS[test], subclass)
    if isinstance(control, Refusal):
        return control
    issue_id = desk.entropy.name()
    request = MeterTestRequest(issue_id, subclass, control, manufacturer)
    refused = special_tokens.check_test(request)
    if refused is not None:
        return refused
    return issue(desk, Intent("meter_test", "", reason.strip(), issue_id), lambda: request)


def give_free(
    desk: Desk, meter_number: str, energy_wh: int, reason: str, second: SecondPerson
) -> TokenRecord | Refusal:
    """Free units: energy without money, by two persons and with a reason."""
    refused = desk.gate("free") or reason_missing(reason)
    if refused is not None:
        return refused
    meter = supplied_meter(desk, meter_number)
    if isinstance(meter, Refusal):
        return meter
    if meter.register != ELECTRICITY:
        return Refusal("energy_not_counted", {"meter": meter.number})
    largest_wh = STS_LARGEST_UNITS * STS_STEP_WH
    if energy_wh <= 0:
        return Refusal("energy_missing")
    if energy_wh > largest_wh:
        return Refusal("energy_above_carrier", {"largest_wh": largest_wh})
    agreed = second_person(desk, second.name, second.pin, "free")
    if isinstance(agreed, Refusal):
        return agreed
    intent = Intent(
        "free_units", meter.number, reason.strip(), desk.entropy.name(),
        token_energy_wh(energy_wh), agreed,
    )  # fmt: skip
    return issue(desk, intent, credit_maker(desk, meter, intent))


# --- how it is made ---------------------------------------------------------------------------


def issue(desk: Desk, intent: Intent, make: MakeRequest) -> TokenRecord | Refusal:
    """Commit one, the module's act, commit two. The record's state is issued, refused, or
    committed when the module is silent; a refusal means that nothing was written."""
    refused = desk.room_to_sell() or desk.clock_set_back()
    if refused is not None:
        return refused
    if desk.vendor is None:
        return Refusal("no_module")
    with desk.selling() as free:
        if not free:
            return Refusal("sale_under_way")
        committed = _commit_one(desk, intent, make)
        return committed if isinstance(committed, Refusal) else finish(desk, committed, "normal")


def _commit_one(
    desk: Desk, intent: Intent, make: MakeRequest
) -> token_facts.TokenCommitted | Refusal:
    """The durable intention. Another station may take the identifier first: then the next one."""
    for _ in range(_IDENTIFIER_TRIES):
        request = make()
        if isinstance(request, Refusal):
            return request
        refused = _key_refused(desk, request)
        if refused is not None:
            return refused
        fact = token_facts.TokenCommitted(
            intent.issue_id, desk.station.name, desk.operator, intent.second, desk.face,
            intent.meter, intent.operation, intent.reason, intent.first_sale, intent.energy_wh,
            request, intent.meter_result,
        )  # fmt: skip
        mark("issue.before_commit")
        outcome = desk.journal.append(fact)
        if not isinstance(outcome, Refusal):
            mark("issue.after_commit")
            return fact
        if outcome.code != "identifier_taken":
            return outcome
    return Refusal("identifier_taken", {"meter": intent.meter})


def _key_refused(desk: Desk, request: SpecialRequest) -> Refusal | None:
    """Why the meter's key cannot carry this token; a key change may start from any key."""
    if isinstance(request, CreditRequest):
        token = request.token
        # The limit of a key is one of electricity; the module says what it makes of other credit.
        tokens = [(token.identifier, 0 if token.subclass else token.units)]
        place = KeyPlace(
            token.supply_group, token.key_revision, token.tariff_index, token.key_type,
            token.base_date,
        )  # fmt: skip
        return key_refused(desk, token.meter, place, token.algorithm, tokens)
    if isinstance(request, ManagementRequest):
        tokens = [(request.identifier, 0)]
        return key_refused(desk, request.meter, request.place, request.algorithm, tokens)
    return None


def finish(desk: Desk, committed: token_facts.TokenCommitted, how: str) -> TokenRecord:
    """Ask the module and write its answer; a silent one leaves the token open."""
    answer = _answer(desk, committed.request)
    if isinstance(answer, Refusal):
        _end(desk, token_facts.TokenRefused(committed.issue_id, answer.code))
    elif answer:
        _end(
            desk,
            token_facts.TokenIssued(
                committed.issue_id, committed.meter, committed.operation, committed.energy_wh,
                answer, how, *special_tokens.credit_given(committed.request),
            ),
        )  # fmt: skip
    record = desk.records.token(committed.issue_id)
    assert record is not None, committed.issue_id
    return record


def _answer(desk: Desk, request: SpecialRequest) -> list[str] | Refusal:
    """The tokens; none when the module stays silent."""
    if desk.vendor is None:
        return []
    for _ in range(_VENDOR_TRIES):
        try:
            tokens = _asked(desk.vendor, request)
        except VendorFault:
            continue
        mark("issue.after_module")
        if isinstance(tokens, list):
            assert tokens and all(len(t) == 20 and t.isdecimal() for t in tokens), "20 digits each"
        return tokens
    return []


def _asked(vendor: TokenVendor, request: SpecialRequest) -> list[str] | Refusal:
    if isinstance(request, KeyChangeRequest):
        return vendor.change_key(request)
    if isinstance(request, CreditRequest):
        token = vendor.issue(request.token)
    elif isinstance(request, ManagementRequest):
        token = vendor.manage(request)
    else:
        token = vendor.meter_test(request)
    return token if isinstance(token, Refusal) else [token]


def _end(desk: Desk, fact: token_facts.TokenIssued | token_facts.TokenRefused) -> None:
    """Commit two; if another station ended it meanwhile, its outcome stands."""
    desk.journal.append(fact)
    mark("issue.after_outcome")
    desk.nudge()


def recover_tokens(desk: Desk) -> list[TokenRecord]:
    """Ask again for every token whose station is gone, or that is our own: the same digits."""
    return [
        finish(desk, record.committed, "recovered")
        for record in desk.records.open_tokens()
        if desk.is_ours_to_settle(record.committed.station)
    ]


# --- shared with the other verbs of tokens ----------------------------------------------------


def token_meter(desk: Desk, number: str) -> Meter | Refusal:
    """A keypad meter of the registry; blocked ones too, they may need a token most."""
    checked = check_number(number, METER_DIGITS, "meter")
    if isinstance(checked, Refusal):
        return checked
    meter = desk.records.meter(checked)
    if meter is None:
        return Refusal("unknown_meter", {"meter": checked})
    if meter.kind != "keypad":
        return Refusal("meter_takes_no_token", {"meter": checked})
    return meter


def supplied_meter(desk: Desk, number: str) -> Meter | Refusal:
    """A keypad meter that may get credit: the refusals are those of a sale."""
    meter = token_meter(desk, number)
    if isinstance(meter, Refusal):
        return meter
    return not_supplied(desk, meter) or meter


def free_identifier(desk: Desk, meter: Meter) -> int | Refusal:
    """The identifier of the meter's next token, sale or not."""
    ahead = base_date_ahead(desk.clock.now().time_ms, meter.base_date)
    if ahead is not None:
        return ahead
    last = desk.records.last_identifier(meter.number, meter.base_date)
    return next_identifier(desk.clock.now().time_ms, last, meter.base_date, desk.lane())


def credit_maker(desk: Desk, meter: Meter, intent: Intent) -> MakeRequest:
    """Makes the request of the credit of `intent` for `meter`."""

    def make() -> SpecialRequest | Refusal:
        identifier = free_identifier(desk, meter)
        if isinstance(identifier, Refusal):
            return identifier
        units = intent.units or intent.energy_wh // STS_STEP_WH
        return CreditRequest(
            special_tokens.credit_request(
                meter, intent.issue_id, identifier, desk.entropy.nibble(), units
            )
        )

    return make


def reason_missing(reason: str) -> Refusal | None:
    """Whoever makes a token that nobody paid for says why."""
    if not 3 <= len(reason.strip()) <= _LONGEST_REASON:
        return Refusal("reason_missing", {"longest": _LONGEST_REASON})
    return None
