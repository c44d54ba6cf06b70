"""The rules of intake (design 5), pure: what a centre does with a bundle.

`examine` looks at the bundle alone, before any lock: is it chained, did its origin sign it.
`judge` compares it with what is held, inside the transaction that locks the origin's head.
Because entries are numbered without gaps and chained, one digest decides about all that the
bundle repeats: if the newest repeated entry is the one that is held, so are the older ones. Only
the last signature is checked here (the chain holds the others); an audit checks all.
"""

from __future__ import annotations

import hashlib

import msgspec

from kiosk.domain.entry import entry_bytes
from kiosk.ledger.sealing import entry_is_genuine
from sync.wire import Bundle, Refused, WantFrom


class Checked(msgspec.Struct, frozen=True, gc=False):
    """A bundle whose chain and last signature are right. `digests[i]` is that of `contents[i]`."""

    origin: str
    first: int
    previous: bytes
    contents: list[bytes]
    digests: list[bytes]

    @property
    def last(self) -> int:
        """The number of its last entry."""
        return self.first + len(self.contents) - 1


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Where the centre stands with an origin: its head, (0, zeros) before the first entry."""

    origin: str
    public_key: bytes
    sequence: int
    digest: bytes
    frozen: bool


class Taken(msgspec.Struct, frozen=True, gc=False):
    """The origin is held up to `sequence`; `fresh` must be stored in this commit for that.
    `revoked_ms` is when the origin was withdrawn, None when it was not."""

    origin: str
    sequence: int
    digest: bytes
    fresh: list[tuple[str, int, bytes]]
    revoked_ms: int | None = None


Verdict = Taken | WantFrom | Refused

#: The refusals after which an origin is frozen until a person has looked.
FREEZING = frozenset({"fork"})


def unknown_origin(origin: str) -> Refused:
    """Nobody enrolled this origin."""
    return Refused("unknown_origin", f"{origin} is not enrolled here; run `centre enrol {origin}`.")


def examine(bundle: Bundle, public_key: bytes) -> Checked | Refused:
    """The bundle with its digests, or why it proves nothing."""
    first = bundle.entries[0]
    contents, digests, previous = [], [], first.previous
    for entry in bundle.entries:
        if entry.previous != previous:
            return Refused(
                "broken_chain", f"Entry {entry.sequence} does not follow the one before."
            )
        content = entry_bytes(entry)
        previous = hashlib.sha256(content).digest()
        contents.append(content)
        digests.append(previous)
    last = bundle.entries[-1]
    if not entry_is_genuine(public_key, last):
        return Refused("bad_signature", f"Entry {last.sequence} was not signed by {bundle.origin}.")
    return Checked(bundle.origin, first.sequence, first.previous, contents, digests)


def overlap(standing: Standing, checked: Checked) -> int:
    """The number of the held entry whose digest `judge` needs: the newest that both have.

    When the bundle only continues the head, it is the head itself, which the bundle names in
    `previous`.
    """
    return min(standing.sequence, checked.last)


def judge(standing: Standing, checked: Checked, held_digest: bytes) -> Verdict:
    """What to do with `checked`; `held_digest` is that of the held entry number `overlap`."""
    assert standing.origin == checked.origin
    if standing.frozen:
        return Refused("origin_frozen", f"{standing.origin} is frozen until a person has looked.")
    if checked.first > standing.sequence + 1:
        return WantFrom(standing.sequence + 1)
    number = overlap(standing, checked)
    place = number - checked.first
    assert -1 <= place < len(checked.digests)
    offered = checked.digests[place] if place >= 0 else checked.previous
    if offered != held_digest:
        return Refused("fork", f"{standing.origin} wrote entry {number} twice, with two contents.")
    if checked.last <= standing.sequence:
        return Taken(standing.origin, standing.sequence, standing.digest, [])
    fresh = [
        (standing.origin, checked.first + at, checked.contents[at])
        for at in range(place + 1, len(checked.contents))
    ]
    return Taken(standing.origin, checked.last, checked.digests[-1], fresh)
