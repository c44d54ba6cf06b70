"""The auditor's view of tokens: none is lost, none is made twice, no identifier is given twice.

As the auditor, it imports nothing of ours and reads docs/protocol.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Facts = list[tuple[str, dict[str, Any]]]


@dataclass
class Findings:
    """What is wrong, by kind; all empty when the program kept its word."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.unbalanced]


@dataclass
class Token:
    """A token outside a sale, or the set of a key change, that was made."""

    issue_id: str
    operation: str
    meter: str
    energy_wh: int
    tokens: list[str]


def tokens_of(facts: Facts, findings: Findings) -> list[Token]:
    """What was made; every intention ends once, with its own figures."""
    wanted: dict[str, dict[str, Any]] = {}
    ends: dict[str, str] = {}
    made: list[Token] = []
    for kind, fact in facts:
        if kind == "token_committed":
            if fact["issue_id"] in wanted:
                findings.doubled.append(f"token {fact['issue_id']} was committed twice")
            wanted[fact["issue_id"]] = fact
        elif kind in {"token_issued", "token_refused"}:
            issue = fact["issue_id"]
            if issue in ends:
                findings.doubled.append(f"token {issue} ended twice")
            ends[issue] = kind
            if kind == "token_issued":
                made.append(_made(fact, wanted.get(issue, {}), findings))
    for issue in wanted.keys() - ends.keys():
        findings.lost.append(f"token {issue} was wanted and nobody knows its end")
    return made


def _made(fact: dict[str, Any], wanted: dict[str, Any], findings: Findings) -> Token:
    figures = ("meter", "operation", "energy_wh")
    if any(fact[name] != wanted.get(name) for name in figures):
        findings.unbalanced.append(f"token {fact['issue_id']} is another one than was wanted")
    count = wanted.get("request", {}).get("tokens", 1)
    if len(fact["tokens"]) != count:
        findings.lost.append(f"token {fact['issue_id']} has not all of its {count} sections")
    return Token(
        fact["issue_id"], fact["operation"], fact["meter"], fact["energy_wh"], fact["tokens"]
    )


def identifiers(facts: Facts, findings: Findings) -> None:
    """No identifier was given twice to a meter under one base date and key revision."""
    seen: dict[tuple[Any, ...], str] = {}
    for whose, used in _used(facts):
        if used in seen:
            findings.doubled.append(f"{whose} and {seen[used]} have the same identifier {used}")
        seen[used] = whose


def _used(facts: Facts) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for kind, fact in facts:
        if kind == "sale_committed" and fact.get("token"):
            for request in (fact["token"], *(free["request"] for free in fact.get("free", []))):
                yield request["message_id"], _place(request, request)
        if kind == "token_committed":
            request = fact["request"]
            if request["what"] == "credit":
                yield fact["issue_id"], _place(request["token"], request["token"])
            elif request["what"] == "management":
                yield fact["issue_id"], _place(request, request["place"])


def _place(request: dict[str, Any], place: dict[str, Any]) -> tuple[Any, ...]:
    return request["meter"], place["base_date"], place["key_revision"], request["identifier"]
