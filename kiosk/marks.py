"""Named crash and wait points on the path of a sale (design: Marks).

A mark costs one comparison with None in production. `KIOSK_MARK=name[:n]` in a rehearsal home
kills the process, as a power cut would, at the n-th passage; tests arm a callable of their own to
wait or to kill. `kiosk marks` lists them.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from kiosk.errors import BadInput

MARKS: dict[str, str] = {
    "pen.before_commit": "facts are in the transaction, the commit has not begun",
    "pen.after_commit": "facts are durable, nobody has been told",
    "pen.after_second_medium": "facts are durable and on the second medium, nobody has been told",
    "store.before_swap": "another file is ready to be the ledger, the old one is in force",
    "store.after_swap": "another file is the ledger, its keys are not in force yet",
    "update.after_copy": "an older ledger is copied, nothing of it was changed",
    "update.before_commit": "its tables are changed in a transaction that is not committed",
    "update.after_commit": "it is a ledger of this program, nobody has opened it",
    "sale.before_commit_one": "quote and money are there, nothing is in the journal",
    "sale.after_commit_one": "the sale is paid in the journal, nothing was delivered",
    "token.before_issue": "the security module has not been asked",
    "token.after_issue": "the module has answered, the token is not in the journal",
    "issue.before_commit": "a token outside a sale is wanted, nothing is in the journal",
    "issue.after_commit": "its intention is in the journal, the module has not been asked",
    "issue.after_module": "the module has answered, the journal does not know",
    "issue.after_outcome": "its outcome is in the journal, nobody has seen it",
    "card.before_write": "the card is still as it was read",
    "card.after_each_write": "one of the ordered writes is on the card (n-th passage, n-th write)",
    "card.before_read_back": "all writes are on the card, none was verified",
    "card.after_read_back": "the card is verified, the journal does not know",
    "account.after_intention": "the money of a top-up is taken, the card is as it was",
    "account.before_write": "the account on the card is still as it was read",
    "account.before_read_back": "the movement is on the card, nobody has verified it",
    "sale.before_commit_two": "the delivery is known, the journal does not know",
    "sale.after_commit_two": "the sale is delivered in the journal, the customer has seen nothing",
    "slip.before_print": "the sale stands, no paper has moved",
    "slip.after_print": "the printer has the slip, its outcome was not noted",
    "note.before_intention": "a note is in escrow, the journal does not know",
    "note.after_intention": "the intention to stack it is in the journal",
    "note.after_stack": "the note is in the box, the journal does not know",
    "note.after_fact": "the note is in the journal, the screen does not show it",
    "note.before_keep": "the payment was given up, its money is still held",
    "recover.before_commit": "recovery knows the outcome, the journal does not",
    "revoke.after_order": "the order that withdraws this terminal is kept, nothing was done",
    "revoke.after_fact": "the last fact of the journal is written, nothing is sealed",
    "revoke.after_sealing": "what the centre lacks is sealed to it, nothing is wiped",
    "revoke.after_keys": "the keys are wiped, the ledger is still there",
    "revoke.after_copies": "second medium and backups are wiped, the home is not",
    "revoke.after_wipe": "everything is wiped, the centre lacks what was left behind",
    "revoke.after_bringing": "the centre has it all, the sealed file is still there",
    "courier.before_send": "a bundle is ready",
    "courier.after_send": "upstream has answered, the acknowledgement is not kept",
}

_armed: Callable[[str], None] | None = None


def mark(name: str) -> None:
    """Pass the point `name`; does nothing unless a test or KIOSK_MARK has armed the marks."""
    if _armed is not None:
        assert name in MARKS, name
        _armed(name)


def arm(action: Callable[[str], None] | None) -> None:
    """Call `action` with the name of every mark that is passed; None disarms."""
    global _armed  # noqa: PLW0603 - one switch for the whole process is what a mark is
    _armed = action


def arm_from(text: str) -> None:
    """Arm from the text of KIOSK_MARK, `name` or `name:n`; BadInput for a name that is no mark."""
    name, _, passage = text.partition(":")
    if name not in MARKS or (passage and not passage.isdecimal()) or passage == "0":
        raise BadInput(
            f"KIOSK_MARK: {text!r} is no mark; `kiosk marks` lists them (name or name:n)."
        )
    arm(_Killer(name, int(passage or 1)))


class _Killer:
    """Kills this process at the n-th passage, as a power cut would: nothing is cleaned up."""

    def __init__(self, name: str, passage: int) -> None:
        self.name, self.left = name, passage
        self.lock = threading.Lock()

    def __call__(self, name: str) -> None:
        if name != self.name:
            return
        with self.lock:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
