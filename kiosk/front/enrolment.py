"""Becoming known to the centre: its name, its key and what it gave this home, kept in a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiosk.domain import facts
from kiosk.domain.store_facts import LeaseGiven
from kiosk.errors import HomeFault, LinkFault
from kiosk.front import leasing
from kiosk.ledger.connection import Connection
from kiosk.ledger.files import replace_durably
from kiosk.ledger.journal import Journal
from kiosk.ledger.records import Records
from sync import wire
from sync.courier import EnrolledCentre
from sync.roads.apart import RoadApart
from sync.roads.https import HttpsRoad

CENTRE_FILE = "centre.json"


def enrolled(home: Path) -> EnrolledCentre | None:
    """The centre that the file in this home names; HomeFault when it is damaged. What is believed,
    sent or wiped for its sake asks `centre_of`: the file lies open."""
    kept = given(home)
    return _centre(kept) if kept else None


def ever_enrolled(home: Path, ledger: Connection) -> bool:
    """Whether a centre may hold entries of this home: the file that names it may have been taken
    away, the fact that it gave a lane not."""
    if (home / CENTRE_FILE).exists():
        return True
    sql = "SELECT 1 FROM entries WHERE kind = ? LIMIT 1"
    return ledger.execute(sql, (facts.LaneGiven.KIND,)).fetchone() is not None


def centre_of(home: Path, records: Records) -> EnrolledCentre | None:
    """The centre that this home was enrolled with, as its journal knows it too. LinkFault when the
    file names another one: its prices, leases and orders would be anybody's."""
    centre = enrolled(home)
    if centre is not None:
        refuse_other(records, centre)
    return centre


def refuse_other(records: Records, centre: EnrolledCentre) -> None:
    """Raises LinkFault unless `centre` is the one that the journal was enrolled with: by the key of
    its lease, else by what it has signed, else by its name."""
    lease, kept = records.last_of(LeaseGiven.KIND), records.newest_anchor()
    lane = records.last_of(facts.LaneGiven.KIND)
    if isinstance(lease, LeaseGiven):
        same = lease.public_key == centre.public_key
    elif kept:
        same = leasing.signed_ms(kept, centre.public_key) > 0
    else:
        same = not isinstance(lane, facts.LaneGiven) or lane.centre == centre.name
    if not same:
        raise LinkFault(
            f"{centre.name} is not the centre that this terminal was enrolled with: nothing is"
            f" sent to it and nothing is taken from it. Put {CENTRE_FILE} back, or open a new home."
        )


def given(home: Path) -> wire.Enrolment | None:
    """What that centre gave. HomeFault when the file is damaged."""
    path = home / CENTRE_FILE
    if not path.exists():
        return None
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=wire.Enrolment)
        bytes.fromhex(kept.public_key + kept.sealing_key)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise HomeFault(f"{path}: is damaged ({error}); put it back from a backup.") from error
    return kept


def _centre(told: wire.Enrolment) -> EnrolledCentre:
    return EnrolledCentre(told.centre, bytes.fromhex(told.public_key))


def enrol(
    home: Path, journal: Journal, road: HttpsRoad | RoadApart, code: str = ""
) -> EnrolledCentre:
    """Become known to the centre and keep its name, its key and our lane. LinkFault if refused."""
    opened = journal.records.opened()
    answer = road.enrol(wire.EnrolmentRequest(opened.origin, opened.public_key.hex(), code))
    if isinstance(answer, wire.Refused):
        raise LinkFault(f"The centre does not know this terminal: {answer.sentence}")
    refuse_other(journal.records, _centre(answer))
    lane = facts.LaneGiven(answer.residue, answer.lanes, answer.centre)
    lease = LeaseGiven(answer.centre, bytes.fromhex(answer.public_key), answer.lease_days)
    journal.append(*([lane, lease] if answer.lease_days else [lane]))
    return _keep(home, answer)


def known_again(home: Path, road: HttpsRoad, origin: str, public_key: bytes) -> EnrolledCentre:
    """The centre of a terminal whose disk is lost: it knows the number and the key, and says who it
    is once more. LinkFault if it does not."""
    answer = road.enrol(wire.EnrolmentRequest(origin, public_key.hex(), ""))
    if isinstance(answer, wire.Refused):
        raise LinkFault(f"The centre does not know this terminal: {answer.sentence}")
    return _keep(home, answer)


def _keep(home: Path, answer: wire.Enrolment) -> EnrolledCentre:
    replace_durably(home / CENTRE_FILE, msgspec.json.encode(answer))
    return _centre(answer)
