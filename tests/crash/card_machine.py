"""One customer, two halls that never hear of each other, and everything that people do with cards.

A rule-based machine over the real verbs of the till: sales, money on the card, purchases taken
back, repairs, cards that are lost, replaced and found, and a thief who copies chips. After each
step the meter has never gained, and could not gain from any chip, more than was paid for.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kiosk import marks
from kiosk.domain import card_account_chain
from kiosk.domain.cards import account_area
from kiosk.errors import Refusal
from kiosk.till import card_accounts, recover
from tests.crash.card_stage import (
    ACCOUNT,
    HALLS,
    Stage,
    Trouble,
    kind_named,
    make_template,
    remembered_pins,
)
from tests.crash.card_verbs import cancel, reissue, repair, sell_for_cash, sell_from_card
from tests.drivers.card.card_kinds import BLANKS, METER, Kind
from tests.till.hall import DiedError, die_at

#: The program dies here by an exception, so nothing hangs on a disk that keeps what it was given.
_QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None
_TEMPLATES: dict[str, Path] = {}
_MARKS = (
    "sale.before_commit_one", "sale.after_commit_one", "card.before_write",
    "card.after_each_write", "card.before_read_back", "card.after_read_back",
    "account.after_intention", "account.before_write", "account.before_read_back",
    "sale.before_commit_two", "sale.after_commit_two", "recover.before_commit",
    "pen.before_commit", "pen.after_commit",
)  # fmt: skip

halls = st.sampled_from(HALLS)
amounts = st.sampled_from([10_00, 15_00, 20_00, 35_00])
#: As often as in a hall, with more trouble.
_OFTEN = {"cash": 7, "card": 2, "top_up": 2, "recover": 3, "cancel": 4, "repair": 1, "reissue": 1}
verbs = st.sampled_from([verb for verb, times in _OFTEN.items() for _ in range(times)])
_WORKS = {"cancel": cancel, "repair": repair, "reissue": reissue}
#: So many chips a customer has at most: his card, and those that replaced it.
MOST_CHIPS = 4


class Counted:
    """Totals over all runs of this process."""

    steps = sales = delivered = in_doubt = voided = moves = clones = doubles = 0
    reissues = cancels = repairs = works_open = 0


class CardMachine(RuleBasedStateMachine):
    """The card of one family; `run` sets `kind`."""

    kind: ClassVar[Kind]

    def __init__(self) -> None:
        super().__init__()
        template = _TEMPLATES.get(self.kind.name)
        if template is None:
            template = make_template(self.kind, Path(tempfile.mkdtemp(dir=_QUICK)))
            _TEMPLATES[self.kind.name] = template
        self.folder = Path(tempfile.mkdtemp(dir=_QUICK))
        shutil.copytree(template, self.folder, dirs_exist_ok=True)
        self.stage = Stage(self.folder, self.kind)
        #: The bytes of the second chip with the serial that was copied.
        self.copy: bytes | None = None
        self.copied = ""
        self.thief = False

    def teardown(self) -> None:
        marks.arm(None)
        self._merge()
        self.stage.close()
        shutil.rmtree(self.folder)

    # --- what people do -------------------------------------------------------------------------

    def _do(self, hall: str, verb: str, amount: int) -> None:
        desk = self.stage.open(hall)
        if verb == "cash":
            sell_for_cash(desk, amount)
        elif verb == "card":
            sell_from_card(desk, amount)
        elif verb == "top_up":
            card_accounts.top_up(desk, amount)
        elif verb in _WORKS:
            _WORKS[verb](desk)
        else:
            recover.recover(desk)

    def _come(self, hall: str, verb: str) -> None:
        """The customer comes with the card that he uses; to replace it he says that it is lost, and
        a blank one is taken."""
        if verb == "reissue" and len(self.stage.chips) < MOST_CHIPS:
            self.stage.chip = f"{int(self.kind.serial, 16) + len(self.stage.chips):016x}"
            BLANKS[self.kind.name.replace("account", "keys")](self.stage.rack, self.stage.chip)
            self.stage.chips.append(self.stage.chip)
        self.stage.put_in(hall)

    def _path(self, chip: str) -> Path:
        return self.stage.world / "cards" / f"{chip}.card"

    @initialize(thief=st.sampled_from([False, False, True]))
    def begin(self, thief: bool) -> None:
        """In every third story somebody can copy cards."""
        self.thief = thief

    @rule(hall=halls, verb=verbs, amount=amounts, home_after=st.booleans())
    def act(self, hall: str, verb: str, amount: int, home_after: bool) -> None:
        """Somebody does something at a counter, and nothing goes wrong; perhaps he goes home."""
        self._come(hall, verb)
        self._do(hall, verb, amount)
        if home_after:
            self.stage.in_meter()

    @rule(
        hall=halls, verb=verbs, amount=amounts,
        at=st.integers(1, 90), written=st.sampled_from([0, 1, 5, 99]),
    )  # fmt: skip
    def pulled(self, hall: str, verb: str, amount: int, at: int, written: int) -> None:
        """The card is pulled at any command, in the middle of its write."""
        self._come(hall, verb)
        desk = self.stage.open(hall)
        desk.reader = self.stage.reader(hall, Trouble("pull", at, written))
        self._do(hall, verb, amount)
        desk.reader = self.stage.reader(hall)

    @rule(
        hall=halls, verb=verbs, amount=amounts,
        at=st.sampled_from(_MARKS), passage=st.integers(1, 5),
    )  # fmt: skip
    def killed(self, hall: str, verb: str, amount: int, at: str, passage: int) -> None:
        """The program ends at a mark; the next process opens the home again."""
        self._come(hall, verb)
        self.stage.open(hall)
        marks.arm(die_at(at, passage))
        try:
            self._do(hall, verb, amount)
        except DiedError:
            self.stage.leave(hall)
        finally:
            marks.arm(None)

    @rule()
    def in_meter(self) -> None:
        """The customer puts the card into the meter."""
        self.stage.in_meter()

    @precondition(lambda self: len(self.stage.chips) > 1)
    @rule(number=st.integers(0, MOST_CHIPS - 1))
    def found(self, number: int) -> None:
        """A card that was lost is found, or a blank one taken up again, and used from now on."""
        self.stage.take_out()
        self.stage.chip = self.stage.chips[number % len(self.stage.chips)]

    @precondition(lambda self: self.thief and self.copy is None)
    @rule()
    def clone(self) -> None:
        """Somebody makes a chip that is the same in every byte and every key."""
        self.copied = self.stage.chip
        self.copy = self._path(self.copied).read_bytes()
        Counted.clones += 1

    @precondition(lambda self: self.copy is not None)
    @rule()
    def swap(self) -> None:
        """The other chip is used from now on: a clone, or an old state played back."""
        self.stage.take_out()
        self.stage.chip = self.copied
        self._swap()

    def _swap(self) -> None:
        assert self.copy is not None
        here = self._path(self.copied).read_bytes()
        self._path(self.copied).write_bytes(self.copy)
        self.copy = here

    # --- what must always be so -----------------------------------------------------------------

    @invariant()
    def never_more_energy_than_was_paid(self) -> None:
        Counted.steps += 1
        taken = lost = 0
        for hall in HALLS:
            records = self.stage.open(hall).records
            for state, (_, money, energy) in records.sales_table().items():
                taken += self._unit(money, energy)
                lost += self._unit(money, energy) if state == "voided" else 0
            for each in records.card_works_of(METER, 100):
                if each.committed.operation == "cancel" and each.state == "done":
                    lost += self._unit(each.committed.amount_minor, each.committed.energy_wh)
        # A second chip may carry a sale that was voided or taken back with the first one in the
        # reader; its money was taken, and the next purchase of that number is worth nothing.
        paid = taken - lost if self.copy is None else taken
        assert self._could_gain() <= paid, (self._could_gain(), paid, taken)

    def _unit(self, money: int, energy: int) -> int:
        return money if self.kind.family == "state-grid" else energy

    def _could_gain(self) -> int:
        """What the meter has, and would have if every chip that there is were put into it."""
        worth = self.stage.worth()
        if self.copy is not None:
            self._swap()
            worth = max(worth, self.stage.worth())
            self._swap()
        return self.stage.gained + worth

    @invariant()
    def never_more_money_than_was_put_on(self) -> None:
        chain = self._chain()
        if chain is not None and self.copy is None:
            # A top-up whose confirmation was lost is on the card, and not in the chain yet.
            assert chain.overspent_minor <= self._open_top_ups(), chain
            assert not chain.doubles and not chain.broken, chain

    def _open_top_ups(self) -> int:
        moves = [m.committed for hall in HALLS for m in self.stage.open(hall).records.open_moves()]
        return sum(move.amount_minor for move in moves if move.kind == "top_up")

    def _chain(self) -> card_account_chain.Chain | None:
        links = [link for hall in HALLS for link in self.stage.open(hall).records.account_links()]
        return card_account_chain.fold(links).get(self.kind.serial)

    # --- upstream -------------------------------------------------------------------------------

    def _merge(self) -> None:
        """What both halls tell, put together: clones are found, and the books are sound."""
        for hall in HALLS:
            records = self.stage.open(hall).records
            for record in records.last_sales(200):
                Counted.sales += 1
                Counted.delivered += record.state == "delivered"
                Counted.voided += record.state == "voided"
                Counted.in_doubt += record.state in ("paid", "in_doubt")
            for each in records.card_works_of(METER, 100):
                done = each.state == "done"
                Counted.reissues += done and each.committed.operation == "reissue"
                Counted.cancels += done and each.committed.operation == "cancel"
                Counted.repairs += done and each.committed.operation == "repair"
                Counted.works_open += each.state in ("committed", "in_doubt")
        chain = self._chain()
        if chain is None:
            return
        Counted.moves += chain.highest
        Counted.doubles += bool(chain.doubles)
        if chain.overspent_minor:
            assert chain.doubles or chain.missing, chain
        if self.copy is None:
            self._card_agrees_with_the_books()

    def _card_agrees_with_the_books(self) -> None:
        open_moves = [m for hall in HALLS for m in self.stage.open(hall).records.open_moves()]
        self.stage.chip = self.kind.serial
        self.stage.put_in(HALLS[0])
        state = account_area.account_state(self.stage.reader(HALLS[0]).read())
        if open_moves or isinstance(state, Refusal):
            return
        booked = sum(
            -self.stage.open(hall).records.balance(f"card_account:{ACCOUNT}", self.kind.currency)
            for hall in HALLS
        )
        assert booked == state.balance_minor, (booked, state)


def run(name: str, number: int, examples: int, steps: int) -> None:
    """Walk the machine of a family from seed `number`."""
    machine = type("CardMachineOfOneKind", (CardMachine,), {"kind": kind_named(name)})
    with remembered_pins():
        _walk(machine, number, examples, steps)


def _walk(machine: type[CardMachine], number: int, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        seed(number)(machine),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip


def forget_templates() -> None:
    """Remove what the runs of this process left behind."""
    while _TEMPLATES:
        shutil.rmtree(_TEMPLATES.popitem()[1])
