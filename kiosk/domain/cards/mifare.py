"""MIFARE Classic: blocks of 16 bytes, three of data in a sector, a key for each sector.

The open layout's files lie in sectors of their own, and the validity byte of the purchase and of
the write-back in blocks of their own: a block that was torn while it was written may hold anything.
The serial of the identity file is the UID, with zeros before it.
"""

from __future__ import annotations

from kiosk.domain.cards.open_on import OpenOn

FAMILY = OpenOn("mifare")

BLOCK_BYTES = 16

#: File -> its blocks in order; a block holds the next 16 bytes of the file. Sector 0 is the maker's
#: and the last block of each sector is its trailer, which bricks the sector when written wrongly.
BLOCKS = {1: (4, 5, 6), 2: (8, 9, 10), 3: (12, 13, 14), 4: (16, 17, 18)}

#: File -> where its validity byte at offset 39 lies instead: first byte of this block.
VALIDITY_BLOCKS = {2: 20, 3: 21}

#: Historical bytes of PC/SC part 3 for a contactless memory card: MIFARE Classic 1K and 4K.
HISTORICAL = {bytes.fromhex(f"804F0CA000000306030{name}00000000") for name in ("001", "002")}
