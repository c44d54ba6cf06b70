"""Resident memory of a selling face, what it must not load, and what one more session costs.

The face sells, prints every slip and sends every fact (benchmarks/selling_face.py); what works
for it in processes of its own (the press) is shown beside it.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from benchmarks.bare_textual import READY
from benchmarks.measure import Row, folder, line
from benchmarks.start import BARE, CTRL_Q, HEADING, OPEN, ROOT, face, opened_home
from benchmarks.terminal import Terminal, memory_mib
from drivers.printer.sim import refill

SALES, RUNS, LIMIT_MIB, OVER_BARE_MIB, SESSION_MIB = 100, 3, 64, 20, 28

#: More than a slip has: the roll must not end meanwhile.
SLIP_LINES = 100

#: Heavy libraries that have no place in a process that sells (row 18).
FORBIDDEN = ("sqlalchemy", "sqlmodel", "pydantic", "PIL", "qrcode", "escpos", "yaml", "babel")


def rows() -> list[Row]:
    """Rows 3, 11 and 18 of the budget."""
    sold, bare, children = [], [], 0.0
    with folder() as place:
        for number in range(RUNS):
            inside = place / str(number)
            inside.mkdir()
            resident, children, modules = selling(inside)
            sold.append(resident)
            bare.append(_bare())
        session = _second_session(place)
    mib, hello = statistics.median(sold), statistics.median(bare)
    most = min(hello + OVER_BARE_MIB, LIMIT_MIB)
    found = sorted({name.partition(".")[0] for name in modules} & set(FORBIDDEN))
    return [
        line(
            f"3 resident after {SALES} sales printed and sent: MiB", mib, hello,
            f"<= bare + {OVER_BARE_MIB} and <= {LIMIT_MIB}", mib <= most,
        ),
        line("3 beside it, processes of its own without the centre: MiB", children, None, "", None),
        line("11 one more session, private: MiB", session, None, f"<= {SESSION_MIB}",
             session <= SESSION_MIB),
        line(f"18 modules that a selling process must not load {found or ''}".strip(),
             len(found), None, "0", not found),
    ]  # fmt: skip


def selling(place: Path) -> tuple[float, float, set[str]]:
    """Resident memory of a face that has just sold, that of its children, and its modules."""
    home, report = opened_home(place, centre=True), place / "report.json"
    printer = home / "world" / "printer"
    printer.mkdir(parents=True)
    refill(printer, SALES * SLIP_LINES)
    arguments = ("-m", "benchmarks.selling_face", str(home), str(SALES), str(report))
    with Terminal(*arguments, folder=ROOT) as terminal:
        terminal.painted_ms(HEADING)
        for _ in range(240):
            terminal.rest(0.5)
            if report.exists() or terminal.process.poll() is not None:
                break
        told = json.loads(report.read_text())
        assert told["sold"] == SALES and not told["error"], told
        terminal.rest(1.0)
        resident, _ = terminal.memory_mib()
        beside = sum(memory_mib(pid)[1] for pid in _children(terminal.process.pid))
    return resident, beside, set(told["modules"])


def _children(pid: int) -> list[int]:
    """Children of a process that are not the rehearsal's own centre."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return [child for child in found if b"sync.centre" not in _command(child)]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _bare() -> float:
    with Terminal(BARE, folder=ROOT, leave=CTRL_Q) as terminal:
        terminal.painted_ms(READY)
        terminal.rest(1.0)
        return terminal.memory_mib()[0]


def _second_session(place: Path) -> float:
    """Private memory of a second face on a home where another one holds the pen and the devices."""
    inside = place / "hall"
    inside.mkdir()
    home = opened_home(inside, centre=False)
    with face(home) as first:
        first.painted_ms(OPEN)
        with face(home) as second:
            second.painted_ms(OPEN)
            second.rest(1.0)
            return second.memory_mib()[1]


if __name__ == "__main__":
    for each in rows():
        print(each)
