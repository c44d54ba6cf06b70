"""Whatever happens to a card between kiosk and meter, nobody is credited more than was paid.

The meter below follows the table of docs/cards.md and nothing else. Hypothesis plays the customer
who pulls the card, the power that fails, and the meter that is interrupted; it prints its seed.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite

SERIAL = "00112233445566aa"
METER = "07000000004"
BYTES_OF_A_SALE = 1 + 31 + 8 + 1

energies_wh = st.integers(1, 2**40 - 1)
#: Bytes that reach the chip before the power is gone; 41 is all of them.
cuts = st.integers(0, BYTES_OF_A_SALE)
validity_bytes = st.integers(0, 255).filter(lambda value: value != 0xA5)


def new_card() -> CardImage:
    return CardImage("open", SERIAL, layout.make(SERIAL, "100000000018", METER))


def cut_off(image: CardImage, writes: Sequence[PlainWrite], at: int) -> CardImage:
    """The card when only the first `at` bytes of `writes` have reached it."""
    for write in writes:
        part = write.data[:at]
        at -= len(part)
        image = image.with_write(PlainWrite(write.file, write.address, part))
    return image


def sell(image: CardImage, energy_wh: int) -> list[PlainWrite] | None:
    card = layout.state(image)
    assert isinstance(card, layout.OpenCard), card
    made = layout.purchase(card, image, energy_wh, 1, "EUR")
    return made[0] if isinstance(made, tuple) else None


class Meter:
    """The rules table of docs/cards.md."""

    def __init__(self) -> None:
        self.last = 0
        self.credited_wh = 0

    def insert(self, image: CardImage, at: int) -> CardImage:
        """The card after this meter has had it; the card is pulled after `at` bytes."""
        bought = image.files[2]
        if bought[39] != 0xA5:
            return image
        number, result = int.from_bytes(bought[1:5], "big"), 4
        if number == self.last + 1:
            self.credited_wh += int.from_bytes(bought[5:10], "big")
            self.last, result = number, 1
        elif number <= self.last:
            result = 2 if number == self.last else 3
        content = (
            b"\1"
            + self.last.to_bytes(4, "big")
            + (self.credited_wh % 2**40).to_bytes(5, "big")
            + bytes(5)
            + bytes([result])
            + bytes.fromhex("0" + METER)
            + bytes(9)
        )
        writes = [(39, b"\0"), (0, content), (31, bytes(8)), (39, b"\xa5")]
        return cut_off(image, [PlainWrite(3, address, data) for address, data in writes], at)


@given(energy_wh=energies_wh, at=cuts, torn_validity=validity_bytes)
@settings(max_examples=300)
def test_every_cut_is_told_apart_when_a_write_stops_anywhere(
    energy_wh: int, at: int, torn_validity: int
) -> None:
    before = new_card()
    writes = sell(before, energy_wh)
    assert writes is not None
    now = cut_off(before, writes, at)
    expected = {0: "not_delivered", BYTES_OF_A_SALE: "delivered"}.get(at, "torn")
    assert layout.witness(before, now, writes) == expected
    if expected == "torn":
        # A validity byte that was being written when the power failed may hold anything but A5.
        smudged = now.with_write(PlainWrite(2, 39, bytes([torn_validity])))
        assert layout.witness(before, smudged, writes) == "torn"
    meter = Meter()
    meter.insert(now, BYTES_OF_A_SALE)
    assert meter.credited_wh == (energy_wh if expected == "delivered" else 0)


class Town(RuleBasedStateMachine):
    """One card, one meter, and a seller who asks the card what became of what was committed."""

    def __init__(self) -> None:
        super().__init__()
        self.card, self.meter = new_card(), Meter()
        self.delivered_wh = 0
        self.open: tuple[CardImage, list[PlainWrite], int] | None = None

    @precondition(lambda self: self.open is None)
    @rule(energy_wh=energies_wh, at=cuts)
    def sell_and_be_interrupted(self, energy_wh: int, at: int) -> None:
        writes = sell(self.card, energy_wh)
        if writes is not None:
            self.open = (self.card, writes, energy_wh)
            self.card = cut_off(self.card, writes, at)

    @precondition(lambda self: self.open is not None)
    @rule(at=cuts)
    def recover_and_be_interrupted(self, at: int) -> None:
        assert self.open is not None
        before, writes, energy_wh = self.open
        told = layout.witness(before, self.card, writes)
        assert told != "other"
        if told in ("delivered", "consumed"):
            self.open = None
            self.delivered_wh += energy_wh
        else:
            self.card = cut_off(self.card, writes, at)

    @rule(at=cuts)
    def put_the_card_in_the_meter(self, at: int) -> None:
        self.card = self.meter.insert(self.card, at)

    @invariant()
    def no_more_is_credited_than_was_paid(self) -> None:
        paid_wh = self.delivered_wh + (self.open[2] if self.open else 0)
        assert self.meter.credited_wh <= paid_wh

    def teardown(self) -> None:
        """In the end everybody finishes what they began, and the books and the meter agree."""
        while self.open is not None:
            self.recover_and_be_interrupted(BYTES_OF_A_SALE)
        self.card = self.meter.insert(self.card, BYTES_OF_A_SALE)
        assert self.meter.credited_wh == self.delivered_wh
        assert sell(self.card, 1) is not None


TestTown = Town.TestCase
TestTown.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
