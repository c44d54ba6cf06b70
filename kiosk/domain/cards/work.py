"""What staff do with a card besides selling: make, reissue, cancel, repair; and what proves it.

Every work is a list of ordered writes like those of a sale, so the card is the witness of a work
too. A family says in `abilities` which works it knows; the whitelist of a work is wider than a
seller's, and an identity that is finished is never written again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.open import Testimony
from kiosk.errors import Refusal

#: Every work and tool card that some family knows, in the order of the menus.
WORKS = ("make", "reissue", "cancel", "repair", "tool", "reading")
TOOLS = ("inquiry", "parameter", "preset", "meter-number", "key-update")

#: What a tool card sets in a meter: name -> value when nobody says otherwise, and the largest one.
TOOL_SETTINGS: dict[str, dict[str, tuple[int, int]]] = {
    "parameter": {"alarm_wh": (0, 2**40 - 1), "power_limit_w": (0, 10**12 - 1)},
    "preset": {
        "alarm_minor": (0, 99_999_999), "second_alarm_minor": (0, 99_999_999),
        "current_ratio": (1, 999_999), "voltage_ratio": (1, 999_999),
    },
}  # fmt: skip


class Person(msgspec.Struct, frozen=True):
    """Whom a card is made out to; `issue` is 1 for the first card and grows with each reissue."""

    serial: str
    card_number: str
    meter: str
    issue: int


class Purchase(msgspec.Struct, frozen=True):
    """What a card carries: the same number always gives the same energy, once (E15)."""

    number: int = 0
    energy_wh: int = 0
    amount_minor: int = 0
    currency: str = ""
    sale_id: str = ""


class MeterReading(msgspec.Struct, frozen=True):
    """What a meter wrote on a card (F056). Energy in Wh where the card carries energy, money in
    minor units where it carries money; `result` is the meter's own code, 0 for none."""

    meter: str
    purchase_number: int
    credited_wh: int = 0
    left_wh: int = 0
    left_minor: int = 0
    overdraft_minor: int = 0
    result: int = 0


class ToolCard(msgspec.Struct, frozen=True):
    """What stands on a technician's card: which of `TOOLS`, the meter it is for (empty: any), and
    what it sets, under the names of `TOOL_SETTINGS`."""

    tool: str
    meter: str
    settings: dict[str, int] = {}


class Workshop(Protocol):
    """A family as the staff's verbs use it; `kiosk.domain.cards.workshops.of` finds it.

    `abilities` are the works of this family (of `WORKS`), `tools` its tool cards (of `TOOLS`).
    `meter_tools` are those that can be for one meter alone. `currency` is that of the money on its
    cards, empty where they carry energy.
    """

    name: str
    currency: str
    abilities: frozenset[str]
    tools: frozenset[str]
    meter_tools: frozenset[str]

    def is_unmade(self, image: CardImage) -> bool:
        """Whether nobody is made out on it: blank, or its making was broken off."""

    def own_serial(self, image: CardImage) -> bool:
        """Whether the chip has a serial of its own; others get one when they are made."""

    def make(
        self, image: CardImage, person: Person, purchase: Purchase, *, sealed: bool
    ) -> list[PlainWrite]:
        """The ordered writes from unmade to user card, validity last. With a purchase it is a
        reissue: the same number with the same energy as on the lost card (E15)."""

    def is_sealed(self, image: CardImage) -> bool:
        """Whether the card is of a profile with keys."""

    def cancel(
        self, card: Any, image: CardImage, before: CardImage, number: int
    ) -> list[PlainWrite] | Refusal:
        """The writes that take purchase `number` back: the card as it was `before` that sale.

        The number itself becomes free again: a meter takes it once, whichever energy it carries, so
        whoever hid that the meter has it already gains nothing by the next purchase (E13).
        """

    def repair(
        self, card: Any, image: CardImage, meter_number: int, currency: str, *, keep: bool
    ) -> list[PlainWrite]:
        """The writes that bring the card to the meter's own number: its purchase area is cleared,
        or, to `keep` a purchase that was paid, carried under the next number (F004)."""

    def restore(self, card: Any, image: CardImage, purchase: Purchase) -> list[PlainWrite]:
        """The writes that put a paid purchase on a card without one, under its own number, which a
        meter takes once (F004)."""

    def tool(
        self, image: CardImage, tool: str, person: Person, settings: Mapping[str, int], *,
        sealed: bool,
    ) -> list[PlainWrite] | Refusal:  # fmt: skip
        """The writes that make a tool card from an unmade one; `sealed` where cards have keys."""

    def tool_card(self, image: CardImage) -> ToolCard | None:
        """The technician's card that this is; None for any other."""

    def reading(self, image: CardImage) -> MeterReading | None:
        """What the meter wrote on the card, a user card or an inquiry card; None for nothing."""

    def witness_work(
        self, before: CardImage, now: CardImage, writes: Sequence[PlainWrite], serial: str
    ) -> Testimony:
        """What the card says became of a work; `serial` is the one that it has afterwards."""

    def work_allowed(self, write: PlainWrite) -> bool:
        """Whether staff may make `write`; the driver asks again before the first one."""


def compare(
    before: CardImage,
    now: CardImage,
    writes: Sequence[PlainWrite],
    *,
    serials: Collection[str],
    by_meter: int,
    masked: Sequence[PlainWrite] = (),
) -> Testimony:
    """The testimony of the bytes: the file `by_meter` is the meter's to change and proves nothing
    here; bytes of `masked` writes are made by the security module and not known in advance."""
    if now.family != before.family or now.serial not in serials:
        return "other"
    after = before
    for write in writes:
        after = after.with_write(write)
    old = new = between = True
    for file in {write.file for write in writes} - {by_meter}:
        if len(now.files.get(file, b"")) != len(after.files[file]):
            return "other"
        hidden = _places(file, masked)
        written = _places(file, writes)
        for place, byte in enumerate(now.files[file]):
            if place in hidden:
                continue
            was, wanted = before.files[file][place], after.files[file][place]
            old, new = old and byte == was, new and byte == wanted
            # A validity byte is written twice, and one that was torn may hold anything.
            between = between and (byte in (was, wanted) or written[place] > 1)
    if new:
        return "delivered"
    if old:
        return "not_delivered"
    return "torn" if between else "other"


def _places(file: int, writes: Sequence[PlainWrite]) -> Counter[int]:
    """How often each byte of a file is written."""
    return Counter(
        write.address + offset
        for write in writes
        if write.file == file
        for offset in range(len(write.data))
    )
