"""Free units beside a sale: one fact, identifiers in a row, delivered as a set (E09)."""

from __future__ import annotations

import msgspec
import pytest

from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import rehearsal_keys
from kiosk import marks
from kiosk.domain import chart, facts, free_units
from kiosk.domain.free_units import FreeUnits
from kiosk.domain.record import SaleRecord
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal, VendorFault
from kiosk.till import clinic, history, paper, recover, token_book
from kiosk.till.desk import Desk
from kiosk.till.free import grant
from kiosk.till.maintain import verify
from kiosk.till.quote import Offer
from kiosk.till.sell import cash_payment, sell
from kiosk.till.tokens import SecondPerson
from tests.till.hall import (
    CARD,
    KEYPAD,
    SECOND,
    DiedError,
    Hall,
    code,
    die_at,
    offer_of,
    sold,
)

ALLOWANCE = FreeUnits("lifeline", 50_000, "Monthly allowance")


def granted(desk: Desk, energy_wh: int = 5_000, offer: Offer | None = None) -> Offer:
    found = grant(desk, offer or offer_of(desk, KEYPAD, 2_000), energy_wh, "flood relief", SECOND)
    assert isinstance(found, Offer), found
    return found


def sell_offer(desk: Desk, offer: Offer) -> SaleRecord | Refusal:
    payment = cash_payment(desk, offer.quote.amount_minor, offer.quote.amount_minor)
    assert not isinstance(payment, Refusal)
    return sell(desk, offer, payment)


def energy(desk: Desk, account: str) -> int:
    return desk.records.balance(account, chart.ENERGY_CURRENCY)


class Vendor(SoftwareVendor):
    """The software module, silent or unwilling when it is asked for the n-th token."""

    def __init__(self, nth: int, answer: Refusal | None) -> None:
        super().__init__(rehearsal_keys())
        self.nth, self.answer, self.asked = nth, answer, list[str]()

    def issue(self, request: TokenRequest) -> str | Refusal:
        if request.message_id not in self.asked:
            self.asked.append(request.message_id)
        if self.asked.index(request.message_id) + 1 != self.nth:
            return super().issue(request)
        if self.answer is None:
            raise VendorFault("silence")
        return self.answer


def test_the_meter_takes_both_tokens_when_free_units_go_with_a_sale(hall: Hall, desk: Desk) -> None:
    record = sold(sell_offer(desk, granted(desk, 5_210)))
    paid, free = record.tokens()
    committed = record.committed
    assert (committed.VERSION, committed.free_tokens()[0].energy_wh) == (2, 5_300)
    assert committed.free_tokens()[0].second == "301"
    first, second = (request.identifier for request in committed.requests())
    assert second == first + 1
    assert hall.enter(KEYPAD, free).energy_wh_added == 5_300
    assert hall.enter(KEYPAD, paid).energy_wh_added == committed.energy_wh
    assert hall.enter(KEYPAD, free).result == "used"


def test_free_energy_stands_in_an_account_of_its_own_when_it_is_given_with_a_sale(
    desk: Desk,
) -> None:
    record = sold(sell_offer(desk, granted(desk)))
    paid_wh = record.committed.energy_wh
    assert energy(desk, chart.meter_energy(KEYPAD)) == paid_wh + 5_000
    assert energy(desk, chart.ENERGY_ISSUED) == -paid_wh
    assert energy(desk, chart.FREE_ENERGY) == -5_000
    assert not verify(desk).first_bad


def test_allowance_and_grant_come_one_after_the_other_when_both_are_due(
    hall: Hall, desk: Desk
) -> None:
    offer = msgspec.structs.replace(offer_of(desk, KEYPAD, 2_000), free=[ALLOWANCE])
    record = sold(sell_offer(desk, granted(desk, 3_000, offer)))
    assert [each.code for each in record.committed.free_tokens()] == ["lifeline", "granted"]
    numbers = [request.identifier for request in record.committed.requests()]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    added = [hall.enter(KEYPAD, token).energy_wh_added for token in record.tokens()]
    assert added == [record.committed.energy_wh, 50_000, 3_000]
    assert not verify(desk).first_bad


