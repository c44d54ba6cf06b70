"""kiosk cards: list, read, make, reissue, take back, repair, tool cards, hot list, cases, stock."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import msgspec

from kiosk.config import Settings
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.cards.work import TOOLS
from kiosk.domain.cards.workshops import SHOPS
from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import card_lists, say
from kiosk.front.commands.persons import second_of
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.screens import card_telling
from kiosk.till.cards import look, mend, plan, slip, work
from kiosk.till.cards.look import CardView
from kiosk.till.cards.plan import OLD_STATES, Plan

Act = Callable[[House, argparse.Namespace], int | Refusal]


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk cards` takes; without a word it lists."""
    words = parser.add_subparsers(dest="word")
    parser.add_argument("--operator", default="", help="who does it; PIN on standard input")
    parser.add_argument("--json", action="store_true")
    for name in ("list", "search"):
        listed = words.add_parser(name, help="cards by number, chip, meter, account or name")
        listed.add_argument("text", nargs="?", default="")
        listed.add_argument("--limit", type=int, default=1000)
    words.add_parser("families", help="what each card family can be asked for")
    _readers(words.add_parser("read", help="the card in the reader; exit 1 if it is of no use"))
    _readers(words.add_parser("reading", help="keep the meter reading that is on the card"))
    words.add_parser("readings", help="readings that came by card").add_argument("meter")
    _work_arguments(words)
    card_lists.arguments(words)
    for word in words.choices.values():
        _who(word)


