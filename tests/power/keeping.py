"""The power goes while a store is kept: backed up, encrypted, rekeyed, archived, restored.

    python -m tests.power.keeping [IMAGES] [SEED] [WORD ...]      images of each, one line each
    python -m tests.power.keeping play FOLDER WORD                what is recorded

Every sale that was told is there afterwards with its token, in the ledger or in a proved archive,
and the next one can be made. Where half of a restore is found, the program says so and the same
restore is asked for again.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from kiosk.config import Settings
from kiosk.domain import facts
from kiosk.errors import BadInput, KioskError
from kiosk.front import keeping, unlock
from kiosk.front.restoring import Wanted, restore
from kiosk.front.wiring import House, build
from kiosk.ledger import keyring
from kiosk.ledger.archive import PURPOSE, prove_archive
from kiosk.ledger.backup import unpack
from kiosk.ledger.connection import key_of
from kiosk.ledger.entry_file import Cover, read_kept
from kiosk.till import copies
from kiosk.till.maintain import verify
from tests.builders import SeededEntropy
from tests.crash.evidence import Findings
from tests.power import recorder
from tests.power.day import HOME, TOLD
from tests.power.images import Tally, serve
from tests.till.hall import KEYPAD, HallClock, sell_to, sold

_CREDENTIAL, _MEMORY_KIB = bytes(range(200, 240)), 64
_SALES, _A_SALE_MIN, _YEAR_MIN = 3, 40, 500 * 24 * 60
_DAY_MS = 86_400_000


class Terminal:
    """A terminal with a second medium; its credential comes from elsewhere."""

    def __init__(self, place: Path, time_ms: int = 0) -> None:
        self.place, self.home, self.medium = place, place / HOME, place / "medium"
        self.clock, self.entropy = HallClock(), SeededEntropy(time_ms)
        self.clock.time_ms = time_ms or self.clock.time_ms
        credentials = place.parent / "credentials"
        credentials.mkdir(exist_ok=True)
        (credentials / "payment-hall-store").write_bytes(_CREDENTIAL)
        os.environ["CREDENTIALS_DIRECTORY"] = str(credentials)
        keyring.MEMORY_KIB = _MEMORY_KIB
        unlock.forget()
        base = Settings()
        self.settings = msgspec.structs.replace(
            base,
            rehearsal=msgspec.structs.replace(base.rehearsal, customers=12, centre=False),
            store=msgspec.structs.replace(
                base.store, second_medium=str(self.medium), retention_days=400
            ),
        )

    def open(self) -> House:
        house = build(self.home, self.settings, clock=self.clock, entropy=self.entropy)
        house.desk.operator, house.desk.role = "101", "supervisor"
        return house

    def sell(self, sales: int) -> list[list[str]]:
        """Number and token of each sale."""
        made = []
        with contextlib.closing(self.open()) as house:
            for _ in range(sales):
                record = sold(sell_to(house.desk, KEYPAD, 5000))
                made.append([record.committed.sale_id, str(record.token)])
                self.clock.advance(minutes=_A_SALE_MIN)  # a lane has an identifier every 32
        return made

    # --- what is done -----------------------------------------------------------------------------

    def back_up(self) -> None:
        with contextlib.closing(self.open()) as house:
            assert isinstance(copies.backup(house.desk, self.backup), copies.Backup)

    def change(self, word: str) -> None:
        lock: keyring.Lock | None = None if word == "decrypt" else "credential"
        keeping.change(self.home, self.settings, word, lock)

    def encrypt(self) -> None:
        self.change("encrypt")

    def put_away(self) -> None:
        now_ms = self.clock.time_ms
        before_ms = now_ms - 401 * _DAY_MS
        keeping.archive_old(self.home, self.settings, self.archive, before_ms, now_ms, "301")

    def restore(self) -> None:
        wanted = Wanted(backup=self.backup, second_medium=self.medium)
        restore(self.home, self.settings, wanted, self.clock.pair)

    @property
    def backup(self) -> Path:
        return self.place / "one.backup"

    @property
    def archive(self) -> Path:
        return self.place / "old.archive"


# --- what is recorded -----------------------------------------------------------------------------


def _nothing(_terminal: Terminal) -> None:
    """Nothing more must have happened before."""


def _age(terminal: Terminal) -> None:
    terminal.clock.advance(minutes=_YEAR_MIN)


def _spoil(terminal: Terminal) -> None:
    """A backup is there, and then the ledger is overwritten."""
    terminal.back_up()
    with (terminal.home / "ledger.db").open("r+b") as ledger:
        ledger.seek(4096)
        ledger.write(bytes(range(256)) * 64)
        ledger.flush()
        os.fsync(ledger.fileno())


#: What comes before, and the deed.
WORDS: dict[str, tuple[Callable[[Terminal], None], Callable[[Terminal], None]]] = {
    "back up": (_nothing, Terminal.back_up),
    "encrypt": (_nothing, Terminal.encrypt),
    "rekey": (Terminal.encrypt, lambda terminal: terminal.change("rekey")),
    "decrypt": (Terminal.encrypt, lambda terminal: terminal.change("decrypt")),
    "archive": (_age, Terminal.put_away),
    "restore": (_spoil, Terminal.restore),
}  # fmt: skip


def play(place: Path, word: str) -> None:
    """Sell, prepare, say what was sold, do the deed, say that it was done."""
    told = os.open(place / TOLD, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    terminal, (prepare, deed) = Terminal(place), WORDS[word]
    terminal.medium.mkdir()
    sales = terminal.sell(_SALES)
    prepare(terminal)
    if word == "archive":
        sales += terminal.sell(1)
    begun = {"word": word, "sales": sales, "time_ms": terminal.clock.time_ms}
    for line in (begun, {"done": word}):
        if "done" in line:
            deed(terminal)
        os.write(told, json.dumps(line).encode() + b"\n")
    os.close(told)


# --- what is right afterwards -------------------------------------------------------------------


def audited(home: Path, told: list[dict[str, Any]]) -> Findings:
    """Open, or restore again; then every sale is looked for, and one more is made."""
    findings, begun, was_done = Findings(), told[0], len(told) > 1
    terminal = Terminal(home.parent, begun["time_ms"])
    house = _opened(terminal, begun["word"], was_done=was_done)
    with contextlib.closing(house):
        medium = house.desk.journal.medium()
        assert medium is not None
        # Under a new key it is written anew after the ledger; before that it opens with the old.
        if medium.trouble and (was_done or "another key" not in medium.trouble):
            findings.lost.append(medium.trouble)
        proof = verify(house.desk, every_signature=True)
        if proof.first_bad:
            findings.unbalanced.append(proof.fault)
        away = _archived(terminal, house)
        for sale_id, token in begun["sales"]:
            record = house.desk.records.sale(sale_id)
            there = away.get(sale_id) if record is None else record.token
            if there != token:
                findings.lost.append(f"sale {sale_id} has {there}, not {token}")
        if was_done:
            findings.lost += _not_done(terminal, begun["word"], away)
    terminal.sell(1)
    return findings


def _opened(terminal: Terminal, word: str, *, was_done: bool) -> House:
    """The home; half of a restore is told, and then it is asked for again."""
    try:
        house = terminal.open()
        half_done = word == "restore" and not was_done
        # The night finds what a start does not look at.
        if not house.desk.damage and not (half_done and verify(house.desk).first_bad):
            return house
        house.close()
    except KioskError:
        if word != "restore" or was_done:
            raise
    terminal.restore()
    return terminal.open()


def _archived(terminal: Terminal, house: House) -> dict[str, str | None]:
    """The tokens in the archive, proved against the ledger that it left; none before."""
    reader, found = house.desk.journal.reader(), dict[str, str | None]()
    with contextlib.closing(reader):
        if house.desk.records.last_of("period_archived") is None:
            return found
        cover = Cover(key_of(terminal.home), house.home.origin, PURPOSE)
        prove_archive(reader, terminal.archive, cover)
        for entry, _ in read_kept(terminal.archive, cover):
            if entry.kind == facts.SaleDelivered.KIND:
                fact = facts.decode(entry.kind, entry.version, entry.body)
                assert isinstance(fact, facts.SaleDelivered)
                found[fact.sale_id] = fact.token
    return found


def _not_done(terminal: Terminal, word: str, away: dict[str, str | None]) -> list[str]:
    """What was told as done and is not."""
    if word == "back up":
        try:
            unpack(terminal.backup, terminal.place / "unpacked.db")
        except BadInput as error:
            return [error.sentence]
    plain = (terminal.home / "ledger.db").read_bytes().startswith(b"SQLite format 3")
    if word in {"encrypt", "rekey"} and plain:
        return ["the store is plain"]
    if word == "decrypt" and not plain:
        return ["the store is not plain"]
    return ["nothing was archived"] if word == "archive" and not away else []


# --- the run ----------------------------------------------------------------------------------


def cut(word: str, images: int, seed: int, *, loose: bool = False) -> Tally:
    """Record the deed and audit images of every moment of it; `loose`: our own files are not
    synced, which must be noticed."""
    with tempfile.TemporaryDirectory() as text:
        machine = Path(text) / "machine"
        machine.mkdir()
        library = recorder.shim(Path(text))
        words = ["tests.power.keeping", "play", str(machine), word, *["loose"] * loose]
        ops = recorder.record(library, machine, words)
    return serve(ops, 0, 1, images, seed, judge=audited)


def main(arguments: list[str]) -> int:
    if recorder.compiler() is None:
        print(recorder.NO_COMPILER)
        return 0
    images = int(arguments[0]) if arguments else 200
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    wrong = 0
    for word in arguments[2:] or WORDS:
        tally = cut(word, images, seed)
        found = [*tally.corrupt, *tally.findings.all()]
        print(
            "\n".join([*found, f"{word}: {tally.images} images, {len(found)} wrong, seed {seed}"])
        )
        wrong += len(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["play"]:
        if "loose" in sys.argv:
            os.fsync = lambda fd: None
        play(Path(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(main(sys.argv[1:]))