def test_a_sale_is_written_as_before_when_nothing_is_given(desk: Desk) -> None:
    record = sold(sell_offer(desk, offer_of(desk, KEYPAD, 2_000)))
    kinds = {(entry.kind, entry.version) for entry in desk.records.after(0, 500)}
    assert type(record.committed) is facts.SaleCommitted
    assert not any(version == 2 for _, version in kinds)


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "reason", "energy_wh", "refusal"),
    [
        (SecondPerson("101", "1234"), "relief", 1_000, "second_person_same"),
        (SecondPerson("102", "1234"), "relief", 1_000, "no_right"),
        (SecondPerson("301", "9999"), "relief", 1_000, "wrong_pin"),
        (SECOND, "", 1_000, "reason_missing"),
        (SECOND, "relief", 0, "energy_missing"),
        (SECOND, "relief", 1_820_162_500, "energy_above_carrier"),
    ],
)
def test_nothing_is_given_when_persons_reason_or_energy_are_not_right(
    desk: Desk, second: SecondPerson, reason: str, energy_wh: int, refusal: str
) -> None:
    offer = offer_of(desk, KEYPAD, 2_000)
    assert code(grant(desk, offer, energy_wh, reason, second)) == refusal


def test_nothing_is_given_when_the_role_may_not_or_the_meter_takes_a_card(hall: Hall) -> None:
    desk = hall.station()
    assert code(grant(desk, offer_of(desk, CARD, 2_000), 1_000, "relief", SECOND)) == (
        "meter_takes_no_token"
    )
    cashier = hall.station(role="cashier")
    assert code(grant(cashier, offer_of(cashier, KEYPAD, 2_000), 1_000, "relief", SECOND)) == (
        "no_right"
    )


def test_no_fifth_token_is_given_when_a_sale_gives_four(desk: Desk) -> None:
    offer = offer_of(desk, KEYPAD, 2_000)
    for _ in range(free_units.MOST_FREE):
        offer = granted(desk, 1_000, offer)
    assert code(grant(desk, offer, 1_000, "relief", SECOND)) == "too_many_free_tokens"
    assert len(sold(sell_offer(desk, offer)).tokens()) == 5


# --- the module ---------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", [1, 2])
def test_the_whole_sale_is_undone_when_the_module_refuses_one_of_the_set(
    desk: Desk, nth: int
) -> None:
    desk.vendor = Vendor(nth, Refusal("vending_limit_reached", {}))
    record = sold(sell_offer(desk, granted(desk)), "voided")
    assert record.tokens() == []
    assert energy(desk, chart.FREE_ENERGY) == energy(desk, chart.meter_energy(KEYPAD)) == 0
    assert not verify(desk).first_bad


@pytest.mark.parametrize("nth", [1, 2])
def test_the_same_set_comes_when_the_module_was_silent_in_the_middle_E06(
    hall: Hall, desk: Desk, nth: int
) -> None:
    desk.vendor = Vendor(nth, None)
    before = sold(sell_offer(desk, granted(desk)), "in_doubt")
    desk.vendor = SoftwareVendor(rehearsal_keys())
    settled = recover.recover(desk)
    assert not isinstance(settled, Refusal)
    (record,) = settled.sales
    assert record.committed == before.committed
    wanted = [SoftwareVendor(rehearsal_keys()).issue(r) for r in before.committed.requests()]
    assert record.tokens() == wanted
    assert [hall.enter(KEYPAD, token).result for token in record.tokens()] == ["accepted"] * 2
    assert not verify(desk).first_bad


STOPS = [
    ("sale.before_commit_one", 1), ("sale.after_commit_one", 1), ("token.before_issue", 1),
    ("token.after_issue", 1), ("token.before_issue", 2), ("token.after_issue", 2),
    ("sale.before_commit_two", 1), ("sale.after_commit_two", 1),
]  # fmt: skip


@pytest.mark.parametrize(("mark", "passage"), STOPS)
def test_the_set_is_finished_once_when_the_program_stopped_on_its_way(
    hall: Hall, mark: str, passage: int
) -> None:
    desk = hall.station()
    offer = granted(desk)
    marks.arm(die_at(mark, passage))
    with pytest.raises(DiedError):
        sell_offer(desk, offer)
    marks.arm(None)
    hall.leave(desk)
    again = hall.station()
    assert not isinstance(recover.recover(again), Refusal)
    sales = again.records.sales_of(meter=KEYPAD)
    assert len(sales) == (0 if mark == "sale.before_commit_one" else 1)
    for record in sales:
        assert record.state == "delivered"
        assert [hall.enter(KEYPAD, token).result for token in record.tokens()] == ["accepted"] * 2
    assert not verify(again).first_bad


