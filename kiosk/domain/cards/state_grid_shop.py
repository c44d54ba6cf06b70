"""The workshop of State Grid cards: user card, replacement, and the technician's tool cards.

Command bytes of the tool cards are those that meters read (hardware-facts 3.4). A key-update card
holds keys, which only the utility's own key system may write: refused here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.open import Testimony
from kiosk.domain.cards.state_grid import (
    FAMILY,
    LARGEST_AMOUNT_MINOR,
    PARAMETERS,
    PURCHASE,
    RETURN,
    WALLET,
    StateGrid,
    StateGridCard,
)
from kiosk.domain.cards.work import MeterReading, Person, Purchase, ToolCard, compare
from kiosk.domain.registry import METER_DIGITS
from kiosk.errors import Refusal

_USER_CARD = 0x01
_TOOL_COMMANDS = {"inquiry": 0x05, "preset": 0x06, "meter-number": 0x07}
_TOOL_OF = {command: tool for tool, command in _TOOL_COMMANDS.items()} | {0x02: "key-update"}
#: Where the BCD numbers of a preset card stand in its data: name -> first byte, length.
_PRESET = {"alarm_minor": (12, 4), "second_alarm_minor": (16, 4),
           "current_ratio": (20, 3), "voltage_ratio": (23, 3)}  # fmt: skip


class StateGridShop:
    """The port Workshop for `family`. Every write is sealed by the card's own MAC."""

    def __init__(self, family: StateGrid) -> None:
        self.family, self.name, self.currency = family, family.name, family.profile.currency
        self.abilities = frozenset({"make", "reissue", "cancel", "repair", "tool", "reading"})
        self.tools, self.meter_tools = frozenset(_TOOL_COMMANDS), frozenset({"meter-number"})

    def is_unmade(self, image: CardImage) -> bool:
        """Neither customer nor meter (kiosk rule 3); this and all that follows: Workshop."""
        state = self.family.state(image)
        return isinstance(state, Refusal) and state.code == "card_blank"

    def own_serial(self, image: CardImage) -> bool:  # noqa: ARG002 - it stands in every answer to reset
        """Always."""
        return True

    def is_sealed(self, image: CardImage) -> bool:  # noqa: ARG002 - there is no other profile
        """Always."""
        return True

    def make(
        self,
        image: CardImage,
        person: Person,
        purchase: Purchase,
        *,
        sealed: bool,  # noqa: ARG002 - there is no other profile
    ) -> list[PlainWrite]:
        """An opening card, or a replacement that carries the last purchase under its number."""
        assert self.is_unmade(image), image.serial
        last = _as_card(person, purchase) if purchase.number else None
        files = self.family.make(person.card_number, person.meter, last)
        return self._all(files[PARAMETERS], files[WALLET], files[RETURN])

    def _all(self, parameters: bytes, wallet: bytes, returned: bytes) -> list[PlainWrite]:
        """The order of a sale: the first byte of file 1 is cleared first and set last."""
        return [
            PlainWrite(PARAMETERS, 0, b"\0", sealed=True),
            PlainWrite(RETURN, 0, returned, sealed=True),
            PlainWrite(WALLET, 0, wallet, sealed=True),
            PlainWrite(PARAMETERS, 1, parameters[1:], sealed=True),
            PlainWrite(PARAMETERS, 0, parameters[:1], sealed=True),
        ]

    def cancel(
        self, card: StateGridCard, image: CardImage, before: CardImage, number: int
    ) -> list[PlainWrite] | Refusal:
        """All three files as before the sale; only while the return file is empty (rule 2)."""
        if not card.purchase_valid:
            return Refusal("card_unfinished_purchase")
        if card.purchase_number != number:
            return Refusal("card_purchase_differs", {"purchase_number": card.purchase_number})
        if card.write_back_valid:
            return Refusal("purchase_consumed", {"purchase_number": number})
        if any(image.files[RETURN]):
            return Refusal("purchase_perhaps_consumed", {"purchase_number": number})
        files = before.files
        return self._all(files[PARAMETERS], files[WALLET], files[RETURN])

    def repair(
        self,
        card: StateGridCard,
        image: CardImage,
        meter_number: int,
        currency: str,  # noqa: ARG002 - the profile has one currency
        *,
        keep: bool,
    ) -> list[PlainWrite]:
        """The wallet with the meter's count and nothing in it, or the next count and its amount.

        What the meter wrote stays unless a purchase is kept: a meter credits only on an empty file.
        """
        head = self.family.profile.head_bytes()
        data = bytearray(image.files[PARAMETERS][head:-2])
        # A meter that was never opened takes no purchase card: an opening card stays one.
        data[1], data[38] = 0, PURCHASE if meter_number else data[38]
        amount = card.purchase_amount_minor if keep else 0
        assert 0 <= amount <= LARGEST_AMOUNT_MINOR, amount
        number = meter_number + 1 if keep else meter_number
        wallet = amount.to_bytes(4, "big") + number.to_bytes(4, "big")
        returned = bytes(self.family.lengths[RETURN]) if keep else image.files[RETURN]
        return self._all(self.family.profile.frame(_USER_CARD, bytes(data)), wallet, returned)

    def restore(
        self, card: StateGridCard, image: CardImage, purchase: Purchase
    ) -> list[PlainWrite]:
        """The wallet with its count and its amount, the return file empty."""
        as_sold = msgspec.structs.replace(card, purchase_amount_minor=purchase.amount_minor)
        return self.repair(as_sold, image, purchase.number - 1, purchase.currency, keep=True)

    def tool(
        self, image: CardImage, tool: str, person: Person, settings: Mapping[str, int], *,
        sealed: bool,  # noqa: ARG002 - such cards always carry the profile of their keys
    ) -> list[PlainWrite] | Refusal:  # fmt: skip
        """Inquiry, parameter preset and meter-number cards; never with money, which nobody paid and
        any meter would take as often as the card is put in."""
        assert self.is_unmade(image), image.serial
        if tool == "key-update":
            return Refusal("tool_card_needs_key_system")
        if tool not in self.tools:
            return Refusal("tool_card_unknown", {"tool": tool, "family": self.name})
        frame = self.family.profile.frame(_TOOL_COMMANDS[tool], _tool_data(tool, person, settings))
        parameters = frame.ljust(self.family.lengths[PARAMETERS], b"\0")
        wallet, returned = (bytes(self.family.lengths[file]) for file in (WALLET, RETURN))
        return self._all(parameters, wallet, returned)

    def tool_card(self, image: CardImage) -> ToolCard | None:
        """By the command of the shorter frame in file 1; a key card tells nothing of its keys."""
        state = self.family.state(image)
        if not isinstance(state, Refusal) or state.code != "card_unknown_kind":
            return None
        first, wallet = image.files[PARAMETERS], image.files[WALLET]
        tool = _TOOL_OF.get(first[1], "")
        head = self.family.profile.head_bytes()
        settings = _preset(first[head:], wallet) if tool == "preset" else {}
        meter = first[head : head + 6].hex()[1:] if tool == "meter-number" else ""
        return ToolCard(tool, meter, settings) if tool else None

    def reading(self, image: CardImage) -> MeterReading | None:
        """The return file."""
        state = self.family.state(image)
        if isinstance(state, Refusal) or not state.write_back_valid:
            return None
        return MeterReading(
            state.write_back_meter, state.written_back_number, left_minor=state.remaining_minor,
            overdraft_minor=state.overdraft_minor, result=0,
        )  # fmt: skip

    def witness_work(
        self, before: CardImage, now: CardImage, writes: Sequence[PlainWrite], serial: str
    ) -> Testimony:
        """Parameters and wallet; the return file is the meter's word."""
        told = compare(before, now, writes, serials={before.serial, serial}, by_meter=RETURN)
        back = self.reading(now)
        number = int.from_bytes(before.files[WALLET][4:], "big")
        taken = back is not None and back.purchase_number == number > 0
        first_time = back != self.reading(before)
        return "consumed" if told == "not_delivered" and taken and first_time else told

    def work_allowed(self, write: PlainWrite) -> bool:
        """File 1 without its address, the wallet as a whole, the return file as a whole."""
        length = len(write.data)
        if write.file == RETURN:
            return write.sealed and (write.address, length) == (0, self.family.lengths[RETURN])
        return self.family.allowed(write)


