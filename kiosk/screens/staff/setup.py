"""The setup menu of a supervisor: parameters, ports, dictionary, slip, prices, operators.

What is set stands in kiosk.toml and is shown here with its sentence; operators are facts and are
registered here.
"""

from __future__ import annotations

from functools import partial

from kiosk.domain.organisation import may
from kiosk.errors import BadInput, Refusal
from kiosk.screens import telling
from kiosk.screens.staff.answers import chosen
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back
from kiosk.screens.staff.page import Page
from kiosk.screens.staff.rows import Row, RowsMenu
from kiosk.till import operators
from kiosk.till.desk import Desk

#: A row of the menu and the sections of kiosk.toml behind it.
_SECTIONS = {
    "parameters": ("site", "limits", "faces", "upstream", "rehearsal"),
    "ports": ("card", "cash", "printer", "vending"),
    "dictionary": ("registry",),
}


class SetupMenu(RowsMenu):
    """One menu for everything that is set up."""

    def __init__(self, back: Back) -> None:
        super().__init__()
        self.back = back

    def heading(self) -> str:
        """What this is."""
        return self.say("setup.title")

    def help_text(self) -> str:
        """Where things are set."""
        return self.say("setup.help")

    def on_mount(self) -> None:
        """Say where things are set."""
        self.note(self.help_text())

    def rows(self) -> list[Row]:
        """Settings by subject, prices, operators, records."""
        shown: list[Row] = [
            (self.say(f"setup.{name}"), partial(self._settings, name)) for name in _SECTIONS
        ]
        return [
            *shown,
            (self.say("setup.slip"), self._slip),
            (self.say("setup.prices"), self._prices),
            (self.say("setup.operators"), self._operators),
            (self.say("setup.new_operator"), self._new_operator),
            (self.say("records.title"), self._records),
        ]

    def _again(self) -> Back:
        return partial(SetupMenu, self.back)

    def _show(self, title: str, lines: list[str]) -> None:
        self.face_app.go(Page(title, lines, self._again()))

    def _settings(self, name: str) -> None:
        wanted = tuple(f"[{section}]" for section in _SECTIONS[name])
        rows = [r for r in telling.setting_rows(self.desk.settings) if r.name.startswith(wanted)]
        lines = [line for r in rows for line in (f"{r.name} = {r.value}", f"    {r.sentence}")]
        self._show(self.say(f"setup.{name}"), lines)

    def _slip(self) -> None:
        """The slip of the invoice format: its head and foot, and how wide it is."""
        site, printer = self.desk.settings.site, self.desk.settings.printer
        lines = [site.utility, site.hall, "...", site.footer, "",
                 f"[printer] columns = {printer.columns}, profile = {printer.profile}"]  # fmt: skip
        self._show(self.say("setup.slip"), lines)

    def _prices(self) -> None:
        found = self.desk.records.tariff()
        lines: list[str] = []
        for entry in found[1].power_types if found else []:
            lines.append(f"{entry.code}: {entry.label}")
            lines += [
                f"    {item.label}: {self.words.price(item.price_minor_per_mwh)}"
                for item in entry.sub_items
            ]
        self._show(self.say("setup.prices"), lines)

    def _operators(self) -> None:
        known = self.desk.records.operators()
        self._show(self.say("setup.operators"), [f"{name}  {role}" for name, role in known])

    def _new_operator(self) -> None:
        def typed(form: Form, answers: list[str]) -> None:
            work = partial(register_operator, form.desk, *answers)
            asked(form, work, lambda said: self._registered(form, said))

        names = ("name", "role", "pin", "pin_again")
        asks = [(self.say(f"setup.ask_{name}"), name.startswith("pin")) for name in names]
        self.face_app.go(Form(self.say("setup.new_operator"), asks, typed, self._again()))

    def _registered(self, form: Form, made: tuple[str, str]) -> None:
        operator, role = made
        said = form.say("setup.registered", operator=operator, role=role)
        form.face_app.go(Page(form.say("setup.new_operator"), [said], self._again()))

    def _records(self) -> None:
        from kiosk.screens.staff.records import RecordsMenu

        self.face_app.go(RecordsMenu(self._again()))

    def press_cancel(self) -> None:
        """Back to where it came from."""
        self.face_app.go(self.back())


def register_operator(
    desk: Desk, name: str, role: str, pin: str, again: str
) -> tuple[str, str] | Refusal:
    """Let somebody sign in: name and role. BadInput for a PIN that is too short."""
    if not may(desk.role, "operators"):
        return Refusal("no_right", {"right": "operators"})
    if pin != again:
        return Refusal("pins_differ")
    bare, wanted = name.strip(), chosen(role, operators.ROLES)
    if not (bare.isascii() and bare.isalnum() and len(bare) <= 40):
        raise BadInput("An operator is named with letters and digits.")
    operators.register(desk, bare, wanted, pin, desk.operator)
    return bare, wanted
