"""Two halls that never heard of each other, put together upstream: who carries a copied card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kiosk.domain import facts
from kiosk.domain.card_account_facts import AccountMoveCommitted, AccountMoved, CardSuspected
from kiosk.domain.cards.image import CardImage
from kiosk.domain.correction_facts import SaleReversed
from sync.centre.__main__ import main
from sync.roads import file as stick
from tests.builders import CARD_SERIAL, METER, account_card, account_move, card_delivery, sale
from tests.domain.cards import test_state_grid as state_grid
from tests.sync.sync_terminal import Terminal


def after(move: AccountMoveCommitted) -> CardImage:
    image = move.before
    for write in move.writes:
        image = image.with_write(write)
    return image


TOP_UP = account_move("top_up", "t1", 5000, account_card(), "T1")
FIRST = account_move("spend", "s1", 2000, after(TOP_UP), "T1")
SECOND = account_move("spend", "s2", 3000, after(FIRST), "T2")
#: The same state spent again from another chip.
CLONED = account_move("spend", "s3", 4000, after(TOP_UP), "T2")


def moved(*moves: AccountMoveCommitted) -> list[facts.Fact]:
    return [fact for move in moves for fact in (move, AccountMoved(move.move_id, "normal"))]


def purchase(sale_id: str, number: int) -> list[facts.Fact]:
    return [
        sale(sale_id, card=card_delivery(number)),
        facts.SaleDelivered(sale_id, "normal", None, number),
    ]


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], *halls: list[facts.Fact]) -> object:
    """What `centre cards` says after each hall's stick came in, the last hall first."""
    home = ["--home", str(tmp_path)]
    for number, hall in reversed(list(enumerate(halls, 1))):
        terminal = Terminal(f"T{number}", number)
        terminal.write(*hall)
        key = terminal.public_key.hex()
        assert main(["enrol", terminal.origin, "--public-key", key, *home]) == 0
        bundle = tmp_path / f"{terminal.origin}.bundle"
        bundle.write_bytes(terminal.packed())
        assert stick.read_bundles(bundle)
        assert main(["import", str(bundle), *home]) == 0
    capsys.readouterr()
    exit_code = main(["cards", "--json", *home])
    answer = json.loads(capsys.readouterr().out)
    assert exit_code == (1 if answer["cards_to_stop"] else 0)
    main(["cards", *home])
    assert ("stop it" in capsys.readouterr().out) == bool(answer["cards_to_stop"])
    return answer


def test_nothing_is_found_when_one_card_went_from_hall_to_hall(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = told(
        tmp_path, capsys, moved(TOP_UP, FIRST) + purchase("p1", 1),
        moved(SECOND) + purchase("p2", 2),
    )  # fmt: skip
    assert isinstance(answer, dict)
    assert answer["cards_to_stop"] == []
    chain = answer["chains"][CARD_SERIAL]
    assert (chain["topped_up_minor"], chain["spent_minor"], chain["missing"]) == (5000, 5000, [])


def test_the_card_is_named_when_its_money_was_spent_twice_E16(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = told(tmp_path, capsys, moved(TOP_UP, FIRST), moved(CLONED))
    assert isinstance(answer, dict)
    assert answer["cards_to_stop"] == [CARD_SERIAL]
    assert list(answer["chains"][CARD_SERIAL]["doubles"]) == ["2"]


def test_the_card_is_named_when_a_purchase_number_was_delivered_twice_E16(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = told(tmp_path, capsys, purchase("p1", 1), purchase("p2", 1))
    assert isinstance(answer, dict)
    assert answer["cards_to_stop"] == [CARD_SERIAL]
    assert list(answer["purchases_twice"]) == [f"{METER}/1"]


def test_the_card_is_named_when_a_hall_has_opened_a_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CardSuspected(
        "c1", "counter-1", "101", "forged", "ff" * 8, "", "", {}, CardImage("open", "ff" * 8, {})
    )
    answer = told(tmp_path, capsys, [case], moved(TOP_UP))
    assert isinstance(answer, dict)
    assert answer["cards_to_stop"] == ["ff" * 8]


def doubted(sale_id: str, card: facts.CardDelivery) -> list[facts.Fact]:
    return [
        sale(sale_id, card=card), facts.SaleInDoubt(sale_id, "card_away", "card", "101"),
    ]  # fmt: skip


def delivered(sale_id: str, card: facts.CardDelivery) -> list[facts.Fact]:
    return [
        sale(sale_id, card=card),
        facts.SaleDelivered(sale_id, "normal", None, card.purchase_number),
    ]


def state_grid_card(number: int, before: CardImage) -> tuple[facts.CardDelivery, CardImage]:
    """Purchase `number` on a State Grid card, and the card once its meter has taken it."""
    writes = state_grid.sold(before)
    carried = state_grid.after(before, writes)
    taken = state_grid.with_files(carried, {5: state_grid.written_back(number)})
    return facts.CardDelivery(before.serial, number, before, writes), taken


NEW = state_grid.new_card()
OURS, TAKEN = state_grid_card(1, NEW)
THEIRS, _ = state_grid_card(2, TAKEN)
REVERSED = SaleReversed(
    "p1", "same_day", "unread", METER, "1", "ZAR", 1, 1, [], "cash:101", "mistyped", "101", ""
)


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [
        (delivered("p1", OURS), "never_written"),
        (delivered("p2", THEIRS), "delivered"),
        ([*delivered("p1", OURS), REVERSED], ""),
        ([], ""),
    ],
    ids=["they gave its number", "they found it taken", "their number was free again", "not yet"],
)
def test_what_became_of_a_sale_in_doubt_is_told_when_another_hall_has_sold_on_its_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], theirs: list[facts.Fact], verdict: str
) -> None:
    """F005: whatever lies between, the card of a family without a seller's mark too."""
    answer = told(tmp_path, capsys, doubted("d1", OURS), theirs)
    assert isinstance(answer, dict)
    (doubt,) = answer["doubts"]
    assert (doubt["sale_id"], doubt["verdict"], bool(doubt["by"])) == ("d1", verdict, bool(verdict))
    main(["cards", "--home", str(tmp_path)])
    said = capsys.readouterr().out
    assert ("kiosk recover --judge d1 --as" in said) == bool(verdict)


def test_nothing_is_concluded_when_an_end_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A movement that was only intended, and numbers that have not come up yet."""
    answer = told(tmp_path, capsys, [*moved(TOP_UP), FIRST], moved(SECOND))
    assert isinstance(answer, dict)
    assert answer["cards_to_stop"] == []
    assert answer["chains"][CARD_SERIAL]["missing"] == [2]
