"""State Grid user cards as tables: the frame, the purchase-count rules, what a card proves."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.state_grid import (
    FAMILY,
    LARGEST_AMOUNT_MINOR,
    LAST_PURCHASE_NUMBER,
    Profile,
    StateGrid,
    StateGridCard,
)
from kiosk.errors import BadInput, Refusal

SERIAL, CUSTOMER, METER = "00112233445566aa", "100000000018", "07000000004"
OTHER_METER = "07000000012"

#: The regional family with one byte of length, and the 2009 type with BCD in the return file.
PROFILES = [Profile(), Profile(bcd_length=True), Profile(bcd_return=True)]
profiles = pytest.mark.parametrize("profile", PROFILES, ids=["2013", "regional", "2009"])


def new_card(family: StateGrid = FAMILY, last: StateGridCard | None = None) -> CardImage:
    return CardImage(family.name, SERIAL, family.make(CUSTOMER, METER, last))


def card(image: CardImage, family: StateGrid = FAMILY) -> StateGridCard:
    state = family.state(image)
    assert isinstance(state, StateGridCard), state
    return state


def wallet(amount_minor: int, count: int) -> bytes:
    return amount_minor.to_bytes(4, "big") + count.to_bytes(4, "big")


def written_back(count: int, meter: str = METER, family: StateGrid = FAMILY) -> bytes:
    """The return file of a meter with 12.34 yuan left."""
    bcd = family.profile.bcd_return

    def number(value: int, size: int) -> bytes:
        return bytes.fromhex(f"{value:0{2 * size}d}") if bcd else value.to_bytes(size, "big")

    numbers = number(1234, 4) + number(count, 4) + number(0, 4)
    data = bytes(7) + bytes.fromhex("0" + meter) + bytes.fromhex(CUSTOMER) + numbers
    return family.profile.frame(0x11, data + bytes(4) + number(3, 3) + bytes(5))


def with_files(image: CardImage, files: dict[int, bytes]) -> CardImage:
    return CardImage(image.family, image.serial, {**image.files, **files})


def sold(
    image: CardImage, amount_minor: int = 50_00, family: StateGrid = FAMILY
) -> list[PlainWrite]:
    planned = family.purchase(card(image, family), image, 0, amount_minor, "CNY")
    assert isinstance(planned, tuple), planned
    return planned[0]


def after(image: CardImage, writes: Sequence[PlainWrite], at: int | None = None) -> CardImage:
    """The card when the first `at` bytes of the writes have reached it; all without `at`."""
    left = sum(len(write.data) for write in writes) if at is None else at
    for write in writes:
        part, left = write.data[:left], max(0, left - len(write.data))
        image = image.with_write(PlainWrite(write.file, write.address, part))
    return image


def test_it_is_laid_out_as_the_meters_read_it_when_a_card_is_new() -> None:
    files = new_card().files
    assert files[1].hex() == (
        "68" + "01" + "0027"
        + "01" + "00" + "00000000" + "0000000000" + "00" + "00000000" * 2 + "000001" * 2
        + "007000000004" + "100000000018" + "01" + files[1][-2:].hex()
    )  # fmt: skip
    assert files[1][-2] == sum(files[1][1:-2]) % 256
    assert (len(files[1]), files[2], files[5]) == (45, bytes(8), bytes(49))


@profiles
def test_customer_meter_and_count_are_read_when_the_meter_has_written_back(
    profile: Profile,
) -> None:
    family = StateGrid(profile)
    image = with_files(new_card(family), {2: wallet(50_00, 7), 5: written_back(7, family=family)})
    read = card(image, family)
    assert (read.card_number, read.meter, read.serial) == (CUSTOMER, METER, SERIAL)
    assert (read.purchase_number, read.purchase_amount_minor) == (7, 50_00)
    assert (read.written_back_number, read.remaining_minor, read.illegal_inserts) == (7, 1234, 3)
    assert read.taken()


@pytest.mark.parametrize(
    ("files", "refusal"),
    [
        ({1: bytes(45)}, Refusal("card_blank")),
        ({1: b"\xff" * 45}, Refusal("card_blank")),
        ({1: bytes(44)}, Refusal("card_damaged", {"file": 1})),
        ({2: b""}, Refusal("card_damaged", {"file": 2})),
        ({1: FAMILY.profile.frame(6, bytes(39))}, Refusal("card_unknown_kind", {"kind": 6})),
        ({1: FAMILY.profile.frame(1, bytes(39))}, Refusal("card_blank")),
        ({1: FAMILY.profile.frame(1, b"\xaa" * 39)}, Refusal("card_damaged", {"file": 1})),
        ({1: new_card().files[1][:-2] + b"\0\x16"}, Refusal("card_damaged", {"file": 1})),
    ],
    ids=["00", "ff", "short", "no wallet", "preset card", "nobody's", "no digits", "wrong sum"],
)
def test_the_refusal_says_why_when_a_card_cannot_be_sold_to(
    files: dict[int, bytes], refusal: Refusal
) -> None:
    assert FAMILY.state(with_files(new_card(), files)) == refusal


@pytest.mark.parametrize(
    ("count", "back", "code"),
    [
        (0, bytes(49), ""),
        (7, written_back(7), ""),
        (7, bytes(49), "card_unread_purchase"),
        (7, b"\xff" * 49, "card_unread_purchase"),
        (7, written_back(6), "card_unread_purchase"),
        (7, b"\x68" + bytes(48), "card_unread_purchase"),
        (7, written_back(8), "card_behind_meter"),
        (7, written_back(7, OTHER_METER), "card_other_meter"),
        (LAST_PURCHASE_NUMBER, written_back(LAST_PURCHASE_NUMBER), "card_numbers_used_up"),
    ],
    ids=[
        "new", "taken", "empty return file", "erased return file", "older write-back",
        "meter was interrupted", "meter is ahead", "another meter", "no number left",
    ],
)  # fmt: skip
def test_the_next_purchase_waits_when_the_meter_has_not_taken_the_last(
    count: int, back: bytes, code: str
) -> None:
    image = with_files(new_card(), {2: wallet(50_00, count), 5: back})
    planned = FAMILY.purchase(card(image), image, 0, 1, "CNY")
    assert (planned.code if isinstance(planned, Refusal) else "") == code


def test_too_large_an_amount_is_refused_and_another_currency_is_a_mistake() -> None:
    image = new_card()
    planned = FAMILY.purchase(card(image), image, 5, LARGEST_AMOUNT_MINOR + 1, "CNY")
    assert planned == Refusal("card_energy_too_large", {"energy_wh": 5})
    with pytest.raises(BadInput, match="carry CNY"):
        FAMILY.purchase(card(image), image, 0, 1, "EUR")


@profiles
def test_the_frame_is_broken_first_and_mended_last_when_a_purchase_is_written(
    profile: Profile,
) -> None:
    family = StateGrid(profile)
    image = new_card(family)
    writes = sold(image, family=family)
    assert [(write.file, write.address) for write in writes] == [
        (1, 0),
        (5, 0),
        (2, 0),
        (1, 1),
        (1, 0),
    ]
    assert all(family.allowed(write) for write in writes)
    done = after(image, writes)
    read = card(done, family)
    assert (read.purchase_number, read.purchase_amount_minor, read.sub_type) == (1, 50_00, 1)
    assert read.return_empty
    assert family.witness(image, done, writes) == "delivered"


def test_the_card_is_a_purchase_card_when_it_was_an_opening_card_once() -> None:
    first = new_card()
    once = after(first, sold(first))
    taken = with_files(once, {5: written_back(1)})
    assert card(once).sub_type == 1
    assert card(after(taken, sold(taken))).sub_type == 2


def test_e15_the_lost_purchase_is_repeated_under_its_number_when_a_card_is_replaced() -> None:
    image = new_card()
    lost = card(after(image, sold(image)))
    replaced = card(new_card(last=lost))
    assert (replaced.purchase_number, replaced.purchase_amount_minor) == (1, 50_00)
    assert replaced.sub_type == 3


@pytest.mark.parametrize(
    "write",
    [
        PlainWrite(1, 0, b"\x68"),
        PlainWrite(1, 30, bytes(6), sealed=True),
        PlainWrite(2, 0, bytes(4), sealed=True),
        PlainWrite(3, 0, bytes(8), sealed=True),
        PlainWrite(5, 0, b"\x68", sealed=True),
    ],
    ids=["not sealed", "meter number", "half a wallet", "tariff file", "a write-back of our own"],
)
def test_a_write_is_not_allowed_when_it_is_not_the_sellers(write: PlainWrite) -> None:
    assert not FAMILY.allowed(write)


@given(at=st.integers(0, 200), amount_minor=st.integers(1, LARGEST_AMOUNT_MINOR))
def test_e02_the_same_writes_finish_the_sale_when_it_was_cut_off_at_any_byte(
    at: int, amount_minor: int
) -> None:
    new = new_card()
    before = with_files(after(new, sold(new)), {5: written_back(1)})
    writes = sold(before, amount_minor)
    length = sum(len(write.data) for write in writes)
    found = after(before, writes, at)
    told = FAMILY.witness(before, found, writes)
    assert told == ("not_delivered" if at == 0 else "torn" if at < length else "delivered")
    if told == "torn":
        state = FAMILY.state(found)
        assert isinstance(state, StateGridCard)
        assert not state.purchase_valid
    assert FAMILY.witness(before, after(found, writes), writes) == "delivered"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({5: written_back(2)}, "consumed"),
        ({5: b"\x68" + bytes(48)}, "delivered"),
        ({5: written_back(1)}, "other"),
        ({2: wallet(49_00, 2)}, "superseded"),
        ({2: wallet(49_00, 2), 5: written_back(2)}, "superseded"),
        ({2: wallet(49_00, 2), 5: written_back(1)}, "other"),
        ({2: wallet(0, 2)}, "other"),
        ({2: wallet(50_00, 3)}, "other"),
        ({1: bytes(45), 2: wallet(1, 9)}, "other"),
        ({5: bytes(48)}, "other"),
    ],
    ids=[
        "taken",
        "half written back",
        "old return",
        "another seller's",
        "taken from another seller",
        "another's with an old return",
        "cleared",
        "count",
        "mixture",
        "length",
    ],
)
def test_the_card_tells_what_became_of_a_sale(files: dict[int, bytes], told: str) -> None:
    new = new_card()
    before = with_files(after(new, sold(new)), {5: written_back(1)})
    writes = sold(before)
    assert FAMILY.witness(before, with_files(after(before, writes), files), writes) == told


def test_nothing_was_delivered_when_the_meter_has_only_repeated_its_last_word() -> None:
    new = new_card()
    before = with_files(after(new, sold(new)), {5: written_back(1)})
    again = with_files(before, {5: written_back(1)[:-7] + bytes(5) + written_back(1)[-2:]})
    assert FAMILY.witness(before, again, sold(before)) == "not_delivered"


def test_nothing_is_proved_when_it_is_another_card() -> None:
    before = new_card()
    other = CardImage(FAMILY.name, "ff" * 8, before.files)
    assert FAMILY.witness(before, other, sold(before)) == "other"
