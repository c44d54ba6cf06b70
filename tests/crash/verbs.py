"""The verbs that move money, energy or keys: one row each, and the harnesses run them all.

A new verb is one more row of VERBS: what must have happened before (`setup`), the deed (`act`), and
the fact that takes it on (`intent`), found in the journal by `field`.
"""

from __future__ import annotations

from kiosk.errors import Refusal
from kiosk.till import card_accounts, clinic, judge, keys, recover, reverse, tokens
from kiosk.till.free import grant
from kiosk.till.pay import NotePayment
from kiosk.till.sell import card_payment, cash_payment, sell
from tests.crash.account_verbs import ACCOUNT_VERBS
from tests.crash.bench import (
    AMOUNT_MINOR,
    SECOND,
    Answer,
    Bench,
    RefusedError,
    good,
    sale_answer,
    token_answer,
)
from tests.crash.thing_verbs import THING_VERBS, sold_to_card
from tests.crash.trust_verbs import TRUST_VERBS
from tests.crash.verb import Verb
from tests.till.acceptor import buy, pay, take_notes

NOTE_MINOR = 2000


# --- sales ------------------------------------------------------------------------------------


def _token(bench: Bench) -> Answer:
    return bench.sell(bench.meter("keypad"))


def _with_free(bench: Bench) -> Answer:
    """A token for money, and one that is a gift, delivered together."""
    offer = good(grant(bench.desk, bench.offer(bench.meter("keypad")), 5_000, "relief", SECOND))
    payment = good(cash_payment(bench.desk, AMOUNT_MINOR, AMOUNT_MINOR))
    return sale_answer(sell(bench.desk, offer, payment))


def _card(bench: Bench) -> Answer:
    meter = bench.meter("card")
    return bench.with_card(meter, lambda: bench.sell(meter))


def _notes(bench: Bench, kind: str = "keypad") -> Answer:
    """Two notes, then the sale for what is there."""
    meter, acceptor = bench.meter(kind), bench.acceptor
    assert acceptor is not None
    offer = bench.offer(meter, 2 * NOTE_MINOR)
    payment = NotePayment(bench.desk, offer.sale_id, offer.buyer, 2 * NOTE_MINOR)
    take_notes(payment)
    for _ in range(2):
        pay(payment, acceptor, NOTE_MINOR)
    assert payment.complete  # or the machine was too busy for the acceptor, which keeps real time
    return sale_answer(buy(bench.desk, payment, meter))


def _notes_card(bench: Bench) -> Answer:
    return bench.with_card(bench.meter("card"), lambda: _notes(bench, "card"))


def _keep(bench: Bench) -> Answer:
    """A note, and the customer gives up: its money is kept for the meter."""
    meter, acceptor = bench.meter("keypad"), bench.acceptor
    assert acceptor is not None
    offer = bench.offer(meter)
    payment = NotePayment(bench.desk, offer.sale_id, offer.buyer, AMOUNT_MINOR)
    take_notes(payment)
    pay(payment, acceptor, NOTE_MINOR)
    kept = payment.give_up("cancelled")
    assert kept is not None
    told = {"payment": kept.payment, "meter": meter, "amount_minor": kept.amount_minor}
    return {"fact": "payment_kept", "told": told}


def _kept_before(bench: Bench) -> None:
    _keep(bench)


def _spend_kept(bench: Bench) -> Answer:
    """Only the money that was kept: less than the other sales, and no note moves."""
    offer = bench.offer(bench.meter("keypad"), NOTE_MINOR)
    payment = NotePayment(bench.desk, offer.sale_id, offer.buyer, NOTE_MINOR)
    assert payment.complete
    return sale_answer(sell(bench.desk, offer, payment.payment_of()))


def _torn_sale(bench: Bench) -> None:
    """A card sale in doubt: the card was pulled out before anything was written."""
    assert bench.world is not None
    meter, slot = bench.meter("card"), bench.world.slot()
    bench.put_card(meter)
    reads = 0
    while True:  # as many answers as the card gives before its first write
        slot.pull_after(reads)
        try:
            answer = bench.sell(meter)
        except RefusedError:
            bench.put_card(meter)
            reads += 1
            continue
        break
    assert answer["state"] == "in_doubt", answer
    bench.known["sale"] = answer["sale_id"]


def _undo(bench: Bench) -> Answer:
    sale_id = bench.known["sale"]
    return bench.with_card(
        bench.meter("card"), lambda: sale_answer(recover.undo(bench.desk, sale_id))
    )


def _judge(bench: Bench) -> Answer:
    """Two persons end it while its card is away."""
    sale_id = bench.known["sale"]
    return sale_answer(judge.judge(bench.desk, sale_id, "never-written", "hall 2", SECOND))


