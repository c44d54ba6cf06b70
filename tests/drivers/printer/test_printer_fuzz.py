"""A few thousand hostile answers; `make fuzz` runs more."""

from __future__ import annotations

import random

from tests.fuzz import fuzz_printer_status


def test_nothing_undeclared_happens_when_the_bytes_are_hostile() -> None:
    fuzz_printer_status.run(5000, random.SystemRandom().randrange(2**32))
