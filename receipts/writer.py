"""The port SlipWriter: which slip a fact gets, in one language and for one site."""

from __future__ import annotations

from kiosk.domain.record import PaymentRecord, SaleRecord, TokenRecord
from kiosk.domain.registry import Customer
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from receipts.fault import doubt_slip, kept_slip, void_slip
from receipts.paper import Site
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

    def registry(self, slip: RegistrySlip, copy: int) -> list[SlipLine]:
        """The slip of an account that was opened, or a meter that was replaced or cancelled."""
        return registry_slip(slip, self._site, self._words, copy=copy, mode=self._mode)

    def kept(self, payment: PaymentRecord) -> list[SlipLine]:
        """The slip of money that was kept for a meter."""
        return kept_slip(payment, None, self._site, self._words, mode=self._mode)

    def speaking(self, language: str) -> Writer:
        """The same writer in another language."""
        if language == self._words.language:
            return self
        return Writer(self._site, Words(language, self._words.formats), self._mode)
