"""A simulated serial card reader: the device at the other end of the line, around a simulated slot.

reader = SimulatedSerialReader(folder, "kiosk")
SerialReader(reader.path)

    FOLDER/reader-NAME/line     the serial line (a link to the pty of the running simulator)
"""

from __future__ import annotations

import os
import select
import threading
import tty
from contextlib import suppress
from pathlib import Path
from typing import Literal

from drivers.card.ccid_frames import (
    ABSENT,
    ACTIVE,
    DATA,
    FAILED,
    ICC_MUTE,
    INACTIVE,
    POWER_OFF,
    POWER_ON,
    STATUS,
    TRANSFER,
    Frames,
    Message,
    answer_status,
    frame,
    receipt,
)
from drivers.card.sim import SimulatedSlot
from drivers.card.sim_card import SimulatedCard
from drivers.card.simulated_reader import CardFaults
from kiosk.errors import BadInput

#: none: all is well. deaf: the frame never arrives. spoiled: it arrives damaged and is refused.
#: unheard: it is worked off, and its receipt is lost. noise: its answer comes behind noise. late:
#: the answer to the command before comes once more in front of its own.
LineFault = Literal["none", "deaf", "spoiled", "unheard", "noise", "late"]

_COMMAND_NOT_KNOWN = 0x00
_NOISE = b"\xff\x02\x80\xff\xff\xff\xff\x02\x03\x02"


class SimulatedSerialReader:
    """Runs until `close`; `path` is the serial line and stays the same over restarts."""

    def __init__(self, folder: Path, name: str) -> None:
        self.slot = SimulatedSlot(folder, name)
        home = folder / f"reader-{name}"
        home.mkdir(parents=True, exist_ok=True)
        self.path = str(home / "line")
        self.fault: CardFaults | None = None
        self.line_faults: list[LineFault] = []
        self._powered: tuple[SimulatedCard, int] | None = None
        self._last = b""
        self._frames = Frames()
        # The slave stays open here too: a driver that closes the line must not hang it up.
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        os.set_blocking(self._master, False)
        self._wake_read, self._wake_write = os.pipe()
        _point(Path(self.path), os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._run, name="simulated serial reader")
        self._thread.start()

    def close(self) -> None:
        """Take the power away: the thread ends, the line is gone."""
        os.write(self._wake_write, b"x")
        self._thread.join()
        self._drop()
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._master not in ready:
                return
            for message in self._frames.feed(os.read(self._master, 4096)):
                if isinstance(message, Message):
                    self._take(message)

    def _take(self, message: Message) -> None:
        fault = self.line_faults.pop(0) if self.line_faults else None
        if fault == "deaf":
            return
        if fault == "spoiled":
            self._say(receipt(taken=False))
            return
        if fault != "unheard":
            self._say(receipt(taken=True))
        answer = self._answer(message)
        if answer is None:
            return
        if fault == "noise":
            self._say(_NOISE)
        if fault == "late":
            self._say(self._last)
        self._last = frame(answer)
        self._say(self._last)

    def _say(self, data: bytes) -> None:
        with suppress(BlockingIOError):  # nobody reads: the bytes would be gone just the same
            os.write(self._master, data)

    # --- the reader's own work --------------------------------------------------------------------

    def _answer(self, message: Message) -> Message | None:
        if message.kind == POWER_ON:
            return self._power_on(message)
        if message.kind == TRANSFER:
            return self._transfer(message)
        if message.kind == POWER_OFF:
            self._drop()
        known = message.kind in (POWER_OFF, 0x65)
        return self._status(message, known)

    def _status(self, message: Message, known: bool = True) -> Message:
        three = answer_status(self._card()) if known else self._failure(_COMMAND_NOT_KNOWN)
        return Message(STATUS, message.sequence, three)

    def _card(self) -> int:
        """How the card stands now: one that was pulled and put back has no power."""
        now = self.slot.state()
        if now.card is None:
            self._drop()
            return ABSENT
        if self._powered is None or self._powered[1] != now.insertions:
            self._drop()
            return INACTIVE
        return ACTIVE

    def _power_on(self, message: Message) -> Message:
        state = self.slot.state()
        if state.card is None:
            self._drop()
            return Message(DATA, message.sequence, self._failure(ICC_MUTE))
        if self._card() == ACTIVE:
            assert self._powered is not None
            card = self._powered[0]
            card.reset()
        else:
            try:
                card = self.slot.rack.card(state.card)
            except BadInput:
                return Message(DATA, message.sequence, self._failure(ICC_MUTE))
            self._powered = card, state.insertions
        return Message(DATA, message.sequence, answer_status(ACTIVE), card.atr)

    def _transfer(self, message: Message) -> Message | None:
        self.slot.count_command()
        if self._card() != ACTIVE:
            return Message(DATA, message.sequence, self._failure(ICC_MUTE))
        assert self._powered is not None
        card, fault = self._powered[0], self.fault
        if fault is not None and fault.due():
            return self._go_wrong(message, card, fault)
        answer = card.answer(message.data)
        if self._card() != ACTIVE:  # pulled while it worked: what it did, it did
            return Message(DATA, message.sequence, self._failure(ICC_MUTE))
        return Message(DATA, message.sequence, answer_status(ACTIVE), answer)

    def _go_wrong(self, message: Message, card: SimulatedCard, fault: CardFaults) -> Message | None:
        ok = answer_status(ACTIVE)
        if fault.kind == "status":
            return Message(DATA, message.sequence, ok, fault.status.to_bytes(2, "big"))
        if fault.kind == "reset":
            return Message(DATA, message.sequence, ok, card.answer(message.data))
        card.answer(message.data, fault.written_bytes)
        if fault.kind == "short":
            return Message(DATA, message.sequence, ok, b"\x90")
        if fault.kind == "hang":
            return None
        if fault.kind == "pull":
            self.slot.pull()
        return Message(DATA, message.sequence, self._failure(ICC_MUTE))

    def _failure(self, error: int) -> bytes:
        return answer_status(self._card(), FAILED, error)

    def _drop(self) -> None:
        if self._powered is not None:
            self._powered[0].close()
            self._powered = None


def _point(link: Path, target: str) -> None:
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)
