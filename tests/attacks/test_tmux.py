"""The real program on a real terminal: bytes that a keyboard can send, and nobody gets below it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 40

assert shutil.which("tmux") or not os.environ.get("REQUIRE_ALL"), "tmux must be there"
pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not here: escapes on a terminal are left out"
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
        for n in (11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24)
        for byte in f"\x1b[{n}~".encode()
    ],
    "bracketed paste": [f"{byte:02x}" for byte in b"\x1b[200~:!sh\n$(id)\x1b[201~"],
    "paste that does not end": [f"{byte:02x}" for byte in b"\x1b[200~" + b"7" * 3000],
    "mouse and focus": [f"{byte:02x}" for byte in b"\x1b[<0;1;1M\x1b[<0;1;1m\x1b[I\x1b[O"],
    "answers of a terminal": [
        f"{byte:02x}" for byte in b"\x1b[?62;c\x1b]11;rgb:0/0/0\x07\x1bP1$r\x1b\\"
    ],
    "broken UTF-8": ["c3", "28", "ff", "fe", "e2", "82", "f0", "9f"],
}


class Terminal:
    """A tmux server of its own with the program in it."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")
        home = folder / "home"
        home.mkdir()
        (home / "kiosk.toml").write_text("[rehearsal]\ncustomers = 12\ncentre = false\n")
        command = f"{sys.executable} -m kiosk run --mode self-service"
        kept = {name: value for name, value in os.environ.items() if name != "TMUX"}
        self._environment = kept | {"KIOSK_HOME": str(home), "SHELL": "/bin/sh"}
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-c", str(ROOT),
            f"exec {command}",
        )  # fmt: skip
        self.pid = int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words],
            env=self._environment, capture_output=True, text=True, check=True, timeout=20,
        )  # fmt: skip
        return done.stdout.strip()

    def send(self, codes: list[str]) -> None:
        for start in range(0, len(codes), 400):
            self.tmux("send-keys", "-H", *codes[start : start + 400])

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def see(self, wanted: str) -> str:
        """Wait until `wanted` stands on the screen."""
        until, text = time.monotonic() + _PATIENCE_S, ""
        while time.monotonic() < until:
            text = self.tmux("capture-pane", "-p")
            if wanted in " ".join(text.split()):
                return text
            time.sleep(0.1)
        raise AssertionError(f"{wanted!r} did not come up; there was:\n{text}")

    def children(self) -> list[str]:
        """The programs that the face has started."""
        found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [Path(f"/proc/{child}/comm").read_text().strip() for child in found]

    def state(self) -> str:
        """How the kernel sees the process: R and S are well, T is stopped."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-session"], check=False)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path_factory.mktemp("tmux"))
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
    terminal.send(["1b", "5b", "32", "30", "31", "7e"])  # ends a paste that is under way
    time.sleep(0.3)
    for _ in range(3):
        terminal.send(["1b"])
        time.sleep(0.4)
    terminal.see("Put in your card")
    _still_there(terminal)


@pytest.mark.proof
def test_the_face_comes_back_when_the_window_was_one_by_one(terminal: Terminal) -> None:
    for columns, rows in ((1, 1), (2, 1), (500, 100), (80, 24)):
        terminal.resize(columns, rows)
        time.sleep(0.4)
        _still_there(terminal)
    terminal.see("Put in your card")
