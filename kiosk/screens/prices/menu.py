"""The menu of prices: in force, all that are known, and the drafts of whoever may change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from textual.widget import Widget

from kiosk.domain.organisation import may
from kiosk.errors import Refusal
from kiosk.screens.prices.editor import Editor
from kiosk.screens.prices.work import Work
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.table import Table
from kiosk.screens.tariff_telling import pack_lines, pack_row
from kiosk.till import tariff_drafts
from kiosk.till.tariff_drafts import Draft


class PricesMenu(StaffFrame):
    """Everybody may look; drafts are for those who put prices into force."""

    def __init__(self, back: Back) -> None:
        super().__init__()
        self.back = back
        self._acts: list[Callable[[], None]] = []

    def heading(self) -> str:
        """What this is."""
        return self.say("setup.prices")

    def body(self) -> Iterable[Widget]:
        """The rows."""
        yield Table([self.say("prices.drafts")])

    def hint(self) -> str:
        """Arrows and Enter."""
        return self.say("tokens.list_keys")

    def on_mount(self) -> None:
        """Read the drafts."""
        if may(self.desk.role, "tariffs"):
            self.ask(partial(tariff_drafts.drafts, self.desk), self._listed)
        else:
            self._fill([])

    def _listed(self, found: list[Draft] | Refusal) -> None:
        if isinstance(found, Refusal):
            self.note(self.words.refusal(found), "warn")
            found = []
        self._fill(found)

    def _fill(self, drafts: list[Draft]) -> None:
        rows = [(self.say("prices.in_force"), self._sheet), (self.say("prices.all"), self._all)]
        if may(self.desk.role, "tariffs"):
            rows.append((self.say("prices.begin"), self._begin))
            rows += [(self._named(draft), partial(self._open, draft.name)) for draft in drafts]
        self._acts = [act for _, act in rows]
        self.query_one(Table).fill(
            [[f"{n if n < 10 else ' '} {text}"] for n, (text, _) in enumerate(rows, 1)]
        )

    def _named(self, draft: Draft) -> str:
        if draft.faults:
            return f"{draft.name}: {self.say('prices.faults', count=draft.faults)}"
        state = self.say("prices.published") if draft.published else self.say("prices.draft")
        return f"{draft.name}: {state}"

    def _again(self) -> Back:
        return partial(PricesMenu, self.back)

    def _sheet(self) -> None:
        found = self.desk.records.tariff_at(self.desk.clock.now().time_ms)
        lines = pack_lines(self.words, found[1]) if found is not None else []
        self.face_app.go(Page(self.say("prices.in_force"), lines, self._again()))

    def _all(self) -> None:
        records = self.desk.records
        found = records.tariff_at(self.desk.clock.now().time_ms)
        digest = found[0] if found is not None else ""
        lines = [pack_row(self.words, pack, digest).text for _, pack in records.tariffs()]
        self.face_app.go(Page(self.say("prices.all"), lines, self._again()))

    def _begin(self) -> None:
        self.ask_or_say(partial(tariff_drafts.begin, self.desk), self._open)

    def _open(self, name: str) -> None:
        self.ask_or_say(
            partial(tariff_drafts.text_of, self.desk, name), partial(self._opened, name)
        )

    def _opened(self, name: str, text: str) -> None:
        self.face_app.go(Editor(Work(name, text, self._again())))

    def press_arrow(self, steps: int) -> None:
        """Choose another row."""
        self.query_one(Table).move(steps)

    def press_digit(self, digit: int) -> None:
        """Open the row with this number."""
        if 1 <= digit <= len(self._acts):
            self._acts[digit - 1]()

    def press_enter(self) -> None:
        """Open the chosen row."""
        if self._acts:
            self._acts[self.query_one(Table).chosen]()

    def press_cancel(self) -> None:
        """Back to where it came from."""
        self.face_app.go(self.back())
