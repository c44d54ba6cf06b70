"""AT24C02 and larger I2C memories: no serial, no code, no protection at all.

The open layout's files lie at fixed places of the first 256 bytes. Anybody can copy or change such
a card, so a site that accepts it without MAC accepts that risk (E16).
"""

from __future__ import annotations

from kiosk.domain.cards.open_on import OpenOn

FAMILY = OpenOn("at24")

#: Address of each file in the memory; every file begins with a page of 16 bytes.
PLACES = {1: 0, 2: 48, 3: 96, 4: 144}

MEMORY_BYTES = 256
