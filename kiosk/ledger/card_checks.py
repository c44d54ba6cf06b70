"""What facts about cards must agree with in the tables; asked in the transaction of the commit."""

from __future__ import annotations

from typing import Any

from kiosk.domain import card_account_facts, card_facts, chart, facts
from kiosk.domain.fact import Fact
from kiosk.errors import Refusal
from kiosk.ledger.connection import Connection
from kiosk.ledger.opening import work_in

_OPEN = ("committed", "in_doubt")


def _committed(c: Connection, fact: card_facts.CardWorkCommitted) -> Refusal | None:
    """One work at a time on a meter's card, a purchase is taken back once, and with the figures of
    its own sale; nothing is done to a card whose sale is open, but a reissue settles that one."""
    row = c.execute(
        "SELECT work_id FROM card_works WHERE state IN ('committed', 'in_doubt')"
        " AND (serial = ?1 OR (meter = ?2 AND ?2 <> ''))",
        (fact.serial, fact.meter),
    ).fetchone()
    if row is not None:
        return Refusal("card_work_open", {"work": row[0]})
    for (sale_id,) in c.execute(
        "SELECT sale_id FROM sales WHERE meter = ? AND state IN ('paid', 'in_doubt')",
        (fact.meter,),
    ).fetchall():
        if fact.operation != "reissue" or sale_id != fact.content.sale_id:
            return Refusal("sale_in_doubt_for_meter", {"sale": sale_id})
    if fact.operation == "repair" and fact.sale_id:
        return _still_due(c, fact.sale_id)
    return _cancelled(c, fact) if fact.operation == "cancel" else None


def _still_due(c: Connection, sale_id: str) -> Refusal | None:
    """A repair moves the purchase of a sale only while nothing else was done about it."""
    row = c.execute("SELECT 1 FROM undone_sales WHERE sale_id = ?", (sale_id,)).fetchone()
    return Refusal("undone_before", {"sale": sale_id}) if row else None


#: What the counter may have done about a sale: its purchase is not taken back here any more.
_DONE_ABOUT_SALES = (("undone_sales", "undone_before"), ("rerated_sales", "sale_priced_again"))


def _cancelled(c: Connection, fact: card_facts.CardWorkCommitted) -> Refusal | None:
    row = c.execute(
        "SELECT body, version, meter, card FROM sales JOIN entries USING (sequence)"
        " WHERE sale_id = ? AND state = 'delivered'",
        (fact.sale_id,),
    ).fetchone()
    sale = facts.decode("sale_committed", row[1], row[0]) if row else None
    if not isinstance(sale, facts.SaleCommitted) or (row[2], row[3]) != (fact.meter, fact.serial):
        return Refusal("unknown_sale", {"sale": fact.sale_id})
    if (sale.lines, sale.currency) != (fact.lines, fact.currency):
        return Refusal("card_work_does_not_add_up", {"work": fact.work_id})
    for table, reason in _DONE_ABOUT_SALES:
        if c.execute(f"SELECT 1 FROM {table} WHERE sale_id = ?", (fact.sale_id,)).fetchone():  # noqa: S608
            return Refusal(reason, {"sale": fact.sale_id})
    again = c.execute(
        "SELECT 1 FROM card_works WHERE sale_id = ? AND operation = 'cancel' AND state <> 'undone'",
        (fact.sale_id,),
    ).fetchone()
    return Refusal("purchase_cancelled_before", {"sale": fact.sale_id}) if again else None


def _ended(
    c: Connection, fact: card_facts.CardWorkDone | card_facts.CardWorkUndone
) -> Refusal | None:
    """The end of a work follows its own intention, with the same figures."""
    row = c.execute(
        "SELECT state, kind, version, body FROM card_works JOIN entries USING (sequence)"
        " WHERE work_id = ?",
        (fact.work_id,),
    ).fetchone()
    if row is None or row[0] not in _OPEN:
        return Refusal("card_work_not_open", {"work": fact.work_id})
    intended = work_in(facts.decode(*row[1:]), fact.work_id)
    is_cancel = intended.operation == "cancel"
    if isinstance(fact, card_facts.CardWorkUndone):
        same = fact.amount_minor == (0 if is_cancel else intended.amount_minor)
    else:
        same = _figures(fact) == _figures(intended) and fact.returned_to in (
            intended.returned_to,
            chart.meter_account(intended.meter) if is_cancel else "",
        )
    return None if same else Refusal("card_work_does_not_add_up", {"work": fact.work_id})


