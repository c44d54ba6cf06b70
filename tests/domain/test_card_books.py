"""Works on cards and tokens outside sales in the books: figures that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from kiosk.domain import card_facts, chart, token_facts
from kiosk.domain.fact import Fact
from kiosk.domain.special_tokens import CreditRequest
from tests.builders import METER, sale
from tests.domain.contradictions import code_of_contradiction

SOLD = sale("s")
assert SOLD.token is not None
CANCELLED = card_facts.CardWorkDone(
    "w", "cancel", "normal", METER, "ZAR", SOLD.amount_minor, SOLD.energy_wh, SOLD.lines,
    chart.cash("101"),
)  # fmt: skip
FREE = token_facts.TokenCommitted(
    "t", "counter-1", "101", "301", "cashier", METER, "free_units", "relief", "",
    SOLD.token.units * 100, CreditRequest(SOLD.token),
)  # fmt: skip

#: What is wrong, the fact that would be right, and the figures that make it wrong.
WRONG: list[tuple[str, Fact, dict[str, Any]]] = [
    ("money goes to another meter", CANCELLED, {"returned_to": chart.meter_account("01470000009")}),
    ("money goes to the bank", CANCELLED, {"returned_to": chart.BANK}),
    ("more money than on the lines", CANCELLED, {"amount_minor": SOLD.amount_minor + 1}),
    ("no energy comes back", CANCELLED, {"energy_wh": 0}),
    ("more energy than in the token", FREE, {"energy_wh": SOLD.token.units * 100 + 100}),
    ("energy of no kind", FREE, {"operation": "power_limit"}),
]


@pytest.mark.parametrize(("fact", "figures"), [r[1:] for r in WRONG], ids=[r[0] for r in WRONG])
def test_it_is_refused_when_its_figures_contradict_each_other(
    fact: Fact, figures: dict[str, Any]
) -> None:
    assert code_of_contradiction(fact, figures) in {
        "card_work_does_not_add_up",
        "token_does_not_add_up",
    }
