"""No verb is forgotten: each one that writes has a command, a right, and a line of history."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.domain.debts import Plan
from kiosk.domain.facts import KINDS
from kiosk.domain.organisation import RIGHTS, may
from kiosk.domain.registry import Customer
from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import VERBS as COMMANDS
from kiosk.till import (
    account,
    amend,
    bills,
    clinic,
    closing,
    credit,
    debt,
    inquiry,
    judge,
    keys,
    recover,
    registration,
    replace,
    rerate,
    reverse,
    sell,
    tokens,
)  # fmt: skip
from kiosk.till.credit_left import Final
from kiosk.till.desk import Desk
from kiosk.till.new_meter import NewMeter
from kiosk.till.quote import Offer
from kiosk.till.sell import cash_payment
from kiosk.till.tokens import SecondPerson
from kiosk.words.book import sentences
from tests.till.hall import (
    CARD,
    CATALOGUE,
    KEYPAD,
    SECOND,
    Hall,
    offer_of,
    sell_to,
    sold,
)
from tests.till.new_prices import LONG_MS, publish
from tests.till.reach import Name, writing_verbs
from tests.till.test_opening_accounts import number
from tests.till.verb_table import OTHERS, VERBS, is_known

NOBODY = SecondPerson("101", "0000")
READ = Final("technician", 1, 0)
NEW = NewMeter(number(40), "keypad", "home")
OWNER = next(meter.account for meter in CATALOGUE.meters if meter.number == KEYPAD)


def test_every_verb_that_writes_is_in_the_table() -> None:
    writing = writing_verbs()
    assert {name for name in writing if not is_known(name)} == set()
    assert set(VERBS) - writing == set()
    for other in OTHERS:
        assert any(f"{'.'.join(name)}.".startswith(f"{other}.") for name in writing), other


@pytest.mark.parametrize("name", VERBS, ids=".".join)
def test_every_verb_has_its_command(name: Name) -> None:
    verb, *word = VERBS[name].command.split()
    file, _ = COMMANDS[verb]
    module = importlib.import_module(f"kiosk.front.commands.{file}")
    parser = argparse.ArgumentParser()
    module.arguments(verb, parser)
    if verb == "customers":
        assert word[0] in module._WORDS
    elif word:
        choices: Any = next(
            action.choices for action in parser._actions
            if isinstance(action, argparse._SubParsersAction)
        )  # fmt: skip
        assert word[0] in choices


# --- the gate ---------------------------------------------------------------------------------

EMPTY = Path("/dev/null")
BILL = dict(zip(bills.COLUMNS, ("B", "A", "", "", "", "1", "2030-01-01", ""), strict=True))


def offered(desk: Desk) -> tuple[Offer, sell.Payment]:
    """What a colleague has offered already."""
    role, desk.role = desk.role, "supervisor"
    offer, payment = offer_of(desk, KEYPAD, 2_000), cash_payment(desk, 2_000, 2_000)
    desk.role = role
    assert not isinstance(payment, Refusal)
    return offer, payment


#: Each verb called with what no hall knows: whoever may not call it hears only that.
CALLS: dict[Name, Callable[[Desk], object]] = {
    ("account", "top_up"): lambda d: account.top_up(d, "x", "cash", 1),
    ("account", "clear"): lambda d: account.clear(d, "x"),
    ("account", "bounce"): lambda d: account.bounce(d, "x", "r"),
    ("account", "transfer"): lambda d: account.transfer(d, "x", "y", 1, "r", NOBODY),
    ("account", "refund"): lambda d: account.refund(d, "x", 1, "r", NOBODY),
    ("account", "take_deposit"): lambda d: account.take_deposit(d, "x", 1),
    ("closing", "close"): lambda d: closing.close(d, "x", "r", NOBODY),
    ("debt", "record"): lambda d: debt.record(d, "x", "fee", 1, "", "r", NOBODY),
    ("debt", "pay"): lambda d: debt.pay(d, "x", 1),
    ("debt", "write_off"): lambda d: debt.write_off(d, "x", 1, "r", NOBODY),
    ("debt", "agree_plan"): lambda d: debt.agree_plan(d, "x", Plan("tariff"), "r"),
    ("debt", "charge_interest"): lambda d: debt.charge_interest(d, "never"),
    ("bills", "add"): lambda d: bills.add(d, BILL),
    ("bills", "take_file"): lambda d: bills.take_file(d, EMPTY),
    ("bills", "collect"): lambda d: bills.collect(d, "x"),
    ("sell", "sell"): lambda d: sell.sell(d, *offered(d)),
    ("reverse", "reverse"): lambda d: reverse.reverse(d, "x", "r"),
    ("reverse", "reallocate"): lambda d: reverse.reallocate(
        d, "x", "y", "r", NOBODY, consumed=False),
    ("rerate", "rerate"): lambda d: rerate.rerate(d, "x"),
    ("rerate", "rerate_all"): rerate.rerate_all,
    ("recover", "recover"): recover.recover,
    ("judge", "judge"): lambda d: judge.judge(d, "x", "delivered", "r", NOBODY),
    ("registration", "open_account"): lambda d: registration.open_account(
        d, Customer("x", "x", "", "", 0), None),
    ("registration", "add_meter"): lambda d: registration.add_meter(d, "x", NEW),
    ("amend", "amend_customer"): lambda d: amend.amend_customer(d, "x", "name", "y", "r"),
    ("amend", "change_power_type"): lambda d: amend.change_power_type(d, KEYPAD, "nosuch", "r"),
    ("amend", "change_capacity"): lambda d: amend.change_capacity(d, KEYPAD, 5, ""),
    ("amend", "set_shares"): lambda d: amend.set_shares(d, KEYPAD, [], "r"),
    ("amend", "block"): lambda d: amend.block(d, KEYPAD, ""),
    ("amend", "unblock"): lambda d: amend.unblock(d, KEYPAD, "r"),
    ("amend", "read_meter"): lambda d: amend.read_meter(d, "x", 1),
    ("replace", "replace_meter"): lambda d: replace.replace_meter(d, "x", NEW, READ, "r", NOBODY),
    ("replace", "finish_transfer"): lambda d: replace.finish_transfer(d, "x"),
    ("replace", "finish_for"): lambda d: replace.finish_for(d, "x"),
    ("replace", "cancel_meter"): lambda d: replace.cancel_meter(d, "x", READ, "r", NOBODY),
    ("tokens", "engineer"): lambda d: tokens.engineer(d, "x", "clear_credit", 0, "r"),
    ("tokens", "meter_test"): lambda d: tokens.meter_test(d, "nosuch", "r"),
    ("tokens", "give_free"): lambda d: tokens.give_free(d, "x", 1, "r", NOBODY),
    ("credit", "give_credit"): lambda d: credit.give_credit(d, "x", "1", "r", NOBODY),
    ("clinic", "replace"): lambda d: clinic.replace(d, "x", "old", "r", NOBODY),
    ("keys", "change_key"): lambda d: keys.change_key(d, "x", "r"),
    ("keys", "confirm"): lambda d: keys.confirm(d, "x"),
    ("keys", "load"): lambda d: keys.load(d, EMPTY, "", NOBODY),
}  # fmt: skip


def test_every_verb_is_called_behind_the_gate() -> None:
    assert set(CALLS) == set(VERBS)


@pytest.mark.parametrize("role", [*RIGHTS, "nobody"])
def test_a_role_is_stopped_at_every_verb_that_it_may_not_call(desk: Desk, role: str) -> None:
    for name, call in CALLS.items():
        right = VERBS[name].right
        desk.role = role
        before = desk.journal.head().sequence
        outcome = answer(desk, call)
        stopped = outcome == Refusal("no_right", {"right": right})
        assert stopped == (not may(role, right)), (name, outcome)
        assert not stopped or desk.journal.head().sequence == before, name


def answer(desk: Desk, call: Callable[[Desk], object]) -> object:
    """What the verb says; what it cannot use is an answer too."""
    try:
        return call(desk)
    except BadInput as fault:
        return fault


# --- the history ------------------------------------------------------------------------------


def test_everything_that_a_verb_does_is_in_the_history_of_its_customer(
    hall: Hall, desk: Desk
) -> None:
    """One customer lives through every verb; each fact of the table is a line afterwards."""
    lines = set()
    for owner in live(hall, desk):
        found = inquiry.listing(desk, "history", inquiry.Span(number=owner, limit=500))
        assert not isinstance(found, Refusal)
        lines |= {str(row[1]) for row in found.rows}
    wanted = {kind for row in VERBS.values() for kind in row.facts.split()}
    assert wanted <= {kind for kind, _ in KINDS}
    # An intention is a line while it waits; afterwards what came of it is.
    assert wanted - lines == {"reversal_intended"}
    for language in ("en", "fr"):
        spoken = sentences(language)
        assert {kind for kind in lines if f"account_event.{kind}" not in spoken} == set()


def live(hall: Hall, desk: Desk) -> list[str]:
    """Every verb once; the accounts that it was about."""
    did = []

    def done(outcome: object) -> Any:
        assert not isinstance(outcome, Refusal), outcome
        did.append(outcome)
        return outcome

    done(account.top_up(desk, OWNER, "cash", 30_000))
    for name in ("c1", "c2"):
        done(account.top_up(desk, OWNER, "cheque", 500, reference=name, event_id=name))
    desk.operator = "102"
    done(account.clear(desk, "c1"))
    desk.operator = "101"
    done(account.bounce(desk, "c2", "no cover"))
    done(account.transfer(desk, f"capital:{OWNER}", f"meter:{KEYPAD}", 100, "asked", SECOND))
    done(account.refund(desk, f"capital:{OWNER}", 100, "asked", SECOND))
    done(account.take_deposit(desk, OWNER, 1_000))
    done(debt.record(desk, OWNER, "arrears", 1_000, "2026-01-05", "old", SECOND, "d1"))
    done(debt.write_off(desk, "d1", 200, "old", SECOND))
    done(debt.pay(desk, OWNER, 300))
    done(debt.agree_plan(desk, OWNER, Plan("fixed", 100), "agreed"))
    bill = dict(zip(bills.COLUMNS, ("B1", OWNER, "", "", "", "5", "2030-01-01", ""), strict=True))
    done(bills.add(desk, bill))
    done(bills.collect(desk, "B1"))
    token = sold(sell_to(desk, KEYPAD, 5_000))
    wrong = sold(sell_to(desk, KEYPAD, 2_000)).committed.sale_id
    done(tokens.engineer(desk, KEYPAD, "clear_tamper", 0, "opened"))
    done(reverse.reallocate(desk, wrong, "capital:20000003", "wrong meter", SECOND, consumed=True))
    publish(desk, 120, token.time_ms - LONG_MS)
    assert done(rerate.rerate_all(desk))
    hall.put_in(CARD)
    back = sold(sell_to(desk, CARD, 2_000)).committed.sale_id
    done(reverse.reverse(desk, back, "mistyped"))
    hall.take_out()
    done(amend.amend_customer(desk, OWNER, "phone", "0800", "asked"))
    done(amend.block(desk, KEYPAD, "tampered"))
    done(amend.unblock(desk, KEYPAD, "repaired"))
    done(amend.set_shares(desk, KEYPAD, [("home", 600_000), ("shop", 400_000)], "shop below"))
    done(amend.read_meter(desk, KEYPAD, 1_000))
    new = NewMeter(number(41), "keypad", "shop")
    done(replace.replace_meter(desk, KEYPAD, new, Final("technician", 5, 2_000), "broken", SECOND))
    change = done(keys.change_key(desk, number(41), "asked", tariff_index=2))
    done(keys.confirm(desk, change.committed.issue_id))
    done(registration.add_meter(desk, OWNER, NewMeter(number(42), "keypad", "home")))
    water = NewMeter(number(43), "keypad", "home", register="water")
    done(registration.add_meter(desk, OWNER, water))
    done(credit.give_credit(desk, number(43), "12.5", "paid at the bank", SECOND))
    done(replace.cancel_meter(desk, number(43), Final("technician"), "not needed", SECOND))
    done(replace.cancel_meter(desk, number(42), READ, "not needed", SECOND))
    fresh = Customer("", "Lea Celik", "9 Hill", "", 0)
    opened = done(registration.open_account(desk, fresh, None))
    done(debt.pay(desk, OWNER, desk.records.balance(f"receivable:{OWNER}", "ZAR")))
    done(closing.close(desk, OWNER, "moved away", SECOND))
    card_owner = next(meter.account for meter in CATALOGUE.meters if meter.number == CARD)
    return [OWNER, card_owner, opened.customer.account]
