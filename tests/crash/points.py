"""Every point at which the program may die: its named marks, and every statement of the pen."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from pathlib import Path

from kiosk import marks
from kiosk.ledger import journal
from kiosk.ledger.connection import Connection
from kiosk.ledger.store import open_writer

_TABLE = re.compile(r"(SELECT|INSERT|UPDATE|DELETE).*?(?:FROM|INTO|UPDATE) (\w+)", re.DOTALL)


class Passing:
    """Keeps the points that were passed; kills the process at the one that is `named`, as
    `name:n` for its n-th passage, or at the `at`-th of all."""

    def __init__(self, named: str = "", at: int = 0) -> None:
        self.passed: list[str] = []
        self._named, self._at = named, at
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._begun = False

    def begin(self) -> None:
        """Points count from here on."""
        self._begun = True

    def __call__(self, name: str) -> None:
        if not self._begun:
            return
        with self._lock:
            self._times[name] += 1
            point = f"{name}:{self._times[name]}"
            self.passed.append(point)
            if point == self._named or len(self.passed) == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


def watch(passing: Passing) -> None:
    """From now on `passing` hears of every mark, and of every statement of a pen opened later."""

    def traced(home: Path) -> Connection:
        connection = open_writer(home)
        connection.set_trace_callback(lambda sql: passing(statement(sql)))
        return connection

    marks.arm(passing)
    journal.open_writer = traced  # type: ignore[attr-defined]


def statement(sql: str) -> str:
    """The name of the point before a statement: what it does to which table."""
    if sql.startswith("UPDATE"):
        return f"sql UPDATE {sql.split()[1]}"
    found = _TABLE.match(sql)
    return f"sql {found[1]} {found[2]}" if found else f"sql {' '.join(sql.split()[:2])}"
