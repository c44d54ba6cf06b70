"""The lists of the past on the screen: which one, of whom, of which time; a row opens in full."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.widget import Widget

from kiosk.screens import registry_telling
from kiosk.screens.staff.answers import day_ms
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.rows import Row, RowsMenu
from kiosk.screens.staff.sale import show_why
from kiosk.screens.staff.table import Table
from kiosk.till import inquiry
from kiosk.till.inquiry import Listing, Span


class RecordsMenu(RowsMenu):
    """Every list, and the overall inquiry."""

    def __init__(self, back: Back) -> None:
        super().__init__()
        self.back = back

    def heading(self) -> str:
        """What this is."""
        return self.say("records.title")

    def help_text(self) -> str:
        """How the lists are asked for."""
        return self.say("registry.menu_help")

    def rows(self) -> list[Row]:
        """A row a list."""
        again = partial(RecordsMenu, self.back)
        rows: list[Row] = [
            (self.say(f"records.list_{name}"), partial(self._ask, name, again))
            for name in inquiry.LISTS
        ]
        return [*rows, (self.say("records.list_overall"), partial(self._overall, again))]

    def _ask(self, name: str, again: Back) -> None:
        def typed(form: Form, answers: list[str]) -> None:
            work = partial(_span, answers)
            asked(form, work, lambda span: form.face_app.go(ListPage(name, span, again)))

        labels = ("number", "from", "until")
        asks = [(self.say(f"records.ask_{label}"), False) for label in labels]
        self.face_app.go(Form(self.say(f"records.list_{name}"), asks, typed, again))

    def _overall(self, again: Back) -> None:
        title = self.say("records.list_overall")

        def typed(form: Form, answers: list[str]) -> None:
            work = partial(inquiry.overall, form.desk, answers[0])
            asked(form, work, lambda found: form.face_app.go(
                Page(title, registry_telling.overall_lines(form.words, found), again)))  # fmt: skip

        self.face_app.go(Form(title, [(self.say("registry.ask_who"), False)], typed, again))

    def press_cancel(self) -> None:
        """Back to where it came from."""
        self.face_app.go(self.back())


def _span(answers: list[str]) -> Span:
    number, first, last = answers
    return Span(day_ms(first, 0), day_ms(last, 2**62, end=True), number.replace(" ", ""))


class ListPage(StaffFrame):
    """One list; Enter opens the chosen row with all its columns."""

    def __init__(self, name: str, span: Span, back: Back) -> None:
        super().__init__()
        self.listing_name, self.span, self.back = name, span, back
        self._found: Listing | None = None

    def heading(self) -> str:
        """Which list."""
        return self.say(f"records.list_{self.listing_name}")

    def body(self) -> Iterable[Widget]:
        """The rows; what does not fit on the line is in the row."""
        columns = inquiry.LISTS[self.listing_name][1]
        yield Table([registry_telling.heading(self.words, column) for column in columns])

    def hint(self) -> str:
        """Arrows, Enter, Esc."""
        return self.say("records.list_keys")

    def on_mount(self) -> None:
        """Read the list."""
        work = partial(inquiry.listing, self.desk, self.listing_name, self.span)
        self.ask_or_say(work, self._listed)

    def _listed(self, found: Listing) -> None:
        self._found = found
        self.query_one(Table).fill(registry_telling.cells(self.words, found))
        if not found.rows:
            self.note(self.say("records.none"))

    def press_arrow(self, steps: int) -> None:
        """Choose another row."""
        self.query_one(Table).move(steps)

    def press_enter(self) -> None:
        """Every column of the chosen row, a line each."""
        if self._found is None or not self._found.rows:
            return
        columns = self._found.columns
        row = registry_telling.cells(self.words, self._found)[self.query_one(Table).chosen]
        heads = [registry_telling.heading(self.words, column) for column in columns]
        lines = [f"{head}: {text}" for head, text in zip(heads, row, strict=True)]
        self.face_app.go(Page(self.heading(), lines, self._again))

    def press_other(self, key: str) -> None:
        """w says why the figures of the chosen sale are what they are; any other row opens."""
        sale = self._sale() if key == "w" else ""
        if sale:
            show_why(self, sale, self._again)
        elif key == "w":
            self.press_enter()

    def _sale(self) -> str:
        """The sale that the chosen row is about, or nothing."""
        if self._found is None or not self._found.rows:
            return ""
        values = self._found.rows[self.query_one(Table).chosen]
        row = dict(zip(self._found.columns, values, strict=True))
        about_sale = str(row.get("event", "")).startswith("sale_")
        return str(row.get("sale") or (row["about"] if about_sale else ""))

    def _again(self) -> ListPage:
        return ListPage(self.listing_name, self.span, self.back)

    def press_cancel(self) -> None:
        """Back."""
        self.face_app.go(self.back())
