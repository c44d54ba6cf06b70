"""What a registration, an amendment or a replacement must agree with in the tables.

Two counters may change one record in the same minute: the second is told to look again.
"""

from __future__ import annotations

from typing import Any

from kiosk.domain import chart
from kiosk.domain import registry_facts as facts
from kiosk.domain.fact import Fact
from kiosk.domain.registry import Meter
from kiosk.domain.registry_changes import text_of
from kiosk.domain.token_facts import TokenCommitted
from kiosk.errors import Refusal
from kiosk.ledger.connection import Connection
from kiosk.ledger.registry_rows import record_of


def _customer_known(c: Connection, fact: facts.CustomerRegistered) -> Refusal | None:
    found = record_of(c, "customer", fact.account)
    return Refusal("account_exists", {"account": fact.account}) if found else None


def _customer_as_before(c: Connection, fact: facts.CustomerAmended) -> Refusal | None:
    found = record_of(c, "customer", fact.account)
    if found is None:
        return Refusal("unknown_account", {"account": fact.account})
    return _as_before(found[0], fact.account, fact.field, fact.old)


def _meter_known(c: Connection, fact: facts.MeterInstalled) -> Refusal | None:
    if record_of(c, "meter", fact.meter):
        return Refusal("meter_exists", {"meter": fact.meter})
    if record_of(c, "customer", fact.account) is None:
        return Refusal("unknown_account", {"account": fact.account})
    if c.execute("SELECT 1 FROM closed_accounts WHERE account = ?", (fact.account,)).fetchone():
        return Refusal("account_closed", {"account": fact.account})
    taken = c.execute(
        "SELECT number FROM cards WHERE number = ? OR serial = ?", (fact.card, fact.card_serial)
    ).fetchone()
    return Refusal("card_exists", {"card": taken[0]}) if taken and fact.card else None


def _meter_as_before(c: Connection, fact: facts.MeterAmended) -> Refusal | None:
    meter = _meter_in_use(c, fact.meter)
    return meter if isinstance(meter, Refusal) else (
        _as_before(meter, fact.meter, fact.field, fact.old)
    )  # fmt: skip


def _left_by_its_customer(c: Connection, fact: facts.MeterAmended) -> Refusal | None:
    """A meter goes to a customer who is here, from one who has left, and takes no money along."""
    if fact.field != "account":
        return None
    if record_of(c, "customer", fact.new) is None:
        return Refusal("unknown_account", {"account": fact.new})
    closed = "SELECT 1 FROM closed_accounts WHERE account = ?"
    if c.execute(closed, (fact.new,)).fetchone():
        return Refusal("account_closed", {"account": fact.new})
    if not c.execute(closed, (fact.old,)).fetchone():
        return Refusal("meter_of_another", {"meter": fact.meter})
    kept = c.execute(
        "SELECT 1 FROM postings WHERE account = ? GROUP BY currency HAVING sum(amount) <> 0",
        (chart.meter_account(fact.meter),),
    ).fetchone()
    return Refusal("meter_keeps_money", {"meter": fact.meter}) if kept else None


def _shares_as_before(c: Connection, fact: facts.SharesSet) -> Refusal | None:
    meter = _meter_in_use(c, fact.meter)
    if isinstance(meter, Refusal):
        return meter
    return _as_before(meter, fact.meter, "shares", text_of(fact.old))


def _meter_read(c: Connection, fact: facts.MeterRead) -> Refusal | None:
    found = record_of(c, "meter", fact.meter)
    return None if found else Refusal("unknown_meter", {"meter": fact.meter})


def _cancelled(c: Connection, fact: facts.MeterCancelled) -> Refusal | None:
    meter = _meter_in_use(c, fact.meter)
    return meter if isinstance(meter, Refusal) else None


def _replaced(c: Connection, fact: facts.MeterReplaced) -> Refusal | None:
    for number in (fact.meter, fact.new_meter):
        meter = _meter_in_use(c, number)
        if isinstance(meter, Refusal):
            return meter
        if meter.account != fact.account:
            return Refusal("meter_of_another", {"meter": number})
    return None


def _transfer(c: Connection, fact: TokenCommitted) -> Refusal | None:
    """Energy in transfer becomes one token, of exactly that much and for that meter (E14)."""
    if fact.operation != "transfer":
        return None
    row = c.execute(
        "SELECT new_meter, moved_wh FROM replacements WHERE replacement_id = ? AND NOT EXISTS"
        " (SELECT 1 FROM issued_tokens WHERE first_sale = replacement_id AND state <> 'refused')",
        (fact.first_sale,),
    ).fetchone()
    if row == (fact.meter, fact.energy_wh):
        return None
    return Refusal("transfer_not_open", {"replacement": fact.first_sale})


def _meter_in_use(c: Connection, number: str) -> Meter | Refusal:
    found = record_of(c, "meter", number)
    if found is None:
        return Refusal("unknown_meter", {"meter": number})
    assert isinstance(found[0], Meter)
    if found[0].retired:
        return Refusal("retired_meter", {"meter": number})
    return found[0]


def _as_before(record: Any, number: str, field: str, old: str) -> Refusal | None:
    same = text_of(getattr(record, field)) == old
    return None if same else Refusal("record_changed", {"number": number})


CHECKS: dict[type[Fact], tuple[Any, ...]] = {
    facts.CustomerRegistered: (_customer_known,),
    facts.CustomerAmended: (_customer_as_before,),
    facts.MeterInstalled: (_meter_known,),
    facts.MeterAmended: (_meter_as_before, _left_by_its_customer),
    facts.SharesSet: (_shares_as_before,),
    facts.MeterRead: (_meter_read,),
    facts.MeterReplaced: (_replaced,),
    facts.MeterCancelled: (_cancelled,),
}

#: Asked of every token outside a sale, beside its own checks.
of_token = _transfer
