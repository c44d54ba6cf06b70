"""What the centre holds, as verbs over either store: origins, entries, alarms, books.

Each verb is one transaction. Nothing here decides what a bundle is worth: that is `intake`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

import msgspec

from kiosk.domain.entry import GENESIS
from kiosk.errors import BadInput, StoreFault
from sync import wire
from sync.centre import intake
from sync.centre.intake import Checked, Standing, Taken, Verdict
from sync.centre.store import Row, Store, Transaction

SCHEMA_VERSION = 1


class Identity(msgspec.Struct, frozen=True):
    """Who this centre is and how many lanes it hands out."""

    name: str
    public_key: bytes
    lanes: int


class Book(msgspec.Struct, frozen=True):
    """How far an origin's entries are in the books, and what is open there."""

    sequence: int
    open_content: bytes


class Totals(msgspec.Struct):
    """Sales in one currency: counted, and summed in minor units and watt-hours."""

    sales: int = 0
    delivered: int = 0
    voided: int = 0
    sold_minor: int = 0
    delivered_minor: int = 0
    voided_minor: int = 0
    delivered_wh: int = 0


class Page(msgspec.Struct):
    """What one batch of entries adds to the books of an origin, from `after` to `upto`."""

    origin: str
    after: int
    upto: int
    totals: dict[str, Totals] = {}
    balances: dict[tuple[str, str], int] = {}
    #: sequence, code, reason
    shelved: list[tuple[int, str, str]] = []
    open_sales: int = 0
    in_doubt: int = 0
    open_content: bytes = b""
    #: Entries that change the registry: sequence and content.
    registry: list[tuple[int, bytes]] = []


_ADD_ALARM = (
    "INSERT INTO alarms (origin, code, sentence, times, first_ms, last_ms)"
    " VALUES ($1, $2, $3, 1, $4, $4) ON CONFLICT (origin, code) DO UPDATE SET"
    " sentence = excluded.sentence, times = alarms.times + 1, last_ms = excluded.last_ms"
)
_ADD_TOTALS = (
    "INSERT INTO totals (origin, currency, sales, delivered, voided, sold_minor, delivered_minor,"
    " voided_minor, delivered_wh) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT (origin, currency) DO UPDATE SET sales = totals.sales + excluded.sales,"
    " delivered = totals.delivered + excluded.delivered, voided = totals.voided + excluded.voided,"
    " sold_minor = totals.sold_minor + excluded.sold_minor,"
    " delivered_minor = totals.delivered_minor + excluded.delivered_minor,"
    " voided_minor = totals.voided_minor + excluded.voided_minor,"
    " delivered_wh = totals.delivered_wh + excluded.delivered_wh"
)
_ADD_BALANCE = (
    "INSERT INTO balances (origin, account, currency, amount) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (origin, account, currency) DO UPDATE SET"
    " amount = balances.amount + excluded.amount"
)
_TURN_PAGE = (
    "UPDATE books SET sequence = $3, open_sales = $4, in_doubt = $5, open_content = $6"
    " WHERE origin = $1 AND sequence = $2 RETURNING origin"
)


