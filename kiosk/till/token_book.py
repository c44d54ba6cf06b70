"""What may be asked of tokens: the list, one of them, a copy of its slip, and what a token says.

Every kind is here, those of sales and those outside them; nothing is made.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import special_tokens, token_facts
from kiosk.domain.record import GivenToken, TokenRecord
from kiosk.domain.registry import METER_DIGITS, check_number
from kiosk.domain.special_tokens import Verified
from kiosk.errors import Refusal, VendorFault
from kiosk.ports import SlipLine
from kiosk.till import paper
from kiosk.till.desk import Desk


class Checked(msgspec.Struct, frozen=True):
    """A token against a meter: what it says there, and where it stands in our own books.

    `given` is None for a token that this home never made: one random number in 65,000 passes the
    check of a module, so only a token that is known here is surely ours.
    """

    meter: str
    verified: Verified | Refusal
    given: GivenToken | None


def tokens(desk: Desk, text: str = "", limit: int = 50) -> list[GivenToken] | Refusal:
    """All tokens, newest first: by 20 digits, meter number or id."""
    bare = text.replace(" ", "")
    return desk.gate("history") or desk.records.given_tokens(bare, limit)


def show(desk: Desk, issue_id: str) -> TokenRecord | Refusal:
    """A token outside a sale."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    return desk.records.token(issue_id) or Refusal("unknown_token", {"token": issue_id[:40]})


def verify(desk: Desk, meter_number: str, token: str) -> Checked | Refusal:
    """What 20 digits say to a meter under the key that the registry knows."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    number = check_number(meter_number, METER_DIGITS, "meter")
    if isinstance(number, Refusal):
        return number
    meter = desk.records.meter(number)
    if meter is None:
        return Refusal("unknown_meter", {"meter": number})
    if desk.vendor is None:
        return Refusal("no_module")
    digits = token.replace(" ", "")
    place = special_tokens.place_of(meter)
    try:
        verified = desk.vendor.verify(number, meter.algorithm, place, digits)
    except VendorFault:
        return Refusal("vendor_silent")
    found = desk.records.given_tokens(digits, 1) if len(digits) == 20 else []
    return Checked(number, verified, found[0] if found else None)


def slip_lines(desk: Desk, record: TokenRecord, copy: int = 0) -> list[SlipLine]:
    """The slip of a token outside a sale, as it is printed and as the screen may show it."""
    assert desk.writer is not None
    meter = desk.records.meter(record.committed.meter)
    customer = desk.records.customer(meter.account) if meter is not None else None
    return desk.writer.token(record, customer, copy)


def print_slip(desk: Desk, record: TokenRecord) -> str:
    """Print the original; the name of the job, or "" where there is no printer."""
    job = f"{record.committed.issue_id}/0"
    return paper.submit(desk, job, slip_lines(desk, record))


def reprint(desk: Desk, issue_id: str) -> str | Refusal:
    """Print a copy, marked COPY n; the id of a sale gives a copy of the sale's slip."""
    if desk.records.token(issue_id) is None:
        return paper.reprint(desk, issue_id)
    refused = desk.gate("reprint")
    if refused is not None:
        return refused
    record = desk.records.token(issue_id)
    assert record is not None
    if record.state != "issued":
        return Refusal("token_not_open", {"token": issue_id})
    copy = record.copies + 1
    desk.journal.append(token_facts.TokenReprinted(issue_id, copy, desk.operator))
    return paper.submit(desk, f"{issue_id}/{copy}", slip_lines(desk, record, copy))
