"""The rehearsal's own centre: `centre serve` on loopback, as a child of the face that started it.

One a home: the process that holds the lock in HOME/centre runs it; the others find its address in
HOME/centre.url. It ends with the face, also when the face is killed: its standard input ends then.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk.errors import LinkFault
from kiosk.front.world import DeviceLock

#: In a rehearsal nobody is the clerk who issues catalogues.
_ISSUE_EVERY_S = "30"


class OwnCentre:
    """Starts the centre when it is first asked for its address; `close` ends it. `first` makes the
    catalogue that a centre without any begins with."""

    def __init__(self, home: Path, first: Callable[[], bytes] | None = None) -> None:
        self._home, self._first = home, first
        self._child: subprocess.Popen[str] | None = None
        self._lock: DeviceLock | None = None

    def address(self) -> str:
        """Where the centre of this home listens. LinkFault while it does not."""
        folder = self._home / "centre"
        if self._lock is None:
            try:
                self._lock = DeviceLock(folder)
            except BlockingIOError:
                return self._known()
        if self._child is None or self._child.poll() is not None:
            self._start(folder)
        return self._known()

    def close(self) -> None:
        """End the child in good order."""
        if self._child is not None:
            assert self._child.stdin is not None and self._child.stdout is not None
            self._child.stdin.close()
            self._child.wait(10)
            self._child.stdout.close()
        if self._lock is not None:
            self._lock.close()

    def _known(self) -> str:
        try:
            return (self._home / "centre.url").read_text().strip()
        except OSError as error:
            raise LinkFault("The rehearsal's centre has not started yet.") from error

    def _catalogue(self, folder: Path) -> list[str]:
        """The words of the catalogue to begin with, which is kept beside the centre."""
        path = folder / "first.catalogue"
        if self._first is not None and not path.exists():
            draft = folder / ".first.catalogue"
            draft.write_bytes(self._first())
            draft.replace(path)
        return ["--catalogue", str(path)] if path.exists() else []

    def _start(self, folder: Path) -> None:
        words = [str(self._home), *self._catalogue(folder)]
        log = (folder / "centre.log").open("a")
        try:
            self._child = subprocess.Popen(  # noqa: S603 - our own program, fixed words
                [sys.executable, "-m", __name__, *words],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, "KIOSK_MARK": ""},
            )  # fmt: skip
        finally:
            log.close()
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        url = next((word for word in line.split() if word.startswith("http")), "").rstrip(".,")
        if not url:
            raise LinkFault("The rehearsal's centre did not start; see centre/centre.log.")
        draft = self._home / ".centre.url"
        draft.write_text(url)
        draft.replace(self._home / "centre.url")


def serve(home: str, *catalogue: str) -> int:
    """What the child does: be the centre until standard input ends."""
    from sync.centre.__main__ import main

    threading.Thread(target=_end_with_the_face, name="face", daemon=True).start()
    issuing = ["--issue-every", _ISSUE_EVERY_S]
    return main(["serve", "--home", home, "--port", "0", "--auto-enrol", *issuing, *catalogue])


def _end_with_the_face() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(serve(*sys.argv[1:]))
