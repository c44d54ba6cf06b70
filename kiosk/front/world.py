"""The rehearsal's world: simulated devices on disk, and the customer's hands.

Everything a device knows stands under HOME/world before it answers, so another process can play the
hands and a killed program finds the world as it left it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.card.sealing import seal_files
from drivers.card.sim import CardRack, SimulatedSlot
from drivers.card.simulated_reader import SimulatedReader
from drivers.vending.card_keys import PUBLISHED_MASTER, SoftwareCardModule, card_key
from kiosk.domain.cards import account_area
from kiosk.domain.cards import open as open_card
from kiosk.domain.registry import METER_DIGITS, Card, Meter
from kiosk.errors import BadInput
from kiosk.front.makers_keys import MakersKey
from kiosk.ledger.records import Records
from kiosk.ledger.stations import is_gone
from kiosk.ports import SecurityModule

if TYPE_CHECKING:  # the meters load when a hand first reaches for one
    from drivers.meter.card_meter import CardMeter
    from drivers.meter.keypad import KeypadMeter

#: The slot of the face's own reader; commands bring a reader of their own.
READER = "reader"
#: The slot of the security module for cards, where kiosk.toml asks for one.
SAM = "sam"


#: So many customers of one name are looked at to tell whether it is one only.
_NAMESAKES = 10


class World:
    """The folder of simulated things, and how to find the customer's among them.

    `module` seals and opens the cards for the seller; without one this is a world without keys,
    whose new cards and meters have none either. `maker` knows the keys of keypad meters that are
    not the published ones.
    """

    def __init__(
        self,
        home: Path,
        records: Records,
        folder: Path | None = None,
        module: SecurityModule | None = None,
        maker: MakersKey | None = None,
    ) -> None:
        self.home, self.records, self.module = home, records, module
        self._maker = maker
        self.folder = folder or home / "world"
        self.meters = self.folder / "meters"
        self.acceptor = self.folder / "acceptor"
        self.printer = self.folder / "printer"
        self.rack = CardRack(self.folder)
        self.lost = self.folder / "lost"

    def build(self, meters: list[Meter], cards: list[Card]) -> None:
        """Make every meter and card that the catalogue names; existing ones stay as they are."""
        for meter in meters:
            self.make_meter(meter)
        known = set(self.rack.serials())
        for card in cards:
            if card.serial not in known:
                with contextlib.suppress(BadInput):  # another process builds the same world
                    self.make_card(card)

    def make_card(self, card: Card) -> None:
        """A new chip, made out to its meter; BadInput when there is one with this serial."""
        files = open_card.make(card.serial, card.number, card.meter, card.issue)
        if self.module is None:
            self.rack.make(card.serial, files)
            return
        files[account_area.SECOND_SLOT] = bytes(account_area.SLOT_BYTES)
        # Cards are made out where the keys are, whatever module this hall sells with.
        sealed = seal_files(SoftwareCardModule(), open_card.FAMILY, card.serial, files)
        key = card_key(PUBLISHED_MASTER, 2, card.serial)
        self.rack.make(card.serial, sealed, chip="keyed", key=key)

    def make_meter(self, meter: Meter) -> KeypadMeter | CardMeter:
        """The simulated meter of a registry entry, made at the factory on first use."""
        from drivers.meter.factory import PUBLISHED_CARD_KEY, card_meter, keypad_meter
        from drivers.meter.keypad_state import KeypadState
        from drivers.meter.memory import MeterMemory

        if meter.kind == "card":
            key = b"" if self.module is None else PUBLISHED_CARD_KEY
            return card_meter(self.meters, meter.number, card_key=key)
        known = MeterMemory(self.meters, meter.number, KeypadState).exists()
        maker = None if known else self._maker
        return keypad_meter(
            self.meters, meter.number, vending_key=maker(meter) if maker is not None else b"",
            supply_group=meter.supply_group, key_revision=meter.key_revision,
            tariff_index=meter.tariff_index, key_type=meter.key_type,
            base_date=meter.base_date, algorithm="11" if meter.algorithm == "11" else "07",
            register=meter.register,
        )  # fmt: skip

    def card_of(self, customer: str) -> Card:
        """The card of an account, meter or card number, or of a name that one customer has.

        BadInput when there is none.
        """
        bare = customer.replace(" ", "")
        meters = self.records.meters_of(bare) or self._meters_of_name(customer)
        numbers = [meter.number for meter in meters] or [bare]
        for number in numbers:
            card = self.records.card(meter=number) or self.records.card(number=number)
            if card is not None:
                return card
        raise BadInput(
            f"{customer}: no customer with a card has this account, meter or card number."
        )

    def _meters_of_name(self, name: str) -> list[Meter]:
        found = self.records.search(name, _NAMESAKES)
        exact = [meter for meter in found if self._name_of(meter) == name.casefold()]
        return exact if len({meter.account for meter in exact}) == 1 else []

    def _name_of(self, meter: Meter) -> str:
        customer = self.records.customer(meter.account)
        return customer.name.casefold() if customer else ""

    def held_card(self, customer: str) -> str:
        """The chip of the card that the customer has at hand; BadInput when it is lost."""
        bare = customer.replace(" ", "").lower()
        chip = bare if bare in self.rack.serials() else self.chip_of(self._serial_of(customer))
        if self.is_lost(chip):
            raise BadInput(f"{customer}: this card is lost; `kiosk rehearse card find` finds it.")
        return chip

    def _serial_of(self, customer: str) -> str:
        """The serial in the registry: one that is typed, or that of the customer's card."""
        typed = self.records.card(serial=customer.replace(" ", "").lower())
        return (typed or self.card_of(customer)).serial

    def chip_of(self, serial: str) -> str:
        """The name in the rack of the chip of a registered card; most have it as their serial."""
        if serial in self.rack.serials():
            return serial
        from kiosk.front import chips

        return chips.chip_of(self.rack, serial)

    def is_lost(self, chip: str) -> bool:
        """Whether no hand can put this card in until it is found."""
        return (self.lost / chip).exists()

    def new_serial(self, kind: str) -> str:
        """A serial that no card of this world has."""
        number = len(self.rack.serials())
        return hashlib.sha256(f"{kind} card {number}".encode()).hexdigest()[:16]

    def make_other(self, kind: str, family: str = "open", meter: str = "") -> str:
        """A new blank card of `family`, a State Grid tool card for `meter`, or a foreign or damaged
        card; the name of its chip."""
        from kiosk.front import chips

        serial = chips.serial_for(family, self.new_serial(kind))
        if kind == "blank":
            chips.make_blank(self.rack, family, serial, keyed=self.module is not None)
        elif kind in chips.TOOL_CARDS:
            chips.make_tool(self.rack, kind, meter or "0" * METER_DIGITS, serial)
        elif kind in chips.NOBODYS:
            chips.make_nobodys(self.rack, kind, serial)
        else:
            raise BadInput(
                f"{kind}: a card is blank, foreign or damaged, or a tool card:"
                f" {', '.join(chips.TOOL_CARDS)}."
            )
        return serial

    def meter(self, number: str) -> KeypadMeter | CardMeter:
        """The simulated meter with this number. BadInput when there is none."""
        meter = self.records.meter(number.replace(" ", ""))
        if meter is None:
            raise BadInput(f"{number}: there is no such meter in this rehearsal.")
        return self.make_meter(meter)

    def reader(self, slot: str = READER) -> SimulatedReader:
        """The simulated reader `slot`."""
        return SimulatedReader(self.folder, slot, module=self.module)

    def slot(self, name: str = READER) -> SimulatedSlot:
        """The slot itself, as the hands see it."""
        return SimulatedSlot(self.folder, name)

    def clear_gone_slots(self) -> None:
        """Give back the cards that a killed command had in its own reader."""
        for path in (self.folder / "slots").glob("*.json"):
            if path.stem not in (READER, SAM) and is_gone(self.home, path.stem):
                slot = self.slot(path.stem)
                with contextlib.suppress(BadInput):  # another process starts in the same moment
                    slot.pull()
                slot.path.unlink(missing_ok=True)


class DeviceLock:
    """One process a simulated device; the second finds it in use."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(folder / "in-use.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise

    def close(self) -> None:
        """Let the next process have it."""
        os.close(self._handle)
