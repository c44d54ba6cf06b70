"""kiosk verify, export, import, sync, enrol: the journal, and how it leaves this machine."""

from __future__ import annotations

import argparse
import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from kiosk.errors import BadInput, LedgerDamaged, LinkFault, Refusal
from kiosk.front import catalogue, enrolment, line
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.home import check_owner
from kiosk.front.unlock import home_keys
from kiosk.front.wiring import House, opened
from kiosk.ledger.archive import prove_archive
from kiosk.ledger.connection import Connection, key_of
from kiosk.ledger.damage import known_damage, note_damage
from kiosk.ledger.entry_file import Cover
from kiosk.ledger.files import refuse_inside, refuse_taken
from kiosk.ledger.medium_check import check_medium, entries_on, older_than_medium
from kiosk.ledger.opening import opening
from kiosk.ledger.proof import Proof
from kiosk.ledger.proof_apart import prove_apart
from kiosk.ledger.store import LEDGER_FILE, check, open_reader
from kiosk.ledger.withdrawn import is_withdrawn


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    if verb == "verify":
        parser.add_argument("--signatures", action="store_true", help="check every signature")
        parser.add_argument("--archive", type=Path, default=None, help="prove this archive too")
    if verb == "export":
        parser.add_argument("file", type=Path, help="where the facts go")
        parser.add_argument("--all", action="store_true", help="from the first entry on")
        parser.add_argument("--after", type=int, default=None, help="only entries after this one")
        parser.add_argument("--catalogue", action="store_true", help="the newest catalogue instead")
        parser.add_argument(
            "--sealed", action="store_true", help="so that only the centre can read it"
        )
    if verb == "import":
        parser.add_argument("file", type=Path, help="the acknowledgement or catalogue that came")
    if verb == "sync":
        parser.add_argument("--patience", type=int, default=30, help="seconds to try at most")
    if verb == "enrol":
        parser.add_argument("--code", default="", help="the code that `centre enrol` printed")
    parser.add_argument("--json", action="store_true")


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """One verb."""
    if verb == "verify":
        return _verify(options, context)
    if verb == "sync" and is_withdrawn(context.home):
        return _bring_rest(context)
    with opened(context.home, context.settings) as house:
        if verb == "export":
            return _export(house, options)
        if verb == "import":
            return _import(house, options)
        if verb == "sync":
            return _sync(house, options)
        return _enrol(house, options)


def _verify(options: argparse.Namespace, context: Context) -> int:
    """Without opening the house: what is damaged must not be opened to be looked at."""
    keys = None
    if (context.home / LEDGER_FILE).exists():
        keys = home_keys(context.home, context.settings.store, new=False)
    with ThreadPoolExecutor(1) as beside:
        # SQLite reads every page without Python's lock, so it costs the proof no time.
        damage = beside.submit(_damage, context.home)
        try:
            proof = _proof(options, context)
        except Exception:  # whatever it was: pages that are damaged explain it
            if not damage.result():
                raise
    if damage.result():
        note_damage(context.home, str(damage.result()))
        file = context.home / LEDGER_FILE
        return say.trouble(f"{file}: is damaged ({damage.result()}); `kiosk restore`.")
    if keys is not None and not proof.first_bad:
        with contextlib.closing(open_reader(context.home)) as connection:
            check_owner(context.home, opening(connection), keys)
    if options.json:
        say.json(proof)
    elif not proof.first_bad:
        say.out(
            f"{proof.entries} entries, {proof.postings} postings, {proof.sales} sales:"
            f" as they were written. Head {proof.head[:16]}"
        )
    if proof.first_bad:
        return say.trouble(proof.fault)
    found = known_damage(context.home)
    if found:
        say.aside(
            f"damage was found before ({found.rstrip('.')}): `kiosk restore` lets selling go on."
        )
    return _verify_medium(context)


def _verify_medium(context: Context) -> int:
    """The second medium is read whole too: it is needed on the day when the ledger is gone."""
    with contextlib.closing(open_reader(context.home)) as connection:
        origin = opening(connection).origin
    entries = entries_on(context.settings.store.second_medium, origin)
    rotten = check_medium(context.home, origin, entries) if entries else ""
    return say.trouble(rotten) if rotten else 0


