"""No card is worth more than was paid, at whichever command it is pulled or the program killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.errors import Refusal
from kiosk.till import reverse
from tests.crash import card_steps
from tests.crash.card_audit import Auditor, Tally, summary
from tests.crash.card_stage import ALL_KINDS, HALLS, Trouble, kind_named
from tests.crash.card_steps import DOCUMENT, Bench
from tests.crash.card_verbs import CANCEL, SELL, VERBS, Verb, refused_kinds
from tests.totals import Totals

CASES = [(verb, name) for verb in VERBS for name in verb.kinds]
#: A command of a MIFARE chip is no other code than that of an SLE 4442, only more of them.
SHORT = [(verb, name) for verb, name in CASES if name != "mifare"]


def _id(part: object) -> str:
    return str(getattr(part, "name", part))


@pytest.mark.parametrize(("verb", "name"), SHORT, ids=_id)
def test_e01_e02_e03_nothing_is_lost_or_doubled_when_it_breaks_off_at_the_last_write(
    verb: Verb, name: str, tmp_path: Path
) -> None:
    """A short form for every day: the last command that changes the chip, and the one before."""
    bench = Bench(verb, kind_named(name), tmp_path)
    total = Tally()
    last = max(at for at, writes in enumerate(bench.writes, 1) if writes)
    for kind, at, way in (
        ("pull", last - 1, "other"),
        ("pull", last, "till"),
        ("kill", last, "same"),
    ):
        total.add(bench.case(Trouble(kind, at, 3), way)[1])
    assert total.cases == 3
    assert total.wrong == []


@pytest.mark.proof
@pytest.mark.parametrize(("verb", "name"), CASES, ids=_id)
def test_e01_e02_e03_nothing_is_lost_or_doubled_when_it_breaks_off_at_any_command(
    verb: Verb, name: str, tmp_path: Path, totals: Totals
) -> None:
    bench = Bench(verb, kind_named(name), tmp_path)
    steps, total = bench.all()
    with totals():
        print(f"\n{verb.name}, {name}, {bench.steps} commands: {summary(total)}")
    assert total.cases >= 2 * bench.steps
    assert total.wrong == []
    drawn = card_steps.row(verb, name, steps, total)
    assert drawn in DOCUMENT.read_text(), f"python -m tests.crash.card_steps --write\n{drawn}"


def test_the_harness_finds_a_card_that_is_worth_more_than_was_paid(tmp_path: Path) -> None:
    """The auditor is no ornament: a card that somebody writes on by himself is found."""
    bench = Bench(SELL, kind_named("open"), tmp_path)
    with bench.stage() as stage:
        bench.verb.run(stage.open(HALLS[0]))
        chip = stage.rack.card(stage.kind.serial)
        chip.store(2, 5, b"\x00\x00\xff\xff\xff")
        chip.close()
        auditor = Auditor(stage, bench.verb, Trouble("none", 0, 0), "same")
        auditor.worth_at_most()
        auditor.audit()
    assert len(auditor.tally.wrong) == 2


def test_the_harness_finds_a_purchase_that_is_on_its_card_after_its_money_went_back(
    tmp_path: Path,
) -> None:
    bench = Bench(CANCEL, kind_named("open"), tmp_path)
    with bench.stage() as stage:
        path = stage.world / "cards" / f"{stage.chip}.card"
        before = path.read_bytes()
        bench.verb.run(stage.open(HALLS[0]))
        path.write_bytes(before)
        auditor = Auditor(stage, bench.verb, Trouble("none", 0, 0), "same")
        auditor.worth_at_most()
        auditor.audit()
    assert len(auditor.tally.wrong) == 2


def test_every_family_is_walked_by_every_verb_or_told_that_it_does_not_know_it() -> None:
    everything = {kind.name for kind in ALL_KINDS}
    assert everything == set(SELL.kinds) | {"open with account"}
    told = DOCUMENT.read_text()
    for verb in VERBS:
        if verb.work:
            assert set(verb.kinds) | set(refused_kinds(verb)) == set(SELL.kinds)
        for name, code in refused_kinds(verb).items():
            assert card_steps.refused_row(verb, name, code) in told


@pytest.mark.parametrize("name", refused_kinds(CANCEL))
def test_a_purchase_stays_on_its_card_when_the_chip_can_be_copied(
    name: str, tmp_path: Path
) -> None:
    bench = Bench(SELL, kind_named(name), tmp_path)
    with bench.stage() as stage:
        desk = stage.open(HALLS[0])
        bench.verb.run(desk)
        assert CANCEL.run(desk) == Refusal("card_copied_chip", {"family": name})
        (sale,) = stage.sales()
        undone = reverse.reverse(desk, sale.committed.sale_id, "wrong amount")
        assert undone == Refusal("card_copied_chip", {"family": name})
        assert stage.worth() > 0
