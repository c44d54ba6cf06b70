"""One of each published fact, with everything in it that it can carry."""

from __future__ import annotations

import msgspec

from kiosk.domain import (
    account_facts,
    bill_facts,
    card_account_facts,
    card_facts,
    correction_facts,
    debt_facts,
    facts,
    operator_facts,
    registry_facts,
    store_facts,
    token_facts,
)
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.free_units import FreeToken
from kiosk.domain.special_tokens import (
    CreditRequest,
    KeyChangeRequest,
    KeyPlace,
    ManagementRequest,
    MeterTestRequest,
    SpecialRequest,
)
from kiosk.domain.tariff import Line, Usage
from kiosk.domain.token import TokenRequest

TOKEN = TokenRequest("s1", "01470000009", "123456", 1, 1, 2, "07", 2014, 6778680, 5, 115)
FREE = FreeToken(
    "granted", "flood relief", "301",
    msgspec.structs.replace(TOKEN, message_id="s1-f1", identifier=6778681, units=50),
)  # fmt: skip
CARD = facts.CardDelivery(
    "00112233445566aa", 7, CardImage("open", "00112233445566aa", {1: b"\x00\xff"}),
    [PlainWrite(2, 3, b"\xa5", sealed=True)],
)  # fmt: skip
LINES = [
    Line("energy", "Energy", 1000, 11_500, "revenue:energy", "energy", {"price_minor_per_mwh": 9}),
    Line("tax", "VAT", 150, 0, "tax:tax", "tax"),
]