def _damage(home: Path) -> str | None:
    with contextlib.closing(open_reader(home)) as connection:
        return check(connection)


def _proof(options: argparse.Namespace, context: Context) -> Proof:
    with contextlib.closing(open_reader(context.home)) as connection:
        connection.execute("BEGIN")
        origin = opening(connection).origin
        proof = prove_apart(context.home, origin, every_signature=options.signatures)
        if not proof.first_bad:
            return _with_copies(connection, origin, proof, options, context)
    note_damage(context.home, proof.fault)
    return proof


def _with_copies(
    connection: Connection, origin: str, proof: Proof, options: argparse.Namespace, context: Context
) -> Proof:
    """What the second medium and an archive say: they know of entries that were cut off here."""
    key = key_of(context.home)
    entries = entries_on(context.settings.store.second_medium, origin)
    fault = older_than_medium(context.home, origin, entries) if entries else None
    if fault is not None:
        note_damage(context.home, fault[1])
    if fault is None and options.archive is not None:
        try:
            prove_archive(connection, options.archive, Cover(key, origin, "archive"))
        except LedgerDamaged as damage:
            fault = (damage.entry, damage.sentence)
    if fault is None:
        return proof
    return msgspec.structs.replace(proof, first_bad=fault[0], fault=fault[1], head="")


def _export(house: House, options: argparse.Namespace) -> int:
    from sync.courier import bundles
    from sync.roads.file import write_bundles, write_content

    refuse_inside(options.file, house.home.path)
    refuse_taken(options.file)
    if options.catalogue:
        write_content(options.file, house.home.journal.records.catalogue_content())
        say.out(f"the newest catalogue is in {options.file}")
        return 0

    after = 0 if options.all else house.home.journal.acknowledged()
    if options.after is not None:
        after = options.after
    if options.sealed:
        count = _export_sealed(house, options.file, after)
    else:
        count = write_bundles(options.file, bundles(house.home.journal, after))
        if count and key_of(house.home.path):
            say.aside(
                f"{options.file}: names and numbers lie open in it; `--sealed` hides them from all"
                " but the centre."
            )
    if options.json:
        say.json({"file": str(options.file), "entries": count, "after": after})
    else:
        say.out(f"{count} entries written to {options.file}" if count else "nothing to export")
    return 0


def _export_sealed(house: House, target: Path, after: int) -> int:
    """Only the centre can open it; it takes it as any other file of bundles."""
    from sync.courier import bundles
    from sync.roads.file import write_sealed
    from sync.sealed import seal_all

    enrolment.centre_of(house.home.path, house.home.journal.records)
    centre = enrolment.given(house.home.path)
    if centre is None or not centre.sealing_key:
        raise BadInput("The centre has given no key to seal with yet: `kiosk enrol`.")
    key = bytes.fromhex(centre.sealing_key)
    write_sealed(target, seal_all(bundles(house.home.journal, after), centre.centre, key))
    return max(0, house.home.journal.head().sequence - after)


def _import(house: House, options: argparse.Namespace) -> int:
    from kiosk.front import revoking
    from sync import wire
    from sync.courier import Forked, prove_order, settle
    from sync.roads.file import is_catalogue, read_answer, read_catalogue

    centre = enrolment.centre_of(house.home.path, house.home.journal.records)
    if centre is None:
        raise BadInput("This terminal is not enrolled with a centre yet: `kiosk enrol`.")
    if is_catalogue(options.file):
        number = catalogue.take(house.home.journal, centre, read_catalogue(options.file))
        if isinstance(number, Refusal):
            return say.refused(number, house.settings)
        if options.json:
            say.json({"catalogue": number})
        else:
            say.out(f"catalogue {number} taken over")
        return 0
    answer = read_answer(options.file)
    if isinstance(answer, wire.Revoked):
        prove_order(house.home.origin, centre, answer)
        line.contact(house.home.path, house.home.journal, wire.encode_answer(answer))
        if house.home.journal.try_pen():
            revoking.obey(house.desk)
        return say.trouble(revoking.told(house.home.path))
    if not isinstance(answer, wire.Acknowledgement):
        return say.trouble(f"{options.file}: the centre did not acknowledge: {answer}.")
    try:
        upto = settle(house.home.journal, centre, answer)
    except Forked as fork:
        line.note_fork(house.home.path, fork.sentence)
        raise
    line.contact(house.home.path, house.home.journal, wire.encode_answer(answer))
    if options.json:
        say.json({"acknowledged": upto})
    else:
        say.out(f"acknowledged up to entry {upto}")
    return 0


