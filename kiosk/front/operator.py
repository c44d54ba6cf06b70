"""Who gives a command: built in for a rehearsal, elsewhere a name and the PIN on its input."""

from __future__ import annotations

import getpass
import sys

from kiosk.errors import BadInput, Refusal
from kiosk.till.desk import Desk
from kiosk.till.operators import sign_in


def become(desk: Desk, name: str) -> Refusal | None:
    """Sign the desk in as `name`. A PIN never stands on a command line (design 7)."""
    if not name:
        if desk.settings.site.mode != "rehearsal":
            raise BadInput("Say who you are: --operator NAME, with the PIN on standard input.")
        desk.operator, desk.role = "rehearsal", "supervisor"
        return None
    pin = getpass.getpass("PIN: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    found = sign_in(desk, name, pin)
    return found if isinstance(found, Refusal) else None
