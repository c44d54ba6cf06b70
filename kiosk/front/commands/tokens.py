"""kiosk tokens: list, show, verify and reprint tokens of all kinds; issue those without a sale."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from kiosk.domain.record import GivenToken, SaleRecord, TokenRecord
from kiosk.domain.special_tokens import MANAGEMENT, METER_TESTS, credit_given
from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.persons import energy_typed, second_of
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.screens import telling, token_telling
from kiosk.till import clinic, credit, token_book, tokens

_OPERATIONS = (*MANAGEMENT, "meter_test", "free_units", "replacement")

#: Options of `issue` and what each is when it is not given; those that each operation takes.
_LEFT_OUT = {
    "meter": "", "value": "", "test": "all", "maker": 0, "subclass": 0, "energy": "", "amount": "",
    "sale": "", "result": "", "second": "",
}  # fmt: skip
_TAKES = {
    "meter_test": {"test", "maker", "subclass"},
    "free_units": {"meter", "energy", "amount", "second"},
    "replacement": {"sale", "result", "second"},
}


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk tokens` takes."""
    words = parser.add_subparsers(dest="word", required=True)
    listed = words.add_parser("list", help="the newest tokens, or those of a meter, id or token")
    listed.add_argument("search", nargs="?", default="")
    listed.add_argument("--limit", type=int, default=50)
    words.add_parser("show", help="one token that is no sale").add_argument("issue")
    verify = words.add_parser("verify", help="what a token says to a meter")
    verify.add_argument("--meter", required=True)
    verify.add_argument("token", nargs="+", help="20 digits, spaces allowed")
    _issue_arguments(words.add_parser("issue", help=f"one of {', '.join(_OPERATIONS)}"))
    words.add_parser("reprint", help="print a copy of a slip").add_argument("issue")
    words.add_parser("recover", help="ask again for tokens whose module was silent")
    for word in words.choices.values():
        say.who(word)


