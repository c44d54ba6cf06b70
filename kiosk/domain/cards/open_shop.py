"""The workshop of the open layout, on whichever chip it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kiosk.domain.cards import open as layout
from kiosk.domain.cards import open_work
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.work import MeterReading, Person, Purchase, ToolCard
from kiosk.errors import Refusal

_WORKS = frozenset({"make", "reissue", "repair", "tool", "reading"})


class OpenShop:
    """The port Workshop for the family `name`.

    `copied`: anybody can copy the chip (the cipher of MIFARE Classic is broken, and chips that take
    any UID are sold), so it proves nothing about a purchase and none is taken back. `with_serial`:
    the chip has a serial of its own.
    """

    currency = ""

    def __init__(self, name: str, *, copied: bool = False, with_serial: bool = True) -> None:
        self.name, self.with_serial = name, with_serial
        self.abilities = _WORKS if copied else _WORKS | {"cancel"}
        self.tools = self.meter_tools = frozenset(open_work.TOOL_KINDS)

    def is_unmade(self, image: CardImage) -> bool:
        """Identity not finished; this and all that follows: kiosk.domain.cards.work.Workshop."""
        return image.family == self.name and open_work.is_unmade(image)

    def own_serial(self, image: CardImage) -> bool:  # noqa: ARG002 - the same for all its chips
        """Whether the chip has a serial of its own."""
        return self.with_serial

    def is_sealed(self, image: CardImage) -> bool:
        """Whether the identity carries a MAC."""
        return layout.is_sealed(image)

    def make(
        self, image: CardImage, person: Person, purchase: Purchase, *, sealed: bool
    ) -> list[PlainWrite]:
        """From unmade to user card."""
        assert self.is_unmade(image), image.serial
        return open_work.make(person, purchase, sealed=sealed)

    def cancel(
        self,
        card: layout.OpenCard,
        image: CardImage,
        before: CardImage,
        number: int,
    ) -> list[PlainWrite] | Refusal:
        """The purchase file as it was before the sale."""
        return open_work.cancel(card, image, before, number)

    def repair(
        self, card: layout.OpenCard, image: CardImage, meter_number: int, currency: str, *,
        keep: bool,
    ) -> list[PlainWrite]:  # fmt: skip
        """The purchase file with the meter's number, or the next one."""
        return open_work.repair(card, image, meter_number, currency, keep=keep)

    def restore(
        self,
        card: layout.OpenCard,  # noqa: ARG002 - the purchase file is written as a whole
        image: CardImage,
        purchase: Purchase,
    ) -> list[PlainWrite]:
        """The purchase file as its sale wrote it."""
        return layout.rewrite(
            purchase.number, purchase.energy_wh, purchase.amount_minor, purchase.currency,
            purchase.sale_id, sealed=layout.is_sealed(image),
        )  # fmt: skip

    def tool(
        self, image: CardImage, tool: str, person: Person, settings: Mapping[str, int], *,
        sealed: bool,
    ) -> list[PlainWrite] | Refusal:  # fmt: skip
        """Inquiry card and parameter card."""
        assert self.is_unmade(image), image.serial
        if tool not in self.tools:
            return Refusal("tool_card_unknown", {"tool": tool, "family": self.name})
        if not 0 <= settings.get("alarm_wh", 0) < 2**40:
            return Refusal("card_energy_too_large", {"energy_wh": settings["alarm_wh"]})
        whole = {"alarm_wh": 0, "power_limit_w": 0} | dict(settings)
        return open_work.tool(tool, person, whole, sealed=sealed)

    def tool_card(self, image: CardImage) -> ToolCard | None:
        """Inquiry card and parameter card."""
        return open_work.tool_card(image) if image.family == self.name else None

    def reading(self, image: CardImage) -> MeterReading | None:
        """The write-back."""
        return open_work.reading(image)

    def witness_work(
        self, before: CardImage, now: CardImage, writes: Sequence[PlainWrite], serial: str
    ) -> layout.Testimony:
        """The bytes of all files but the write-back. A serial that is being written may be half of
        one and half of the other."""
        serials = {before.serial, serial}
        if not self.with_serial and open_work.is_unmade(now):
            serials.add(now.serial)
        return open_work.witness(before, now, writes, serials)

    def work_allowed(self, write: PlainWrite) -> bool:
        """The staff's whitelist."""
        return open_work.allowed(write)