class Holdings:
    """The verbs, over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def found(self, founding: Identity) -> Identity:
        """Make this database the centre `founding`, or give the identity that it has already.

        Raises BadInput when the database belongs to another key.
        """
        async with self._store.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT schema_version, name, public_key, lanes FROM centre"
            )
            if not rows:
                await transaction.fetch(
                    "INSERT INTO centre (id, schema_version, name, public_key, lanes)"
                    " VALUES (1, $1, $2, $3, $4)",
                    SCHEMA_VERSION, founding.name, founding.public_key, founding.lanes,
                )  # fmt: skip
                return founding
        version, held = rows[0][0], Identity(*rows[0][1:])
        if version > SCHEMA_VERSION:
            raise StoreFault(f"The database was written by a newer program (schema {version}).")
        if held.public_key != founding.public_key:
            raise BadInput("This database belongs to a centre with another key than centre.key.")
        return held

    # --- intake -------------------------------------------------------------------------------

    async def take(self, bundles: Sequence[Checked], now_ms: int) -> list[Verdict]:
        """Judge `bundles`, at most one an origin, and store what is fresh, in one commit."""
        names = sorted(bundle.origin for bundle in bundles)
        assert len(set(names)) == len(names)
        async with self._store.transaction() as transaction:
            heads = {head.origin: head for head in await transaction.lock_heads(names)}
            revoked: dict[str, int] = dict(
                await transaction.fetch("SELECT origin, revoked_ms FROM revocations")
            )
            verdicts = [
                _marked(await _verdict(transaction, heads.get(bundle.origin), bundle), revoked)
                for bundle in bundles
            ]
            taken = [verdict for verdict in verdicts if isinstance(verdict, Taken)]
            fresh = [row for verdict in taken for row in verdict.fresh]
            if fresh:
                await transaction.put_entries(fresh)
            if taken:
                await transaction.move_heads(
                    [(each.origin, each.sequence, each.digest, now_ms) for each in taken]
                )
            for bundle, verdict in zip(bundles, verdicts, strict=True):
                if isinstance(verdict, wire.Refused):
                    await _note_refusal(transaction, bundle.origin, verdict, now_ms)
        return verdicts

    async def standing(self, origin: str) -> Standing | None:
        """Where the centre stands with `origin`; None when it is not enrolled."""
        async with self._store.transaction() as transaction:
            found = await transaction.lock_heads([origin])
        return found[0] if found else None

    async def alarm(self, origin: str, refused: wire.Refused, now_ms: int) -> None:
        """Note what somebody must look at."""
        async with self._store.transaction() as transaction:
            await _note_refusal(transaction, origin, refused, now_ms)

    # --- enrolment ----------------------------------------------------------------------------

    async def keep_code(self, origin: str, code: str) -> None:
        """Let `origin` enrol once with `code`; an older code of that origin is void."""
        async with self._store.transaction() as transaction:
            await transaction.fetch(
                "INSERT INTO codes (origin, digest) VALUES ($1, $2)"
                " ON CONFLICT (origin) DO UPDATE SET digest = excluded.digest",
                origin, _code_digest(code),
            )  # fmt: skip

    async def enrol(
        self, origin: str, public_key: bytes, lanes: int, code: str | None
    ) -> int | wire.Refused:
        """Make `origin` known: the residue of its lane. `code` None: whoever asks may (rehearsal).

        The same key again gives the same lane, without a code; another key is refused.
        """
        async with self._store.transaction() as transaction:
            await transaction.lock_centre()
            known = await transaction.fetch(
                "SELECT public_key, residue FROM origins WHERE origin = $1", origin
            )
            if known:
                return int(known[0][1]) if known[0][0] == public_key else _other_key(origin)
            if code is not None and not await _use_code(transaction, origin, code):
                return wire.Refused(
                    "bad_code", f"The code does not enrol {origin}; ask for one at the centre."
                )
            rows = await transaction.fetch("SELECT residue FROM origins")
            residue = next_residue({row[0] for row in rows}, lanes)
            if residue is None:
                return wire.Refused("no_lane_left", f"All {lanes} lanes of this centre are taken.")
            await transaction.fetch(
                "INSERT INTO origins (origin, public_key, residue, sequence, digest, received_ms,"
                " frozen) VALUES ($1, $2, $3, 0, $4, 0, 0)",
                origin, public_key, residue, GENESIS,
            )  # fmt: skip
            await transaction.fetch(
                "INSERT INTO books (origin, sequence, open_sales, in_doubt, open_content)"
                " VALUES ($1, 0, 0, 0, $2)",
                origin, b"",
            )  # fmt: skip
        return residue

    # --- books --------------------------------------------------------------------------------

    async def behind(self) -> list[str]:
        """The origins whose entries are not all in the books."""
        async with self._store.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT origins.origin FROM origins JOIN books ON books.origin = origins.origin"
                " WHERE books.sequence < origins.sequence ORDER BY origins.origin"
            )
        return [row[0] for row in rows]

    async def entries(self, origin: str, after: int, limit: int) -> list[bytes]:
        """At most `limit` entries of `origin` after number `after`, in their order."""
        async with self._store.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT content FROM entries WHERE origin = $1 AND sequence > $2"
                " ORDER BY sequence LIMIT $3",
                origin, after, limit,
            )  # fmt: skip
        return [row[0] for row in rows]

    async def book(self, origin: str) -> Book:
        """The books of `origin` as they were left."""
        async with self._store.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT sequence, open_content FROM books WHERE origin = $1", origin
            )
        return Book(*rows[0])

    async def post(self, page: Page) -> bool:
        """Add `page` to the books; False when another process turned this page already."""
        async with self._store.transaction() as transaction:
            turned = await transaction.fetch(
                _TURN_PAGE, page.origin, page.after, page.upto, page.open_sales, page.in_doubt,
                page.open_content,
            )  # fmt: skip
            if not turned:
                return False
            origin = page.origin
            totals = [
                (origin, name, *msgspec.structs.astuple(t)) for name, t in page.totals.items()
            ]
            await transaction.run_many(_ADD_TOTALS, totals)
            await transaction.run_many(
                _ADD_BALANCE, [(origin, *key, amount) for key, amount in page.balances.items()]
            )
            await transaction.run_many(
                "INSERT INTO shelf (origin, sequence, code, reason) VALUES ($1, $2, $3, $4)",
                [(origin, *row) for row in page.shelved],
            )
            await transaction.run_many(
                "INSERT INTO registry_entries (origin, sequence, content) VALUES ($1, $2, $3)",
                [(origin, *row) for row in page.registry],
            )
        return True

    async def snapshot(self, queries: Mapping[str, str]) -> dict[str, list[Row]]:
        """The rows of several queries at one moment."""
        return await self._store.snapshot(queries)


def next_residue(taken: set[int], lanes: int) -> int | None:
    """The lowest free lane, or None."""
    return next((residue for residue in range(lanes) if residue not in taken), None)


def _marked(verdict: Verdict, revoked: Mapping[str, int]) -> Verdict:
    if not isinstance(verdict, Taken) or verdict.origin not in revoked:
        return verdict
    return msgspec.structs.replace(verdict, revoked_ms=revoked[verdict.origin])


async def _verdict(transaction: Transaction, head: Standing | None, bundle: Checked) -> Verdict:
    if head is None:
        return intake.unknown_origin(bundle.origin)
    number, digest = intake.overlap(head, bundle), head.digest
    if number != head.sequence:
        rows = await transaction.fetch(
            "SELECT content FROM entries WHERE origin = $1 AND sequence = $2", bundle.origin, number
        )
        digest = hashlib.sha256(rows[0][0]).digest()
    return intake.judge(head, bundle, digest)


async def _note_refusal(
    transaction: Transaction, origin: str, refused: wire.Refused, now_ms: int
) -> None:
    await transaction.run_many(_ADD_ALARM, [(origin, refused.code, refused.sentence, now_ms)])
    if refused.code in intake.FREEZING:
        await transaction.fetch("UPDATE origins SET frozen = 1 WHERE origin = $1", origin)


async def _use_code(transaction: Transaction, origin: str, code: str) -> bool:
    rows = await transaction.fetch("SELECT digest FROM codes WHERE origin = $1", origin)
    if not rows or not hmac.compare_digest(rows[0][0], _code_digest(code)):
        return False
    await transaction.fetch("DELETE FROM codes WHERE origin = $1", origin)
    return True


def _code_digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _other_key(origin: str) -> wire.Refused:
    return wire.Refused("other_key", f"{origin} is enrolled already, with another key.")