def _issue_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("operation", choices=_OPERATIONS)
    parser.add_argument("--meter", default="", help="meter number")
    parser.add_argument("--value", default="", help="watts, register (or all), setting")
    parser.add_argument("--test", default="all", choices=sorted(METER_TESTS))
    parser.add_argument("--maker", type=int, default=0, help="manufacturer; 0: every one")
    parser.add_argument("--subclass", type=int, default=0, help="1 for makers with four digits")
    parser.add_argument("--energy", default="", help="free units, in kWh")
    parser.add_argument(
        "--amount", default="", help="free units in what the meter counts: kWh, m3, minutes, money"
    )
    parser.add_argument("--sale", default="", help="the sale whose token is replaced")
    parser.add_argument(
        "--result", default="", choices=list(clinic.STEPS), help="what the meter says to that token"
    )
    parser.add_argument("--reason", required=True, help="why; it is printed and kept")
    say.second(parser)


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word of `kiosk tokens`."""
    act: Callable[[House, argparse.Namespace], int | Refusal] = {
        "list": _list, "show": _show, "verify": _verify, "issue": _issue, "reprint": _reprint,
        "recover": _recover,
    }[options.word]  # fmt: skip
    with opened(context.home, context.settings, paper=options.word == "reprint") as house:
        outcome = become(house.desk, options.operator) or act(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def _list(house: House, options: argparse.Namespace) -> int | Refusal:
    rows = token_book.tokens(house.desk, options.search, options.limit)
    if isinstance(rows, Refusal):
        return rows
    if options.json:
        say.json(rows)
    for row in [] if options.json else rows:
        cells = token_telling.token_cells(house.words, row)
        say.out("  ".join([*cells[:4], row.issue_id, cells[4]]))
    return 0


def _show(house: House, options: argparse.Namespace) -> int | Refusal:
    found = token_book.tokens(house.desk, options.issue, 1)
    if isinstance(found, Refusal):
        return found
    named = next((t.issue_id for t in found if _names(options.issue, t)), options.issue)
    sale = house.desk.records.sale(named)
    if sale is not None:
        return _print_sale(house, sale, options)
    record = token_book.show(house.desk, named)
    return record if isinstance(record, Refusal) else _print(house, record, options)


def _names(text: str, given: GivenToken) -> bool:
    """Whether `text` is the id or the digits of a token, and not only its meter."""
    return text.replace(" ", "") in {given.issue_id, *given.tokens}


def _print_sale(house: House, sale: SaleRecord, options: argparse.Namespace) -> int:
    if options.json:
        say.json(say.sale_json(sale, house.words))
        return 0
    say.out("  ".join(telling.sale_cells(house.words, sale)))
    for line in telling.delivery_lines(house.words, sale):
        say.out(line)
    return 0


def _print(house: House, record: TokenRecord, options: argparse.Namespace) -> int:
    """The token; exit 1 unless it was issued."""
    if options.json:
        say.json(record_json(record))
    else:
        for line in token_telling.record_lines(house.words, record):
            say.out(line)
    if record.state == "issued":
        return 0
    word = token_telling.state_word(house.words, record.state)
    return say.trouble(f"{record.committed.issue_id}: {word}")


def record_json(record: TokenRecord) -> dict[str, object]:
    """A token outside a sale, for scripts."""
    committed = record.committed
    register, units = credit_given(committed.request)
    return {
        "issue_id": committed.issue_id,
        "operation": committed.operation,
        "meter": committed.meter,
        "state": record.state,
        "tokens": record.tokens,
        "energy_wh": committed.energy_wh,
        "register": register,
        "units": units,
        "reason": committed.reason,
        "first_sale": committed.first_sale,
        "meter_result": committed.meter_result,
        "operator": committed.operator,
        "second": committed.second,
        "refused": record.reason,
        "copies": record.copies,
        "sequence": record.sequence,
        "time_ms": record.time_ms,
        "request": committed.request,
    }


def _verify(house: House, options: argparse.Namespace) -> int | Refusal:
    checked = token_book.verify(house.desk, options.meter, "".join(options.token))
    if isinstance(checked, Refusal):
        return checked
    if options.json:
        say.json(checked)
    elif not isinstance(checked.verified, Refusal):
        for line in token_telling.checked_lines(house.words, checked):
            say.out(line)
    return checked.verified if isinstance(checked.verified, Refusal) else 0


def _issue(house: House, options: argparse.Namespace) -> int | Refusal:
    record = _issued(house, options)
    return record if isinstance(record, Refusal) else _print(house, record, options)


def _issued(house: House, options: argparse.Namespace) -> TokenRecord | Refusal:
    desk, operation = house.desk, options.operation
    _refuse_others(options)
    if operation == "meter_test":
        return tokens.meter_test(
            desk, options.test, options.reason, options.maker, options.subclass
        )
    if operation == "replacement":
        if not options.result:
            raise BadInput("--result: write what the meter says to the token that is replaced.")
        second = second_of(house, options)
        return clinic.replace(desk, options.sale, options.result, options.reason, second)
    if operation == "free_units" and options.amount:
        second = second_of(house, options)
        return credit.give_credit(desk, options.meter, options.amount, options.reason, second)
    if operation == "free_units":
        energy_wh = energy_typed(options.energy)
        second = second_of(house, options)
        return tokens.give_free(desk, options.meter, energy_wh, options.reason, second)
    value = token_telling.value_typed(operation, options.value)
    if isinstance(value, Refusal):
        return value
    if value < 0:
        raise BadInput(f"--value {options.value[:40]!r}: write a whole number, or all registers.")
    return tokens.engineer(desk, options.meter, operation, value, options.reason)


def _refuse_others(options: argparse.Namespace) -> None:
    """BadInput for an option that the operation does not take: nothing typed is dropped."""
    operation = options.operation
    taken = _TAKES.get(operation, {"meter", "value"})
    for name, left_out in _LEFT_OUT.items():
        if name not in taken and getattr(options, name) != left_out:
            raise BadInput(f"--{name} says nothing about {operation}; leave it out.")
    if options.energy and options.amount:
        raise BadInput("--energy and --amount both say how much; write one of them.")


def _reprint(house: House, options: argparse.Namespace) -> int | Refusal:
    return say.copy(house, token_book.reprint(house.desk, options.issue))


def _recover(house: House, options: argparse.Namespace) -> int | Refusal:
    refused = house.desk.gate("recover")
    if refused is not None:
        return refused
    found = tokens.recover_tokens(house.desk)
    if options.json:
        say.json([record_json(record) for record in found])
    else:
        say.out(house.words.say("tokens.recovered", count=len(found)))
        for record in found:
            say.out(" ".join(token_telling.record_lines(house.words, record)))
    return 0
