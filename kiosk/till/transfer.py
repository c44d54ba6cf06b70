"""The token of a replaced meter's balance, made once under an id that comes from the act (E14)."""

from __future__ import annotations

from kiosk.domain import registry_facts as facts
from kiosk.domain.record import TokenRecord
from kiosk.errors import Refusal
from kiosk.ledger.registry_records import Replacement
from kiosk.ledger.stations import living
from kiosk.till.desk import Desk
from kiosk.till.tokens import Intent, credit_maker, issue, token_meter

#: A balance on its way for longer is nobody's work any more.
_BEING_MADE_MS = 600_000


def recover_transfers(desk: Desk) -> list[TokenRecord]:
    """Make the tokens of balances that a kill cut off before their first one was begun. One that a
    module refused waits for a person; so does one that another station may be making right now."""
    made = []
    for replacement in desk.records.open_transfers():
        if desk.records.replacements_of(replacement.replacement_id) or not _was_left(
            desk, replacement
        ):
            continue
        outcome = make_transfer(desk, replacement.replacement_id)
        if not isinstance(outcome, Refusal):
            made.append(outcome)
    return made


def _was_left(desk: Desk, replacement: Replacement) -> bool:
    if living(desk.home) == [desk.station.name]:
        return True
    (written,) = desk.records.after(replacement.sequence - 1, 1)
    return desk.clock.now().time_ms - written.time_ms > _BEING_MADE_MS


def make_transfer(desk: Desk, replacement_id: str) -> TokenRecord | Refusal:
    """The token that carries the balance to the new meter; asked again, the same token."""
    replacement = desk.records.replacement(replacement_id=replacement_id)
    if replacement is None or not replacement.moved_wh:
        return Refusal("transfer_not_open", {"replacement": replacement_id[:40]})
    before = desk.records.replacements_of(replacement_id)
    for record in before:
        if record.state != "refused":
            return record
    meter = token_meter(desk, replacement.new_meter)
    if isinstance(meter, Refusal):
        return meter
    fact = desk.records.fact(replacement.sequence)
    assert isinstance(fact, facts.MeterReplaced)
    intent = Intent(
        "transfer", meter.number, fact.reason, f"{replacement_id}-t{len(before) + 1}",
        replacement.moved_wh, fact.second, replacement_id,
    )  # fmt: skip
    return issue(desk, intent, credit_maker(desk, meter, intent))
