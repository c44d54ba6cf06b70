"""A monkey at the keys of every face: no crash, no money without a fact, and back to the start.

    python -m tests.attacks.monkey [KEYS] [SEED]

The keys are random, but a monkey that only hits Cancel sees nothing: it knows the numbers of meters
and cards, amounts and the PIN, and types them now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.errors import BadInput, Refusal
from kiosk.screens.face import Face
from kiosk.till.cards import watch
from kiosk.till.greet import suggestions
from tests.attacks.faces import FACES, STEP_S, FrozenError, Hall, Visitor

_KEYS = (
    *"0123456789" * 4, *["enter"] * 20, *["escape"] * 3, *["backspace"] * 3, "question_mark",
    "asterisk", "tab", "up", "down", "pagedown", "pageup", "delete", "space", "a", "y", "n", "é",
    "f1", "f5", "home", "end", "left", "right", "full_stop", "comma", "plus", "minus",
)  # fmt: skip

#: Between the key that a bored monkey hit last and its next visit.
_BACK_LIMIT_S = 90 + 2 * STEP_S
#: Where money or a token is at stake the kiosk is more patient: people look for notes, and write;
#: and in a rehearsal the hands still want to go to the meter.
_PATIENT_LIMIT_S = 480
_PATIENT = {"Payment", "Deliver", "TokenShown", "Ending"}


@dataclass
class Havoc:
    """What a monkey did and what came of it."""

    keys: int = 0
    screens: Counter[str] = field(default_factory=Counter)
    sales: int = 0
    findings: list[str] = field(default_factory=list)
    longest_s: int = 0

    def line(self) -> str:
        return (
            f"{self.keys} keys on {len(self.screens)} screens, {self.sales} sales,"
            f" {len(self.findings)} findings, back after {self.longest_s} s at most"
        )


async def play(hall: Hall, keys: int, chance: random.Random, havoc: Havoc) -> None:
    """Visits of random length to random faces, until the keys are used up."""
    while havoc.keys < keys:
        print(f"{havoc.keys} keys, {len(havoc.findings)} findings", file=sys.stderr, flush=True)
        face = chance.choices(FACES, (4, 2, 2))[0]
        async with hall.face(face) as visitor:
            await _visit(hall, visitor, face, min(keys - havoc.keys, 600), chance, havoc)
            havoc.screens.update(visitor.seen)
            havoc.findings += [f"{face}: case {case}" for case in dict.fromkeys(visitor.cases)]
    havoc.sales = len(hall.house.desk.records.last_sales(10_000))
    havoc.findings += hall.money_without_a_fact() + hall.log.texts


async def _visit(
    hall: Hall, visitor: Visitor, face: Face, keys: int, chance: random.Random, havoc: Havoc
) -> None:
    while keys > 0 and visitor.alive():
        word = _word(hall, visitor, chance)
        for key in word:
            await visitor.press(key)
        keys -= len(word)
        havoc.keys += len(word)
        if chance.random() < 0.05:
            hall.clock.push(chance.choice((1, 30, 61)))
            visitor.app.tick()
        if chance.random() < 0.5:
            await visitor.settle(2.0)
        if face == "self-service" and chance.random() < 0.02:
            await _leave(hall, visitor, havoc)
    if not visitor.alive() and (face == "self-service" or visitor.screen != "Leave"):
        havoc.findings.append(f"{face}: the face has ended at {visitor.screen}")
    elif visitor.alive() and face == "self-service":
        await _leave(hall, visitor, havoc)


async def _leave(hall: Hall, visitor: Visitor, havoc: Havoc) -> None:
    """The customer walks away with the card; how long until the first screen is back."""
    await visitor.settle()
    world = hall.house.world
    assert world is not None
    if world.slot().state().card is not None and visitor.screen not in {"Deliver", "ReadCard"}:
        with contextlib.suppress(BadInput):  # a hand was quicker
            world.slot().pull()
    before = visitor.screen
    visitor.seen_alone.clear()
    waited_s = await visitor.left_alone(_PATIENT_LIMIT_S + 30)
    if visitor.screen == "LeftCard":  # a card that was left waits for staff, however long
        _staff_come(hall)
        waited_s = await visitor.left_alone(_PATIENT_LIMIT_S + 30)
    patient = bool(visitor.seen_alone & _PATIENT)
    if not patient:
        havoc.longest_s = max(havoc.longest_s, waited_s)
    if waited_s > (_PATIENT_LIMIT_S if patient else _BACK_LIMIT_S):
        havoc.findings.append(f"{before}: not back after {waited_s} s but at {visitor.screen}")


def _staff_come(hall: Hall) -> None:
    """Take the card out that was left, and close its case."""
    desk, world = hall.house.desk, hall.house.world
    assert world is not None
    with contextlib.suppress(BadInput):
        world.slot().pull()
    face = desk.operator, desk.role
    desk.operator, desk.role = "301", "supervisor"
    try:
        open_cases = watch.cases(desk)
        assert not isinstance(open_cases, Refusal), open_cases
        for case in open_cases:
            closed = watch.close_case(desk, case.case_id, "handed_back", "the owner came back")
            assert not isinstance(closed, Refusal), closed
    finally:
        desk.operator, desk.role = face


def _word(hall: Hall, visitor: Visitor, chance: random.Random) -> list[str]:
    """A key, or now and then what leads on from this screen."""
    if chance.random() < 0.8:
        return [chance.choice(_KEYS)]
    buyers = suggestions(hall.house.desk)
    numbers = [buyer.meter.number for buyer in buyers]
    numbers += [buyer.card.number for buyer in buyers if buyer.card is not None]
    known = {
        "SignIn": [["101"], ["301"]],
        "TechnicianSignIn": [["201"], ["301"]],
        "Number": [[number] for number in numbers],
        "Find": [[number] for number in numbers],
        "Amount": [["20"], ["50"]],
        "SaleAmount": [["20"], ["50"]],
        "Payment": [["3", "3"], ["2"], ["4"]],
        "Tender": [["50"], ["100"]],
        "Help": [["1"], ["2"], ["3"]],
    }
    words = chance.choice(known.get(visitor.screen, [["1"], ["2"], ["3"], ["4"], ["5"]]))
    typed = ["backspace"] * 12 if visitor.screen in {"Number", "Find", "Amount"} else []
    typed += [key for word in words for key in [*word, "enter"]]
    return [*typed, *"1234", "enter"] if "SignIn" in visitor.screen else typed


def run(keys: int, seed: int) -> Havoc:
    """One monkey on one home."""
    havoc = Havoc()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    # A technician's backup goes where it was typed: into this folder, not into ours.
    with tempfile.TemporaryDirectory(dir=memory) as folder, contextlib.chdir(folder):
        hall = Hall(Path(folder) / "home")
        try:
            asyncio.run(play(hall, keys, random.Random(seed), havoc))
        finally:
            hall.close()
    return havoc


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    try:
        done = run(wanted, seed)
    except FrozenError as frozen:
        print(f"the face is frozen at {frozen}, seed {seed}", flush=True)
        os._exit(1)
    print(dict(done.screens.most_common()))
    print("\n".join([*done.findings, f"{done.line()}, seed {seed}"]))
    sys.exit(1 if done.findings else 0)
