"""The driver of the open layout as recorded conversations: what is sent, what is answered."""

from __future__ import annotations

import pytest

from drivers.card.open import OpenCardDriver
from kiosk import marks
from kiosk.domain.cards.families import historical_bytes
from kiosk.domain.cards.image import PlainWrite
from kiosk.domain.cards.open import rewrite
from kiosk.errors import BadInput, CardMute, CardUnusable

SERIAL = "00112233445566aa"
ATR = bytes.fromhex("3b6c00004b504831" + SERIAL)
SELECT = "00A4040007F04B494F534B01"


class Conversation:
    """A card that answers exactly this, in this order."""

    def __init__(self, *exchanges: tuple[str, str], atr: bytes = ATR) -> None:
        self.atr, self.exchanges = atr, list(exchanges)

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        assert self.exchanges, f"nothing was expected any more, {apdu.hex()} came"
        expected, answer = self.exchanges.pop(0)
        assert apdu == bytes.fromhex(expected), apdu.hex().upper()
        return bytes.fromhex(answer)

    def close(self) -> None:
        assert not self.exchanges


IDENTITY, PURCHASE, BACK, ACCOUNT = "11" * 48, "22" * 40, "33" * 40, "44" * 48

READS = [
    (SELECT, "9000"),
    ("00B0810030", IDENTITY + "9000"),
    ("00B0820028", PURCHASE + "9000"),
    ("00B0830028", BACK + "9000"),
    ("00B0840030", ACCOUNT + "9000"),
]


def test_four_files_are_read_when_the_card_is_whole() -> None:
    session = Conversation(*READS)
    image = OpenCardDriver(session).read()
    session.close()
    assert (image.family, image.serial) == ("open", SERIAL)
    wanted = enumerate((IDENTITY, PURCHASE, BACK, ACCOUNT), start=1)
    assert image.files == {file: bytes.fromhex(content) for file, content in wanted}


def test_the_rest_is_fetched_when_a_t0_card_announces_it() -> None:
    session = Conversation(
        (SELECT, "6104"),
        ("00C0000004", "6F0000009000"),
        ("00B0810030", "6130"),
        ("00C0000030", "11" * 20 + "611C"),
        ("00C000001C", "11" * 28 + "9000"),
        ("00B0820028", "6C28"),
        ("00B0820028", PURCHASE + "9000"),
        *READS[3:],
    )
    assert OpenCardDriver(session).read().files[1] == bytes.fromhex(IDENTITY)
    session.close()


def test_files_are_read_in_pieces_when_the_chip_has_a_small_buffer() -> None:
    pieces = [
        (f"00B0{0x80 + file:02X}{start:02X}{size:02X}", f"{file}{file}" * size + "9000")
        for file, length in ((1, 48), (2, 40), (3, 40), (4, 48))
        for start in range(0, length, 32)
        for size in [min(32, length - start)]
    ]
    session = Conversation((SELECT, "9000"), *pieces)
    assert OpenCardDriver(session, chunk=32).read().files[4] == bytes.fromhex(ACCOUNT)
    session.close()


CONTENT = "01" + "00000007" + "000000300C" + "00000000000007D0" + "455552" + "00" * 10


def test_four_writes_are_made_in_order_and_each_passes_the_mark() -> None:
    session = Conversation(
        (SELECT, "9000"),
        ("00D6822701" + "00", "9000"),
        ("00D682001F" + CONTENT, "9000"),
        ("00D6821F08" + "00" * 8, "9000"),
        ("00D6822701" + "A5", "9000"),
    )
    passed: list[tuple[str, int]] = []
    marks.arm(lambda name: passed.append((name, len(session.exchanges))))
    try:
        OpenCardDriver(session).write(SERIAL, rewrite(7, 12_300, 20_00, "EUR"))
    finally:
        marks.arm(None)
    session.close()
    assert passed == [("card.after_each_write", left) for left in (3, 2, 1, 0)]