def _who(parser: argparse.ArgumentParser) -> None:
    """As say.who; what stands before the word counts too."""
    parser.add_argument("--operator", default=argparse.SUPPRESS, help="who does it; PIN on input")
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def _readers(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--reader", default="", help="name of the card reader")
    return parser


def _work_arguments(words: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    make = words.add_parser("make", help="the first card of a meter, on the blank in the reader")
    make.add_argument("meter")
    make.add_argument("--card", default="", help="the number printed on it; empty: the next one")
    reissue = words.add_parser("reissue", help="another card with the same purchase")
    reissue.add_argument("meter")
    reissue.add_argument("--old", choices=tuple(OLD_STATES), default="lost")
    reissue.add_argument("--free", action="store_true", help="waive the fee; two persons")
    say.second(reissue)
    cancel = words.add_parser("cancel", help="take back the purchase on the card in the reader")
    cancel.add_argument("--to", choices=("meter_account", "cash"), default="meter_account")
    say.second(cancel)
    repair = words.add_parser("repair", help="bring the card in the reader to its meter's number")
    repair.add_argument("--shown", type=int, default=None, help="the number that the meter shows")
    repair.add_argument(
        "--drop-purchase", action="store_true", help="although it carries a paid, unread purchase"
    )
    say.second(repair)
    tool = words.add_parser("tool", help=f"a tool card: {', '.join(TOOLS)}")
    tool.add_argument("tool")
    tool.add_argument("--meter", default="", help="for one meter; empty: for any")
    tool.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER")
    for word in (make, reissue, cancel, repair, tool):
        word.add_argument("--reason", required=True, help="why; it is printed and kept")
        word.add_argument("--dry-run", action="store_true", help="only say what would be done")
        _readers(word)
    recover = words.add_parser("recover", help="settle works with the card in the reader")
    _readers(recover)
    give_up = words.add_parser("give-up", help="end a work whose new card will not come back")
    give_up.add_argument("work")
    give_up.add_argument("--reason", required=True)
    works = words.add_parser("works", help="works that are not finished, or those of a meter")
    works.add_argument("--meter", default="")
    words.add_parser("reprint", help="print a copy of a slip").add_argument("work")


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word of `kiosk cards`."""
    word = options.word or "list"
    act: Act = {
        "list": _list, "search": _list, "families": _families, "read": _read,
        "reading": _reading, "readings": _readings, "make": _make, "reissue": _reissue,
        "cancel": _cancel, "repair": _repair, "tool": _tool, "recover": _recover,
        "give-up": _give_up, "works": _works, "reprint": _reprint, "hot": card_lists.hot,
        "cases": card_lists.cases, "stock": card_lists.stock,
    }[word]  # fmt: skip
    settings, slot = _reader_named(context.settings, getattr(options, "reader", ""))
    with opened(context.home, settings, paper=word == "reprint", slot=slot) as house:
        outcome = become(house.desk, options.operator) or act(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def _reader_named(settings: Settings, name: str) -> tuple[Settings, str]:
    """The settings with another real reader, or the slot of another simulated one."""
    if not name or settings.card.driver == "simulated":
        return settings, name
    card = msgspec.structs.replace(settings.card, reader=name)
    return msgspec.structs.replace(settings, card=card), ""


# --- looking --------------------------------------------------------------------------------------


def _list(house: House, options: argparse.Namespace) -> int | Refusal:
    found = look.search(house.desk, getattr(options, "text", ""), getattr(options, "limit", 1000))
    return found if isinstance(found, Refusal) else card_lists.standings(house, found, options)


def _families(house: House, options: argparse.Namespace) -> int:
    if options.json:
        rows = [
            {"family": shop.name, "works": sorted(shop.abilities), "tool_cards": sorted(shop.tools)}
            for shop in SHOPS.values()
        ]
        say.json(rows)
    for shop in [] if options.json else SHOPS.values():
        say.out(card_telling.family_line(house.words, shop))
    return 0


def _read(house: House, options: argparse.Namespace) -> int | Refusal:
    """The card in the reader. One that is neither a customer's nor a technician's, or was stopped,
    or has a work to be settled, is an exit code of 1."""
    view = look.look(house.desk)
    if isinstance(view, Refusal):
        return view
    if options.json:
        say.json(_view_json(view, house.desk.currency))
    else:
        for line in card_telling.view_lines(house.words, view, house.desk.currency):
            say.out(line)
    if view.tool is not None:
        return 0
    if view.waiting is not None:
        return say.trouble(house.words.say("cards.work_in_doubt"))
    return view.refusal if view.refusal is not None else 0


def _view_json(view: CardView, currency: str) -> dict[str, object]:
    card = view.card
    shown: dict[str, object] = {
        "reader": view.reader, "family": view.image.family, "state": view.state,
        "serial": view.image.serial,
        "purchase_number": card.purchase_number if card is not None else None,
        "standing": view.standing.state if view.standing is not None else None,
        "files": {str(file): content.hex() for file, content in view.image.files.items()},
        "reading": view.reading, "tool": view.tool,
        "work": view.waiting.committed.work_id if view.waiting is not None else None,
    }  # fmt: skip
    if card is not None:
        shown |= {
            "card": card.card_number, "meter": card.meter, "issue": card.issue,
            "purchase_energy_wh": card.purchase_energy_wh,
            "purchase_amount_minor": card.purchase_amount_minor,
            "purchase_valid": card.purchase_valid, "taken": card.taken(),
            "written_back_number": card.written_back_number, "books": view.last,
        }  # fmt: skip
    if view.money is not None:
        shown |= {
            "money_minor": view.money.balance_minor, "money_number": view.money.sequence,
            "currency": view.money.currency or currency,
        }  # fmt: skip
    return shown


def _reading(house: House, options: argparse.Namespace) -> int | Refusal:
    found = look.read_meter(house.desk)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
    else:
        say.out(card_telling.reading_line(house.words, found, house.desk.currency))
    return 0


def _readings(house: House, options: argparse.Namespace) -> int | Refusal:
    found = look.readings(house.desk, options.meter)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
    for row in [] if options.json else found:
        line = card_telling.reading_line(house.words, row, house.desk.currency)
        say.out(f"{house.words.time(row.read_ms)}  {line}")
    return 0


# --- works ----------------------------------------------------------------------------------------


def _make(house: House, options: argparse.Namespace) -> int | Refusal:
    return _work(house, options, plan.plan_make(house.desk, options.meter, options.card))


def _reissue(house: House, options: argparse.Namespace) -> int | Refusal:
    planned = plan.plan_reissue(house.desk, options.meter, options.old, free=options.free)
    return _work(house, options, planned)


def _cancel(house: House, options: argparse.Namespace) -> int | Refusal:
    return _work(house, options, mend.plan_cancel(house.desk, options.to))


def _repair(house: House, options: argparse.Namespace) -> int | Refusal:
    planned = mend.plan_repair(house.desk, options.shown)
    if isinstance(planned, Refusal) or not planned.drops.number:
        return _work(house, options, planned)
    if not (options.dry_run or options.drop_purchase):
        return Refusal("card_purchase_would_go", {"sale": planned.drops.sale_id})
    return _work(house, options, planned)


def _tool(house: House, options: argparse.Namespace) -> int | Refusal:
    settings = settings_typed(options.set)
    return _work(house, options, plan.plan_tool(house.desk, options.tool, options.meter, settings))


def settings_typed(pairs: list[str]) -> dict[str, int]:
    """`alarm_wh=20000` and the like; BadInput for anything else."""
    settings: dict[str, int] = {}
    for pair in pairs:
        name, sign, number = pair.partition("=")
        if not sign or not (number.isascii() and number.isdecimal()) or len(number) > 12:
            raise BadInput(f"--set {pair[:40]!r}: write NAME=NUMBER, such as alarm_wh=20000.")
        settings[name] = int(number)
    return settings


def _work(house: House, options: argparse.Namespace, planned: Plan | Refusal) -> int | Refusal:
    """Do it, or only say what would be done; exit 1 unless it was done."""
    if isinstance(planned, Refusal):
        return planned
    if options.dry_run:
        for line in card_telling.plan_lines(house.words, planned, house.desk.currency):
            say.out(line)
        return 0
    second = second_of(house, options) if planned.two_persons else None
    record = work.carry_out(house.desk, planned, options.reason, second)
    return record if isinstance(record, Refusal) else _print(house, record, options)


def _print(house: House, record: CardWorkRecord, options: argparse.Namespace) -> int:
    if options.json:
        say.json(work_json(record))
    else:
        for line in card_telling.work_lines(house.words, record, house.desk.currency):
            say.out(line)
    if record.state == "done":
        return 0
    return say.trouble(house.words.say(f"cards.work_{record.state}"))


def work_json(record: CardWorkRecord) -> dict[str, object]:
    """A work on a card, for scripts."""
    committed = record.committed
    return {
        "work_id": committed.work_id, "operation": committed.operation, "state": record.state,
        "meter": committed.meter, "card": committed.card_number, "serial": committed.serial,
        "issue": committed.issue, "replaces": committed.replaces, "tool": committed.tool,
        "purchase_number": committed.content.purchase_number,
        "energy_wh": committed.content.energy_wh, "sale_id": committed.sale_id,
        "amount_minor": committed.amount_minor, "returned_to": record.returned_to,
        "reason": committed.reason, "ended": record.reason, "operator": committed.operator,
        "second": committed.second, "sequence": record.sequence, "time_ms": record.time_ms,
    }  # fmt: skip


def _recover(house: House, options: argparse.Namespace) -> int | Refusal:
    refused = house.desk.gate("recover")
    if refused is not None:
        return refused
    ended = work.recover_cards(house.desk)
    if options.json:
        say.json([work_json(record) for record in ended])
    else:
        settled = sum(record.state != "in_doubt" for record in ended)
        say.out(house.words.say("cards.settled", count=settled))
        for record in ended:
            say.out("  ".join(card_telling.work_cells(house.words, record)))
    return 0


def _give_up(house: House, options: argparse.Namespace) -> int | Refusal:
    record = work.give_up(house.desk, options.work, options.reason)
    if isinstance(record, Refusal):
        return record
    if options.json:
        say.json(work_json(record))
    for line in (
        [] if options.json else card_telling.work_lines(house.words, record, house.desk.currency)
    ):
        say.out(line)
    return 0


def _works(house: House, options: argparse.Namespace) -> int | Refusal:
    found = work.works(house.desk, options.meter)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json([work_json(record) for record in found])
    for record in [] if options.json else found:
        say.out("  ".join(card_telling.work_cells(house.words, record)))
    return 0


def _reprint(house: House, options: argparse.Namespace) -> int | Refusal:
    return say.copy(house, slip.reprint(house.desk, options.work))