def test_an_identifier_of_a_free_token_is_never_given_again(desk: Desk) -> None:
    record = sold(sell_offer(desk, granted(desk)))
    taken = record.committed.free_tokens()[0].request.identifier
    fields = {n: getattr(record.committed, n) for n in facts.SaleCommitted.__struct_fields__}
    paid = msgspec.structs.replace(fields["token"], message_id="z", identifier=taken)
    again = facts.SaleCommitted(**fields | {"sale_id": "z", "token": paid})
    assert code(desk.journal.append(again)) == "identifier_taken"
    following = sold(sell_offer(desk, offer_of(desk, KEYPAD, 2_000)))
    assert [request.identifier for request in following.committed.requests()] == [taken + 1]


# --- what can be seen afterwards ----------------------------------------------------------------


def test_the_slip_numbers_both_tokens_and_says_what_each_is(desk: Desk) -> None:
    record = sold(sell_offer(desk, granted(desk)))
    lines = [line.text for line in paper.slip_lines(desk, record)]
    assert "Token 1 of 2, paid" in lines
    assert "Token 2 of 2, free: 5.0 kWh" in lines
    assert "flood relief" in lines
    digits = [line.replace(" ", "") for line in lines]
    assert [each for each in digits if each in record.tokens()] == list(record.tokens())


def test_a_free_token_leads_to_its_sale_when_it_is_looked_for(desk: Desk) -> None:
    record = sold(sell_offer(desk, granted(desk)))
    paid, free = record.tokens()
    for token in (paid, free):
        found = history.why(desk, token)
        assert not isinstance(found, Refusal)
        assert (found.record, found.same) == (record, True)
        rows = token_book.tokens(desk, token)
        assert not isinstance(rows, Refusal)
        assert [row.tokens for row in rows] == [[paid, free]]
    assert code(history.why(desk, "9" * 20)) == "unknown_sale"


def test_only_what_was_paid_is_replaced_when_a_token_of_the_set_does_not_work(desk: Desk) -> None:
    record = sold(sell_offer(desk, granted(desk)))
    paid, free = record.tokens()
    for token, may in ((paid, True), (free, False)):
        found = clinic.diagnose(desk, KEYPAD, "rejected", token)
        assert not isinstance(found, Refusal)
        assert (found.sale, found.may_replace) == (record.committed.sale_id, may)


# --- books that lie -----------------------------------------------------------------------------


def lies(sale: facts.SaleCommitted) -> dict[str, list[free_units.FreeToken]]:
    (free,) = sale.free_tokens()
    other, replace = free.request, msgspec.structs.replace
    return {
        "another meter": [replace(free, request=replace(other, meter="01470000371"))],
        "the identifier of the paid one": [
            replace(free, request=replace(other, identifier=sale.requests()[0].identifier))
        ],
        "no energy": [replace(free, request=replace(other, units=0))],
        "another id": [replace(free, request=replace(other, message_id="x"))],
        "nobody agreed": [replace(free, second="")],
        "too many": [free] * 5,
    }


@pytest.mark.parametrize(
    "lie",
    ["another meter", "the identifier of the paid one", "no energy", "another id",
     "nobody agreed", "too many"],
)  # fmt: skip
def test_no_such_set_enters_the_journal_when_it_does_not_add_up(desk: Desk, lie: str) -> None:
    record = sold(sell_offer(desk, granted(desk)))
    base = {n: getattr(record.committed, n) for n in facts.SaleCommitted.__struct_fields__}
    plain = facts.SaleCommitted(**base | {"sale_id": "z"})
    false = facts.with_free(plain, lies(record.committed)[lie])
    assert code(desk.journal.append(false)) == "sale_does_not_add_up"


def test_a_part_of_a_set_ends_no_sale(desk: Desk) -> None:
    desk.vendor = Vendor(1, None)
    record = sold(sell_offer(desk, granted(desk)), "in_doubt")
    sale = record.committed.sale_id
    for part in (
        facts.SaleDelivered(sale, "normal", token="1" * 20),
        facts.SaleWithFreeDelivered(sale, "normal", token="1" * 20, free=[]),
        facts.SaleWithFreeDelivered(sale, "normal", token="1" * 20, free=["2" * 20, "3" * 20]),
    ):
        assert code(desk.journal.append(part)) == "sale_does_not_add_up"
