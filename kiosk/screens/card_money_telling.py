"""How money on cards and cards under suspicion read in words: for screens and lines."""

from __future__ import annotations

from kiosk.domain import chart
from kiosk.domain.card_account_chain import Chain
from kiosk.domain.card_account_record import CaseRecord, MoveRecord
from kiosk.screens.odd_card_telling import held_line
from kiosk.till.card_accounts import CardMoney
from kiosk.till.card_money_back import LeftMoney
from kiosk.words.book import Words

_NUMBERS_SHOWN = 20


# --- one card -------------------------------------------------------------------------------------


def money_lines(words: Words, money: CardMoney, currency: str) -> list[str]:
    """Which card, whose it is, and what is on it."""
    state, image = money.purse.state, money.purse.image
    return [
        words.say(
            "card_money.card", family=image.family, serial=image.serial, card=money.card,
            issue=money.issue,
        ),
        words.say(
            "card_money.owner", customer=money.customer.name, account=money.purse.account,
            meter=money.purse.meter.number,
        ),
        held_line(words, state, currency),
    ]  # fmt: skip


def move_cells(words: Words, record: MoveRecord) -> list[str]:
    """Time, what, amount, what it left on the card, and how it stands."""
    move = record.committed
    left = words.money(move.balance_minor, move.currency) if record.state == "moved" else ""
    return [
        words.time(record.time_ms), words.say(f"card_money.{move.kind}"),
        words.money(move.amount_minor, move.currency), left,
        words.say(f"card_money.state_{record.state}"),
    ]  # fmt: skip


def left_lines(words: Words, left: LeftMoney, reason: str) -> list[str]:
    """What a card out of use was last seen to hold, and what becomes of it."""
    card, move = left.standing.card, left.last.committed
    return [
        words.say(
            "card_money.left", currency=move.currency, card=card.number, serial=card.serial,
            meter=card.meter, issue=card.issue, balance_minor=move.balance_minor,
            number=move.number,
        ),
        words.say("card_money.left_to", meter=card.meter),
        f"{words.say('cards.ask_reason')}: {reason}",
        words.say("cards.plan_two"),
    ]  # fmt: skip


def left_kept(words: Words, left: LeftMoney) -> str:
    """It is kept for the meter."""
    move = left.last.committed
    return words.say(
        "cards.plan_back_account", currency=move.currency, amount_minor=move.balance_minor,
        meter=left.standing.card.meter,
    )  # fmt: skip


def top_up_lines(
    words: Words, money: CardMoney, amount_minor: int, after_minor: int, currency: str
) -> list[str]:
    """A top-up, restated before the cash is taken: to which card, how much, what it holds then."""
    image = money.purse.image
    return [
        words.say(
            "card_money.confirm_card", family=image.family, serial=image.serial, card=money.card,
            issue=money.issue, customer=money.customer.name, meter=money.purse.meter.number,
        ),
        words.say(
            "card_money.confirm_top_up", currency=currency, amount_minor=amount_minor,
            before_minor=money.purse.state.balance_minor, after_minor=after_minor,
        ),
    ]  # fmt: skip


def moved_line(words: Words, record: MoveRecord) -> str:
    """What came of a top-up."""
    move = record.committed
    if record.state == "moved":
        return words.say(
            "card_money.done", currency=move.currency, amount_minor=move.amount_minor,
            balance_minor=move.balance_minor,
        )  # fmt: skip
    if record.state == "committed":
        return words.say("card_money.in_doubt")
    back = "cash" if record.returned_to.startswith(chart.cash("")) else "account"
    return words.say(f"card_money.undone_{back}", meter=move.meter)


# --- all cards ------------------------------------------------------------------------------------


def chain_cells(words: Words, chain: Chain, currency: str) -> list[str]:
    """Chip, movements, put on, spent, and whether one chip can have made them."""
    return [
        chain.card, str(chain.highest), words.money(chain.topped_up_minor, currency),
        words.money(chain.spent_minor, currency), _verdict(words, chain),
    ]  # fmt: skip


