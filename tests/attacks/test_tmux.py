"""The real program on a real terminal: bytes that a keyboard can send, and nobody gets below it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.tmux import HAS_TMUX, Terminal

pytestmark = pytest.mark.skipif(
    not HAS_TMUX, reason="tmux is not here: escapes on a terminal are left out"
)

#: As hexadecimal bytes: control codes, function keys, chords, sequences of terminals.
BYTES = {
    "every control code but Ctrl-C": [f"{n:02x}" for n in range(32) if n != 3],
    "Ctrl-Q": ["11"] * 3,
    "Ctrl-Z": ["1a"] * 3,
    "Ctrl-backslash": ["1c"] * 3,
    "Ctrl-P and a command": ["10", *(f"{ord(c):02x}" for c in "quit\r")],
    "escape storm": ["1b"] * 60,
    "function keys": [
        f"{byte:02x}"
        for n in (*range(11, 16), *range(17, 22), *range(23, 27), 28, 29, *range(31, 35))
        for byte in f"\x1b[{n}~".encode()
    ],
    "bracketed paste": [f"{byte:02x}" for byte in b"\x1b[200~:!sh\n$(id)\x1b[201~"],
    "paste that does not end": [f"{byte:02x}" for byte in b"\x1b[200~" + b"7" * 3000],
    "mouse and focus": [f"{byte:02x}" for byte in b"\x1b[<0;1;1M\x1b[<0;1;1m\x1b[I\x1b[O"],
    "answers of a terminal": [
        f"{byte:02x}" for byte in b"\x1b[?62;c\x1b]11;rgb:0/0/0\x07\x1bP1$r\x1b\\"
    ],
    "a size that is typed": [f"{byte:02x}" for byte in b"\x1b[48;1;1;0;0t\x1b[48;9999;9999;9;9t"],
    "broken UTF-8": ["c3", "28", "ff", "fe", "e2", "82", "f0", "9f"],
}


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path_factory.mktemp("tmux"), "self-service")
    try:
        terminal.see("Put in your card")
        yield terminal
    finally:
        terminal.close()


def _still_there(terminal: Terminal) -> None:
    assert terminal.state() in "RSD"
    assert terminal.tmux("display-message", "-p", "#{pane_pid} #{pane_dead}") == f"{terminal.pid} 0"
    assert not {"sh", "bash", "dash"} & set(terminal.children())


@pytest.mark.proof
@pytest.mark.parametrize("name", BYTES)
def test_the_face_has_the_terminal_whatever_bytes_come(terminal: Terminal, name: str) -> None:
    terminal.send(BYTES[name])
    time.sleep(0.3)
    _still_there(terminal)
    time.sleep(0.7)  # a paste that is under way is given up
    terminal.press_until("5", "Type your meter number")
    terminal.press_until("Escape", "Put in your card")
    _still_there(terminal)


@pytest.mark.proof
def test_the_face_goes_on_when_it_is_asked_to_stop(terminal: Terminal) -> None:
    for asked in (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH):
        os.kill(terminal.pid, asked)
        time.sleep(0.2)
        _still_there(terminal)


@pytest.mark.proof
def test_the_face_comes_back_when_the_window_was_one_by_one(terminal: Terminal) -> None:
    for columns, rows in ((1, 1), (2, 1), (500, 100), (80, 24)):
        terminal.resize(columns, rows)
        time.sleep(0.4)
        _still_there(terminal)
    terminal.see("Put in your card")
