"""kiosk account and book: customers' own money, debts, plans, and the debit and credit book."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from kiosk.domain import money
from kiosk.domain.account_facts import METHODS, TREATMENTS
from kiosk.domain.account_record import AccountRecord
from kiosk.domain.debts import KINDS, ORDERS, RULES, Plan
from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.persons import energy_typed, second_of
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.screens import account_telling
from kiosk.till import account, account_paper, closing, debt, statement
from kiosk.till.credit_left import Final

_PPM_OF_PERCENT = 10_000


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk account` and `kiosk book` take."""
    if verb == "book":
        parser.add_argument("account", help="customer, meter, or an account such as cash:101")
        parser.add_argument("--limit", type=int, default=200, help="at most so many lines")
        parser.add_argument("--after", type=int, default=0, help="only entries after this one")
        say.who(parser)
        return
    words = parser.add_subparsers(dest="word", required=True)
    _asking(words)
    _taking(words)
    _moving(words)
    _owing(words)
    for word in words.choices.values():
        say.who(word)


Words: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _word(
    words: Words, name: str, help_text: str, customer: bool = True
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = words.add_parser(name, help=help_text)
    if customer:
        parser.add_argument("customer", help="account, meter or card number")
    return parser


def _asking(words: Words) -> None:
    _word(words, "show", "what is kept and owed").add_argument("--limit", type=int, default=20)
    _word(words, "statement", "the printed statement").add_argument(
        "--print", action="store_true", dest="on_paper", help="print it too"
    )
    check = _word(words, "check", "stored totals and slips against the postings")
    check.add_argument(
        "--slip", action="append", default=[], metavar="ENTRY:NAME:AMOUNT",
        help="what a slip says after an entry: 812:capital:20.50",
    )  # fmt: skip
    listed = words.add_parser("debts", help="dated debts with their ages; without a customer all")
    listed.add_argument("customer", nargs="?", default="")


def _taking(words: Words) -> None:
    top_up = _word(words, "top-up", "take money for the capital account")
    top_up.add_argument("--method", choices=METHODS, default="cash")
    top_up.add_argument("--reference", default="", help="number of the cheque or payment")
    _word(words, "clear", "a cheque or payment has cleared", customer=False).add_argument("top_up")
    bounced = _word(words, "bounce", "a cheque or payment has bounced", customer=False)
    bounced.add_argument("top_up")
    bounced.add_argument("--reason", required=True)
    deposit = _word(words, "deposit", "take a deposit")
    pay = _word(words, "pay-debt", "pay debt without a purchase")
    pay.add_argument("--debt", default="", help="one debt (default: in the order of the plan)")
    for parser in (top_up, pay):
        parser.add_argument("--tender", help="cash given (default: exactly the amount)")
    deposit.add_argument(
        "--from", dest="source", default="cash", choices=("cash", "capital"), help="how it is paid"
    )
    pay.add_argument(
        "--from", dest="source", default="cash", metavar="PURSE",
        help="cash (default), capital: the customer's own account, or the number of one of the"
        " customer's meters: what is kept for it",
    )  # fmt: skip
    for parser in (top_up, deposit, pay):
        parser.add_argument("--amount", required=True, help="decimal, in major units")
        parser.add_argument("--id", default="", help="the same id twice is one event")


def _moving(words: Words) -> None:
    transfer = _word(words, "transfer", "move money between accounts", customer=False)
    transfer.add_argument(
        "--from", dest="source", required=True, help="capital:N, meter:N, deposit:N or overpaid:N"
    )
    transfer.add_argument("--to", required=True, help="capital:ACCOUNT or meter:METER")
    transfer.add_argument("--amount", required=True)
    transfer.add_argument("--id", default="")
    leaving = _word(words, "close", "pay everything out and close")
    leaving.add_argument("--bank", action="store_true", help="through the bank, not in cash")
    leaving.add_argument(
        "--final", action="append", default=[], metavar="METER:READING:LEFT:WHAT",
        help="cancel a meter that was read (kWh, kWh left), or METER:card:WHAT; WHAT becomes of"
        " what is left: paid or given_up",
    )  # fmt: skip
    for parser in (transfer, leaving):
        parser.add_argument("--reason", required=True)
        say.second(parser)


def _owing(words: Words) -> None:
    plan = _word(words, "plan", "how old debt is paid with purchases")
    plan.add_argument("--rule", choices=RULES, required=True)
    plan.add_argument("--amount", default="", help="of each purchase, for fixed")
    plan.add_argument("--share", type=int, default=0, help="per cent of each purchase, for share")
    plan.add_argument("--order", choices=sorted(ORDERS), default="oldest")
    plan.add_argument("--reason", required=True)
    owed = _word(words, "debt", "record a dated debt")
    owed.add_argument("--kind", choices=sorted(set(KINDS) - {"interest"}), required=True)
    owed.add_argument("--dated", default="", help="2026-11-30 (default: now)")
    gone = _word(words, "write-off", "give a debt up", customer=False)
    gone.add_argument("debt", help="id of the debt")
    for parser in (owed, gone):
        parser.add_argument("--amount", required=True)
        parser.add_argument("--reason", required=True)
        parser.add_argument("--id", default="")
        say.second(parser)
    interest = words.add_parser("interest", help="charge a month's interest on overdue debts")
    interest.add_argument("--period", required=True, help="2026-11")


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word."""
    act = _book if verb == "book" else _WORDS[options.word]
    with opened(context.home, context.settings, paper=getattr(options, "on_paper", False)) as house:
        outcome = become(house.desk, options.operator) or act(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def amount_of(house: House, text: str) -> int:
    """Minor units of an amount as it is typed. BadInput with the domain's own sentence."""
    found = money.parse_amount(text, house.desk.currency)
    if isinstance(found, Refusal):
        raise BadInput(house.words.refusal(found))
    return found


def told(
    house: House, record: AccountRecord | Refusal, options: argparse.Namespace
) -> int | Refusal:
    """An event as lines or JSON, or its refusal."""
    if isinstance(record, Refusal):
        return record
    if options.json:
        say.json(record)
    else:
        for line in account_telling.event_lines(house.words, record):
            say.out(line)
    return 0


# --- asking -----------------------------------------------------------------------------------


def _show(house: House, options: argparse.Namespace) -> int | Refusal:
    found = statement.statement(house.desk, options.customer, options.limit)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(
            {
                "customer": found.customer.name,
                "standing": found.standing,
                "events": found.events,
                "sales": [say.sale_json(record, house.words) for record in found.sales],
            }
        )
        return 0
    say.out(f"{found.customer.account}  {found.customer.name}")
    for line in account_telling.standing_lines(house.words, found.standing):
        say.out(f"  {line}")
    cells = [(r.sequence, account_telling.event_cells(house.words, r)) for r in found.events]
    cells += [(r.sequence, account_telling.sale_event_cells(house.words, r)) for r in found.sales]
    for _, row in sorted(cells, reverse=True):
        say.out("  ".join(row))
    return 0


def _statement(house: House, options: argparse.Namespace) -> int | Refusal:
    lines = account_paper.statement_lines(house.desk, options.customer)
    if isinstance(lines, Refusal):
        return lines
    if options.json:
        say.json([{"text": line.text, "right": line.right} for line in lines])
    for line in [] if options.json else lines:
        say.out(f"{line.text:<42} {line.right}".rstrip())
    if options.on_paper:
        job = account_paper.print_statement(house.desk, options.customer)
        return job if isinstance(job, Refusal) else say.slip(house, job, silent=options.json)
    return 0


def _check(house: House, options: argparse.Namespace) -> int | Refusal:
    slips = [_slip(house, text) for text in options.slip]
    checked = statement.check(house.desk, options.customer, slips)
    if isinstance(checked, Refusal):
        return checked
    if options.json:
        say.json([{"agrees": one.agrees, "what": one.what, "shown_minor": one.shown_minor,
                   "postings_minor": one.postings_minor} for one in checked])  # fmt: skip
    lines = account_telling.check_lines(house.words, checked)
    for line in [] if options.json else lines:
        say.out(line)
    wrong = [line for line, one in zip(lines, checked, strict=True) if not one.agrees]
    return say.trouble(wrong[0]) if wrong else 0


def _slip(house: House, text: str) -> statement.SlipBalance:
    entry, _, rest = text.partition(":")
    name, _, amount = rest.partition(":")
    if not (entry.isascii() and entry.isdecimal()) or not name or len(entry) > 12:
        raise BadInput(f"--slip {text[:40]!r}: write ENTRY:NAME:AMOUNT, such as 812:capital:20.50.")
    zero = amount and not amount.strip("0.")
    return statement.SlipBalance(int(entry), name, 0 if zero else amount_of(house, amount))


def _debts(house: House, options: argparse.Namespace) -> int | Refusal:
    found: list[debt.Owed] | Refusal
    if options.customer:
        one = debt.owed(house.desk, options.customer)
        found = one if isinstance(one, Refusal) else [one]
    else:
        found = debt.all_owed(house.desk)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
    for owing in [] if options.json else found:
        say.out(owing.account)
        for line in account_telling.debt_lines(house.words, owing):
            say.out(f"  {line}")
    return 0


def _book(house: House, options: argparse.Namespace) -> int | Refusal:
    names = statement.books_of(house.desk, options.account)
    books = [statement.book(house.desk, name, options.limit, options.after) for name in names]
    refused = next((book for book in books if isinstance(book, Refusal)), None)
    if refused is not None:
        return refused
    if options.json:
        say.json(books)
    for book in [] if options.json else books:
        assert isinstance(book, statement.Book)
        for line in account_telling.book_lines(house.words, book):
            say.out(line)
    return 0


# --- taking and moving ------------------------------------------------------------------------


def _tendered(house: House, options: argparse.Namespace) -> int | None:
    return None if options.tender is None else amount_of(house, options.tender)


def _top_up(house: House, options: argparse.Namespace) -> int | Refusal:
    record = account.top_up(
        house.desk, options.customer, options.method, amount_of(house, options.amount),
        reference=options.reference, tendered_minor=_tendered(house, options), event_id=options.id,
    )  # fmt: skip
    return told(house, record, options)


def _clear(house: House, options: argparse.Namespace) -> int | Refusal:
    return told(house, account.clear(house.desk, options.top_up), options)


def _bounce(house: House, options: argparse.Namespace) -> int | Refusal:
    return told(house, account.bounce(house.desk, options.top_up, options.reason), options)


def _deposit(house: House, options: argparse.Namespace) -> int | Refusal:
    amount = amount_of(house, options.amount)
    record = account.take_deposit(house.desk, options.customer, amount, options.source, options.id)
    return told(house, record, options)


def _transfer(house: House, options: argparse.Namespace) -> int | Refusal:
    record = account.transfer(
        house.desk, options.source, options.to, amount_of(house, options.amount), options.reason,
        second_of(house, options), options.id,
    )  # fmt: skip
    return told(house, record, options)


def _close(house: House, options: argparse.Namespace) -> int | Refusal:
    outcome = closing.close(
        house.desk, options.customer, options.reason, second_of(house, options),
        through_bank=options.bank, finals=dict(_final(text) for text in options.final),
    )  # fmt: skip
    if isinstance(outcome, Refusal):
        return outcome
    if options.json:
        cancelled = [slip.meter for slip in outcome.cancelled]
        staying = {meter.number: refusal.code for meter, refusal in outcome.staying}
        meters = {"cancelled": cancelled, "staying": staying}
        say.json({**msgspec.to_builtins(outcome.record), **meters})
    for line in [] if options.json else account_telling.closed_lines(house.words, outcome):
        say.out(line)
    return 0


def _final(text: str) -> tuple[str, Final]:
    """A meter and how it was read for the last time."""
    meter, *figures = text.split(":")
    if figures and figures[-1] in TREATMENTS:
        *figures, treatment = figures
    else:
        treatment = ""
    if figures == ["card"]:
        return meter, Final("card", treatment=treatment)
    if len(figures) != 2:
        raise BadInput(
            f"--final {text[:60]!r}: write METER:READING:LEFT:WHAT in kWh, or METER:card:WHAT;"
            " WHAT becomes of what is left is paid or given_up."
        )
    reading, left = (energy_typed(figure, "--final") for figure in figures)
    return meter, Final("technician", reading, left, treatment)


# --- debts ------------------------------------------------------------------------------------


def _pay_debt(house: House, options: argparse.Namespace) -> int | Refusal:
    record = debt.pay(
        house.desk, options.customer, amount_of(house, options.amount), source=options.source,
        debt_id=options.debt, tendered_minor=_tendered(house, options), event_id=options.id,
    )  # fmt: skip
    return told(house, record, options)


def _plan(house: House, options: argparse.Namespace) -> int | Refusal:
    amount = amount_of(house, options.amount) if options.amount else 0
    plan = Plan(options.rule, amount, options.share * _PPM_OF_PERCENT, options.order)
    record = debt.agree_plan(house.desk, options.customer, plan, options.reason)
    return told(house, record, options)


def _debt(house: House, options: argparse.Namespace) -> int | Refusal:
    record = debt.record(
        house.desk, options.customer, options.kind, amount_of(house, options.amount),
        options.dated, options.reason, second_of(house, options), options.id,
    )  # fmt: skip
    return told(house, record, options)


def _write_off(house: House, options: argparse.Namespace) -> int | Refusal:
    record = debt.write_off(
        house.desk, options.debt, amount_of(house, options.amount), options.reason,
        second_of(house, options), options.id,
    )  # fmt: skip
    return told(house, record, options)


def _interest(house: House, options: argparse.Namespace) -> int | Refusal:
    charged = debt.charge_interest(house.desk, options.period)
    if isinstance(charged, Refusal):
        return charged
    if options.json:
        say.json(charged)
    else:
        say.out(house.words.say("account.interest_charged", count=len(charged)))
    return 0


_WORDS: dict[str, Callable[[House, argparse.Namespace], int | Refusal]] = {
    "show": _show, "statement": _statement, "check": _check, "debts": _debts, "top-up": _top_up,
    "clear": _clear, "bounce": _bounce, "deposit": _deposit, "pay-debt": _pay_debt,
    "transfer": _transfer, "close": _close, "plan": _plan, "debt": _debt, "write-off": _write_off,
    "interest": _interest,
}  # fmt: skip