def _verdict(words: Words, chain: Chain) -> str:
    if chain.doubles:
        return words.say("card_money.chain_double")
    if chain.broken:
        return words.say("card_money.chain_broken")
    if chain.missing:
        return words.say("card_money.chain_missing", count=len(chain.missing))
    return words.say("card_money.chain_whole")


def chain_lines(words: Words, chain: Chain, currency: str) -> list[str]:
    """A chain with everything that is wrong with it."""
    lines = [" ".join(chain_cells(words, chain, currency)[:1]), ""]
    if chain.is_whole:
        lines.append(words.say("card_money.chain_whole_row"))
    if chain.missing:
        shown = ", ".join(map(str, chain.missing[:_NUMBERS_SHOWN]))
        more = " ..." if len(chain.missing) > _NUMBERS_SHOWN else ""
        lines.append(words.say("card_money.chain_missing_row", numbers=shown + more))
    for number, links in chain.doubles.items():
        origins = ", ".join(sorted({link.origin for link in links}))
        lines.append(words.say("card_money.chain_double_row", number=number, origins=origins))
    lines += [
        words.say("card_money.chain_broken_row", number=link.number, origin=link.origin)
        for link in chain.broken
    ]
    if chain.overspent_minor:
        lines.append(
            words.say(
                "card_money.chain_overspent", currency=currency,
                overspent_minor=chain.overspent_minor,
            )
        )  # fmt: skip
    return lines


# --- cards under suspicion ------------------------------------------------------------------------


def suspicion_cells(words: Words, case: CaseRecord) -> list[str]:
    """Time, why, card or chip, and what was found once it is closed."""
    seen = case.suspected
    found = words.say(f"suspicion.{case.end.finding}") if case.end is not None else ""
    return [
        words.time(case.time_ms), words.say(f"suspicion.{seen.reason}"),
        seen.card_number or seen.serial, found,
    ]  # fmt: skip


def suspicion_line(words: Words, case: CaseRecord) -> str:
    """Which case, which card, and why, in one sentence."""
    seen = case.suspected
    return words.say(
        "suspicion.which", case=seen.case_id, reason=words.say(f"suspicion.{seen.reason}"),
        card=seen.card_number or "-", family=seen.image.family, serial=seen.serial,
        meter=seen.meter or "-",
    )  # fmt: skip


def suspicion_lines(words: Words, case: CaseRecord) -> list[str]:
    """A case with the figures that staff compare, and how it ended."""
    seen, known = case.suspected, case.suspected.known
    fields = (
        ("fault_slip.case", seen.case_id), ("technician.card_family", seen.image.family),
        ("technician.card_serial", seen.serial), ("technician.card_number", seen.card_number),
        ("technician.card_meter", seen.meter),
    )  # fmt: skip
    lines = [
        words.say(f"suspicion.{seen.reason}"),
        *(f"{words.say(key)}: {value or '-'}" for key, value in fields),
        words.say(
            "suspicion.purchase_numbers", ledger=known["ledger_purchase_number"],
            card=known["card_purchase_number"],
        ),
        words.say(
            "suspicion.account_numbers", ledger=known["ledger_account_number"],
            card=known["card_account_number"],
        ),
    ]  # fmt: skip
    if known["sale"]:
        lines.append(words.say("suspicion.sale", sale=known["sale"]))
    if case.end is not None:
        lines.append(closed_line(words, case))
    return lines


def closed_line(words: Words, case: CaseRecord) -> str:
    """What was found, how they knew, and who they were."""
    end = case.end
    assert end is not None, case
    return words.say(
        "suspicion.closed", finding=words.say(f"suspicion.{end.finding}"), note=end.note or "-",
        operator=end.operator, second=end.second,
    )  # fmt: skip


def finding_lines(words: Words, case: CaseRecord, finding: str) -> list[str]:
    """A case that is to be closed, and what that means for the chip."""
    return [
        suspicion_line(words, case), words.say(f"suspicion.will_{finding}"),
        words.say("cards.plan_two"),
    ]  # fmt: skip
