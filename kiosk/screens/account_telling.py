"""How customers' money reads in words: short lists of lines, for plain text and screens alike."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk.domain.account_record import AccountRecord, Figure, Standing, TopUp
from kiosk.domain.bill_books import Bill
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.debts import AGES_DAYS, shown_day
from kiosk.domain.record import SaleRecord
from kiosk.screens import telling, tender_telling
from kiosk.till.closing import Closed, Going, Leaving
from kiosk.till.debt import Owed
from kiosk.till.history import Explained
from kiosk.till.reverse import Undoing
from kiosk.till.statement import Book, Checked
from kiosk.words import accounts
from kiosk.words.book import Words
from kiosk.words.clean import clean


def event_lines(words: Words, record: AccountRecord) -> list[str]:
    """One event with all that its slip says."""
    lines = [
        f"{accounts.event(words, record.kind)}   {words.time(record.time_ms)}",
        *_figure_lines(words, record.figures, record.currency),
        *(
            f"{accounts.label(words, name)}: {accounts.said(words, name, value)}"
            for name, value in record.texts.items()
        ),
    ]
    if record.reason:
        lines.append(f"{words.say('slip.why')}: {record.reason}")
    if record.balances:
        lines.append(words.say("account.slip_balance"))
        lines += _figure_lines(words, record.balances, record.currency)
    by = " + ".join(name for name in (record.operator, record.second) if name)
    lines.append(f"{words.say('slip.entry')} {record.sequence} {record.head}   {by}")
    return lines


def _figure_lines(words: Words, figures: Sequence[Figure], currency: str) -> list[str]:
    return [
        f"  {accounts.figure(words, figure.name)}: {words.money(figure.amount_minor, currency)}"
        for figure in figures
    ]


def done_line(words: Words, record: AccountRecord) -> str:
    """That it is done, and where it stands; of a payment that bounced, what to do."""
    if record.kind == "top_up_bounced":
        return tender_telling.bounced_line(words, record)
    shown = accounts.event(words, record.kind)
    return words.say("account.done", event=shown, sequence=record.sequence)


def standing_lines(words: Words, standing: Standing) -> list[str]:
    """What is kept and what is owed."""
    figures = {
        "capital": standing.capital_minor, "uncleared": standing.uncleared_minor,
        "deposit": standing.deposit_minor, "debt": standing.debt_minor,
        "bills": standing.bills_minor,
    }  # fmt: skip
    named = [(accounts.figure(words, name), amount) for name, amount in figures.items() if amount]
    named += [
        (words.say("account.meter_kept", meter=meter), amount)
        for meter, amount in standing.meters_minor.items()
    ]
    if standing.overpaid_minor:
        named.append((words.say("account.overpaid"), standing.overpaid_minor))
    lines = [f"{label}: {words.money(amount, standing.currency)}" for label, amount in named]
    if standing.is_closed:
        lines.append(words.say("account.closed"))
    return lines or [words.say("account.nothing")]


def payment_line(words: Words, payment: TopUp, name: str) -> str:
    """A cheque, transfer or e-payment, so that nobody says yes to another one."""
    return ", ".join(
        (
            f"{payment.account} {clean(name)}", accounts.said(words, "method", payment.method),
            clean(payment.reference), words.money(payment.amount_minor, payment.currency),
        )
    )  # fmt: skip


def event_cells(words: Words, record: AccountRecord) -> list[str]:
    """An event as the columns time, what, amount, entry."""
    sums = {"total", "difference"}
    shown_first = sorted(record.figures, key=lambda figure: figure.name not in sums)[:1]
    amount = "".join(words.amount(one.amount_minor, record.currency) for one in shown_first)
    shown = accounts.event(words, record.kind)
    return [words.time(record.time_ms), shown, amount, str(record.sequence)]


def sale_event_cells(words: Words, record: SaleRecord) -> list[str]:
    """A sale in the same columns."""
    cells = telling.sale_cells(words, record)
    shown = f"{words.say('tokens.operation_sale')}, {cells[5]}"
    return [cells[0], shown, cells[3], str(record.sequence)]


def event_row(words: Words, record: AccountRecord) -> str:
    """An event in one line, with whose it is and all its amounts."""
    figures = "  ".join(
        f"{accounts.figure(words, figure.name)} {words.amount(figure.amount_minor)}"
        for figure in record.figures
    )
    return f"{record.account}  {figures}"


def rerating_lines(words: Words, key: str, differences: Sequence[int]) -> list[str]:
    """How many sales are, or were (`key`), priced again, and what that comes to: paid too little
    and paid too much, in minor units."""
    more, less = (sum(max(0, sign * each) for each in differences) for sign in (1, -1))
    lines = [words.say(key, count=len(differences))]
    if differences:
        lines.append(words.say("account.rerate_sums", more_minor=more, less_minor=less))
    return lines


def differences(events: Sequence[AccountRecord]) -> list[int]:
    """The difference of each sale that was priced again."""
    return [f.amount_minor for event in events for f in event.figures if f.name == "difference"]


def leaving_lines(words: Words, leaving: Leaving) -> list[str]:
    """What closing an account would do: money, and the meters that cannot go now."""
    figures = {
        "kept": sum(leaving.kept.values()), "debt": leaving.owed_minor,
        "paid_out": max(0, leaving.paid_out_minor),
    }  # fmt: skip
    lines = [f"{leaving.customer.account}  {leaving.customer.name}"]
    lines += [f"{accounts.figure(words, name)}: {words.money(n)}" for name, n in figures.items()]
    return [*lines, *(words.refusal(refusal) for _, refusal in leaving.staying)]


def going_line(words: Words, going: Going) -> str:
    """A meter that goes with its customer, and what becomes of what is left in it."""
    meter, left = going.old.meter.number, going.left
    if left is None:
        return words.say("account.confirm_close_meter", meter=meter)
    return words.say(
        f"account.going_{left.treatment}",
        meter=meter, left_wh=left.energy_wh, expected_wh=left.expected_wh,
        worth_minor=left.worth_minor,
    )  # fmt: skip


def closed_lines(words: Words, closed: Closed) -> list[str]:
    """An account that was closed, with its meters that went and those that stay."""
    gone = [going_line(words, going) for going in closed.going]
    staying = [words.refusal(refusal) for _, refusal in closed.staying]
    return [*event_lines(words, closed.record), *gone, *staying]


# --- debts and bills --------------------------------------------------------------------------


def debt_lines(words: Words, owed: Owed) -> list[str]:
    """Each debt with its date and kind, the sums by age, and the plan."""
    lines = [
        words.say(
            "account.debt_row",
            currency=debt.currency, dated=shown_day(debt.dated_ms),
            kind=accounts.said(words, "debt_kind", debt.kind), open_minor=debt.open_minor,
            amount_minor=debt.amount_minor,
        )
        + f"  {debt.debt_id}"
        for debt in owed.debts
    ]  # fmt: skip
    return [*(lines or [words.say("account.no_debts")]), *owed_lines(words, owed)]


def owed_lines(words: Words, owed: Owed) -> list[str]:
    """The sums by age, what was overpaid, and the plan."""
    lines = []
    for place, amount in enumerate(owed.classes_minor):
        if amount:
            days = words.say(f"account.age_{min(place, len(AGES_DAYS))}")
            lines.append("  " + words.say("account.debt_age", days=days, amount_minor=amount))
    if owed.overpaid_minor:
        lines.append(f"{words.say('account.overpaid')}: {words.money(owed.overpaid_minor)}")
    if owed.plan is not None:
        lines.append(plan_line(words, owed))
    return lines


def plan_line(words: Words, owed: Owed) -> str:
    """How old debt is paid with purchases."""
    plan = owed.plan
    assert plan is not None
    figure = {
        "fixed": words.money(plan.amount_minor), "share": words.percent(plan.share_ppm),
    }.get(plan.rule, "")  # fmt: skip
    shown = f"{accounts.said(words, 'plan', plan.rule)} {figure}".strip()
    order = accounts.said(words, "order", plan.order)
    return words.say("account.plan_line", plan=shown, order=order)


def bill_line(words: Words, bill: Bill, now_ms: int) -> str:
    """One bill in a row, with the late fee that it carries now."""
    shown = words.say(
        "account.bill_row",
        currency=bill.currency, bill=bill.bill_id, name=bill.name, period=bill.period,
        due=shown_day(bill.due_ms), open_minor=bill.open_minor,
    )  # fmt: skip
    fee = bill.late_fee_due_minor(now_ms)
    late = words.say("account.bill_late", currency=bill.currency, late_fee_minor=fee)
    return f"{shown} {late}" if fee else shown


# --- book and check ---------------------------------------------------------------------------


def book_lines(words: Words, book: Book) -> list[str]:
    """The debit and credit book: time, entry, what, debit or credit, balance."""
    rows = [f"{accounts.place(words, book.account)}  ({book.account})"]
    for line in book.lines:
        amount, balance = (
            words.amount(figure, book.currency) for figure in (line.amount, line.balance)
        )
        shown = accounts.event(words, line.kind)
        rows.append(
            f"{words.time(line.time_ms)}  {line.sequence:>7}  {shown:<22.22}  {amount:>12}"
            f"  {balance:>12}"
        )
    return rows


def check_lines(words: Words, checked: Sequence[Checked]) -> list[str]:
    """Each comparison in a sentence."""
    return [
        words.say("account.check_good", what=one.what, shown_minor=one.shown_minor)
        if one.agrees
        else words.say(
            "account.check_bad",
            what=one.what, shown_minor=one.shown_minor, postings_minor=one.postings_minor,
        )
        for one in checked
    ]  # fmt: skip


# --- sales ------------------------------------------------------------------------------------


def why_lines(words: Words, explained: Explained) -> list[str]:
    """A sale from the money to the energy, line by line as its slip says it, and whether the
    replay agrees; where it does not, what it gives."""
    committed, currency = explained.record.committed, explained.record.committed.currency
    rows = telling.line_rows(words, committed.lines, currency)
    lines = [words.say("account.why_paid", currency=currency, amount_minor=committed.amount_minor)]
    lines += [f"  {line}" for line in tender_telling.tender_lines(words, committed)]
    for row in rows:
        energy = f"  {row.energy}" if row.energy else ""
        lines.append(f"  {row.label}: {row.amount} {currency}{energy}. {row.reason}")
    lines.append(words.say("account.why_carried", energy_wh=committed.energy_wh))
    lines.append(words.say("cashier.replay_agrees" if explained.same else "cashier.replay_differs"))
    lines += _differences(words, explained)
    lines += [_repaired(words, each) for each in explained.repairs]
    if explained.undone:
        lines.append(words.say(f"account.undone_{explained.undone}"))
    if explained.difference_minor is not None:
        key = "more" if explained.difference_minor >= 0 else "less"
        amount = abs(explained.difference_minor)
        lines.append(
            words.say(f"account.why_rerated_{key}", currency=currency, amount_minor=amount)
        )
    return lines


def _repaired(words: Words, record: CardWorkRecord) -> str:
    work = record.committed
    return words.say(
        f"account.why_{'put_on' if work.content.sale_id else 'taken_off'}",
        time=words.time(record.time_ms), work=work.work_id, operator=work.operator,
        purchase_number=work.content.purchase_number, second=work.second,
        reason=clean(work.reason),
    )  # fmt: skip


def _differences(words: Words, explained: Explained) -> list[str]:
    """The lines of the replay that the sale does not have."""
    if explained.same or explained.replayed is None:
        return []
    committed = explained.record.committed
    now = [line for line in explained.replayed.lines if line not in committed.lines]
    return [
        words.say(
            "account.why_now",
            currency=committed.currency, label=row.label, amount_minor=line.amount_minor,
        )
        for line, row in zip(now, telling.line_rows(words, now, committed.currency), strict=True)
    ]  # fmt: skip


def undoing_lines(words: Words, seen: Undoing) -> list[str]:
    """Whether a sale may be taken back, by whom, or why not."""
    if seen.refusal is not None:
        return [words.refusal(seen.refusal)]
    return [words.say("account.may_reverse"), words.say(f"account.how_{seen.how}")]


class PaidIn(msgspec.Struct, frozen=True):
    """A payment for the customer's own account, before it is taken."""

    method: str
    amount_minor: int
    reference: str
    tendered_minor: int


