"""The real program on a real terminal: a tmux server of its own, its keys and its screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
HAS_TMUX = shutil.which("tmux") is not None
_PATIENCE_S = 40

assert HAS_TMUX or not os.environ.get("REQUIRE_ALL"), "tmux must be there"


class Terminal:
    """A tmux server of its own with the program in it."""

    def __init__(self, folder: Path, mode: str, columns: int = 80, rows: int = 24) -> None:
        self._socket = str(folder / "tmux")
        self.home = folder / "home"
        self.home.mkdir()
        (self.home / "kiosk.toml").write_text("[rehearsal]\ncustomers = 12\ncentre = false\n")
        command = f"{sys.executable} -m kiosk run --mode {mode}"
        kept = {name: value for name, value in os.environ.items() if name != "TMUX"}
        self._environment = kept | {"KIOSK_HOME": str(self.home), "SHELL": "/bin/sh"}
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
            "-c", str(ROOT), f"exec {command}",
        )  # fmt: skip
        self.pid = int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words],
            env=self._environment, capture_output=True, text=True, check=True, timeout=20,
        )  # fmt: skip
        return done.stdout.strip()

    def press(self, *keys: str) -> None:
        """Names of keys as tmux has them, or text as it is typed."""
        for key in keys:
            named = key in {"Enter", "Escape", "Down", "Up", "BSpace"}
            self.tmux("send-keys", *([] if named else ["-l"]), key)

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
