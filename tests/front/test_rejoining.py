"""A copied disk: the centre tells the fork, and the copy goes on under a number of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import marks
from kiosk.domain import chart, facts, store_facts
from kiosk.domain.store_facts import LeaseGiven
from kiosk.errors import BadInput, Refusal
from kiosk.front import enrolment, rejoining
from kiosk.front.commands.ledger import send
from kiosk.front.rejoining import rejoin
from kiosk.ledger.copying import alone
from kiosk.till import account, card_accounts, staff
from kiosk.till.cards.plan import Plan, plan_tool
from kiosk.till.cards.work import carry_out
from kiosk.till.desk import Desk
from kiosk.till.recover import recover
from tests.front.keeper import Keeper
from tests.till.hall import CARD, KEYPAD, DiedError, code, die_at, sell_to, sold
from tests.till.test_selling_tokens import ForgetfulVendor


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, medium=False)
    keeper.start_centre()
    yield keeper
    keeper.close()


def copied(keeper: Keeper) -> Path:
    """The disk is copied; afterwards the original sells and sends."""
    twin = keeper.place / "twin"
    shutil.copytree(keeper.home, twin)
    keeper.sell(2, sync=True)
    return twin


def written_over(file: Path, old: str, new: str) -> None:
    content = file.read_text()
    assert old in content
    file.unlink()
    file.write_text(content.replace(old, new))


def bodies(keeper: Keeper, home: Path, *kinds: str) -> list[tuple[str, bytes, int]]:
    house = keeper.open(home)
    found = [
        (entry.kind, entry.body, entry.time_ms)
        for entry in house.desk.journal.after(0, 10_000)
        if entry.kind in kinds
    ]
    house.close()
    return found


def test_the_copy_brings_its_own_sales_under_a_new_number_when_it_has_rejoined(
    keeper: Keeper,
) -> None:
    keeper.sell(2, sync=True)
    house = keeper.open()
    house.desk.vendor = ForgetfulVendor(99)
    waiting = sold(sell_to(house.desk, KEYPAD, 3000), "in_doubt").committed.sale_id
    assert staff.retire(house.desk, "302", "left") is None
    house.close()
    keeper.clock.advance(minutes=40)
    assert keeper.sync() == ""
    twin = copied(keeper)
    keeper.sell(3, twin)
    trouble = keeper.sync(twin)
    assert "kiosk rejoin" in trouble
    house = keeper.open(twin)
    assert code(sell_to(house.desk, KEYPAD, 5000)) == "forked"
    refused = house.desk.room_to_sell()
    assert refused is not None
    told = house.words.refusal(refused)
    assert f"Terminal {house.home.origin}: its home was rolled back" in told
    assert str(twin) not in told, "customers read it too"
    house.close()
    sales = ("sale_committed", "sale_delivered")
    before = bodies(keeper, twin, *sales)
    house = keeper.open(twin)
    balances = {row[:2]: row[2] for row in house.desk.records.balances()}
    old_head = house.desk.journal.head()
    house.close()

    done = rejoin(twin, keeper.settings, "r-second")
    assert done.origin == "r-second"
    house = keeper.open(twin)
    fact = house.desk.records.fact(
        next(e.sequence for e in house.desk.journal.after(0, 100) if e.kind == "origin_rejoined")
    )
    assert isinstance(fact, store_facts.OriginRejoined)
    assert (fact.old_sequence, fact.old_digest) == (old_head.sequence, old_head.digest)
    assert [facts.carried_sale(sale).sale_id for sale in fact.sales] == [waiting]
    against = {f"carried_from:{done.old_origin}"}
    now = {row[:2]: row[2] for row in house.desk.records.balances() if row[0] not in against}
    assert {key: amount for key, amount in now.items() if amount} == {
        key: amount for key, amount in balances.items() if amount
    }
    record = house.desk.records.sale(waiting)
    assert record is not None
    assert record.state == "in_doubt"
    left = house.desk.records.operator("302")
    assert left is not None
    assert left.retired, "who has left does not come back with the new number"
    house.close()
    brought = bodies(keeper, twin, *sales)
    assert brought == before[-len(brought) :]
    assert len([each for each in brought if each[0] == "sale_committed"]) == 3
    assert keeper.proof(twin).sales == 3
    assert keeper.sync(twin) == ""
    keeper.sell(1, twin, sync=True)
    old = twin / "branches" / done.old_origin / "ledger.db"
    assert old.stat().st_mode & 0o777 == 0o400


def test_nothing_is_changed_when_there_is_no_fork(keeper: Keeper) -> None:
    keeper.sell(1, sync=True)
    with pytest.raises(BadInput, match="nothing to rejoin"):
        rejoin(keeper.home, keeper.settings, "")
    assert keeper.proof().sales == 1


def test_an_old_disk_that_has_sold_nothing_rejoins_too_when_the_centre_holds_more(
    keeper: Keeper,
) -> None:
    keeper.sell(1, sync=True)
    house, centre = keeper.open(), enrolment.enrolled(keeper.home)
    assert centre is not None
    lease = LeaseGiven(centre.name, centre.public_key, 30)
    house.home.journal.append(lease)
    assert send(house, patience_s=20) == ""
    house.close()
    twin = copied(keeper)
    assert "kiosk rejoin" in keeper.sync(twin)
    written_over(twin / "home.json", "rehearsal", "real")  # what the first fact said stands
    done = rejoin(twin, keeper.settings, "")
    written_over(twin / "home.json", "real", "rehearsal")
    assert (done.brought, done.origin.startswith(done.old_origin)) == (0, True)
    house = keeper.open(twin)
    assert house.desk.records.last_of("lease_given") == lease, "or it sold for ever"
    house.close()
    keeper.sell(1, twin, sync=True)


def test_the_next_start_finishes_it_when_the_power_went_while_it_was_put_in_force(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.sell(1, sync=True)
    twin = copied(keeper)
    keeper.sell(1, twin)

    class PowerCut(BaseException):
        pass

    moved: list[Path] = []
    once = rejoining._move_once

    def cut(source: Path, target: Path, only_if: Path) -> None:
        once(source, target, only_if)
        moved.append(source)
        if len(moved) == 1:
            raise PowerCut

    monkeypatch.setattr(rejoining, "_move_once", cut)
    with pytest.raises(PowerCut):
        rejoin(twin, keeper.settings, "r-second")
    assert not (twin / "ledger.db").exists()
    keeper.sell(1, twin)
    assert keeper.proof(twin).sales == 2
    with alone(twin):
        assert not (twin / "rejoining").exists()


def test_cards_that_stood_open_are_settled_under_the_new_number_when_they_come_back(
    keeper: Keeper,
) -> None:
    """A top-up and a tool card were killed before the fork: the customer's money is pending."""
    keeper.sell(1, sync=True)
    chips = [
        interrupted(keeper, "account.after_intention", CARD),
        interrupted(keeper, "card.before_write", ""),
    ]
    assert keeper.sync() == ""
    twin = copied(keeper)
    keeper.sell(1, twin)
    rejoin(twin, keeper.settings, "r-second")
    house = keeper.open(twin)
    records = house.desk.records
    assert [move.committed.card for move in records.open_moves()] == chips[:1]
    assert [work.committed.serial for work in records.open_card_works()] == chips[1:]
    pending = [row[2] for row in records.balances() if row[0] == chart.CARD_ACCOUNTS_PENDING]
    assert pending == [-2000]
    house.close()
    house = keeper.open(twin)  # as the next start finds them
    assert house.world is not None
    for chip in chips:
        house.world.slot().insert(chip)
        assert not isinstance(recover(house.desk), Refusal)
        house.world.slot().pull()
    assert house.desk.records.open_moves() == []
    assert house.desk.records.open_card_works() == []
    house.close()
    assert not keeper.proof(twin).first_bad
    assert keeper.sync(twin) == ""


