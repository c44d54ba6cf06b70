"""The slips of a customer's money: one for each event, and the statement of an account."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.domain.account_record import AccountRecord, Figure, Purse, PurseLine, Standing
from kiosk.domain.registry import Customer
from kiosk.ports import SlipLine
from kiosk.words import accounts
from kiosk.words.book import Words
from receipts.paper import RULE, Site, field, foot, head, moment
from receipts.paper import buyer as of_customer


def event_slip(
    record: AccountRecord,
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    copy: int,
    mode: str,
) -> list[SlipLine]:
    """The slip of one event: what happened, in figures, and how the account stands after it."""
    texts = [
        SlipLine(accounts.label(words, name), right=accounts.said(words, name, value))
        for name, value in record.texts.items()
    ]
    after = [SlipLine(words.say("account.slip_balance"), style="bold")] if record.balances else []
    return [
        *head(site, words, mode, accounts.event(words, record.kind), copy),
        *moment(words, record.time_ms, record.quality),
        *_customer(record.account, customer, words),
        RULE,
        *_figures(record.figures, words, record.currency),
        *texts,
        *([field(words, "slip.why", record.reason)] if record.reason else []),
        RULE,
        *after,
        *_figures(record.balances, words, record.currency),
        *([RULE] if record.balances else []),
        *([field(words, "slip.payment", record.event_id)] if record.event_id else []),
        field(words, "slip.entry", f"{record.sequence} {record.head}"),
        field(words, "slip.operator", persons(record)),
        *foot(site, words, mode),
    ]


def statement_slip(
    standing: Standing,
    purses: Sequence[Purse],
    customer: Customer | None,
    site: Site,
    words: Words,
    *,
    time_ms: int,
    mode: str,
) -> list[SlipLine]:
    """The statement of an account: what moved each purse, oldest first, and how they stand."""
    rows = [line for purse in purses for line in _purse(purse, words, standing.currency)]
    return [
        *head(site, words, mode, words.say("account.statement_title")),
        field(words, "slip.date_printed", words.time(time_ms)),
        *_customer(standing.account, customer, words),
        *rows,
        RULE,
        *_figures(standing_figures(standing), words, standing.currency),
        *(
            SlipLine(
                words.say("account.meter_kept", meter=meter),
                right=words.amount(amount, standing.currency),
            )
            for meter, amount in standing.meters_minor.items()
        ),
        *foot(site, words, mode),
    ]


def standing_figures(standing: Standing) -> list[Figure]:
    """What is kept and owed, without what is nothing; the account itself always."""
    figures = [
        Figure("capital", standing.capital_minor), Figure("uncleared", standing.uncleared_minor),
        Figure("deposit", standing.deposit_minor), Figure("debt", standing.debt_minor),
        Figure("bills", standing.bills_minor),
    ]  # fmt: skip
    return [figure for figure in figures if figure.amount_minor or figure.name == "capital"]


def persons(record: AccountRecord) -> str:
    """Who did it, and who agreed."""
    return " + ".join(name for name in (record.operator, record.second) if name)


def _purse(purse: Purse, words: Words, currency: str) -> list[SlipLine]:
    """One purse: what it began with where older lines are left off, then each movement."""
    called = (
        words.say("account.meter_kept", meter=purse.meter)
        if purse.meter
        else accounts.figure(words, purse.name)
    )
    before = purse.brought_forward_minor
    brought = SlipLine(words.say("account.brought_forward"), right=words.amount(before, currency))
    return [
        RULE,
        SlipLine(called, style="bold"),
        *([brought] if before else []),
        *(row for line in purse.lines for row in _row(line, words, currency)),
    ]


def _row(line: PurseLine, words: Words, currency: str) -> list[SlipLine]:
    shown = f"{line.sequence}  {accounts.event(words, line.kind)}"
    sign = "+" if line.amount_minor > 0 else ""
    balance = words.amount(line.balance_minor, currency)
    return [
        SlipLine(shown, right=f"{sign}{words.amount(line.amount_minor, currency)}"),
        SlipLine(
            words.say("account.line_balance", time=words.time(line.time_ms), balance=balance),
            style="small",
        ),
    ]


def _figures(figures: Sequence[Figure], words: Words, currency: str) -> list[SlipLine]:
    return [
        SlipLine(
            accounts.figure(words, figure.name), right=words.amount(figure.amount_minor, currency)
        )
        for figure in figures
    ]


def _customer(account: str, customer: Customer | None, words: Words) -> list[SlipLine]:
    """The lines of a buyer, without a meter."""
    return of_customer(words, "", account, customer)[1:]
