"""A line of text being typed, under its label."""

from __future__ import annotations

from textual.widgets import Static

_LONGEST = 200
#: Of a longer text its end is shown, where the next character goes: label, text and cursor have so
#: many columns in the frame of an entry.
_COLUMNS = 72
_FEWEST = 12


class TextEntry(Static):
    """What is typed at a counter; `secret` shows only how much. The screen passes keys on."""

    def __init__(self, label: str, typed: str = "", *, secret: bool = False) -> None:
        super().__init__(markup=False)
        self.label, self.typed, self.secret = label, typed, secret
        self.open = True

    def on_mount(self) -> None:
        """Show what is there already."""
        self._show()

    def press(self, character: str) -> None:
        """Take one more character."""
        if len(self.typed) < _LONGEST:
            self.typed += character
            self._show()

    def clear_one(self) -> None:
        """Take the last character away."""
        self.typed = self.typed[:-1]
        self._show()

    def clear_all(self) -> None:
        """Empty it."""
        self.typed = ""
        self._show()

    def set_open(self, now_open: bool) -> None:
        """Whether keys go here now; shown by the cursor."""
        self.open = now_open
        self._show()

    def _show(self) -> None:
        shown = "*" * len(self.typed) if self.secret else self.typed
        room = max(_FEWEST, _COLUMNS - len(self.label) - len(": _"))
        if len(shown) > room:
            shown = f"...{shown[3 - room :]}"
        self.set_class(self.open, "-open")
        self.update(f"{self.label}: {shown}{'_' if self.open else ''}")
