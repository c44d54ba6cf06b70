"""Tokens that are no sale: made, typed into the meter, listed, copied, recovered."""

from __future__ import annotations

import pytest

from drivers.vending.software import SoftwareVendor
from drivers.vending.vending_key import rehearsal_keys
from kiosk import marks
from kiosk.domain import chart
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Meter
from kiosk.domain.registry_slip import RegistrySlip
from kiosk.domain.special_tokens import (
    METER_TESTS,
    CreditRequest,
    ManagementRequest,
    SpecialRequest,
    Verified,
    place_of,
)
from kiosk.domain.token_facts import MeterKeyChanged, TokenIssued, TokenRefused
from kiosk.errors import Refusal, VendorFault
from kiosk.till import clinic, credit, keys, recover, replace, reverse, token_book, tokens
from kiosk.till.credit_left import Final
from kiosk.till.desk import Desk
from kiosk.till.maintain import verify
from kiosk.till.quote import find_buyer
from kiosk.till.tokens import SecondPerson
from tests.till.hall import (
    BLOCKED,
    CARD,
    KEYPAD,
    SECOND,
    DiedError,
    Hall,
    code,
    die_at,
    entries,
    meter_number,
    sell_to,
    sold,
)
from tests.till.test_selling_tokens import ForgetfulVendor


def issued(outcome: TokenRecord | Refusal) -> TokenRecord:
    assert isinstance(outcome, TokenRecord), outcome
    assert outcome.state == "issued", outcome
    return outcome


def energy(desk: Desk, account: str) -> int:
    return desk.records.balance(account, chart.ENERGY_CURRENCY)


def meter_of(desk: Desk) -> Meter:
    meter = desk.records.meter(KEYPAD)
    assert meter is not None
    return meter


def identifier(request: SpecialRequest) -> int:
    if isinstance(request, CreditRequest):
        return request.token.identifier
    assert isinstance(request, ManagementRequest)
    return request.identifier


# --- engineering --------------------------------------------------------------------------------

# operation, value, what the meter shows afterwards
ENGINEERING = [
    ("power_limit", 2000, "power_limit_w", 2000),
    ("power_limit", 16_385, "power_limit_w", 16_394),
    ("phase_unbalance", 500, "phase_unbalance_limit_w", 500),
    ("tariff_rate", 77, "tariff_rate", 77),
    ("clear_tamper", 0, "tampered", False),
    ("clear_credit", 0xFFFF, "energy_left_wh", 0),
    ("extended", 5 << 10 | 9, "values", {5: 9}),
]


@pytest.mark.parametrize(("operation", "value", "register", "shown"), ENGINEERING)
def test_the_meter_does_what_was_asked_when_an_engineering_token_is_typed(
    hall: Hall, desk: Desk, operation: str, value: int, register: str, shown: object
) -> None:
    from drivers.meter.keypad import KeypadMeter

    record = issued(tokens.engineer(desk, KEYPAD, operation, value, "field work"))
    world = hall.houses[0].world
    assert world is not None
    meter = world.meter(KEYPAD)
    assert isinstance(meter, KeypadMeter)
    assert meter.enter(record.tokens[0]).result == "accepted"
    assert getattr(meter.registers(), register) == shown
    assert meter.enter(record.tokens[0]).result == "used"
    assert not verify(desk).first_bad


def test_a_water_factor_is_made_and_an_electricity_meter_has_no_such_function(
    hall: Hall, desk: Desk
) -> None:
    record = issued(tokens.engineer(desk, KEYPAD, "water_factor", 9, "field work"))
    assert hall.enter(KEYPAD, record.tokens[0]).result == "function_error"


@pytest.mark.parametrize("test", [name for name in METER_TESTS if name != "water_factor"])
def test_any_meter_answers_when_a_test_token_is_typed(hall: Hall, desk: Desk, test: str) -> None:
    record = issued(tokens.meter_test(desk, test, "look at it"))
    assert hall.enter(KEYPAD, record.tokens[0]).result == "accepted"
    assert hall.enter(KEYPAD, record.tokens[0]).result == "accepted"  # it has no identifier


