"""The port SlipWriter: which slip a fact gets, in one language and for one site."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.domain.account_record import AccountRecord, Purse, Standing
from kiosk.domain.card_account_record import MoveRecord
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.facts import NoteOffered
from kiosk.domain.record import PaymentRecord, SaleRecord, TokenRecord
from kiosk.domain.registry import Customer
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from receipts.account import event_slip, statement_slip
from receipts.card import card_slip
from receipts.card_money import card_money_slip
from receipts.fault import doubt_slip, kept_slip, note_slip, void_slip
from receipts.paper import Site
from receipts.printer_test import printer_test_slip
from receipts.registry import registry_slip
from receipts.sale import sale_slip
from receipts.token import token_slip


class Writer:
    """Slips of `site` in the language of `words`; `mode` "rehearsal" marks every one of them.

    A customer who chose another language gets another Writer: it holds nothing else.
    """

    def __init__(self, site: Site, words: Words, mode: str) -> None:
        self._site, self._words, self._mode = site, words, mode

    def sale(self, record: SaleRecord, customer: Customer | None, copy: int) -> list[SlipLine]:
        """The slip of a sale in any state: delivered, voided, or in doubt with its case number."""
        if record.state == "voided":
            return void_slip(
                record, customer, self._site, self._words,
                copy=copy, mode=self._mode, returned_to=record.returned_to,
            )  # fmt: skip
        slip = sale_slip if record.state == "delivered" else doubt_slip
        return slip(record, customer, self._site, self._words, copy=copy, mode=self._mode)

    def token(self, record: TokenRecord, customer: Customer | None, copy: int) -> list[SlipLine]:
        """The slip of a token outside a sale; the sections of a key change are numbered."""
        return token_slip(record, customer, self._site, self._words, copy=copy, mode=self._mode)

    def card(self, record: CardWorkRecord, customer: Customer | None, copy: int) -> list[SlipLine]:
        """The slip of a work on a card."""
        return card_slip(record, customer, self._site, self._words, copy=copy, mode=self._mode)

    def card_money(
        self, record: MoveRecord, customer: Customer | None, copy: int
    ) -> list[SlipLine]:
        """The slip of money that was put on a card."""
        return card_money_slip(
            record, customer, self._site, self._words, copy=copy, mode=self._mode
        )

    def registry(self, slip: RegistrySlip, copy: int) -> list[SlipLine]:
        """The slip of an account that was opened, or a meter that was replaced or cancelled."""
        return registry_slip(slip, self._site, self._words, copy=copy, mode=self._mode)

    def kept(self, payment: PaymentRecord) -> list[SlipLine]:
        """The slip of money that was kept for a meter."""
        return kept_slip(payment, None, self._site, self._words, mode=self._mode)

    def note(self, note: NoteOffered, time_ms: int, reason: str) -> list[SlipLine]:
        """The slip of a note that is neither in the box nor back with the customer (E22)."""
        return note_slip(note, time_ms, reason, self._site, self._words, mode=self._mode)

    def printer_test(self, profile: str, columns: int) -> list[SlipLine]:
        """A slip that shows by eye whether the width is right and every accent comes out (E36)."""
        return printer_test_slip(self._site, self._words, profile, columns, mode=self._mode)

    def account(
        self, record: AccountRecord, customer: Customer | None, copy: int
    ) -> list[SlipLine]:
        """The slip of one event of a customer's money."""
        return event_slip(record, customer, self._site, self._words, copy=copy, mode=self._mode)

    def statement(
        self,
        standing: Standing,
        purses: Sequence[Purse],
        customer: Customer,
        time_ms: int,
    ) -> list[SlipLine]:
        """The statement of a customer's account: each purse with what moved it."""
        return statement_slip(
            standing, purses, customer, self._site, self._words, time_ms=time_ms, mode=self._mode
        )

    def speaking(self, language: str) -> Writer:
        """The same writer in another language."""
        if language == self._words.language:
            return self
        return Writer(self._site, Words(language, self._words.formats), self._mode)
