"""Whether the second medium is as it was written, read whole: at night, by `verify` and `doctor`.

A start only looks at its last record. A disk that rots in the middle would be found on the day it
is needed; so what was found is kept in the home and told until the medium is sound again.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from kiosk.domain.entry import Entry, digest
from kiosk.errors import StoreFault
from kiosk.ledger.connection import key_of
from kiosk.ledger.damage import forget_damage, known_damage, note_damage
from kiosk.ledger.entry_file import Cover, read_kept
from kiosk.ledger.second_medium import MEDIUM_DAMAGE, PURPOSE, compare_medium
from kiosk.ledger.store import open_reader


def entries_on(folder: str, origin: str) -> Path | None:
    """The file of `origin` on the medium of kiosk.toml; None when it is not there."""
    path = Path(folder) / f"{origin}.entries"
    return path if folder and path.is_file() else None


def older_than_medium(home: Path, origin: str, path: Path) -> tuple[int, str] | None:
    """The first entry that only the medium has, and a sentence. It is asked before the ledger is:
    whoever sells meanwhile writes to the ledger first. StoreFault when its end cannot be read."""
    cover = Cover(key_of(home), origin, PURPOSE)
    with contextlib.closing(open_reader(home)) as reader:
        return compare_medium(reader, path, cover)


def check_medium(home: Path, origin: str, path: Path) -> str:
    """What is wrong with the medium's file, or ""; noted for every process of the home."""
    try:
        _read(path, Cover(key_of(home), origin, PURPOSE))
    except StoreFault as fault:
        note_damage(home, fault.sentence, MEDIUM_DAMAGE)
        return fault.sentence
    except OSError as error:
        return f"{path}: the second medium cannot be read ({error.strerror})."
    if known_damage(home, MEDIUM_DAMAGE):
        forget_damage(home, MEDIUM_DAMAGE)
    return ""


def _read(path: Path, cover: Cover) -> None:
    """Every record opens, and each entry follows the one before; what was archived before the
    medium was taken may be missing."""
    last: Entry | None = None
    for entry, _ in read_kept(path, cover):
        if last is None and entry.sequence != 1:
            raise StoreFault(f"{path}: begins with entry {entry.sequence}.")
        following = last is not None and entry.sequence == last.sequence + 1
        if last is not None and (
            entry.sequence <= last.sequence or (following and entry.previous != digest(last))
        ):
            raise StoreFault(f"{path}: entry {entry.sequence} does not follow the one before.")
        last = entry