REFUSED = [
    ("power_limit", -1, "token_field_out_of_range"),
    ("power_limit", 18_201_625, "token_field_out_of_range"),
    ("clear_credit", 8, "token_field_out_of_range"),
    ("clear_tamper", 1, "token_field_out_of_range"),
    ("tariff_rate", 2**16, "token_field_out_of_range"),
    ("open_switch", 0, "unknown_operation"),
]


@pytest.mark.parametrize(("operation", "value", "refusal"), REFUSED)
def test_nothing_is_written_when_a_value_fits_no_token(
    desk: Desk, operation: str, value: int, refusal: str
) -> None:
    before = entries(desk)
    assert code(tokens.engineer(desk, KEYPAD, operation, value, "field work")) == refusal
    assert entries(desk) == before


def test_a_token_is_refused_when_meter_reason_or_right_is_missing(hall: Hall, desk: Desk) -> None:
    assert code(tokens.engineer(desk, CARD, "clear_tamper", 0, "x y z")) == "meter_takes_no_token"
    assert code(tokens.engineer(desk, KEYPAD, "clear_tamper", 0, "  ")) == "reason_missing"
    cashier = hall.station(role="cashier")
    for made in (
        tokens.engineer(cashier, KEYPAD, "clear_tamper", 0, "please"),
        tokens.meter_test(cashier, "all", "please"),
        tokens.give_free(cashier, KEYPAD, 1000, "please", SECOND),
    ):
        assert code(made) == "no_right"


# --- energy without money -----------------------------------------------------------------------


def test_free_units_stand_in_the_books_and_on_the_meter_when_two_persons_agree(
    hall: Hall, desk: Desk
) -> None:
    record = issued(tokens.give_free(desk, KEYPAD, 5_210, "flood relief", SECOND))
    assert (record.committed.energy_wh, record.committed.second) == (5_300, "301")
    assert energy(desk, chart.meter_energy(KEYPAD)) == 5_300 == -energy(desk, chart.FREE_ENERGY)
    assert hall.enter(KEYPAD, record.tokens[0]).energy_wh_added == 5_300
    assert not verify(desk).first_bad


@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        (SecondPerson("101", "1234"), "second_person_same"),
        (SecondPerson("102", "1234"), "no_right"),
        (SecondPerson("301", "9999"), "wrong_pin"),
        (SecondPerson("nobody", "1234"), "wrong_pin"),
    ],
)
def test_no_free_units_are_given_when_no_second_person_may_agree(
    desk: Desk, second: SecondPerson, refusal: str
) -> None:
    assert code(tokens.give_free(desk, KEYPAD, 1_000, "flood relief", second)) == refusal
    assert energy(desk, chart.FREE_ENERGY) == 0
    assert "1234" not in repr(second)