def test_an_act_before_the_fork_is_brought_too_when_something_leans_on_it(keeper: Keeper) -> None:
    """A cheque was taken, then the disk was copied; in the copy it clears and is spent."""
    house = keeper.open()
    customer = account_of(house.desk, KEYPAD)
    cheque = account.top_up(house.desk, customer, "cheque", 4000, reference="c-1")
    assert not isinstance(cheque, Refusal)
    unrelated = account.top_up(house.desk, customer, "cheque", 900, reference="c-2")
    assert not isinstance(unrelated, Refusal)
    house.close()
    keeper.sell(1, sync=True)
    twin = copied(keeper)
    house = keeper.open(twin)
    house.desk.operator = "102"
    cleared = account.clear(house.desk, cheque.event_id)
    assert not isinstance(cleared, Refusal), cleared
    balances = {row[:2]: row[2] for row in house.desk.records.balances() if row[2]}
    house.close()
    done = rejoin(twin, keeper.settings, "r-second")
    assert done.by_hand == []
    house = keeper.open(twin)
    records = house.desk.records
    now = {row[:2]: row[2] for row in records.balances() if row[2]}
    against = f"carried_from:{done.old_origin}"
    assert {key: amount for key, amount in now.items() if key[0] != against} == balances
    kinds = [entry.kind for entry in house.desk.journal.after(0, 10_000)]
    assert kinds.count("top_up_received") == 1, "only the story of what leans on it"
    house.close()
    assert not keeper.proof(twin).first_bad
    assert keeper.sync(twin) == ""


