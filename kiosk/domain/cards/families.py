"""Finding the family: of an image that was read, by name, or by a chip's answer to reset."""

from __future__ import annotations

from kiosk.domain.cards import at24, mifare, sle4442, state_grid
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.family import Family
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.open_on import OpenOn
from kiosk.errors import BadInput

OPEN = OpenOn(layout.FAMILY)

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (OPEN, sle4442.FAMILY, at24.FAMILY, mifare.FAMILY, state_grid.FAMILY)
}

_OPEN_HISTORICAL = b"KPH1"
_SERIAL_BYTES = 8


def of(image: CardImage) -> Family:
    """The family of an image; one that nobody knows is refused by the open layout as foreign."""
    return FAMILIES.get(image.family, OPEN)


def family(name: str) -> Family:
    """The family called `name`; BadInput with the names that there are."""
    found = FAMILIES.get(name)
    if found is None:
        raise BadInput(f"{name}: there is no such card family; known are {', '.join(FAMILIES)}.")
    return found


def family_of(atr: bytes) -> Family | None:
    """The family that a chip with this answer to reset may be of, or None when it is foreign.

    An I2C memory has no answer of its own, so a reader gives an empty one. A processor card of
    State Grid carries its serial in the last historical bytes; its folder tells it from a stranger.
    """
    history = historical_bytes(atr)
    if history.startswith(_OPEN_HISTORICAL):
        return OPEN if len(history) == len(_OPEN_HISTORICAL) + _SERIAL_BYTES else None
    if atr in sle4442.ANSWERS_TO_RESET:
        return sle4442.FAMILY
    if history in mifare.HISTORICAL:
        return mifare.FAMILY
    if atr[:1] == b"\x3b" and len(atr) >= 2 and not history and atr[1] == 0:
        return at24.FAMILY
    return state_grid.FAMILY if len(history) >= _SERIAL_BYTES else None


def historical_bytes(atr: bytes) -> bytes:
    """The historical bytes of an answer to reset, or nothing if it is none (ISO 7816-3, 8.2).

    The upper half of T0 and of each TD says which interface bytes follow; the lower half of T0
    counts the historical bytes at the end.
    """
    if len(atr) < 2:
        return b""
    position, announced = 1, atr[1]
    while True:
        position += (announced >> 4).bit_count()
        if not announced & 0x80:
            break
        if position >= len(atr):
            return b""
        announced = atr[position]
    return atr[position + 1 : position + 1 + (atr[1] & 0x0F)]