def _sync(house: House, options: argparse.Namespace) -> int:
    trouble = send(house, patience_s=options.patience)
    if is_withdrawn(house.home.path):
        return say.trouble(trouble)
    head, acknowledged = house.home.journal.head().sequence, house.home.journal.acknowledged()
    if options.json:
        say.json({"head": head, "acknowledged": acknowledged, "pending": head - acknowledged})
    else:
        say.out(f"acknowledged up to {acknowledged} of {head}")
    return say.trouble(trouble) if trouble else 0


def send(house: House, patience_s: int) -> str:
    """Bring everything upstream now, in at most `patience_s`; "" or what kept it from arriving."""
    from sync.courier import Courier

    journal, clock, entropy = house.home.journal, house.desk.clock, house.desk.entropy
    if not house.settings.upstream.url:
        return "There is no centre: set [upstream] url in kiosk.toml."
    if not journal.try_pen():
        return ""  # the process that holds the pen sends for everybody
    url = house.settings.upstream.url
    upstream = line.Line(
        house.home.path, journal, house.settings.upstream, lambda: url, clock, entropy
    )
    road = upstream.road()
    try:
        known = enrolment.centre_of(house.home.path, journal.records)
        centre = known or enrolment.enrol(house.home.path, journal, road)
    except LinkFault as error:
        road.close()
        return error.sentence
    courier = Courier(
        journal, road, centre, clock, lambda: entropy.nibble() / 16,
        lambda time_ms: line.hear(journal, clock, centre.name, time_ms),
        lambda received: line.contact(house.home.path, journal, received),
        lambda sentence: line.note_fork(house.home.path, sentence),
    )  # fmt: skip
    try:
        until_ms = clock.monotonic_ms() + patience_s * 1000
        asked = False  # once in any case: a centre that holds more than we do tells a copied disk
        while not asked or journal.acknowledged() < journal.head().sequence:
            courier.step()
            if is_withdrawn(house.home.path):
                return _end(house)
            trouble = courier.state().trouble
            asked = not trouble
            if trouble and clock.monotonic_ms() > until_ms:
                return trouble
            if trouble:
                line.pause(0.2)
        catalogue.fetch_all(journal, road, centre)
    except LinkFault as error:
        return error.sentence
    finally:
        courier.close()
    return ""


def _end(house: House) -> str:
    """The centre has withdrawn this terminal (E29): obey, here and now."""
    from kiosk.front import revoking

    revoking.obey(house.desk)
    revoking.bring_by(house.home.path, house.settings)
    return revoking.told(house.home.path)


def _bring_rest(context: Context) -> int:
    """What a withdrawn terminal has left goes to the centre."""
    from kiosk.front import revoking
    from kiosk.front.system import SystemClock

    clock = SystemClock()
    revoking.finish(context.home, context.settings, lambda: (clock.now().time_ms, "unsynced"))
    revoking.bring_by(context.home, context.settings)
    return say.trouble(revoking.told(context.home))


def _enrol(house: House, options: argparse.Namespace) -> int:
    url = house.settings.upstream.url
    if not url:
        raise BadInput("There is no centre: set [upstream] url in kiosk.toml.")
    upstream = line.Line(
        house.home.path, house.home.journal, house.settings.upstream, lambda: url,
        house.desk.clock, house.desk.entropy,
    )  # fmt: skip
    with contextlib.closing(upstream.road()) as road:
        centre = enrolment.enrol(house.home.path, house.home.journal, road, options.code)
    if options.json:
        say.json({"centre": centre.name, "origin": house.home.origin})
    else:
        say.out(f"{house.home.origin} is known to {centre.name}")
    return 0
