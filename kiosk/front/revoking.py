"""A terminal that its centre has withdrawn (E29): stolen, lost, or no longer trusted.

    the signed order is kept        nothing is sold or shown any more, in any process of the home
    the last fact is written        `terminal_revoked`
    what is unsent is sealed        only the centre can open `unsent.sealed`
    the keys go, then the rest      second medium and backups that can be reached, then the home
    the centre gets what is left    over the line, or as the file itself (`centre import`)

Each step is durable before the next begins, and may be done again: after a power cut the next start
goes on where it ended.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kiosk.config import Settings
from kiosk.domain.store_facts import TerminalRevoked
from kiosk.errors import BadInput, HomeFault, KioskError, LinkFault, Refusal, StoreFault
from kiosk.front.enrolment import enrolled, refuse_other
from kiosk.front.home_file import OPENED, HomeFile
from kiosk.front.unlock import SEALED, SIGNING_KEY, home_keys, refuse_pipes_at
from kiosk.ledger.backup import read_head_of
from kiosk.ledger.files import replace_durably, sync_folder
from kiosk.ledger.journal import Journal
from kiosk.ledger.pen import Now
from kiosk.ledger.records import Records
from kiosk.ledger.sealing import key_from
from kiosk.ledger.second_medium import MARK
from kiosk.ledger.stations import OPEN_LOCK, living
from kiosk.ledger.store import open_reader
from kiosk.ledger.withdrawn import LEFT_BEHIND, ORDER, is_withdrawn, wipe
from kiosk.marks import mark
from kiosk.till.copies import COMPANIONS
from kiosk.till.desk import Desk
from sync import wire
from sync.courier import EnrolledCentre, Road, bundles, prove_order

#: What stays of a home: nothing of a customer is in it. `centre` is a rehearsal's own upstream.
_STAYS = frozenset({
    "home.json", "centre.json", "centre", "centre.url", "kiosk.toml", "stations", "pen.lock",
    OPENED, OPEN_LOCK, ORDER, LEFT_BEHIND,
})  # fmt: skip

#: A sale that is under way at another station has so long to end.
_OPEN_SALES_S = 60
_LOOK_S = 0.2


def keep_order(home: Path, received: bytes) -> None:
    """Keep the order of the centre, which the courier has proved. Nothing is sold from here on."""
    replace_durably(home / ORDER, received)
    mark("revoke.after_order")


def order_of(home: Path) -> wire.Revoked:
    """The order that was kept. Raises HomeFault."""
    refuse_pipes_at(home)
    try:
        order = wire.decode_answer((home / ORDER).read_bytes())
    except (OSError, wire.WireFault) as error:
        raise HomeFault(f"{home / ORDER}: the order of the centre is damaged.") from error
    if not isinstance(order, wire.Revoked):
        raise HomeFault(f"{home / ORDER}: this is no order of a centre.")
    return order


def _prove_order(home: Path, settings: Settings) -> None:
    """That the centre of this home has signed the order, before anything is wiped for it: whoever
    can lay down a file ends no terminal. HomeFault."""
    try:
        order, centre = order_of(home), enrolled(home)
        if centre is None:
            raise LinkFault("This terminal has no centre.")
        prove_order(_origin(home), centre, order)
        if _not_wiped(home):
            _known_to_the_journal(home, settings, centre)
    except (KioskError, OSError, ValueError) as error:
        raise HomeFault(
            f"{home / ORDER}: this is no order of the centre of this terminal. Nothing was wiped,"
            " and nothing is sold while it lies there: take it away."
        ) from error


def _known_to_the_journal(home: Path, settings: Settings, centre: EnrolledCentre) -> None:
    """The file that names the centre lies open, as the order does. A ledger that cannot be read
    says nothing, and nothing of it can be sealed to anybody."""
    home_keys(home, settings.store, new=False)
    with contextlib.suppress(StoreFault), contextlib.closing(open_reader(home)) as reader:
        refuse_other(Records(reader, ""), centre)


def _origin(home: Path) -> str:
    return msgspec.json.decode((home / "home.json").read_bytes(), type=HomeFile).origin


def told(home: Path) -> str:
    """What a person at a withdrawn terminal is told."""
    left = home / LEFT_BEHIND
    rest = f" What it has not sent is sealed in {left}: `kiosk sync`, or `centre import` of that"
    return f"{home}: the centre has revoked this terminal; its data were wiped." + (
        f"{rest} file." if left.exists() else ""
    )


def obey(desk: Desk) -> None:
    """Carry the order out in a running process, which holds the pen. Raises KioskError."""
    with _alone_at_the_till(desk):
        _write_the_end(desk.journal, desk.home)
        desk.journal.stop_writing()
        _wipe_all(desk.home, desk.settings, desk.journal.origin)


def finish(home: Path, settings: Settings, now: Now) -> None:
    """Carry the order out at a start. HomeFault while another process of the home is at it, and
    for an order that the centre did not sign."""
    _prove_order(home, settings)
    if living(home):
        raise HomeFault(told(home))
    origin = _origin(home)
    if not (home / LEFT_BEHIND).exists() and _not_wiped(home):
        keys = home_keys(home, settings.store, new=False)
        journal = Journal(home, origin, key_from(keys.signing, home / SIGNING_KEY), now)
        with contextlib.closing(journal):
            _write_the_end(journal, home)
    _wipe_all(home, settings, origin)


def bring(home: Path, centre: EnrolledCentre, road: Road) -> None:
    """Give the centre what was left behind; the file goes when all of it arrived. LinkFault."""
    from sync.roads.file import read_sealed

    path = home / LEFT_BEHIND
    if not path.exists():
        return
    for piece in read_sealed(path):
        answer = wire.decode_answer(road.offer(piece))
        if not isinstance(answer, wire.Revoked) or not _is_ours(answer, centre):
            raise LinkFault("The centre did not take what this terminal had left.")
    mark("revoke.after_bringing")
    path.unlink()
    sync_folder(home)


def bring_by(home: Path, settings: Settings) -> None:
    """`bring` over the line of kiosk.toml, where there is one. Raises LinkFault."""
    from sync.roads.apart import RoadApart

    centre, upstream = enrolled(home), settings.upstream
    if centre is None or not upstream.url:
        return
    authority = Path(upstream.ca_file) if upstream.ca_file else None
    with contextlib.closing(RoadApart(upstream.url, upstream.timeout_s, authority)) as road:
        bring(home, centre, road)


def _is_ours(answer: wire.Revoked, centre: EnrolledCentre) -> bool:
    return answer.centre == centre.name and wire.revocation_is_genuine(centre.public_key, answer)


def _not_wiped(home: Path) -> bool:
    """The keys go before anything else; without them there is nothing left to seal."""
    return (home / SEALED).exists() or (home / SIGNING_KEY).exists()


@contextlib.contextmanager
def _alone_at_the_till(desk: Desk) -> Iterator[None]:
    """No sale is under way here or at another living station, and none begins."""
    wait, waited_s = threading.Event().wait, 0.0
    while True:
        with desk.selling() as free:
            if (free and not _others_are_selling(desk)) or waited_s >= _OPEN_SALES_S:
                yield
                return
        wait(_LOOK_S)
        waited_s += _LOOK_S


def _others_are_selling(desk: Desk) -> bool:
    stations = {record.committed.station for record in desk.records.open_sales()}
    return any(not desk.is_ours_to_settle(station) for station in stations)


def _write_the_end(journal: Journal, home: Path) -> None:
    """The last fact, and everything that the centre lacks, sealed to it."""
    from sync.roads.file import write_sealed
    from sync.sealed import seal_all

    order = order_of(home)
    outcome = journal.append(TerminalRevoked(order.centre, order.revoked_ms, order.upto))
    if isinstance(outcome, Refusal):
        raise StoreFault(f"The end of this journal cannot be written ({outcome.code}).")
    mark("revoke.after_fact")
    unsent = seal_all(bundles(journal, order.upto), order.centre, order.sealing_key)
    write_sealed(home / LEFT_BEHIND, unsent)
    mark("revoke.after_sealing")


def _wipe_all(home: Path, settings: Settings, origin: str) -> None:
    wipe(home / "keys")
    sync_folder(home)
    mark("revoke.after_keys")
    _wipe_copies(home, settings, origin)
    mark("revoke.after_copies")
    for each in sorted(home.iterdir()):
        if each.name not in _STAYS:
            wipe(each)
    sync_folder(home)
    mark("revoke.after_wipe")


def _wipe_copies(home: Path, settings: Settings, origin: str) -> None:
    """The second medium if it is ours and plugged in, and the backups that can be reached."""
    store = settings.store
    if store.second_medium and _is_our_medium(home, Path(store.second_medium)):
        medium = Path(store.second_medium)
        # Also what was set aside as damaged, and what a change of the key has begun.
        copies = sorted(medium.glob(f"*{origin}.entries*"))
        for path in (*copies, *(medium / Path(name).name for name in COMPANIONS), medium / MARK):
            wipe(path)
    folder = Path(store.backup_folder) if store.backup_folder else None
    if folder is not None and folder.is_dir():
        for path in sorted(folder.iterdir()):
            if _is_our_backup(path, origin):
                wipe(path)


def _is_our_medium(home: Path, folder: Path) -> bool:
    try:
        return (home / MARK).read_bytes() == (folder / MARK).read_bytes()
    except OSError:
        return False


def _is_our_backup(path: Path, origin: str) -> bool:
    try:
        return path.is_file() and read_head_of(path).origin == origin
    except BadInput:
        return False


def refuse_if_withdrawn(home: Path, settings: Settings, now: Now) -> None:
    """What every start asks first: a withdrawn home is never opened again. Raises HomeFault."""
    if not is_withdrawn(home):
        return
    _prove_order(home, settings)
    try:
        finish(home, settings, now)
    except KioskError as error:
        raise HomeFault(f"{told(home)} ({error.sentence})") from error
    raise HomeFault(told(home))
