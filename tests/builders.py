"""What tests of several rooms build with: a clock, names from a seed, and facts of the trade."""

from __future__ import annotations

import random
from collections.abc import Sequence

from kiosk.domain import card_account_facts, chart, facts
from kiosk.domain.cards import account_area
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.tariff import Line
from kiosk.domain.token import TokenRequest
from kiosk.ports import ClockQuality, Moment

#: 2026-11-20 12:00 UTC; every clock of a test starts here.
NOON_MS = 1_795_176_000_000

METER = "37000000019"
CARD_SERIAL = "00112233445566aa"


class FixedClock:
    """The port Clock: stands still until `advance`."""

    def __init__(self, time_ms: int = NOON_MS, quality: ClockQuality = "synced") -> None:
        self.time_ms, self.quality = time_ms, quality

    def now(self) -> Moment:
        return Moment(self.time_ms, self.quality)

    def monotonic_ms(self) -> int:
        return self.time_ms

    def advance(self, *, seconds: int = 0, minutes: int = 0) -> None:
        self.time_ms += (seconds + 60 * minutes) * 1000

    def pair(self) -> tuple[int, str]:
        """Time and quality as the pen asks for them."""
        return self.time_ms, self.quality


class SeededEntropy:
    """The port Entropy: the same names and nibbles for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def nibble(self) -> int:
        return self._random.randrange(16)

    def name(self) -> str:
        return "".join(self._random.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(16))


def cash(amount_minor: int, holder: str = "101") -> facts.Tender:
    return facts.Tender("cash", amount_minor, chart.cash(holder))


def notes(amount_minor: int) -> facts.Tender:
    return facts.Tender("notes", amount_minor, chart.HELD_NOTES)


def kept_money(amount_minor: int, meter: str = METER) -> facts.Tender:
    return facts.Tender("meter_account", amount_minor, chart.meter_account(meter))


def token_request(sale_id: str, meter: str, identifier: int, units: int) -> TokenRequest:
    return TokenRequest(
        message_id=sale_id,
        meter=meter,
        supply_group="123456",
        key_revision=1,
        tariff_index=1,
        key_type=2,
        algorithm="07",
        base_date=2014,
        identifier=identifier,
        random=5,
        units=units,
    )


def card_delivery(purchase_number: int = 1) -> facts.CardDelivery:
    before = CardImage("open", CARD_SERIAL, {1: bytes(4), 2: bytes(8)})
    writes = [PlainWrite(2, 0, b"\x01\x02"), PlainWrite(2, 7, b"V")]
    return facts.CardDelivery(CARD_SERIAL, purchase_number, before, writes)


def sale(
    sale_id: str,
    amount_minor: int = 1150,
    *,
    meter: str = METER,
    identifier: int = 0,
    card: facts.CardDelivery | None = None,
    tenders: Sequence[facts.Tender] = (),
    station: str = "counter-1",
    currency: str = "ZAR",
) -> facts.SaleCommitted:
    """A sale at 10 Wh a cent, 15/115 of it tax; by token, or by `card` when one is given.

    11.50 buys 11,500 Wh: 10.00 of energy and 1.50 of tax.
    """
    tax, energy_wh = amount_minor * 15 // 115, amount_minor * 10
    energy = Line(
        "energy", "Energy", amount_minor - tax, energy_wh, chart.revenue("energy"), "energy"
    )
    lines = [energy, Line("tax", "VAT", tax, 0, chart.tax("tax"), "tax")]
    token = None if card else token_request(sale_id, meter, identifier, -(-energy_wh // 100))
    return facts.SaleCommitted(
        sale_id=sale_id,
        station=station,
        operator="101",
        face="cashier",
        meter=meter,
        account="20000001",
        power_type="home",
        tariff_digest="00" * 32,
        currency=currency,
        amount_minor=amount_minor,
        energy_wh=energy_wh,
        lines=lines,
        tenders=list(tenders) or [cash(amount_minor)],
        tendered_minor=amount_minor,
        change_minor=0,
        token=token,
        card=card,
    )


def account_card(serial: str = CARD_SERIAL) -> CardImage:
    """A card of the profile with keys whose account was never used."""
    files = layout.make(serial, "100000000018", METER)
    files[1] = files[1][:39] + b"\1" * 8 + files[1][47:]
    return CardImage("open", serial, files | {account_area.SECOND_SLOT: bytes(48)})


def account_move(
    kind: account_area.MoveKind,
    move_id: str,
    amount_minor: int,
    before: CardImage | None = None,
    origin: str = "r1",
) -> card_account_facts.AccountMoveCommitted:
    """A movement of the customer 20000001 on the card in `before`, or on a new one."""
    image = account_card() if before is None else before
    state = account_area.account_state(image)
    assert isinstance(state, account_area.AccountState), state
    verb = account_area.top_up if kind == "top_up" else account_area.spend
    planned = verb(state, amount_minor, "ZAR", move_id, origin)
    assert isinstance(planned, tuple), planned
    writes, after = planned
    return card_account_facts.AccountMoveCommitted(
        move_id, "counter-1", "101", "cashier", "20000001", METER, image.serial, kind, "ZAR",
        amount_minor, after.sequence, after.balance_minor, state.mark, after.mark,
        chart.cash("101") if kind == "top_up" else "", image, writes,
    )  # fmt: skip


def top_up(move_id: str, amount_minor: int) -> card_account_facts.AccountMoveCommitted:
    return account_move("top_up", move_id, amount_minor)


def delivered(sale_id: str, token: str = "1234" * 5) -> facts.SaleDelivered:
    return facts.SaleDelivered(sale_id, "normal", token=token, stages_ms={"commit": 1})


def offered(
    payment: str, note: int = 1, amount_minor: int = 2000, *, currency: str = "ZAR",
    meter: str = METER,
) -> facts.NoteOffered:  # fmt: skip
    return facts.NoteOffered(
        payment, note, "kiosk-1", meter, "acceptor", 10 + note, amount_minor, currency
    )


def stacked(payment: str, note: int = 1) -> facts.NoteStacked:
    return facts.NoteStacked(payment, note, 20 + note)
