"""The press, port Slips: prints in the background, knows how each slip ended, counts the paper.

One worker thread owns the encoder and the printer. A slip is tried once; what did not come out is
reported and offered again by the face, never retried behind the customer's back (E04).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from kiosk.errors import PrinterFault
from kiosk.marks import mark
from kiosk.ports import Printer, PrinterStatus, SlipLine, SlipState
from receipts.encoder import Encoder
from receipts.roll import Roll
from receipts.text import paper_lines

_LOG = logging.getLogger(__name__)

#: How many slips are remembered; a kiosk runs for months.
_REMEMBERED = 256

#: What the printer says after a job, and what that makes of the slip; all else is a failure.
_STATES: dict[str, SlipState] = {"ok": "printed", "paper_low": "printed", "unknown": "unknown"}
_NOT_ASKED = PrinterStatus("unknown", "not asked yet")


class _Slip:
    """One slip on its way; `taken` once it is the printer's."""

    def __init__(self, job: str, lines: list[SlipLine]) -> None:
        self.job, self.lines = job, lines
        self.state: SlipState = "printing"
        self.taken = False

    def drop(self) -> None:
        if self.state == "printing" and not self.taken:
            self.state = "failed"


class SlipEncoder(Protocol):
    """Turns lines into the bytes of a printer: receipts.encoder.Encoder."""

    def encode(self, lines: Sequence[SlipLine]) -> bytes:
        """The whole job; PrinterFault when it cannot be made."""

    def close(self) -> None:
        """Give back what it holds."""


class Press:
    """Implements kiosk.ports.Slips. No call but `close` waits for the printer, and none raises.

    Paper has `columns` characters a line; `profile` and `code_pages` are those of receipts.job.
    The count of lines used of a roll of `roll_lines` is kept in the file `paper_path`.
    `on_outcome(job, state)` is called by the worker when a job has ended, abandoned ones included.
    The printer is asked for its state every `ask_every_s` while nothing is printed.
    """

    def __init__(
        self,
        printer: Printer,
        *,
        columns: int,
        roll_lines: int,
        paper_path: Path,
        profile: str = "default",
        code_pages: Sequence[str] = (),
        on_outcome: Callable[[str, SlipState], None] = lambda _job, _state: None,
        ask_every_s: float = 5.0,
        encoder: SlipEncoder | None = None,
    ) -> None:
        self._printer, self._columns = printer, columns
        self._encoder = encoder or Encoder(columns, profile, code_pages)
        self._roll = Roll(paper_path, roll_lines)
        self._on_outcome, self._ask_every_s = on_outcome, ask_every_s
        self._changed = threading.Condition()
        self._queue: deque[_Slip] = deque()
        self._slips: dict[str, _Slip] = {}
        self._printer_state = _NOT_ASKED
        self._closing = False
        self._worker = threading.Thread(target=self._work, name="press", daemon=True)
        self._worker.start()

    # --- the port -----------------------------------------------------------------------------

    def submit(self, job: str, lines: Sequence[SlipLine]) -> None:
        """Print `lines` under the name `job`; returns at once.

        A name that is printing or printed is passed over (E05). One that failed, or whose end
        nobody knows, is printed again when it is asked for again; a copy has a name of its own.
        """
        with self._changed:
            known = self._slips.get(job)
            if known is not None and known.state in ("printing", "printed"):
                return
            slip = _Slip(job, list(lines))
            self._remember(slip)
            if self._closing:
                slip.drop()
                return
            self._queue.append(slip)
            self._changed.notify_all()

    def outcome(self, job: str) -> SlipState:
        """How the job stands; `unknown` for one that was never taken on here or is forgotten."""
        slip = self._slips.get(job)
        return slip.state if slip is not None else "unknown"

    def abandon(self, job: str) -> None:
        """The customer has gone: what has not reached the printer yet never will (E04)."""
        with self._changed:
            slip = self._slips.get(job)
            if slip is not None:
                slip.drop()

    def state(self) -> PrinterStatus:
        """The printer as last seen; never waits."""
        return self._printer_state

    def paper_left_lines(self) -> int:
        """Lines left on the roll by our own count."""
        return self._roll.left()

    def roll_changed(self) -> None:
        """Staff have put in a new roll: the count starts again."""
        self._roll.change()

    # --- for the wiring -----------------------------------------------------------------------

    def close(self, timeout_s: float = 10.0) -> None:
        """Print nothing more; waits for the slip in the printer, not for the queue."""
        with self._changed:
            self._closing = True
            for slip in self._slips.values():
                slip.drop()
            self._changed.notify_all()
        self._worker.join(timeout_s)

    # --- the worker ---------------------------------------------------------------------------

    def _work(self) -> None:
        self._ask_printer()
        while True:
            slip = self._next()
            if slip is not None:
                self._end(slip, self._print(slip))
            elif self._closing:
                break
            else:
                self._ask_printer()
        self._encoder.close()

    def _next(self) -> _Slip | None:
        """The next slip; None after a quiet time or when the press closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing, self._ask_every_s)
            return self._queue.popleft() if self._queue else None

    def _print(self, slip: _Slip) -> SlipState:
        if slip.state == "failed":
            return "failed"
        try:
            content = self._encoder.encode(slip.lines)
            if not self._take(slip):
                return "failed"
            mark("slip.before_print")
            status = self._printer.send(content)
        except PrinterFault as error:
            self._printer_state = PrinterStatus("error", error.sentence)
            return "failed"
        except Exception:
            # A surprise in a driver ends this slip, not the press.
            _LOG.exception("slip %s", slip.job)
            return "unknown"
        self._printer_state = status
        mark("slip.after_print")
        state = _STATES.get(status.state, "failed")
        if state != "failed":
            self._roll.use(paper_lines(slip.lines, self._columns))
        return state

    def _take(self, slip: _Slip) -> bool:
        """Whether the slip goes to the printer: the last moment to drop it is over."""
        with self._changed:
            slip.taken = slip.state == "printing"
            return slip.taken

    def _end(self, slip: _Slip, state: SlipState) -> None:
        slip.state = state
        try:
            self._on_outcome(slip.job, state)
        except Exception:
            _LOG.exception("outcome of slip %s", slip.job)

    def _ask_printer(self) -> None:
        try:
            self._printer_state = self._printer.status()
        except Exception:
            _LOG.exception("state of the printer")
            self._printer_state = PrinterStatus("unknown", "the driver failed")

    def _remember(self, slip: _Slip) -> None:
        self._slips.pop(slip.job, None)
        self._slips[slip.job] = slip
        oldest = next(iter(self._slips.values()))
        if len(self._slips) > _REMEMBERED and oldest.state != "printing":
            del self._slips[oldest.job]
