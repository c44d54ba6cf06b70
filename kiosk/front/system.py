"""The real clock and the real source of random numbers; the ports' only adapters to the system."""

from __future__ import annotations

import secrets
import time

from kiosk.ports import ClockQuality, Moment

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


#: What a clock may be corrected backwards by without anybody asking.
_TOLERANCE_MS = 5_000


class SystemClock:
    """The machine's clock. `lowest_ms` is the highest time ever committed here: a clock before it
    was set back, is shown as doubtful, and nothing is sold by it (E08)."""

    def __init__(self, lowest_ms: int = 0) -> None:
        self.lowest_ms = lowest_ms

    def now(self) -> Moment:
        """The time of day."""
        time_ms = time.time_ns() // 1_000_000
        quality: ClockQuality = (
            "unsynced" if time_ms >= self.lowest_ms - _TOLERANCE_MS else "doubtful"
        )
        return Moment(time_ms, quality)

    def monotonic_ms(self) -> int:
        """Milliseconds that never run backwards."""
        return time.monotonic_ns() // 1_000_000


class SystemEntropy:
    """The operating system's random numbers."""

    def nibble(self) -> int:
        """Four random bits."""
        return secrets.randbelow(16)

    def name(self) -> str:
        """16 characters that are easy to read aloud: no l, o, 0 or 1."""
        return "".join(secrets.choice(_LETTERS) for _ in range(16))
