"""What is typed of a meter that is being installed."""

from __future__ import annotations

import msgspec

from kiosk.domain.credit_registers import ELECTRICITY


class NewMeter(msgspec.Struct, frozen=True):
    """A meter that is being installed; what is left empty is filled from the vending keys.

    `card_serial` empty: the card in the reader. `shares` are millionths or none. `key_revision` and
    `base_date` name the key that the meter is under; 0: the newest that may be used.
    """

    number: str
    kind: str
    power_type: str
    phases: int = 1
    capacity_w: int = 0
    supply_group: str = ""
    tariff_index: int = 1
    card: str = ""
    card_serial: str = ""
    place: str = ""
    installed_on: str = ""
    reading_wh: int = 0
    seals: list[str] = []
    shares: list[tuple[str, int]] = []
    register: str = ELECTRICITY
    key_revision: int = 0
    base_date: int = 0
