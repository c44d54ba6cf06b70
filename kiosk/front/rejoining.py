"""Rejoining: a terminal whose journal has forked goes on under a new number (reliability 4).

The centre holds other entries under our numbers: this disk is a copy, or was restored from an old
backup. The old journal is kept to be read; a new one opens with a key of its own, names the old
head, carries forward what stood open and every balance at the last entry that both sides have, and
then holds the old entries after it as they were, bodies and times unchanged.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.config import Settings
from kiosk.domain import facts, operator_facts, store_facts, token_facts
from kiosk.domain.books import Books
from kiosk.domain.entry import Entry, digest
from kiosk.errors import BadInput, LedgerDamaged, Refusal
from kiosk.front import enrolment, unlock
from kiosk.front.carrying import OpenWorks, open_at, open_moves
from kiosk.front.home_file import HomeFile
from kiosk.front.restoring import road_upstream
from kiosk.front.stories import LeftOut, acts_of, story_of
from kiosk.front.unlock import SEALED, home_keys, secret_for, write_keys
from kiosk.ledger.connection import Connection, key_of
from kiosk.ledger.connection import unlock as unlock_store
from kiosk.ledger.copying import alone, settle_log
from kiosk.ledger.damage import FORK, forget_damage
from kiosk.ledger.entry_file import Written
from kiosk.ledger.files import replace_durably, sync_folder, write_durably
from kiosk.ledger.keyring import HomeKeys, lock_of
from kiosk.ledger.opening import opening, read_head, read_written
from kiosk.ledger.pen import Draft, Pen
from kiosk.ledger.proof import prove
from kiosk.ledger.records import Records
from kiosk.ledger.sealing import key_from, public_bytes
from kiosk.ledger.second_medium import MARK
from kiosk.ledger.store import LEDGER_FILE, open_reader, open_writer
from sync import wire
from sync.wire import is_origin

STAGING, READY = "rejoining", "ready"
BRANCHES = "branches"
_PAGE = 1000

#: What the new journal is told again although the centre has it: without it nothing could be sold,
#: or, of the lease, everything for ever.
_STANDING = frozenset({
    facts.CatalogueReceived.KIND, facts.OperatorRegistered.KIND, token_facts.KeyFileImported.KIND,
    operator_facts.OperatorCardGiven.KIND, operator_facts.OperatorRetired.KIND,
    operator_facts.PinSecretKept.KIND, store_facts.LeaseGiven.KIND,
})  # fmt: skip
#: Said anew by the new journal itself.
_NOT_BROUGHT = frozenset({facts.HomeOpened.KIND, facts.LaneGiven.KIND})


class Rejoined(msgspec.Struct, frozen=True):
    """The new number, the old one, the last entry that both have, and how many were brought.
    `by_hand` are entries that were left out, as sentences: somebody must do that work again."""

    origin: str
    old_origin: str
    common: int
    brought: int
    kept_in: str
    by_hand: list[str] = []


def rejoin(path: Path, settings: Settings, name: str, *, by_hand: bool = False) -> Rejoined:
    """Build the new journal beside, prove it, and put it in force. BadInput when nothing forked,
    and, unless `by_hand` leaves them out, when there are entries that cannot be brought."""
    old = _home_file(path)
    new_origin = name or f"{old.origin[:50]}-{secrets.token_hex(3)}"
    if not is_origin(new_origin) or new_origin == old.origin:
        raise BadInput("A new terminal number has 1 to 64 letters, digits, dots and dashes.")
    keys = home_keys(path, settings.store, new=False)
    with alone(path):
        shutil.rmtree(path / STAGING, ignore_errors=True)
        with contextlib.closing(open_reader(path)) as reader:
            _sound(reader, old.origin)
            common = _common(path, settings, reader, key_from(keys.signing, path), old.origin)
            built = _build_whole(path, reader, old, new_origin, keys, common)
            if built.left_out and not by_hand:
                shutil.rmtree(path / STAGING)
                raise BadInput(_told(built.left_out))
            brought, fresh = built.brought, built.keys
        _prepare(path, old, new_origin, fresh, settings)
        settle_log(path)
        kept_in = finish_rejoin(path)
    unlock.forget()
    sentences = [each.sentence() for each in built.left_out]
    return Rejoined(new_origin, old.origin, common, brought, str(kept_in), sentences)


def _told(left_out: list[LeftOut]) -> str:
    entries = "; ".join(each.sentence() for each in left_out)
    return (
        f"Nothing was changed. These entries cannot be brought into a new journal: {entries}."
        " `kiosk rejoin --by-hand` leaves them out; do that work again afterwards."
    )


def finish_rejoin(path: Path) -> Path:
    """Put a prepared journal in force; also called at the next start if this was interrupted."""
    staging = path / STAGING
    old = msgspec.json.decode((staging / READY).read_bytes(), type=HomeFile)
    folder = path / BRANCHES / old.origin
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (LEDGER_FILE, "home.json", "centre.json"):
        _move_once(path / name, folder / name, only_if=staging / name)
    _move_once(path / "centre.json", folder / "centre.json", only_if=staging / READY)
    for name in ("home.json", LEDGER_FILE):
        if (staging / name).exists():
            (staging / name).replace(path / name)
    for kept in (staging / "keys").iterdir():
        kept.replace(path / "keys" / kept.name)
    (path / MARK).unlink(missing_ok=True)
    forget_damage(path)
    forget_damage(path, FORK)
    for kept in folder.iterdir():
        kept.chmod(0o400)
    sync_folder(path)
    shutil.rmtree(staging)
    return folder


def _move_once(source: Path, target: Path, only_if: Path) -> None:
    """Move what is still the old one: afterwards `only_if` is no longer there beside it."""
    if only_if.exists() and source.exists() and not target.exists():
        source.replace(target)


def _home_file(path: Path) -> HomeFile:
    try:
        return msgspec.json.decode((path / "home.json").read_bytes(), type=HomeFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInput(f"{path}: there is no home here that could rejoin.") from error


def _sound(reader: Connection, origin: str) -> None:
    proof = prove(reader, origin)
    if proof.first_bad:
        raise LedgerDamaged(f"{proof.fault} Restore this home before it rejoins.", proof.first_bad)


def _common(
    path: Path, settings: Settings, reader: Connection, key: Ed25519PrivateKey, origin: str
) -> int:
    """The last entry that is the same here and at the centre. BadInput when there is no fork."""
    centre = enrolment.centre_of(path, Records(reader, origin))
    if centre is None:
        raise BadInput("This terminal was not enrolled with a centre; nothing has forked.")
    head = read_head(reader).sequence
    row = reader.execute("SELECT max(sequence) FROM anchors").fetchone()
    common = min(int(row[0] or 0), head)
    with road_upstream(path, settings) as road:
        while True:
            theirs = road.entries(wire.ask_entries(key, origin, common, centre.name))
            if not theirs:
                forget_damage(path, FORK)
                raise BadInput(
                    f"The centre holds nothing else than this journal up to entry {common}: there"
                    " is no fork, and nothing to rejoin."
                )
            ours = read_written(reader, origin, common, len(theirs))
            same = _same(theirs, [written.entry for written in ours])
            common += same
            if same < len(theirs):
                return common


def _same(theirs: list[Entry], ours: list[Entry]) -> int:
    """How many of the first entries agree."""
    for place, (one, other) in enumerate(zip(theirs, ours, strict=False)):
        if digest(one) != digest(other):
            return place
    return min(len(theirs), len(ours))


class _Clock:
    """Gives each brought entry its own time again."""

    def __init__(self) -> None:
        self.moment = (0, "unsynced")

    def __call__(self) -> tuple[int, str]:
        return self.moment


class _Built(msgspec.Struct, frozen=True):
    """The new ledger in the staging folder: how many entries were brought, and the new keys.
    `missing` are those before the fork that could help what was left out."""

    brought: int
    keys: HomeKeys
    left_out: list[LeftOut]
    missing: set[int]


def _build_whole(
    path: Path, reader: Connection, old: HomeFile, origin: str, keys: HomeKeys, common: int
) -> _Built:
    """Build again with the stories of what was refused, as long as that brings more."""
    wanted: set[int] = set()
    while True:
        built = _build(path, reader, old, origin, keys, common, wanted)
        if not built.left_out or built.missing <= wanted:
            return built
        wanted |= built.missing
        shutil.rmtree(path / STAGING)


def _build(
    path: Path, reader: Connection, old: HomeFile, origin: str, keys: HomeKeys, common: int,
    wanted: set[int],
) -> _Built:  # fmt: skip
    """The new ledger, with the earlier entries `wanted` in it."""
    refused: list[tuple[LeftOut, facts.Fact]] = []
    staging = path / STAGING
    staging.mkdir(mode=0o700)
    key = Ed25519PrivateKey.generate()
    unlock_store(staging, key_of(path))
    clock, opened = _Clock(), opening(reader)
    pen = Pen(open_writer(staging), origin, key, clock)
    head = read_head(reader)
    last = read_written(reader, old.origin, head.sequence - 1, 1)[0].entry
    clock.moment = (last.time_ms, last.quality)
    try:
        _append(pen, facts.HomeOpened(origin, opened.mode, opened.currency, public_bytes(key)))
        books, works, changed = Books(), OpenWorks(), _changed_keys(reader)
        for written in _all(reader, old.origin, 0, common):
            fact = _fact(written.entry)
            assert not isinstance(books.apply(fact), Refusal)
            works.apply(fact)
            standing = written.entry.kind in _STANDING or _is_of(fact, changed)
            if standing or written.entry.sequence in wanted:
                _bring(pen, clock, written, refused)
        clock.moment = (last.time_ms, last.quality)
        totals = _difference(reader, staging, common)
        rejoined = store_facts.OriginRejoined(
            old.origin, opened.public_key, head.sequence, head.digest, common, "fork", totals,
            *open_at(books, reader),
        )  # fmt: skip
        _append(pen, store_facts.with_cards(rejoined, works.carried(), open_moves(books)))
        brought = 0
        for written in _all(reader, old.origin, common, head.sequence):
            if written.entry.kind not in _NOT_BROUGHT:
                brought += _bring(pen, clock, written, refused)
    finally:
        pen.close()
    with contextlib.closing(open_reader(staging)) as new:
        _sound(new, origin)
    fresh = HomeKeys(key.private_bytes_raw(), keys.pepper, keys.store)
    left_out = [left for left, _ in refused if left.sequence > common]
    if not refused:
        return _Built(brought, fresh, [], set())
    carried = {act for carried in _open(books, works) for act in acts_of(carried)}
    earlier = ((w.entry.sequence, _fact(w.entry)) for w in _all(reader, old.origin, 1, common))
    missing = story_of([fact for _, fact in refused], earlier, carried)
    return _Built(brought, fresh, left_out, missing)


def _open(books: Books, works: OpenWorks) -> Iterator[facts.Fact]:
    """What is carried forward as open."""
    yield from (sale.committed for sale in books.sales.values())
    yield from (move.committed for move in books.moves.values())
    yield from books.notes.values()
    yield from books.lost_notes.values()
    yield from works.open()


def _prepare(path: Path, old: HomeFile, origin: str, keys: HomeKeys, settings: Settings) -> None:
    """Keys and home.json of the new number; the mark `ready` comes last."""
    staging = path / STAGING
    (staging / "keys").mkdir(mode=0o700)
    lock, secret = None, b""
    if (path / SEALED).exists():
        lock = lock_of((path / SEALED).read_bytes())
        secret = secret_for(lock, settings.store)
    write_keys(staging, keys, lock, secret)
    write_durably(staging / "home.json", msgspec.json.encode(HomeFile(old.mode, origin)))
    settle_log(staging)
    replace_durably(staging / READY, msgspec.json.encode(old))


def _append(pen: Pen, fact: facts.Fact) -> None:
    outcome = pen.append([Draft.of(fact)])
    assert isinstance(outcome, list), outcome


def _bring(
    pen: Pen, clock: _Clock, written: Written, refused: list[tuple[LeftOut, facts.Fact]]
) -> bool:
    """Write an old entry into the new journal; one that it cannot take is noted in `refused`."""
    entry = written.entry
    clock.moment = (entry.time_ms, entry.quality)
    draft = Draft(entry.kind, entry.version, entry.body, written.content)
    outcome = pen.append([draft])
    if isinstance(outcome, Refusal):
        refused.append((LeftOut(entry.sequence, entry.kind, outcome.code), _fact(entry)))
    return not isinstance(outcome, Refusal)


def _all(reader: Connection, origin: str, after: int, upto: int) -> Iterator[Written]:
    while after < upto and (page := read_written(reader, origin, after, _PAGE)):
        for written in page:
            if written.entry.sequence > upto:
                return
            yield written
        after = page[-1].entry.sequence


def _fact(entry: Entry) -> facts.Fact:
    return facts.decode(entry.kind, entry.version, entry.body)


def _changed_keys(reader: Connection) -> set[str]:
    """Key changes that a meter has taken: their whole story is brought."""
    rows = reader.execute("SELECT issue_id FROM issued_tokens WHERE key_changed IS NOT NULL")
    return {row[0] for row in rows}


def _is_of(fact: facts.Fact, issues: set[str]) -> bool:
    told = (token_facts.TokenCommitted, token_facts.TokenIssued, token_facts.MeterKeyChanged)
    return isinstance(fact, told) and fact.issue_id in issues


def _difference(reader: Connection, staging: Path, common: int) -> list[store_facts.Total]:
    """The balances at entry `common` of the old journal that the new one does not have yet."""
    sums: dict[tuple[str, str], int] = {}
    for account, currency, amount in reader.execute("SELECT * FROM balances"):
        sums[account, currency] = amount
    later = reader.execute(
        "SELECT account, currency, sum(amount) FROM postings WHERE sequence > ? GROUP BY 1, 2",
        (common,),
    )
    for account, currency, amount in later:
        sums[account, currency] = sums.get((account, currency), 0) - amount
    with contextlib.closing(open_reader(staging)) as new:
        for account, currency, amount in new.execute("SELECT * FROM balances"):
            sums[account, currency] = sums.get((account, currency), 0) - amount
    return [store_facts.Total(*key, amount) for key, amount in sorted(sums.items()) if amount]
