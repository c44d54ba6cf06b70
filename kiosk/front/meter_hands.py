"""What a customer's hands do at a simulated meter."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from drivers.card.simulated_reader import SimulatedTransport
from kiosk.domain.energy import STS_STEP_WH
from kiosk.errors import BadInput
from kiosk.ledger.stations import Station
from kiosk.ports import HandsAnswer

if TYPE_CHECKING:  # the meters load when a hand first reaches for one
    from drivers.meter.face import MeterAnswer, MeterFace
    from drivers.meter.keypad import KeypadMeter
    from kiosk.front.world import World


class MeterHands:
    """The part of the port Hands that is about meters."""

    def __init__(self, world: World) -> None:
        self._world = world

    def enter_token(self, meter: str, token: str) -> HandsAnswer:
        """Type the digits into a keypad meter."""
        found = self._keypad(meter, "; put its card in.")
        return _answer(found.enter(token), found.show())

    def insert_in_meter(self, meter: str, card: str = "") -> HandsAnswer:
        """Put a card into a card meter, and take it out again."""
        from drivers.meter.card_meter import CardMeter

        found = self._world.meter(meter)
        if not isinstance(found, CardMeter):
            raise BadInput(f"{meter}: this meter has a keypad; enter the token.")
        serial = self._world.held_card(card or meter)
        # The lock tells other processes that this slot is not one that was left behind.
        hand = Station(self._world.home, f"meter-{os.getpid()}-{threading.get_ident()}")
        slot = self._world.slot(hand.name)
        try:
            slot.insert(serial)
            session = SimulatedTransport(slot).connect()
            try:
                answer = found.insert(lambda apdu: session.transmit(apdu, 2.0), session.atr)
            finally:
                session.close()
                slot.pull()
        finally:
            slot.path.unlink(missing_ok=True)
            hand.close()
        return _answer(answer, found.show())

    def open_case(self, meter: str) -> HandsAnswer:
        """Open the case of a keypad meter, as somebody does who wants to bridge it."""
        found = self._keypad(meter, " to clear it by; leave its case shut.")
        found.open_case()
        return HandsAnswer(True, "case opened", 0, _left_wh(found.show()), found.settings())

    def provoke(self, meter: str, refusal: str) -> HandsAnswer:
        """Bring a keypad meter into a state in which it refuses the tokens made up to now."""
        from drivers.meter.provoked import PROVOKED

        found = self._keypad(meter, "; it takes no tokens.")
        if refusal not in PROVOKED:
            raise BadInput(f"{refusal[:40]}: a meter can be made to say {', '.join(PROVOKED)}.")
        base_date = found.registers().base_date
        newest = self._world.records.last_identifier(found.number, base_date)
        if newest is None:
            raise BadInput(f"{meter}: no token was made for this meter yet; sell one first.")
        found.provoke(refusal, newest)
        left_wh = _left_wh(found.show())
        return HandsAnswer(True, f"the meter will say {refusal}", 0, left_wh, found.settings())

    def use(self, meter: str, amount: str) -> HandsAnswer:
        """Switch something on until so much is used, or the meter switches off."""
        from drivers.meter.keypad import KeypadMeter
        from drivers.meter.registers import ELECTRICITY, REGISTERS, units_of

        found = self._world.meter(meter)
        register = found.registers().register if isinstance(found, KeypadMeter) else ELECTRICITY
        units = units_of(REGISTERS[register], amount)
        if units is None:
            raise BadInput(f"{amount[:40]!r}: write how much, such as 12.5.")
        if isinstance(found, KeypadMeter) and register != ELECTRICITY:
            found.consume_credit(units)
            return HandsAnswer(True, "used", display=found.settings())
        return HandsAnswer(True, "used", 0, found.consume(units * STS_STEP_WH))

    def show_meter(self, meter: str) -> HandsAnswer:
        """Read the meter's display."""
        found = self._world.meter(meter)
        face = found.show()
        return HandsAnswer(True, face.last_result or "shown", 0, _left_wh(face), found.settings())

    def _keypad(self, meter: str, otherwise: str) -> KeypadMeter:
        """The keypad meter with this number; BadInput with `otherwise` for a card meter."""
        from drivers.meter.keypad import KeypadMeter

        found = self._world.meter(meter)
        if not isinstance(found, KeypadMeter):
            raise BadInput(f"{meter}: this meter has no keypad{otherwise}")
        return found


def _answer(answer: MeterAnswer, face: MeterFace) -> HandsAnswer:
    taken = answer.result in {"accepted", "credited"}
    return HandsAnswer(taken, answer.result, answer.energy_wh_added, _left_wh(face), answer.display)


def _left_wh(face: MeterFace) -> int | None:
    """Energy on the meter; None for one that counts something else, whose display says it."""
    return face.energy_left_wh if face.register == "electricity" else None
