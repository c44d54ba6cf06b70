"""kiosk doctor: what is wrong with this machine and what to do; kiosk config: kiosk.toml, whole."""

from __future__ import annotations

import argparse
import sys
import sysconfig
import threading

from kiosk.config import write_default
from kiosk.errors import KioskError, Refusal
from kiosk.front import enrolment
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.ledger import send
from kiosk.front.wiring import House, opened
from kiosk.ledger.connection import key_of, library_version, wal_is_safe
from kiosk.ledger.medium_check import check_medium, entries_on
from kiosk.till.maintain import LINE, DeviceState, devices, verify
from kiosk.till.usage import pack_in_force

_PATIENCE_S, _LOOK_S = 5.0, 0.05

_DOUBTS = {
    "back": "earlier than the last entry",
    "ahead": "far ahead of the last known time",
    "disagrees": "differs from the signed time of upstream",
}


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    parser.add_argument("--json", action="store_true")


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """Look at everything; exit 1 when something is wrong."""
    if verb == "config":
        sys.stdout.write(write_default())
        return 0
    rows = [_program()]
    try:
        with opened(context.home, context.settings, paper=True, cash=True) as house:
            rows += _house(house)
    except KioskError as error:
        rows.append(
            DeviceState(
                "home", "fault", error.sentence, "Mend this first; the rest is looked at then."
            )
        )
    if context.settings.card.driver == "pcsc":
        rows += _card_service(context.settings.card.reader)
    if options.json:
        say.json(rows)
    else:
        for row in rows:
            say.out(f"{row.state:<7} {row.device:<16} {row.details}")
            if row.advice:
                say.out(f"{'':<24} -> {row.advice}")
    return 1 if any(row.state == "fault" for row in rows) else 0


def _program() -> DeviceState:
    details = f"Python {sysconfig.get_python_version()}, SQLite {library_version()}"
    if sys.flags.optimize:
        return DeviceState("program", "fault", details, "Start without -O: assertions must run.")
    if not wal_is_safe(library_version()):
        return DeviceState("program", "warn", details, "Old SQLite: the ledger runs in TRUNCATE.")
    return DeviceState("program", "ok", details)


def _card_service(reader: str) -> list[DeviceState]:
    """What a reader behind pcscd needs, and which package has it."""
    from drivers.card.diagnose import diagnose

    states = {"ok": "ok", "warning": "warn", "missing": "fault"}
    return [
        DeviceState("card service", states[state], details, advice)
        for state, details, advice in diagnose(reader)
    ]


def _house(house: House) -> list[DeviceState]:
    _let_the_printer_speak(house)
    _read_medium(house)
    found = devices(house.desk)
    assert not isinstance(found, Refusal)
    moment = house.desk.clock.now()
    clock = DeviceState("clock", "ok", moment.quality)
    if moment.quality == "doubtful":
        why = _DOUBTS.get(moment.doubt, _DOUBTS["back"])
        clock = DeviceState("clock", "fault", why, "Set the clock, or `kiosk clock confirm`.")
    proof = verify(house.desk)
    chain = DeviceState("journal", "ok", f"{proof.entries} entries, {proof.sales} sales")
    if proof.first_bad:
        chain = DeviceState("journal", "fault", proof.fault, "Sell nothing; call the office.")
    waiting = len([sale for sale in house.desk.records.open_sales() if sale.state == "in_doubt"])
    doubt = DeviceState(
        "sales in doubt", "warn" if waiting else "ok", str(waiting),
        "`kiosk recover` with the card." if waiting else "",
    )  # fmt: skip
    found = [_line(house) if state.device == LINE else state for state in found]
    return [*found, _store(house), clock, _prices(house), chain, doubt]


def _line(house: House) -> DeviceState:
    """The centre, asked now: what is written goes to it meanwhile."""
    upstream, path, journal = house.settings.upstream, house.home.path, house.home.journal
    if not upstream.url:
        if house.settings.site.mode == "rehearsal" and house.settings.rehearsal.centre:
            return DeviceState(LINE, "ok", "the rehearsal's own centre, while a face is open")
        return DeviceState(LINE, "absent", "no centre configured", "[upstream] url")
    if enrolment.enrolled(path) is None:
        return DeviceState(LINE, "warn", f"{upstream.url}: not enrolled yet", "`kiosk enrol`.")
    trouble = send(house, patience_s=0)
    details = f"acknowledged up to {journal.acknowledged()} of {journal.head().sequence}"
    if not trouble:
        return DeviceState(LINE, "ok", details)
    forked = "rejoin" in trouble
    advice = "Sell nothing here before that." if forked else "Selling goes on."
    return DeviceState(LINE, "fault" if forked else "warn", f"{details}; {trouble}", advice)


def _read_medium(house: House) -> None:
    """The second medium, whole: what is wrong with it is told with the devices."""
    entries = entries_on(house.settings.store.second_medium, house.home.origin)
    if entries is not None:
        check_medium(house.home.path, house.home.origin, entries)


def _prices(house: House) -> DeviceState:
    """Which prices are in force and from which day; stale ones are said before they stop (E11)."""
    now_ms = house.desk.clock.now().time_ms
    found = pack_in_force(house.desk, now_ms)
    if isinstance(found, Refusal):
        return DeviceState("prices", "fault", house.words.refusal(found), "Publish new prices.")
    pack = found[1]
    details = f"number {pack.number}, from {house.words.time(pack.valid_from_ms)}"
    if pack.use_by_ms and now_ms > pack.use_by_ms:
        stale = f"{details}, valid until {house.words.time(pack.use_by_ms)}"
        return DeviceState("prices", "warn", stale, "New prices are late; selling stops soon.")
    return DeviceState("prices", "ok", details)


def _store(house: House) -> DeviceState:
    """Whether a thief of the disk could read it."""
    encrypted = bool(key_of(house.home.path))
    if encrypted or house.settings.site.mode == "rehearsal":
        return DeviceState("store", "ok", "encrypted" if encrypted else "plain (rehearsal)")
    return DeviceState("store", "warn", "plain", "`kiosk store encrypt`: a stolen disk tells all.")


def _let_the_printer_speak(house: House) -> None:
    """The press asks in the background; a slow answer is not yet a fault."""
    look = threading.Event()
    for _ in range(int(_PATIENCE_S / _LOOK_S)):
        if house.desk.slips is None or house.desk.slips.state().state != "unknown":
            return
        look.wait(_LOOK_S)
