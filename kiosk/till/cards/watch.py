"""Cards that are not to be sold to: the hot list, cards that were left, cases for staff, stock.

At a face such a card gets a neutral sentence; what was seen is kept as evidence (E16, E23).
"""

from __future__ import annotations

from typing import get_args

from kiosk.domain import card_facts
from kiosk.domain.card_record import CardCase, CardStanding
from kiosk.domain.cards import families, workshops
from kiosk.domain.fact import Fact
from kiosk.errors import Refusal
from kiosk.till.cards.look import inspected, not_a_choice
from kiosk.till.desk import Desk
from kiosk.till.operators import second_person
from kiosk.till.tokens import SecondPerson, reason_missing

#: How a case may end.
OUTCOMES = ("handed_back", "kept", "retired")

STOPPED = ("hot", "lost", "retired")


# --- the hot list ---------------------------------------------------------------------------------


def hot_list(desk: Desk) -> list[CardStanding] | Refusal:
    """Stopped cards, the newest first."""
    return desk.gate("card_read") or desk.records.hot_list()


def stop(desk: Desk, which: str, state: str, reason: str) -> CardStanding | Refusal:
    """Sell to a card no more: `which` is its printed number or serial, `state` one of STOPPED."""
    refused = desk.gate("card_stop") or reason_missing(reason)
    if refused is not None:
        return refused
    if state not in STOPPED:
        return not_a_choice(state, STOPPED)
    standing = find(desk, which)
    if isinstance(standing, Refusal):
        return standing
    serial = standing.card.serial
    fact = card_facts.CardHotListed(serial, _state(state), reason.strip(), desk.operator)
    return _written(desk, fact, serial)


def release(desk: Desk, which: str, reason: str, second: SecondPerson) -> CardStanding | Refusal:
    """Two persons take a card off the hot list; one that was replaced stays where it is, because a
    newer card of the same number is in use."""
    refused = desk.gate("card_mend") or reason_missing(reason)
    if refused is not None:
        return refused
    standing = find(desk, which)
    if isinstance(standing, Refusal):
        return standing
    card = standing.card
    if standing.state == "active":
        return Refusal("card_not_stopped", {"card": card.number})
    if any(other.state == "active" for other in desk.records.cards_of(meter=card.meter)):
        return Refusal("card_replaced", {"card": card.number})
    agreed = second_person(desk, second.name, second.pin, "card_mend")
    if isinstance(agreed, Refusal):
        return agreed
    fact = card_facts.CardReleased(card.serial, reason.strip(), desk.operator, agreed)
    return _written(desk, fact, card.serial)


def find(desk: Desk, which: str) -> CardStanding | Refusal:
    """A card by its printed number (the one in use) or by the serial of its chip."""
    bare = which.replace(" ", "").lower()
    found = desk.records.cards_of(serial=bare) if bare else []
    found = found or (desk.records.cards_of(number=bare) if bare else [])
    return found[0] if found else Refusal("unknown_card", {"card": which[:40]})


def _state(text: str) -> card_facts.CardState:
    return next(state for state in get_args(card_facts.CardState) if state == text)


def _written(
    desk: Desk, fact: card_facts.CardHotListed | card_facts.CardReleased, serial: str
) -> CardStanding | Refusal:
    outcome = desk.journal.append(fact)
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    return desk.records.cards_of(serial=serial)[0]


# --- cases ----------------------------------------------------------------------------------------


def left_behind(desk: Desk) -> CardCase | Refusal:
    """The customer has gone and the card is still in the reader: lock it until staff come (E23)."""
    image = inspected(desk)
    if isinstance(image, Refusal):
        return image
    known = desk.records.card_cases(serial=image.serial)
    if known:
        return known[0]
    state = families.of(image).state(image)
    meter = "" if isinstance(state, Refusal) else state.meter
    case_id = desk.entropy.name()
    desk.journal.append(card_facts.CardFound(case_id, desk.station.name, image.serial, meter))
    desk.nudge()
    case = desk.records.card_case(case_id)
    assert case is not None, case_id
    return case


def is_locked(desk: Desk, case_id: str) -> bool:
    """Whether staff have still to close the case."""
    case = desk.records.card_case(case_id)
    return case is not None and not case.outcome


def cases(desk: Desk, *, every: bool = False) -> list[CardCase] | Refusal:
    """Cards that staff have to look after, newest first."""
    return desk.gate("card_read") or desk.records.card_cases(every=every)


def close_case(desk: Desk, case_id: str, outcome: str, note: str) -> CardCase | Refusal:
    """A card was handed back to its owner, kept, or taken out of use."""
    refused = desk.gate("card_stop") or reason_missing(note)
    if refused is not None:
        return refused
    case = desk.records.card_case(case_id)
    if case is None or case.outcome:
        return Refusal("card_case_not_open", {"case": case_id[:40]})
    if outcome not in OUTCOMES:
        return not_a_choice(outcome, OUTCOMES)
    facts: list[Fact] = [card_facts.CardCaseClosed(case_id, outcome, note.strip(), desk.operator)]
    if outcome == "retired" and desk.records.cards_of(serial=case.serial):
        stop_fact = card_facts.CardHotListed(case.serial, "retired", note.strip(), desk.operator)
        facts.append(stop_fact)
    written = desk.journal.append(*facts)
    if isinstance(written, Refusal):
        return written
    desk.nudge()
    closed = desk.records.card_case(case_id)
    assert closed is not None
    return closed


# --- stock ----------------------------------------------------------------------------------------


def move_stock(desk: Desk, family: str, movement: str, count: int, note: str) -> Refusal | None:
    """Blank cards came, were damaged, left this hall, or were counted (F063)."""
    refused = desk.gate("card_stock") or reason_missing(note)
    if refused is not None:
        return refused
    if family not in workshops.SHOPS:
        return Refusal("unknown_card_family", {"family": family[:40]})
    known = next((m for m in get_args(card_facts.StockMovement) if m == movement), None)
    if known is None:
        return not_a_choice(movement, get_args(card_facts.StockMovement))
    if count > 1_000_000:
        return Refusal("stock_count_wrong", {"count": count})
    refused = _too_few(desk, family, count) if known in {"issued", "damaged"} else None
    if refused is not None:
        return refused
    fact = card_facts.CardStockMoved(family, known, count, note.strip(), desk.operator)
    outcome = desk.journal.append(fact)
    return outcome if isinstance(outcome, Refusal) else None


def _too_few(desk: Desk, family: str, count: int) -> Refusal | None:
    """Nobody takes more cards off the shelf than lie there: either number is wrong."""
    rows = [row for row in desk.records.card_stock() if row.family == family]
    in_stock = rows[0].in_stock if rows else 0
    if count <= in_stock:
        return None
    return Refusal("stock_too_few", {"count": count, "in_stock": in_stock, "family": family})
