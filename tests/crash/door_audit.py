"""The auditor's part about doors: who gets in, which card buys, at which price, under which key.

All or nothing: behind every door it is as it was before the act, or as it is after it, and which
of both the journal says. Imports nothing of ours, like the auditor itself.
"""

from __future__ import annotations

from typing import Any

from tests.crash.evidence import Evidence, Findings

#: Kind and content of one entry.
_Told = tuple[str, dict[str, Any]]


def judge_doors(evidence: Evidence, facts: list[_Told], findings: Findings) -> None:
    """What somebody found at each door is what the journal promises."""
    for attempt in evidence.attempts:
        times = sum(attempt.is_meant(kind, fact) for kind, fact in facts)
        was_taken = times > attempt.earlier
        for door, states in attempt.doors.items():
            wanted = states[was_taken]
            found = (evidence.doors or {}).get(door)
            if found != wanted:
                when = "with" if was_taken else "without"
                text = f"{door}: {found}, not {wanted} {when} {attempt.kind}"
                (findings.doubled if found else findings.lost).append(text)