def test_what_cannot_be_brought_is_named_and_left_out_only_when_a_person_says_so(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = keeper.open()
    customer = account_of(house.desk, KEYPAD)
    cheque = account.top_up(house.desk, customer, "cheque", 4000, reference="c-1")
    assert not isinstance(cheque, Refusal)
    house.close()
    keeper.sell(1, sync=True)
    twin = copied(keeper)
    house = keeper.open(twin)
    house.desk.operator = "102"
    assert not isinstance(account.clear(house.desk, cheque.event_id), Refusal)
    house.close()
    keeper.sell(1, twin)
    monkeypatch.setattr(rejoining, "story_of", lambda *_words: set())
    before = (twin / "ledger.db").read_bytes()
    with pytest.raises(BadInput, match=r"Nothing was changed.*top_up_cleared.*--by-hand"):
        rejoin(twin, keeper.settings, "r-second")
    assert (twin / "ledger.db").read_bytes() == before
    assert not (twin / "rejoining").exists()
    done = rejoin(twin, keeper.settings, "r-second", by_hand=True)
    assert len(done.by_hand) == 1
    assert "top_up_cleared" in done.by_hand[0]
    assert keeper.proof(twin).sales == 1


def account_of(desk: Desk, meter: str) -> str:
    found = desk.records.meter(meter)
    assert found is not None
    return found.account


def begin(desk: Desk, meter: str) -> None:
    if meter:
        card_accounts.top_up(desk, 2000)
        return
    plan = plan_tool(desk, "inquiry")
    assert isinstance(plan, Plan)
    carry_out(desk, plan, "round of readings")


def interrupted(keeper: Keeper, mark: str, meter: str) -> str:
    """The chip on which a top-up of `meter`, or the making of a tool card, was begun."""
    house = keeper.open()
    desk, world = house.desk, house.world
    assert world is not None
    card = desk.records.card(meter=meter) if meter else None
    chip = card.serial if card is not None else world.make_other("blank")
    world.slot().insert(chip)
    marks.arm(die_at(mark))
    try:
        with pytest.raises(DiedError):
            begin(desk, meter)
    finally:
        marks.arm(None)
    world.slot().pull()
    house.close()
    return chip
