"""The PC/SC library as we use it: pyscard's low-level calls, loaded late, and its error numbers.

pyscard builds from source on Linux, so it is an extra of its own, and nothing here is imported
unless a real reader is configured. Low-level calls give a number and raise nothing; `fault_of`
turns the number into what the customer can do about it (the table of hardware-facts 2).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kiosk.errors import BadInput, CardFault, CardMute, CardRemoved, CardReset, ServiceLost

#: The name under which PC/SC tells that a reader came or went.
READER_LIST = "\\\\?PnP?\\Notification"

OK = 0
TIMEOUT = 0x8010000A
CANCELLED = 0x80100002
NO_READERS = 0x8010002E
RESET_CARD = 0x80100068
SHARING_VIOLATION = 0x8010000B

_REMOVED = {0x80100069, 0x8010000C}
#: Unresponsive, unpowered, unsupported, not transacted, wrong protocol, system and data errors.
_MUTE = {0x80100066, 0x80100067, 0x80100065, 0x80100016, 0x8010000F, 0x80100012, 0x8010002F}

#: These mean that the connection to the service is no longer good and a new one must be made.
CONTEXT_LOST = {0x8010001D, 0x8010001E, 0x80100013, 0x80100003, 0x80100001}

_LIBRARY = "libpcsclite.so.1"


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that a C library prints reaches the terminal: descriptors 1 and 2 lead nowhere.

    For moments before a screen is drawn only; whatever else the process prints is lost as well.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    kept = [os.dup(1), os.dup(2)]
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for descriptor in (nowhere, *kept):
            os.close(descriptor)


def load() -> Any:
    """The module smartcard.scard; BadInput with one sentence when a part of it is missing.

    The C library is tried first: without it pyscard prints a complaint on the screen at each call.
    """
    if not has_library():
        raise BadInput("The card reader needs libpcsclite: apt install pcscd libpcsclite1.")
    try:
        with quiet():
            from smartcard import scard
    except ImportError:
        raise BadInput(
            "The card reader needs pyscard: pip install 'payment-hall[pcsc]' "
            "(and before it: apt install gcc python3-dev libpcsclite-dev)."
        ) from None
    return scard


def has_library() -> bool:
    """Whether the PC/SC library of the system can be loaded."""
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError:
        return False
    return True


def establish(scard: Any) -> tuple[int, Any]:
    """A new connection to the service: error number and handle."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    return number(result), context


def number(result: int) -> int:
    """The error number as it stands in the manuals, whatever sign the binding gives it."""
    return result & 0xFFFFFFFF


def fault_of(result: int) -> CardFault:
    """The error of the four transport classes that an error number stands for."""
    code = number(result)
    if code in _REMOVED:
        return removed()
    if code == RESET_CARD:
        return CardReset("Another program has reset the card; read it again.")
    if code in _MUTE:
        return mute()
    if code == SHARING_VIOLATION:
        return ServiceLost("Another program is using the card reader.")
    return ServiceLost(f"The card reader or its service is gone for now ({code:08X}).")


def removed() -> CardRemoved:
    """The card is out."""
    return CardRemoved("The card is not in the reader; put the same card in again.")


def mute() -> CardMute:
    """The card is in, and says nothing."""
    return CardMute("The card does not answer; take it out and look at the chip.")
