"""How cards read in words that are no customer's: a technician's, or one that is half written."""

from __future__ import annotations

from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.cards.work import ToolCard
from kiosk.words.book import Words


def tool_lines(words: Words, card: ToolCard) -> list[str]:
    """Which technician's card it is, for which meter, and what it sets there."""
    tool = words.say(f"cards.tool_{card.tool}")
    meter = card.meter or words.say("cards.any_meter")
    sets = ", ".join(f"{name}={value}" for name, value in card.settings.items())
    lines = [words.say("cards.is_tool", tool=tool, meter=meter)]
    return [*lines, words.say("cards.plan_settings", settings=sets)] if sets else lines


def waiting_line(words: Words, record: CardWorkRecord) -> str:
    """The work that was broken off on this card, and what to do about it."""
    work = record.committed
    operation = words.say(f"cards.operation_{work.operation}")
    return words.say("cards.work_waits", work=work.work_id, operation=operation, meter=work.meter)
