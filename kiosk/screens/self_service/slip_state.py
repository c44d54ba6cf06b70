"""How the slip stands, on every screen after the sale; the sale itself never waits for it (E04)."""

from __future__ import annotations

from functools import partial

from kiosk.ports import SlipState
from kiosk.screens.self_service.visit import Step, Visit
from kiosk.till.desk import Desk
from kiosk.till.paper import print_slip

_TOLD: dict[SlipState, tuple[str, str]] = {
    "printing": ("slip_printing", "plain"),
    "printed": ("take_slip", "good"),
    "unknown": ("slip_unknown", "warn"),
    "failed": ("slip_failed", "warn"),
}


def slip_state(desk: Desk, visit: Visit) -> SlipState:
    """The job as the press knows it; no press is a slip that did not come."""
    if desk.slips is None or not visit.job:
        return "failed"
    return desk.slips.outcome(visit.job)


def slip_sentence(step: Step, visit: Visit, state: SlipState) -> tuple[str, str]:
    """What to say about it and how loud."""
    key, kind = _TOLD[state]
    if state != "failed":
        return step.say(f"kiosk.{key}"), kind
    way = "slip_failed_card" if visit.by_card else "slip_failed"
    again = step.say("kiosk.slip_again") if step.desk.slips is not None else ""
    return f"{step.say(f'kiosk.{way}')} {again}".strip(), kind


def print_again(desk: Desk, visit: Visit) -> str:
    """The same slip under the same name: what did not come out was no copy."""
    return print_slip(desk, visit.record) if visit.record and desk.writer else ""


def forget_slip(step: Step, visit: Visit) -> None:
    """The customer has gone: what did not come out must not come out for the next one."""
    slips = step.desk.slips
    if slips is not None and visit.job:
        step.face_app.ask(partial(slips.abandon, visit.job), lambda _done: None, group="paper")
