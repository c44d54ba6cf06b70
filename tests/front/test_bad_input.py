"""Bad input: one clear sentence and exit 1, or 2 for wrong usage; never a traceback."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from drivers.vending.software import SoftwareVendor
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal
from kiosk.front.cli import run
from tests.front.conftest import Done, Kiosk, a_meter, customers, is_one_sentence

SELL = ("sell", "--meter", "01470000009", "--amount")

REFUSED = [
    ((*SELL, "abc"), "abc is not an amount"),
    ((*SELL, ""), "is not an amount"),
    ((*SELL, "12abc"), "is not an amount"),
    ((*SELL, "1e3"), "is not an amount"),
    ((*SELL, "nan"), "is not an amount"),
    ((*SELL, "20,50"), "is not an amount"),
    ((*SELL, "\u0662\u0660"), "is not an amount"),
    ((*SELL, "0"), "Zero buys nothing"),
    ((*SELL, "0.00"), "Zero buys nothing"),
    ((*SELL, "-5"), "-5 is below zero"),
    ((*SELL[:-1], "--amount=-5"), "-5 is below zero"),
    ((*SELL, "20.505"), "too fine"),
    ((*SELL, "9.99"), "the smallest is 10.00 ZAR"),
    ((*SELL, "5000.01"), "the largest is 5000.00 ZAR"),
    ((*SELL, "999999999"), "the largest is 5000.00 ZAR"),
    ((*SELL, "9" * 16), "more than any till can take"),
    ((*SELL, "9" * 5000), "more than any till can take"),
    ((*SELL, "50", "--tender", "10"), "50.00 ZAR is needed"),
    ((*SELL, "50", "--tender", "much"), "is not an amount"),
    ((*SELL, "50", "--tender", ""), "is not an amount"),
    (("sell", "--meter", "12345678903", "--amount", "50"), "not known here"),
    (("sell", "--meter", "01470000008", "--amount", "50"), "wrong digit"),
    (("sell", "--meter", "0147", "--amount", "50"), "11 digits"),
    (("sell", "--meter", "", "--amount", "50"), "11 digits"),
    (("sell", "--meter", "../../etc", "--amount", "50"), "11 digits"),
    (("sell", "--meter", "\x1b[31m0147\x07", "--amount", "50"), "11 digits"),
    (("sell", "--card", "123456789015", "--amount", "50"), "ask at the counter"),
    (("sell", "--card", "700600000018", "--amount", "50"), "wrong digit"),
    (("quote", "--meter", "01470000009", "--amount", "0"), "Zero buys nothing"),
    (("quote", "--meter", "12345678903", "--amount", "50"), "not known here"),
    (("why", "nosuchsale"), "nosuchsale is not in the journal"),
    (("why", ""), "is not in the journal"),
    (("recover", "--undo", "nosuchsale"), "nosuchsale is not in the journal"),
    (("rehearse", "note", "abc"), "a note has a value"),
    (("rehearse", "note", "-20"), "a note has a value"),
    (("rehearse", "card", "pull"), "There is no card"),
    (("rehearse", "card", "dance"), "nothing that hands do"),
    (("rehearse", "card", "insert", "01470000009"), "no customer with a card"),
    (("rehearse", "meter", "show", "1"), "no such meter"),
    (("rehearse", "meter", "enter", "../x", "1" * 20), "no such meter"),
    (("rehearse", "meter", "insert", "01470000009"), "has a keypad"),
    (("export", "/no/such/folder/x"), "cannot be written"),
    (("import", "/no/such/file"), "not enrolled"),
    (("sts", "check", "/no/such/file"), "No such file"),
    (("enrol",), "There is no centre"),
    (("--config", "/no/such/file", "customers"), "cannot be read"),
    (("--config", "/", "customers"), "cannot be read"),
]


@pytest.mark.parametrize(
    ("words", "part"), REFUSED, ids=[" ".join(words)[:60] for words, _ in REFUSED]
)
def test_one_sentence_says_why_when_a_value_is_bad(
    kiosk: Kiosk, words: tuple[str, ...], part: str
) -> None:
    is_one_sentence(kiosk(*words), 1, part)


def test_a_blocked_meter_buys_nothing(kiosk: Kiosk) -> None:
    blocked = customers(kiosk, blocked=True)[0]["meter"]
    for verb in ("quote", "sell"):
        is_one_sentence(kiosk(verb, "--meter", blocked, "--amount", "50"), 1, "is blocked")


def test_a_card_is_not_sold_to_twice_when_the_meter_has_not_seen_it(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    assert kiosk("sell", "--meter", meter, "--amount", "50").exit == 0
    is_one_sentence(kiosk("sell", "--meter", meter, "--amount", "50"), 1, "not taken the last")


USAGE = [
    (),
    ("--amount", "50"),
    ("--meter", "01470000009"),
    ("--meter", "1", "--card", "2", "--amount", "3"),
    ("--meter", "1", "--amount", "50", "--bogus"),
    ("--meter", "1", "--amount", "50", "more"),
    ("--meter",),
]


@pytest.mark.parametrize("words", USAGE, ids=" ".join)
def test_wrong_usage_is_exit_2_when_selling(kiosk: Kiosk, words: tuple[str, ...]) -> None:
    is_one_sentence(kiosk("sell", *words), 2, "kiosk sell --help")


@pytest.mark.parametrize(
    "words",
    [
        ("bogus",), ("--bogus",), ("--home",), ("why",), ("rehearse", "meter"), ("sts",),
        ("rehearse", "bogus", "x"), ("run", "--mode", "king"), ("customers", "--limit", "many"),
        ("export",), ("export", "x", "--after", "y"), ("sync", "--patience", "long"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_exit_2(kiosk: Kiosk, words: tuple[str, ...]) -> None:
    is_one_sentence(kiosk(*words), 2)


CONFIGS = [
    (b"x", "is not TOML"),
    (b"[site\nmode = 1", "is not TOML"),
    (b"\xff\xfe", "is not UTF-8"),
    (b"[sit]\n", "did you mean site?"),
    (b"[site]\nmod = 'x'\n", "line 2: mod in [site] is no setting; did you mean mode?"),
    (b"\n\n[limits]\nfree_space = 3\n", "line 4: free_space"),
    (b"site = 3\n", "must be a table"),
    (b"[site]\nmode = 'training'\n", "line 2: mode"),
    (b"[site]\nlanguage = 'xx'\n", "language must be one of en, fr"),
    (b"[site]\ntimezone = 'Mars/Base'\n", "Mars/Base"),
    (b"[site]\ncurrency = 'EUR'\n", "its books are in ZAR"),
    (b"[site]\nmode = 'real'\n", "this is a rehearsal home"),
    (b"[printer]\nport = 0\n", "line 2: port"),
    (b"[printer]\nport = '9100'\n", "line 2: port"),
    (b"[rehearsal]\ncustomers = 1\n", "line 2: customers"),
    (b"[limits]\nfree_space_reserve_mib = -1\n", "line 2: free_space_reserve_mib"),
    (b"[clock]\nback_tolerance_s = 31536000\n", "line 2: back_tolerance_s"),
    (b"[clock]\nupstream_tolerance_s = 31536000\n", "line 2: upstream_tolerance_s"),
]


@pytest.mark.parametrize(("content", "part"), CONFIGS, ids=[part for _, part in CONFIGS])
def test_the_place_is_named_when_kiosk_toml_is_wrong(
    kiosk: Kiosk, tmp_path: Path, content: bytes, part: str
) -> None:
    toml = tmp_path / "bad.toml"
    toml.write_bytes(content)
    is_one_sentence(kiosk("--config", toml, *SELL, "50"), 1, part)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("[cash]\nnotes = []\n", "1 to 16 values"),
        ("[cash]\nnotes = [-5]\n", "1 to 16 values"),
        (f"[cash]\nnotes = {list(range(1, 18))}\n", "1 to 16 values"),
        ('[cash]\ndriver = "cctalk"\n', "set port"),
    ],
)
def test_the_setting_is_named_when_the_note_acceptor_cannot_be_so(
    kiosk: Kiosk, tmp_path: Path, content: str, part: str
) -> None:
    toml = tmp_path / "bad.toml"
    toml.write_text(content)
    is_one_sentence(kiosk("--config", toml, "recover"), 1, part)


def test_nothing_is_sold_when_the_disk_is_below_its_reserve_E18(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    before = kiosk("verify", "--json").json
    toml = tmp_path / "full.toml"
    toml.write_text("[limits]\nfree_space_reserve_mib = 1_000_000_000\n")
    is_one_sentence(kiosk("--config", toml, *SELL, "50"), 1, "disk is nearly full")
    assert kiosk("quote", "--config", toml, *SELL[1:], "50").exit == 0
    assert kiosk("verify", "--json").json == before


@pytest.mark.parametrize("verb", [("customers",), ("verify",), (*SELL, "50"), ("recover",)])
def test_one_sentence_says_why_when_the_home_cannot_be(
    kiosk: Kiosk, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    file = tmp_path / "file"
    file.write_text("not a home")
    for place in (file, file / "below", Path("/proc/home")):
        is_one_sentence(kiosk("--home", place, *verb), 1, str(place))


def test_a_name_upstream_is_checked_when_the_home_is_opened(kiosk: Kiosk, tmp_path: Path) -> None:
    toml = tmp_path / "name.toml"
    toml.write_text('[site]\nterminal = "hall 7/../8"\n')
    is_one_sentence(kiosk("--home", tmp_path / "new", "--config", toml, "customers"), 1, "terminal")


@pytest.mark.parametrize("damage", ["ledger.db", "home.json", "keys/signing.key"])
def test_nothing_is_sold_when_the_home_is_damaged(
    kiosk: Kiosk, tmp_path: Path, damage: str
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "kiosk.toml").write_text("[rehearsal]\ncustomers = 2\ncentre = false\n")
    assert kiosk("--home", broken, "customers").exit == 0
    (broken / damage).write_bytes(b"damaged" * 999)
    is_one_sentence(kiosk("--home", broken, *SELL, "50"), 1, str(broken))


@pytest.mark.parametrize("mark", ["nope", "pen.before_commit:0", "pen.before_commit:x", ":1"])
def test_a_mark_that_is_none_is_refused(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    monkeypatch.setenv("KIOSK_MARK", mark)
    is_one_sentence(kiosk(*SELL, "50"), 1, "KIOSK_MARK")


def test_marks_are_refused_when_selling_is_real(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    toml = tmp_path / "real.toml"
    toml.write_text('[site]\nmode = "real"\n')
    monkeypatch.setenv("KIOSK_MARK", "pen.before_commit")
    real = ("--home", tmp_path / "real", "--config", toml)
    is_one_sentence(kiosk(*real, "customers"), 1, "rehearsal home only")


def test_somebody_must_sign_in_when_selling_is_real(kiosk: Kiosk, tmp_path: Path) -> None:
    toml = tmp_path / "real.toml"
    toml.write_text('[site]\nmode = "real"\n[card]\ndriver = "none"\n[cash]\ndriver = "none"\n')
    real = ("--home", tmp_path / "real", "--config", toml)
    is_one_sentence(kiosk(*real, *SELL, "50"), 1, "--operator")
    is_one_sentence(kiosk(*real, "rehearse", "card", "pull"), 1, "real")


def test_the_pin_comes_from_standard_input_when_an_operator_sells(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = a_meter(kiosk, "keypad")
    words = ("sell", "--meter", meter, "--amount", "50", "--operator", "102", "--json")
    monkeypatch.setattr("sys.stdin", io.StringIO("1234\n"))
    assert kiosk(*words).json["state"] == "delivered"
    for operator, typed in (("102", "4321\n"), ("102", ""), ("nobody", "1234\n")):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        guess = ("sell", "--meter", meter, "--amount", "50", "--operator", operator)
        is_one_sentence(kiosk(*guess), 1, "Operator or PIN is wrong")
    monkeypatch.setattr("sys.stdin", io.StringIO("1234\n"))
    technician = ("sell", "--meter", meter, "--amount", "50", "--operator", "201")
    is_one_sentence(kiosk(*technician), 1, "does not allow")


def test_it_says_so_and_exits_1_when_a_sale_is_not_delivered(
    kiosk: Kiosk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SoftwareVendor, "issue", refuse)
    done = kiosk("sell", "--meter", a_meter(kiosk, "keypad"), "--amount", "50", "--json")
    sale = json.loads(done.out)
    assert (sale["state"], sale["reason"], sale["token"]) == ("voided", "message_reused", None)
    is_one_sentence(Done(done.exit, "", done.err), 1, sale["sale_id"])
    assert kiosk("verify").exit == 0


def refuse(_vendor: SoftwareVendor, request: TokenRequest) -> Refusal:
    """A security module that holds the key and refuses."""
    return Refusal("message_reused", {"message_id": request.message_id})


@pytest.mark.parametrize("loss", ["removed", "emptied"])
def test_a_home_is_not_opened_with_empty_books_when_its_ledger_is_gone(
    loss: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert run(["customers", "--home", str(home), "--limit", "1"]) == 0
    for file in home.glob("ledger.db*"):
        file.unlink() if loss == "removed" else file.write_bytes(b"")
    capsys.readouterr()
    assert run(["customers", "--home", str(home), "--limit", "1"]) == 1
    assert "is gone" in capsys.readouterr().err
