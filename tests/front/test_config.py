"""kiosk.toml: every setting once; whatever is wrong with it is named by file, line and setting."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from kiosk import config
from kiosk.config import Settings
from kiosk.errors import ConfigFault

ROOT = Path(__file__).parents[2]


def written(path: Path, text: str | bytes) -> Path:
    file = path / "kiosk.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def fault(file: Path) -> str:
    with pytest.raises(ConfigFault) as found:
        config.load(file)
    return found.value.sentence


def test_the_file_of_the_house_is_the_one_that_the_program_writes() -> None:
    assert (ROOT / "kiosk.toml").read_text() == config.write_default(), "make it: kiosk config"


def test_the_written_file_is_the_default_when_it_is_read() -> None:
    assert config.load(ROOT / "kiosk.toml") == config.load(None) == Settings()


def test_every_setting_has_a_sentence_and_stands_once() -> None:
    lines = config.write_default().splitlines()
    settings = [place for place, line in enumerate(lines) if re.match(r"[a-z_0-9]+ = ", line)]
    sections = msgspec.structs.fields(Settings)
    assert len(settings) == sum(len(msgspec.structs.fields(field.default)) for field in sections)
    for place in settings:
        assert re.fullmatch(r"# .{8,}[.?]", lines[place - 1]), lines[place]


def test_only_what_is_written_is_changed(tmp_path: Path) -> None:
    file = written(tmp_path, '[site]\nhall = "Kiosk 7"\n[cash]\nnotes = [5, 10]\n')
    settings = config.load(file)
    assert (settings.site.hall, settings.cash.notes) == ("Kiosk 7", (5, 10))
    assert settings.site.utility == Settings().site.utility
    assert settings.printer == Settings().printer


@pytest.mark.parametrize("text", ["", "# nothing\n", "[site]\n", "\ufeff[site]\nhall = 'x'\n"])
def test_a_file_is_fine_when_it_changes_little_or_nothing(tmp_path: Path, text: str) -> None:
    assert config.load(written(tmp_path, text)).limits == Settings().limits


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            '[site]\nmode = "real"\nhal = "x"\n',
            3,
            "hal in [site] is no setting; did you mean hall?",
        ),
        ("[printr]\nport = 1\n", 1, "[printr] is no setting; did you mean printer?"),
        ("\n\n[cards]\n", 3, "[cards] is no setting; did you mean card?"),
        ("idle = 3\n", 1, "[idle] is no setting"),
        ("[site]\n[printer]\nmode = 1\n", 3, "mode in [printer] is no setting"),
        ("site = 3\n", 1, "[site] must be a table"),
        ("[[site]]\n", 1, "[site] must be a table"),
        ('[site]\nmode = "training"\n', 2, "mode: Invalid enum value 'training'"),
        ('[printer]\nport = "9100"\n', 2, "port: Expected `int`, got `str`"),
        ("[printer]\n\nport = 70000\n", 3, "port: Expected `int` <= 65535"),
        ("[printer]\nport = 9100.5\n", 2, "port: Expected `int`, got `float`"),
        (
            "[limits]\nfree_space_reserve_mib = -1\n",
            2,
            "free_space_reserve_mib: Expected `int` >= 0",
        ),
        ("[rehearsal]\ncentre = 1\n", 2, "centre: Expected `bool`"),
        ("[cash]\nnotes = [10, 'x']\n", 2, "notes: Expected `int`"),
        ("[cash]\nport = 'x'\n[printer]\n# port = 1\nport = 'x'\n", 5, "port: Expected `int`"),
        ("[upstream]\n'timeout_s' = true\n", 2, "timeout_s: Expected `int`"),
        ("[ site ]\nface = 'bank'\n", 2, "face: Invalid enum value 'bank'"),
        ("site.face = 'bank'\n", 1, "face: Invalid enum value 'bank'"),
        ("[site]\nface = 'bank'", 2, "face: Invalid enum value 'bank'"),
    ],
)
def test_the_sentence_names_file_line_and_setting_when_a_value_is_wrong(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    file = written(tmp_path, text)
    sentence = fault(file)
    assert sentence.startswith(f"{file}, line {line}: ")
    assert words in sentence


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[site]\nhall = 'x\n", "is not TOML"),
        (b"[site]\nhall = 'x'\nhall = 'y'\n", "line 3"),
        (b"\xff\xfe[\x00s\x00", "is not UTF-8 text (byte 0)"),
        (b"hall = '\xe9'\n", "is not UTF-8 text (byte 8)"),
        (b"a = " + b"[" * 50_000, "is not TOML"),
        (b"\x00", "is not TOML"),
    ],
)
def test_the_sentence_says_so_when_the_file_is_no_toml(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = written(tmp_path, content)
    sentence = fault(file)
    assert sentence.startswith(f"{file}: ")
    assert words in sentence
    assert "\n" not in sentence


def test_the_sentence_says_so_when_there_is_no_file_or_it_is_a_folder(tmp_path: Path) -> None:
    assert fault(tmp_path) == f"{tmp_path}: cannot be read (Is a directory)."
    assert fault(tmp_path / "no.toml").endswith("cannot be read (No such file or directory).")
