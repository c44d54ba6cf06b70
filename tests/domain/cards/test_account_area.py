"""Money on the card: its bytes, the order of its writes, and what the card proves of a movement."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.cards import account_area as area
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import Refusal

SERIAL = "00112233445566aa"


def card(**files: bytes) -> CardImage:
    made = dict(layout.make(SERIAL, "100000000018", "07000000004"))
    made[1] = made[1][:39] + b"\1" * 8 + made[1][47:]
    made[5] = bytes(48)
    return CardImage("open", SERIAL, made | {int(name[1:]): raw for name, raw in files.items()})


def stands(image: CardImage) -> area.AccountState:
    state = area.account_state(image)
    assert isinstance(state, area.AccountState), state
    return state


def move(
    image: CardImage, kind: str, amount_minor: int, move_id: str = "m1", origin: str = "hall-1"
) -> tuple[list[PlainWrite], area.AccountState]:
    verb = area.top_up if kind == "top_up" else area.spend
    made = verb(stands(image), amount_minor, "ZAR", move_id, origin)
    assert not isinstance(made, Refusal), made
    return made


def written(image: CardImage, writes: Sequence[PlainWrite]) -> CardImage:
    for write in writes:
        image = image.with_write(write)
    return image


def test_the_slot_has_these_bytes_when_money_is_put_on_a_card_for_the_first_time() -> None:
    writes, after = move(card(), "top_up", 50_00, "abcd", "r1")
    assert [(w.file, w.address, w.sealed) for w in writes] == [
        (4, 47, False), (4, 0, False), (4, 39, True), (4, 47, False),
    ]  # fmt: skip
    assert writes[1].data.hex() == (
        "01" "00000001" "0000000000001388" "5a4152" "01" "000000001388"
        "88d4266fd4e6338d13b8" "82f3e9c695dc"
    )  # fmt: skip
    assert (after.sequence, after.balance_minor) == (1, 5000)
    assert stands(written(card(), writes)) == after


def test_the_slots_take_turns_when_movements_follow_each_other() -> None:
    image, slots = card(), []
    for number, (kind, amount) in enumerate([("top_up", 100), ("spend", 30), ("spend", 70)]):
        writes, after = move(image, kind, amount, f"m{number}")
        image = written(image, writes)
        slots.append(writes[0].file)
        assert stands(image) == after
    assert slots == [4, 5, 4]
    assert stands(image).balance_minor == 0


@pytest.mark.parametrize(
    ("balance", "kind", "amount", "currency", "code"),
    [
        (100, "spend", 101, "ZAR", "card_account_too_small"),
        (0, "spend", 1, "ZAR", "card_account_too_small"),
        (100, "spend", 50, "EUR", "card_account_currency"),
        (100, "top_up", 50, "EUR", "card_account_currency"),
        (100, "top_up", area.LARGEST_MINOR, "ZAR", "card_account_too_large"),
    ],
)
def test_a_movement_is_refused_when_it_does_not_fit(
    balance: int, kind: str, amount: int, currency: str, code: str
) -> None:
    image = written(card(), move(card(), "top_up", balance)[0]) if balance else card()
    verb = area.top_up if kind == "top_up" else area.spend
    refused = verb(stands(image), amount, currency, "m2", "hall-1")
    assert isinstance(refused, Refusal)
    assert refused.code == code


def test_there_is_no_account_when_the_card_has_no_keys_or_no_second_slot() -> None:
    plain = CardImage("open", SERIAL, layout.make(SERIAL, "100000000018", "07000000004"))
    unsealed = CardImage("open", SERIAL, {**plain.files, 5: bytes(48)})
    memory = CardImage("sle4442", SERIAL, card().files)
    for image in (plain, unsealed, memory):
        assert area.account_state(image) == Refusal("card_no_account")


@pytest.mark.parametrize("place", [0, 4, 13, 16])
def test_a_card_is_damaged_when_a_valid_slot_makes_no_sense(place: int) -> None:
    good = written(card(), move(card(), "top_up", 100)[0]).files[4]
    bad = good[:place] + b"\x7e" + good[place + 1 :]
    assert isinstance(area.account_state(card(f4=bad)), Refusal)


def test_a_card_is_damaged_when_its_slots_do_not_follow_each_other() -> None:
    first = image = written(card(), move(card(), "top_up", 100)[0])
    for number in range(2, 5):
        image = written(image, move(image, "spend", 10, f"m{number}")[0])
    mixed = card(f4=first.files[4], f5=image.files[5])
    assert area.account_state(mixed) == Refusal("card_damaged", {"file": 4})


def test_the_old_or_the_new_state_stands_when_the_card_is_pulled_at_any_byte() -> None:
    before = written(card(), move(card(), "top_up", 100)[0])
    before = written(before, move(before, "spend", 10, "m2")[0])
    writes, after = move(before, "spend", 30, "m3")
    for done in range(len(writes)):
        for reached in range(len(writes[done].data) + 1):
            torn = PlainWrite(writes[done].file, writes[done].address, writes[done].data[:reached])
            now = written(written(before, writes[:done]), [torn])
            finished = done == 3 and reached == 1
            assert stands(now) == (after if finished else stands(before))
            told = area.witness(before, now, writes)
            assert told == "delivered" if finished else told in ("not_delivered", "torn")
            assert stands(written(now, writes)) == after, "the same writes finish it"


def test_the_card_tells_whose_movement_it_was_when_two_terminals_were_cut_off() -> None:
    before = written(card(), move(card(), "top_up", 100)[0])
    ours, _ = move(before, "spend", 30, "ours", "hall-1")
    theirs, _ = move(before, "spend", 30, "theirs", "hall-2")
    after_us, after_them = written(before, ours), written(before, theirs)
    assert area.witness(before, after_us, ours) == "delivered"
    assert area.witness(before, after_them, ours) == "superseded"
    for first, told in ((after_us, "delivered"), (after_them, "superseded")):
        later = written(first, move(first, "spend", 5, "next")[0])
        assert area.witness(before, later, ours) == told
        latest = written(later, move(later, "spend", 5, "after")[0])
        assert area.witness(before, latest, ours) == "other"


def test_nothing_is_proved_when_the_card_was_set_back_or_is_another() -> None:
    older = written(card(), move(card(), "top_up", 100)[0])
    before = written(older, move(older, "spend", 10, "m2")[0])
    ours, _ = move(before, "spend", 30, "m3")
    other = CardImage("open", SERIAL[:-1] + "b", before.files)
    for now in (older, card(), other):
        assert area.witness(before, now, ours) == "other"


@given(st.binary(min_size=48, max_size=48), st.binary(min_size=48, max_size=48))
def test_a_state_or_a_refusal_comes_when_the_bytes_are_any(first: bytes, second: bytes) -> None:
    for validity in (b"", layout.VALID):
        end = 48 - len(validity)
        found = area.account_state(card(f4=first[:end] + validity, f5=second[:end] + validity))
        assert isinstance(found, area.AccountState | Refusal)


@given(st.integers(0, 7), st.integers(0, 60), st.binary(max_size=60), st.booleans())
def test_a_seller_may_write_the_slots_and_nothing_else(
    file: int, address: int, data: bytes, sealed: bool
) -> None:
    windows = {(0, 39), (39, 8), (47, 1)}
    may = file in (4, 5) and (address, len(data)) in windows
    assert area.allowed(PlainWrite(file, address, data, sealed)) == may