def _figures(fact: card_facts.CardWorkDone | card_facts.CardWorkCommitted) -> tuple[object, ...]:
    return (
        fact.operation, fact.meter, fact.currency, fact.amount_minor, fact.energy_wh, fact.lines,
    )  # fmt: skip


def _doubted(c: Connection, fact: card_facts.CardWorkInDoubt) -> Refusal | None:
    row = c.execute("SELECT state FROM card_works WHERE work_id = ?", (fact.work_id,)).fetchone()
    known = row is not None and row[0] in _OPEN
    return None if known else Refusal("card_work_not_open", {"work": fact.work_id})


def _card_known(
    c: Connection, fact: card_facts.CardHotListed | card_facts.CardReleased
) -> Refusal | None:
    row = c.execute("SELECT 1 FROM cards WHERE serial = ?", (fact.serial,)).fetchone()
    return None if row else Refusal("unknown_card", {"card": fact.serial})


def _money_is_there(c: Connection, fact: card_account_facts.CardMoneyReturned) -> Refusal | None:
    """What the card was last seen to hold, of a card that is out of use and has nothing open."""
    last = c.execute(
        "SELECT number + 1, currency, balance_minor, mark, account FROM account_moves"
        " WHERE card = ? AND state = 'moved' ORDER BY number DESC LIMIT 1",
        (fact.card,),
    ).fetchone()
    opened = c.execute(
        "SELECT 1 FROM account_moves WHERE card = ? AND state = 'committed'", (fact.card,)
    ).fetchone()
    stopped = c.execute(
        "SELECT 1 FROM cards WHERE serial = ? AND meter = ? AND state <> 'active'",
        (fact.card, fact.meter),
    ).fetchone()
    told = (fact.number, fact.currency, fact.amount_minor, fact.previous, fact.account)
    if opened or not stopped or last is None or tuple(last) != told:
        return Refusal("account_move_does_not_add_up", {"sale": fact.return_id})
    return None


def _stays_stopped(c: Connection, fact: card_facts.CardReleased) -> Refusal | None:
    """A card whose money is kept elsewhere is never used again."""
    row = c.execute("SELECT 1 FROM returned_card_money WHERE card = ?", (fact.serial,)).fetchone()
    return Refusal("card_gave_money_back", {"serial": fact.serial}) if row else None


def _case_open(c: Connection, fact: card_facts.CardCaseClosed) -> Refusal | None:
    row = c.execute(
        "SELECT 1 FROM card_cases WHERE case_id = ? AND outcome = ''", (fact.case_id,)
    ).fetchone()
    return None if row else Refusal("card_case_not_open", {"case": fact.case_id})


def sale_without_card_work(c: Connection, fact: facts.SaleCommitted) -> Refusal | None:
    """Nothing is sold onto a card that is being worked on, or that was stopped."""
    if fact.card is None:
        return None
    row = c.execute(
        "SELECT work_id FROM card_works WHERE state IN ('committed', 'in_doubt') AND meter = ?",
        (fact.meter,),
    ).fetchone()
    if row is not None:
        return Refusal("card_work_open", {"work": row[0]})
    stopped = c.execute(
        "SELECT 1 FROM cards WHERE serial = ? AND state <> 'active'", (fact.card.serial,)
    ).fetchone()
    return Refusal("card_not_accepted") if stopped else None


def sale_not_repeated(c: Connection, fact: facts.SaleVoided) -> Refusal | None:
    """A sale that a reissue is about to put on another card is not voided meanwhile."""
    row = c.execute(
        "SELECT work_id FROM card_works WHERE state IN ('committed', 'in_doubt')"
        " AND content_sale = ? AND operation = 'reissue'",
        (fact.sale_id,),
    ).fetchone()
    return Refusal("card_work_open", {"work": row[0]}) if row else None


CHECKS: dict[type[Fact], tuple[Any, ...]] = {
    card_facts.CardWorkCommitted: (_committed,),
    card_facts.CardWorkDone: (_ended,),
    card_facts.CardWorkUndone: (_ended,),
    card_facts.CardWorkInDoubt: (_doubted,),
    card_facts.CardHotListed: (_card_known,),
    card_facts.CardReleased: (_card_known, _stays_stopped),
    card_account_facts.CardMoneyReturned: (_money_is_there,),
    card_facts.CardCaseClosed: (_case_open,),
}