def test_a_write_is_cut_in_pieces_when_the_chip_has_a_small_buffer() -> None:
    session = Conversation(
        (SELECT, "9000"),
        ("00D6822701" + "00", "9000"),
        ("00D6820010" + CONTENT[:32], "9000"),
        ("00D682100F" + CONTENT[32:], "9000"),
        ("00D6821F08" + "00" * 8, "9000"),
        ("00D6822701" + "A5", "9000"),
    )
    OpenCardDriver(session, chunk=16).write(SERIAL, rewrite(7, 12_300, 20_00, "EUR"))
    session.close()


@pytest.mark.parametrize(
    ("exchanges", "code"),
    [
        ([(SELECT, "6A82")], "blank"),
        ([(SELECT, "6985")], "damaged"),
        ([(SELECT, "9000"), ("00B0810030", "6A82")], "damaged"),
        ([(SELECT, "9000"), ("00B0810030", "6982")], "damaged"),
        ([(SELECT, "9000"), ("00B0810030", "1111" + "9000")], "damaged"),
        ([(SELECT, "9000"), ("00B0810030", "6C20"), ("00B0810020", "11" * 32 + "9000")], "damaged"),
        ([(SELECT, "9000"), ("00B0810030", "6110")] + [("00C0000010", "6110")] * 8, "damaged"),
    ],
    ids=[
        "no application",
        "does not open",
        "no file",
        "not allowed",
        "short data",
        "short file",
        "endless",
    ],
)
def test_the_error_says_what_the_card_is_when_it_cannot_be_read(
    exchanges: list[tuple[str, str]], code: str
) -> None:
    session = Conversation(*exchanges)
    with pytest.raises(CardUnusable) as caught:
        OpenCardDriver(session).read()
    session.close()
    assert caught.value.code == code


@pytest.mark.parametrize("answer", ["", "90"])
def test_the_card_is_mute_when_an_answer_has_no_status(answer: str) -> None:
    with pytest.raises(CardMute):
        OpenCardDriver(Conversation((SELECT, answer))).read()


@pytest.mark.parametrize(
    "atr",
    ["", "3b", "3b00", "3b6500004b494f534b", "3b80", "3bff", "3b6c00004b504832" + SERIAL],
)
def test_a_card_is_foreign_when_its_answer_to_reset_names_no_layout(atr: str) -> None:
    with pytest.raises(CardUnusable) as caught:
        OpenCardDriver(Conversation(atr=bytes.fromhex(atr))).read()
    assert caught.value.code == "foreign"


@pytest.mark.parametrize(
    ("atr", "historical"),
    [
        ("3b024142", "4142"),
        ("3b6500004b494f534b", "4b494f534b"),
        ("3b8c8001" + "4b504831" + SERIAL + "00", "4b504831" + SERIAL),
        ("3bf21100008131fe454142aa", "4142"),
    ],
    ids=["nothing but history", "TB1 TC1", "T=1 with TCK", "TA1 TB1 TC1 TD1, TD2, TA3 TB3"],
)
def test_the_historical_bytes_are_found_behind_any_interface_bytes(
    atr: str, historical: str
) -> None:
    assert historical_bytes(bytes.fromhex(atr)).hex() == historical


def test_the_card_is_left_alone_when_it_is_not_the_one() -> None:
    with pytest.raises(CardUnusable) as caught:
        OpenCardDriver(Conversation()).write("ffffffffffffffff", rewrite(1, 1, 1, "EUR"))
    assert caught.value.code == "other_card"


def test_the_card_is_left_alone_when_a_write_is_not_in_the_whitelist() -> None:
    with pytest.raises(BadInput, match="nothing was written"):
        OpenCardDriver(Conversation()).write(SERIAL, [PlainWrite(1, 12, b"\1")])


def test_nothing_more_is_written_when_the_card_refuses_one() -> None:
    session = Conversation((SELECT, "9000"), ("00D6822701" + "00", "6581"))
    with pytest.raises(CardUnusable, match="6581"):
        OpenCardDriver(session).write(SERIAL, rewrite(1, 1, 1, "EUR"))
    session.close()
