"""The smallest Textual program, the baseline of faces: one line of text, or --input, a field."""

from __future__ import annotations

import sys

from textual.app import App, ComposeResult
from textual.widgets import Input, Static

READY = "HELLO-READY"


class Hello(App[None]):
    """One widget."""

    def compose(self) -> ComposeResult:
        """The field or the line."""
        if "--input" in sys.argv:
            yield Input()
        yield Static(READY)


if __name__ == "__main__":
    Hello().run()
