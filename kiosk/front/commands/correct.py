"""kiosk reverse, refund, reallocate, rerate: what comes after a sale. All of it is new facts."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from kiosk.domain import debts
from kiosk.domain.reversal import RETURNS
from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.account import amount_of, told
from kiosk.front.commands.persons import second_of
from kiosk.front.commands.sell import with_card_of
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.screens import account_telling
from kiosk.till import account, rerate, reverse
from kiosk.till.tokens import SecondPerson


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    if verb in {"reverse", "reallocate"}:
        parser.add_argument("sale", help="sale id, or the token")
    if verb == "reverse":
        parser.add_argument("--to", choices=RETURNS, default="cash", help="where the money goes")
        parser.add_argument("--look", action="store_true", help="only say what the policy says")
    if verb == "reallocate":
        parser.add_argument("--to", required=True, help="capital:ACCOUNT or meter:METER")
        parser.add_argument("--consumed", action="store_true", help="the wrong meter has used it")
    if verb == "refund":
        parser.add_argument(
            "--from", dest="source", required=True, help="capital:N, meter:N, deposit:N"
        )
        parser.add_argument("--amount", required=True)
        parser.add_argument("--bank", action="store_true", help="through the bank, not in cash")
        parser.add_argument("--id", default="", help="the same id twice is one refund")
    if verb == "rerate":
        parser.add_argument("sale", nargs="?", default="", help="one sale (default: all)")
        parser.add_argument("--from", dest="from_day", default="", help="YYYY-MM-DD, UTC")
        parser.add_argument("--look", action="store_true", help="only say what it comes to")
    else:
        parser.add_argument("--reason", required=verb != "reverse", default="")
        say.second(parser)
    say.who(parser)


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """One verb."""
    act: Callable[[House, argparse.Namespace], int | Refusal] = {
        "reverse": _reverse, "refund": _refund, "reallocate": _reallocate, "rerate": _rerate,
    }[verb]  # fmt: skip
    with opened(context.home, context.settings) as house:
        outcome = become(house.desk, options.operator) or act(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def _reverse(house: House, options: argparse.Namespace) -> int | Refusal:
    return with_card_of(house, options.sale, lambda: _reverse_now(house, options))


def _reverse_now(house: House, options: argparse.Namespace) -> int | Refusal:
    seen = reverse.look(house.desk, options.sale)
    if isinstance(seen, Refusal):
        return seen
    if options.look:
        return _told_policy(house, seen, options)
    second = None
    if seen.refusal is None and seen.how == "red_entry":
        second = _second(house, options)
    record = reverse.reverse(house.desk, options.sale, options.reason, to=options.to, second=second)
    return told(house, record, options)


def _second(house: House, options: argparse.Namespace) -> SecondPerson | None:
    """Nobody is asked for a PIN before the policy allows it."""
    try:
        return second_of(house, options)
    except BadInput:
        return None


def _told_policy(house: House, seen: reverse.Undoing, options: argparse.Namespace) -> int | Refusal:
    lines = account_telling.undoing_lines(house.words, seen)
    if options.json:
        say.json(
            {
                "sale_id": seen.record.committed.sale_id,
                "allowed": seen.refusal is None,
                "how": seen.how,
                "evidence": seen.evidence,
                "undone": seen.undone,
                "refusal": seen.refusal.code if seen.refusal is not None else "",
                "says": lines,
            }
        )
    for line in [] if options.json else lines:
        say.out(line)
    return 0


def _refund(house: House, options: argparse.Namespace) -> int | Refusal:
    record = account.refund(
        house.desk, options.source, amount_of(house, options.amount), options.reason,
        second_of(house, options), through_bank=options.bank, event_id=options.id,
    )  # fmt: skip
    return told(house, record, options)


def _reallocate(house: House, options: argparse.Namespace) -> int | Refusal:
    second = second_of(house, options)

    def act() -> int | Refusal:
        record = reverse.reallocate(
            house.desk, options.sale, options.to, options.reason, second,
            consumed=options.consumed,
        )  # fmt: skip
        return told(house, record, options)

    return with_card_of(house, options.sale, act)


def _from_ms(text: str) -> int:
    from_ms = debts.day_ms(text) if text else 0
    if isinstance(from_ms, Refusal):
        raise BadInput(f"--from {text[:20]!r}: write the day as YYYY-MM-DD.")
    return from_ms


def _rerate(house: House, options: argparse.Namespace) -> int | Refusal:
    if options.sale and options.look:
        raise BadInput("--look is for all sales: leave the sale out.")
    if options.look:
        return _looked(house, options)
    if options.sale:
        return told(house, rerate.rerate(house.desk, options.sale), options)
    found = rerate.rerate_all(house.desk, _from_ms(options.from_day))
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
    else:
        _say_rerating(house, "account.rerated", account_telling.differences(found))
    return 0


def _looked(house: House, options: argparse.Namespace) -> int | Refusal:
    found = rerate.look(house.desk, _from_ms(options.from_day))
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
        return 0
    differences = [each.due_minor - each.paid_minor for each in found]
    _say_rerating(house, "account.at_old_prices", differences)
    for each, difference in zip(found, differences, strict=True):
        say.out(f"{each.sale_id}  {each.account}  {house.words.money(difference, each.currency)}")
    return 0


def _say_rerating(house: House, key: str, differences: list[int]) -> None:
    for line in account_telling.rerating_lines(house.words, key, differences):
        say.out(line)
