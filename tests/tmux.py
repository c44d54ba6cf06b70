"""The real program on a real terminal: a tmux server of its own, its keys and its screen."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
HAS_TMUX = shutil.which("tmux") is not None
_PATIENCE_S = 60
#: How long a key may take that is pressed again when nothing came of it.
_AGAIN_S = 3

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
            env=self._environment, capture_output=True, text=True, check=True, timeout=_PATIENCE_S,
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

    def see(self, *wanted: str, within_s: float = _PATIENCE_S) -> None:
        """Wait until all of `wanted` stands on one screen."""
        until, text = time.monotonic() + within_s, ""
        while time.monotonic() < until:
            text = self.tmux("capture-pane", "-p")
            shown = " ".join(text.split())
            if all(part in shown for part in wanted):
                return
            time.sleep(0.1)
        raise AssertionError(f"{wanted} did not come up; there was:\n{text}")

    def press_until(self, key: str, wanted: str) -> None:
        """Press `key` until `wanted` stands on the screen: a key may be taken for the end of what
        was half typed before it, however long a busy machine takes to give that up."""
        for _ in range(_PATIENCE_S // _AGAIN_S):
            self.press(key)
            with contextlib.suppress(AssertionError):
                self.see(wanted, within_s=_AGAIN_S)
                return
        self.see(wanted)

    def children(self) -> list[str]:
        """The programs that the face has started."""
        found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [Path(f"/proc/{child}/comm").read_text().strip() for child in found]

    def state(self) -> str:
        """How the kernel sees the process: R and S are well, T is stopped."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-session"], check=False)
