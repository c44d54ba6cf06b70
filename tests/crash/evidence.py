"""What the auditor is shown and what it says; imports nothing of ours, like the auditor itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Attempt:
    """Something that was asked of the till. `paid` is whether it was taken on (the money taken, the
    token agreed to) as far as the point at which the program was killed tells; None when only the
    note box can say.

    `amount_minor` is 0 where no money is paid. `kind` names the fact that takes it on, found by
    `field` and `value` (the meter, if not said); `earlier` is how many of them there were before.
    """

    meter: str
    amount_minor: int
    paid: bool | None
    answer: dict[str, Any] | None = None
    kind: str = "sale_committed"
    field: str = "meter"
    value: str = ""
    earlier: int = 0
    #: What must be found at each door: when it was not taken on, and when it was.
    doors: Mapping[str, tuple[Any, Any]] = dataclasses.field(default_factory=dict)

    def is_meant(self, kind: str, fact: dict[str, Any]) -> bool:
        """Whether this fact takes this attempt on."""
        return kind == self.kind and fact[self.field] == (self.value or self.meter)


@dataclass(frozen=True)
class Neighbour:
    """Another counter, with meters of its own and the answers that it was given; a counter that was
    killed may have one sale more than answers."""

    meters: list[str]
    answers: list[dict[str, Any]]
    killed: bool = False


@dataclass
class Sale:
    """A sale as the journal tells it."""

    sale_id: str
    meter: str
    amount_minor: int
    energy_wh: int
    notes_minor: int
    state: str = "paid"
    token: str | None = None
    #: What goes beside it: the energy of each free token, and its digits once they are made.
    free_wh: list[int] = field(default_factory=list)
    free: list[str] = field(default_factory=list)

    def tokens(self) -> list[str]:
        return [self.token, *self.free] if self.token is not None else []


@dataclass
class Token:
    """A token outside a sale as the journal tells it; `place` is where a key change leads to,
    `replaces` the sale or the meter's replacement that it is made for."""

    issue_id: str
    meter: str
    operation: str
    energy_wh: int
    place: dict[str, Any] | None = None
    sections: int = 1
    replaces: str = ""
    state: str = "committed"
    tokens: list[str] = field(default_factory=list)


@dataclass
class CardMove:
    """Money that went on a card (a top-up) or off it (a spend), as the journal tells it."""

    move_id: str
    meter: str
    kind: str
    amount_minor: int
    state: str = "committed"


@dataclass
class Findings:
    """What is wrong, by kind; all empty when the program kept its word."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.unbalanced]


@dataclass
class World:
    """What can be seen without the program: meters by number, cards by meter, the note box, and
    under which supply group, key and tariff index each keypad meter is, and the money on cards."""

    credited_wh: dict[str, int]
    card_worth_wh: dict[str, int]
    box_minor: int
    places: dict[str, list[Any]] = field(default_factory=dict)
    card_money_minor: dict[str, int] = field(default_factory=dict)


@dataclass
class Evidence:
    """All that the auditor is shown. The last lists are what the till itself says is not settled;
    None when it was not asked."""

    attempts: list[Attempt]
    export: bytes
    verify_exit: int
    verify: dict[str, Any]
    in_doubt: list[str]
    before: World
    killed: World
    once: World
    twice: World
    neighbours: list[Neighbour] = field(default_factory=list)
    notes_in_doubt: list[str] | None = None
    open_tokens: list[str] | None = None
    unsettled: list[str] | None = None
    #: What somebody found who tried, at the very end.
    doors: dict[str, Any] | None = None
