"""Money on the card and cards under suspicion, line by line: the same verbs as on the screens."""

from __future__ import annotations

from kiosk.domain import money as amounts
from kiosk.errors import Refusal
from kiosk.screens import card_money_telling
from kiosk.screens.lines.console import Console
from kiosk.till import card_account_paper, card_accounts, recover, suspicions
from kiosk.till.card_accounts import CardMoney
from kiosk.till.tokens import SecondPerson


def money(console: Console) -> None:
    """What is on the card in the reader, then perhaps cash on it; without a card, all cards."""
    if console.desk.records.open_moves():
        recover.recover(console.desk)
    found = card_accounts.card_money(console.desk)
    if isinstance(found, Refusal):
        console.refuse(found)
        _chains(console)
        return
    currency = console.desk.currency
    console.say(*card_money_telling.money_lines(console.words, found, currency))
    for record in found.moves:
        console.say(" | ".join(card_money_telling.move_cells(console.words, record)))
    if console.desk.gate("sell") is None:
        typed = console.ask("card_money.ask_amount", "cards.help_money")
        if typed:
            _top_up(console, found, typed)


def _top_up(console: Console, found: CardMoney, typed: str) -> None:
    desk, words = console.desk, console.words
    amount = amounts.parse_amount(typed, desk.currency)
    if isinstance(amount, Refusal):
        console.refuse(amount)
        return
    after = card_accounts.planned_top_up(desk, found, amount)
    if isinstance(after, Refusal):
        console.refuse(after)
        return
    lines = card_money_telling.top_up_lines(words, found, amount, after, desk.currency)
    if not console.confirm(" ".join(lines)):
        return
    record = card_accounts.top_up(desk, amount, confirmed=found.purse.image)
    if isinstance(record, Refusal):
        console.refuse(record)
        return
    console.say(card_money_telling.moved_line(words, record))
    if desk.slips is not None and desk.writer is not None:
        card_account_paper.print_move(desk, record)


def _chains(console: Console) -> None:
    """The movements of every card, put together."""
    found = card_accounts.chains(console.desk)
    if isinstance(found, Refusal):
        console.refuse(found)
        return
    for chain in found.values():
        cells = card_money_telling.chain_cells(console.words, chain, console.desk.currency)
        console.say(" | ".join(cells))
        if not chain.is_whole:
            lines = card_money_telling.chain_lines(console.words, chain, console.desk.currency)
            console.say(*lines[2:])


def suspected(console: Console) -> None:
    """Open cases; one of them with its evidence, closed by two persons."""
    found = suspicions.open_cases(console.desk)
    case = console.pick_of(found, card_money_telling.suspicion_cells, "cards.none")
    if case is None:
        return
    console.say(*card_money_telling.suspicion_lines(console.words, case))
    findings = [console.words.say(f"suspicion.{finding}") for finding in suspicions.FINDINGS]
    chosen = console.pick("linear.prompt_choice", findings)
    if chosen is None:
        return
    finding = suspicions.FINDINGS[chosen]
    note = console.ask("suspicion.ask_note", "cards.help_suspicions")
    name = console.ask("cards.ask_second")
    second = SecondPerson(name, console.ask_secret("cards.ask_second_pin"))
    if not console.confirm(
        " ".join(card_money_telling.finding_lines(console.words, case, finding))
    ):
        return
    closed = suspicions.close_case(console.desk, case.suspected.case_id, finding, second, note)
    if isinstance(closed, Refusal):
        console.refuse(closed)
    else:
        console.tell("suspicion.done", case=case.suspected.case_id, finding=findings[chosen])
