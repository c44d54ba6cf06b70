"""A simulated bill validator at the other end of a serial line, with a mouth for anyone's notes.

acceptor = SimulatedBillValidator(folder, [1000, 2000, 5000], currency="KES")
driver = CctalkBillValidator(acceptor.path, "KES")
ticket = feed(folder, 2000)     # from any process
fate(folder, ticket)            # waiting, stacked, returned, rejected
"""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Sequence
from pathlib import Path

from drivers.cash import sim_store
from drivers.cash.cctalk_frames import BILL_VALIDATOR, Check, FrameReader, build
from drivers.cash.sim_device import FAULTS, BillDevice
from drivers.cash.sim_store import Fate
from kiosk.errors import BadInput

_TICKS_AT_REST = 4


class SimulatedBillValidator:
    """Runs until `close`; `path` is the serial line and stays the same over restarts.

    `echo` gives every byte back first, as a single-wire line without a separating adapter does.
    """

    def __init__(
        self,
        folder: Path,
        notes_minor: Sequence[int],
        currency: str,
        *,
        country: str = "ZZ",
        check: Check = "sum",
        echo: bool = True,
        tick_s: float = 0.25,
    ) -> None:
        self.device = BillDevice(folder, notes_minor, currency, country)
        self.path = str(folder / "line")
        self._check = check
        self._echo = echo
        self._tick_s = tick_s
        # The slave stays open here too: a driver that closes the line must not hang it up.
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        os.set_blocking(self._master, False)
        self._wake_read, self._wake_write = os.pipe()
        self._reader = FrameReader(check, frozenset((BILL_VALIDATOR,)))
        _point(Path(self.path), os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._run, name="simulated note acceptor")
        self._thread.start()

    def close(self) -> None:
        """Take the power away: the thread ends, the line is gone."""
        os.write(self._wake_write, b"x")
        self._thread.join()
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _run(self) -> None:
        while True:
            lines = [self._master, self._wake_read]
            ready, _, _ = select.select(lines, [], [], self._pause_s())
            if self._wake_read in ready:
                return
            if self._master in ready:
                self._converse(os.read(self._master, 4096))
            else:
                self._reader.silence()
            self.device.step()

    def _pause_s(self) -> float:
        """While nobody takes notes there is little to notice, and a kiosk waits most of its day."""
        waits = not (self.device.enabled or self.device.memory.escrow or self._reader.unfinished)
        return self._tick_s * (_TICKS_AT_REST if waits else 1)

    def _converse(self, received: bytes) -> None:
        if self._echo:
            self._say(received)
        for frame in self._reader.feed(received):
            self.device.step()
            reply = self.device.answer(frame)
            if reply is not None:
                self._say(build(reply, self._check))

    def _say(self, data: bytes) -> None:
        try:
            os.write(self._master, data)
        except BlockingIOError:
            return  # nobody reads: on a real line the bytes would be gone just the same


def feed(folder: Path, amount_minor: int) -> str:
    """Hold a note to the mouth of the acceptor in `folder`; the ticket is for `fate`."""
    sim_store.prepare(folder)
    ticket = f"{time.time_ns():020d}-{os.getpid()}"
    sim_store.write_whole(folder / "mouth" / ticket, str(amount_minor).encode())
    return ticket


def fate(folder: Path, ticket: str) -> Fate:
    """What became of a note; BadInput for a ticket that nobody fed, or too long ago."""
    # The mouth first: a note leaves it only after the memory has it.
    if (folder / "mouth" / ticket).exists():
        return "waiting"
    memory = sim_store.load(folder)
    if memory.escrow is not None and memory.escrow.ticket == ticket:
        return "waiting"
    if ticket not in memory.fates:
        raise BadInput(f"No note with the ticket {ticket} was fed to {folder}.")
    return memory.fates[ticket]


def set_fault(folder: Path, fault: str, present: bool = True) -> None:
    """Make a fault appear or go: jam, full, mute, box_removed stay, drop_reply, lost_events and
    reset happen once. BadInput for any other."""
    if fault not in FAULTS:
        raise BadInput(f"{fault!r} is no fault of a note acceptor; there are: {', '.join(FAULTS)}.")
    sim_store.prepare(folder)
    path = folder / "faults" / fault
    if present:
        path.touch()
    else:
        path.unlink(missing_ok=True)


def box_minor(folder: Path) -> int:
    """The money in the box, in minor units."""
    return sum(amount * count for amount, count in sim_store.load(folder).box.items())


def _point(link: Path, target: str) -> None:
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)
