"""No first page reads a whole table: every question of a counter goes by an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.domain.registry import luhn_digit
from kiosk.ledger.records import Records
from kiosk.ledger.store import open_reader
from tests.builders import METER
from tests.ledger.ledgers import ORIGIN, fill, open_pen

ACCOUNT, TOKEN, EVER = "20000001", "1" * 20, {"from_ms": 0, "until_ms": 2**62}
CARD = "76000000001" + luhn_digit("76000000001")

#: Tables of a handful of rows, and the trigrams of the search, which are an index of their own.
SMALL = ("tariffs", "catalogues", "registry_search VIRTUAL TABLE INDEX", "head")
#: Kept in the order of their key, newest last: a first page stops there.
IN_ORDER = ("amendments",)

QUESTIONS: dict[str, Callable[[Records], object]] = {
    "one letter": lambda r: r.search_customers("a", 50),
    "two letters": lambda r: r.search_customers("an", 50),
    "a name": lambda r: r.search_customers("anna", 50),
    "the middle of a name": lambda r: r.search_customers("nna", 50),
    "an address": lambda r: r.search_customers("12 main street", 50),
    "a phone": lambda r: r.search_customers("0712345678", 50),
    "an account": lambda r: r.search_customers(ACCOUNT, 50),
    "a meter": lambda r: r.search_customers(METER, 50),
    "a card": lambda r: r.search_customers(CARD, 50),
    "nothing": lambda r: r.search_customers("", 50),
    "meters of a name": lambda r: r.search("anna", 50),
    "cards of a name": lambda r: r.cards_like("anna", 50),
    "all cards": lambda r: r.cards_like("", 50),
    "the highest card": lambda r: r.highest_card_number(),
    "the highest account": lambda r: r.highest_account(),
    "a sale by its token": lambda r: r.sale_by_token(TOKEN),
    "the list of tokens": lambda r: r.given_tokens("", 50),
    "tokens by digits": lambda r: r.given_tokens(TOKEN, 50),
    "tokens of a meter": lambda r: r.given_tokens(METER, 50),
    "sales of a meter": lambda r: r.sales_of(meter=METER),
    "sales of an account": lambda r: r.sales_of(account=ACCOUNT),
    "the newest sales": lambda r: r.last_sales(50),
    "sales of a time": lambda r: r.sales_between(0, 2**62, 50),
    "the history of a customer": lambda r: r.history(ACCOUNT, 50, **EVER),
    "what was changed at a meter": lambda r: r.amendments(50, number=METER),
    "all that was changed": lambda r: r.amendments(50),
    "readings of a meter": lambda r: r.readings(50, meter=METER),
    "all readings": lambda r: r.readings(50),
    "the diary": lambda r: r.entries_between(0, 2**62, 50),
    "used this month": lambda r: r.energy_since(0, meter=METER, account=ACCOUNT),
    "charged so far": lambda r: r.charged(METER, ACCOUNT),
}


class Explaining(Records):
    """Writes down what SQLite would do for each question."""

    steps: list[str]

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        plan = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        self.steps += [row[3] for row in plan]
        return super()._all(sql, *values)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explaining]:
    home: Path = tmp_path_factory.mktemp("plans")
    pen = open_pen(home)
    fill(pen, 4)
    pen.close()
    explaining = Explaining(open_reader(home), ORIGIN)
    yield explaining
    explaining.close()


def reads_all(step: str) -> bool:
    """Whether a step reads a table from end to end without an index to stop by."""
    words = step.split()
    if words[0] != "SCAN" or step.startswith(tuple(f"SCAN {name}" for name in SMALL)):
        return False
    listed = " USING " in step or words[1].startswith(("(", "SUBQUERY"))
    return not (listed or words[1] in {"CONSTANT", "mine", "chips", *IN_ORDER})


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_table_is_read_through_for_a_first_page(records: Explaining, question: str) -> None:
    records.steps = []
    QUESTIONS[question](records)
    assert records.steps
    assert not [step for step in records.steps if reads_all(step)], records.steps


@pytest.mark.parametrize(
    "question",
    [
        "the newest sales",
        "sales of a meter",
        "sales of an account",
        "all readings",
        "all that was changed",
    ],
)
def test_the_newest_come_off_an_index_without_sorting(records: Explaining, question: str) -> None:
    records.steps = []
    QUESTIONS[question](records)
    assert "USE TEMP B-TREE FOR ORDER BY" not in records.steps


@pytest.mark.parametrize("question", ["the list of tokens", "tokens by digits"])
def test_tokens_are_not_found_by_having_no_card(records: Explaining, question: str) -> None:
    records.steps = []
    QUESTIONS[question](records)
    assert not [step for step in records.steps if "sales_card" in step], records.steps


def test_a_scan_would_be_seen(records: Explaining) -> None:
    records.steps = []
    records._all("SELECT * FROM sales WHERE instr(token, ?) > 0", TOKEN)
    assert [step for step in records.steps if reads_all(step)]
