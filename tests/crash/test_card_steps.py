"""No card is worth more than was paid, at whichever command it is pulled or the program killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import card_steps
from tests.crash.card_steps import ALL_KINDS, Bench, Trouble, kind_named
from tests.totals import Totals

CASES = [(verb, name) for verb in card_steps.VERBS for name in verb.kinds]


@pytest.mark.parametrize(("verb", "name"), CASES, ids=lambda part: getattr(part, "name", part))
def test_e01_e02_e03_nothing_is_lost_or_doubled_when_it_breaks_off_at_the_last_write(
    verb: card_steps.Verb, name: str, tmp_path: Path
) -> None:
    """A short form for every day: the commands around the end of the writing."""
    bench = Bench(verb, kind_named(name), tmp_path)
    total = card_steps.Tally()
    for at in (bench.steps // 2, bench.steps - 8, bench.steps - 3):
        for kind, way in (("pull", "other"), ("kill", "same")):
            total.add(bench.case(Trouble(kind, at, 3), way)[1])
    assert total.cases == 6
    assert total.wrong == []


@pytest.mark.proof
@pytest.mark.parametrize(("verb", "name"), CASES, ids=lambda part: getattr(part, "name", part))
def test_e01_e02_e03_nothing_is_lost_or_doubled_when_it_breaks_off_at_any_command(
    verb: card_steps.Verb, name: str, tmp_path: Path, totals: Totals
) -> None:
    bench = Bench(verb, kind_named(name), tmp_path)
    steps, total = bench.all()
    with totals():
        print(f"\n{verb.name}, {name}, {bench.steps} commands: {card_steps.summary(total)}")
    assert total.cases == bench.steps * 12
    assert total.wrong == []
    row = f"| {verb.name} | {name} | {bench.steps} | {card_steps.rows(steps)} | {total.cases} |"
    assert row in card_steps.DOCUMENT.read_text(), "python -m tests.crash.card_steps --write"


def test_the_harness_finds_a_card_that_is_worth_more_than_was_paid(tmp_path: Path) -> None:
    """The auditor is no ornament: a card that somebody writes on by himself is found."""
    bench = Bench(card_steps.SELL, kind_named("open"), tmp_path)
    with bench.stage() as stage:
        desk = stage.open(card_steps.HALLS[0])
        bench.verb.run(desk)
        chip = stage.rack.card(stage.kind.serial)
        chip.store(2, 5, b"\x00\x00\xff\xff\xff")
        chip.close()
        tally = card_steps.Tally()
        card_steps._worth_at_most(stage, tally, Trouble("none", 0, 0))
        card_steps._audit(stage, tally, Trouble("none", 0, 0))
    assert len(tally.wrong) == 2


def test_every_family_is_walked_by_the_sale() -> None:
    assert {kind.name for kind in ALL_KINDS} == set(card_steps.SELL.kinds) | {"open with account"}
