"""`make bench`, `python -m benchmarks [SUBJECT ...]`: measure, print the table.

The same rows stand in build/bench.json. Without a subject all are measured. A row whose target is
missed does not fail the run: the table is there to be read.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

from benchmarks.measure import BUILD, Row

#: Each has `rows()`; in the order of the budget.
SUBJECTS = (
    "start", "memory", "ledger", "growth", "year", "cashiers", "quotes", "centre_ingest", "sts",
    "card_sale", "registry",
)  # fmt: skip


def main(subjects: list[str]) -> int:
    """Measure `subjects`; the exit code is 1 only when one of them could not be measured."""
    unknown = [name for name in subjects if name not in SUBJECTS]
    if unknown:
        sys.stderr.write(f"No such subject: {unknown}; there are {', '.join(SUBJECTS)}.\n")
        return 2
    found: list[Row] = []
    broken = []
    for name in subjects or SUBJECTS:
        begin = time.monotonic()
        try:
            rows = importlib.import_module(f"benchmarks.{name}").rows()
        except Exception as error:  # one broken subject must not hide the others
            broken.append(f"{name}: {error!r}"[:400])
            continue
        found += [_complete(row) for row in rows]
        sys.stderr.write(f"{name}: {time.monotonic() - begin:.0f} s\n")
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))
    for sentence in broken:
        print(f"NOT MEASURED {sentence}")
    return 1 if broken else 0


def _complete(row: Row) -> Row:
    """Every row has every key; a subject may leave out a target, or give the least ratio."""
    whole = {"baseline": None, "ratio": None, "target": "", "met": None, **row}
    if isinstance(whole["target"], float):
        whole["target"] = f">= {whole['target']:g}x"
    return whole


def table(rows: list[Row]) -> str:
    """The rows for a person."""
    lines = [("what", "A", "B", "ratio", "target", "")]
    for row in rows:
        met = {True: "met", False: "MISSED", None: ""}[row["met"]]
        lines.append((
            row["name"], _figure(row["value"]), _figure(row["baseline"]), _figure(row["ratio"]),
            str(row["target"]), met,
        ))  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in (0, 4, 5) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