def test_identifiers_follow_each_other_when_paid_and_free_tokens_are_made_in_one_minute(
    desk: Desk,
) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    assert sale.committed.token is not None
    free = issued(tokens.give_free(desk, KEYPAD, 1_000, "flood relief", SECOND))
    limit = issued(tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit"))
    again = sold(sell_to(desk, KEYPAD, 5000))
    assert again.committed.token is not None
    first = sale.committed.token.identifier
    assert [
        identifier(free.committed.request), identifier(limit.committed.request),
        again.committed.token.identifier,
    ] == [first + 1, first + 2, first + 3]  # fmt: skip


def test_a_token_is_replaced_once_when_its_sale_is_named(hall: Hall, desk: Desk) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    sale_id = sale.committed.sale_id
    record = issued(clinic.replace(desk, sale_id, "old", "meter says old", SECOND))
    assert record.committed.first_sale == sale_id
    assert hall.enter(KEYPAD, record.tokens[0]).energy_wh_added == sale.committed.energy_wh
    assert energy(desk, chart.REPLACED_ENERGY) == -sale.committed.energy_wh
    assert code(clinic.replace(desk, "nosale", "old", "again", SECOND)) == "unknown_sale"


def test_a_meter_gets_no_free_units_when_it_could_buy_nothing(desk: Desk) -> None:
    for given in (
        tokens.give_free(desk, BLOCKED, 1_000, "flood relief", SECOND),
        credit.give_credit(desk, BLOCKED, "1", "flood relief", SECOND),
    ):
        assert code(given) == "blocked_meter" == code(find_buyer(desk, BLOCKED))
    sale = sold(sell_to(desk, KEYPAD, 5000))
    final = Final("display", 0, 0)
    slip = replace.cancel_meter(desk, KEYPAD, final, "house pulled down", SECOND)
    assert isinstance(slip, RegistrySlip), slip
    for refused in (
        tokens.give_free(desk, KEYPAD, 1_000, "flood relief", SECOND),
        clinic.replace(desk, sale.committed.sale_id, "old", "too old", SECOND),
        keys.change_key(desk, KEYPAD, "new index", tariff_index=2),
    ):
        assert code(refused) == "retired_meter" == code(find_buyer(desk, KEYPAD))


def test_no_token_is_replaced_when_its_sale_was_moved(hall: Hall, desk: Desk) -> None:
    other = meter_number("keypad", nth=3)
    sale_id = sold(sell_to(desk, KEYPAD, 5000)).committed.sale_id
    moved = reverse.reallocate(
        desk, sale_id, f"meter:{other}", "wrong meter", SECOND, consumed=False
    )
    assert not isinstance(moved, Refusal), moved
    assert code(clinic.replace(desk, sale_id, "old", "too old", SECOND)) == "sale_not_replaced"


# --- interruptions ------------------------------------------------------------------------------


class SilentVendor(SoftwareVendor):
    """A module that does not answer until it is told to."""

    def __init__(self) -> None:
        super().__init__(rehearsal_keys())
        self.silent = True

    def manage(self, request: ManagementRequest) -> str | Refusal:
        if self.silent:
            raise VendorFault("The security module does not answer.")
        return super().manage(request)


def test_the_same_token_is_made_later_when_the_module_is_silent(desk: Desk) -> None:
    desk.vendor = vendor = SilentVendor()
    record = tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit")
    assert isinstance(record, TokenRecord)
    assert (record.state, record.tokens) == ("committed", [])
    vendor.silent = False
    recovered = recover.recover(desk)
    assert isinstance(recovered, recover.Recovered)
    (after,) = recovered.tokens
    assert (after.state, after.committed) == ("issued", record.committed)
    assert desk.records.open_tokens() == []


def test_a_token_ends_only_with_the_figures_of_its_intention(desk: Desk) -> None:
    desk.vendor = ForgetfulVendor(99)
    record = tokens.give_free(desk, KEYPAD, 5_000, "flood relief", SECOND)
    assert isinstance(record, TokenRecord)
    issue, digits = record.committed.issue_id, ["7" * 20]
    for lies in (
        TokenIssued(issue, KEYPAD, "free_units", 50_000, digits, "normal"),
        TokenIssued(issue, BLOCKED, "free_units", 5_000, digits, "normal"),
        TokenIssued(issue, KEYPAD, "replacement", 5_000, digits, "normal"),
        TokenIssued("nobody's", KEYPAD, "free_units", 5_000, digits, "normal"),
        TokenRefused("nobody's", "vending_limit_reached"),
        MeterKeyChanged(issue, KEYPAD, place_of(meter_of(desk)), "101"),
    ):
        assert code(desk.journal.append(lies)) == "token_not_open", lies


@pytest.mark.parametrize("point", ["pen.after_commit", "issue.after_commit", "issue.after_module"])
def test_the_same_digits_come_when_the_program_ended_in_between(
    hall: Hall, desk: Desk, point: str
) -> None:
    other = hall.station()
    marks.arm(die_at(point))
    with pytest.raises(DiedError):
        tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit")
    marks.arm(None)
    (open_token,) = other.records.open_tokens()
    assert tokens.recover_tokens(other) == []  # its station still lives
    hall.leave(desk)
    (record,) = tokens.recover_tokens(other)
    request = open_token.committed.request
    assert isinstance(request, ManagementRequest)
    assert record.tokens == [SoftwareVendor(rehearsal_keys()).manage(request)]
    assert record.state == "issued"
    assert not verify(other).first_bad


class Forgotten(SoftwareVendor):
    """A module that shows its key and has lost it when it is asked."""

    def manage(self, request: ManagementRequest) -> str | Refusal:
        return Refusal("vending_key_unknown", {"supply_group": "123456", "key_revision": 1})


def test_a_refusal_of_the_module_ends_the_token_and_keeps_its_identifier(desk: Desk) -> None:
    desk.vendor = Forgotten(rehearsal_keys())
    record = tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit")
    assert isinstance(record, TokenRecord)
    assert (record.state, record.reason) == ("refused", "vending_key_unknown")
    desk.vendor = SoftwareVendor(rehearsal_keys())
    after = issued(tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit"))
    first = identifier(record.committed.request)
    assert identifier(after.committed.request) == first + 1


@pytest.mark.parametrize("quality", ["doubtful"])
def test_no_token_is_made_when_the_clock_was_set_back(hall: Hall, desk: Desk, quality: str) -> None:
    sold(sell_to(desk, KEYPAD, 5000))
    hall.clock.quality = "doubtful"
    before = entries(desk)
    assert code(tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit")) == "clock_set_back"
    assert code(tokens.give_free(desk, KEYPAD, 100, "gift", SECOND)) == "clock_set_back"
    assert entries(desk) == before


@pytest.mark.parametrize(
    ("time_ms", "refusal"),
    [(1_388_534_399_000, "clock_before_base_date"), (2_395_167_360_000, "identifier_overflow")],
)
def test_no_token_is_made_when_the_clock_is_outside_of_the_base_date(
    hall: Hall, desk: Desk, time_ms: int, refusal: str
) -> None:
    hall.clock.time_ms = time_ms
    assert code(tokens.engineer(desk, KEYPAD, "power_limit", 100, "limit")) == refusal


# --- looking back -------------------------------------------------------------------------------


def test_every_token_is_found_when_it_is_searched(desk: Desk) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    free = issued(tokens.give_free(desk, KEYPAD, 1_000, "flood relief", SECOND))
    assert sale.token is not None
    for text, wanted in (
        ("", [free.committed.issue_id, sale.committed.sale_id]),
        (KEYPAD, [free.committed.issue_id, sale.committed.sale_id]),
        (sale.token, [sale.committed.sale_id]),
        (free.tokens[0][:4] + " " + free.tokens[0][4:], [free.committed.issue_id]),
        (free.committed.issue_id, [free.committed.issue_id]),
        ("99999999999999999999", []),
    ):
        found = token_book.tokens(desk, text)
        assert not isinstance(found, Refusal)
        assert [row.issue_id for row in found] == wanted, text


def test_a_token_says_what_it_is_when_it_is_checked_against_its_meter(desk: Desk) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    assert sale.token is not None and sale.committed.token is not None
    checked = token_book.verify(desk, KEYPAD, sale.token)
    assert isinstance(checked, token_book.Checked)
    assert isinstance(checked.verified, Verified)
    request = sale.committed.token
    assert (checked.verified.kind, checked.verified.identifier, checked.verified.units) == (
        "credit", request.identifier, request.units,
    )  # fmt: skip
    assert checked.given is not None
    damaged = str(int(sale.token) ^ 1 << 40).zfill(20)
    wrong = token_book.verify(desk, KEYPAD, damaged)
    assert isinstance(wrong, token_book.Checked)
    assert code(wrong.verified) == "token_does_not_verify"
    assert wrong.given is None


def test_copies_are_numbered_and_marked_when_a_slip_is_printed_again(hall: Hall) -> None:
    desk = hall.station(paper=True)
    record = issued(tokens.give_free(desk, KEYPAD, 1_000, "flood relief", SECOND))
    issue_id = record.committed.issue_id
    assert token_book.reprint(desk, issue_id) == f"{issue_id}/1"
    assert token_book.reprint(desk, issue_id) == f"{issue_id}/2"
    again = token_book.show(desk, issue_id)
    assert isinstance(again, TokenRecord)
    lines = [line.text for line in token_book.slip_lines(desk, again, again.copies)]
    assert "COPY 2" in lines and "Free units" in lines
    assert code(token_book.reprint(desk, "nothing")) == "unknown_sale"
