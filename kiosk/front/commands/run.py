"""kiosk run: a face on this terminal; without a terminal on the output, the linear face."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from typing import TYPE_CHECKING, cast

from kiosk.errors import StoreFault
from kiosk.front.cli import Context
from kiosk.front.home import LedgerGone
from kiosk.front.night import NightWatch
from kiosk.front.utility import REHEARSAL_PIN
from kiosk.front.wiring import FACES, House, build
from kiosk.till.recover import recover

if TYPE_CHECKING:
    from kiosk.screens.app import Face


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk run` takes."""
    parser.add_argument("--mode", choices=sorted(FACES), help="the face (default: kiosk.toml)")
    parser.add_argument("--linear", action="store_true", help="plain lines, also on a terminal")


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """Open the house, show the face, close the house."""
    face = options.mode or context.settings.site.face
    linear = options.linear or not sys.stdout.isatty()
    cash = face == "self-service"
    with _open(context, face, cash=cash) as house:
        house.desk.role = "self_service" if face == "self-service" else ""
        house.desk.operator = "self-service" if face == "self-service" else ""
        if linear:
            return _linear(house, face)
        return _screen(house, face)


def _open(context: Context, face: str, *, cash: bool):  # type: ignore[no-untyped-def]
    """The house; over a damaged ledger, for enquiries and the rescue alone (E17)."""
    options = {"face": face, "paper": True, "line": True}
    try:
        house = build(context.home, context.settings, cash=cash, **options)  # type: ignore[arg-type]
    except (StoreFault, LedgerGone) as fault:
        _say_once(fault.sentence)
        options["damage"] = fault.sentence
        house = build(context.home, context.settings, **options)  # type: ignore[arg-type]
    watch = NightWatch(house.desk)
    house.later(watch.close)
    house.desk.when_idle = watch.tick
    return contextlib.closing(house)


def _say_once(sentence: str) -> None:
    sys.stderr.write(f"kiosk: {sentence} Read-only: see `kiosk restore`.\n")


def _linear(house: House, face: str) -> int:
    from kiosk.screens.linear import run_linear

    _settle(house)
    return run_linear(house.desk, house.words, house.hands, sys.stdin, sys.stdout, face)


def _screen(house: House, face: str) -> int:
    for name, value in (("TEXTUAL_ANIMATIONS", "none"), ("TEXTUAL_DISABLE_KITTY_KEY", "1")):
        os.environ.setdefault(name, value)
    from kiosk.screens.app import run_app

    pin = REHEARSAL_PIN if house.world is not None else ""
    return run_app(
        house.desk, cast("Face", face), house.words, house.hands, lambda: _settle(house), pin=pin
    )


def _settle(house: House) -> None:
    """Before anything new is sold: finish or undo what was interrupted, whoever signs in later."""
    gc.freeze()
    gc.enable()
    if house.desk.damage:
        return
    operator, role = house.desk.operator, house.desk.role
    house.desk.operator, house.desk.role = operator or "start", "self_service"
    try:
        recover(house.desk)
    finally:
        house.desk.operator, house.desk.role = operator, role
