"""The verbs around vending keys: which there are, how they come in, how a meter changes its own.

A key change is started by an operator, numbered on screen and paper, and never part of a sale
(E26). The registry's meter gets its new key when somebody confirms that it took every section.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiosk.domain import special_tokens, token_facts
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Meter
from kiosk.domain.special_tokens import KeyChangeRequest, KeyPlace
from kiosk.domain.vending_keys import VendorKey, newest_usable
from kiosk.errors import Refusal
from kiosk.ports import LoadedFile
from kiosk.till.desk import Desk
from kiosk.till.meter_key import held_keys
from kiosk.till.operators import second_person
from kiosk.till.quote import retired
from kiosk.till.tokens import Intent, SecondPerson, issue, reason_missing, token_meter

_UNIQUE = 2
_LISTED = 10_000


class OldKey(msgspec.Struct, frozen=True):
    """A meter of a supply group that is not under the newest key: where it goes, and whether a set
    of key change tokens is made already (its id) and waits to be confirmed."""

    meter: Meter
    new: KeyPlace
    issue_id: str = ""


# --- what the module holds --------------------------------------------------------------------


def keys(desk: Desk) -> list[VendorKey] | Refusal:
    """Every vending key with its check value, newest of each supply group first; from a worker."""
    refused = desk.gate("keys")
    if refused is not None:
        return refused
    found = held_keys(desk)
    if isinstance(found, Refusal):
        return found
    return sorted(found, key=lambda key: (key.supply_group, -key.base_date, -key.key_revision))


def look(desk: Desk, path: Path, secret: str) -> LoadedFile | Refusal:
    """What is in a key file, before anybody agrees to it. Raises BadInput for a file that cannot be
    used."""
    refused = desk.gate("keys")
    if refused is not None:
        return refused
    if desk.key_files is None:
        return Refusal("no_key_files")
    return desk.key_files.look(path, secret)


def load(desk: Desk, path: Path, secret: str, second: SecondPerson) -> LoadedFile | Refusal:
    """Bring a key file into force: two persons, and a fact without any key.

    The fact comes first: a file whose limits would count twice is the greater evil. When the
    program ends between both, its keys or its dates are missing and the same file may be loaded
    again; one that brings nothing but a new limit cannot be told from one that was loaded.
    """
    found = look(desk, path, secret)
    if isinstance(found, Refusal):
        return found
    assert desk.key_files is not None
    if desk.records.is_known(f"key_file/{found.digest}") and _was_loaded(desk, found):
        return Refusal("key_file_known", {"digest": found.digest[:12]})
    refused = _another_secret(desk, found)
    if refused is not None:
        return refused
    agreed = second_person(desk, second.name, second.pin, "keys")
    if isinstance(agreed, Refusal):
        return agreed
    imported = [
        token_facts.ImportedKey(
            key.supply_group, key.key_revision, key.key_type, key.base_date, key.algorithm,
            key.check_value, key.key_expiry, key.active_from_ms, key.active_until_ms,
        )
        for key in found.keys
    ]  # fmt: skip
    if not desk.records.is_known(f"key_file/{found.digest}"):
        fact = token_facts.KeyFileImported(
            found.digest, found.module, imported, desk.operator, agreed
        )
        outcome = desk.journal.append(fact)
        if isinstance(outcome, Refusal):
            return outcome
    desk.vendor = desk.key_files.load(path, secret)
    desk.nudge()
    return found


def _another_secret(desk: Desk, file: LoadedFile) -> Refusal | None:
    """A key never takes the place of one with another secret: the meters under it hold the old."""
    held = held_keys(desk)
    if isinstance(held, Refusal):
        return None if held.code == "no_module" else held
    known = {_name(key)[:-1]: key for key in held}
    for key in file.keys:
        before = known.get(_name(key)[:-1])
        if before is None or before.check_value == key.check_value:
            continue
        return Refusal(
            "key_has_another_secret",
            {
                "supply_group": key.supply_group, "key_revision": key.key_revision,
                "base_date": key.base_date, "held": before.check_value,
                "coming": key.check_value, "meters": _meters_under(desk, before),
            },
        )  # fmt: skip
    return None


def _meters_under(desk: Desk, key: VendorKey) -> int:
    place = (key.key_revision, key.key_type, key.base_date, key.algorithm)
    return sum(
        (meter.key_revision, meter.key_type, meter.base_date, meter.algorithm) == place
        for meter in desk.records.meters_of_group(key.supply_group, _LISTED)
        if meter.kind == "keypad"
    )


def _was_loaded(desk: Desk, file: LoadedFile) -> bool:
    """Whether the keys of a file that the journal knows are there. Those of the newest file have
    its dates too (a lease that was renewed); those of an older one may have newer dates."""
    held = held_keys(desk)
    if isinstance(held, Refusal):
        return False
    newest = desk.records.last_of(token_facts.KeyFileImported.KIND)
    assert isinstance(newest, token_facts.KeyFileImported)
    known_by = _name_and_dates if newest.digest == file.digest else _name
    return {known_by(key) for key in file.keys} <= {known_by(key) for key in held}


def _name_and_dates(key: VendorKey) -> tuple[object, ...]:
    return *_name(key), key.key_expiry, key.active_from_ms, key.active_until_ms


def _name(key: VendorKey) -> tuple[str, int, int, int, str, str]:
    return (
        key.supply_group, key.key_revision, key.key_type, key.base_date, key.algorithm,
        key.check_value,
    )  # fmt: skip


# --- the key of a meter -----------------------------------------------------------------------


def newest_place(desk: Desk, meter: Meter, supply_group: str = "") -> KeyPlace | Refusal:
    """Where a meter should be: the newest key of its supply group that may be used now."""
    held = held_keys(desk)
    if isinstance(held, Refusal):
        return held
    group, now_ms = supply_group or meter.supply_group, desk.clock.now().time_ms
    fitting = [
        key
        for key in held
        if (key.supply_group, key.key_type, key.algorithm) == (group, _UNIQUE, meter.algorithm)
    ]
    if not fitting:
        return Refusal("no_newer_key", {"meter": meter.number})
    key = newest_usable(fitting, now_ms)
    if isinstance(key, Refusal):
        return key
    return KeyPlace(group, key.key_revision, meter.tariff_index, _UNIQUE, key.base_date)


def change_key(
    desk: Desk,
    meter_number: str,
    reason: str,
    *,
    supply_group: str = "",
    tariff_index: int = -1,
    instead_of: str = "",
) -> TokenRecord | Refusal:
    """The key change tokens of a meter, numbered; nothing else changes before `confirm`.

    Goes to the newest key of the meter's supply group, or of another one, and to another tariff
    index where one is given. While a set waits to be confirmed a second one is refused
    unless `instead_of` names the first: sections of two sets typed together make nobody's key.
    """
    refused = desk.gate("keys") or reason_missing(reason)
    if refused is not None:
        return refused
    meter = token_meter(desk, meter_number)
    if isinstance(meter, Refusal):
        return meter
    if meter.retired:
        return retired(meter)
    waiting = _waiting(desk, meter)
    if waiting and waiting != instead_of.strip():
        return Refusal("key_change_made", {"meter": meter.number, "issue": waiting})
    new = newest_place(desk, meter, supply_group)
    if isinstance(new, Refusal):
        return new
    if tariff_index >= 0:
        if tariff_index > 99:
            details: dict[str, str | int] = {"field": "tariff_index", "value": tariff_index}
            return Refusal("token_field_out_of_range", details)
        new = msgspec.structs.replace(new, tariff_index=tariff_index)
    request = KeyChangeRequest(
        desk.entropy.name(), meter.number, meter.algorithm, special_tokens.place_of(meter), new,
        special_tokens.tokens_needed(meter.algorithm, special_tokens.place_of(meter), new),
    )  # fmt: skip
    refused = special_tokens.check_key_change(request)
    if refused is not None:
        return refused
    intent = Intent("key_change", meter.number, reason.strip(), request.message_id)
    return issue(desk, intent, lambda: request)


def confirm(desk: Desk, issue_id: str) -> Meter | Refusal:
    """Somebody saw that the meter took every section: the registry's meter is under the new key."""
    refused = desk.gate("keys")
    if refused is not None:
        return refused
    record = desk.records.token(issue_id)
    if record is None:
        return Refusal("unknown_token", {"token": issue_id[:40]})
    request = record.committed.request
    if not isinstance(request, KeyChangeRequest) or record.state != "issued":
        return Refusal("not_a_key_change", {"token": issue_id})
    meter = desk.records.meter(request.meter)
    assert meter is not None, request
    if record.key_changed is not None:
        return Refusal("key_changed_before", {"token": issue_id})
    if special_tokens.place_of(meter) != request.old:
        # Another set was confirmed since: this one was made for a key that the meter no longer has.
        return Refusal("key_changed_since", {"meter": meter.number})
    fact = token_facts.MeterKeyChanged(issue_id, meter.number, request.new, desk.operator)
    outcome = desk.journal.append(fact)
    if isinstance(outcome, Refusal):
        return outcome
    desk.nudge()
    after = desk.records.meter(request.meter)
    assert after is not None
    return after


def old_keys(desk: Desk, supply_group: str) -> list[OldKey] | Refusal:
    """The roll-over of a supply group: its meters that are not under its newest key."""
    refused = desk.gate("keys")
    if refused is not None:
        return refused
    found: list[OldKey] = []
    for meter in desk.records.meters_of_group(supply_group, _LISTED):
        new = newest_place(desk, meter)
        if isinstance(new, Refusal):
            return new
        if special_tokens.place_of(meter) != new:
            found.append(OldKey(meter, new, _waiting(desk, meter)))
    return found


def _waiting(desk: Desk, meter: Meter) -> str:
    """The set that was made for the key that the meter is under now, and is not confirmed."""
    for record in desk.records.key_changes_of(meter.number):
        request = record.committed.request
        fits = isinstance(request, KeyChangeRequest) and request.old == (
            special_tokens.place_of(meter)
        )
        if fits and record.state == "issued" and record.key_changed is None:
            return record.committed.issue_id
    return ""
