"""The technician's test slip: is the width right, and does every accent come out? (E36)."""

from __future__ import annotations

from kiosk.ports import SlipLine
from kiosk.words.book import Words
from receipts.paper import RULE, Site, head

_TOKEN_PATTERN = "1234 5678 9012 3456 7890"  # noqa: S105 - digits to look at, no token


def printer_test_slip(
    site: Site, words: Words, profile: str, columns: int, *, mode: str
) -> list[SlipLine]:
    """A slip that shows by eye whether `profile` and `columns` suit this printer."""
    ruler = "".join(str(place % 10) for place in range(1, columns + 1))
    return [
        *head(site, words, mode, words.say("printer_test.title")),
        SlipLine(words.say("printer_test.profile", profile=profile, columns=columns)),
        SlipLine(words.say("printer_test.ruler"), style="small"),
        SlipLine(ruler),
        SlipLine(words.say("printer_test.accents"), style="small"),
        SlipLine(words.say("printer_test.sample")),
        SlipLine(words.say("printer_test.sample"), style="bold"),
        SlipLine(_TOKEN_PATTERN, style="large", align="centre"),
        SlipLine(words.energy(12_300), style="large", align="centre"),
        RULE,
        SlipLine(words.say("printer_test.cut"), style="small"),
    ]
