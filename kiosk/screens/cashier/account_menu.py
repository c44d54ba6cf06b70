"""Where customers' money begins: an account, bills, payments that wait, and the work of a month."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kiosk.domain.account_record import AccountRecord
from kiosk.domain.correction_facts import SaleRerated
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.screens import account_telling
from kiosk.screens.cashier.account import find_account
from kiosk.screens.cashier.bills import find_bills, import_bills
from kiosk.screens.cashier.money_lists import Debts, Payments, help_page
from kiosk.screens.staff.answers import day_ms
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Confirm, Page
from kiosk.screens.staff.rows import Row, RowsMenu
from kiosk.screens.staff.sale import SalePage
from kiosk.till import debt, rerate, reverse
from kiosk.till.money_of import may_take


class AccountMenu(RowsMenu):
    """One customer's account first, then what concerns all of them."""

    def __init__(self, back: Back) -> None:
        super().__init__()
        self.back = back

    def heading(self) -> str:
        """What the rows are about."""
        return self.say("account.menu")

    def rows(self) -> list[Row]:
        """Every row with what it opens."""
        go = self.face_app.go
        return [
            (self.say("account.title"), lambda: go(find_account(self, self.again))),
            (self.say("account.menu_bills"), lambda: go(find_bills(self, self.again))),
            (self.say("account.menu_bills_file"), lambda: go(import_bills(self, self.again))),
            (self.say("account.menu_payments"), lambda: go(Payments(self.again))),
            (self.say("account.menu_debts"), lambda: go(Debts(self.again))),
            (self.say("account.menu_waiting"), self._waiting),
            (self.say("account.menu_rerate"), partial(self._if_allowed, self._rerate)),
            (self.say("account.menu_interest"), partial(self._if_allowed, self._interest)),
        ]

    def again(self) -> AccountMenu:
        """The menu, made anew."""
        return AccountMenu(self.back)

    def press_help(self) -> None:
        """What the rows are for."""
        help_page(self, "menu", self.again)

    def press_cancel(self) -> None:
        """Back to the counter."""
        self.face_app.go(self.back())

    def _waiting(self) -> None:
        self.ask(partial(reverse.waiting, self.desk), self._waiting_read)

    def _waiting_read(self, found: list[SaleRecord]) -> None:
        """The oldest reversal that was interrupted; its page finishes it with the card."""
        if not found:
            self.note(self.say("account.no_waiting"))
            return
        said = self.say("account.waiting", count=len(found))
        self.face_app.go(SalePage(found[0], self.again, said))

    def _if_allowed(self, begin: Callable[[], None]) -> None:
        """Whoever may not do it is told so before the first question."""
        self.ask(partial(may_take, self.desk, "approve"), partial(self._allowed, begin))

    def _allowed(self, begin: Callable[[], None], refused: Refusal | None) -> None:
        if refused is None:
            begin()
        else:
            self.note(self.words.refusal(refused), "warn")

    # --- sales at old prices ------------------------------------------------------------------

    def _rerate(self) -> None:
        def typed(form: Form, answers: list[str]) -> None:
            work = partial(_at_old_prices, form, answers[0])
            asked(form, work, partial(self._found, form))

        title = self.say("account.menu_rerate")
        questions = [(self.say("records.ask_from"), False)]
        self.face_app.go(Form(title, questions, typed, self.again))

    def _found(self, form: Form, looked: tuple[int, list[SaleRerated]]) -> None:
        from_ms, found = looked
        title = form.say("account.menu_rerate")
        differences = [each.due_minor - each.paid_minor for each in found]
        shown = account_telling.rerating_lines(form.words, "account.at_old_prices", differences)
        if not found:
            form.face_app.go(Page(title, shown, self.again))
            return
        confirm: Confirm

        def yes() -> None:
            work = partial(rerate.rerate_all, confirm.desk, from_ms)
            confirm.ask(work, partial(self._rerated, confirm, title))

        borne = form.desk.settings.accounts.rerate_to
        bearer = (
            f"{form.say('account_text.borne_by')}: {form.say(f'account_value.borne_by_{borne}')}"
        )
        keys = form.say("account.confirm_keys")
        confirm = Confirm(title, [*shown, bearer], keys, yes, self.again)
        form.face_app.go(confirm)

    def _rerated(self, screen: Confirm, title: str, events: list[AccountRecord] | Refusal) -> None:
        if isinstance(events, Refusal):
            lines = [screen.words.refusal(events)]
        else:
            told = account_telling.differences(events)
            lines = account_telling.rerating_lines(screen.words, "account.rerated", told)
            lines += [account_telling.event_row(screen.words, event) for event in events]
        screen.face_app.go(Page(title, lines, self.again))

    # --- interest -----------------------------------------------------------------------------

    def _interest(self) -> None:
        title = self.say("account.menu_interest")

        def typed(form: Form, answers: list[str]) -> None:
            confirm: Confirm

            def yes() -> None:
                work = partial(debt.charge_interest, confirm.desk, period)
                confirm.ask(work, partial(self._charged, confirm, title))

            period = answers[0].strip()
            sentence = form.say("account.confirm_interest", period=period)
            keys = form.say("account.confirm_keys")
            confirm = Confirm(title, [sentence], keys, yes, self.again)
            form.face_app.go(confirm)

        questions = [(self.say("account.ask_period"), False)]
        self.face_app.go(Form(title, questions, typed, self.again))

    def _charged(self, screen: Confirm, title: str, events: list[AccountRecord] | Refusal) -> None:
        if isinstance(events, Refusal):
            lines = [screen.words.refusal(events)]
        else:
            lines = [screen.say("account.interest_charged", count=len(events))]
            lines += [account_telling.event_row(screen.words, event) for event in events]
        screen.face_app.go(Page(title, lines, self.again))


def _at_old_prices(form: Form, text: str) -> tuple[int, list[SaleRerated]] | Refusal:
    from_ms = day_ms(text, 0)
    found = rerate.look(form.desk, from_ms)
    return found if isinstance(found, Refusal) else (from_ms, found)
