"""SLE 4432/4442/5532/5542: 256 bytes, the first 32 of which can be locked for ever.

The open layout's files lie one behind the other after the first 32 bytes, which hold what the maker
wrote and are never touched. The chip has no serial of its own, so the identity file's counts: such
a card can be copied, and only the MAC, the purchase number and the hot list stand against it (E16).
"""

from __future__ import annotations

from kiosk.domain.cards.open_on import OpenOn

FAMILY = OpenOn("sle4442")

#: Address of each file in the memory.
PLACES = {1: 32, 2: 80, 3: 120, 4: 160}

MEMORY_BYTES = 256

#: The chip's answer to reset as card readers hand it on.
ANSWERS_TO_RESET = {bytes.fromhex("3B04A2131091")}
