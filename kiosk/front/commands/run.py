"""kiosk run: a face on this terminal; without a terminal on the output, the linear face.

What a face needs is imported where it is opened: the kiosk's first frame is on the screen before.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from typing import TYPE_CHECKING, cast

from kiosk.errors import Refusal, StoreFault
from kiosk.front.cli import Context

if TYPE_CHECKING:
    from kiosk.front.wiring import House
    from kiosk.screens.face import Face
    from kiosk.screens.unopened import Opened

_FACES = ("cashier", "self-service", "technician")


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk run` takes."""
    parser.add_argument("--mode", choices=_FACES, help="the face (default: kiosk.toml)")
    parser.add_argument("--linear", action="store_true", help="plain lines, also on a terminal")


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """Open the house, show the face, close the house."""
    face = options.mode or context.settings.site.face
    linear = options.linear or not sys.stdout.isatty()
    if face == "self-service" and not linear:
        return _Behind(context).show()
    with contextlib.closing(_open(context, face)) as house:
        if house.desk.damage and linear:
            _say_once(house.desk.damage)
        left = _linear(house, face) if linear else _screen(house, face)
        told = linear or house.desk.rescued is not None
        if house.desk.damage and not told:  # before, it would stand where the face comes
            _say_once(house.desk.damage)
        return left


def _open(context: Context, face: str) -> House:
    """The house; over a damaged ledger, for enquiries and the rescue alone (E17)."""
    from kiosk.front.home import LedgerGone
    from kiosk.front.night import NightWatch
    from kiosk.front.wiring import build
    from kiosk.ledger.stations import takes_nothing

    options = {"face": face, "paper": True, "line": True}
    cash = face == "self-service"
    try:
        house = build(context.home, context.settings, cash=cash, **options)  # type: ignore[arg-type]
    except (StoreFault, LedgerGone) as fault:
        options["damage"] = fault.sentence
        options["paper"] = not takes_nothing(context.home)  # a simulated printer writes too
        house = build(context.home, context.settings, **options)  # type: ignore[arg-type]
    watch = NightWatch(house.desk)
    house.later(watch.close)
    house.desk.when_idle = watch.tick
    house.desk.role = "self_service" if face == "self-service" else ""
    house.desk.operator = "self-service" if face == "self-service" else ""
    return house


def _say_once(sentence: str) -> None:
    sys.stderr.write(f"kiosk: {sentence} Read-only: see `kiosk restore`.\n")


def _linear(house: House, face: str) -> int:
    from kiosk.screens.linear import run_linear

    _settle(house)
    return run_linear(house.desk, house.words, house.hands, sys.stdin, sys.stdout, face)


def _screen(house: House, face: str) -> int:
    _calm_terminal()
    from kiosk.screens.faces import make_face, run_face

    app = make_face(
        house.desk, cast("Face", face), house.words, house.hands, lambda: _settle(house),
        pin=_pin(house),
    )  # fmt: skip
    return run_face(app)


def _calm_terminal() -> None:
    for name, value in (("TEXTUAL_ANIMATIONS", "none"), ("TEXTUAL_DISABLE_KITTY_KEY", "1")):
        os.environ.setdefault(name, value)


def _pin(house: House) -> str:
    from kiosk.front.utility import REHEARSAL_PIN

    return REHEARSAL_PIN if house.world is not None else ""


class _Behind:
    """The kiosk, whose house a worker opens behind the first frame.

    What keeps it from opening is raised when the screen is gone, and reads as for any command.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._house: House | None = None
        self._trouble: Exception | None = None

    def show(self) -> int:
        """Until somebody leaves; the exit code."""
        settings = self._context.settings
        _ask_passphrase(self._context)
        _calm_terminal()
        from kiosk.front.sentences import words_of
        from kiosk.front.system import SystemClock, SystemEntropy
        from kiosk.screens.faces import make_face, run_face
        from kiosk.screens.unopened import Unopened

        words = words_of(settings)
        desk = Unopened(settings, SystemClock(), SystemEntropy())
        try:
            left = run_face(make_face(desk, "self-service", words, None, self._open))
        finally:
            if self._house is not None:
                self._house.close()
        if self._trouble is not None:
            raise self._trouble
        if self._house is not None and self._house.desk.damage:
            _say_once(self._house.desk.damage)
        return left

    def _open(self) -> Opened:
        """In the worker."""
        from kiosk.screens.unopened import CannotOpenError, Opened

        try:
            self._house = house = _open(self._context, "self-service")
        except Exception as error:
            self._trouble = error
            raise CannotOpenError from error
        _settle(house)
        return Opened(house.desk, house.hands, _pin(house))


def _ask_passphrase(context: Context) -> None:
    """Not imported where no key is sealed: it brings the whole of cryptography."""
    keys = context.home / "keys"
    if context.settings.store.lock == "passphrase" or any(keys.glob("sealed*")):
        from kiosk.front.unlock import ask_ahead

        ask_ahead(context.home, context.settings.store)


def _settle(house: House) -> None:
    """Before anything new is sold: finish or undo what was interrupted, whoever signs in later."""
    from kiosk.till.recover import recover

    gc.freeze()
    gc.enable()
    if house.desk.damage:
        return
    operator, role = house.desk.operator, house.desk.role
    house.desk.operator, house.desk.role = operator or "start", "self_service"
    try:
        recovered = recover(house.desk)
        if not isinstance(recovered, Refusal):
            house.desk.settled_at_start = recovered.sales
    finally:
        house.desk.operator, house.desk.role = operator, role
