"""Becoming known to the centre: its name, its key and what it gave this home, kept in a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiosk.domain import facts
from kiosk.domain.store_facts import LeaseGiven
from kiosk.errors import LinkFault
from kiosk.ledger.journal import Journal
from sync import wire
from sync.courier import EnrolledCentre
from sync.roads.apart import RoadApart
from sync.roads.https import HttpsRoad

CENTRE_FILE = "centre.json"


def enrolled(home: Path) -> EnrolledCentre | None:
    """The centre that this home was enrolled with."""
    kept = given(home)
    return EnrolledCentre(kept.centre, bytes.fromhex(kept.public_key)) if kept else None


def given(home: Path) -> wire.Enrolment | None:
    """What that centre gave."""
    path = home / CENTRE_FILE
    return msgspec.json.decode(path.read_bytes(), type=wire.Enrolment) if path.exists() else None


def enrol(
    home: Path, journal: Journal, road: HttpsRoad | RoadApart, code: str = ""
) -> EnrolledCentre:
    """Become known to the centre and keep its name, its key and our lane. LinkFault if refused."""
    opened = journal.records.opened()
    answer = road.enrol(wire.EnrolmentRequest(opened.origin, opened.public_key.hex(), code))
    if isinstance(answer, wire.Refused):
        raise LinkFault(f"The centre does not know this terminal: {answer.sentence}")
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
    draft = home / f".{CENTRE_FILE}"
    draft.write_bytes(msgspec.json.encode(answer))
    draft.replace(home / CENTRE_FILE)
    return EnrolledCentre(answer.centre, bytes.fromhex(answer.public_key))
