"""What came of a verb that was broken off: the auditor of the card harness."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field

from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.cards import account_area, families, workshops
from kiosk.domain.cards.image import CardImage
from kiosk.errors import CardFault, Refusal
from kiosk.till import recover
from tests.crash.card_stage import ACCOUNT, HALLS, OTHER_AMOUNT_MINOR, Stage, Trouble
from tests.crash.card_verbs import Verb, sell_for_cash
from tests.drivers.card.card_kinds import METER


@dataclass
class Tally:
    """Totals over cases; `wrong` lists what must never happen."""

    cases: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.cases += other.cases
        self.ends += other.ends
        self.wrong += other.wrong


def summary(total: Tally) -> str:
    ends = ", ".join(f"{count} {state}" for state, count in sorted(total.ends.items()))
    return f"{total.cases} cases: {ends}; {len(total.wrong)} wrong"


@dataclass
class Auditor:
    """Looks at one case: `verb` was struck by `trouble` on `stage`."""

    stage: Stage
    verb: Verb
    trouble: Trouble
    by_way: str
    tally: Tally = field(default_factory=lambda: Tally(cases=1))

    def wrong(self, text: str) -> None:
        where = f"{self.verb.name}, {self.stage.kind.name}, {self.trouble}, {self.by_way}"
        self.tally.wrong.append(f"{where}: {text}")

    def works(self) -> list[CardWorkRecord]:
        return self.stage.open(HALLS[0]).records.card_works_of(METER) if self.verb.work else []

    # --- right after the trouble ------------------------------------------------------------------

    def shown(self) -> str:
        """What the card says of the act that was struck: the words of the witnesses."""
        words = [word.replace("_", " ") for word in self._told()]
        if not words:
            return self._without_witness()
        return words[0] if len(set(words)) == 1 else f"money {words[0]}, purchase {words[1]}"

    def _without_witness(self) -> str:
        if self.verb.work:
            return "ended" if self.works() else "nothing was begun"
        sales = self.stage.open(HALLS[0]).records.last_sales(1)
        return "ended" if sales and sales[0].ended_ms else "nothing was paid"

    def _told(self) -> list[str]:
        desk = self.stage.open(HALLS[0])
        sales, works = desk.records.open_sales(), desk.records.open_card_works()
        moves = [m for m in desk.records.open_moves() if m.committed.kind == "top_up" or sales]
        for record in sales:
            paid_by = desk.records.account_move(record.committed.sale_id)
            if paid_by is not None and paid_by.state == "moved":
                moves.append(paid_by)
        if not (sales or works or moves):
            return []
        self.stage.put_in(HALLS[0])
        reader = self.stage.reader(HALLS[0])
        now = reader.inspect() if works else reader.read()
        told: list[str] = []
        for move in moves:
            told.append(account_area.witness(move.committed.before, now, move.committed.writes))
        for record in sales:
            card = record.committed.card
            assert card is not None
            told.append(families.of(card.before).witness(card.before, now, card.writes))
        for each in works:
            done = each.committed
            shop = workshops.of(done.before)
            assert not isinstance(shop, Refusal)
            told.append(shop.witness_work(done.before, now, done.writes, done.serial))
        return told

    # --- what must be so --------------------------------------------------------------------------

    def worth_at_most(self) -> None:
        """All that the meter has gained and would gain now was paid for, and not paid back."""
        paid = sum(
            self.stage.unit(record) for record in self.stage.sales()
            if record.undone not in ("taken_back", "reversed")
        )  # fmt: skip
        if self.stage.gained + self.stage.worth() > paid:
            self.wrong(f"worth more than {paid}")

    def recover(self) -> None:
        self.stage.put_in(HALLS[0])
        self.recover_here()

    def recover_here(self) -> None:
        """With whatever card is in the reader that the hall has now."""
        recovered = recover.recover(self.stage.open(HALLS[0]))
        assert not isinstance(recovered, Refusal), recovered

    def audit(self) -> None:
        """Each act is confirmed, undone or listed; the card can be read; the meter has what is
        due, from whichever chip it comes."""
        for chip in (*self.stage.chips[::-1], *self.stage.chips):
            self.stage.in_meter(chip)
        self.stage.put_in(HALLS[0])
        image = None
        with contextlib.suppress(CardFault):
            reader = self.stage.reader(HALLS[0])
            image = reader.inspect() if self.verb.work else reader.read()
        if image is None:
            self.wrong("the card cannot be read")
            return
        self._card_is_usable(image)
        self._account_agrees(image)
        self._sales_end()
        self._works_end()

    def _card_is_usable(self, image: CardImage) -> None:
        """A card that somebody has is one that a till can use; a blank one that was never made,
        or whose making waits for it, can still be made out."""
        if not isinstance(families.of(image).state(image), Refusal):
            return
        waits = any(each.state == "in_doubt" for each in self.works())
        shop = workshops.of(image)
        assert not isinstance(shop, Refusal)
        never_made = not any(each.state == "done" for each in self.works())
        unmade = self.verb.work in ("make", "reissue") and never_made and shop.is_unmade(image)
        if not waits and not unmade:
            self.wrong("the card cannot be used")

    def _sales_end(self) -> None:
        due = doubtful = 0
        for record in self.stage.sales():
            state = record.standing
            if not self.verb.work:
                self.tally.ends[state] += 1
            due += self.stage.unit(record) if state == "delivered" else 0
            doubtful += self.stage.unit(record) if state in ("in_doubt", "intended") else 0
            if state not in ("delivered", "voided", "in_doubt", "taken_back", "intended"):
                self.wrong(f"a sale is {state} and nobody lists it")
        if not self._least_due(due) <= self.stage.gained <= due + doubtful:
            self.wrong(f"the meter gained {self.stage.gained} of {due} and {doubtful} in doubt")

    def _least_due(self, due: int) -> int:
        """A purchase may wait for the work that brings it to the meter."""
        waits = any(each.state != "done" for each in self.works())
        never = bool(self.verb.work == "repair" and not self.works())
        return 0 if waits or never else due

    def _works_end(self) -> None:
        listed = {w.committed.work_id for w in self.stage.open(HALLS[0]).records.open_card_works()}
        for each in self.works():
            self.tally.ends[each.state] += 1
            if each.state not in ("done", "undone", "in_doubt"):
                self.wrong(f"a work is {each.state}")
            if each.state == "in_doubt" and each.committed.work_id not in listed:
                self.wrong("a work in doubt is not listed")

    def _account_agrees(self, image: CardImage) -> None:
        """What is on the card is what the books of both halls say together."""
        state = account_area.account_state(image)
        if isinstance(state, Refusal):
            return
        booked = sum(
            -self.stage.open(hall).records.balance(
                f"card_account:{ACCOUNT}", self.stage.kind.currency
            )
            for hall in self.stage.visited
        )
        if booked != state.balance_minor:
            self.wrong(f"{state.balance_minor} on the card, {booked} in the books")

    def goes_on(self) -> None:
        """The next sale works: neither card nor hall is blocked by what happened."""
        self.stage.put_in(HALLS[0])
        desk = self.stage.open(HALLS[0])
        if desk.records.open_sales() or desk.records.open_moves() or desk.records.open_card_works():
            if self.verb.work and self.by_way != "other":
                self.wrong("the card was here all the time, and the work has not ended")
            return
        if self.verb.work:
            if self.by_way == "other":
                return
            if not any(each.state == "done" for each in self.works()):
                self.verb.run(desk)
                self.stage.in_meter()
                self.stage.put_in(HALLS[0])
        done = sell_for_cash(desk, OTHER_AMOUNT_MINOR)
        if isinstance(done, Refusal) or done.state != "delivered":  # type: ignore[attr-defined]
            self.wrong(f"the next sale fails: {done}")
