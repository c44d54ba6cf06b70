"""The clinic: what a meter said about a token, and the right next step (E25).

One small table from the meter's word to the advice. Before it advises, the clinic looks for itself:
is the token ours, is it for this meter, does it verify under the key that the registry knows? What
it finds may be a better answer than what the display says.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import special_tokens
from kiosk.domain.record import GivenToken, SaleRecord
from kiosk.domain.registry import Meter
from kiosk.domain.special_tokens import KeyChangeRequest
from kiosk.errors import Refusal
from kiosk.till import token_book
from kiosk.till.desk import Desk
from kiosk.till.tokens import token_meter

#: Result of the meter (sts-facts 6) or symptom -> the step that is tried first. A step is a
#: sentence `clinic.step_...`, which names the verb.
STEPS: dict[str, str] = {
    "accepted": "none",
    "rejected": "type_again",
    "crc_error": "type_again",
    "format_error": "type_again",
    "used": "used",
    "old": "old",
    "key_expired": "change_key",
    "ddtk": "change_key",
    "key_type_error": "change_key",
    "overflow": "use_first",
    "range_error": "technician",
    "function_error": "technician",
    "manufacturer_mismatch": "technician",
    "nothing_shown": "look_first",
    "no_power": "clear_tamper",
}

#: Steps after which a replacement may be the answer, when the token verifies and was never taken.
_REPLACEABLE = frozenset({"type_again", "old", "technician", "look_first"})

#: Answers after which the meter never takes this token: its identifier is too old for ever.
_DEAD = frozenset({"old", "key_differs"})


class Diagnosis(msgspec.Struct, frozen=True):
    """The next step for a meter, and the evidence for it.

    `sale` is the id of the first sale, to which a replacement is linked; `may_replace` says that
    one may be made; `first_works` that the meter may still take the first token, so that both could
    be entered (E25). `issue_id` names key change tokens to be typed first, or again.
    """

    meter: str
    result: str
    step: str
    sale: str = ""
    given: GivenToken | None = None
    may_replace: bool = False
    issue_id: str = ""
    first_works: bool = False


def diagnose(desk: Desk, meter_number: str, result: str, token: str = "") -> Diagnosis | Refusal:
    """The next step after `meter_number` answered `result` to `token` (empty: the last sale's)."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    if result not in STEPS:
        return Refusal("unknown_meter_result", {"result": result[:40]})
    meter = token_meter(desk, meter_number)
    if isinstance(meter, Refusal):
        return meter
    digits = token.replace(" ", "") or _last_token(desk, meter)
    if not digits:
        return Diagnosis(meter.number, result, "no_token")
    checked = token_book.verify(desk, meter.number, digits)
    if isinstance(checked, Refusal):
        return checked
    given = checked.given
    if given is not None and given.meter and given.meter != meter.number:
        return Diagnosis(meter.number, result, "other_meter", given=given)
    waiting = _key_change(desk, meter, confirmed=False)
    if waiting:
        return Diagnosis(meter.number, result, "finish_key_change", given=given, issue_id=waiting)
    if given is None:
        step = "not_ours" if isinstance(checked.verified, Refusal) else STEPS[result]
        return Diagnosis(meter.number, result, step)
    if isinstance(checked.verified, Refusal):
        # Made by us for this meter, and now it does not open: the key in the registry has changed.
        return _about(desk, meter, result, "key_differs", given, digits)
    return _about(desk, meter, result, STEPS[result], given, digits)


def _about(
    desk: Desk, meter: Meter, result: str, step: str, given: GivenToken, digits: str
) -> Diagnosis:
    """The diagnosis with the first sale, and whether a replacement is open."""
    sale = _first_sale(desk, given)
    # A replacement carries what was paid for; free units are given again by those who give them.
    free = sale is not None and digits in sale.free_tokens
    replaced = sale is not None and any(
        record.state != "refused" for record in desk.records.replacements_of(sale.committed.sale_id)
    )
    replaceable = step in (_REPLACEABLE | {"key_differs"}) and not (replaced or free)
    may_replace = sale is not None and replaceable
    sale_id = sale.committed.sale_id if sale is not None else ""
    # Confirmed, but perhaps never typed to the end: typing it again does no harm (sts-facts 1.6).
    again = _key_change(desk, meter, confirmed=True) if step == "type_again" else ""
    works = may_replace and step not in _DEAD
    return Diagnosis(meter.number, result, step, sale_id, given, may_replace, again, works)


def _first_sale(desk: Desk, given: GivenToken) -> SaleRecord | None:
    """The sale behind a token, also behind its replacement."""
    if given.operation == "sale":
        return desk.records.sale(given.issue_id)
    record = desk.records.token(given.issue_id)
    first = record.committed.first_sale if record is not None else ""
    return desk.records.sale(first) if first else None


def _last_token(desk: Desk, meter: Meter) -> str:
    for given in desk.records.given_tokens(meter.number, 20):
        if given.tokens and given.operation != "key_change":
            return given.tokens[0]
    return ""


def _key_change(desk: Desk, meter: Meter, *, confirmed: bool) -> str:
    """The newest key change that leads from, or when `confirmed` to, the key of the registry."""
    place = special_tokens.place_of(meter)
    for record in desk.records.key_changes_of(meter.number):
        request = record.committed.request
        assert isinstance(request, KeyChangeRequest)
        if record.state != "issued" or confirmed != (record.key_changed is not None):
            continue
        if place == (request.new if confirmed else request.old):
            return record.committed.issue_id
    return ""
