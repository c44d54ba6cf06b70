"""What may be taken back, by state, carrier and evidence (E13)."""

from __future__ import annotations

import pytest

from kiosk.domain.reversal import POLICY, WHO, Evidence, judge

#: State, carrier, evidence -> the reason against a reversal, or nothing.
TABLE: list[tuple[str, str, Evidence, str]] = [
    ("delivered", "token", "shown", "token_was_shown"),
    ("delivered", "card", "unread", ""),
    ("delivered", "card", "taken_back", ""),
    ("delivered", "card", "consumed", "card_consumed"),
    ("delivered", "card", "absent", "card_of_sale_needed"),
    ("paid", "card", "unread", "sale_not_ended"),
    ("in_doubt", "token", "shown", "sale_not_ended"),
    ("voided", "card", "absent", "sale_voided_already"),
    ("reversed", "card", "taken_back", "undone_before"),
    ("reallocated", "token", "shown", "undone_before"),
    ("dropped", "card", "absent", "purchase_dropped"),
    ("rerated", "card", "unread", "sale_priced_again"),
]


@pytest.mark.parametrize(("state", "carrier", "evidence", "refused"), TABLE)
def test_the_policy_says_what_may_be_taken_back_E13(
    state: str, carrier: str, evidence: Evidence, refused: str
) -> None:
    judged = judge("s1", state, carrier, evidence)
    assert (judged.code if judged is not None else "") == refused


def test_every_row_of_the_policy_is_shown_above() -> None:
    assert {way.refusal for _, way in POLICY} == {row[3] for row in TABLE}
    assert WHO[True, False] == "same_day"
    assert {how for key, how in WHO.items() if key != (True, False)} == {"red_entry"}
