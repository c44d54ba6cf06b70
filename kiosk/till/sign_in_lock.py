"""How long an operator waits after wrong PINs: by a counter that nobody can set, not by the clock.

The wait is over when the time of day says so and the machine has been running for as long; a wrong
PIN that was typed while the clock ran ahead counts by the counter alone, or nobody would sign in
until that day comes. The
counter's value at the last wrong PIN is kept in the home, so that it holds over restarts; after a
restart of the machine the counter begins at nothing, which can only make the wait longer
(reliability 7.7, 31).
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from kiosk.ledger.files import replace_durably
from kiosk.ledger.operator_records import OperatorRecord
from kiosk.till.desk import Desk

_TRIES = 5
_LOCK_MS = 15 * 60 * 1000
FILE = "sign-in.waits"
#: No operator has this name.
_EVERYBODY = "*"

#: By operator: wrong PINs in a row, and the counter when the last of them came.
_Waits = dict[str, tuple[int, int]]
_WAITS = msgspec.json.Decoder(_Waits)


def is_locked(desk: Desk, record: OperatorRecord) -> bool:
    """15 minutes after the fifth wrong PIN in a row, doubling with each further one."""
    if record.failures < _TRIES:
        return False
    wait_ms = _LOCK_MS << min(record.failures - _TRIES, 10)
    ran_ms = desk.clock.monotonic_ms() - _began(desk, record.operator, record.failures)
    now_ms = desk.clock.now().time_ms
    return ran_ms < wait_ms or record.last_failure_ms <= now_ms < record.last_failure_ms + wait_ms


def left_ms(desk: Desk, tries: int, last_ms: int, wait_ms: int) -> int:
    """What is left of a wait that began with the last of `tries` refusals of this home."""
    now_ms = desk.clock.now().time_ms
    if last_ms <= now_ms:
        return last_ms + wait_ms - now_ms
    return wait_ms - (desk.clock.monotonic_ms() - _began(desk, _EVERYBODY, tries))


def note_failure(desk: Desk, record: OperatorRecord) -> None:
    """A wrong PIN was written; its wait begins now."""
    if record.failures + 1 >= _TRIES:
        _keep(desk, record.operator, record.failures + 1, desk.clock.monotonic_ms())


def _began(desk: Desk, operator: str, failures: int) -> int:
    """The counter at the last wrong PIN; now, when that is not known."""
    now_ms = desk.clock.monotonic_ms()
    kept, began_ms = _read(desk.home / FILE).get(operator, (0, now_ms))
    if kept == failures and began_ms <= now_ms:
        return began_ms
    # After a start of the machine it has run since nothing; else it was never noted.
    began_ms = 0 if kept == failures else now_ms
    _keep(desk, operator, failures, began_ms)
    return began_ms


def _keep(desk: Desk, operator: str, failures: int, began_ms: int) -> None:
    path = desk.home / FILE
    waits = {**_read(path), operator: (failures, began_ms)}
    with contextlib.suppress(OSError):
        replace_durably(path, msgspec.json.encode(waits))


def _read(path: Path) -> _Waits:
    try:
        return _WAITS.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}
