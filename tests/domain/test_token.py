"""Token identifiers: never twice for a meter, never 00:01, never far ahead (E08, E09)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.token import (
    BASE_DATE_MS,
    LARGEST_LEAD_MIN,
    LAST_IDENTIFIER,
    Lane,
    grouped,
    next_identifier,
)
from kiosk.errors import Refusal

MINUTE_MS = 60_000
DAY = 1440
BASE_MS = BASE_DATE_MS[2014]
#: 2026-11-21 10:00, the date of sts-facts 5.
TEN_O_CLOCK = 6_778_680
MIDNIGHT = TEN_O_CLOCK - 600


def at(minute: int, last: int | None = None, lane: Lane | None = None) -> int | Refusal:
    return next_identifier(BASE_MS + minute * MINUTE_MS + 59_999, last, 2014, lane or Lane())


@pytest.mark.parametrize(
    ("now", "last", "identifier"),
    [
        # the clock            the meter's last       what the next token carries
        (TEN_O_CLOCK, None, TEN_O_CLOCK),
        (TEN_O_CLOCK, TEN_O_CLOCK - 5, TEN_O_CLOCK),
        (TEN_O_CLOCK, TEN_O_CLOCK, TEN_O_CLOCK + 1),
        (TEN_O_CLOCK, TEN_O_CLOCK + 7, TEN_O_CLOCK + 8),
        (TEN_O_CLOCK, TEN_O_CLOCK + 59, TEN_O_CLOCK + 60),
        # CTSA09: 00:00 is free, 00:01 belongs to the meter, 00:02 is free again
        (MIDNIGHT, None, MIDNIGHT),
        (MIDNIGHT, MIDNIGHT, MIDNIGHT + 2),
        (MIDNIGHT + 1, None, MIDNIGHT + 2),
        (MIDNIGHT + 2, None, MIDNIGHT + 2),
        # a clock that was set back never gives an identifier again
        (TEN_O_CLOCK - 30, TEN_O_CLOCK, TEN_O_CLOCK + 1),
        (0, None, 0),
        (LAST_IDENTIFIER, None, LAST_IDENTIFIER),
    ],
)
def test_the_next_identifier_is_the_table(now: int, last: int | None, identifier: int) -> None:
    assert at(now, last) == identifier


def test_the_published_identifier_is_found_when_the_date_is_that_of_the_survey() -> None:
    saturday_ms = 1_795_255_200_000  # 2026-11-21 10:00 UTC
    assert next_identifier(saturday_ms, None, 2014, Lane()) == 6_778_680


def test_the_earliest_time_is_named_when_identifiers_run_too_far_ahead() -> None:
    last = TEN_O_CLOCK + LARGEST_LEAD_MIN
    refused = at(TEN_O_CLOCK, last)
    assert isinstance(refused, Refusal)
    assert refused.code == "identifier_lead"
    earliest_ms = refused.details["earliest_ms"]
    assert isinstance(earliest_ms, int)
    assert next_identifier(earliest_ms, last, 2014, Lane()) == last + 1
    assert isinstance(next_identifier(earliest_ms - 1, last, 2014, Lane()), Refusal)


def test_it_is_not_called_too_many_tokens_when_the_last_one_is_a_year_ahead() -> None:
    refused = at(TEN_O_CLOCK, TEN_O_CLOCK + 365 * 1440)
    assert isinstance(refused, Refusal)
    assert refused.code == "identifier_ahead"
    assert isinstance(at(TEN_O_CLOCK, TEN_O_CLOCK + 1440), Refusal)


@pytest.mark.parametrize(
    ("time_ms", "base_date", "code"),
    [
        (BASE_DATE_MS[2014] - 1, 2014, "clock_before_base_date"),
        (BASE_DATE_MS[2035] - 1, 2035, "clock_before_base_date"),
        (0, 1993, "clock_before_base_date"),
        # base 1993 ended on 2024-11-24 20:15 with identifier 16777215
        (1_732_479_360_000, 1993, "identifier_overflow"),
        (1_795_255_200_000, 1993, "identifier_overflow"),
    ],
)
def test_no_identifier_is_given_when_the_base_date_does_not_reach(
    time_ms: int, base_date: int, code: str
) -> None:
    refused = next_identifier(time_ms, None, base_date, Lane())
    assert isinstance(refused, Refusal)
    assert refused.code == code


def test_the_last_identifier_is_given_when_base_1993_ends() -> None:
    assert next_identifier(1_732_479_300_000, None, 1993, Lane()) == LAST_IDENTIFIER


@st.composite
def lanes(draw: st.DrawFn) -> Lane:
    count = draw(st.integers(1, 40))
    return Lane(draw(st.integers(0, count - 1)), count)


@given(st.integers(0, LAST_IDENTIFIER - 200), st.integers(0, 200), lanes())
def test_an_identifier_is_new_in_its_lane_and_never_reserved(
    now: int, behind: int, lane: Lane
) -> None:
    last = max(0, now - 100 + behind)
    given_next = at(now, last, lane)
    if isinstance(given_next, Refusal):
        assert given_next.code == "identifier_lead"
        assert last + 1 > now
        return
    assert given_next > last and given_next >= now
    assert given_next % DAY != 1
    assert given_next % lane.lanes == lane.residue
    lead = max(LARGEST_LEAD_MIN + lane.lanes - 1, 10 * lane.lanes)
    assert given_next - now <= lead or last < now


@given(st.integers(0, LAST_IDENTIFIER - 3000), st.integers(2, 40), st.data())
def test_two_lanes_never_collide_when_both_serve_one_meter_cut_off(
    now: int, count: int, data: st.DataObject
) -> None:
    one, other = data.draw(
        st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True), label="residues"
    )
    seen: set[int] = set()
    for residue in (one, other):
        last: int | None = None
        for _ in range(20):
            identifier = at(now, last, Lane(residue, count))
            if isinstance(identifier, Refusal):
                break
            assert identifier not in seen
            seen.add(identifier)
            last = identifier


def test_a_customer_is_not_kept_waiting_when_only_the_lane_lies_ahead() -> None:
    """A hundred lanes, and the lane's next minute is the reserved one: still no refusal."""
    assert at(MIDNIGHT - 98, 5, Lane((MIDNIGHT + 1) % 101, 101)) == MIDNIGHT + 1 + 101


def test_lanes_in_whole_days_are_refused_because_they_meet_the_reserved_minute_for_ever() -> None:
    with pytest.raises(AssertionError):
        at(MIDNIGHT, None, Lane(1, DAY))


def test_digits_stand_in_fours_when_a_token_is_shown() -> None:
    assert grouped("12345678901234567890") == "1234 5678 9012 3456 7890"
