"""The slip of a replaced meter: what was carried over, and what its customer does next."""

from __future__ import annotations

import pytest

from kiosk.domain.registry import Customer
from kiosk.domain.registry_slip import RegistrySlip
from receipts.registry import next_steps
from tests.receipts.examples import words

OWNER = Customer("1001", "Adeyemi Okonkwo", "1 Kiln Road")
BUY = "From now on buy for meter 04000000022. The old number and its card buy nothing more."


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [("remaining_wh", 12_300), ("moved_wh", 12_300)],
            ["12.3 kWh are carried over as a token"],
        ),
        ([("worth_minor", 2_050)], ["20.50 KES is kept for the new meter"]),
        (
            [("moved_wh", 100), ("kept_minor", 700)],
            ["0.1 kWh are carried over", "for the old meter, 7.00 KES, is kept for the new one"],
        ),
        ([("remaining_wh", 0), ("reason", "broken")], ["nothing is carried over"]),
    ],
    ids=["energy", "money for what was left", "energy and money", "nothing"],
)
def test_the_slip_says_what_was_carried_over_when_a_meter_was_replaced(
    rows: list[tuple[str, str | int]], told: list[str]
) -> None:
    slip = RegistrySlip("replaced", OWNER, "04000000022", rows, 7, "ab", 0, "synced", "101")
    *carried, buy = next_steps(words("en"), slip)
    assert buy == BUY
    assert len(carried) == len(told)
    assert all(part in line for part, line in zip(told, carried, strict=True))
