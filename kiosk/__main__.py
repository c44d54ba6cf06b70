"""The program: `kiosk`, `python -m kiosk`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    """Enter by the front door; the exit code (0 done, 1 refused or failed, 2 wrong usage)."""
    os.umask(0o077)  # ledgers, lists and exports are for their owner's eyes, wherever they lie
    gc.disable()  # until the first screen is drawn: imports make no garbage worth looking for
    from kiosk.front.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
