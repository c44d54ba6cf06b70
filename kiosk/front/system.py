"""The real clock and the real source of random numbers; the ports' only adapters to the system."""

from __future__ import annotations

import os
import time

from kiosk.config import ClockSettings
from kiosk.ports import ClockDoubt, ClockQuality, Moment

#: 32 of them, so that five random bits are one.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"

_DAY_MS = 86_400_000
#: Upstream was heard so recently that the time counts as synchronised.
_SYNCED_MS = 3_600_000


class SystemClock:
    """The machine's clock, and whether it may be believed (E08).

    `lowest_ms` is the highest time ever committed here: a clock before it was set back. `known_ms`
    is the latest time that is known to be right; a clock that is further ahead of it than the limit
    is believed only when upstream or two persons confirm it. While this process has heard the
    signed time of upstream, the clock must agree with it. Nothing is sold by a clock in doubt.
    """

    def __init__(self, lowest_ms: int = 0, settings: ClockSettings | None = None) -> None:
        self.lowest_ms = self.known_ms = lowest_ms
        self.settings = settings or ClockSettings()
        self._heard_ms = self._heard_at_ms = 0

    def now(self) -> Moment:
        """The time of day."""
        time_ms = time.time_ns() // 1_000_000
        doubt = self._doubt(time_ms)
        quality: ClockQuality = "unsynced"
        if doubt:
            quality = "doubtful"
        elif self._heard_ms and self.monotonic_ms() - self._heard_at_ms < _SYNCED_MS:
            quality = "synced"
        return Moment(time_ms, quality, doubt)

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards."""
        return time.monotonic_ns() // 1_000_000

    def learn(self, committed_ms: int, upstream_ms: int) -> None:
        """What the ledger knows at start: the highest time committed and the last signed one."""
        tolerance_ms = self.settings.upstream_tolerance_s * 1000
        self.lowest_ms = max(committed_ms, upstream_ms - tolerance_ms)
        self.known_ms = max(committed_ms, upstream_ms)

    def committed(self, moment: Moment) -> None:
        """`moment` goes into the journal; a doubtful one proves nothing."""
        if moment.quality != "doubtful":
            self.lowest_ms = max(self.lowest_ms, moment.time_ms)
            self.known_ms = max(self.known_ms, moment.time_ms)

    def heard(self, upstream_ms: int) -> bool:
        """The signed time of upstream came in just now; whether it took away a doubt of ours."""
        if upstream_ms <= self._heard_ms:
            return False  # an old answer says nothing about the time
        before = self.now()
        self._heard_ms, self._heard_at_ms = upstream_ms, self.monotonic_ms()
        self.known_ms = max(self.known_ms, upstream_ms)
        if before.doubt and not self._disagrees(before.time_ms):
            self.lowest_ms = min(self.lowest_ms, before.time_ms)
            self.known_ms = before.time_ms
            return True
        return False

    def confirm(self) -> None:
        """Two persons say that the clock is right."""
        time_ms = time.time_ns() // 1_000_000
        self.lowest_ms = self.known_ms = time_ms
        self._heard_ms = self._heard_at_ms = 0

    def _doubt(self, time_ms: int) -> ClockDoubt:
        if self._heard_ms and self._disagrees(time_ms):
            return "disagrees"
        if time_ms < self.lowest_ms - self.settings.back_tolerance_s * 1000:
            return "back"
        limit_ms = self.settings.ahead_limit_days * _DAY_MS
        return "ahead" if limit_ms and self.known_ms and time_ms > self.known_ms + limit_ms else ""

    def _disagrees(self, time_ms: int) -> bool:
        """Against upstream's time, carried on by a counter that nobody can set."""
        expected_ms = self._heard_ms + self.monotonic_ms() - self._heard_at_ms
        return abs(time_ms - expected_ms) > self.settings.upstream_tolerance_s * 1000


class SystemEntropy:
    """The operating system's random numbers."""

    def nibble(self) -> int:
        """Four random bits."""
        return os.urandom(1)[0] & 15

    def name(self) -> str:
        """16 characters that are easy to read aloud: no l, o, 0 or 1."""
        return "".join(_LETTERS[byte & 31] for byte in os.urandom(16))
