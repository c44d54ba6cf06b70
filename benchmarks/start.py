"""A face against a bare Textual program: start, first frame, keys, idle time.

The face is `kiosk run --mode self-service` on a rehearsal home that was opened before, without the
rehearsal's own centre: that is another process, which a real till does not start.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.bare_textual import READY
from benchmarks.measure import Row, compared, folder, in_turn
from benchmarks.terminal import Terminal
from kiosk.config import Settings
from kiosk.front.sentences import words_of

ROOT = Path(__file__).parents[1]
BARE = str(Path(__file__).with_name("bare_textual.py"))
#: Textual leaves with it; our face leaves a rehearsal with Ctrl-C.
CTRL_Q = b"\x11"
RUNS, IDLE_RUNS, IDLE_S, KEYS = 9, 3, 4.0, 60

_WORDS = words_of(Settings())
#: The heading is on the first frame; this sentence when devices, ledger and keys are open.
HEADING, OPEN = _WORDS.say("kiosk.attract"), _WORDS.say("kiosk.put_in_card")
NUMBER = _WORDS.say("kiosk.enter_number")


def opened_home(place: Path, *, centre: bool) -> Path:
    """A rehearsal home that has been opened once."""
    home = place / "home"
    home.mkdir()
    (home / "kiosk.toml").write_text(f"[rehearsal]\ncentre = {str(centre).lower()}\n")
    command = [sys.executable, "-m", "kiosk", "--home", str(home), "customers"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return home


def face(home: Path) -> Terminal:
    """The face as a person starts it."""
    arguments = ("-m", "kiosk", "--home", str(home), "run", "--mode", "self-service")
    return Terminal(*arguments, folder=ROOT)


def rows() -> list[Row]:
    """Rows 1, 2, 5 and 6 of the budget."""
    with folder() as place:
        home = opened_home(place, centre=False)
        ours, bare = in_turn(RUNS, [lambda: _start(home), _bare_start])
        keys, bare_keys = in_turn(2, [lambda: _keys(home), _bare_keys])
        idle, bare_idle = in_turn(IDLE_RUNS, [lambda: _idle(home), _bare_idle])
    frame, hello = ours["frame"], bare["frame"]
    p50, p99 = keys["p50"], keys["p99"]
    return [
        compared("1 first frame of the face: ms", frame, hello, at_most=1.3),
        compared("2 ready to sell: ms", ours["ready"], hello, at_most=1.7),
        compared(
            "1 first frame: ms of processor time", ours["frame_cpu"], bare["frame_cpu"], at_most=1.3
        ),
        compared(
            "2 ready to sell: ms of processor time",
            ours["ready_cpu"],
            bare["frame_cpu"],
            at_most=1.7,
        ),
        compared(
            "5 key to repaint, p50, against a bare field: ms", p50, bare_keys["p50"], at_most=1.6
        ),
        compared("5 key to repaint, p99 against its own p50: ms", p99, p50, at_most=3),
        compared(
            "6 idle CPU, against bare: % of a core", idle["cpu"], bare_idle["cpu"], at_most=1.2
        ),
    ]


def _start(home: Path) -> dict[str, float]:
    with face(home) as terminal:
        return {**_painted(terminal, "frame", HEADING), **_painted(terminal, "ready", OPEN)}


def _bare_start() -> dict[str, float]:
    with Terminal(BARE, folder=ROOT, leave=CTRL_Q) as terminal:
        return _painted(terminal, "frame", READY)


def _painted(terminal: Terminal, name: str, text: str) -> dict[str, float]:
    return {name: terminal.painted_ms(text), f"{name}_cpu": terminal.cpu_ms()}


def _keys(home: Path) -> dict[str, float]:
    """Digits of a meter number, and taken back, as a customer types."""
    with face(home) as terminal:
        terminal.painted_ms(OPEN)
        terminal.key_ms(b"0")
        terminal.painted_ms(NUMBER)
        return _typed(terminal, [b"1", b"\x7f"])


def _bare_keys() -> dict[str, float]:
    with Terminal(BARE, "--input", folder=ROOT, leave=CTRL_Q) as terminal:
        terminal.painted_ms(READY)
        terminal.rest(0.5)
        return _typed(terminal, [b"1", b"\x7f"])


def _typed(terminal: Terminal, keys: list[bytes]) -> dict[str, float]:
    terminal.rest(0.3)
    times = sorted(terminal.key_ms(keys[number % len(keys)]) for number in range(KEYS))
    return {"p50": statistics.median(times), "p99": times[int(len(times) * 0.99)]}


def _idle(home: Path) -> dict[str, float]:
    with face(home) as terminal:
        terminal.painted_ms(OPEN)
        return _rested(terminal)


def _bare_idle() -> dict[str, float]:
    with Terminal(BARE, folder=ROOT, leave=CTRL_Q) as terminal:
        terminal.painted_ms(READY)
        return _rested(terminal)


def _rested(terminal: Terminal) -> dict[str, float]:
    terminal.rest(1.0)
    before = terminal.cpu_ms()
    terminal.rest(IDLE_S)
    return {"cpu": (terminal.cpu_ms() - before) / (IDLE_S * 10)}


if __name__ == "__main__":
    for each in rows():
        print(each)
