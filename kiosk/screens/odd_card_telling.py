"""What else a card shows in words: a technician's, one that is half written, the money on one."""

from __future__ import annotations

from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.cards.account_area import AccountState
from kiosk.domain.cards.work import ToolCard
from kiosk.words.book import Words


def tool_lines(words: Words, card: ToolCard) -> list[str]:
    """Which technician's card it is, for which meter, and what it sets there."""
    tool = words.say(f"cards.tool_{card.tool}")
    meter = card.meter or words.say("cards.any_meter")
    sets = ", ".join(f"{name}={value}" for name, value in card.settings.items())
    lines = [words.say("cards.is_tool", tool=tool, meter=meter)]
    return [*lines, words.say("cards.plan_settings", settings=sets)] if sets else lines


def held_line(words: Words, state: AccountState, currency: str) -> str:
    """The money of the account on a card."""
    return words.say(
        "card_money.holds" if state.sequence else "card_money.holds_none",
        currency=state.currency or currency, balance_minor=state.balance_minor,
        number=state.sequence,
    )  # fmt: skip


def waiting_line(words: Words, record: CardWorkRecord) -> str:
    """The work that was broken off on this card, and what to do about it."""
    work = record.committed
    operation = words.say(f"cards.operation_{work.operation}")
    return words.say("cards.work_waits", work=work.work_id, operation=operation, meter=work.meter)
