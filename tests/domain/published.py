"""One of each published fact, with everything in it that it can carry."""

from __future__ import annotations

from kiosk.domain import facts, registry_facts, token_facts
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
    return token_facts.TokenCommitted(
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
    token_facts.TokenIssued("t1", "01470000009", "replacement", 11_500, ["1234" * 5], "normal"),
    token_facts.TokenIssued(
        "t4", "01470000009", "key_change", 0, ["1" * 20, "2" * 20], "recovered"
    ),
    token_facts.TokenRefused("t2", "vending_key_expired"),
    token_facts.TokenReprinted("t1", 2, "101"),
    token_facts.KeyFileImported(
        "cc" * 32, "hall-7",
        [token_facts.ImportedKey("123456", 1, 2, 2014, "07", "c33f45", 170, 5, None)], "201", "301",
    ),
    token_facts.MeterKeyChanged("t4", "01470000009", NEW, "201"),
    registry_facts.CustomerRegistered(
        "20000009", "Lea Çelik", "9 Hill", "0709", "home", "north", "101", "counter"
    ),
    registry_facts.CustomerAmended(
        "c1", "20000009", "address", "9 Hill", "10 Hill", "moved", "101"
    ),
    registry_facts.MeterInstalled(
        "01470000206", "20000009", "card", "home", 3, 9200, "123456", 1, 1, 2, "07", 2014,
        "760000000105", "ff112233445566aa", "wall", "2026-11-20", 0, ["S1", "S2"], "201", "counter",
    ),
    registry_facts.MeterAmended(
        "c2", "01470000206", "power_type", "home", "shop", 1_795_176_000_000, "a shop", "101"
    ),
    registry_facts.SharesSet(
        "c3", "01470000206", [], [("home", 70), ("shop", 30)], "a shop", "101"
    ),
    registry_facts.MeterRead("r1", "01470000206", "hand", 5_000, None, 1_795_176_000_000, "201"),
    registry_facts.MeterReplaced(
        "x1", "01470000107", "01470000206", "20000009", "ZAR", "technician", 7_000, 12_345, 12_000,
        12_400, 55, 0, 150, "201", "301", "display dark",
    ),
    registry_facts.MeterCancelled(
        "k1", "01470000206", "20000009", 100, 200, "201", "301", "gave up the shop"
    ),
]  # fmt: skip
