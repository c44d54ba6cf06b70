"""Rows of the table of verbs: who may take money, at which prices, from whom and under which keys.

None of them posts. What is right afterwards is seen from the outside, at doors that somebody tries:
a PIN, a card, a price, a key.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from drivers.vending.keyfile import Cost, sealed
from drivers.vending.vending_key import VendingKey, rehearsal_keys
from kiosk.domain import catalogue as catalogues
from kiosk.domain.registry import Customer, Meter, luhn_digit
from kiosk.domain.tariff_pack import TariffPack, pack_digest
from kiosk.errors import Refusal
from kiosk.ledger.operator_records import OperatorRecord
from kiosk.till import keys, staff, tariffs
from kiosk.till.cards import watch
from kiosk.till.operators import sign_in
from kiosk.till.quote import Buyer, find_buyer
from tests.crash.bench import SECOND, Answer, Bench, RefusedError, good
from tests.crash.prices import dearer
from tests.crash.verb import Verb, told

_OPERATOR, _PIN, _OTHER_PIN, _WRONG_PIN = "201", "1234", "2468", "0000"
_TRIES = 5
_PASSPHRASE, _CHEAP = "a long passphrase", Cost(memory_kib=64, passes=1)
_NEWCOMER = "0199000009" + luhn_digit("0199000009")
_DAY_MS = 86_400_000


# --- operators ------------------------------------------------------------------------------------


def _operator(bench: Bench) -> None:
    bench.known["operator"] = _OPERATOR


def _is_let_in(bench: Bench, pin: str) -> bool:
    """Whether the operator gets in with `pin`; the desk stays with whoever had it."""
    before = bench.desk.operator, bench.desk.role
    found = sign_in(bench.desk, _OPERATOR, pin)
    bench.desk.operator, bench.desk.role = before
    return isinstance(found, OperatorRecord)


def _try_pin(bench: Bench) -> dict[str, Any]:
    return {"the PIN": _is_let_in(bench, _PIN)}


def _try_pins(bench: Bench) -> dict[str, Any]:
    return {"the old PIN": _is_let_in(bench, _PIN), "the new PIN": _is_let_in(bench, _OTHER_PIN)}


def _change_pin(bench: Bench) -> Answer:
    before = bench.desk.operator, bench.desk.role
    bench.desk.operator, bench.desk.role = _OPERATOR, "technician"
    good(staff.change_pin(bench.desk, _PIN, _OTHER_PIN))
    bench.desk.operator, bench.desk.role = before
    return told("operator_registered", operator=_OPERATOR, role="technician", by=_OPERATOR)


def _one_try_left(bench: Bench) -> None:
    _operator(bench)
    for _ in range(_TRIES - 1):
        assert not _is_let_in(bench, _WRONG_PIN)


def _last_try(bench: Bench) -> Answer:
    assert not _is_let_in(bench, _WRONG_PIN)
    return told("sign_in_refused", operator=_OPERATOR)


def _locked_out(bench: Bench) -> None:
    _one_try_left(bench)
    _last_try(bench)


def _try_while_locked(bench: Bench) -> Answer:
    assert not _is_let_in(bench, _PIN)
    return told("locked_sign_in_refused", operator=_OPERATOR)


def _unlock(bench: Bench) -> Answer:
    good(staff.unlock(bench.desk, _OPERATOR))
    return told("operator_unlocked", operator=_OPERATOR)


def _retire(bench: Bench) -> Answer:
    good(staff.retire(bench.desk, _OPERATOR, "moved away"))
    return told("operator_retired", operator=_OPERATOR)


# --- cards that are sold to no more -----------------------------------------------------------


def _card(bench: Bench) -> None:
    bench.known["chip"] = bench.chips()[bench.meter("card")]


def _stop(bench: Bench) -> Answer:
    chip = bench.known["chip"]
    good(watch.stop(bench.desk, chip, "lost", "lost in town"))
    return told("card_hot_listed", serial=chip, state="lost")


def _stopped(bench: Bench) -> None:
    _card(bench)
    _stop(bench)


def _release(bench: Bench) -> Answer:
    chip = bench.known["chip"]
    good(watch.release(bench.desk, chip, "found again", SECOND))
    return told("card_released", serial=chip)


def _try_card(bench: Bench) -> dict[str, Any]:
    meter = bench.meter("card")
    try:
        answer = bench.with_card(meter, lambda: bench.sell(meter))
    except RefusedError:
        return {"a sale to the card": False}
    return {"a sale to the card": answer["state"] == "delivered"}


# --- prices and catalogues ----------------------------------------------------------------------


def _dearer(bench: Bench) -> TariffPack:
    found = bench.desk.records.tariff()
    assert found is not None
    return dearer(found[1], found[1].valid_from_ms + 1)


def _prices(bench: Bench) -> None:
    bench.known["energy_wh"] = str(bench.offer(bench.meter("keypad")).quote.energy_wh)
    bench.known["digest"] = pack_digest(_dearer(bench))


def _publish(bench: Bench) -> Answer:
    digest = good(tariffs.publish(bench.desk, _dearer(bench), SECOND, backdate=True))
    return told("tariff_published", digest=digest)


def _try_prices(bench: Bench) -> dict[str, Any]:
    energy_wh, before_wh = (
        bench.offer(bench.meter("keypad")).quote.energy_wh,
        bench.known["energy_wh"],
    )
    return {
        "the old price": energy_wh == int(before_wh),
        "a higher one": energy_wh < int(before_wh),
    }


def _next_catalogue(bench: Bench) -> catalogues.Catalogue:
    found = bench.desk.records.tariff()
    assert found is not None
    return catalogues.Catalogue(
        int(bench.known["catalogue"]), "rehearsal", found[1],
        [Customer("39999999", "Nora Next", "3 Next Road")],
        [Meter(_NEWCOMER, "39999999", "keypad", "home")], [],
    )  # fmt: skip


def _catalogue_expected(bench: Bench) -> None:
    bench.known["catalogue"] = str(bench.next_catalogue())
    bench.known["digest"] = catalogues.received(_next_catalogue(bench)).digest


def _take_catalogue(bench: Bench) -> Answer:
    coming = _next_catalogue(bench)
    good(bench.desk.journal.append(catalogues.received(coming), content=catalogues.encode(coming)))
    return told("catalogue_received", digest=bench.known["digest"])


def _try_newcomer(bench: Bench) -> dict[str, Any]:
    return {"the new customer": isinstance(find_buyer(bench.desk, _NEWCOMER), Buyer)}


# --- vending keys and their leases --------------------------------------------------------------


def _write_key_file(bench: Bench, *held: VendingKey) -> None:
    """A key file lies beside the home, as on a stick; its digest is what the journal will know."""
    data = sealed(held, module=bench.house.settings.vending.module_id, secret=_PASSPHRASE,
                  cost=_CHEAP)  # fmt: skip
    _key_file(bench).write_bytes(data)
    bench.known["digest"] = good(keys.look(bench.desk, _key_file(bench), _PASSPHRASE)).digest


def _key_file(bench: Bench) -> Path:
    return bench.desk.home / "brought.keys"


def _newer_key_brought(bench: Bench) -> None:
    secret = bytes.fromhex("cdcdcdcdcdcdcdcd")
    newer = dataclasses.replace(rehearsal_keys()[0], key_revision=2, secret=secret)
    _write_key_file(bench, newer)


def _load(bench: Bench) -> Answer:
    found = good(keys.load(bench.desk, _key_file(bench), _PASSPHRASE, SECOND))
    return told("key_file_imported", digest=found.digest)


def _load_again(bench: Bench) -> None:
    """Whoever was interrupted tries again, as the program says, once the journal knows the file."""
    if bench.desk.records.is_known(f"key_file/{bench.known['digest']}"):
        keys.load(bench.desk, _key_file(bench), _PASSPHRASE, SECOND)


def _try_newer_key(bench: Bench) -> dict[str, Any]:
    _load_again(bench)
    made = keys.change_key(bench.desk, bench.meter("keypad"), "new key")
    return {"a change to the new key": not isinstance(made, Refusal)}


def _lease(bench: Bench, sales: int, days: int) -> VendingKey:
    """The key of the meters, good for so many sales and days."""
    units = bench.offer(bench.meter("keypad")).quote.energy_wh // 100
    until_ms = bench.desk.clock.now().time_ms + days * _DAY_MS
    return dataclasses.replace(
        rehearsal_keys()[0], limit_units=units * sales + units // 2, issued_until_ms=until_ms
    )


def _leased(bench: Bench) -> None:
    """Two sales are left."""
    _write_key_file(bench, _lease(bench, 2, days=10))
    _load(bench)


def _lease_nearly_spent(bench: Bench) -> None:
    """One sale is left, and a lease for two more has come."""
    _leased(bench)
    bench.sell(bench.meter("keypad"))
    _write_key_file(bench, _lease(bench, 2, days=20))


def _sell(bench: Bench) -> Answer:
    return bench.sell(bench.meter("keypad"))


def _spend_lease(bench: Bench) -> dict[str, Any]:
    """Sell until the module says that the lease is spent."""
    _load_again(bench)
    sold = 0
    while sold < 2 * _TRIES:
        try:
            bench.sell(bench.meter("keypad"))
        except RefusedError as refused:
            return {"sales left": sold, "stopped by": refused.args[0]}
        sold += 1
    return {"sales left": sold, "stopped by": ""}


_SHUT, _OPENED = (True, False), (False, True)
_LIMIT = ("vending_limit_reached", "vending_limit_reached")

TRUST_VERBS = (
    Verb("change a PIN", _change_pin, kind="", intent="operator_registered", setup=_operator,
         field="operator", of="operator", amount_minor=0, knock=_try_pins,
         doors={"the old PIN": _SHUT, "the new PIN": _OPENED}),
    Verb("guess a PIN for the last time", _last_try, kind="", intent="sign_in_refused",
         setup=_one_try_left, field="operator", of="operator", amount_minor=0, knock=_try_pin,
         doors={"the PIN": _SHUT}),
    Verb("sign in while locked out", _try_while_locked, kind="", intent="locked_sign_in_refused",
         setup=_locked_out, field="operator", of="operator", amount_minor=0, knock=_try_pin,
         doors={"the PIN": (False, False)}),
    Verb("let an operator in again", _unlock, kind="", intent="operator_unlocked",
         setup=_locked_out, field="operator", of="operator", amount_minor=0, knock=_try_pin,
         doors={"the PIN": _OPENED}),
    Verb("retire an operator", _retire, kind="", intent="operator_retired", setup=_operator,
         field="operator", of="operator", amount_minor=0, knock=_try_pin,
         doors={"the PIN": _SHUT}),
    Verb("stop a card", _stop, kind="", intent="card_hot_listed", setup=_card, field="serial",
         of="chip", amount_minor=0, knock=_try_card, doors={"a sale to the card": _SHUT}),
    Verb("release a card", _release, kind="", intent="card_released", setup=_stopped,
         field="serial", of="chip", amount_minor=0, knock=_try_card,
         doors={"a sale to the card": _OPENED}),
    Verb("publish prices", _publish, kind="", intent="tariff_published", setup=_prices,
         field="digest", of="digest", amount_minor=0, knock=_try_prices,
         doors={"the old price": _SHUT, "a higher one": _OPENED}),
    Verb("take a catalogue in", _take_catalogue, kind="", intent="catalogue_received",
         setup=_catalogue_expected, field="digest", of="digest", amount_minor=0,
         knock=_try_newcomer, doors={"the new customer": _OPENED}),
    Verb("load a key file", _load, kind="", intent="key_file_imported", setup=_newer_key_brought,
         field="digest", of="digest", amount_minor=0, knock=_try_newer_key,
         doors={"a change to the new key": _OPENED}),
    Verb("sell under a lease", _sell, setup=_leased, knock=_spend_lease,
         doors={"sales left": (2, 1), "stopped by": _LIMIT}),
    Verb("renew a lease", _load, kind="", intent="key_file_imported", setup=_lease_nearly_spent,
         field="digest", of="digest", amount_minor=0, knock=_spend_lease,
         doors={"sales left": (1, 2), "stopped by": _LIMIT}),
)  # fmt: skip
