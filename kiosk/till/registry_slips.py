"""The slips of the registry: what stands on them, and how they are printed and copied."""

from __future__ import annotations

from kiosk.domain import account_facts
from kiosk.domain import registry_facts as facts
from kiosk.domain.entry import digest
from kiosk.domain.registry import Customer, Meter, share_percent
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.errors import Refusal
from kiosk.ports import SlipLine
from kiosk.till import paper
from kiosk.till.desk import Desk

Rows = list[tuple[str, str | int]]
Slip = RegistrySlip


def account(desk: Desk, customer: Customer, meter: Meter | None, sequence: int) -> RegistrySlip:
    """The slip of an account that was opened."""
    rows: Rows = []
    if meter is not None:
        rows = [*meter_rows(meter), *_installation_rows(desk, meter)]
    return _slip(desk, "account", customer, meter.number if meter else "", rows, sequence)


def meter_rows(meter: Meter) -> Rows:
    """What a slip says of a meter."""
    shares = ", ".join(f"{name} {share_percent(share)} %" for name, share in meter.shares)
    return [
        ("meter", meter.number), ("register", meter.register), ("power_type", meter.power_type),
        ("phases", str(meter.phases)),
        ("capacity", f"{meter.capacity_w} W" if meter.capacity_w else ""), ("shares", shares),
    ]  # fmt: skip


def _installation_rows(desk: Desk, meter: Meter) -> Rows:
    card, record = desk.records.card(meter=meter.number), desk.records.installation(meter.number)
    rows: Rows = [("card", card.number if card else "")]
    if record is not None:
        rows += [
            ("place", record.place), ("installed_on", record.installed_on),
            ("reading_wh", record.reading_wh), ("seals", ", ".join(record.seals)),
        ]  # fmt: skip
    return rows


def replaced(desk: Desk, fact: facts.MeterReplaced, sequence: int) -> RegistrySlip:
    """The slip of a meter that was replaced: what was left, and where it went."""
    customer = desk.records.customer(fact.account)
    assert customer is not None, fact
    rows: Rows = [
        ("old_meter", fact.meter), ("new_meter", fact.new_meter), ("reading_wh", fact.reading_wh),
        ("remaining_wh", fact.remaining_wh), ("moved_wh", fact.moved_wh),
        ("worth_minor", fact.worth_minor), ("kept_minor", fact.kept_minor),
        ("reason", fact.reason), ("second", fact.second),
    ]  # fmt: skip
    shown = [row for row in rows if row[1] or row[0] == "remaining_wh"]
    return _slip(desk, "replaced", customer, fact.new_meter, shown, sequence)


def cancelled(desk: Desk, fact: facts.MeterCancelled, sequence: int) -> RegistrySlip:
    """The slip of a meter that was taken out for good."""
    customer = desk.records.customer(fact.account)
    assert customer is not None, fact
    rows: Rows = [
        ("old_meter", fact.meter), ("reading_wh", fact.reading_wh),
        ("remaining_wh", fact.remaining_wh), *_left_rows(desk, fact.meter),
        ("reason", fact.reason), ("second", fact.second),
    ]  # fmt: skip
    return _slip(desk, "cancelled", customer, fact.meter, rows, sequence)


def _left_rows(desk: Desk, meter: str) -> Rows:
    """What should have been left in a meter, and what became of what was."""
    sequence = desk.records.sequence_of(f"credit_left/{meter}")
    left = desk.records.fact(sequence) if sequence is not None else None
    if not isinstance(left, account_facts.CreditLeft):
        return []
    paid = left.treatment == "paid"
    became = ("worth_minor", left.worth_minor) if paid else ("given_up_wh", left.energy_wh)
    return [("expected_wh", left.expected_wh), became]


def _slip(
    desk: Desk, what: str, customer: Customer, meter: str, rows: Rows, sequence: int
) -> RegistrySlip:
    entry = desk.journal.after(sequence - 1, 1)[0]
    return RegistrySlip(
        what, customer, meter, rows, sequence, digest(entry).hex()[:8], entry.time_ms,
        entry.quality, desk.operator,
    )  # fmt: skip


def slip_lines(desk: Desk, slip: RegistrySlip, copy: int = 0) -> list[SlipLine]:
    """The slip as it is printed and as the screen may show it."""
    assert desk.writer is not None
    return desk.writer.registry(slip, copy)


def print_slip(desk: Desk, slip: RegistrySlip) -> str:
    """Print the original; the name of the job, or "" where there is no printer."""
    return paper.submit(desk, f"registry-{slip.sequence}/0", slip_lines(desk, slip))


def reprint(desk: Desk, sequence: int) -> str | Refusal:
    """Print the slip of an entry of the registry once more, marked as a copy."""
    refused = desk.gate("reprint")
    if refused is not None:
        return refused
    slip = of_entry(desk, sequence)
    if isinstance(slip, Refusal):
        return slip
    return paper.submit(desk, f"registry-{sequence}/1", slip_lines(desk, slip, 1))


def of_entry(desk: Desk, sequence: int) -> RegistrySlip | Refusal:
    """The slip of the entry `sequence`, for a copy."""
    fact = desk.records.fact(sequence) if 0 < sequence <= desk.journal.head().sequence else None
    if isinstance(fact, facts.MeterReplaced):
        return replaced(desk, fact, sequence)
    if isinstance(fact, facts.MeterCancelled):
        return cancelled(desk, fact, sequence)
    if isinstance(fact, facts.MeterInstalled | facts.CustomerRegistered):
        customer = desk.records.customer(fact.account)
        meter = desk.records.meter(getattr(fact, "meter", ""))
        assert customer is not None, fact
        return account(desk, customer, meter, sequence)
    return Refusal("no_registry_slip", {"entry": sequence})
