"""What a driver asks before the writes of a work, and the MACs that it puts into them.

The whitelist is the family's; beyond it the driver looks at the card itself: an identity that is
finished is never written again, whatever the caller believes of the card.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from drivers.card.sealing import mac_input
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import PlainWrite
from kiosk.errors import BadInput
from kiosk.ports import SecurityModule


def check(family: str, writes: Sequence[PlainWrite]) -> None:
    """BadInput for a write that is not in the staff's whitelist of the family."""
    from kiosk.domain.cards.workshops import SHOPS  # a reader that only sells does not need them

    for write in writes:
        if not SHOPS[family].work_allowed(write):
            raise BadInput(
                f"No work writes {len(write.data)} bytes at {write.address} of card file"
                f" {write.file}; nothing was written."
            )


def check_identity(identity: bytes, writes: Sequence[PlainWrite]) -> None:
    """BadInput when a finished identity of the open layout would be changed."""
    changes = any(write.file == layout.IDENTITY for write in writes)
    if changes and identity[-1:] == layout.VALID:
        raise BadInput("The card is made out already; nothing was written.")


def serial_made(writes: Sequence[PlainWrite]) -> str:
    """The serial that the writes give a chip without one of its own; "" when they give none."""
    for write in writes:
        if (write.file, write.address) == (layout.IDENTITY, 0):
            return write.data[4:12].hex()
    return ""


def seal_work(
    module: SecurityModule | None,
    family: str,
    serial: str,
    identity: bytes,
    writes: Sequence[PlainWrite],
) -> list[PlainWrite]:
    """The writes with the MAC of each file among them filled in, under the issue number that the
    card has afterwards. BadInput without a module."""
    if not any(write.sealed for write in writes):
        return list(writes)
    contents = {write.file: write.data for write in writes if write.address == 0}
    made = contents.get(layout.IDENTITY, identity)
    if module is None:
        raise BadInput("This card needs a security module to be written; nothing was written.")
    sealed = []
    for write in writes:
        if write.sealed:
            message = mac_input(write.file, contents[write.file], made[2:4])
            mac = module.content_mac(family, serial, message)
            sealed.append(msgspec.structs.replace(write, data=mac))
        else:
            sealed.append(write)
    return sealed
