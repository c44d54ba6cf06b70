"""Several commands in one process, to save start-ups: JSON command lines in, JSON answers out.

python -m tests.crash.commands < [["verify", "--json"], ...]  >  [[exit, stdout, stderr], ...]

`picture FOLDER` is no command of the program: it keeps how the meters, cards and boxes stand then.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from pathlib import Path

from kiosk.front.cli import run


def answer(words: list[str]) -> tuple[int, str, str]:
    if words[0] == "picture":
        shutil.copytree(Path(os.environ["KIOSK_HOME"]) / "world", words[1], symlinks=True)
        return 0, "", ""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    return code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    print(json.dumps([answer(words) for words in json.load(sys.stdin)]))
