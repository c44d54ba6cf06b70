"""Children of a process that has everything imported: one step each, killed or not."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.crash.warm import know_shapes

#: A child that hangs longer is a finding of its own; a machine with other work makes it slow.
PATIENCE_S = 300


def fork(work: Callable[[], object]) -> int:
    """Run `work` in a child: 0 when it ended well, the negative signal when it was killed.

    The parent must have one thread only and no open connection to a database.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        signal.alarm(PATIENCE_S)
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


#: Whose modules the server brings in for its children.
_PACKAGES = frozenset(
    {"kiosk", "drivers", "receipts", "sync", "argon2", "cryptography", "serial", "tests"}
)


def learn(work: Callable[[], object], notes: Path) -> int:
    """Run `work` in a child, and import here what it imported: later children find it there.

    As `fork`, but 0 is the only end.
    """

    def noting() -> None:
        work()
        notes.write_text("\n".join(sys.modules))

    code = fork(noting)
    assert code == 0, code
    for name in notes.read_text().split("\n"):
        if name.split(".")[0] in _PACKAGES:
            importlib.import_module(name)
    know_shapes()
    gc.collect()
    gc.freeze()
    return code