USAGE = Usage(
    "2026-11-20T14:05", 60_000, 12_500, "pensioner", {"service": "2026-11"},
    [("home", 700_000), ("farm", 300_000)],
)  # fmt: skip
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
    operator_facts.OperatorCardGiven("201", "00112233445566ff", "301"),
    operator_facts.OperatorUnlocked("101", "301"),
    operator_facts.OperatorRetired("105", "301", "left the hall"),
    operator_facts.LockedSignInRefused("101", "counter-1"),
    facts.with_free(_sale("s1", token=TOKEN), [FREE]),
    facts.SaleWithFreeDelivered("s1", "normal", "1234" * 5, None, {"commit": 2}, ["4321" * 5]),
    card_account_facts.AccountMoveCommitted(
        "m1", "counter-1", "101", "cashier", "20000001", "01470000009", "00112233445566aa",
        "top_up", "ZAR", 5000, 3, 7000, bytes(16), bytes(range(16)), "cash:101",
        CardImage("open", "00112233445566aa", {4: b"\x01", 5: b"\x02"}),
        [PlainWrite(4, 39, bytes(8), sealed=True)],
    ),
    card_account_facts.AccountMoved("m1", "witnessed"),
    card_account_facts.AccountMoveUndone("m2", "superseded", "cash:101"),
    card_account_facts.CardSuspected(
        "c1", "counter-1", "101", "number_fell", "00112233445566aa", "700000000018", "01470000009",
        {"sale": "s2", "card_purchase_number": 6},
        CardImage("open", "00112233445566aa", {1: b"\x00"}),
    ),
    card_account_facts.SuspicionClosed("c1", "withdrawn", "201", "301"),
    facts.TariffPublished(7, "dd" * 32, "ZAR", 5, 9, b"\x85", "201", "301"),
    _sale("s3", token=TOKEN, usage=USAGE),
    account_facts.TopUpReceived(
        "u1", "20000001", "cheque", "ZAR", 5000, "CH 77", False, 0, 0, "101"
    ),
    account_facts.TopUpCleared("u1", "20000001", "cheque", "ZAR", 5000, False, "101"),
    account_facts.TopUpBounced(
        "u1", "20000001", "cheque", "ZAR", 5000, "cleared", False, 1000, 4000, "no cover", "101"
    ),
    account_facts.MoneyTransferred(
        "m1", "ZAR", 500, "capital_account:20000001", "20000001", "meter_account:01470000009",
        "20000002", "asked for", "101", "301",
    ),
    account_facts.MoneyRefunded(
        "r1", "20000001", "ZAR", 500, "capital_account:20000001", "cash:101", "moves away", "101",
        "301",
    ),
    account_facts.DepositTaken("d1", "20000001", "ZAR", 2000, "cash:101", "101"),
    account_facts.AccountClosed(
        "c1", "20000001", "ZAR", {"capital_account:20000001": 700, "deposit:20000001": 2000}, 500,
        2200, "bank", "moved away", "101", "301",
    ),
    debt_facts.DebtRecorded(
        "x1", "20000001", "arrears", 1_790_000_000_000, "ZAR", 900, "old book", "101", "301"
    ),
    debt_facts.DebtPaid("y1", "20000001", "x1", "ZAR", 300, "cash:101", 500, 200, "101"),
    debt_facts.DebtWrittenOff("w1", "20000001", "x1", "ZAR", 100, "died", "101", "301"),
    debt_facts.DebtPlanSet("20000001", "share", 0, 300_000, "oldest", "agreed", "301"),
    bill_facts.BillReceived(
        "b1", "X9", "Old Customer", "77", "2026-10", "ZAR", 8000, 1_793_000_000_000, 200, "101"
    ),
    bill_facts.BillCollected("k1", "b1", "X9", "ZAR", 3000, 200, "cash:101", 3200, 0, "101"),
    correction_facts.ReversalIntended(
        "s2", "00112233445566aa", [PlainWrite(2, 3, b"\x00", sealed=True)], "counter-1", "101"
    ),
    correction_facts.ReversalGivenUp("s3", "consumed", "101"),
    correction_facts.SaleReversed(
        "s2", "red_entry", "unread", "01470000009", "20000001", "ZAR", 1150, 11_500, LINES,
        "cash:101", "wrong amount", "101", "301",
    ),
    correction_facts.SaleReallocated(
        "s1", "20000001", True, "ZAR", 1150, 0, "20000002", "capital_account:20000002",
        "wrong meter", "101", "301",
    ),
    correction_facts.SaleRerated("s4", "20000001", "ab" * 32, "ZAR", 1150, 1200, "customer", "301"),
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
        "c3", "01470000206", [], [("shop", 700_000), ("home", 300_000)], "a shop", "101"
    ),
    registry_facts.MeterRead("r1", "01470000206", "hand", 5_000, None, 1_795_176_000_000, "201"),
    registry_facts.MeterReplaced(
        "x1", "01470000107", "01470000206", "20000009", "ZAR", "technician", 7_000, 12_345, 12_000,
        12_400, 55, 0, 150, "201", "301", "display dark",
    ),
    registry_facts.MeterCancelled(
        "k1", "01470000206", "20000009", 100, 200, "201", "301", "gave up the shop"
    ),
    store_facts.with_cards(
        store_facts.OriginRejoined(
            "r1", bytes(range(32)), 4711, bytes(range(64, 96)), 4000, "fork", [], [], [], []
        ),
        [store_facts.CarriedDeed(1, facts.encode(WORK), "in_doubt")],
        [store_facts.CarriedDeed(1, b"\x80", "committed")],
    ),
    store_facts.LeaseGiven("centre", bytes(range(32)), 30),
    store_facts.TerminalRevoked("centre", 1_795_176_000_000, 4711),
    card_account_facts.AccountMoveReprinted("m1", 1, "101"),
    card_account_facts.CardMoneyReturned(
        "r1", "00112233445566aa", "20000001", "01470000009", "ZAR", 7000, 4, bytes(range(16)),
        bytes(range(16, 32)), "lost", "301", "302",
    ),
    account_facts.CreditLeft(
        "01470000206", "20000009", "ZAR", 141_900, 142_000, "paid", 29_000, "moved away", "101",
        "301",
    ),
    store_facts.LedgerRestoredByTwo(4711, ["backup"], 4800, "201", "301"),
    operator_facts.PinSecretKept(bytes(range(16))),
    correction_facts.SaleJudged("s5", "never_written", "hall-2 gave it", "101", "301"),
]  # fmt: skip
