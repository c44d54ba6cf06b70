"""What a person reads on the simulated paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printer.escpos_reader import EscposReader
from drivers.printer.sim_paper import Paper

CUT = b"\x1dV\x00"


def read(*portions: bytes) -> list[str]:
    """The texts of the slips that these portions print."""
    reader, paper, slips = EscposReader(), Paper(), []
    for portion in portions:
        for command in reader.feed(portion):
            if command.kind == "cut":
                slips.append(paper.cut(command)[1])
            elif command.kind != "realtime":
                paper.draw(command)
    return slips


@pytest.mark.parametrize(
    ("what", "job", "text"),
    [
        ("lines", b"one\ntwo\n", "one\ntwo\n"),
        ("a line that ends with the cut", b"one\ntwo", "one\ntwo\n"),
        ("styles are passed over", b"\x1b!\x30\x1bE\x01\x1ba\x01BIG\n\x1bM\x00", "BIG\n"),
        ("the first code page", b"caf\x82\n", "café\n"),
        ("a chosen code page", b"\x1bt\x13\xd5\n", "€\n"),
        ("Cyrillic", b"\x1bt\x11\x92\xae\xaa\n", "Ток\n"),
        ("Chinese in its mode", b"\x1c&\xb5\xe7\x1c.kWh\n", "电kWh\n"),
        ("feeds", b"one\n\x1bd\x02two\n", "one\n\n\ntwo\n"),
        ("a picture", b"\x1dv0\x00\x01\x00\x02\x00\x0a\x1d", "[picture, 2 dots high]\n"),
        ("a question inside a picture", b"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01ok\n",
         "[picture, 1 dots high]\nok\n"),
        ("a QR code", b"\x1d(k\x04\x001A2\x00\x1d(k\x08\x001P012345\x1d(k\x03\x001Q0",
         "[code: 12345]\n"),
        ("a bar code", b"\x1dk\x49\x04{B12", "[code: {B12]\n"),
        ("an old bar code", b"\x1dk\x04123\x00", "[code: 123]\n"),
        ("a drawer is opened", b"\x1bp\x00\x32\x32done\n", "done\n"),
    ],
)  # fmt: skip
def test_the_slip_can_be_read_when_it_has(what: str, job: bytes, text: str) -> None:
    assert read(job + CUT) == [text], what


def test_accented_letters_can_be_read_when_the_encoder_library_sends_them() -> None:
    dummy = pytest.importorskip("escpos.printer").Dummy(profile="TM-T20II")
    dummy.text("Grüße, señor\n")
    dummy.cut()
    [text] = read(dummy.output)
    assert text.strip() == "Grüße, señor"


@pytest.mark.parametrize("cut", [b"\x1dV\x00", b"\x1dVB\x00", b"\x1bi", b"\x1bm"])
def test_a_slip_ends_when_it_is_cut_either_way(cut: bytes) -> None:
    assert read(b"one\n" + cut + b"two\n" + cut) == ["one\n", "two\n"]


@given(st.binary(max_size=400), st.data())
def test_the_same_slips_come_out_when_the_job_arrives_in_any_portions(
    job: bytes, data: st.DataObject
) -> None:
    stream, portions = job + CUT, []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        portions.append(stream[:size])
        stream = stream[size:]
    assert read(*portions) == read(job + CUT)
