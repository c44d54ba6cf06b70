"""An answer that comes too late is never taken for the answer to the next question.

The values of notes are asked for one after the other, and their answers name no number: one that
is shifted would make every note of a type worth another one's amount.
"""

from __future__ import annotations

import os
import select
import threading
import tty

from drivers.cash.cctalk_frames import BILL_VALIDATOR, HOST, Frame, FrameReader, build
from drivers.cash.cctalk_line import REPLY, CctalkLine

BILL_NAME = 157


class LateDevice(threading.Thread):
    """Is silent at the first question; answers it when it is asked again, and then once more,
    whenever that second answer does most harm: after the next question, or into the silence."""

    def __init__(self, master: int) -> None:
        super().__init__(name="late note acceptor")
        self.master, self.late = master, ""
        self._reader = FrameReader("sum", frozenset((HOST, BILL_VALIDATOR)))
        self._waiting: list[Frame] = []

    def run(self) -> None:
        first = self._question(60.0)
        again = self._question(60.0)
        assert first is not None and again == first
        self._answer(first)
        following = self._question(0.05)
        self.late = "into the silence" if following is None else "after the next question"
        self._answer(first)
        following = following or self._question(60.0)
        assert following is not None
        self._answer(following)

    def _question(self, timeout_s: float) -> Frame | None:
        while not self._waiting:
            if not select.select([self.master], [], [], timeout_s)[0]:
                return None
            self._waiting += self._reader.feed(os.read(self.master, 512))
        return self._waiting.pop(0)

    def _answer(self, question: Frame) -> None:
        data = b"ZZ000%dA" % question.data[0]
        os.write(self.master, build(Frame(HOST, REPLY, data, BILL_VALIDATOR), "sum"))


class CountingDevice(LateDevice):
    """Numbers its answers, as a list of events grows: an old one is known by its number."""

    answers = 0

    def _answer(self, question: Frame) -> None:
        self.answers += 1
        super()._answer(Frame(question.destination, question.header, bytes((self.answers,)), 0))


def asked(kind: type[LateDevice], *numbers: int) -> list[bytes]:
    """What the line makes of the device's answers."""
    master, slave = os.openpty()
    tty.setraw(slave)
    device = kind(master)
    line = CctalkLine(os.ttyname(slave), reply_timeout_s=0.4, tries=2)
    device.start()
    try:
        answers = [line.ask(BILL_NAME, bytes((number,)), sizes=(7,)) for number in numbers]
    finally:
        line.close()
        device.join()
        os.close(master)
        os.close(slave)
    assert device.late == "into the silence"
    return answers


def test_the_next_question_gets_its_own_answer_when_the_one_before_came_twice() -> None:
    assert asked(LateDevice, 1, 2) == [b"ZZ0001A", b"ZZ0002A"]


def test_the_same_question_gets_a_new_answer_when_an_old_one_is_still_on_its_way() -> None:
    assert asked(CountingDevice, 1, 1) == [b"ZZ0001A", b"ZZ0003A"]
