"""A simulated STS600-8-6 module at the other end of a serial line, losses on demand.

module = SimulatedSts600(folder, {1: rehearsal_keys()[0]})
vendor = Sts600Vendor(module.path, [1], folder / "answers.json")
module.lose("after_act", "VC")     # the next such request, once

    FOLDER/line           the serial line (a link to the pty of the running simulator)
    FOLDER/vended.jsonl   every token that it made, in order
"""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from drivers.vending.sts600.frames import END, LONGEST_LINE
from drivers.vending.sts600.sim_module import Sts600Module
from drivers.vending.vending_key import VendingKey

#: before_act: the request never arrives. after_act: done, no reply. half_reply: the reply breaks
#: off. late: nothing happens for `late_s`, then it is done and answered. garbage: done, the reply
#: is noise. spoiled: the request arrives damaged, the module says so.
Loss = Literal["before_act", "after_act", "half_reply", "late", "garbage", "spoiled"]

_NOISE = b"\x00\xffSM!VC00P~\r\r"


class SimulatedSts600:
    """Runs until `close`; `path` is the serial line and stays the same over restarts."""

    def __init__(
        self,
        folder: Path,
        registers: Mapping[int, VendingKey],
        *,
        nibble: Callable[[], int] = lambda: 5,
        late_s: float = 1.0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.module = Sts600Module(folder, registers, nibble)
        self.path = str(folder / "line")
        self.late_s = late_s
        #: How long it thinks about each of the next requests, lost or not.
        self.pauses_s: list[float] = []
        self._losses: list[tuple[Loss, str]] = []
        self._received = bytearray()
        # The slave stays open here too: a driver that closes the line must not hang it up.
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        os.set_blocking(self._master, False)
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        _point(Path(self.path), os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._run, name="simulated STS600 module")
        self._thread.start()

    def lose(self, loss: Loss, command: str) -> None:
        """Lose the next request of `command` (DI, GA, VC) in this way, once."""
        self._losses.append((loss, command))

    def close(self) -> None:
        """Take the power away: the thread ends, the line is gone."""
        self._stopping.set()
        os.write(self._wake_write, b"x")
        self._thread.join()
        self.module.close()
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _run(self) -> None:
        while not self._stopping.is_set():
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._master not in ready:
                return
            self._received += os.read(self._master, 4096)
            while END in self._received:
                line, _, rest = bytes(self._received).partition(END)
                self._received[:] = rest
                self._take(line)
            del self._received[:-LONGEST_LINE]

    def _take(self, line: bytes) -> None:
        if self.pauses_s:
            self._stopping.wait(self.pauses_s.pop(0))
        loss = self._loss_of(line[3:5].decode("ascii", errors="replace"))
        if loss == "before_act":
            return
        if loss == "late":
            self._stopping.wait(self.late_s)
        if loss == "spoiled":
            line = line[:-1] + bytes([line[-1] ^ 1])
        reply = self.module.answer(line)
        if loss == "half_reply":
            reply = reply[: len(reply) // 2]
        if loss == "garbage":
            reply = _NOISE
        if loss != "after_act":
            with suppress(BlockingIOError):  # nobody reads: the bytes would be gone just the same
                os.write(self._master, reply)

    def _loss_of(self, command: str) -> Loss | None:
        for place, (loss, lost_command) in enumerate(self._losses):
            if lost_command == command:
                del self._losses[place]
                return loss
        return None


def _point(link: Path, target: str) -> None:
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)
