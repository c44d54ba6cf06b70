"""What a keyboard, or a stick that types, can send to the terminal of a face: keys come out."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from kiosk.screens.terminal import Bell, FaceDriver

_PATIENCE_S = 60


class Listener(FaceDriver):
    """The driver of a face without its terminal: what it would tell the face."""

    def __init__(self, line: int) -> None:  # the one of Textual takes the process's own terminal
        self.fileno = line
        self.exit_event = Bell()
        self.cursor_origin = None
        self._down_buttons: list[int] = []
        self._last_move_event = None
        self._app = None  # type: ignore[assignment]
        self._in_band_window_resize = False
        self.heard: list[Message] = []
        self._more = threading.Condition()

    def send_message(self, message: Message) -> None:
        with self._more:
            self.heard.append(message)
            self._more.notify_all()

    def typed(self) -> list[str]:
        return [message.key for message in self.heard if isinstance(message, events.Key)]

    def hears(self, key: str, within_s: float = _PATIENCE_S) -> bool:
        with self._more:
            return self._more.wait_for(lambda: key in self.typed(), within_s)


@contextmanager
def listening() -> Iterator[tuple[Listener, int]]:
    line, keyboard = os.pipe()
    listener = Listener(line)
    thread = threading.Thread(target=listener._run_input_thread)
    thread.start()
    try:
        yield listener, keyboard
    finally:
        listener.exit_event.set()
        thread.join(_PATIENCE_S)
        assert not thread.is_alive()
        listener.exit_event.close()
        os.close(line)
        os.close(keyboard)


@pytest.mark.parametrize(
    "typed",
    [
        b"\x1b[48;1;1;0;0t", b"\x1b[48;99999;99999;0;0t", b"\x1b[200~\x1b[48;1;1;0;0t\x1b[201~",
        b"\x1b[?2048;1$y", b"\x1b[?2048;2$y",
    ],
)  # fmt: skip
def test_the_face_keeps_its_size_when_another_is_typed(typed: bytes) -> None:
    with listening() as (listener, keyboard):
        os.write(keyboard, typed)
        os.write(keyboard, b"x")
        assert listener.hears("x")
    assert not [each for each in listener.heard if isinstance(each, events.Resize)]
    assert not listener._in_band_window_resize


@pytest.mark.parametrize(
    "typed",
    [
        b"\xc3\x28\xff\xfe", b"\xf0\x9f\x98", b"\x1b[99999999999999999999u", b"\x1bP1$r\x1b\\",
        b"\x1b[48;0;0;0;0t\x1b[<0;5;5M", b"\x1b]52;c;cm0=\x07", b"\x1b" * 60, b"\x1b[<0;1;1M",
        bytes(range(1, 27)), b"\x1b[<99999999;-1;0M", b"\x1b[0;0R\x1b[?62;c",
        *(f"\x1b[{number}~".encode() for number in (11, 25, 26, 28, 29, 31, 32, 33, 34, 200, 201)),
    ],
)  # fmt: skip
def test_a_key_is_heard_after_whatever_was_typed_before_it(typed: bytes) -> None:
    with listening() as (listener, keyboard):
        os.write(keyboard, typed)
        for _ in range(5):  # the first may be taken for the end of a sequence
            os.write(keyboard, b"x")
            if listener.hears("x", 1.0):
                break
        assert "x" in listener.typed()


def test_a_paste_is_no_key_and_one_that_never_ends_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kiosk.screens.terminal._LONGEST_PASTE", 8000)
    with listening() as (listener, keyboard):
        os.write(keyboard, b"\x1b[200~12\r\x1b[201~a")
        assert listener.hears("a")
        assert listener.typed() == ["a"]
        os.write(keyboard, b"\x1b[200~" + b"7" * 20_000)  # dropped without a pause
        os.write(keyboard, b"\x1b[201~b")
        assert listener.hears("b")


def test_the_reader_sleeps_until_the_next_key_when_nothing_is_half_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asleep = threading.Event()

    class Selector(selectors.SelectSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout is None:
                asleep.set()
            return super().select(timeout)

    monkeypatch.setattr("kiosk.screens.terminal._LOOK_S", 0.03)
    monkeypatch.setattr(selectors, "DefaultSelector", Selector)
    with listening() as (listener, keyboard):
        for typed, heard in ((b"x", "x"), (b"\x1b", "escape"), (b"\x1b[200~y\x1b[201~z", "z")):
            asleep.clear()
            os.write(keyboard, typed)
            assert listener.hears(heard)
            assert asleep.wait(_PATIENCE_S)


def test_a_larger_terminal_gets_a_face_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    size = (10_000, 10_000)
    monkeypatch.setattr(LinuxDriver, "_get_terminal_size", lambda _self: size)
    with listening() as (listener, _):
        assert listener._get_terminal_size() == (500, 200)


def test_the_reader_ends_when_nothing_can_be_typed_any_more() -> None:
    line, keyboard = os.pipe()
    os.close(keyboard)
    listener = Listener(line)
    listener._run_input_thread()
    listener.exit_event.close()
    os.close(line)
    assert listener.heard == []


def test_the_face_goes_on_when_a_shell_would_stop_it() -> None:
    with listening() as (listener, _):
        listener._sigtstp_application()
        assert not listener.can_suspend