def _as_card(person: Person, purchase: Purchase) -> StateGridCard:
    """The lost card as far as a replacement repeats it."""
    return StateGridCard(
        serial=person.serial, card_number=person.card_number, meter=person.meter, sub_type=PURCHASE,
        purchase_number=purchase.number, purchase_amount_minor=purchase.amount_minor,
        purchase_valid=True, written_back_number=0, write_back_meter="", write_back_valid=False,
        return_empty=True, remaining_minor=0, overdraft_minor=0, illegal_inserts=0,
        currency=purchase.currency,
    )  # fmt: skip


def _tool_data(tool: str, person: Person, settings: Mapping[str, int]) -> bytes:
    """What stands in the frame of a tool card. A preset card has the first 26 bytes of a user card;
    one that sets the meter's number carries just that, our own reading of the standard."""
    if tool == "inquiry":
        return b""
    if tool == "meter-number":
        return bytes.fromhex(person.meter.rjust(METER_DIGITS + 1, "0"))
    alarms = [settings.get(name, 0) for name in ("alarm_minor", "second_alarm_minor")]
    ratios = [settings.get(name, 1) for name in ("current_ratio", "voltage_ratio")]
    return (
        bytes([1, 0x80]) + bytes(10)
        + b"".join(_bcd(value, 4) for value in alarms)
        + b"".join(_bcd(value, 3) for value in ratios)
    )  # fmt: skip


def _preset(data: bytes, wallet: bytes) -> dict[str, int]:
    """What a preset card sets; a number that is not decimal is left out."""
    digits = {name: data[at : at + length].hex() for name, (at, length) in _PRESET.items()}
    told = {name: int(text) for name, text in digits.items() if text.isdecimal()}
    return told | {"amount_minor": int.from_bytes(wallet[:4], "big")}


def _bcd(value: int, length: int) -> bytes:
    return bytes.fromhex(f"{value:0{2 * length}d}")


SHOP = StateGridShop(FAMILY)
