"""What can go wrong, ordered by what the caller can do.

    Refusal (a value)           the answer is no, for a reason that the customer can be told
    KioskError                  a surprise with one clear sentence; a command prints it and exits 1
    +- BadInput                 what was typed or configured cannot be used: correct it
    |  +- ConfigFault           kiosk.toml: file, line, what to write instead
    |  +- HomeFault             the home folder cannot be used
    +- StoreFault               the database cannot be used: stop selling
    |  +- LedgerDamaged         the chain, a posting or a total is wrong; `entry` names the first
    +- Conflict                 somebody else was faster: read again and decide again
    +- DeviceFault              a device did not do it
    |  +- CardFault             see each class: what to ask of the customer differs
    |  |  +- CardRemoved        the card is out: ask for the same card
    |  |  +- CardReset          someone else reset it: read it again
    |  |  +- CardMute           it does not answer: take it out, look at the chip
    |  |  +- CardUnusable       it answers, but is blank, foreign or damaged (`code` says which)
    |  |  |  +- CardForged      it is not what it says it is: keep the image, call staff (E16)
    |  |  +- ServiceLost        the reader or its service is gone: it comes back by itself
    |  +- CashFault             the note acceptor does not answer
    |  +- PrinterFault          the printer does not answer
    |  +- VendorFault           the security module did not answer: the outcome is not known
    +- LinkFault                upstream cannot be reached: later

A refusal is never raised and an error is never returned. An error after the first write to a card
means "outcome unknown", whichever class it has (hardware-facts: card sessions).
"""

from __future__ import annotations

import re
import traceback

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """The answer is no. `code` names the reason; `details` fill its sentence in kiosk/words.

    The sentence stands in the [refusals] table of each language under the same code; a tidy test
    compares the two lists.
    """

    code: str
    details: dict[str, str | int] = {}


class KioskError(Exception):
    """A surprise with one clear sentence: what, where, what to do.

    A sentence may quote what came from outside; nothing in it moves the cursor of a terminal.
    """

    def __init__(self, sentence: str) -> None:
        self.sentence = "".join(sign if sign.isprintable() else "\ufffd" for sign in sentence)
        super().__init__(self.sentence)


class BadInput(KioskError):
    """What was typed or configured cannot be used."""


class ConfigFault(BadInput):
    """kiosk.toml cannot be used."""


class HomeFault(BadInput):
    """The home folder cannot be used."""


class StoreFault(KioskError):
    """The database cannot be used; nothing may be sold."""


class LedgerDamaged(StoreFault):
    """The journal does not hold what was written; `entry` is the first bad sequence number."""

    def __init__(self, sentence: str, entry: int) -> None:
        super().__init__(sentence)
        self.entry = entry


class Conflict(KioskError):
    """What was decided on is no longer so (an identifier taken, a sale moved on); decide again."""


class DeviceFault(KioskError):
    """A device did not do what was asked."""


class CardFault(DeviceFault):
    """The card or its reader; after the first write the outcome is unknown."""


class CardRemoved(CardFault):
    """The card was pulled out."""


class CardReset(CardFault):
    """Another program reset the card."""


class CardMute(CardFault):
    """The card does not answer."""


class CardUnusable(CardFault):
    """The card answers but cannot be sold to: `code` is blank, foreign, damaged,
    forged or other_card."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class CardForged(CardUnusable):
    """The card is not what it says it is (E16); `evidence` is the CardImage that was read."""

    def __init__(self, sentence: str, evidence: object) -> None:
        super().__init__(sentence, "forged")
        self.evidence = evidence


class ServiceLost(CardFault):
    """The reader or the card service is gone for now."""


class CashFault(DeviceFault):
    """The note acceptor does not answer."""


class PrinterFault(DeviceFault):
    """The printer does not answer."""


class VendorFault(DeviceFault):
    """The security module did not answer; ask for the result, never issue again (E06)."""


class LinkFault(KioskError):
    """Upstream cannot be reached."""


#: A number that long may be a meter, a card or a token.
_DIGITS = re.compile(r"\d{6,}")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|b'[^'\n]*'")


def discreet(text: str) -> str:
    """`text` without numbers that may be a meter's, a card's or a token's: for logs, which lie
    open on the disk (reliability 7.6, 29)."""
    return _DIGITS.sub("######", text)


def trace(error: BaseException) -> str:
    """Where an error came from, for logs and fault files: the lines of the program, and of the
    message nothing that may be a customer's. Our own sentences are kept."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    if isinstance(error, KioskError):
        said = discreet(error.sentence)
    else:
        said = _QUOTED.sub("'...'", discreet(str(error)))[:300]
    told = f"{frames}{type(error).__name__}: {said}\n"
    if error.__cause__ is None:
        return told
    return f"{trace(error.__cause__)}\nThis led to:\n\n{told}"
