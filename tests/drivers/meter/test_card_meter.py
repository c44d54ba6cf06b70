"""A card meter, told as conversations with a small card: a dict of files behind APDUs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.meter.card_line import Transmit
from drivers.meter.card_meter import CardMeter, CardMeterState
from drivers.meter.factory import card_meter
from kiosk.errors import CardRemoved

NUMBER = "07123456784"


def identity(number: str = NUMBER, **changed: int) -> bytearray:
    file = bytearray(48)
    file[0], file[1], file[3], file[47] = 1, 1, 1, 0xA5
    file[18:24] = bytes.fromhex("0" + number)
    for offset, value in changed.items():
        file[int(offset[1:])] = value
    return file


def purchase(number: int, energy_wh: int, **changed: int) -> bytearray:
    file = bytearray(40)
    file[0], file[39] = 1, 0xA5
    file[1:5], file[5:10] = number.to_bytes(4, "big"), energy_wh.to_bytes(5, "big")
    for offset, value in changed.items():
        file[int(offset[1:])] = value
    return file


class Card:
    """SELECT, READ BINARY, UPDATE BINARY over `files`; keeps what was said."""

    def __init__(self, bought: bytearray, owner: bytearray | None = None) -> None:
        self.files = {1: owner or identity(), 2: bought, 3: bytearray(40), 4: bytearray(48)}
        self.said: list[str] = []
        self.pulled_before: int | None = None

    def transmit(self, apdu: bytes) -> bytes:
        if len(self.said) == self.pulled_before:
            raise CardRemoved("The card is out.")
        self.said.append(apdu.hex().upper())
        instruction, file, offset, data = apdu[1], apdu[2] - 0x80, apdu[3], apdu[5:]
        if instruction == 0xA4:
            return b"\x90\x00" if data == bytes.fromhex("F04B494F534B01") else b"\x6a\x82"
        if instruction == 0xB0:
            return bytes(self.files[file][offset : offset + apdu[4]]) + b"\x90\x00"
        assert instruction == 0xD6, apdu.hex()
        assert len(data) == apdu[4]
        self.files[file][offset : offset + len(data)] = data
        return b"\x90\x00"

    def write_back(self) -> tuple[int, int, int, int, int]:
        """Purchase number, total credited, left, result, validity."""
        file = bytes(self.files[3])
        whole = int.from_bytes
        return (whole(file[1:5], "big"), whole(file[5:10], "big"), whole(file[10:15], "big"),
                file[15], file[39])  # fmt: skip


def test_conversation_is_as_the_layout_says_when_a_purchase_is_credited(tmp_path: Path) -> None:
    card = Card(purchase(1, 25_600))
    answer = card_meter(tmp_path, NUMBER).insert(card.transmit)
    assert (answer.result, answer.energy_wh_added, answer.energy_left_wh) == (
        "credited",
        25_600,
        25_600,
    )
    assert answer.display == "CREDITED 25.6 kWh"
    assert card.said == [
        "00A4040007F04B494F534B01",
        "00B0810030",
        "00B0820028",
        "00D683270100",
        "00D683001F" + "01000000010000006400000000640001007123456784" + "00" * 9,
        "00D6831F08" + "00" * 8,
        "00D6832701A5",
    ]


def meter_after(folder: Path, last_purchase: int, left_wh: int = 0, total_wh: int = 0) -> CardMeter:
    state = CardMeterState(
        NUMBER,
        last_purchase=last_purchase,
        energy_left_wh=left_wh,
        energy_credited_wh=max(total_wh, left_wh),
    )
    return CardMeter.create(folder, state)


RULES = [
    # last credited, purchase file, result, added Wh, last after, result written on the card
    (4, purchase(5, 700), "credited", 700, 5, 1),
    (4, purchase(4, 700), "already_credited", 0, 4, 2),
    (0, purchase(0, 0), "already_credited", 0, 0, 2),
    (4, purchase(3, 700), "old_purchase", 0, 4, 3),
    (4, purchase(6, 700), "purchase_number", 0, 4, 4),
    (4, purchase(5, 700, o39=0), "purchase_not_finished", 0, 4, None),
    (4, bytearray(40), "purchase_not_finished", 0, 4, None),
    (4, purchase(5, 700, o0=2), "card_not_valid", 0, 4, None),
    (4, purchase(5, 700, o31=9), "card_not_valid", 0, 4, None),
    (4, purchase(5, 2**40 - 1), "overflow", 0, 4, None),
]


@pytest.mark.parametrize(("last", "bought", "result", "added", "after", "told"), RULES)
def test_rule_of_the_layout_holds_when_a_card_is_inserted(
    tmp_path: Path,
    last: int,
    bought: bytearray,
    result: str,
    added: int,
    after: int,
    told: int | None,
) -> None:
    meter, card = meter_after(tmp_path, last, 1000, 9000), Card(bytearray(bought))
    answer = meter.insert(card.transmit)
    assert (answer.result, answer.energy_wh_added) == (result, added)
    face = meter.show()
    assert (face.last_purchase, face.energy_left_wh) == (after, 1000 + added)
    if told is None:
        assert card.files[3] == bytearray(40)
    else:
        assert card.write_back() == (after, 9000 + added, 1000 + added, told, 0xA5)


@pytest.mark.parametrize(
    ("owner", "result"),
    [
        (identity("07123456792"), "other_meter"),
        (identity(o18=0xFF), "other_meter"),
        (identity(o47=0), "card_not_valid"),
        (identity(o0=0), "card_not_valid"),
        (identity(o1=6), "card_not_valid"),
        (identity(o39=1), "card_not_valid"),
        (bytearray(48), "card_not_valid"),
    ],
)
def test_nothing_is_written_when_the_card_is_not_this_meters(
    tmp_path: Path, owner: bytearray, result: str
) -> None:
    card = Card(purchase(1, 700), bytearray(owner))
    assert card_meter(tmp_path, NUMBER).insert(card.transmit).result == result
    assert len(card.said) == 3


def test_credit_is_given_once_when_the_card_is_pulled_anywhere(tmp_path: Path) -> None:
    for pulled_before in range(7):
        meter, card = card_meter(tmp_path / str(pulled_before), NUMBER), Card(purchase(1, 700))
        card.pulled_before = pulled_before
        answer = meter.insert(card.transmit)
        credited_wh = 700 if pulled_before > 2 else 0
        assert (answer.result, answer.energy_wh_added) == ("card_fault", credited_wh)
        assert answer.display.endswith("INSERT CARD AGAIN" if credited_wh else "CARD FAULT")
        assert meter.show().energy_left_wh == credited_wh
        assert card.files[3][39] == 0

        card.pulled_before = None
        again = meter.insert(card.transmit).result
        assert again == ("already_credited" if credited_wh else "credited")
        assert (meter.show().energy_left_wh, card.write_back()[:3]) == (700, (1, 700, 700))


def test_purchase_is_on_disk_when_the_first_byte_goes_back_to_the_card(tmp_path: Path) -> None:
    card = Card(purchase(1, 700))
    left_at_write: list[int] = []

    def watched(apdu: bytes) -> bytes:
        if apdu[1] == 0xD6:
            left_at_write.append(CardMeter(tmp_path, NUMBER).show().energy_left_wh)
        return card.transmit(apdu)

    card_meter(tmp_path, NUMBER).insert(watched)
    assert left_at_write == [700] * 4


def in_parts(card: Card) -> Transmit:
    """A T=0 card that says how much there is and hands it out when asked (61xx)."""
    waiting = bytearray()

    def transmit(apdu: bytes) -> bytes:
        if apdu[1] == 0xC0:
            part = bytes(waiting[: apdu[4]])
            del waiting[: apdu[4]]
        else:
            answer = card.transmit(apdu)
            waiting[:] = answer[:-2]
            part = b""
        return part + (bytes((0x61, min(len(waiting), 30))) if waiting else b"\x90\x00")

    return transmit


def length_first(card: Card) -> Transmit:
    """A T=0 card that wants its own length for a short file (6Cxx)."""
    asked: list[bytes] = []

    def transmit(apdu: bytes) -> bytes:
        if apdu[1] == 0xB0 and apdu not in asked:
            asked.append(apdu)
            return bytes((0x6C, apdu[4]))
        return card.transmit(apdu)

    return transmit


@pytest.mark.parametrize("manner", [in_parts, length_first])
def test_purchase_is_credited_when_the_card_answers_in_the_manner_of_t0(
    tmp_path: Path, manner: Callable[[Card], Transmit]
) -> None:
    card = Card(purchase(1, 700))
    assert card_meter(tmp_path, NUMBER).insert(manner(card)).result == "credited"
    assert card.write_back() == (1, 700, 700, 1, 0xA5)


@pytest.mark.parametrize(
    "answer", ["", "90", "6A82", "9001", "6982", "9000", "00009000", "6100", "6C00", "6130"]
)
def test_card_is_at_fault_when_it_answers_nonsense(tmp_path: Path, answer: str) -> None:
    meter = card_meter(tmp_path, NUMBER)
    assert meter.insert(lambda _: bytes.fromhex(answer)).result == "card_fault"
    assert meter.show().last_result == "card_fault"


def test_face_is_read_as_json_when_a_card_meter_is_shown(tmp_path: Path) -> None:
    meter = card_meter(tmp_path, NUMBER)
    meter.insert(Card(purchase(1, 25_600)).transmit)
    assert meter.consume(600) == 25_000
    assert msgspec.to_builtins(meter.show()) == {
        "number": NUMBER,
        "kind": "card",
        "energy_left_wh": 25_000,
        "energy_left_kwh": "25.0",
        "energy_credited_wh": 25_600,
        "switch": "closed",
        "last_result": "credited",
        "last_purchase": 1,
    }
    assert meter.consume(10**9) == 0
    assert (meter.show().switch, meter.registers().energy_used_wh) == ("open", 25_600)


def test_year_of_purchases_adds_up_when_each_card_is_inserted_twice(tmp_path: Path) -> None:
    meter = card_meter(tmp_path, NUMBER)
    for number in range(1, 13):
        card = Card(purchase(number, 1000 * number))
        assert meter.insert(card.transmit).result == "credited"
        assert meter.insert(card.transmit).result == "already_credited"
    assert meter.show().energy_credited_wh == 78_000


@settings(max_examples=100, deadline=None, print_blob=True)
@given(answers=st.lists(st.binary(max_size=60), min_size=1, max_size=12))
def test_meter_answers_when_a_card_says_anything(
    tmp_path_factory: pytest.TempPathFactory, answers: list[bytes]
) -> None:
    meter = card_meter(tmp_path_factory.mktemp("meters"), NUMBER)
    said = iter(answers)
    assert meter.insert(lambda _: next(said, b"")).energy_wh_added == 0
