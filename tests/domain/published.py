"""One of each published fact, with everything in it that it can carry."""

from __future__ import annotations

from kiosk.domain import card_facts, facts, token_facts
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

WORK = card_facts.CardWorkCommitted(
    "w1", "counter-1", "101", "301", "cashier", "reissue", "lost", "01470000009", "760000000006",
    "00112233445566bb", 2, CARD.before, CARD.writes,
    card_facts.CardContent(7, 11_500, 1150, "ZAR", "s2"), "00112233445566aa", "lost", "s2",
    "inquiry", "ZAR", 5000, 0, [Line("card_fee", "", 5000, 0, "revenue:card_fee", "card_fee")],
    [facts.Tender("cash", 5000, "cash:101")], "meter_account:01470000009",
)  # fmt: skip

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
    WORK,
    card_facts.CardWorkDone(
        "w1", "reissue", "witnessed", "01470000009", "ZAR", 5000, 0, WORK.lines, ""
    ),
    card_facts.CardWorkUndone("w2", "given_up", "ZAR", 5000, "cash:101"),
    card_facts.CardWorkInDoubt("w1", "card_away", "101"),
    card_facts.CardWorkReprinted("w1", 1, "101"),
    card_facts.CardHotListed("00112233445566aa", "hot", "two chips", "101"),
    card_facts.CardReleased("00112233445566aa", "one chip", "201", "301"),
    card_facts.CardFound("c1", "kiosk-1", "00112233445566aa", "01470000009"),
    card_facts.CardInspected(
        "c2", "kiosk-1", "101", "hot", "00112233445566aa", "01470000009", CARD.before
    ),
    card_facts.CardCaseClosed("c1", "handed_back", "passport shown", "101"),
    card_facts.CardStockMoved("open", "received", 50, "order 7", "201"),
    card_facts.MeterReadByCard("00112233445566aa", "01470000009", 7, 9, 8, 7, 6, 1, "101"),
]  # fmt: skip
