"""The card menus on a real terminal, keys alone: customers' cards, tool cards, lists and money."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kiosk.front.cli import run
from tests.tmux import HAS_TMUX, Terminal

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not HAS_TMUX, reason="tmux is not here: card menus are left out"),
]

SIZES = [(80, 24), (120, 40)]
_MENU = "1 Read and show the card"


class Counter:
    """The technician's face, signed in, and the customer's hands beside it."""

    def __init__(self, terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
        self.terminal, self._capsys = terminal, capsys

    def kiosk(self, *words: str) -> Any:
        """A command of the same home, as JSON."""
        self._capsys.readouterr()
        code = run([*words, "--home", str(self.terminal.home), "--json"])
        out, err = self._capsys.readouterr()
        assert (code, err) == (0, ""), (words, out, err)
        return json.loads(out)

    def hold(self, *what: str) -> str:
        """Put another card in; what the reader says of it."""
        if self._is_in():
            self.kiosk("rehearse", "card", "pull")
        return str(self.kiosk("rehearse", "card", *what)["result"]).split()[1]

    def _is_in(self) -> bool:
        slot = self.terminal.home / "world" / "slots" / "reader.json"
        return slot.exists() and json.loads(slot.read_text()).get("card") is not None

    def type(self, *keys: str) -> None:
        self.terminal.press(*keys)

    def see(self, *wanted: str) -> None:
        """All of it on one screen."""
        self.terminal.see(*wanted)

    def open(self, row: int) -> None:
        """A row of the card room by its digit; 0 numbers those after the ninth."""
        self.see(_MENU)
        if row > 9:
            self.type("0")
            self.see("1 Card works that are not finished")
        self.type(str(row if row < 10 else row - 9))

    def back(self) -> None:
        self.type("Escape")
        self.see(_MENU)

    def second(self) -> None:
        self.type("302", "Enter", "1234", "Enter")


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def terminal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path_factory.mktemp("tmux"), "technician", *request.param)
    try:
        terminal.see("Sign in")
        terminal.press("301", "Enter", "1234", "Enter")
        terminal.see("TECHNICIAN MODE")
        terminal.press("7")
        yield terminal
    finally:
        terminal.close()


@pytest.fixture
def counter(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> Counter:
    return Counter(terminal, capsys)


def _card_meter(counter: Counter, place: int) -> dict[str, Any]:
    rows = [r for r in counter.kiosk("customers") if r["meter_kind"] == "card"]
    return dict(rows[place])


def test_a_customer_s_card_is_repaired_taken_back_and_replaced_when_each_act_was_restated(
    counter: Counter,
) -> None:
    meter = _card_meter(counter, 0)["meter"]
    counter.kiosk("sell", "--meter", meter, "--amount", "50")
    counter.hold("insert", meter)
    chip = counter.kiosk("cards", "read")["serial"]
    counter.open(4)
    counter.see("Put the customer's card into the reader first.")
    counter.type("9", "Enter", "meter shows 9", "Enter")
    counter.see("PAID AND UNREAD: purchase 1 of", f"chip {chip}", f"meter {meter}", "50.00 ZAR",
                "is cleared and gets number 9", "Second person")  # fmt: skip
    counter.back()
    counter.open(5)
    counter.see("1 kept for the meter, 2 back in cash")
    counter.type("1", "Enter", "moved away", "Enter")
    counter.see("is taken off card", f"chip {chip}", f"50.00 ZAR is kept for meter {meter}.",
                "Reason: moved away", "PIN of the second person")  # fmt: skip
    counter.second()
    counter.see("The card was written and read back.")
    counter.back()
    blank = counter.hold("blank")
    counter.open(3)
    counter.see("Put a blank card into the reader first.")
    counter.type(meter, "Enter", "1", "Enter", "1", "Enter", "lost in town", "Enter")
    counter.see("Fee: 50.00 ZAR in cash.", f"a blank card, family open, chip {blank}",
                f"chip {chip}, goes out of use: lost", "Enter: do it")  # fmt: skip
    counter.type("Enter")
    counter.see("Card replaced: done")
    counter.back()
    assert counter.kiosk("cards", "read")["issue"] == 2


@pytest.mark.parametrize(
    ("family", "tool", "settings", "parts"),
    [
        ("", "1", "", ["inquiry card", "For: any meter"]),
        ("", "2", "alarm_wh=20000", ["alarm_wh=20000, power_limit_w=0"]),
        ("state-grid", "1", "", ["inquiry card", "For: any meter"]),
        ("state-grid", "3", "alarm_minor=500", ["alarm_minor=500, second_alarm_minor=0"]),
        ("state-grid", "4", "", ["meter-number card"]),
    ],
)  # fmt: skip
def test_a_tool_card_is_made_when_card_meter_and_settings_were_restated(
    counter: Counter, family: str, tool: str, settings: str, parts: list[str]
) -> None:
    meter = _card_meter(counter, 1)["meter"]
    chip = counter.hold("blank", *([family] if family else []))
    counter.open(6)
    counter.see("5 key-update", "parameter sets: alarm_wh, power_limit_w", "Reason:")
    counter.type(tool, "Enter", *([meter] if tool == "4" else []), "Enter")
    counter.type(*([settings] if settings else []), "Enter", "first meter", "Enter")
    counter.see("becomes a tool card", f"family {family or 'open'}, chip {chip}", *parts,
                "Reason: first meter", "Enter: do it",
                f"For: {meter if tool == '4' else 'any meter'}")  # fmt: skip
    counter.type("Enter")
    counter.see("Tool card made: done", chip)
    counter.back()


def test_lists_stock_and_money_are_worked_when_only_keys_are_there(counter: Counter) -> None:
    row = _card_meter(counter, 2)
    meter, card = row["meter"], row["card"]
    counter.hold("insert", meter)
    chip = counter.kiosk("cards", "read")["serial"]
    counter.open(13)
    counter.see("Nothing was ever put on this card.", chip)
    counter.type("1")
    counter.see("Amount in cash")
    counter.type("50", "Enter")
    counter.see("50.00 ZAR in cash is put on it.", f"chip {chip}", f"meter {meter}")
    counter.type("Enter")
    counter.see("There is 50.00 ZAR on it now.")
    counter.type("Escape")
    counter.see("On the card: 50.00 ZAR, movement 1", "4 copy")
    counter.type("4")
    counter.see("COPY 1")
    counter.back()
    counter.open(8)
    counter.see("1 stop a card")
    counter.type("1")
    counter.see("1 hot, 2 lost, 3 out of use")
    counter.type(chip, "Enter", "2", "Enter", "seen twice", "Enter")
    counter.see(
        "Nobody is sold to on this card from now on: lost.", f"chip {chip}", f"meter {meter}"
    )
    counter.type("Enter")
    counter.see(f"{card} {chip} {meter}")
    counter.back()
    counter.open(13)
    counter.see("cannot be used here", "3 card out of use")
    counter.type("3")
    counter.see("Card number or chip serial")
    counter.type(chip, "Enter", "lost in town", "Enter")
    counter.see("last seen here with 50.00 ZAR on it", f"chip {chip}",
                f"kept for meter {meter}", "PIN of the second person")  # fmt: skip
    counter.second()
    counter.see(f"50.00 ZAR is kept for meter {meter}.")
    counter.type("Escape")
    counter.back()
    counter.open(11)
    counter.see("1 received 2 damaged")
    counter.type("1")
    counter.see("4 mifare, 5 state-grid")
    counter.type("5", "Enter", "20", "Enter", "delivery", "Enter")
    counter.see("20 received")
    counter.back()
    for number, name in ((9, "1 handed back"), (10, "1 settle"), (14, "Cards under suspicion")):
        counter.open(number)
        counter.see(name)
        counter.back()
