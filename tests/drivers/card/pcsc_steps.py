"""One sale of each family through the real PC/SC service, broken off at every single command.

The card is pulled out of vpcd's slot at the n-th command, in the middle of its write; or the
selling process, which has the card to itself, dies before it sends the n-th. The service lives on
in both cases, and so does the card. Then it comes back, through the service, and the hall recovers;
the auditor of tests/crash/card_audit.py looks at card, meter and books.

    python -m tests.drivers.card.pcsc_steps --write      draws its table in docs/cards.md again
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from drivers.card.pcsc import PcscReader, PcscSession
from drivers.card.simulated_reader import CardFaults
from drivers.card.vpcd import VpcdCard
from tests.crash.card_audit import Auditor, Tally, summary
from tests.crash.card_stage import HALLS, Stage, Trouble, kind_named
from tests.crash.card_steps import QUICK, WRITTEN_BYTES, Bench, rows, write
from tests.crash.card_verbs import SELL
from tests.drivers.card.card_kinds import KINDS
from tests.drivers.card.service import READERS, Service

BEGIN, END = "<!-- card steps through pcscd: begin -->", "<!-- card steps through pcscd: end -->"
NAMES = tuple(kind.name for kind in KINDS)
PATIENT_S = 30.0
#: How often a case is begun anew whose command was never reached.
_TRIES = 3


class NotStruckError(Exception):
    """The service lost the card, or was slow to see it, before the command to be struck came."""


class ServiceBench(Bench):
    """Cases of a sale whose card is in a reader of the real service."""

    def __init__(self, name: str, folder: Path, service: Service) -> None:
        super().__init__(SELL, kind_named(name), folder)
        self.service = service

    @contextlib.contextmanager
    def inserted(self, stage: Stage) -> Iterator[VpcdCard]:
        """The customer's card is in vpcd's slot. The service looks into its slots now and then: the
        card is in, and out again, when it has seen that."""
        stage.take_out()
        card = VpcdCard(stage.rack.card(stage.chip), self.service.dial)
        try:
            self._see(present=True)
            yield card
        finally:
            card.pull()
            self._see(present=False)

    def _see(self, *, present: bool) -> None:
        reader = PcscReader(READERS[0], PATIENT_S)
        try:
            assert reader.pcsc.monitor.wait(lambda: reader.present() is present, PATIENT_S)
        finally:
            reader.close()

    @contextlib.contextmanager
    def till(self, stage: Stage) -> Iterator[PcscReader]:
        """The first hall, with a reader of the service that has seen the card."""
        desk, simulated = stage.open(HALLS[0]), stage.reader(HALLS[0])
        reader = PcscReader(READERS[0], PATIENT_S, stage.module())
        desk.reader = reader
        try:
            assert reader.pcsc.monitor.wait(reader.present, PATIENT_S)
            yield reader
        finally:
            reader.close()
            desk.reader = simulated

    def broken_off(self, trouble: Trouble) -> tuple[str, Tally]:
        """What the card showed right after the trouble, and what came of it."""
        for _ in range(_TRIES):
            with contextlib.suppress(NotStruckError):
                return self._broken_off(trouble)
        raise AssertionError(f"{trouble} was never reached")

    def _broken_off(self, trouble: Trouble) -> tuple[str, Tally]:
        with self.stage() as stage:
            auditor = Auditor(stage, self.verb, trouble, "through pcscd")
            struck = self._pulled if trouble.kind == "pull" else self._killed
            with struck(stage, trouble):
                shown = auditor.shown()
                auditor.worth_at_most()
                with self.till(stage):
                    auditor.recover_here()
            auditor.worth_at_most()
            auditor.audit()
            auditor.goes_on()
        return shown, auditor.tally

    @contextlib.contextmanager
    def _pulled(self, stage: Stage, trouble: Trouble) -> Iterator[None]:
        """The card is out at once, and comes back when the service has seen that."""
        with self.inserted(stage) as card, self.till(stage):
            card.fault = CardFaults("pull", trouble.at, trouble.written_bytes)
            self.verb.run(stage.open(HALLS[0]))
            if not card.is_out():
                raise NotStruckError
        with self.inserted(stage):
            yield

    @contextlib.contextmanager
    def _killed(self, stage: Stage, trouble: Trouble) -> Iterator[None]:
        """The card stays where it is."""
        with self.inserted(stage):
            child = os.fork()
            if child == 0:
                with contextlib.suppress(BaseException):
                    self._sell_and_die(stage, trouble.at)
                os._exit(1)
            _, status = os.waitpid(child, 0)
            if os.waitstatus_to_exitcode(status) != 9:
                raise NotStruckError
            stage.seeds += 1  # the new process draws other names
            yield

    def _sell_and_die(self, stage: Stage, at: int) -> None:
        """In a process of its own: the sale, up to before the `at`-th command."""
        sent, plain = 0, PcscSession.transmit

        def transmit(session: PcscSession, apdu: bytes, timeout_s: float) -> bytes:
            nonlocal sent
            sent += 1
            if sent == at:
                os._exit(9)
            return plain(session, apdu, timeout_s)

        with self.till(stage), patch.object(PcscSession, "transmit", transmit):
            self.verb.run(stage.open(HALLS[0]))

    def row(self) -> tuple[str, Tally]:
        """The row of the table, and the totals, of both troubles at every command."""
        total, shown = Tally(), {"pull": list[list[str]](), "kill": list[list[str]]()}
        for at in range(1, self.steps + 1):
            for kind in ("pull", "kill"):
                written = WRITTEN_BYTES[at % len(WRITTEN_BYTES)] if kind == "pull" else 0
                what, tally = self.broken_off(Trouble(kind, at, written))
                shown[kind].append([what])
                total.add(tally)
        drawn = " | ".join([self.kind.name, str(self.steps), rows(shown["pull"]),
                            rows(shown["kill"]), str(total.cases)])  # fmt: skip
        return f"| {drawn} |", total


def main() -> int:
    lines = ["| family | commands | pulled at | killed before | cases |", "|---|---|---|---|---|"]
    total, service = Tally(), Service()
    try:
        for name in NAMES:
            with tempfile.TemporaryDirectory(dir=QUICK) as folder:
                drawn, tally = ServiceBench(name, Path(folder), service).row()
            lines.append(drawn)
            total.add(tally)
            sys.stdout.write(f"{drawn}\n{summary(tally)}\n")
    finally:
        service.close()
    for wrong in total.wrong:
        sys.stdout.write(f"{wrong}\n")
    if "--write" in sys.argv:
        write(
            BEGIN, END, "\n".join([*lines, "", f"{total.cases} cases: {len(total.wrong)} wrong."])
        )
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
