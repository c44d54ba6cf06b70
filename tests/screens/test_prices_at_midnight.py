"""Prices change while somebody stands at the counter or the kiosk (E12)."""

from __future__ import annotations

import msgspec

from kiosk.domain import chart
from kiosk.domain.tariff_pack import TariffPack, pack_digest
from kiosk.errors import Refusal
from kiosk.front import utility
from kiosk.till import tariffs
from kiosk.till.operators import sign_in, sign_out
from kiosk.till.quote import Buyer, Offer, find_buyer, quote
from kiosk.till.requote import Requoted, renewed
from kiosk.till.tokens import SecondPerson
from tests.builders import FixedClock
from tests.screens.conftest import Hall, Player
from tests.screens.walks import find_customer, sell_for, sign_in_by_keys, to_payment


def dearer_at_midnight(hall: Hall) -> tuple[FixedClock, TariffPack]:
    """Homes pay twice as much from midnight on; it is half a minute before. The old prices."""
    hall.desk.clock = clock = FixedClock()
    clock.advance(minutes=60 * 24 * 9)
    found = hall.desk.records.tariff_at(clock.time_ms)
    assert found is not None
    home, *others = found[1].power_types
    items = [
        msgspec.structs.replace(item, price_minor_per_mwh=2 * item.price_minor_per_mwh)
        for item in home.sub_items
    ]
    dear = msgspec.structs.replace(
        found[1], number=2, valid_from_ms=clock.time_ms + 30_000,
        power_types=[msgspec.structs.replace(home, sub_items=items), *others],
    )  # fmt: skip
    sign_in(hall.desk, "301", utility.REHEARSAL_PIN)
    published = tariffs.publish(hall.desk, dear, SecondPerson("302", utility.REHEARSAL_PIN))
    assert not isinstance(published, Refusal), published
    sign_out(hall.desk)
    hall.desk.operator, hall.desk.role = "self-service", "self_service"
    return clock, found[1]


def test_the_price_that_the_kiosk_showed_holds_when_midnight_comes_before_the_last_key(
    hall: Hall,
) -> None:
    clock, old = dearer_at_midnight(hall)

    async def script(player: Player) -> None:
        await to_payment(player, hall.keypad, "2")
        await player.press("2")
        await player.see("Enough")
        clock.advance(seconds=60)
        await player.press("enter")
        await player.see("Take your slip")

    hall.play(script)
    (sale,) = hall.desk.records.last_sales(9)
    assert sale.committed.tariff_digest == pack_digest(old)
    assert sale.committed.amount_minor == 2000


def test_the_counter_shows_the_difference_before_consent_when_a_quote_has_become_too_old(
    hall: Hall,
) -> None:
    clock, old = dearer_at_midnight(hall)
    sign_out(hall.desk)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player)
        await find_customer(player, hall.keypad.meter.number)
        await sell_for(player, "35", "35")
        clock.advance(seconds=121)
        await player.press("enter")
        await player.see("The prices have changed: 7.6 kWh now, 15.2 kWh before.")
        assert hall.desk.records.last_sales(9) == []
        await player.press("enter")
        await player.see("Cash received")
        await player.press(*"35", "enter")
        await player.see("Sell?")
        await player.press("enter")
        await player.see("Slip: printed.")

    hall.play(script, face="cashier")
    (sale,) = hall.desk.records.last_sales(9)
    assert sale.committed.tariff_digest != pack_digest(old)


async def paid_too_late(hall: Hall, player: Player, clock: FixedClock) -> None:
    """The notes are in; the quote ends while they are taken, and the prices of the day with it."""
    await to_payment(player, hall.keypad, "2")
    await player.press("2")
    await player.see("Enough")
    clock.advance(seconds=121)
    await player.press("enter")
    await player.see("The prices have changed")
    await player.see("Before: 20.00 ZAR for")
    await player.see("Now: 20.00 ZAR for")
    assert hall.desk.records.last_sales(9) == []


def test_the_kiosk_asks_again_when_the_prices_changed_while_notes_were_taken(hall: Hall) -> None:
    clock, old = dearer_at_midnight(hall)

    async def script(player: Player) -> None:
        await paid_too_late(hall, player, clock)
        await player.press("enter")
        await player.see("Take your slip")

    hall.play(script)
    (sale,) = hall.desk.records.last_sales(9)
    assert sale.committed.tariff_digest != pack_digest(old)
    assert sale.committed.amount_minor == 2000


def test_the_money_is_kept_for_the_meter_when_the_customer_does_not_want_the_new_prices(
    hall: Hall,
) -> None:
    clock, _old = dearer_at_midnight(hall)

    async def script(player: Player) -> None:
        await paid_too_late(hall, player, clock)
        await player.press("escape")
        await player.see("is kept for meter")

    hall.play(script)
    assert hall.desk.records.last_sales(9) == []
    kept = chart.meter_account(hall.keypad.meter.number)
    assert hall.desk.records.balance(kept, hall.desk.currency) == -2000


def test_a_dearer_price_is_not_sold_at_before_it_was_seen_and_the_same_price_is(hall: Hall) -> None:
    clock, _old = dearer_at_midnight(hall)
    buyer = find_buyer(hall.desk, hall.keypad.meter.number)
    assert isinstance(buyer, Buyer)
    shown = quote(hall.desk, buyer, 2000)
    assert isinstance(shown, Offer)
    assert renewed(hall.desk, shown, 2000) is shown
    more = renewed(hall.desk, shown, 3000)
    assert isinstance(more, Requoted) and more.now.quote.amount_minor == 3000
    clock.advance(seconds=121)
    found = renewed(hall.desk, shown, 2000)
    assert isinstance(found, Requoted)
    assert found.now.quote.energy_wh < found.before.quote.energy_wh
    clock.advance(seconds=121)
    again = renewed(hall.desk, found.now, 2000)
    assert isinstance(again, Offer), "too old, and as much for as much"
    assert again.quote.energy_wh == found.now.quote.energy_wh
