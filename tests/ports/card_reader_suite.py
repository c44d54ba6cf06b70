"""What every card reader must do, whoever made it: one suite for all implementations of CardReader.

The cards are of the open layout. A read is 5 commands (select, four files), a write of a purchase
is 5 as well (select, four writes).
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Literal, Protocol

import pytest

from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import (
    BadInput,
    CardFault,
    CardMute,
    CardRemoved,
    CardReset,
    CardUnusable,
)
from kiosk.ports import CardReader

AMINA, BORIS = "00112233445566aa", "00112233445566bb"
COMMANDS_OF_A_READ = 5
COMMANDS_OF_A_WRITE = 5

Trouble = Literal["pull", "mute", "hang", "short", "status", "reset"]


class CardBench(Protocol):
    """A reader under test, two new cards (AMINA's and BORIS's) and the hands of their owners."""

    reader: CardReader

    #: Whether another program can reset the card while we work with it; not where we have it alone.
    can_be_reset: bool

    def insert(self, serial: str) -> None: ...

    def pull(self) -> None: ...

    def spoil(self, trouble: Trouble, at: int, written_bytes: int = 0) -> None:
        """`trouble` comes at the `at`-th command from now; so much of a write reaches the chip."""

    def heal(self) -> None: ...

    def contents(self, serial: str) -> dict[int, bytes]: ...


def sale(image: CardImage, energy_wh: int = 12_300) -> list[PlainWrite]:
    """The writes of a purchase on the card that was read."""
    card = layout.state(image)
    assert isinstance(card, layout.OpenCard), card
    made = layout.purchase(card, image, energy_wh, 20_00, "EUR")
    assert isinstance(made, tuple), made
    return made[0]


class CardReaderSuite:
    @pytest.fixture
    def bench(self) -> CardBench:
        raise NotImplementedError

    def test_nothing_is_present_when_no_card_is_in(self, bench: CardBench) -> None:
        assert not bench.reader.present()
        with pytest.raises(CardRemoved):
            bench.reader.read()
        with pytest.raises(CardRemoved):
            bench.reader.write(AMINA, [])

    def test_an_insertion_is_seen_when_a_card_is_put_in(self, bench: CardBench) -> None:
        before = bench.reader.insertions()
        bench.insert(AMINA)
        assert bench.reader.present()
        assert bench.reader.insertions() == before + 1

    def test_a_removal_is_seen_when_the_card_is_pulled(self, bench: CardBench) -> None:
        bench.insert(AMINA)
        bench.pull()
        assert not bench.reader.present()

    def test_insertions_grow_when_a_card_is_pulled_and_put_back_between_two_looks(
        self, bench: CardBench
    ) -> None:
        bench.insert(AMINA)
        seen = bench.reader.insertions()
        for round_trip in range(1, 20):
            bench.pull()
            bench.insert(AMINA)
            assert bench.reader.insertions() == seen + round_trip

    def test_the_whole_card_is_in_the_image_when_it_is_read(self, bench: CardBench) -> None:
        bench.insert(AMINA)
        image = bench.reader.read()
        assert (image.family, image.serial) == ("open", AMINA)
        assert image.files == bench.contents(AMINA)

    def test_the_second_card_is_read_when_the_cards_are_changed(self, bench: CardBench) -> None:
        bench.insert(AMINA)
        bench.reader.read()
        bench.pull()
        bench.insert(BORIS)
        assert bench.reader.read().serial == BORIS

    def test_a_purchase_is_delivered_when_its_writes_are_made(self, bench: CardBench) -> None:
        bench.insert(AMINA)
        before = bench.reader.read()
        writes = sale(before)
        bench.reader.write(AMINA, writes)
        assert layout.witness(before, bench.reader.read(), writes) == "delivered"

    def test_nothing_is_written_when_another_card_is_in_the_reader(self, bench: CardBench) -> None:
        bench.insert(AMINA)
        writes = sale(bench.reader.read())
        bench.pull()
        bench.insert(BORIS)
        untouched = bench.contents(BORIS)
        with pytest.raises(CardUnusable) as caught:
            bench.reader.write(AMINA, writes)
        assert caught.value.code == "other_card"
        assert bench.contents(BORIS) == untouched

    def test_nothing_is_written_when_one_write_is_not_the_sellers(self, bench: CardBench) -> None:
        bench.insert(AMINA)
        writes = sale(bench.reader.read())
        untouched = bench.contents(AMINA)
        with pytest.raises(BadInput):
            bench.reader.write(AMINA, [*writes, PlainWrite(layout.WRITE_BACK, 1, b"\0\0\0\1")])
        assert bench.contents(AMINA) == untouched

    @pytest.mark.parametrize("at", range(1, COMMANDS_OF_A_READ + 1))
    def test_e02_the_card_is_asked_for_when_it_is_pulled_while_it_is_read(
        self, bench: CardBench, at: int
    ) -> None:
        bench.insert(AMINA)
        bench.spoil("pull", at)
        with pytest.raises(CardRemoved):
            bench.reader.read()
        assert not bench.reader.present()

    @pytest.mark.parametrize("written_bytes", [0, 1, 17, 31])
    @pytest.mark.parametrize("at", range(1, COMMANDS_OF_A_WRITE + 1))
    def test_e02_the_same_writes_finish_the_sale_when_the_card_was_pulled_in_any_of_them(
        self, bench: CardBench, at: int, written_bytes: int
    ) -> None:
        bench.insert(AMINA)
        before = bench.reader.read()
        writes = sale(before)
        bench.spoil("pull", at, written_bytes)
        with pytest.raises(CardRemoved):
            bench.reader.write(AMINA, writes)
        bench.heal()
        bench.insert(AMINA)
        told = layout.witness(before, bench.reader.read(), writes)
        assert told == _expected(at, written_bytes)
        if told != "delivered":
            bench.reader.write(AMINA, writes)
        assert layout.witness(before, bench.reader.read(), writes) == "delivered"

    @pytest.mark.parametrize(
        ("trouble", "expected"),
        [
            ("mute", CardMute),
            ("hang", CardMute),
            ("short", CardMute),
            ("status", CardUnusable),
            ("reset", CardReset),
        ],
    )
    @pytest.mark.parametrize("at", range(1, COMMANDS_OF_A_WRITE + 1))
    def test_e03_the_card_still_tells_the_truth_when_a_write_was_not_confirmed(
        self, bench: CardBench, trouble: Trouble, expected: type[CardFault], at: int
    ) -> None:
        bench.insert(AMINA)
        before = bench.reader.read()
        writes = sale(before)
        bench.spoil(trouble, at, 31)
        if trouble == "reset" and not bench.can_be_reset:
            bench.reader.write(AMINA, writes)
            bench.heal()
            assert layout.witness(before, bench.reader.read(), writes) == "delivered"
            return
        with pytest.raises(expected):
            bench.reader.write(AMINA, writes)
        bench.heal()
        done = trouble in ("mute", "hang", "short")
        told = layout.witness(before, bench.reader.read(), writes)
        assert told == _expected(at, 31 if done else 0)

    @pytest.mark.parametrize("trouble", ["mute", "hang", "short", "status", "reset"])
    @pytest.mark.parametrize("at", range(1, COMMANDS_OF_A_READ + 1))
    def test_a_card_can_be_read_again_when_a_read_has_failed(
        self, bench: CardBench, trouble: Trouble, at: int
    ) -> None:
        bench.insert(AMINA)
        bench.spoil(trouble, at)
        spared = trouble == "reset" and not bench.can_be_reset
        with nullcontext() if spared else pytest.raises(CardFault):
            bench.reader.read()
        bench.heal()
        assert bench.reader.read().files == bench.contents(AMINA)


def _expected(at: int, written_bytes: int) -> str:
    """What the card must tell when the `at`-th command (1 is the selection) was cut off."""
    begun = at - 2 + (1 if at > 1 and written_bytes else 0)
    if begun <= 0:
        return "not_delivered"
    return "delivered" if begun == 4 else "torn"
