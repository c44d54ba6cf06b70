"""The chain of a card's account states, drawn from what several terminals say, in any order.

Every movement names the state that it found on the card and the one that it left, so the movements
of one card make a chain without gaps. A number that is missing has not come up yet. A number that
was given twice means that two chips carry the same account: a clone, or a card that was set back.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

#: What a new card shows before its first movement.
UNUSED = bytes(16)


class Link(msgspec.Struct, frozen=True, order=True):
    """One movement that a card showed; `number` is the sequence it left, money in minor units."""

    card: str
    number: int
    origin: str
    move_id: str
    kind: str
    currency: str
    amount_minor: int
    balance_minor: int
    previous: bytes
    mark: bytes


class Chain(msgspec.Struct, frozen=True):
    """What the movements of one card say together.

    `missing` are numbers below the highest that no terminal has told of yet; `doubles` are numbers
    that were given more than once, each with the movements that share it; `broken` are movements
    that do not follow from any movement with the number before. `overspent_minor` is what was spent
    beyond what was put on: 0 unless there are doubles or missing top-ups.
    """

    card: str
    highest: int
    topped_up_minor: int
    spent_minor: int
    missing: list[int]
    doubles: dict[int, list[Link]]
    broken: list[Link]

    @property
    def overspent_minor(self) -> int:
        """Money that was spent and never put on this card."""
        return max(0, self.spent_minor - self.topped_up_minor)

    @property
    def is_whole(self) -> bool:
        """Whether one chip can have made all of it, and nothing is missing."""
        return not (self.missing or self.doubles or self.broken)


def fold(links: Iterable[Link]) -> dict[str, Chain]:
    """The chain of each card; the order of `links` and repetitions do not matter."""
    cards: dict[str, set[Link]] = {}
    for link in links:
        cards.setdefault(link.card, set()).add(link)
    return {card: _chain(card, sorted(found)) for card, found in sorted(cards.items())}


def _chain(card: str, links: list[Link]) -> Chain:
    numbers: dict[int, list[Link]] = {}
    for link in links:
        numbers.setdefault(link.number, []).append(link)
    highest = max(numbers)
    return Chain(
        card=card,
        highest=highest,
        topped_up_minor=sum(link.amount_minor for link in links if link.kind == "top_up"),
        spent_minor=sum(link.amount_minor for link in links if link.kind == "spend"),
        missing=_missing(numbers, highest),
        doubles={number: found for number, found in numbers.items() if len(found) > 1},
        broken=[link for link in links if not _follows(link, numbers)],
    )


def _missing(numbers: dict[int, list[Link]], highest: int) -> list[int]:
    """Numbers below `highest` without a movement; only the gaps are walked."""
    known = sorted(numbers)
    gaps = zip([0, *known], known, strict=False)
    assert known[-1] == highest
    return [number for before, after in gaps for number in range(before + 1, after)]


def _follows(link: Link, numbers: dict[int, list[Link]]) -> bool:
    """Whether a known movement left the state that `link` found, or none is known yet."""
    signed = link.amount_minor if link.kind == "top_up" else -link.amount_minor
    found_minor = link.balance_minor - signed
    if link.number == 1:
        return found_minor == 0 and link.previous == UNUSED
    before = numbers.get(link.number - 1)
    if before is None:
        return found_minor >= 0
    return any(
        (one.mark, one.balance_minor, one.currency) == (link.previous, found_minor, link.currency)
        for one in before
    )
