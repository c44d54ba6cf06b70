"""One of each published fact, with everything in it that it can carry."""

from __future__ import annotations

from kiosk.domain import facts, store_facts
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.special_tokens import (
    CreditRequest,
    KeyChangeRequest,
    KeyPlace,
    ManagementRequest,
    MeterTestRequest,
    SpecialRequest,
)
from kiosk.domain.tariff import Line
from kiosk.domain.token import TokenRequest

TOKEN = TokenRequest("s1", "01470000009", "123456", 1, 1, 2, "07", 2014, 6778680, 5, 115)
CARD = facts.CardDelivery(
    "00112233445566aa", 7, CardImage("open", "00112233445566aa", {1: b"\x00\xff"}),
    [PlainWrite(2, 3, b"\xa5", sealed=True)],
)  # fmt: skip
LINES = [
    Line("energy", "Energy", 1000, 11_500, "revenue:energy", "energy", {"price_minor_per_mwh": 9}),
    Line("tax", "VAT", 150, 0, "tax:tax", "tax"),
]

OLD, NEW = KeyPlace("123456", 1, 1, 2, 1993), KeyPlace("123457", 2, 3, 2, 2014)


def _token(issue_id: str, operation: str, energy_wh: int, request: SpecialRequest) -> facts.Fact:
    return facts.TokenCommitted(
        issue_id, "counter-1", "201", "301", "technician", "01470000009", operation, "meter test",
        "s1" if operation == "replacement" else "", energy_wh, request,
    )  # fmt: skip


def _sale(sale_id: str, **delivery: object) -> facts.SaleCommitted:
    return facts.SaleCommitted(
        sale_id, "counter-1", "101", "cashier", "01470000009", "20000001", "home", "ab" * 32, "ZAR",
        1150, 11_500, LINES, [facts.Tender("cash", 1150, "cash:101")], 2000, 850,
        **delivery,  # type: ignore[arg-type]
    )  # fmt: skip


FACTS: list[facts.Fact] = [
    facts.HomeOpened("r1", "rehearsal", "ZAR", bytes(range(32))),
    facts.LaneGiven(3, 16, "centre"),
    facts.CatalogueReceived(1, "aa" * 32, "utility", "bb" * 32, "ZAR", 3, 2, 1, {"20000001": 500}),
    facts.OperatorRegistered("101", "cashier", "$argon2id$x", "301"),
    facts.OperatorSignedIn("101", "counter-1", "cashier"),
    facts.SignInRefused("101", "counter-1"),
    facts.OperatorSignedOut("101", "counter-1"),
    _sale("s1", token=TOKEN),
    _sale("s2", card=CARD),
    facts.SaleDelivered("s1", "normal", "12345678901234567890", None, {"commit": 2, "deliver": 3}),
    facts.SaleDelivered("s2", "witnessed", None, 7),
    facts.SaleVoided("s1", "no_vending_key", "cash:101"),
    facts.SaleInDoubt("s2", "card_removed", "card", "101"),
    facts.NoteOffered("p1", 1, "kiosk-1", "01470000009", "acceptor", 9, 2000, "ZAR"),
    facts.NoteStacked("p1", 1, 10, recovered=True),
    facts.NoteReturned("p1", 1, "cancelled"),
    facts.NoteInDoubt("p1", 1, "jam"),
    facts.PaymentKept("p1", "01470000009", 2000, "ZAR", "cancelled"),
    facts.SlipPrinted("s1", 1, "printed", "101"),
    _token("t1", "replacement", 11_500, CreditRequest(TOKEN)),
    _token(
        "t2", "power_limit", 0,
        ManagementRequest("t2", "01470000009", "07", OLD, 6778681, 5, "power_limit", 2000),
    ),
    _token("t3", "meter_test", 0, MeterTestRequest("t3", 1, 2**28 - 1, 1234)),
    _token("t4", "key_change", 0, KeyChangeRequest("t4", "01470000009", "07", OLD, NEW, 3)),
    facts.TokenIssued("t1", "01470000009", "replacement", 11_500, ["1234" * 5], "normal"),
    facts.TokenIssued("t4", "01470000009", "key_change", 0, ["1" * 20, "2" * 20], "recovered"),
    facts.TokenRefused("t2", "vending_key_expired"),
    facts.TokenReprinted("t1", 2, "101"),
    facts.KeyFileImported(
        "cc" * 32, "hall-7",
        [facts.ImportedKey("123456", 1, 2, 2014, "07", "c33f45", 170, 5, None)], "201", "301",
    ),
    facts.MeterKeyChanged("t4", "01470000009", NEW, "201"),
    store_facts.ClockConfirmed("201", "301", "ahead", 1_795_176_000_000),
    store_facts.BackupMade(4711, "dd" * 32, 1_000_000, "201"),
    store_facts.PeriodArchived(
        1, 4000, bytes(range(32)), 3900, bytes(range(32, 64)),
        [store_facts.Total("cash:101", "ZAR", 1150)], "201",
    ),
    store_facts.LedgerRestored(4711, ["backup", "second medium", "upstream"], 4700),
    store_facts.OriginRejoined(
        "r1", bytes(range(32)), 4711, bytes(range(64, 96)), 4000, "fork",
        [store_facts.Total("cash:101", "ZAR", 1150)],
        [store_facts.CarriedSale(1, facts.encode(_sale("s3", token=TOKEN)), "paid")],
        [store_facts.CarriedNote(1, b"\x80", True)],
        [store_facts.CarriedPayment("p3", "kiosk-1", "01470000009", "ZAR", 2000)],
    ),
]  # fmt: skip
