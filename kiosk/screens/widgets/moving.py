"""A sign that moves while something is done: work that takes time must not look like a crash."""

from __future__ import annotations

from textual.widgets import Static

_LENGTH = 24
_BLOCK = 5


def bar(step: int, length: int = _LENGTH) -> str:
    """The bar at `step`: a block that runs to the end and back."""
    room = length - _BLOCK
    place = step % (2 * room)
    place = place if place <= room else 2 * room - place
    return "[" + " " * place + "#" * _BLOCK + " " * (room - place) + "]"


class Moving(Static):
    """A running bar, four steps a second; no animation, so it costs nothing on a slow machine."""

    def __init__(self) -> None:
        super().__init__(bar(0), markup=False)
        self._step = 0

    def on_mount(self) -> None:
        """Begin to move."""
        self.set_interval(0.25, self._move)

    def _move(self) -> None:
        self._step += 1
        self.update(bar(self._step))
