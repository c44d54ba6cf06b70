"""Is this your meter? Name and address in part, and the card where the card carries the energy."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec
from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain.registry import Meter, masked
from kiosk.screens.self_service.amount import Amount
from kiosk.screens.self_service.deeds import Deed
from kiosk.screens.self_service.ending import Ending
from kiosk.screens.self_service.read_card import ReadCard
from kiosk.screens.self_service.token import TokenShown
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.screens.widgets.moving import Moving
from kiosk.till import rollover
from kiosk.till.desk import Desk
from kiosk.till.hand_over import HandedOver, hand_over_all
from kiosk.till.maintain import Readiness, readiness
from kiosk.till.rollover import RollOver
from kiosk.words.clean import clean

_COLUMNS = 60


class LookedUp(msgspec.Struct, frozen=True):
    """What comes before a new purchase of a keypad meter."""

    handed: list[HandedOver]
    rollover: RollOver | None


def look_up(desk: Desk, meter: Meter) -> LookedUp:
    """Hand over what was finished meanwhile; for a worker."""
    return LookedUp(hand_over_all(desk, meter.number), rollover.due(desk, meter))


class Confirm(Step):
    """Shows whose meter it is, as far as the owner recognises it."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self.visit = visit

    def heading(self) -> str:
        """The question."""
        return self.say("kiosk.confirm")

    def body(self) -> Iterable[Widget]:
        """Meter, masked name and address, what is owed and what is kept."""
        buyer = self.visit.buyer
        rows = [
            (self.say("kiosk.meter"), buyer.meter.number),
            (self.say("kiosk.name"), clean(masked(buyer.customer.name), _COLUMNS)),
            (self.say("kiosk.address"), clean(masked(buyer.customer.address), _COLUMNS)),
        ]
        for label, value in rows:
            yield Static(f"{label:<12} {value}", classes="strong", markup=False)
        yield Static("", classes="gap")
        if buyer.debt_minor:
            debt = self.say("kiosk.debt", debt_minor=buyer.debt_minor)
            yield Static(debt, classes="line", markup=False)
        if buyer.credit_minor:
            credit = self.say("kiosk.credit", credit_minor=buyer.credit_minor)
            yield Static(credit, classes="line", markup=False)

    def hint(self) -> str:
        """The keys."""
        return self.hints(enter="yes_mine", cancel="not_mine", help="help")

    def help_key(self) -> str:
        """Why only in part."""
        return "kiosk.help_confirm"

    def press_enter(self) -> None:
        """Yes: on to the amount, or to the card if it is needed and not there."""
        if self.visit.by_card:
            self.ask(partial(readiness, self.desk), self._card_there)
            return
        self.note(self.say("kiosk.please_wait"))
        self.ask(partial(look_up, self.desk, self.visit.buyer.meter), self._looked_up)

    def _looked_up(self, found: LookedUp) -> None:
        """A token that was finished meanwhile comes first; a key that has run out buys nothing."""
        if found.handed:
            handed = found.handed[0]
            earlier = Visit(self.visit.buyer, record=handed.record, job=handed.job)
            self.face_app.go(TokenShown(earlier, then=found.handed[1:], go_on=Amount))
        elif found.rollover is not None:
            self._no_sale(found.rollover)
        else:
            self._to_amount()

    def _no_sale(self, due: RollOver) -> None:
        sentences = [self.words.refusal(due.refusal())]
        if due.must and due.record is not None:
            issue = due.record.committed.issue_id
            sentences.append(self.say("tokens.rollover_made", issue=issue))
        self.face_app.go(Ending(sentences, kind="warn", visit=self.visit))

    def _card_there(self, seen: Readiness) -> None:
        if seen.card_inside:
            self._to_amount()
        else:
            self.face_app.go(InsertCard(self.visit))

    def _to_amount(self) -> None:
        self.face_app.go(Amount(self.visit))


class InsertCard(Step):
    """Waits for the card that shall carry the energy, before any money is taken."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self.visit = visit
        self._looking = False

    def heading(self) -> str:
        """What is missing."""
        return self.say("refusals.card_meter_needs_card", meter=self.visit.buyer.meter.number)

    def body(self) -> Iterable[Widget]:
        """A sign that the machine waits."""
        yield Moving()

    def hint(self) -> str:
        """The keys."""
        return self.hints(cancel="stop", help="help")

    def help_key(self) -> str:
        """Why the card stays in."""
        return "kiosk.help_card"

    def deeds(self) -> list[Deed]:
        """Put the card in."""
        meter, name = self.visit.buyer.meter.number, self.visit.buyer.customer.name
        text = self.say("rehearsal.card_in", customer=name)
        return [Deed(text, lambda hands: hands.insert_card(meter))]

    def on_mount(self) -> None:
        """Look for the card."""
        self.set_interval(0.5, self._look)

    def _look(self) -> None:
        if not self._looking and self.app.screen is self:
            self._looking = True
            self.ask(partial(readiness, self.desk), self._looked, quiet=True)

    def _looked(self, seen: Readiness) -> None:
        self._looking = False
        if seen.card_inside and self.app.screen is self:
            self.face_app.handled_insertion = seen.insertions
            self.face_app.go(ReadCard(partial(_card_read, self.visit.buyer.meter.number)))


def _card_read(expected: str, visit: Visit) -> Step:
    """On to the amount with the card of the meter that was confirmed; another card asks again."""
    return Amount(visit) if visit.buyer.meter.number == expected else Confirm(visit)
