"""The verbs that take a meter out: replaced with its balance (E14), or cancelled.

One act with one id: the new meter is installed, the old one is retired, and what was left in it is
booked out, all in one commit; then the energy becomes a token for the new meter, under an id made
from that of the act. Killed in between, `finish_transfer` goes on with the same id. A new card
meter, or the policy "money", gets the worth of the energy as money kept for it instead.
"""

from __future__ import annotations

import msgspec

from kiosk.domain import chart
from kiosk.domain import registry_facts as facts
from kiosk.domain.cards import families
from kiosk.domain.credit_registers import ELECTRICITY
from kiosk.domain.energy import STS_LARGEST_UNITS, STS_STEP_WH, token_energy_wh
from kiosk.domain.fact import Fact
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Meter
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.errors import Refusal
from kiosk.ledger.registry_records import Replacement
from kiosk.till import registry_slips
from kiosk.till.amend import meter_in_use
from kiosk.till.credit_left import (
    Final,
    OldMeter,
    cancelling_facts,
    left_in,
    moved_wh,
    reading_fact,
    tolerance_wh,
    worth_minor,
)
from kiosk.till.desk import Desk
from kiosk.till.greet import unfinished_of
from kiosk.till.new_meter import NewMeter
from kiosk.till.operators import second_person
from kiosk.till.recover import card_image
from kiosk.till.registration import LARGEST_READING_WH, bare, installed_facts, rules_of
from kiosk.till.tokens import SecondPerson, reason_missing
from kiosk.till.transfer import make_transfer


class Replaced(msgspec.Struct, frozen=True):
    """What came of it: the slip, and the token for the new meter where energy moved."""

    replacement: Replacement
    slip: RegistrySlip
    token: TokenRecord | None


def look_at_old(desk: Desk, number: str) -> OldMeter | Refusal:
    """What is known of a meter before it is taken out; refused while something of it is open."""
    refused = desk.gate("registry")
    meter = refused or meter_in_use(desk, number)
    if isinstance(meter, Refusal):
        return meter
    unfinished = unfinished_of(desk, meter.number)
    if unfinished is not None:
        return Refusal("sale_in_doubt_for_meter", {"sale": unfinished.committed.sale_id})
    back = _write_back(desk, meter)
    if isinstance(back, Refusal):
        return back
    installation = desk.records.installation(meter.number)
    energy = chart.meter_energy(meter.number), chart.ENERGY_CURRENCY
    left, used = back
    return OldMeter(
        meter, desk.records.balance(*energy), installation.reading_wh if installation else 0,
        -desk.records.balance(chart.meter_account(meter.number), desk.currency), left, used,
        moved_wh(desk, meter.number),
    )  # fmt: skip


def _write_back(desk: Desk, meter: Meter) -> tuple[int | None, int | None] | Refusal:
    """Credit left and energy used as the old card tells it; (None, None) without that card.

    An unread purchase on it would be in neither meter: it is cancelled on the card first.
    """
    if meter.kind != "card":
        return None, None
    image = card_image(desk)
    if isinstance(image, Refusal):
        return None, None
    state = families.of(image).state(image)
    if isinstance(state, Refusal) or state.meter != meter.number:
        return None, None
    if not state.taken():
        return Refusal("old_card_unread", {"meter": meter.number})
    left, total = getattr(state, "energy_left_wh", None), getattr(state, "credited_total_wh", None)
    if not state.write_back_valid or left is None or total is None:
        return None, None
    return left, total - left


def replace_meter(
    desk: Desk, number: str, new: NewMeter, final: Final, reason: str, second: SecondPerson | None
) -> Replaced | Refusal:
    """Take a meter out, put `new` in its place and move the balance.

    Two persons always, except where the old card itself tells both figures and they agree with
    what was bought.
    """
    old = look_at_old(desk, number)
    if isinstance(old, Refusal):
        return old
    refused = reason_missing(reason) or desk.room_to_sell() or desk.clock_set_back()
    if refused is not None:
        return refused
    if new.register != old.meter.register:
        return Refusal("register_differs", {"meter": old.meter.number})
    read = final_figures(old, final)
    if isinstance(read, Refusal):
        return read
    agreed = _agreed(desk, old, read, second)
    if isinstance(agreed, Refusal):
        return agreed
    installed = installed_facts(desk, rules_of(desk), old.meter.account, new)
    if isinstance(installed, Refusal):
        return installed
    fact = _fact(desk, old, new, read, reason, agreed)
    if isinstance(fact, Refusal):
        return fact
    outcome = desk.journal.append(*_replacement_facts(desk, installed, fact, read))
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return _done(desk, fact, outcome[-1])


def _done(desk: Desk, fact: facts.MeterReplaced, sequence: int) -> Replaced | Refusal:
    slip = registry_slips.replaced(desk, fact, sequence)
    replacement = desk.records.replacement(replacement_id=fact.replacement_id)
    assert replacement is not None
    token = finish_transfer(desk, fact.replacement_id) if fact.moved_wh else None
    return Replaced(replacement, slip, token if isinstance(token, TokenRecord) else None)


