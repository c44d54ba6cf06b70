"""What may be asked: past sales, who is who, and why a figure is what it is."""

from __future__ import annotations

import msgspec

from kiosk.domain import chart, tariff
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Card, Customer, Meter
from kiosk.errors import Refusal
from kiosk.ledger.registry_records import Reading as Reading  # noqa: PLC0414 - lists show it
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer, buyer_of


class Explained(msgspec.Struct, frozen=True):
    """A sale and its replay from the stored tariff pack; `same` says whether every line agrees."""

    record: SaleRecord
    replayed: tariff.Quote | None
    same: bool
    #: See SaleRecord.undone.
    undone: str = ""
    #: What pricing it again came to, in minor units: paid too little, or below zero too much.
    difference_minor: int | None = None
    #: Repairs that took its purchase off its card or put it on again, oldest first.
    repairs: list[CardWorkRecord] = []


def search(
    desk: Desk, text: str, limit: int = 50, *, retired: bool = False
) -> list[Meter] | Refusal:
    """Meters by name, address, phone, account, meter or card number; `retired` ones if wanted."""
    refused = desk.gate("search")
    if refused is not None:
        return refused
    return desk.records.search(text.strip(), limit, retired=retired)


def sales_of_meter(desk: Desk, meter: str, limit: int = 20) -> list[SaleRecord] | Refusal:
    """The newest sales of a meter."""
    return desk.gate("history") or desk.records.sales_of(meter=meter, limit=limit)


def buyer_record(desk: Desk, meter: str) -> Buyer | Refusal:
    """A customer's record as the cashier sees it; refused as a sale would be, with the reason."""
    return desk.gate("search") or buyer_of(desk, meter)


def in_doubt(desk: Desk) -> list[SaleRecord]:
    """Sales whose outcome is not known, oldest first; every face counts them."""
    return [record for record in desk.records.open_sales() if record.state == "in_doubt"]


def why(desk: Desk, sale_id: str) -> Explained | Refusal:
    """Replay a sale from the pack that it was priced with: every figure can be explained; and what
    pricing it again came to."""
    found = _replayed(desk, sale_id)
    if isinstance(found, Refusal):
        return found
    rerated = desk.records.rerated(found.record.committed.sale_id)
    if rerated is None:
        return found
    return msgspec.structs.replace(found, difference_minor=rerated[0])


def _replayed(desk: Desk, sale_id: str) -> Explained | Refusal:
    record = desk.records.sale(sale_id) or desk.records.sale_by_token(sale_id.replace(" ", ""))
    if record is None:
        return Refusal("unknown_sale", {"sale": sale_id[:40]})
    committed = record.committed
    undone, repairs = record.undone, desk.records.repairs_of(record.committed.sale_id)
    found = desk.records.tariff(committed.tariff_digest)
    if found is None:
        return Explained(record, None, same=False, undone=undone, repairs=repairs)
    replayed = tariff.quote(
        found[1],
        committed.power_type,
        committed.amount_minor,
        account=committed.account,
        debt_minor=_debt_then(record),
        plan=_agreed_then(record),
        carrier="token" if committed.token is not None else "card",
        usage=committed.usage if isinstance(committed.usage, tariff.Usage) else tariff.Usage(),
    )
    if isinstance(replayed, Refusal):
        return Explained(record, None, same=False, undone=undone, repairs=repairs)
    same = replayed.lines == committed.lines and replayed.energy_wh == committed.energy_wh
    return Explained(record, replayed, same=same, undone=undone, repairs=repairs)


def _agreed_then(record: SaleRecord) -> tariff.DebtRule | None:
    """What the customer's own plan took of the debt in that sale."""
    for line in record.committed.lines:
        if line.reason == "debt_agreed":
            return tariff.DebtRule(tariff.PPM, line.amount_minor)
    return None


def _debt_then(record: SaleRecord) -> int:
    """What was owed before the sale, as its debt line says."""
    for line in record.committed.lines:
        if line.code == "debt":
            return line.amount_minor + int(line.values["left_minor"])
    return 0


def find(desk: Desk, text: str, limit: int = 50) -> list[RegistryRow] | Refusal:
    """As `search`, each meter with its customer, its card and its money."""
    meters = search(desk, text, limit)
    if isinstance(meters, Refusal):
        return meters
    return [registry_row(desk, meter.number) for meter in meters]


def find_customers(desk: Desk, text: str, limit: int = 50) -> list[Customer] | Refusal:
    """As `search`, customers without a meter too."""
    return desk.gate("search") or desk.records.search_customers(text.strip(), limit)


def customer_behind(desk: Desk, number: str) -> Customer | Refusal:
    """The customer of an account, meter or card number."""
    bare = number.replace(" ", "")
    card = desk.records.card(number=bare) if bare else None
    meter = desk.records.meter(card.meter if card else bare)
    customer = desk.records.customer(meter.account if meter else bare)
    return customer or Refusal("unknown_account", {"account": number[:40]})


def state_of(meter: Meter) -> str:
    """in_use, blocked, or retired: what lists and screens show."""
    if meter.retired:
        return "retired"
    return "blocked" if meter.blocked else "in_use"


def last_sales(desk: Desk, limit: int = 20) -> list[SaleRecord] | Refusal:
    """The newest sales of this home, newest first."""
    return desk.gate("history") or desk.records.last_sales(limit)


class RegistryRow(msgspec.Struct, frozen=True):
    """A meter in the registry, whether it may buy or not."""

    meter: Meter
    customer: Customer
    card: Card | None
    debt_minor: int
    credit_minor: int


def registry_row(desk: Desk, number: str) -> RegistryRow:
    """The registry's row of a meter that is known to be there."""
    meter = desk.records.meter(number)
    assert meter is not None, number
    customer = desk.records.customer(meter.account)
    assert customer is not None, meter
    return RegistryRow(
        meter, customer, desk.records.card(meter=number),
        max(0, desk.records.balance(chart.receivable(meter.account), desk.currency)),
        -desk.records.balance(chart.meter_account(number), desk.currency),
    )  # fmt: skip


#: How long a second sale of the same amount to the same meter is worth a question (E05).
_SAME_AGAIN_MS = 5 * 60 * 1000


def just_sold(desk: Desk, meter: str, amount_minor: int) -> SaleRecord | None:
    """A sale of the same amount to the same meter some minutes ago: perhaps a second press (E05).

    Worth a question and never a refusal: a customer may want exactly this twice.
    """
    now_ms = desk.clock.now().time_ms
    for record in desk.records.sales_of(meter=meter, limit=5):
        recent = now_ms - record.time_ms < _SAME_AGAIN_MS
        if recent and record.committed.amount_minor == amount_minor and record.state != "voided":
            return record
    return None
