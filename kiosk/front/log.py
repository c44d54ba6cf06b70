"""The log of a home: what drivers and workers have to say, without numbers of customers."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from kiosk.errors import discreet, trace
from kiosk.ledger.stations import takes_nothing

#: Logs have a quota (E18): this much, and three older ones.
_LOG_BYTES = 1024 * 1024


class _Discreet(logging.Formatter):
    """Lines without numbers of customers: a log lies open on the disk."""

    def format(self, record: logging.LogRecord) -> str:
        """Another handler may have kept the whole exception in the record: not used here."""
        own = copy.copy(record)
        own.exc_text = own.stack_info = None
        return super().format(own)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line."""
        record.message = discreet(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:
        """What a driver's or a library's exception may show."""
        error = ei[1] if isinstance(ei, tuple) else None
        return trace(error) if isinstance(error, BaseException) else ""


def log_into(path: Path) -> Callable[[], object]:
    """What drivers and workers have to say goes into HOME/log, never onto the screen (F197)."""
    if takes_nothing(path):
        return lambda: None
    folder = path / "log"
    folder.mkdir(exist_ok=True, mode=0o700)
    handler = RotatingFileHandler(
        folder / "kiosk.log", maxBytes=_LOG_BYTES, backupCount=3, delay=True, encoding="utf-8"
    )
    handler.setFormatter(_Discreet("%(asctime)s %(process)d %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)

    def close() -> None:
        root.removeHandler(handler)
        handler.close()

    return close
