"""What a restore would give up, and the two persons who must agree to it (E17).

They are judged by the ledger that was just proved, and whoever has left by the one that is here
too: an old copy knows people who went since. Wrong PINs are not counted: who may start a restore
reads the files that the PINs could be tried on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlcipher3 import dbapi2

from kiosk.config import Settings
from kiosk.domain.entry import Entry
from kiosk.domain.organisation import may
from kiosk.errors import BadInput, StoreFault
from kiosk.front import enrolment
from kiosk.ledger.connection import Connection
from kiosk.ledger.opening import opening
from kiosk.ledger.operator_records import OperatorRecord
from kiosk.ledger.rebuild import Given
from kiosk.ledger.records import Records
from kiosk.ledger.sealing import entry_is_genuine
from kiosk.ledger.sources import DatabaseSource
from kiosk.ledger.store import open_reader
from kiosk.till.operators import is_pin_of
from kiosk.till.tokens import SecondPerson

#: Asked when something would be given up, with a sentence that says what: who does it, who agrees.
Agree = Callable[[str], tuple[SecondPerson, SecondPerson]]

#: The first takes entries out of a ledger, the second agrees where value moves without money.
_RIGHTS = ("archive", "approve")


def agreed(
    lost: str, agree: Agree | None, proved: Path, ledger: DatabaseSource | None, pepper: bytes
) -> tuple[str, str]:
    """The names of the two who agree that `lost` is given up; "" and "" where nothing is, or where
    nobody was ever registered. BadInput when they do not, and nothing is changed."""
    if not lost:
        return "", ""
    with contextlib.closing(open_reader(proved)) as reader:
        known = Records(reader, "").operators()
    here = _operators_in(ledger) if ledger else []
    known = known or here
    if not known:
        return "", ""
    if agree is None:
        raise BadInput(f"{lost} Two persons must agree to give that up.")
    persons = agree(lost)
    left = {each.operator for each in here if each.retired}
    by_name = {each.operator: each for each in known if each.operator not in left}
    if persons[0].name == persons[1].name:
        raise BadInput("The second person must be somebody else; nothing was changed.")
    for person, right in zip(persons, _RIGHTS, strict=True):
        record = by_name.get(person.name)
        role = record.role if record else ""
        if not is_pin_of(record, person.pin, pepper) or not may(role, right):
            raise BadInput(
                f"{person.name[:40]!r} cannot agree: the name or the PIN is wrong, or the role"
                " may not; nothing was changed."
            )
    return persons[0].name, persons[1].name


def not_compared(
    path: Path, settings: Settings, proved: Path, given: Sequence[Given], *, alone_is_enough: bool,
    without_medium: bool,
) -> str:  # fmt: skip
    """What may be lost, or "": whoever goes on where an old copy ends may write a number twice, so
    the newest source must have been asked. The second medium is one: its copy was made before each
    slip, and what the centre has not got yet stands there alone. BadInput when one was not asked
    and nobody says that it is lost."""
    asked = {each.source for each in given if each.last and not each.trouble}
    if "second medium" in asked:
        return ""
    has_medium = bool(settings.store.second_medium)
    found = any(each.source == "second medium" for each in given)
    if has_medium and not found and not without_medium:
        raise BadInput(
            f"The second medium {settings.store.second_medium} may hold more than this and is not"
            " there: plug it in, or say --without-second-medium if it is lost too."
        )
    if "upstream" in asked:
        return ""
    with contextlib.closing(open_reader(proved)) as reader:
        has_centre = enrolment.ever_enrolled(path, reader)
    if has_centre:
        if not alone_is_enough:
            raise BadInput(
                "The centre may hold more than this: add --upstream or --second-medium, or say"
                " --without-upstream if the centre is lost too."
            )
        return "The centre may hold more than this."
    if found and not without_medium:
        raise BadInput(
            "The second medium cannot be read to its end and may hold more than this: say"
            " --without-second-medium if nothing better is left."
        )
    return "The second medium may hold more than this." if found or has_medium else ""


def lost_with(ledger: DatabaseSource, proved: Path, upto: int, readable_end: int) -> str:
    """What this home wrote into its `ledger` and the one in `proved`, up to entry `upto`, lacks, as
    a sentence; "" for nothing. `readable_end` is the last entry that can be read of `ledger`."""
    first = upto + 1 if readable_end > upto else 0
    with contextlib.closing(open_reader(proved)) as reader, contextlib.suppress(StoreFault):
        first = _first_other(ledger, reader) or first
    if not first:
        return ""
    return f"Entries from {first} on, up to {readable_end}, stand in the ledger of this home alone."


def _first_other(ledger: DatabaseSource, proved: Connection) -> int:
    """The first entry that this home signed and that is not in the proved ledger, or 0."""
    opened = opening(proved)
    sql = (
        "SELECT sequence, time_ms, quality, kind, version, body, previous, signature"
        " FROM entries WHERE sequence = ?"
    )
    for entry, _ in ledger.entries():
        row = proved.execute(sql, (entry.sequence,)).fetchone()
        same = row is not None and Entry(opened.origin, *row) == entry
        if not same and entry_is_genuine(opened.public_key, entry):
            return entry.sequence
    return 0


def readable_end(ledger: DatabaseSource) -> int:
    """The last entry that can be read of a ledger; 0 when it cannot be read at all."""
    with contextlib.suppress(dbapi2.Error):
        row = ledger.connection.execute("SELECT max(sequence) FROM entries").fetchone()
        return int(row[0] or 0)
    return 0


def _operators_in(ledger: DatabaseSource) -> list[OperatorRecord]:
    """Whom a ledger that may be damaged knows, as far as it can be read."""
    with contextlib.suppress(dbapi2.Error, StoreFault):
        return Records(ledger.connection, "").operators()
    return []