def _reverse(bench: Bench) -> Answer:
    sale_id, meter = bench.known["sale"], bench.meter("card")
    good(bench.with_card(meter, lambda: reverse.reverse(bench.desk, sale_id, "wrong amount")))
    return {"fact": "sale_reversed", "told": {"sale_id": sale_id}}


# --- customers' money -------------------------------------------------------------------------


def _top_up_card(bench: Bench) -> Answer:
    meter = bench.meter("card")
    move = good(
        bench.with_card(meter, lambda: card_accounts.top_up(bench.desk, AMOUNT_MINOR))
    ).committed
    return {"fact": "account_move_committed", "told": {"move_id": move.move_id}}


def _topped_up_before(bench: Bench) -> None:
    _top_up_card(bench)


def _spend_from_card(bench: Bench) -> Answer:
    """Two writes on one card: the money goes off it, the energy on it."""
    meter = bench.meter("card")

    def sale() -> Answer:
        offer = bench.offer(meter)
        return sale_answer(sell(bench.desk, offer, good(card_payment(bench.desk, offer))))

    return bench.with_card(meter, sale)


# --- tokens outside sales -----------------------------------------------------------------------


def _free(bench: Bench) -> Answer:
    meter = bench.meter("keypad")
    return token_answer(tokens.give_free(bench.desk, meter, 20_000, "a gift", SECOND))


def _engineer(bench: Bench) -> Answer:
    meter = bench.meter("keypad")
    return token_answer(tokens.engineer(bench.desk, meter, "clear_tamper", 0, "field work"))


def _meter_test(bench: Bench) -> Answer:
    return token_answer(tokens.meter_test(bench.desk, "display", "field work"))


def _sold_before(bench: Bench) -> None:
    """Nothing is replaced while a key change waits, and a day may have made one."""
    for record in bench.desk.records.key_changes_of(bench.meter("keypad")):
        if record.key_changed is None:
            keys.confirm(bench.desk, record.committed.issue_id)
    bench.known["sale"] = str(_token(bench)["sale_id"])


def _replace(bench: Bench) -> Answer:
    record = clinic.replace(bench.desk, bench.known["sale"], "old", "too old", SECOND)
    return token_answer(record)


def _change_key(bench: Bench) -> Answer:
    """A day may change the same meter twice: the second set is made instead of the first."""
    meter = bench.meter("keypad")
    made = keys.change_key(bench.desk, meter, "new index", tariff_index=2)
    if isinstance(made, Refusal) and made.code == "key_change_made":
        first = str(made.details["issue"])
        made = keys.change_key(bench.desk, meter, "new index", tariff_index=2, instead_of=first)
    return token_answer(made)


def _changed_before(bench: Bench) -> None:
    bench.known["issue"] = str(_change_key(bench)["issue_id"])


def _confirm(bench: Bench) -> Answer:
    issue_id = bench.known["issue"]
    good(keys.confirm(bench.desk, issue_id))
    return {"fact": "meter_key_changed", "told": {"issue_id": issue_id}}


VERBS = {
    verb.name: verb
    for verb in (
        Verb("sell a token", _token),
        Verb("sell with free units", _with_free),
        Verb("sell to a card", _card, kind="card"),
        Verb("sell for notes", _notes, cash=True, commit=0, amount_minor=2 * NOTE_MINOR),
        Verb("sell to a card for notes", _notes_card, kind="card", cash=True, commit=0,
             amount_minor=2 * NOTE_MINOR),
        Verb("keep a payment", _keep, cash=True, commit=0, intent="payment_kept",
             amount_minor=NOTE_MINOR),
        Verb("spend kept money", _spend_kept, setup=_kept_before, cash=True,
             amount_minor=NOTE_MINOR),
        Verb("sell for cash and kept money", _token, setup=_kept_before, cash=True),
        Verb("undo a sale", _undo, kind="card", intent="sale_voided", setup=_torn_sale,
             field="sale_id", of="sale"),
        Verb("judge a sale", _judge, kind="card", intent="sale_voided", setup=_torn_sale,
             field="sale_id", of="sale"),
        Verb("take a card sale back", _reverse, kind="card", intent="reversal_intended",
             setup=sold_to_card, field="sale_id", of="sale", amount_minor=0),
        Verb("put money on a card", _top_up_card, kind="card", intent="account_move_committed"),
        Verb("sell from the money on a card", _spend_from_card, kind="card",
             setup=_topped_up_before),
        Verb("give free units", _free, intent="token_committed"),
        Verb("engineer a meter", _engineer, intent="token_committed"),
        Verb("test meters", _meter_test, kind="", intent="token_committed"),
        Verb("replace a token", _replace, intent="token_committed", setup=_sold_before),
        Verb("change a key", _change_key, intent="token_committed"),
        Verb("confirm a key change", _confirm, intent="meter_key_changed", setup=_changed_before,
             field="issue_id", of="issue"),
        *ACCOUNT_VERBS,
        *THING_VERBS,
        *TRUST_VERBS,
    )
}  # fmt: skip
