"""All the ways to die over a token that is no sale, and over a set in a sale."""

from __future__ import annotations

from dataclasses import dataclass

#: What is asked of the program; METER and SALE are put in.
OPERATIONS: dict[str, tuple[str, ...]] = {
    "free_units": ("tokens", "issue", "free_units", "--meter", "METER", "--energy", "5"),
    "replacement": ("tokens", "issue", "replacement", "--sale", "SALE", "--result", "old"),
    "power_limit": ("tokens", "issue", "power_limit", "--meter", "METER", "--value", "2000"),
    "meter_test": ("tokens", "issue", "meter_test", "--test", "display"),
    "key_change": ("keys", "change", "METER", "--tariff-index", "7"),
    "set": ("sell", "--meter", "METER", "--amount", "30", "--free-kwh", "5"),
}

#: Marks of a token outside a sale, and whether it was wanted in the journal when the program died.
_ISSUE = (
    ("issue.before_commit", False), ("pen.before_commit:1", False), ("pen.after_commit:1", True),
    ("issue.after_commit", True), ("issue.after_module", True), ("pen.before_commit:2", True),
    ("pen.after_commit:2", True), ("issue.after_outcome", True),
)  # fmt: skip

#: Marks of a sale with two tokens.
_SET = (
    ("sale.before_commit_one", False), ("sale.after_commit_one", True),
    ("token.before_issue:1", True), ("token.after_issue:1", True), ("token.before_issue:2", True),
    ("token.after_issue:2", True), ("sale.before_commit_two", True),
    ("sale.after_commit_two", True),
)  # fmt: skip


@dataclass(frozen=True)
class TokenCase:
    """What is wanted, where the program is killed, whether it was in the journal by then, and the
    marks at which the recoveries that follow are killed in turn."""

    operation: str
    mark: str
    wanted: bool
    again: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "-".join((self.operation, self.mark, *self.again))


#: Recovery is killed too.
_DEEPER = [
    TokenCase("free_units", "issue.after_commit", True, ("issue.after_module", "pen.after_commit")),
    TokenCase("key_change", "issue.after_module", True, ("issue.after_module",)),
    TokenCase("set", "token.after_issue:1", True, ("token.after_issue:2", "recover.before_commit")),
]

ALL = [
    *(TokenCase(name, *row) for name in OPERATIONS if name != "set" for row in _ISSUE),
    *(TokenCase("set", *row) for row in _SET),
    *_DEEPER,
]

#: Each mark once, over the operations in turn; the rest in `make proofs`.
DEFAULT = [
    TokenCase("free_units", "issue.before_commit", False),
    TokenCase("replacement", "issue.after_commit", True),
    TokenCase("key_change", "issue.after_module", True),
    TokenCase("power_limit", "issue.after_outcome", True),
    TokenCase("set", "token.after_issue:1", True),
    _DEEPER[0],
]

TOKEN_MARKS = {
    mark.partition(":")[0] for case in DEFAULT for mark in (case.mark, *case.again)
}  # fmt: skip
