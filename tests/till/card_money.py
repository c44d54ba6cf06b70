"""Money on the card as tests ask for it: put on, looked at, spent, and left in the middle."""

from __future__ import annotations

import msgspec
import pytest

from kiosk import marks
from kiosk.domain import catalogue as catalogues
from kiosk.domain.card_account_record import MoveRecord
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.chart import card_account
from kiosk.domain.record import SaleRecord
from kiosk.errors import Refusal
from kiosk.till import card_accounts
from kiosk.till.desk import Desk
from kiosk.till.sell import card_payment, sell
from tests.till.hall import CARD, KEYPAD, DiedError, Hall, die_at, offer_of


def account_of(desk: Desk, meter: str = CARD) -> str:
    found = desk.records.meter(meter)
    assert found is not None
    return card_account(found.account)


def put_on(desk: Desk, amount_minor: int) -> MoveRecord:
    done = card_accounts.top_up(desk, amount_minor)
    assert isinstance(done, MoveRecord), done
    return done


def on_card(desk: Desk) -> int:
    held = card_accounts.purse(desk)
    assert not isinstance(held, Refusal), held
    return held.state.balance_minor


def buy(desk: Desk, amount_minor: int, meter: str = CARD) -> SaleRecord | Refusal:
    offer = offer_of(desk, meter, amount_minor)
    payment = card_payment(desk, offer)
    return payment if isinstance(payment, Refusal) else sell(desk, offer, payment)


def give_keypad_too(desk: Desk) -> None:
    """From now on the owner of the card has the keypad meter as well."""
    owner, keypad, found = (
        desk.records.meter(CARD), desk.records.meter(KEYPAD), desk.records.tariff()
    )  # fmt: skip
    assert owner is not None and keypad is not None and found is not None
    person = desk.records.customer(owner.account)
    assert person is not None
    moved = msgspec.structs.replace(keypad, account=owner.account)
    content = Catalogue(2, "utility", found[1], [person], [moved], [])
    desk.journal.append(catalogues.received(content), content=catalogues.encode(content))


def killed_after_the_money_left(hall: Hall, desk: Desk) -> str:
    """A counter dies when the four writes of the money are on the card and none of the purchase's;
    the sale."""
    hall.put_in(CARD)
    put_on(desk, 10_000)
    gone = hall.station(operator="102")
    marks.arm(die_at("card.after_each_write", 4))
    with pytest.raises(DiedError):
        buy(gone, 1200)
    marks.arm(None)
    hall.leave(gone)
    assert on_card(desk) == 8800
    return desk.records.open_sales()[0].committed.sale_id
