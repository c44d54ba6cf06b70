"""Restoring a home: its ledger is built again beside the damaged one, proved, and put in its place.

Any of a backup, the second medium, archives and the centre will do, and all together are best. What
is missing beside the ledger (home.json, the sealed keys, the centre) comes from the same sources.
The damaged file is moved to HOME/damaged and never deleted.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlcipher3 import dbapi2

from kiosk.config import Settings
from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts, store_facts
from kiosk.domain.entry import Entry
from kiosk.errors import BadInput, HomeFault, LedgerDamaged, LinkFault, Refusal
from kiosk.front import enrolment
from kiosk.front.giving_up import Agree, agreed, lost_with, not_compared, readable_end
from kiosk.front.home_file import OPENED, HomeFile
from kiosk.front.unlock import home_keys, refuse_pipes_at
from kiosk.ledger.backup import read_head_of, unpack
from kiosk.ledger.copying import alone
from kiosk.ledger.damage import FORK, forget_damage
from kiosk.ledger.entry_file import Cover
from kiosk.ledger.files import sync_folder, write_durably
from kiosk.ledger.journal import Journal
from kiosk.ledger.keyring import HomeKeys
from kiosk.ledger.medium_check import entries_on
from kiosk.ledger.pen import Now
from kiosk.ledger.rebuild import Given, Rebuilt, rebuild, set_aside
from kiosk.ledger.sealing import key_from, public_bytes
from kiosk.ledger.second_medium import PURPOSE
from kiosk.ledger.sources import Anchor, DatabaseSource, FileSource, Source, UpstreamSource
from kiosk.ledger.store import LEDGER_FILE
from kiosk.ledger.traces import last_readable_trace
from kiosk.till.copies import COMPANIONS
from sync import wire
from sync.courier import EnrolledCentre
from sync.roads.https import HttpsRoad
from sync.wire import is_origin

#: Where the new ledger is built; whatever a restore that was killed left there goes.
STAGING = "restoring"
ARCHIVE_PURPOSE = "archive"
#: What is left of the ledger of this home: what it alone has is not given up without a word.
_LEDGER = "ledger"


class Wanted(msgspec.Struct, frozen=True):
    """What a ledger shall be built from; `alone_is_enough` lets the centre go unasked and
    `without_medium` the second medium, `without_ledger` gives up what stands in the ledger of this
    home alone. `terminal` is the number of a terminal of which the centre alone is left."""

    backup: Path | None = None
    second_medium: Path | None = None
    upstream: bool = False
    archives: tuple[Path, ...] = ()
    catalogue: Path | None = None
    keys: Path | None = None
    alone_is_enough: bool = False
    without_ledger: bool = False
    terminal: str = ""
    without_medium: bool = False


class Restored(msgspec.Struct, frozen=True):
    """The ledger that is in force now, and what each source gave."""

    origin: str
    upto: int
    sales: int
    given: list[Given]
    damaged: str


def restore(
    path: Path, settings: Settings, wanted: Wanted, now: Now, station: str = "",
    agree: Agree | None = None,
) -> Restored:  # fmt: skip
    """Build, prove and put in force. Raises HomeFault, BadInput, LedgerDamaged, StoreFault.

    `station` is the face that asks, where a face does; every other must be closed. `agree` asks
    for two persons where something would be given up; without it that is refused.
    """
    here = (path / LEDGER_FILE).is_file() and not wanted.without_ledger
    if not (wanted.backup or wanted.second_medium or wanted.upstream or here):
        raise BadInput("Name what to restore from: --backup, --second-medium or --upstream.")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    refuse_pipes_at(path)
    _bring_companions(path, wanted)
    _name_again(path, settings, wanted)
    file = _home_file(path)
    if not (path / OPENED).exists():  # or a start would take what is half here for a new home
        write_durably(path / OPENED, b"")
    keys = home_keys(path, settings.store, new=False)
    with alone(path, station), contextlib.ExitStack() as open_things:
        staging = _empty(path / STAGING)
        open_things.callback(shutil.rmtree, staging, ignore_errors=True)
        sources = _sources(path, settings, wanted, file.origin, keys, open_things)
        ledger = _ledger_here(path, file.origin, keys, open_things)
        offering = [*sources, ledger] if ledger else sources
        contents = _contents(settings, wanted, offering)
        if not wanted.without_ledger:
            sources = offering
        rebuilt = rebuild(staging, keys.store, sources, contents)
        lost_after = readable_end(ledger) if ledger else 0
        lost = not_compared(
            path, settings, staging, rebuilt.given, alone_is_enough=wanted.alone_is_enough,
            without_medium=wanted.without_medium,
        )  # fmt: skip
        if ledger is not None and wanted.without_ledger:
            lost = lost_with(ledger, staging, rebuilt.upto, lost_after) or lost
        elif ledger is not None:
            _nothing_was_cut_off(ledger, rebuilt)
        persons = agreed(lost, agree, staging, ledger, keys.pepper)
        damaged = set_aside(path)
        (staging / LEDGER_FILE).replace(path / LEDGER_FILE)
        sync_folder(path)
        forget_damage(path)
        if any(each.source == "upstream" and each.last for each in rebuilt.given):
            forget_damage(path, FORK)
    _note(path, file.origin, keys, now, rebuilt, lost_after, persons)
    return Restored(
        file.origin, rebuilt.upto, rebuilt.proof.sales, rebuilt.given, str(damaged or "")
    )


def _nothing_was_cut_off(ledger: DatabaseSource, rebuilt: Rebuilt) -> None:
    """A ledger that is drawn again from itself alone must reach as far as anything in it tells."""
    if any(each.entries for each in rebuilt.given if each.source != _LEDGER):
        return
    known = last_readable_trace(ledger.connection)
    if known > rebuilt.upto:
        first = rebuilt.upto + 1
        raise LedgerDamaged(
            f"Entry {first}: is missing here, and entries up to {known} were written; name what"
            " else to restore from: --backup, --second-medium or --upstream.",
            first,
        )


def _bring_companions(path: Path, wanted: Wanted) -> None:
    """home.json, centre.json and the sealed keys, where the home has none."""
    found: dict[str, bytes] = {}
    if wanted.second_medium is not None:
        for name in COMPANIONS:
            kept = wanted.second_medium / Path(name).name
            if kept.is_file():
                found[name] = kept.read_bytes()
    if wanted.backup is not None:
        kept_in = read_head_of(wanted.backup).files
        # Whoever made the file wrote those names: another one would be a place outside of the home.
        found.update({name: kept_in[name] for name in COMPANIONS if name in kept_in})
    if wanted.keys is not None:
        found[str(Path("keys") / wanted.keys.name)] = wanted.keys.read_bytes()
    for name in {**dict.fromkeys(COMPANIONS), **found}:
        place = path / name
        if name in found and not place.exists() and not _has_plain_keys(path, name):
            place.parent.mkdir(exist_ok=True, mode=0o700)
            write_durably(place, found[name])


def _name_again(path: Path, settings: Settings, wanted: Wanted) -> None:
    """home.json from the number that a person or kiosk.toml says, where nobody has it any more."""
    number = wanted.terminal or settings.site.terminal
    if not number or not wanted.upstream or (path / "home.json").exists():
        return
    if not is_origin(number):
        raise BadInput("A terminal number has 1 to 64 letters, digits, dots and dashes.")
    write_durably(path / "home.json", msgspec.json.encode(HomeFile(settings.site.mode, number)))


def _has_plain_keys(path: Path, name: str) -> bool:
    return name.endswith("sealed.keys") and (path / "keys" / "signing.key").exists()


def _home_file(path: Path) -> HomeFile:
    try:
        return msgspec.json.decode((path / "home.json").read_bytes(), type=HomeFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise HomeFault(
            f"{path}: home.json is missing and no source has it; bring the second medium or a"
            " backup, or say --terminal NUMBER with --upstream."
        ) from error


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def _sources(
    path: Path, settings: Settings, wanted: Wanted, origin: str, keys: HomeKeys,
    open_things: contextlib.ExitStack,
) -> list[Source]:  # fmt: skip
    found: list[Source] = []
    if wanted.backup is not None:
        owner = read_head_of(wanted.backup).origin
        if owner != origin:
            raise BadInput(f"{wanted.backup}: is a backup of {owner}, not of {origin}.")
        database = path / STAGING / "backup.db"
        unpack(wanted.backup, database)
        found.append(DatabaseSource("backup", database, keys.store, origin))
    medium = wanted.second_medium or _medium_at_hand(settings, origin)
    if medium is not None:
        entries = medium / f"{origin}.entries"
        if not entries.is_file():
            raise BadInput(f"{entries}: there are no entries of this home on the second medium.")
        found.append(FileSource("second medium", entries, Cover(keys.store, origin, PURPOSE)))
    for archive in wanted.archives:
        cover = Cover(keys.store, origin, ARCHIVE_PURPOSE)
        found.append(FileSource(f"archive {archive.name}", archive, cover))
    if wanted.upstream:
        road = open_things.enter_context(road_upstream(path, settings))
        found.append(_upstream(path, road, origin, key_from(keys.signing, path)))
    for source in found:
        open_things.callback(source.close)
    return found


def _ledger_here(
    path: Path, origin: str, keys: HomeKeys, open_things: contextlib.ExitStack
) -> DatabaseSource | None:
    """What is left of the ledger of this home, whether or not it is asked for its entries."""
    if not (path / LEDGER_FILE).is_file():
        return None
    ledger = DatabaseSource(_LEDGER, path / LEDGER_FILE, keys.store, origin, doubted=True)
    open_things.callback(ledger.close)
    return ledger


def _medium_at_hand(settings: Settings, origin: str) -> Path | None:
    """The medium of kiosk.toml is asked although nobody named it: it may hold what nobody else
    does, and no ledger that lacks that is opened for selling."""
    found = entries_on(settings.store.second_medium, origin)
    return found.parent if found else None


def _upstream(path: Path, road: HttpsRoad, origin: str, key: Ed25519PrivateKey) -> UpstreamSource:
    centre = enrolment.enrolled(path)
    if centre is None and not (path / LEDGER_FILE).exists():
        centre = enrolment.known_again(path, road, origin, public_bytes(key))
    if centre is None:
        raise BadInput("This terminal was not enrolled with a centre: leave --upstream out.")

    def page(after: int) -> list[Entry]:
        return road.entries(wire.ask_entries(key, origin, after, centre.name))

    anchors: list[Anchor] = []
    with contextlib.suppress(LinkFault):
        answer = wire.decode_answer(road.ask(origin))
        if _believed(answer, centre, origin):
            assert isinstance(answer, wire.Acknowledgement)
            content = wire.encode_answer(answer)
            anchors.append((answer.upto, answer.digest, answer.centre, content))
    return UpstreamSource(page, anchors)


def _believed(answer: wire.Answer, centre: EnrolledCentre, origin: str) -> bool:
    return (
        isinstance(answer, wire.Acknowledgement)
        and answer.origin == origin
        and wire.acknowledgement_is_genuine(centre.public_key, answer)
    )


@contextlib.contextmanager
def road_upstream(path: Path, settings: Settings) -> Iterator[HttpsRoad]:
    """The way to the centre of kiosk.toml, or to the rehearsal's own, which is started for it."""
    with contextlib.ExitStack() as stack:
        url = settings.upstream.url
        if not url and settings.site.mode == "rehearsal" and (path / "centre").is_dir():
            from kiosk.front.own_centre import OwnCentre

            own = OwnCentre(path)
            stack.callback(own.close)
            url = own.address()
        if not url:
            raise BadInput("There is no centre: set [upstream] url in kiosk.toml.")
        authority = Path(settings.upstream.ca_file) if settings.upstream.ca_file else None
        road = HttpsRoad(url, settings.upstream.timeout_s, authority)
        stack.callback(road.close)
        yield road


