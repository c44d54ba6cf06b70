"""kiosk card-account, kiosk suspicions: money on customers' cards, and cards under suspicion."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from kiosk.domain import money
from kiosk.domain.card_account_record import CaseRecord
from kiosk.domain.cards.account_area import AccountState
from kiosk.errors import Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.persons import second_of
from kiosk.front.commands.sell import card_in
from kiosk.front.operator import become
from kiosk.front.wiring import House, opened
from kiosk.screens import card_money_telling
from kiosk.till import card_account_paper, card_accounts, card_money_back, recover, suspicions
from kiosk.till.quote import find_buyer

Act = Callable[[House, argparse.Namespace], "int | Refusal"]


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    words = parser.add_subparsers(dest="word", required=True)
    if verb == "card-account":
        for word, sentence in (("show", "what is on the card"), ("top-up", "put cash on it")):
            chosen = words.add_parser(word, help=sentence)
            chosen.add_argument("--card", required=True, help="number printed on the card")
            if word == "top-up":
                chosen.add_argument("--amount", required=True, help="decimal, in major units")
        reprint = words.add_parser("reprint", help="print a copy of the slip of a top-up")
        reprint.add_argument("move", help="the id of the movement")
        keep = words.add_parser("keep", help="keep the money of a card out of use for its meter")
        keep.add_argument("card", help="chip or printed number")
        keep.add_argument("--reason", required=True, help="why; it is kept")
        keep.add_argument("--dry-run", action="store_true", help="only say what would be done")
        say.second(keep)
        words.add_parser("chains", help="all movements of each card, put together")
    else:
        listed = words.add_parser("list", help="open cases, oldest first")
        listed.add_argument("--all", action="store_true", help="closed ones too, newest first")
        close = words.add_parser("close", help="say what was found; two persons")
        close.add_argument("case")
        close.add_argument("--finding", required=True, help=" or ".join(suspicions.FINDINGS))
        close.add_argument("--note", required=True, help="how you know; it is kept")
        say.second(close)
    for chosen in words.choices.values():
        say.who(chosen)


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word of `kiosk card-account` or `kiosk suspicions`."""
    acts: dict[tuple[str, str], Act] = {
        ("card-account", "show"): _show, ("card-account", "top-up"): _top_up,
        ("card-account", "chains"): _chains, ("card-account", "reprint"): _reprint,
        ("card-account", "keep"): _keep,
        ("suspicions", "list"): _list, ("suspicions", "close"): _close,
    }  # fmt: skip
    with opened(context.home, context.settings, paper=options.word == "reprint") as house:
        refused = become(house.desk, options.operator)
        if refused is None:
            outcome = acts[verb, options.word](house, options)
            if not isinstance(outcome, Refusal):
                return outcome
            refused = outcome
        return say.refused(refused, context.settings)


def _with_card(
    house: House, options: argparse.Namespace, work: Callable[[], int | Refusal]
) -> int | Refusal:
    """Do `work` with the customer's card in the reader, after what was interrupted on it."""
    buyer = find_buyer(house.desk, options.card)
    if isinstance(buyer, Refusal):
        return buyer
    with card_in(house, buyer):
        settled = recover.recover(house.desk)
        if isinstance(settled, Refusal):
            return settled
        say.settled(house.words, settled, options)
        return work()


def _show(house: House, options: argparse.Namespace) -> int | Refusal:
    def work() -> int | Refusal:
        held = card_accounts.purse(house.desk)
        return held if isinstance(held, Refusal) else _told(house, held.state, options)

    return _with_card(house, options, work)


def _top_up(house: House, options: argparse.Namespace) -> int | Refusal:
    amount = money.parse_amount(options.amount, house.desk.currency)
    if isinstance(amount, Refusal):
        return amount

    def work() -> int | Refusal:
        done = card_accounts.top_up(house.desk, amount)
        if isinstance(done, Refusal):
            return done
        if done.state != "moved":
            return say.trouble(f"Top-up {done.committed.move_id} is {done.state}.")
        held = card_accounts.purse(house.desk)
        move_id = done.committed.move_id
        return held if isinstance(held, Refusal) else _told(house, held.state, options, move_id)

    return _with_card(house, options, work)


def _told(house: House, state: AccountState, options: argparse.Namespace, move_id: str = "") -> int:
    currency = state.currency or house.desk.currency
    if options.json:
        say.json(
            {
                "serial": state.serial,
                "number": state.sequence,
                "balance_minor": state.balance_minor,
                "currency": currency,
                "move_id": move_id,
            }
        )
    else:
        held = money.format_amount(state.balance_minor, currency)
        made = f" ({move_id})" if move_id else ""
        say.out(f"{held} {currency} on the card, movement {state.sequence}{made}")
    return 0


def _chains(house: House, options: argparse.Namespace) -> int | Refusal:
    chains = card_accounts.chains(house.desk)
    if isinstance(chains, Refusal):
        return chains
    if options.json:
        say.json([chains[card] for card in sorted(chains)])
    for card, chain in () if options.json else sorted(chains.items()):
        spent = money.format_amount(chain.spent_minor, house.desk.currency)
        put_on = money.format_amount(chain.topped_up_minor, house.desk.currency)
        doubles = f", given twice: {', '.join(map(str, chain.doubles))}" if chain.doubles else ""
        say.out(f"{card}  {chain.highest} movements, {put_on} put on, {spent} spent{doubles}")
    return 1 if any(chain.doubles or chain.broken for chain in chains.values()) else 0


def _reprint(house: House, options: argparse.Namespace) -> int | Refusal:
    return say.copy(house, card_account_paper.reprint(house.desk, options.move))


def _keep(house: House, options: argparse.Namespace) -> int | Refusal:
    left = card_money_back.left_on(house.desk, options.card)
    if isinstance(left, Refusal):
        return left
    if options.dry_run:
        for line in card_money_telling.left_lines(house.words, left, options.reason):
            say.out(line)
        return 0
    serial, second = left.standing.card.serial, second_of(house, options)
    kept = card_money_back.keep(house.desk, serial, options.reason, second)
    if isinstance(kept, Refusal):
        return kept
    say.out(card_money_telling.left_kept(house.words, kept))
    return 0


def _list(house: House, options: argparse.Namespace) -> int | Refusal:
    cases = suspicions.open_cases(house.desk, every=options.all)
    if isinstance(cases, Refusal):
        return cases
    if options.json:
        say.json([_case(case) for case in cases])
    for case in () if options.json else cases:
        seen = case.suspected
        found = f"  {case.end.finding}: {case.end.note}" if case.end is not None else ""
        say.out(f"{seen.case_id}  {seen.reason}  card {seen.card_number or seen.serial}{found}")
    return 0


def _case(case: CaseRecord) -> dict[str, object]:
    seen, end = case.suspected, case.end
    return {
        "case": seen.case_id,
        "reason": seen.reason,
        "serial": seen.serial,
        "card": seen.card_number,
        "meter": seen.meter,
        "known": seen.known,
        "time_ms": case.time_ms,
        "finding": end.finding if end is not None else None,
        "note": end.note if end is not None else None,
        "image": {str(file): content.hex() for file, content in seen.image.files.items()},
    }


def _close(house: House, options: argparse.Namespace) -> int | Refusal:
    second = second_of(house, options)
    closed = suspicions.close_case(house.desk, options.case, options.finding, second, options.note)
    if isinstance(closed, Refusal):
        return closed
    if options.json:
        say.json(_case(closed))
    else:
        say.out(f"{options.case}  closed: {options.finding}")
    return 0
