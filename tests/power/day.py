"""A day at a counter and a kiosk, played for the recorder: every answer is a line of its own.

    python -m tests.power.day FOLDER ACTS SEED [SYNCHRONOUS]

The home is FOLDER/home; what somebody was told stands in FOLDER/told, a line of JSON each, written
after it was told.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

from kiosk.ledger import journal
from kiosk.ledger.connection import Connection
from kiosk.ledger.store import open_writer
from tests.crash.bench import Answer, Bench
from tests.crash.forks import fork
from tests.crash.verbs import VERBS

#: What may happen again and again in one home: acts by how often they come.
_OFTEN = ["sell a token"] * 8 + ["sell to a card"] * 5
_NOW_AND_THEN = [
    "give free units", "change a key", "sell with free units", "sell from the money on a card",
    "engineer a meter", "test meters", "put money on a card", "make a tool card",
    "put money on an account", "sell from the money on an account", "transfer money",
    "pay money out", "take a deposit", "pay a debt", "write a debt off", "publish prices",
    "take a catalogue in", "load a key file", "let an operator in again",
]  # fmt: skip
_ACTS = _OFTEN + _NOW_AND_THEN
_AT_THE_KIOSK = ["sell for notes", "keep a payment", "spend kept money"]
#: After these the customer goes home and puts the card into the meter.
_TO_CARD = {"sell to a card", "sell from the money on a card"}

HOME, TOLD = "home", "told"


def play(folder: Path, acts: int, seed: int) -> None:
    chance = random.Random(seed)
    told = os.open(folder / TOLD, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while acts > 0:
        # Mostly a counter; sometimes the kiosk has its turn, with the acceptor on the wall.
        kiosk = chance.random() < 0.2
        turn = _AT_THE_KIOSK if kiosk else chance.choices(_ACTS, k=chance.randint(2, 6))
        code = fork(lambda: _session(folder / HOME, told, turn[:acts], kiosk, chance))  # noqa: B023 - ends before the next
        assert code == 0, code
        acts -= len(turn)
        chance.seed(f"{seed} {acts}")
    os.close(told)


def _session(home: Path, told: int, turn: list[str], kiosk: bool, chance: random.Random) -> None:
    """One process of the day; a third of them end without closing anything, as when killed."""
    bench = Bench(home, cash=kiosk)
    _tell(told, {"opened": True})
    for name in turn:
        if name not in _AT_THE_KIOSK:  # there one act is the other's setup
            VERBS[name].setup(bench)
        _tell(told, VERBS[name].act(bench))
        if name in _TO_CARD:
            bench.insert_in_meter(bench.meter("card"))
        if chance.random() < 0.3:
            bench.desk.journal.rest()
    if chance.random() < 0.33:
        os._exit(0)
    bench.close()


def _tell(told: int, answer: Answer) -> None:
    os.write(told, json.dumps(answer).encode() + b"\n")


def loosen(synchronous: str) -> None:
    """Open every pen with another PRAGMA synchronous: what the harness must notice."""

    def loose(home: Path) -> Connection:
        connection = open_writer(home)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        return connection

    journal.open_writer = loose  # type: ignore[attr-defined]


if __name__ == "__main__":
    if len(sys.argv) > 4:
        loosen(sys.argv[4])
    play(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
