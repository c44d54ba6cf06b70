"""One past sale: its result, a copy of its slip, and why every figure is what it is."""

from __future__ import annotations

from functools import partial

from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import account_acts, account_telling, telling
from kiosk.screens.staff import undo
from kiosk.screens.staff.account_forms import act_form
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Confirm, Page, Reading
from kiosk.till import history, paper
from kiosk.till.history import Explained


class SalePage(Page):
    """A past sale as it stands in the journal."""

    def __init__(self, record: SaleRecord, back: Back, said: str = "") -> None:
        super().__init__("", [], back)
        self.record, self.said, self.undone = record, said, ""

    def heading(self) -> str:
        """Which sale."""
        return self.say("cashier.sale_title", sale=self.record.committed.sale_id)

    def on_mount(self) -> None:
        """Read it anew, so that copies are counted."""
        work = partial(history.why, self.desk, self.record.committed.sale_id)
        self.ask_or_say(work, self._read)

    def _read(self, explained: Explained) -> None:
        self.record = explained.record
        undone = [self.say(f"account.undone_{explained.undone}")] if explained.undone else []
        # One that was interrupted is finished with the same key.
        self.undone = explained.undone.replace("intended", "")
        self.tell_keys()
        self.query_one(Reading).show([*self._lines(), *undone])
        self.note(self.said)

    def _lines(self) -> list[str]:
        record, committed = self.record, self.record.committed
        time, _sale, meter, amount, energy, state = telling.sale_cells(self.words, record)
        how = f", {self.say(f'how.{record.how}')}" if record.how else ""
        tendered = self.words.money(committed.tendered_minor, committed.currency)
        change = self.words.money(committed.change_minor, committed.currency)
        return [
            f"{time}   {self.say('cashier.meter')} {meter}   {amount}   {energy}",
            f"{state}{how}",
            *telling.outcome_lines(self.words, record, self.desk.station.name),
            f"{self.say('slip.operator')} {committed.operator}   {self.say('slip.tendered')}"
            f" {tendered}   {self.say('slip.change')} {change}",
            f"{self.say('slip.entry')} {record.sequence} {record.head}",
        ]

    def hint(self) -> str:
        """Copy or reasons; what may be done about it, once."""
        return self.say("cashier.sale_done_keys" if self.undone else "cashier.sale_keys")

    def press_other(self, key: str) -> None:
        """w says why, as on every list of sales."""
        if key == "w":
            self.press_digit(2)

    def press_digit(self, digit: int) -> None:
        """1 prints a copy, 2 says why, 3 takes the sale back, 4 prices it again."""
        if self.undone and digit in {3, 4}:
            self.note(self.say(f"account.undone_{self.undone}"), "warn")
            return
        if digit == 3:
            undo.begin(
                self, self.record.committed.sale_id, partial(SalePage, self.record, self.back)
            )
            return
        if digit == 4:
            sale = self.record.committed.sale_id
            self.face_app.go(act_form(self, account_acts.price_again, sale, self._again))
            return
        begin(self, digit, self.record, partial(SalePage, self.record, self.back))

    def _again(self, said: str) -> SalePage:
        return SalePage(self.record, self.back, said)


class Copy(Confirm):
    """Restates that a copy will be printed, and prints it: a copy is a fact of its own."""

    def __init__(self, title: str, sentence: str, keys: str, sale: str, back: Back) -> None:
        super().__init__(title, [sentence], keys, self._begin, back)
        self._sale, self._after = sale, back

    def _begin(self) -> None:
        self.ask(partial(paper.reprint, self.desk, self._sale), self._sent)

    def _sent(self, job: str | Refusal) -> None:
        if isinstance(job, Refusal):
            said = self.words.refusal(job)
        else:
            said = telling.copy_line(self.words, job)
        screen = self._after()
        if isinstance(screen, SalePage):
            screen.said = said
        self.face_app.go(screen)


def begin(screen: StaffFrame, digit: int, record: SaleRecord, back: Back) -> None:
    """What the digits of a sale do: 1 asks for a copy, 2 shows the reasons."""
    sale = record.committed.sale_id
    if digit == 1:
        title = screen.say("cashier.reprint")
        question = screen.say("cashier.reprint_confirm", copy=record.copies + 1, sale=sale)
        screen.face_app.go(Copy(title, question, screen.say("cashier.reprint_keys"), sale, back))
    elif digit == 2:
        show_why(screen, sale, back)


def show_why(screen: StaffFrame, sale: str, back: Back) -> None:
    """Every figure of a sale and whether the replay agrees."""
    screen.ask_or_say(partial(history.why, screen.desk, sale), partial(_show_why, screen, back))


def _show_why(screen: StaffFrame, back: Back, explained: Explained) -> None:
    lines = account_telling.why_lines(screen.words, explained)
    screen.face_app.go(Page(screen.say("cashier.why_title"), lines, back))
