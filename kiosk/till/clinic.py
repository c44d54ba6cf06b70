"""The clinic: what a meter said about a token, and the right next step (E25).

One small table from the meter's word to the advice. Before it advises, the clinic looks for itself:
is the token ours, is it for this meter, does it verify under the key that the registry knows? What
it finds may be a better answer than what the display says. A replacement is made here and nowhere
else, so that no token is replaced that the meter may have taken.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import special_tokens
from kiosk.domain.record import GivenToken, SaleRecord, TokenRecord
from kiosk.domain.registry import Meter
from kiosk.domain.special_tokens import KeyChangeRequest
from kiosk.errors import Refusal
from kiosk.till import token_book
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.quote import account_closed, retired
from kiosk.till.tokens import (
    Intent,
    SecondPerson,
    credit_maker,
    issue,
    reason_missing,
    token_meter,
)

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

#: Results of a meter that holds the token already, or would take it as it is: its word is enough.
_ANSWERED = frozenset({"accepted", "used", "overflow"})

#: Steps after which a replacement may be the answer: the meter said that it did not take the token.
_REPLACEABLE = frozenset({"type_again", "old", "key_differs"})

#: Steps after which the meter never takes this token: its identifier or its key is gone for ever.
_DEAD = frozenset({"old", "key_differs"})

#: The step that stands in the way of a replacement -> why it is refused; any other one is
#: `meter_first`: somebody looks at the meter before anything is replaced.
_NOT_REPLACED = {
    "none": "token_was_taken",
    "used": "token_was_taken",
    "use_first": "token_stays_good",
    "change_key": "key_change_first",
    "finish_key_change": "key_change_first",
    "type_replacement": "replaced_before",
    "inspect": "replaced_before",
    "undone": "sale_not_replaced",
}


class Diagnosis(msgspec.Struct, frozen=True):
    """The next step for a meter, and the evidence for it.

    `sale` is the id of the first sale, to which a replacement is linked; `may_replace` says that
    one may be made; `first_works` that the meter may still take the first token, so that both could
    be entered (E25). `issue_id` names what the step is about: key change tokens to be typed first
    or again, those that made the token void, or the replacement that was made.
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
    if given is not None and result in _ANSWERED:
        return _about(desk, meter, result, STEPS[result], given, digits)
    waiting = _key_change(desk, meter, confirmed=False)
    if waiting:
        return Diagnosis(meter.number, result, "finish_key_change", given=given, issue_id=waiting)
    if given is None:
        step = "not_ours" if isinstance(checked.verified, Refusal) else STEPS[result]
        return Diagnosis(meter.number, result, step)
    if isinstance(checked.verified, Refusal) and STEPS[result] not in {
        "look_first",
        "clear_tamper",
    }:
        # Made by us for this meter, and now it does not open: the key in the registry has changed.
        return _about(desk, meter, result, "key_differs", given, digits)
    return _about(desk, meter, result, STEPS[result], given, digits)


def _about(
    desk: Desk, meter: Meter, result: str, step: str, given: GivenToken, digits: str
) -> Diagnosis:
    """The diagnosis with the first sale, and whether a replacement is open."""
    sale = _first_sale(desk, given)
    sale_id = sale.committed.sale_id if sale is not None else ""
    # A replacement carries what was paid for; free units are given again by those who give them.
    paid = sale is not None and digits not in sale.free_tokens
    replaced = _replaced_by(desk, sale_id) if paid and step in _REPLACEABLE else ""
    if replaced:
        step = "inspect" if given.issue_id == replaced else "type_replacement"
        return Diagnosis(meter.number, result, step, sale_id, given, issue_id=replaced)
    if sale is not None and sale.undone and step in _REPLACEABLE:
        return Diagnosis(meter.number, result, "undone", sale_id, given)
    may_replace = paid and step in _REPLACEABLE
    # Confirmed, but perhaps never typed to the end: typing it again does no harm (sts-facts 1.6).
    told = step in {"type_again", "key_differs"}
    change = _key_change(desk, meter, confirmed=True) if told else ""
    works = may_replace and step not in _DEAD
    return Diagnosis(meter.number, result, step, sale_id, given, may_replace, change, works)


def _replaced_by(desk: Desk, sale_id: str) -> str:
    """The replacement of a sale's token, "" for none; one that was refused does not count."""
    made = [one for one in desk.records.replacements_of(sale_id) if one.state != "refused"]
    return made[-1].committed.issue_id if made else ""


def replace(
    desk: Desk, sale_id: str, result: str, reason: str, second: SecondPerson
) -> TokenRecord | Refusal:
    """Another token of the same energy for a sale whose token the meter did not take (E25).

    `result` is what the meter says to the sale's own token; two persons agree, and it stands in the
    fact. Once for a sale: the id is made from that of the sale, and one that the module refused
    does not count.
    """
    refused = desk.gate("free") or reason_missing(reason)
    if refused is not None:
        return refused
    sale = desk.records.sale(sale_id)
    if sale is None or sale.token is None or sale.state != "delivered":
        return Refusal("unknown_sale", {"sale": sale_id[:40]})
    found = diagnose(desk, sale.committed.meter, result, sale.token)
    if isinstance(found, Refusal):
        return found
    meter = token_meter(desk, sale.committed.meter)
    assert isinstance(meter, Meter), sale_id
    # A blocked meter gets what was paid for before it was blocked.
    over = retired(meter) if meter.retired else account_closed(desk, meter)
    if over is not None:
        return over
    if not found.may_replace:
        return _not_replaced(sale_id, found)
    agreed = second_person(desk, second.name, second.pin, "free")
    if isinstance(agreed, Refusal):
        return agreed
    before = desk.records.replacements_of(sale_id)
    intent = Intent(
        "replacement", meter.number, reason.strip(), f"{sale_id}-r{len(before) + 1}",
        sale.committed.energy_wh, agreed, sale_id, meter_result=result,
    )  # fmt: skip
    return issue(desk, intent, credit_maker(desk, meter, intent))


def _not_replaced(sale_id: str, found: Diagnosis) -> Refusal:
    """Why the meter's word stands against a replacement, and who is next."""
    code = _NOT_REPLACED.get(found.step, "meter_first")
    details: dict[str, str | int] = {"sale": sale_id, "meter": found.meter, "issue": found.issue_id}
    return Refusal(code, details)


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
