"""Catalogues on their way down: fetched over the line or read from a stick, proved, taken over."""

from __future__ import annotations

from kiosk.domain import catalogue as catalogues
from kiosk.errors import LinkFault, Refusal
from kiosk.ledger.journal import Journal
from sync import catalogue_wire, wire
from sync.courier import EnrolledCentre
from sync.roads.apart import RoadApart
from sync.roads.https import HttpsRoad


def take(
    journal: Journal, centre: EnrolledCentre, signed: catalogue_wire.SignedCatalogue
) -> int | Refusal:
    """Take a catalogue over: its number. Raises LinkFault for one that the centre did not sign.

    One that came before changes nothing; an older one fills in what no newer one contains.
    """
    genuine = catalogue_wire.catalogue_is_genuine(centre.public_key, signed)
    if signed.centre != centre.name or not genuine:
        raise LinkFault("The catalogue was not signed by the centre of this terminal.")
    catalogue = catalogues.decode(signed.content)
    if isinstance(catalogue, Refusal):
        return catalogue
    received = catalogues.received(catalogue, signed.content)
    outcome = journal.append(received, content=signed.content)
    return outcome if isinstance(outcome, Refusal) else catalogue.number


def fetch(
    journal: Journal, road: HttpsRoad | RoadApart, centre: EnrolledCentre
) -> int | Refusal | None:
    """Ask the centre for the next catalogue and take it over: its number, None when there is none.
    Raises LinkFault."""
    after = journal.records.highest_catalogue()
    answer = road.catalogue(catalogue_wire.ask_catalogue(journal.signer, journal.origin, after))
    if answer.startswith(wire.ANSWER_MAGIC):
        refused = wire.decode_answer(answer)
        if isinstance(refused, wire.Refused) and refused.code == "no_catalogue":
            return None
        raise LinkFault(f"The centre gives no catalogue: {refused}.")
    return take(journal, centre, catalogue_wire.decode_catalogue(answer))


def fetch_all(journal: Journal, road: HttpsRoad | RoadApart, centre: EnrolledCentre) -> int:
    """Take over every catalogue that is new: how many. Raises LinkFault."""
    count = 0
    while True:
        number = fetch(journal, road, centre)
        if number is None:
            return count
        if isinstance(number, Refusal):
            raise LinkFault(f"The catalogue of the centre cannot be taken over: {number.details}.")
        count += 1
