"""The technician's verbs: the state of everything, and whether the ledger is as it was written."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kiosk.domain.cards import families
from kiosk.domain.cards.family import CardState
from kiosk.domain.cards.image import CardImage
from kiosk.domain.money import format_amount
from kiosk.domain.record import SaleRecord
from kiosk.errors import CardFault, CashFault, KioskError, Refusal, VendorFault
from kiosk.ledger import store
from kiosk.ledger.connection import library_version, wal_is_safe
from kiosk.ledger.damage import note_damage
from kiosk.till.desk import Desk
from kiosk.till.operators import has_other_secret
from kiosk.till.recover import card_image

if TYPE_CHECKING:
    from kiosk.ledger.proof import Proof as Proof  # noqa: PLC0414 - screens show it


#: The row of the line to the centre.
LINE = "line upstream"


class DeviceState(msgspec.Struct, frozen=True):
    """One device: `state` is ok, warn, fault or absent; `advice` says what to do.

    `device` is its name as the doctor says it; screens say it by `kiosk/words`, table [device].
    """

    device: str
    state: str
    details: str
    advice: str = ""


class Status(msgspec.Struct, frozen=True):
    """What the status bar shows; never waits for a device."""

    operator: str
    online: bool
    pending: int
    in_doubt: int
    printer: str
    clock: str
    time_ms: int
    #: Words of [status] for what must not be overlooked.
    alarms: tuple[str, ...] = ()


def status(desk: Desk) -> Status:
    """The status bar. `pending` counts every fact that upstream has not acknowledged."""
    link = desk.link.state() if desk.link is not None else None
    head = desk.journal.head().sequence
    moment = desk.clock.now()
    return Status(
        operator=desk.operator,
        online=bool(link and link.online),
        pending=head - desk.journal.acknowledged(),
        in_doubt=sum(record.state == "in_doubt" for record in desk.records.open_sales()),
        printer=desk.slips.state().state if desk.slips is not None else "absent",
        clock=moment.quality,
        time_ms=moment.time_ms,
        alarms=alarms(desk),
    )


def alarms(desk: Desk) -> tuple[str, ...]:
    """What somebody must look after although selling goes on, or why it does not."""
    found = []
    if desk.damage:
        found.append("damaged" if desk.rescued is None else "restored")
    medium = desk.journal.medium() if desk.journal.holds_pen else None
    if medium is not None and medium.trouble:
        found.append("second_medium_damaged" if medium.damaged else "second_medium")
    if store.wal_bytes(desk.home) > desk.settings.store.log_alarm_mib * 2**20:
        found.append("log_large")
    return tuple(found)


def verify(desk: Desk, *, every_signature: bool = False) -> Proof:
    """The ledger check, on a connection of its own; damage stops all selling until a restore."""
    from kiosk.ledger.proof import prove

    connection = desk.journal.reader()
    try:
        connection.execute("BEGIN")
        proof = prove(connection, desk.journal.origin, every_signature=every_signature)
    finally:
        connection.close()
    if proof.first_bad:
        note_damage(desk.home, proof.fault)
        desk.damage = desk.damage or proof.fault
    return proof


def devices(desk: Desk) -> list[DeviceState] | Refusal:
    """Every device, asked now; may wait for a silent one, so call it from a worker."""
    found = [_ledger(desk), _medium(desk), _backup(desk), _pin_secret(desk)]
    return [*(state for state in found if state is not None), *_attached(desk)]


def _attached(desk: Desk) -> list[DeviceState]:
    return [_card(desk), _cash(desk), _printer(desk), _module(desk), _line(desk)]


def _medium(desk: Desk) -> DeviceState | None:
    """The second medium; nothing to say where none is configured."""
    folder = desk.settings.store.second_medium
    if not folder:
        return None
    if not desk.journal.holds_pen:
        return DeviceState("second medium", "ok", f"{folder}, written by the other face")
    state = desk.journal.medium()
    assert state is not None
    if state.trouble:
        there = Path(folder).is_dir()
        advice = "Make room on it, or mend it." if there else "Plug it in; it catches up."
        if state.damaged:
            advice = f"`kiosk store medium {folder}` writes it anew."
        return DeviceState("second medium", "fault", state.trouble, advice)
    same = Path(folder).stat().st_dev == desk.home.stat().st_dev
    advice = "It is on the same disk as the ledger: use another." if same else ""
    details = f"{folder}, up to entry {state.upto}"
    return DeviceState("second medium", "warn" if same else "ok", details, advice)


def _pin_secret(desk: Desk) -> DeviceState | None:
    """Nothing to say while it is the one that PINs were keyed with."""
    if not has_other_secret(desk):
        return None
    details = "it is not the one that the PINs of this home were given with: no PIN is right"
    return DeviceState("secret of the PINs", "fault", details, "Put keys/pins.secret back.")


def _backup(desk: Desk) -> DeviceState | None:
    """How old the newest backup is."""
    made = desk.records.last_entry_of("backup_made")
    if made is None:
        wanted = bool(desk.settings.store.backup_folder)
        return DeviceState("backup", "warn", "none yet", "`kiosk backup`.") if wanted else None
    days = (desk.clock.now().time_ms - made.time_ms) // 86_400_000
    state = "warn" if days > 7 else "ok"
    return DeviceState("backup", state, f"{days} days old", "`kiosk backup`." if days > 7 else "")


def _ledger(desk: Desk) -> DeviceState:
    free_mib = store.free_bytes(desk.home) // 2**20
    log_mib = store.wal_bytes(desk.home) // 2**20
    safe = "WAL" if wal_is_safe(library_version()) else "TRUNCATE"
    details = f"SQLite {library_version()} ({safe}), {free_mib} MiB free, log {log_mib} MiB"
    if desk.room_to_sell() is not None:
        return DeviceState("ledger", "fault", details, "Free disk space; selling has stopped.")
    if desk.rescued is not None:
        details = f"built again, whole up to entry {desk.rescued.upto}"
        return DeviceState("ledger", "warn", details, "End the program and start it again.")
    if desk.damage:
        return DeviceState("ledger", "fault", desk.damage, "Restore it: technician, or `restore`.")
    if log_mib > desk.settings.store.log_alarm_mib:
        return DeviceState("ledger", "warn", details, "A reader does not end; restart the program.")
    return DeviceState("ledger", "ok", details)


def _away(device: str, driver: str, advice: str) -> DeviceState:
    """A device that this face does not work: there is none, or another face has it."""
    if driver != "none":
        return DeviceState(device, "absent", "not worked by this face")
    return DeviceState(device, "absent", "not configured", advice)


def _card(desk: Desk) -> DeviceState:
    if desk.reader is None:
        return _away("card reader", desk.settings.card.driver, "[card] driver in kiosk.toml")
    try:
        inside = "card inside" if desk.reader.present() else "empty"
    except CardFault as error:
        return DeviceState("card reader", "fault", error.sentence, "Check cable and card service.")
    return DeviceState("card reader", "ok", f"{desk.reader.name}, {inside}")


def _cash(desk: Desk) -> DeviceState:
    if desk.cash is None:
        return _away("note acceptor", desk.settings.cash.driver, "[cash] driver in kiosk.toml")
    try:
        notes = ", ".join(format_amount(value, desk.currency) for value in desk.cash.notes())
        desk.cash.since(desk.records.last_note_counter(desk.cash.name))
    except KioskError as error:
        return DeviceState("note acceptor", "fault", error.sentence, "Check power and cable.")
    trouble = desk.cash.trouble()
    if trouble:
        return DeviceState("note acceptor", "fault", trouble, "Open it, see to it, close it again.")
    return DeviceState("note acceptor", "ok", f"{desk.cash.name}, notes {notes}")


def _printer(desk: Desk) -> DeviceState:
    if desk.slips is None:
        return _away("printer", desk.settings.printer.driver, "[printer] driver in kiosk.toml")
    seen, left = desk.slips.state(), desk.slips.paper_left_lines()
    details = f"{seen.state}, about {left} lines of paper left"
    if seen.state not in {"ok", "paper_low"}:
        return DeviceState("printer", "fault", details, seen.details or "Check paper and cover.")
    low = seen.state == "paper_low" or left < desk.settings.printer.warn_lines
    return DeviceState("printer", "warn" if low else "ok", details, "New roll soon." if low else "")


def _module(desk: Desk) -> DeviceState:
    if desk.vendor is None:
        return DeviceState("security module", "absent", "not configured", "")
    try:
        keys = desk.vendor.keys()
    except VendorFault as error:
        return DeviceState("security module", "fault", error.sentence, "Check the module.")
    shown = ", ".join(f"{k.supply_group}/{k.key_revision} ({k.check_value})" for k in keys)
    state = "ok" if keys else "fault"
    return DeviceState("security module", state, f"{desk.vendor.name}: {shown or 'no keys'}")


def _line(desk: Desk) -> DeviceState:
    if desk.link is None:
        return DeviceState(LINE, "absent", "no centre configured", "[upstream] url")
    link = desk.link.state()
    details = f"acknowledged up to {link.acknowledged}"
    if link.online:
        return DeviceState(LINE, "ok", details)
    return DeviceState(LINE, "warn", f"{details}; {link.trouble}", "Selling goes on.")


class Evidence(msgspec.Struct, frozen=True):
    """What is known of a sale in doubt: the card as it was, as it is, and what that proves.

    `before` and `now` are None for a token sale. `testimony` is a word of
    `kiosk.domain.cards.open.witness`, or empty when no card testifies.
    """

    record: SaleRecord
    before: CardState | Refusal | None
    now: CardState | Refusal | None
    testimony: str


def evidence(desk: Desk, sale_id: str) -> Evidence | Refusal:
    """The evidence of a sale in doubt, with what the card in the reader says; from a worker."""
    refused = desk.gate("recover")
    if refused is not None:
        return refused
    record = desk.records.sale(sale_id)
    if record is None:
        return Refusal("unknown_sale", {"sale": sale_id[:40]})
    delivery = record.committed.card
    if delivery is None:
        return Evidence(record, None, None, "")
    family, image = families.of(delivery.before), card_image(desk)
    before = family.state(delivery.before)
    if not isinstance(image, CardImage):
        return Evidence(record, before, image, "")
    testimony = family.witness(delivery.before, image, delivery.writes)
    return Evidence(record, before, family.state(image), testimony)


class Readiness(msgspec.Struct, frozen=True):
    """What a kiosk can do for a customer now; `notes_minor` is empty when it takes no money."""

    notes_minor: list[int]
    cards: bool
    slips: bool
    room: bool
    card_inside: bool
    insertions: int


def readiness(desk: Desk) -> Readiness:
    """Asked while nobody is served, so that the first screen is true; may wait for a device."""
    notes: list[int] = []
    if desk.cash is not None and not desk.cash.trouble():
        with contextlib.suppress(CashFault):
            notes = desk.cash.notes()
    cards, inside, insertions = desk.reader is not None, False, 0
    if desk.reader is not None:
        try:
            inside, insertions = desk.reader.present(), desk.reader.insertions()
        except CardFault:
            cards = False
    printer = desk.slips.state().state if desk.slips is not None else "offline"
    slips = printer in {"ok", "paper_low"}
    return Readiness(notes, cards, slips, desk.room_to_sell() is None, inside, insertions)