def paid_in_lines(words: Words, currency: str, account: str, paid: PaidIn) -> list[str]:
    """What will be booked; of cash, what was received and what goes back."""
    event = words.say("account_event.top_up_received")
    booked = words.say(
        "account.confirm",
        currency=currency, event=event, amount_minor=paid.amount_minor, account=account,
    )  # fmt: skip
    method = f"{accounts.label(words, 'method')}: {accounts.said(words, 'method', paid.method)}"
    if paid.method != "cash":
        return [booked, f"{method}, {clean(paid.reference)}"]
    received = words.money(paid.tendered_minor, currency)
    change_minor = paid.tendered_minor - paid.amount_minor
    return [
        booked,
        method,
        f"{accounts.figure(words, 'tendered')}: {received}",
        words.say("cashier.change_due", currency=currency, change_minor=change_minor),
    ]


def booked_lines(
    words: Words, currency: str, event: str, owner: tuple[str, str], amount_minor: int, source: str
) -> list[str]:
    """What will be booked, for whom (account and name), and what pays for it: cash, the account, or
    the money of a meter."""
    account, name = owner
    booked = words.say(
        "account.confirm", currency=currency, event=words.say(f"account_event.{event}"),
        amount_minor=amount_minor, account=account,
    )  # fmt: skip
    if not source:
        return [booked, clean(name)]
    known = source if source in {"cash", "capital"} else "other"
    return [booked, clean(name), words.say(f"account.paid_by_{known}", source=clean(source))]
