"""The chip at the other end of the wire, asked command by command as a reader would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.card.sim import CardRack
from drivers.card.sim_card import SimulatedCard
from kiosk.errors import BadInput

SERIAL = "00112233445566aa"
SELECT = "00A40400 07 F04B494F534B01"
FILES = {1: b"I" * 48, 2: b"P" * 40, 3: b"W" * 40, 4: b"A" * 48}


@pytest.fixture
def rack(tmp_path: Path) -> CardRack:
    rack = CardRack(tmp_path)
    rack.make(SERIAL, FILES)
    return rack


@pytest.fixture
def card(rack: CardRack) -> Iterator[SimulatedCard]:
    card = rack.card(SERIAL)
    yield card
    card.close()


def ask(card: SimulatedCard, command: str) -> str:
    return card.answer(bytes.fromhex(command)).hex().upper()


@pytest.mark.parametrize(
    ("command", "answer", "why"),
    [
        ("00B08100 04", "494949499000", "four bytes of the identity"),
        ("00B08226 02", "50509000", "the last two bytes of the purchase"),
        ("00B08226 03", "6C02", "only two bytes are left"),
        ("00B08200 00", "6C28", "as much as there is: forty bytes"),
        ("00B08228 01", "6B00", "behind the end"),
        ("00B08500 01", "6A82", "there is no file 5"),
        ("00B00000 01", "6A82", "file 0 does not exist"),
        ("00B00200 01", "6B00", "not addressed by its short identifier"),
        ("00B08100", "6700", "no length asked for"),
        ("00B0810004FF", "6700", "a read carries no data"),
        ("00D68200 02 AABB", "9000", "two bytes of the purchase"),
        ("00D68200 03 AABB", "6700", "three announced, two sent"),
        ("00D68200", "6700", "nothing to write"),
        ("00D68227 02 AABB", "6700", "one byte too many for the file"),
        ("00D68228 01 AA", "6B00", "behind the end"),
        ("00D68100 01 02", "6982", "the identity is the utility's"),
        ("00D68300 01 01", "9000", "the write-back is the meter's, and there are no keys"),
        ("00D68600 01 01", "6A82", "there is no file 6"),
        ("00A40400 07 F04B494F534B02", "6A82", "another application"),
        ("00A40400 08 F04B494F534B01", "6700", "eight announced, seven sent"),
        ("00A40000 02 3F00", "6A82", "there is no master file to select"),
        ("00200001 02 1234", "6D00", "no PIN to verify"),
        ("80B08100 04", "6E00", "not an interindustry command"),
        ("00B0", "6700", "no command at all"),
    ],
)
def test_the_status_says_what_is_wrong_when_a_command_comes(
    card: SimulatedCard, command: str, answer: str, why: str
) -> None:
    assert ask(card, SELECT) == "9000"
    assert ask(card, command) == answer, why


def test_no_file_is_shown_when_the_application_is_not_selected(card: SimulatedCard) -> None:
    assert ask(card, "00B08100 04") == "6A82"
    assert ask(card, "00D68200 01 01") == "6A82"


def test_the_application_is_selected_again_when_the_card_was_powered_down(rack: CardRack) -> None:
    first, second = rack.card(SERIAL), rack.card(SERIAL)
    assert ask(first, SELECT) == "9000"
    assert ask(second, "00B08100 04") == "6A82"
    first.close()
    second.close()


def test_a_write_is_on_the_card_when_it_is_powered_again(rack: CardRack) -> None:
    card = rack.card(SERIAL)
    ask(card, SELECT)
    ask(card, "00D68227 01 A5")
    card.close()
    assert rack.files(SERIAL) == {**FILES, 2: FILES[2][:39] + b"\xa5"}


def test_only_the_first_bytes_are_on_the_card_when_the_power_fails_in_a_write(
    rack: CardRack, card: SimulatedCard
) -> None:
    ask(card, SELECT)
    card.answer(bytes.fromhex("00D6820A 04 01020304"), written_bytes=3)
    assert rack.files(SERIAL)[2] == b"P" * 10 + b"\1\2\3" + b"P" * 27


def test_the_answer_to_reset_names_the_layout_and_the_serial(card: SimulatedCard) -> None:
    assert card.atr.hex() == "3b6c0000" + b"KPH1".hex() + SERIAL


def test_the_rack_lists_what_was_made_and_makes_nothing_twice(rack: CardRack) -> None:
    rack.make("00112233445566bb", FILES)
    assert rack.serials() == [SERIAL, "00112233445566bb"]
    with pytest.raises(BadInput, match="already"):
        rack.make(SERIAL, FILES)
    with pytest.raises(BadInput, match="16 hex digits"):
        rack.make("12", FILES)
    with pytest.raises(BadInput, match="no simulated card"):
        rack.card("ffffffffffffffff")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(command=st.binary(max_size=300))
def test_every_answer_has_a_status_when_nonsense_comes(card: SimulatedCard, command: bytes) -> None:
    card.answer(bytes.fromhex(SELECT.replace(" ", "")))
    assert len(card.answer(command)) >= 2
