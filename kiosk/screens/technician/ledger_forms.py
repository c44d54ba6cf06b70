"""Two acts around the ledger: two persons confirm the time; a backup is made now."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kiosk.ports import Moment
from kiosk.screens.staff.form import Form, asked
from kiosk.screens.staff.frame import Back, StaffFrame
from kiosk.screens.staff.page import Page
from kiosk.till import clock, copies


def clock_form(screen: StaffFrame, back: Back) -> Form:
    """The other person gives name and PIN; whoever is signed in is the first."""
    title = screen.say("technician.clock_title")

    def done(form: Form, _moment: Moment) -> None:
        form.face_app.go(Page(title, [form.say("technician.clock_done")], back))

    def act(form: Form, answers: list[str]) -> None:
        work = partial(clock.confirm_clock, form.desk, answers[0], answers[1])
        asked(form, work, partial(done, form))

    questions = [
        (screen.say("technician.ask_second"), False),
        (screen.say("technician.ask_second_pin"), True),
    ]
    shown = screen.words.time(screen.desk.clock.now().time_ms)
    return Form(title, questions, act, back, [screen.say("technician.clock_now", time=shown)])


def backup_form(screen: StaffFrame, back: Back) -> Form:
    """Where the backup goes."""
    title = screen.say("technician.backup_title")

    def done(form: Form, file: str, made: copies.Backup) -> None:
        told = form.say("technician.backup_done", upto=made.upto, file=file)
        form.face_app.go(Page(title, [told], back))

    def act(form: Form, answers: list[str]) -> None:
        work = partial(copies.backup, form.desk, Path(answers[0]))
        asked(form, work, partial(done, form, answers[0]))

    return Form(title, [(screen.say("technician.backup_file"), False)], act, back)
