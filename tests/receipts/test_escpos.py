"""The printer's bytes, read back by a reader of our own: the paper says what the slip says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import BadInput, PrinterFault
from kiosk.ports import SlipLine
from receipts.encoder import Encoder
from receipts.job import Job, framed
from receipts.raster import draw
from receipts.text import rows
from receipts.writer import Writer
from tests.receipts.escpos_reader import PICTURE, Paper, read
from tests.receipts.examples import AMINA, BY_CARD, KEPT, SITE, SOLD, words


@pytest.fixture(scope="module", autouse=True)
def _library_without_litter(tmp_path_factory: pytest.TempPathFactory) -> None:
    """python-escpos leaves a folder behind when it is imported; here it goes where tests go."""
    folder = tmp_path_factory.mktemp("escpos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESCPOS_CAPABILITIES_PICKLE_DIR", str(folder))
        patch.setattr("tempfile.tempdir", str(folder))
        import escpos.capabilities  # noqa: F401


def printed(
    lines: list[SlipLine], width: int = 42, profile: str = "default", code_pages: Sequence[str] = ()
) -> Paper:
    from receipts.escpos import encode

    return read(encode(Job(lines, width, profile, list(code_pages))))


def slips(language: str) -> list[list[SlipLine]]:
    writer = Writer(SITE, words(language), "rehearsal")
    return [writer.sale(SOLD, AMINA, 0), writer.sale(BY_CARD, AMINA, 3), writer.kept(KEPT)]


PRINTERS = [("default", 42, 56), ("TM-T20II", 48, 64), ("POS-5890", 32, 42), ("simple", 42, 56)]


@pytest.mark.parametrize(("profile", "width", "small_width"), PRINTERS)
def test_the_paper_says_what_the_slip_says(profile: str, width: int, small_width: int) -> None:
    for lines in slips("en"):
        paper = printed(lines, width, profile=profile)
        expected = rows(lines, width, small_width=small_width)
        assert paper.texts == [row.text for row in expected]
        styles = {"plain": "", "rule": "", "space": ""}
        assert [s for _, s in paper.rows] == [styles.get(r.style, r.style) for r in expected]
        assert paper.fed_lines == 6
        assert paper.cut or profile in ("POS-5890", "simple")


def test_french_comes_out_whole_when_the_printer_has_its_letters() -> None:
    for lines in slips("fr"):
        paper = printed(lines)
        assert paper.texts == [row.text for row in rows(lines, 42, small_width=56)]


def test_e36_an_accent_goes_before_a_letter_does_when_the_printer_lacks_it() -> None:
    lines = [SlipLine("Énergie achetée", right="À PAYER : 5 €"), SlipLine("“Œuvre” – l’été")]
    paper = printed(lines, profile="simple")
    assert paper.texts == [
        "Énergie achetée            A PAYER : 5 EUR",
        '"OEuvre" - l\'été',
    ]


def test_e36_a_row_is_drawn_when_its_letters_cannot_be_printed() -> None:
    lines = [
        SlipLine("Customer", right="Борис"),
        SlipLine("Total", right="20.00"),
        SlipLine("Борис", style="large", align="centre"),
    ]
    paper = printed(lines, code_pages=["CP437"])
    assert paper.texts == [PICTURE, "Total" + " " * 32 + "20.00", PICTURE]
    (first_width, first_height), (second_width, second_height) = paper.pictures
    assert first_height == 24
    assert second_height == 48
    assert 40 * 12 < first_width <= 42 * 12, "the right column stands at the edge"
    assert second_width < 42 * 12, "a picture ends where its ink ends"


def test_e36_a_script_from_right_to_left_is_drawn_and_never_set_backwards() -> None:
    assert printed([SlipLine("שלום")]).texts == [PICTURE]


def test_e36_a_letter_that_no_font_has_is_named_by_its_number() -> None:
    assert printed([SlipLine("a\U00012000b")]).texts == ["a<12000>b"]


def test_the_right_column_of_a_drawn_row_ends_at_the_edge() -> None:
    ink = draw("Имя" + " " * 34 + "Борис", 12, 24, 42)
    assert 42 * 12 - 24 < ink.width <= 42 * 12
    assert draw("Имя", 12, 24, 42).width < 4 * 12


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(), max_size=60), st.sampled_from(["plain", "large", "small"]))
def test_any_name_leaves_only_known_commands_and_no_false_question_mark(
    name: str, style: str
) -> None:
    line = SlipLine(name, right="20.00", style=style)  # type: ignore[arg-type]
    paper = printed([line, SlipLine("end")], code_pages=["CP437", "CP858"])
    assert paper.texts[-1] == "end"
    assert sum(text.count("?") for text in paper.texts) <= name.count("?") + name.count("\uff1f")


UNKNOWN = [
    ("no such printer", [], "profile 'no such printer'"),
    ("default", ["CP437", "KLINGON"], "no code page 'KLINGON'"),
]


@pytest.mark.parametrize(("profile", "code_pages", "sentence"), UNKNOWN)
def test_a_printer_is_refused_when_nobody_knows_it(
    profile: str, code_pages: list[str], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        printed([SlipLine("x")], 42, profile, code_pages)


def test_plain_text_stays_in_the_first_code_page_when_a_profile_lists_it_twice() -> None:
    from receipts.escpos import encode

    for profile, *_ in PRINTERS:
        assert b"\x1bt\x00x" in encode(Job([SlipLine("x")], 32, profile))


# --- the child process ------------------------------------------------------------------------


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Encoder]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a killed child leaves its folder behind
    made = Encoder(42, timeout_s=60)
    yield made
    made.close()


def test_the_child_makes_the_bytes_and_comes_back_when_it_was_killed(encoder: Encoder) -> None:
    lines = slips("fr")[0]
    first = encoder.encode(lines)
    assert read(first).texts == [row.text for row in rows(lines, 42, small_width=56)]
    child = encoder.child_id()
    assert child is not None
    os.kill(child, signal.SIGKILL)
    assert encoder.encode(lines) == first
    assert encoder.child_id() not in (None, child)


def test_the_child_ends_by_itself_and_leaves_nothing_when_there_is_no_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    encoder = Encoder(42, timeout_s=60, idle_s=0.05)
    encoder.encode([SlipLine("one")])
    child = encoder._child
    assert child is not None
    assert child.wait(60) == 0
    assert list(tmp_path.iterdir()) == []
    assert read(encoder.encode([SlipLine("two")])).texts == ["two"]
    encoder.close()
    assert encoder.child_id() is None
    assert list(tmp_path.iterdir()) == []


def test_the_encoder_says_why_when_the_printer_is_unknown() -> None:
    encoder = Encoder(42, "no such printer", timeout_s=60)
    with pytest.raises(PrinterFault, match="no such printer"):
        encoder.encode([SlipLine("x")])
    encoder.close()


def test_the_encoder_gives_up_in_time_when_the_child_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
    )  # fmt: skip
    monkeypatch.setattr("receipts.encoder._start", lambda _idle_s: started)
    encoder = Encoder(42, timeout_s=0.05)
    with pytest.raises(PrinterFault, match="longer than"):
        encoder.encode([SlipLine("x")])
    assert started.poll() is not None


@pytest.mark.parametrize("noise", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x02\xc1\xc1", b"\x00"])
def test_the_child_ends_quietly_when_it_is_told_nonsense(noise: bytes) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "receipts.escpos"],
        input=noise, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert child.returncode == 0
    assert child.stderr == b""


def test_the_selling_process_stays_free_of_the_library() -> None:
    code = (
        "import sys, json, receipts.press, receipts.writer, kiosk.words.book;"
        "print(json.dumps(sorted(m for m in sys.modules if m.split('.')[0] in"
        " ('escpos', 'PIL', 'qrcode', 'yaml', 'sqlalchemy', 'pydantic'))))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(found.stdout) == []
    assert find_spec("escpos") is not None


def test_messages_name_their_length() -> None:
    message = framed(Job([SlipLine("x")], 42))
    assert int.from_bytes(message[:4], "big") == len(message) - 4
