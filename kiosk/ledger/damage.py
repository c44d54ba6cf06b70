"""Damage that a whole check has found: it stands over restarts until the ledger is sound (E17).

The start looks at the tail and a sample; what `kiosk verify`, the doctor or the night found
elsewhere would be sold from again after the next start. The note goes when a whole check finds
nothing, and with a ledger that was restored.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from kiosk.ledger.files import replace_durably

DAMAGE_FOUND = "damage.found"
_LONGEST = 400


def note(home: Path, fault: str) -> None:
    """Keep what a whole check found: "" that nothing is wrong. On a disk that takes no file, the
    sentence that a person reads must do."""
    with contextlib.suppress(OSError):
        if fault:
            replace_durably(home / DAMAGE_FOUND, fault[:_LONGEST].encode())
        else:
            (home / DAMAGE_FOUND).unlink(missing_ok=True)


def noted(home: Path) -> str:
    """What was found; "" when nothing was, or it was mended."""
    try:
        return (home / DAMAGE_FOUND).read_text(errors="replace") or "damage was found"
    except FileNotFoundError:
        return ""
