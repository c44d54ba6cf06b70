"""Ways through the faces that many tests take: keys, and what has to be seen before the next."""

from __future__ import annotations

from kiosk.ports import Moment
from kiosk.till.desk import Desk
from kiosk.till.quote import Buyer
from tests.screens.conftest import Hall, Player

SIZES = [(80, 24), (120, 40)]

# --- staff ------------------------------------------------------------------------------------


async def sign_in_by_keys(player: Player, name: str = "101", pin: str = "1234") -> None:
    """At the first screen of the staff; what the operator sees then is up to the face."""
    await player.see("Sign in")
    await player.idle()  # whoever furnished the home is signed out first
    await player.press(*name, "enter", *pin, "enter")


async def choose(player: Player, row: str) -> None:
    """Press the digit of a row of the menu."""
    await player.see(row)
    text = player.text()
    line = next(line for line in text.splitlines() if row in line)
    await player.press(next(sign for sign in line if sign.isdecimal()))


async def find_customer(player: Player, number: str) -> None:
    """From the menu to the page of the customer with this number."""
    await player.see("What is to be done?")
    await player.press("1", see="Which customer?")
    await player.press(*number, "enter", see="Enter: sell")
    await player.see("From 10.00 ZAR")


async def sell_for(player: Player, amount: str, tendered: str = "") -> None:
    """From the page of a customer to the last question."""
    await player.press("enter", see="For how much?")
    await player.press(*amount, see="Total")
    await player.press("enter", see="Cash received")
    await player.press(*tendered, "enter", see="Sell?")


async def past_sales(player: Player) -> None:
    """From the menu to the list of past sales."""
    await choose(player, "Past sales")
    await player.see("w: why")


async def open_account(player: Player, number: str, operator: str = "101") -> None:
    """Signed in and on the page of the account that `number` leads to."""
    await sign_in_by_keys(player, operator)
    await account_page(player, number)


async def account_page(player: Player, number: str) -> None:
    """From the menu to the page of the account that `number` leads to."""
    await choose(player, "Accounts and bills")
    await player.see("Interest of a month")
    await player.press("1", see="Account, meter or card number")
    await player.press(*number, "enter", see="1 Top up")


async def more(player: Player, row: str) -> None:
    """From the page of an account to a row of what is done less often."""
    await player.press("0", see="Everything that happened")
    await player.press(row)


async def top_up_card(player: Player) -> None:
    """Signed in as a cashier and asked how much cash goes on the empty card in the reader."""
    await card_room(player, "101")
    await player.press("7", see="Nothing was ever put on this card.")
    await player.press("1", see="Amount in cash")


async def answer(player: Player, *answers: str) -> None:
    """One answer after the other, in a form."""
    for one in answers:
        await player.press(*one, "enter")


async def card_room(player: Player, name: str = "201") -> None:
    """Signed in and among the works on cards; 201 is the technician."""
    await sign_in_by_keys(player, name)
    await player.see("TECHNICIAN MODE" if name == "201" else "What is to be done?")
    await player.press("7", see="1 Read and show the card")


# --- the customer -----------------------------------------------------------------------------


async def to_amount(player: Player, buyer: Buyer) -> None:
    """From the first screen to the question of the amount, by typing the number."""
    await player.see("No change is given")
    await player.dial(buyer.meter.number)
    await player.see("The number is complete")
    await player.press("enter", see="Is this your meter?")
    await player.press("enter")


async def to_payment(player: Player, buyer: Buyer, row: str) -> None:
    """On to the notes, with the amount of a row."""
    await to_amount(player, buyer)
    await player.see("How much do you want to buy?")
    await player.press(row, see="Total")
    await player.press("enter", see="Still needed")


async def card_in(player: Player, hall: Hall) -> None:
    """From the first screen with the card of the card meter put in by the help screen."""
    await player.see("No change is given")
    await player.press("asterisk", see="1 put in the card of")
    await player.press("1", see="Is this your meter?")


class HandClock:
    """A clock whose monotonic hand is moved by the test."""

    def __init__(self, desk: Desk) -> None:
        self._real, self.ahead_ms = desk.clock, 0

    def now(self) -> Moment:
        return self._real.now()

    def monotonic_ms(self) -> int:
        return self._real.monotonic_ms() + self.ahead_ms


# --- lines ------------------------------------------------------------------------------------


def in_order(text: str, *wanted: str) -> None:
    at = 0
    for part in wanted:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} was not said after:\n{text[:at]}\n--- but:\n{text[at:]}"
        at = found + len(part)
