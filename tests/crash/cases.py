"""All the ways to die: every mark, and every passage of the marks that a sale passes often."""

from __future__ import annotations

from tests.crash.walk import Case

#: Commits of a counter sale: the sale, its outcome.
_COUNTER = (
    ("pen.before_commit:1", False), ("pen.after_commit:1", True),
    ("pen.before_commit:2", True), ("pen.after_commit:2", True),
    ("sale.before_commit_one", False), ("sale.after_commit_one", True),
    ("sale.before_commit_two", True), ("sale.after_commit_two", True),
)  # fmt: skip

_TOKEN = (("token.before_issue", True), ("token.after_issue", True))

_CARD = (
    ("card.before_write", True), ("card.after_each_write:1", True),
    ("card.after_each_write:2", True), ("card.after_each_write:3", True),
    ("card.after_each_write:4", True), ("card.before_read_back", True),
    ("card.after_read_back", True),
)  # fmt: skip

#: Money on the card: a top-up, and a sale that it pays for.
ACCOUNT = [
    Case("card_top_up", "account.after_intention", False),
    Case("card_account", "account.before_write", True),
    Case("card_account", "account.before_read_back", True),
]

COUNTER = [
    *(Case("token", mark, paid) for mark, paid in (*_COUNTER, *_TOKEN)),
    *(Case("card", mark, paid) for mark, paid in (*_COUNTER, *_CARD)),
]

#: Two notes, then the sale. Commits: note offered and stacked, twice; the sale, its outcome.
KIOSK = [
    Case("notes", "note.before_intention:2"),
    Case("notes", "note.after_intention:1"),
    Case("notes", "note.after_stack:2"),
    Case("notes", "note.after_fact:2"),
    Case("notes", "pen.before_commit:2"),
    Case("notes", "pen.after_commit:4"),
    Case("notes", "sale.after_commit_one"),
    Case("notes", "sale.after_commit_two"),
    Case("notes", "slip.before_print"),
    Case("notes", "slip.after_print"),
    Case("cancel", "note.before_keep"),
    Case("notes_card", "card.after_each_write:2"),
    Case("upstream", "courier.before_send"),
    Case("upstream", "courier.after_send"),
]

#: Two deep, and deeper: recovery is killed too.
RECOVERY = [
    Case("token", "token.after_issue", True, ("recover.before_commit",)),
    Case("token", "sale.after_commit_one", True, ("token.after_issue", "pen.before_commit")),
    Case("token", "token.before_issue", True, ("pen.after_commit",)),
    Case("card", "card.after_each_write:2", True,
         ("pen.after_commit:1", "card.after_each_write:3", "recover.before_commit:1")),
    Case("card", "card.after_each_write:4", True, ("recover.before_commit:2",)),
    Case("notes", "note.after_stack:1", None, ("pen.before_commit", "note.before_keep")),
    Case("cancel", "note.before_keep", None, ("note.before_keep", "pen.after_commit:1")),
]  # fmt: skip

DEFAULT = [*COUNTER, *ACCOUNT, *KIOSK, *RECOVERY]

#: Every further passage at the kiosk; for `make proofs`.
_FURTHER = [
    *(Case("notes", f"pen.{side}_commit:{n}") for side in ("before", "after") for n in range(1, 7)),
    *(
        Case("notes", f"note.{point}:{n}")
        for point in ("before_intention", "after_intention", "after_stack", "after_fact")
        for n in (1, 2)
    ),
    *(Case("notes", mark) for mark, _ in (*_COUNTER[4:], *_TOKEN)),
    *(Case("notes_card", mark) for mark, _ in _CARD),
    *(Case("cancel", f"pen.{side}_commit:{n}") for side in ("before", "after") for n in (2, 3)),
]

ALL = [*DEFAULT, *(case for case in _FURTHER if case not in DEFAULT)]
