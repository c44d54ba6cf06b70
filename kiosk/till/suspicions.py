"""Cards that are not what they should be (E16): evidence first, a neutral word, a case for staff.

The customer is told nothing but to go to the counter: whoever holds a cloned card may be the one
who was robbed. Staff read the reason with the case and close it together with a second person.
"""

from __future__ import annotations

from kiosk.domain import card_account_facts
from kiosk.domain.card_account_record import CaseRecord
from kiosk.domain.cards import families
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.account_area import account_state
from kiosk.domain.cards.family import CardState
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.suspicion import Known, Reason, suspicion
from kiosk.errors import CardFault, CardForged, Refusal, ServiceLost, VendorFault
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.tokens import SecondPerson, reason_missing

FINDINGS = ("genuine", "withdrawn")


def read_card(desk: Desk) -> CardImage | Refusal:
    """The card in the reader, read twice and found to be the one that the ledger knows.

    Refuses no_card, card_unreadable, reader_away, vendor_silent, and card_to_counter for a card
    under suspicion, whose image is in the journal then.
    """
    if desk.reader is None:
        return Refusal("no_card")
    try:
        if not desk.reader.present():
            return Refusal("no_card")
        image, again = desk.reader.read(), desk.reader.read()
    except CardForged as forged:
        return _forged(desk, forged)
    except VendorFault:
        return Refusal("vendor_silent")
    except CardFault as error:
        return unreadable(error)
    if image != again:
        return Refusal("card_unreadable", {"reason": "two readings differ"})
    return _judged(desk, image)


def unreadable(error: CardFault) -> Refusal:
    """Why nothing could be read: the card, or a reader that is not there (E33)."""
    code = "reader_away" if isinstance(error, ServiceLost) else "card_unreadable"
    return Refusal(code, {"reason": error.sentence})


def _forged(desk: Desk, forged: CardForged) -> Refusal:
    image = forged.evidence
    assert isinstance(image, CardImage), image
    return _suspect(desk, image, "forged", known_of(desk, image.serial))


def _judged(desk: Desk, image: CardImage) -> CardImage | Refusal:
    state = families.of(image).state(image)
    if isinstance(state, Refusal):
        return image  # whoever asked says what is wrong with it
    registered = desk.records.card(number=state.card_number)
    unknown = desk.records.card(serial=image.serial) is None
    if unknown and registered is not None:
        return _suspect(desk, image, "other_chip", Known())
    known = known_of(desk, image.serial)
    reason = suspicion(image, state, known)
    if reason is not None:
        return _suspect(desk, image, reason, known)
    return Refusal("card_to_counter") if desk.records.card_is_stopped(image.serial) else image


def known_of(desk: Desk, serial: str) -> Known:
    """What the ledger holds of a chip."""
    sale, move = desk.records.last_sale_of_card(serial), desk.records.last_move(serial)
    number = move.committed.number if move is not None else 0
    mark = move.committed.mark if move is not None else b""
    if sale is None:
        left = desk.records.number_after_work(serial)
        return Known(purchase_number=left, account_number=number, account_mark=mark)
    sale_id, purchase_number, before = sale
    was = families.of(before).state(before)
    return Known(
        sale_id, purchase_number, was if isinstance(was, layout.OpenCard) else None, number, mark
    )


def _suspect(desk: Desk, image: CardImage, reason: Reason, known: Known) -> Refusal:
    """Keep the evidence once a chip and reason; the neutral answer."""
    open_cases = desk.records.open_suspicions(image.serial)
    if all(case.suspected.reason != reason for case in open_cases):
        state = families.of(image).state(image)
        card: CardState | None = None if isinstance(state, Refusal) else state
        desk.journal.append(
            card_account_facts.CardSuspected(
                case_id=desk.entropy.name(),
                station=desk.station.name,
                operator=desk.operator,
                reason=reason,
                serial=image.serial,
                card_number=card.card_number if card is not None else "",
                meter=card.meter if card is not None else "",
                known=_shown(image, card, known),
                image=image,
            )
        )
        desk.nudge()
    return Refusal("card_to_counter")


def _shown(image: CardImage, card: CardState | None, known: Known) -> dict[str, int | str]:
    """The figures that staff compare: the ledger's beside the card's."""
    stands = account_state(image)
    return {
        "sale": known.sale_id,
        "ledger_purchase_number": known.purchase_number,
        "card_purchase_number": card.purchase_number if card is not None else 0,
        "ledger_account_number": known.account_number,
        "card_account_number": 0 if isinstance(stands, Refusal) else stands.sequence,
    }


def open_cases(desk: Desk, *, every: bool = False) -> list[CaseRecord] | Refusal:
    """The cases that nobody has closed, oldest first; or all that there ever were, newest first."""
    refused = desk.gate("history")
    if refused is not None:
        return refused
    return desk.records.suspicions() if every else desk.records.open_suspicions()


def close_case(
    desk: Desk, case_id: str, finding: str, second: SecondPerson, note: str
) -> CaseRecord | Refusal:
    """Say what was found: "genuine" lets the chip be sold to again, "withdrawn" never does.

    Needs the right to recover, a second person who has it too, and a note: how they know.
    """
    refused = desk.gate("recover") or reason_missing(note)
    if refused is not None:
        return refused
    case = desk.records.suspicion(case_id)
    if case is None or case.closed is not None:
        return Refusal("suspicion_not_open", {"case": case_id[:40]})
    if finding not in FINDINGS:
        return Refusal("card_finding_unknown", {"finding": finding[:40]})
    agreed = second_person(desk, second.name, second.pin, "recover")
    if isinstance(agreed, Refusal):
        return agreed
    outcome = desk.journal.append(
        card_account_facts.SuspicionClosed(case_id, finding, desk.operator, agreed, note.strip())
    )
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    closed = desk.records.suspicion(case_id)
    assert closed is not None
    return closed
