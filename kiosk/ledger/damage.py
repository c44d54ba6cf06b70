"""That this ledger was found damaged: a mark beside it; nothing is sold until it is restored.

What `verify`, the night or a start found once stands over restarts and for every process of the
home (E17); a start alone looks at a sample and might not find it again. A restore lets it go.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from kiosk.errors import discreet
from kiosk.ledger.files import sync_folder, write_durably

#: In the home; its content is the sentence, without numbers of customers.
MARK = "ledger.damaged"
#: In the home: the centre has proved that this ledger is a copy of another, or an old state of it.
FORK = "ledger.forked"


def note_damage(home: Path, sentence: str, mark: str = MARK) -> None:
    """Remember what was found first. A disk that takes no more says so elsewhere."""
    with contextlib.suppress(OSError):
        write_durably(home / mark, discreet(sentence).encode())


def known_damage(home: Path, mark: str = MARK) -> str:
    """What was found, or "" when nothing was."""
    try:
        return (home / mark).read_text(encoding="utf-8", errors="replace") or "damage was found"
    except FileNotFoundError:
        return ""


def forget_damage(home: Path, mark: str = MARK) -> None:
    """Another one was proved and is in force."""
    (home / mark).unlink(missing_ok=True)
    sync_folder(home)
