"""One utility's small day: the sales, people and sites that the slips of these tests are about."""

from __future__ import annotations

from datetime import timedelta, timezone

import msgspec

from kiosk.domain.cards.image import CardImage
from kiosk.domain.energy import format_kwh
from kiosk.domain.facts import CardDelivery, SaleCommitted, Tender
from kiosk.domain.money import format_amount
from kiosk.domain.record import PaymentRecord, SaleRecord
from kiosk.domain.registry import Customer
from kiosk.domain.tariff import Line
from kiosk.domain.token import TokenRequest
from kiosk.words.book import Words
from kiosk.words.formats import Formats
from receipts.paper import Site

NOON_MS = 1_795_255_500_000  # 2026-11-21 10:05 UTC
TOKEN = "06123456789012345678"

SITE = Site("Kijani Power", "Hall of Market Street", "T-07", "Thank you. Faults: call 3333.")
AMINA = Customer("100200300", "Amina Noor", "12 Mango Lane")

REQUEST = TokenRequest("sale-0001", "04012345678", "123456", 1, 1, 2, "07", 2014, 6_777_000, 5, 124)

LINES = [
    Line("debt", "", 500, 0, "receivable:100200300", "debt",
         {"share_ppm": 250_000, "paid_minor": 2000, "left_minor": 4500}),
    Line("fixed", "Service charge", 100, 0, "revenue:fixed", "fixed"),
    Line("gen", "Generation", 1000, 12_345, "revenue:gen", "energy",
         {"price_minor_per_mwh": 81_250}),
    Line("rural", "Rural electrification levy", 185, 0, "levy:rural", "levy",
         {"price_minor_per_mwh": 15_000}),
    Line("tax", "VAT", 215, 0, "tax:tax", "tax", {"rate_ppm": 150_000, "fixed_tax_minor": 15}),
    Line("rounding", "", 0, 55, "rounding", "rounding", {"carrier": "token"}),
]  # fmt: skip

COMMITTED = SaleCommitted(
    sale_id="sale-0001", station="counter-2", operator="esther", face="cashier",
    meter="04012345678", account="100200300", power_type="home", tariff_digest="00" * 32,
    currency="KES", amount_minor=2000, energy_wh=12_400, lines=LINES,
    tenders=[Tender("cash", 2000, "cash:esther")], tendered_minor=5000, change_minor=3000,
    token=REQUEST,
)  # fmt: skip

SOLD = SaleRecord(
    COMMITTED, sequence=4711, head="9f86d081", time_ms=NOON_MS, quality="synced",
    state="delivered", how="normal", token=TOKEN,
)  # fmt: skip

BY_CARD = msgspec.structs.replace(
    SOLD,
    committed=msgspec.structs.replace(
        COMMITTED,
        token=None,
        card=CardDelivery("0011223344556677", 7, CardImage("open", "0011223344556677", {}), []),
    ),
    token=None,
    purchase_number=7,
)

KEPT = PaymentRecord("pay-0042", "04012345678", 1500, "KES", NOON_MS, "timeout")


def words(language: str = "en") -> Words:
    """The words of a hall three hours ahead of UTC."""
    zone = timezone(timedelta(hours=3))
    return Words(language, Formats(format_amount, format_kwh, "KES", zone))


def in_state(record: SaleRecord, state: str, reason: str = "") -> SaleRecord:
    """The same sale, not delivered."""
    changed = {"state": state, "reason": reason, "token": None, "purchase_number": None, "how": ""}
    return msgspec.structs.replace(record, **changed)
