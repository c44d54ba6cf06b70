"""The editor of prices: the file on the left, its worked example on the right, priced again after
each change (E35)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from kiosk.domain import tariff_editing as editing
from kiosk.domain.tariff_toml import Fault
from kiosk.errors import Refusal
from kiosk.screens.prices.asking import AddMenu, example_form
from kiosk.screens.prices.example import example_lines, fault_lines
from kiosk.screens.prices.file_view import FileView
from kiosk.screens.prices.publish import Changes
from kiosk.screens.prices.work import Work
from kiosk.screens.staff.entry import TextEntry
from kiosk.screens.staff.frame import StaffFrame
from kiosk.screens.tariff_telling import fault_sentence
from kiosk.till import tariff_drafts
from kiosk.till.tariff_drafts import Worked


class Editor(StaffFrame):
    """Arrows choose a line, Enter opens it, digits do the rest; every change is kept at once."""

    def __init__(self, work: Work, *, opened: bool = False) -> None:
        super().__init__()
        self.work = work
        self._open_at_once = opened
        self._typing = self._whole = False
        self._kept = work.text
        self._found: Worked | list[Fault] | None = None

    # --- what stands there --------------------------------------------------------------------

    def heading(self) -> str:
        """Which file."""
        return self.say("prices.editing", file=self.work.name)

    def body(self) -> Iterable[Widget]:
        """File, example, and the line that is typed."""
        with Horizontal(id="prices"):
            yield FileView()
            yield Static("", id="example", markup=False)
        entry = TextEntry("")
        entry.add_class("-close")
        entry.display = False
        yield entry
        yield Static("", classes="gap")  # the entry's place: the halves never change their size

    def hint(self) -> str:
        """The keys of now."""
        return self.say("prices.entry_keys" if self._typing else "prices.keys")

    def on_mount(self) -> None:
        """Price what is there."""
        self._draw()
        self._price()

    def _draw(self) -> None:
        faulty = [f.line for f in self._found] if isinstance(self._found, list) else []
        self.query_one(FileView).show(self.work.lines, self.work.place, faulty)

    def _price(self) -> None:
        """Keep the text and price it; while that runs no key counts."""
        self.ask(partial(self._keep_and_work, self.work.text), self._priced)

    def _keep_and_work(self, text: str) -> Worked | list[Fault] | Refusal:
        kept = tariff_drafts.keep(self.desk, self.work.name, text) if text != self._kept else None
        if kept is not None:
            return kept
        self._kept = text
        return tariff_drafts.worked(self.desk, text, self.work.asked)

    def _priced(self, found: Worked | list[Fault] | Refusal) -> None:
        if isinstance(found, Refusal):
            self._found = None
            self.note(self.words.refusal(found), "fault")
            return
        self._found = found
        if isinstance(found, list):
            shown = fault_lines(self.words, found)
        else:
            shown = example_lines(self.words, found)
        self.query_one("#example", Static).update("\n".join(shown))
        self._draw()
        self._tell_fault()
        if self._open_at_once:
            self._open_at_once = False
            self._open(whole=False)

    def _tell_fault(self) -> None:
        """What is wrong with the chosen line, or that the file is good."""
        if isinstance(self._found, list):
            here = [fault for fault in self._found if fault.line == self.work.place + 1]
            said = fault_sentence(self.words, here[0]) if here else self.say("prices.has_faults")
            self.note(said, "warn")
        elif self._found is not None:
            self.note(self.say("prices.good"), "good")

    # --- keys while nothing is typed ----------------------------------------------------------

    def press_arrow(self, steps: int) -> None:
        """Choose another line."""
        if not self._typing:
            self.work.place = max(0, min(self.work.place + steps, len(self.work.lines) - 1))
            self._draw()
            self._tell_fault()

    def press_digit(self, digit: int) -> None:
        """What the keys line says."""
        acts: dict[int, Callable[[], None]] = {
            1: self._add, 2: self._remove, 3: self._undo, 4: self._ask_example, 5: self._publish,
            6: partial(self._open, whole=True),
        }  # fmt: skip
        if digit in acts:
            acts[digit]()

    def press_help(self) -> None:
        """What the editor is."""
        self.note(self.say("prices.help"))

    def _edit(self, *, opened: bool = False) -> Editor:
        """The editor again, with the chosen line open or not."""
        return Editor(self.work, opened=opened)

    def _add(self) -> None:
        self.face_app.go(AddMenu(self.work, self._edit))

    def _remove(self) -> None:
        self.work.change(editing.removed(self.work.text, self.work.place))
        self._price()

    def _undo(self) -> None:
        if self.work.undo():
            self._price()
        else:
            self.note(self.say("prices.nothing_to_undo"))

    def _ask_example(self) -> None:
        self.face_app.go(example_form(self, self.work, self._edit))

    def _publish(self) -> None:
        if isinstance(self._found, Worked):
            self.face_app.go(Changes(self.work, self._found.pack, self._edit))
        else:
            self.note(self.say("prices.has_faults"), "warn")

    # --- the line that is typed ---------------------------------------------------------------

    def press_character(self, character: str) -> None:
        """One more character."""
        self.query_one(TextEntry).press(character)

    def press_clear(self) -> None:
        """One character back."""
        if self._typing:
            self.query_one(TextEntry).clear_one()

    def press_other(self, key: str) -> None:
        """Delete empties the entry."""
        if self._typing and key == "delete":
            self.query_one(TextEntry).clear_all()

    def press_enter(self) -> None:
        """Open the chosen line, or take what was typed."""
        if not self._typing:
            self._open(whole=False)
            return
        typed = self.query_one(TextEntry).typed
        self._type(now=False)
        self.work.change(self._with(typed))
        self._price()

    def press_cancel(self) -> None:
        """Leave the line as it was; otherwise leave the editor: everything is kept."""
        if self._typing:
            self._type(now=False)
        else:
            self.face_app.go(self.work.back())

    def _with(self, typed: str) -> str:
        if not self._whole:
            return editing.changed(self.work.text, self.work.place, typed)
        lines = self.work.lines
        lines[self.work.place] = typed
        return "\n".join(lines) + "\n"

    def _open(self, *, whole: bool) -> None:
        line = self.work.lines[self.work.place]
        field = None if whole else editing.field_in(line)
        self._whole = field is None
        entry = self.query_one(TextEntry)
        entry.label = self.say("prices.line", line=self.work.place + 1)
        entry.typed = line
        if field is not None:
            entry.label, entry.typed = f"{entry.label} {field.name}", field.shown
        entry.set_open(True)
        self._type(now=True)

    def takes_text(self) -> bool:
        """Letters and digits are text while a line is open."""
        return self._typing

    def _type(self, *, now: bool) -> None:
        self._typing = now
        self.query_one(TextEntry).display = now
        self.query_one(".gap", Static).display = not now
        self.tell_keys()