def _contents(
    settings: Settings, wanted: Wanted, sources: Sequence[Source]
) -> Callable[[facts.CatalogueReceived], bytes]:
    """Catalogues come from wherever they are: each is what its fact says, or it is not taken."""

    def find(fact: facts.CatalogueReceived) -> bytes:
        for content in _offers(settings, wanted, sources, fact.number):
            catalogue = catalogues.decode(content)
            if not isinstance(catalogue, Refusal) and catalogues.received(catalogue) == fact:
                return content
        return b""

    return find


def _offers(
    settings: Settings, wanted: Wanted, sources: Sequence[Source], number: int
) -> Iterator[bytes]:
    for source in sources:
        if isinstance(source, DatabaseSource):
            yield from _catalogue_in(source.connection, number)
    if wanted.catalogue is not None:
        yield wanted.catalogue.read_bytes()
    if settings.site.mode == "rehearsal":
        from kiosk.front.utility_registry import played_catalogue

        yield catalogues.encode(played_catalogue(settings))


def _catalogue_in(connection: dbapi2.Connection, number: int) -> Iterator[bytes]:
    with contextlib.suppress(dbapi2.Error):
        sql = "SELECT content FROM catalogues WHERE number = ?"
        yield from (bytes(row[0]) for row in connection.execute(sql, (number,)))


def _note(
    path: Path, origin: str, keys: HomeKeys, now: Now, rebuilt: Rebuilt, lost_after: int,
    persons: tuple[str, str],
) -> None:  # fmt: skip
    journal = Journal(path, origin, key_from(keys.signing, path), now)
    try:
        names = [each.source for each in rebuilt.given if each.entries]
        fact = store_facts.LedgerRestored(rebuilt.upto, names, lost_after)
        if any(persons):
            fact = store_facts.LedgerRestoredByTwo(rebuilt.upto, names, lost_after, *persons)
        journal.append(fact)
    finally:
        journal.close()