def _replacement_facts(
    desk: Desk, installed: list[Fact], fact: facts.MeterReplaced, read: Final
) -> list[Fact]:
    return [*installed, reading_fact(desk, fact.meter, read), fact]


def final_figures(old: OldMeter, final: Final) -> Final | Refusal:
    """The final figures: typed, or those of the card."""
    if final.source not in {"card", "display", "technician"}:
        known = "card, display, technician"
        return Refusal("unknown_source", {"source": final.source[:40], "known": known})
    if final.source != "card":
        figures = (final.reading_wh, final.remaining_wh)
        sound = all(0 <= figure <= LARGEST_READING_WH for figure in figures)
        if any(figures) and old.meter.register != ELECTRICITY:
            return Refusal("credit_stays", {"meter": old.meter.number})
        return final if sound else Refusal("bad_reading", {})
    if old.card_left_wh is None or old.card_used_wh is None:
        return Refusal("no_write_back", {"meter": old.meter.number})
    reading_wh = old.first_reading_wh + old.card_used_wh
    return Final("card", reading_wh, old.card_left_wh, final.treatment)


def _agreed(desk: Desk, old: OldMeter, read: Final, second: SecondPerson | None) -> str | Refusal:
    """The second person, where one is needed; "" where the card proves it."""
    expected_wh = old.expected_wh(read.reading_wh)
    agrees = abs(expected_wh - read.remaining_wh) <= tolerance_wh(old)
    if read.source == "card" and agrees:
        return ""
    if second is None:
        details: dict[str, str | int] = {
            "expected_wh": expected_wh, "remaining_wh": read.remaining_wh,
        }  # fmt: skip
        return Refusal("balance_needs_second_person", details)
    return second_person(desk, second.name, second.pin, "free")


def _fact(
    desk: Desk, old: OldMeter, new: NewMeter, read: Final, reason: str, second: str
) -> facts.MeterReplaced | Refusal:
    left = read.remaining_wh
    as_energy = new.kind == "keypad" and desk.settings.registry.balance_as == "energy"
    if left > STS_LARGEST_UNITS * STS_STEP_WH:
        return Refusal("energy_above_carrier", {"largest_wh": STS_LARGEST_UNITS * STS_STEP_WH})
    worth = 0 if as_energy or not left else worth_minor(desk, old.meter.number, left)
    if isinstance(worth, Refusal):
        return worth
    moved = token_energy_wh(left) if as_energy and left else 0
    return facts.MeterReplaced(
        desk.entropy.name(), old.meter.number, bare(new.number), old.meter.account, desk.currency,
        read.source, read.reading_wh, left, old.expected_wh(read.reading_wh), moved,
        moved - left if moved else 0, worth, old.kept_minor, desk.operator, second, reason.strip(),
    )  # fmt: skip


def finish_transfer(desk: Desk, replacement_id: str) -> TokenRecord | Refusal:
    """The token that carries the balance to the new meter; asked again, the same token."""
    return desk.gate("registry") or make_transfer(desk, replacement_id)


def finish_for(desk: Desk, number: str) -> TokenRecord | Refusal:
    """As `finish_transfer`, for the new meter `number`."""
    for replacement in desk.records.open_transfers():
        if replacement.new_meter == number:
            return finish_transfer(desk, replacement.replacement_id)
    return desk.gate("registry") or Refusal("transfer_not_open", {"replacement": number[:40]})


def open_transfers(desk: Desk) -> list[Replacement] | Refusal:
    """Replaced meters whose balance has not arrived in a token yet."""
    return desk.gate("registry") or desk.records.open_transfers()


def cancel_meter(
    desk: Desk, number: str, final: Final, reason: str, second: SecondPerson | None
) -> RegistrySlip | Refusal:
    """Take a meter out for good, by two persons; money that is kept for it is spent first, and what
    is left in it goes as `final.treatment` says."""
    old = look_at_old(desk, number)
    if isinstance(old, Refusal):
        return old
    refused = reason_missing(reason) or desk.room_to_sell()
    if refused is not None:
        return refused
    if old.kept_minor:
        return Refusal("meter_has_money", {"meter": old.meter.number, "kept_minor": old.kept_minor})
    read = final_figures(old, final)
    if isinstance(read, Refusal):
        return read
    left = left_in(desk, old, read)
    if isinstance(left, Refusal):
        return left
    if second is None:
        return Refusal(
            "balance_needs_second_person",
            {"expected_wh": old.expected_wh(read.reading_wh), "remaining_wh": read.remaining_wh},
        )
    agreed = second_person(desk, second.name, second.pin, "free")
    if isinstance(agreed, Refusal):
        return agreed
    written = cancelling_facts(desk, old, read, left, reason, agreed)
    outcome = desk.journal.append(*written)
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    end = written[-1]
    assert isinstance(end, facts.MeterCancelled)
    return registry_slips.cancelled(desk, end, outcome[-1])
