"""The lists behind kiosk cards: hot list, cases for staff, stock of blank cards."""

from __future__ import annotations

import argparse

from kiosk.domain.card_record import CardStanding
from kiosk.errors import Refusal
from kiosk.front.commands import say
from kiosk.front.commands.persons import second_of
from kiosk.front.wiring import House
from kiosk.screens import card_telling
from kiosk.till.cards import look, watch


def arguments(words: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """What hot, cases and stock take."""
    hot = words.add_parser("hot", help="the hot list: list, add, release")
    hot.add_argument("act", nargs="?", choices=("list", "add", "release"), default="list")
    hot.add_argument("card", nargs="?", default="", help="printed number or chip serial")
    hot.add_argument("--state", choices=watch.STOPPED, default="hot")
    hot.add_argument("--reason", default="")
    say.second(hot)
    cases = words.add_parser("cases", help="cards that were found or stopped: list, close")
    cases.add_argument("act", nargs="?", choices=("list", "close"), default="list")
    cases.add_argument("case", nargs="?", default="")
    cases.add_argument("--outcome", choices=watch.OUTCOMES, default="handed_back")
    cases.add_argument("--note", default="")
    cases.add_argument("--all", action="store_true", help="closed ones too")
    stock = words.add_parser("stock", help="blank cards: list, received, damaged, issued, counted")
    movements = ("list", "received", "damaged", "issued", "counted")
    stock.add_argument("act", nargs="?", choices=movements, default="list")
    stock.add_argument("family", nargs="?", default="")
    stock.add_argument("count", nargs="?", type=int, default=0)
    stock.add_argument("--note", default="", help="where from, where to, who counted")


def standings(house: House, rows: list[CardStanding], options: argparse.Namespace) -> int:
    """Rows of cards."""
    if options.json:
        say.json([_standing_json(row) for row in rows])
        return 0
    for row in rows:
        say.out("  ".join(card_telling.standing_cells(house.words, row)))
    if not rows:
        say.out(house.words.say("cards.none"))
    return 0


def _standing_json(row: CardStanding) -> dict[str, object]:
    return {
        "card": row.card.number, "serial": row.card.serial, "meter": row.card.meter,
        "issue": row.card.issue, "state": row.state, "reason": row.reason,
    }  # fmt: skip


def hot(house: House, options: argparse.Namespace) -> int | Refusal:
    """The hot list, or a change to it."""
    if options.act == "list":
        rows = watch.hot_list(house.desk)
        return rows if isinstance(rows, Refusal) else standings(house, rows, options)
    if options.act == "add":
        changed = watch.stop(house.desk, options.card, options.state, options.reason)
    else:
        second = second_of(house, options)
        changed = watch.release(house.desk, options.card, options.reason, second)
    return changed if isinstance(changed, Refusal) else standings(house, [changed], options)


def cases(house: House, options: argparse.Namespace) -> int | Refusal:
    """Open cases, or the end of one."""
    if options.act == "close":
        closed = watch.close_case(house.desk, options.case, options.outcome, options.note)
        found = closed if isinstance(closed, Refusal) else [closed]
    else:
        found = watch.cases(house.desk, every=options.all)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
    for case in [] if options.json else found:
        say.out("  ".join([case.case_id, *card_telling.case_cells(house.words, case)]))
    return 0


def stock(house: House, options: argparse.Namespace) -> int | Refusal:
    """Blank cards, after a movement if one is given."""
    if options.act != "list":
        refused = watch.move_stock(
            house.desk, options.family, options.act, options.count, options.note
        )
        if refused is not None:
            return refused
    found = look.stock(house.desk)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
    for line in [] if options.json else card_telling.stock_lines(house.words, found):
        say.out(line)
    return 0
