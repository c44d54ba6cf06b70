"""What a customer's hands do in a rehearsal: cards, notes and, in `meter_hands`, the meter."""

from __future__ import annotations

import threading

from drivers.cash import sim as acceptor
from kiosk.domain import money
from kiosk.errors import BadInput
from kiosk.front.meter_hands import MeterHands
from kiosk.ports import HandsAnswer

_NOTE_WAIT_S = 6.0


class WorldHands(MeterHands):
    """The port Hands: what a customer's hands do with the simulated things."""

    def insert_card(self, customer: str) -> HandsAnswer:
        """Put the customer's card into the reader of this machine."""
        serial = self._world.held_card(customer)
        self._world.slot().insert(serial)
        known = self._world.records.card(serial=serial)
        return HandsAnswer(True, f"card {known.number if known else serial} inserted")

    def insert_other(self, kind: str, family: str = "open", meter: str = "") -> HandsAnswer:
        """Put in a card that is nobody's: blank, foreign, damaged or a tool card."""
        if meter:
            meter = self._world.meter(meter).number
        serial = self._world.make_other(kind, family, meter)
        self._world.slot().insert(serial)
        return HandsAnswer(True, f"card {serial} inserted")

    def lose_card(self, customer: str) -> HandsAnswer:
        """The customer's card is lost, from the reader or from the pocket."""
        chip = self._world.held_card(customer)
        slot = self._world.slot()
        if slot.state().card == chip:
            slot.pull()
        self._world.lost.mkdir(parents=True, exist_ok=True)
        (self._world.lost / chip).touch()
        return HandsAnswer(True, f"card {chip} lost")

    def find_card(self, customer: str) -> HandsAnswer:
        """The lost card turns up again."""
        card = self._world.card_of(customer)
        for standing in self._world.records.cards_of(meter=card.meter):
            chip = self._world.chip_of(standing.card.serial)
            if self._world.is_lost(chip):
                (self._world.lost / chip).unlink()
                return HandsAnswer(True, f"card {chip} found")
        raise BadInput(f"{customer}: this customer has lost no card.")

    def pull_card(self) -> HandsAnswer:
        """Pull whatever card is in the reader."""
        self._world.slot().pull()
        return HandsAnswer(True, "card pulled")

    def feed_note(self, amount_minor: int) -> HandsAnswer:
        """Push a note into the acceptor and watch what becomes of it for a moment."""
        ticket = acceptor.feed(self._world.acceptor, amount_minor)
        waited = threading.Event()
        fate = "waiting"
        for _ in range(int(_NOTE_WAIT_S / 0.1)):
            fate = acceptor.fate(self._world.acceptor, ticket)
            if fate != "waiting":
                break
            waited.wait(0.1)
        return HandsAnswer(fate == "stacked", fate)


def note_minor(text: str, currency: str) -> int:
    """A note's value as it is typed at `kiosk rehearse note`."""
    amount = money.parse_amount(text, currency)
    if not isinstance(amount, int):
        raise BadInput(f"{text}: a note has a value such as 20.")
    return amount
