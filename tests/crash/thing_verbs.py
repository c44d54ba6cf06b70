"""Rows of the table of verbs: works on cards, and meters that are taken out."""

from __future__ import annotations

from kiosk.domain import catalogue as catalogues
from kiosk.domain.card_record import CardWorkRecord
from kiosk.domain.registry import Customer, Meter, luhn_digit
from kiosk.till import card_accounts, card_money_back, replace
from kiosk.till.cards import mend, watch
from kiosk.till.cards import plan as planning
from kiosk.till.cards.work import carry_out
from kiosk.till.credit_left import Final
from kiosk.till.new_meter import NewMeter
from tests.crash.bench import AMOUNT_MINOR, SECOND, Answer, Bench, good
from tests.crash.verb import Verb, told

#: The reissue of a card costs this much, as kiosk.toml has it when nobody says otherwise.
_FEE_MINOR = 5000


def _number(place: int) -> str:
    digits = f"0199{place:06d}"
    return digits + luhn_digit(digits)


_NEW_METER, _NEWCOMERS_METER = _number(7), _number(8)


# --- works on cards ---------------------------------------------------------------------------


def sold_to_card(bench: Bench) -> None:
    """A purchase is on the card and its meter has not seen it."""
    meter = bench.meter("card")
    answer = bench.with_card(meter, lambda: bench.sell(meter))
    bench.known["sale"] = str(answer["sale_id"])


def _blank(bench: Bench) -> None:
    assert bench.world is not None
    bench.known["blank"] = bench.world.make_other("blank")


def _card_lost(bench: Bench) -> None:
    sold_to_card(bench)
    _blank(bench)


def _newcomer(bench: Bench) -> None:
    """A customer came with a catalogue, has a card meter, and never had a card."""
    desk, found = bench.desk, bench.desk.records.tariff()
    assert found is not None
    later = catalogues.Catalogue(
        bench.next_catalogue(), "rehearsal", found[1],
        [Customer("29999999", "Nell New", "1 New Road")],
        [Meter(_NEWCOMERS_METER, "29999999", "card", "home")], [],
    )  # fmt: skip
    good(desk.journal.append(catalogues.received(later), content=catalogues.encode(later)))
    bench.known["newcomer"] = _NEWCOMERS_METER
    _blank(bench)


def _card_behind(bench: Bench) -> None:
    """The meter has taken one purchase; the card that comes back shows the one before it."""
    sold_to_card(bench)
    meter = bench.meter("card")
    bench.take_card()
    bench.insert_in_meter(meter)


def _work_answer(record: CardWorkRecord) -> Answer:
    assert record.state == "done", record
    return told("card_work_done", work_id=record.committed.work_id)


def _cancel_purchase(bench: Bench) -> Answer:
    def cancel() -> CardWorkRecord:
        plan = good(mend.plan_cancel(bench.desk))
        return good(carry_out(bench.desk, plan, "moved away", SECOND))

    return _work_answer(bench.with_card(bench.meter("card"), cancel))


def _reissue(bench: Bench) -> Answer:
    meter = bench.meter("card")

    def work() -> CardWorkRecord:
        plan = good(planning.plan_reissue(bench.desk, meter, "lost"))
        return good(carry_out(bench.desk, plan, "lost in town"))

    return _work_answer(bench.with_chip(bench.known["blank"], work))


def _make(bench: Bench) -> Answer:
    def work() -> CardWorkRecord:
        plan = good(planning.plan_make(bench.desk, bench.known["newcomer"]))
        return good(carry_out(bench.desk, plan, "new customer"))

    return _work_answer(bench.with_chip(bench.known["blank"], work))


def _repair(bench: Bench) -> Answer:
    """The meter's display shows that it is two purchases ahead of the card."""

    def work() -> CardWorkRecord:
        plan = good(mend.plan_repair(bench.desk, 3))
        return good(carry_out(bench.desk, plan, "does not fit", SECOND))

    return _work_answer(bench.with_card(bench.meter("card"), work))


def _tool(bench: Bench) -> Answer:
    def work() -> CardWorkRecord:
        plan = good(planning.plan_tool(bench.desk, "inquiry", bench.meter("card")))
        return good(carry_out(bench.desk, plan, "round of readings"))

    return _work_answer(bench.with_chip(bench.known["blank"], work))


# --- meters -----------------------------------------------------------------------------------


def _bought_before(bench: Bench) -> None:
    """The meter has its energy, and four units of it are used."""
    meter = bench.meter("keypad")
    bench.known["meter"] = meter
    answer = bench.sell(meter)
    record = bench.desk.records.sale(str(answer["sale_id"]))
    assert record is not None
    bench.known["left"] = str(record.committed.energy_wh - 4_000)


def _replace_meter(bench: Bench) -> Answer:
    old = bench.known["meter"]
    final = Final("display", 4_000, int(bench.known["left"]))
    new = NewMeter(_NEW_METER, "keypad", "home", place="wall")
    made = good(replace.replace_meter(bench.desk, old, new, final, "display dark", SECOND))
    assert made.token is not None and made.token.state == "issued", made
    return told("meter_replaced", meter=old, new_meter=_NEW_METER)


def _cancel_meter(bench: Bench) -> Answer:
    old = bench.known["meter"]
    final = Final("display", 4_000, int(bench.known["left"]), "paid")
    good(replace.cancel_meter(bench.desk, old, final, "gave up the shop", SECOND))
    return told("meter_cancelled", meter=old)


def _money_card_lost(bench: Bench) -> None:
    """Money is on a card, and its owner has lost it."""
    meter = bench.meter("card")
    move = bench.with_card(meter, lambda: good(card_accounts.top_up(bench.desk, AMOUNT_MINOR)))
    bench.known["chip"] = move.committed.card
    good(watch.stop(bench.desk, bench.known["chip"], "lost", "lost in town"))


def _keep_card_money(bench: Bench) -> Answer:
    chip = bench.known["chip"]
    good(card_money_back.keep(bench.desk, chip, "lost in town", SECOND))
    return told("card_money_returned", card=chip)


THING_VERBS = (
    Verb("cancel a purchase on a card", _cancel_purchase, kind="card",
         intent="card_work_committed", setup=sold_to_card, amount_minor=AMOUNT_MINOR),
    Verb("replace a lost card", _reissue, kind="card", intent="card_work_committed",
         setup=_card_lost, amount_minor=_FEE_MINOR),
    Verb("make a card", _make, kind="", intent="card_work_committed", setup=_newcomer,
         of="newcomer", amount_minor=0),
    Verb("repair a card", _repair, kind="card", intent="card_work_committed", setup=_card_behind,
         amount_minor=0),
    Verb("make a tool card", _tool, kind="card", intent="card_work_committed", setup=_blank,
         amount_minor=0),
    Verb("replace a meter", _replace_meter, kind="", intent="meter_replaced",
         setup=_bought_before, of="meter", amount_minor=0),
    Verb("keep the money of a lost card", _keep_card_money, kind="", intent="card_money_returned",
         setup=_money_card_lost, of="chip", field="card", amount_minor=0),
    Verb("cancel a meter", _cancel_meter, kind="", intent="meter_cancelled",
         setup=_bought_before, of="meter", amount_minor=0),
)  # fmt: skip
