"""The clinic: from what the meter shows to the next step."""

from __future__ import annotations

import pytest

from kiosk.config import Settings
from kiosk.errors import Refusal
from kiosk.front.sentences import words_of
from kiosk.screens import token_telling
from kiosk.till import clinic, keys, token_book
from kiosk.till.clinic import Diagnosis
from kiosk.till.desk import Desk
from tests.till.hall import CARD, KEYPAD, SECOND, Hall, code, meter_number, sell_to, sold
from tests.till.test_tokens_without_sale import issued

#   what the meter shows   next step     a replacement is open
TABLE = """
    accepted               none          no
    rejected               type_again    yes
    crc_error              type_again    yes
    format_error           type_again    yes
    used                   used          no
    old                    old           yes
    key_expired            change_key    no
    ddtk                   change_key    no
    key_type_error         change_key    no
    overflow               use_first     no
    range_error            technician    no
    function_error         technician    no
    manufacturer_mismatch  technician    no
    nothing_shown          look_first    no
    no_power               clear_tamper  no
"""
ROWS = [row.split() for row in TABLE.strip().splitlines()]


def found(outcome: object) -> Diagnosis:
    assert isinstance(outcome, Diagnosis), outcome
    return outcome


@pytest.mark.parametrize(("result", "step", "replace"), ROWS)
def test_each_answer_of_a_meter_has_its_next_step(
    desk: Desk, result: str, step: str, replace: str
) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    diagnosis = found(clinic.diagnose(desk, KEYPAD, result))
    assert (diagnosis.step, diagnosis.may_replace) == (step, replace == "yes")
    assert diagnosis.sale == sale.committed.sale_id


@pytest.mark.parametrize("result", ["crc_error", "rejected"])
def test_both_tokens_are_warned_of_when_the_meter_may_still_take_the_first(
    hall: Hall, desk: Desk, result: str
) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    assert hall.enter(KEYPAD, sale.token or "").result == "accepted"
    lines = token_telling.diagnosis_lines(
        words_of(Settings()), found(clinic.diagnose(desk, KEYPAD, result))
    )
    assert any("both could be entered" in line for line in lines)
    assert not any("Nothing speaks against" in line for line in lines)


def test_nothing_speaks_against_a_replacement_when_the_token_is_too_old(desk: Desk) -> None:
    sold(sell_to(desk, KEYPAD, 5000))
    lines = token_telling.diagnosis_lines(
        words_of(Settings()), found(clinic.diagnose(desk, KEYPAD, "old"))
    )
    assert lines[-1].startswith("Nothing speaks against")


def test_no_answer_is_forgotten_in_the_table() -> None:
    from typing import get_args

    from drivers.meter.face import KeypadResult

    assert set(get_args(KeypadResult)) <= set(clinic.STEPS) == {row[0] for row in ROWS}


def test_a_second_replacement_is_not_offered_when_there_was_one(hall: Hall, desk: Desk) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    sale_id = sale.committed.sale_id
    record = issued(clinic.replace(desk, sale_id, "old", "meter says old", SECOND))
    for token, step in (("", "inspect"), (sale.token or "", "type_replacement")):
        diagnosis = found(clinic.diagnose(desk, KEYPAD, "old", token))
        assert (diagnosis.sale, diagnosis.may_replace, diagnosis.step) == (sale_id, False, step)
        (line, *_) = token_telling.diagnosis_lines(words_of(Settings()), diagnosis)
        assert record.committed.issue_id in line
    refused = clinic.replace(desk, sale_id, "old", "once more", SECOND)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.details["issue"]) == (
        "replaced_before", record.committed.issue_id
    )  # fmt: skip


#   what the meter says, and why its token is not replaced
NOT_REPLACED = [
    ("accepted", "token_was_taken"),
    ("used", "token_was_taken"),
    ("overflow", "token_stays_good"),
    ("ddtk", "key_change_first"),
    ("key_expired", "key_change_first"),
    ("nothing_shown", "meter_first"),
    ("function_error", "meter_first"),
    ("no_power", "meter_first"),
    ("smoke", "unknown_meter_result"),
    ("", "unknown_meter_result"),
]


@pytest.mark.parametrize(("result", "refusal"), NOT_REPLACED)
def test_two_persons_replace_no_token_when_the_meter_does_not_say_that_it_refused_it_E25(
    desk: Desk, result: str, refusal: str
) -> None:
    sale_id = sold(sell_to(desk, KEYPAD, 5000)).committed.sale_id
    assert code(clinic.replace(desk, sale_id, result, "customer says so", SECOND)) == refusal
    assert desk.records.replacements_of(sale_id) == []


def test_a_taken_token_stays_taken_when_the_key_was_changed_after_it(
    hall: Hall, desk: Desk
) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    record = issued(keys.change_key(desk, KEYPAD, "tariff", tariff_index=5))
    for waiting_or_done in ("waiting", "done"):
        for result, step in (("used", "used"), ("accepted", "none")):
            diagnosis = found(clinic.diagnose(desk, KEYPAD, result, sale.token or ""))
            assert (diagnosis.step, diagnosis.may_replace) == (step, False), waiting_or_done
        keys.confirm(desk, record.committed.issue_id)


def test_what_the_meter_said_is_kept_and_shown_when_a_token_is_replaced(desk: Desk) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    record = issued(clinic.replace(desk, sale.committed.sale_id, "old", "flat empty", SECOND))
    kept = desk.records.token(record.committed.issue_id)
    assert kept is not None and kept.committed.meter_result == "old"
    assert "The meter said: old." in token_telling.record_lines(words_of(Settings()), record)
    slip = [line.text + line.right for line in token_book.slip_lines(desk, record)]
    assert any("The meter says" in line and "old" in line for line in slip)


def test_the_clinic_finds_out_more_than_the_display_when_the_token_is_not_of_this_meter(
    desk: Desk,
) -> None:
    other = meter_number("keypad", nth=3)
    sale = sold(sell_to(desk, KEYPAD, 5000))
    assert sale.token is not None
    mistaken = found(clinic.diagnose(desk, other, "crc_error", sale.token))
    assert mistaken.step == "other_meter" and mistaken.given is not None
    assert mistaken.given.meter == KEYPAD
    assert found(clinic.diagnose(desk, other, "crc_error")).step == "no_token"
    assert found(clinic.diagnose(desk, other, "crc_error", "1" * 20)).step == "not_ours"
    assert code(clinic.diagnose(desk, KEYPAD, "smoke")) == "unknown_meter_result"
    assert code(clinic.diagnose(desk, CARD, "old")) == "meter_takes_no_token"


def test_a_key_change_comes_first_when_one_was_made_and_not_confirmed(desk: Desk) -> None:
    sale = sold(sell_to(desk, KEYPAD, 5000))
    record = issued(keys.change_key(desk, KEYPAD, "tariff", tariff_index=5))
    issue_id = record.committed.issue_id
    waiting = found(clinic.diagnose(desk, KEYPAD, "crc_error"))
    assert (waiting.step, waiting.issue_id) == ("finish_key_change", issue_id)
    keys.confirm(desk, issue_id)
    before = found(clinic.diagnose(desk, KEYPAD, "crc_error", sale.token or ""))
    assert (before.step, before.may_replace) == ("key_differs", True)
    told = token_telling.diagnosis_lines(words_of(Settings()), before)
    assert f"key change {issue_id} has given the meter another key" in told[0]
    sold(sell_to(desk, KEYPAD, 5000))
    after = found(clinic.diagnose(desk, KEYPAD, "crc_error"))
    assert (after.step, after.issue_id) == ("type_again", issue_id)
