"""kiosk sts check FILE: run a file of token test vectors."""

from __future__ import annotations

import argparse
from pathlib import Path

from kiosk.front.cli import Context
from kiosk.front.commands import say


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk sts` takes."""
    words = parser.add_subparsers(dest="word", required=True)
    check = words.add_parser("check", help="compare every published field of a vector file")
    check.add_argument("file", type=Path)
    check.add_argument("--json", action="store_true")


def run(_verb: str, options: argparse.Namespace, _context: Context) -> int:
    """Check the file: exit 1 with the id of each failing vector."""
    from drivers.vending.sts.vectors import check_file

    report = check_file(options.file)
    failed = len({failure.id for failure in report.failures})
    if options.json:
        say.json(
            {
                "passed": report.passed,
                "failed": failed,
                "failures": [
                    {"id": f.id, "field": f.field, "expected": f.expected, "got": f.got}
                    for f in report.failures
                ],
            }
        )
    else:
        for failure in report.failures:
            say.out(f"{failure.id}: {failure.field}: {failure.expected} expected, {failure.got}")
        say.out(f"{report.passed} passed, {failed} failed")
    return 1 if failed else 0
