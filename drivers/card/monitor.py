"""Watches one reader of the PC/SC service: is it there, is a card in, how often was one put in.

A thread of our own on SCardGetStatusChange, because pyscard's monitors die with the service and
never come back (pyscard 82, 228, 231). The upper half of an event word counts insertions and
removals, so a card that was pulled and put back between two looks is not missed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from drivers.card import binding
from kiosk.errors import ServiceLost

_LOOK_MS = 1000
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0

#: A thread that has not come round for so long is blocked by a service that hangs.
_SILENT_S = 5.0

_UNAWARE, _UNAVAILABLE, _PRESENT = 0x00, 0x0C, 0x20


class Seat:
    """What is known of the reader; a new one for every time that it is plugged in."""

    def __init__(self, reader: str) -> None:
        self.reader = reader
        self.present = False
        self.events = 0
        self.word = _UNAWARE

    def saw(self, word: int) -> int:
        """Take in an event word; how many insertions it tells of.

        Events are removals and insertions in turn, so their number and the state before tell how
        many were insertions. The counter has 16 bits.
        """
        events, present = word >> 16, bool(word & _PRESENT)
        if self.word == _UNAWARE:
            insertions = int(present)
        else:
            since = (events - self.events) % 0x10000
            insertions = since // 2 if self.present else (since + 1) // 2
        self.word, self.events, self.present = word & ~0x02, events, present
        return insertions


class Monitor:
    """Follows the reader whose name `choose` picks from the list of all readers.

    `choose` raises ServiceLost with the reason when the reader is not among them.
    """

    def __init__(self, scard: Any, choose: Callable[[list[str]], str]) -> None:
        self._scard, self._choose = scard, choose
        self._changed = threading.Condition()
        self._seat: Seat | None = None
        self._insertions = 0
        self._trouble = "The card reader was not looked for yet."
        self._round_s = time.monotonic()
        self._context: Any = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="card-monitor", daemon=True)
        self._thread.start()

    def reader(self) -> str:
        """The full name of the reader now. Raises ServiceLost."""
        with self._changed:
            return self._known().reader

    def present(self) -> bool:
        """Whether a card is in. Raises ServiceLost."""
        with self._changed:
            return self._known().present

    def insertions(self) -> int:
        """How many insertions were seen, over all the reader's comings and goings."""
        with self._changed:
            return self._insertions

    def waits_for_service(self) -> bool:
        """Whether the reader or its service is gone for now."""
        with self._changed:
            return self._seat is None

    def wait(self, wanted: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `wanted` is so; False when the time is over. ServiceLost counts as not so."""

        def so() -> bool:
            try:
                return wanted()
            except ServiceLost:
                return False

        with self._changed:
            return self._changed.wait_for(so, timeout_s)

    def close(self) -> None:
        """End the thread; a service that hangs may keep it until the program ends."""
        self._closing.set()
        deadline_s = time.monotonic() + 2.0
        while self._thread.is_alive() and time.monotonic() < deadline_s:
            if self._context is not None:
                self._scard.SCardCancel(self._context)
            self._thread.join(0.02)

    def _known(self) -> Seat:
        if self._seat is None:
            raise ServiceLost(self._trouble)
        if time.monotonic() - self._round_s > _SILENT_S:
            raise ServiceLost("The card service hangs.")
        return self._seat

    def _watch(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._closing.is_set():
            result, self._context = binding.establish(self._scard)
            if result == binding.OK:
                pause_s = _FIRST_PAUSE_S
                result = self._follow()
                self._scard.SCardReleaseContext(self._context)
            self._context = None
            if not self._closing.is_set():
                self._lost(binding.fault_of(result).sentence)
                self._closing.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _follow(self) -> int:
        """Follow the reader until the service is gone; the error number that said so."""
        while not self._closing.is_set():
            result, readers = self._scard.SCardListReaders(self._context, [])
            result = binding.number(result)
            if result not in (binding.OK, binding.NO_READERS):
                return result
            self._find(readers if result == binding.OK else [])
            result = self._look()
            if result not in (binding.OK, binding.TIMEOUT, binding.CANCELLED):
                return result
        return binding.OK

    def _find(self, readers: list[str]) -> None:
        try:
            name = self._choose(readers)
        except ServiceLost as trouble:
            self._lost(trouble.sentence)
            return
        with self._changed:
            self._round_s = time.monotonic()
            if self._seat is None or self._seat.reader != name:
                self._seat = Seat(name)

    def _look(self) -> int:
        """Wait for something to happen; the error number.

        The list of readers is asked for anew in each round, so its own event only has to end
        the wait. A reader that left answers at once, and the next list no longer has it.
        """
        seat = self._seat
        asked = [(binding.READER_LIST, _UNAWARE)]
        if seat is not None:
            asked.append((seat.reader, seat.word))
        wait_ms = 0 if seat is not None and seat.word == _UNAWARE else _LOOK_MS
        result, states = self._scard.SCardGetStatusChange(self._context, wait_ms, asked)
        result = binding.number(result)
        with self._changed:
            self._round_s = time.monotonic()
            if seat is not None and result == binding.OK:
                self._take_in(seat, states[1][1])
            self._changed.notify_all()
        return result

    def _take_in(self, seat: Seat, word: int) -> None:
        if word & _UNAVAILABLE:
            self._seat, self._trouble = None, "The card reader was unplugged."
        else:
            self._insertions += seat.saw(word)

    def _lost(self, trouble: str) -> None:
        with self._changed:
            self._seat, self._trouble = None, trouble
            self._round_s = time.monotonic()
            self._changed.notify_all()
