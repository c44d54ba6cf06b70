"""kiosk demo: terminals and a centre on this machine, lines cut at random; the figures converge."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from kiosk.config import Settings
from kiosk.domain.energy import format_kwh
from kiosk.domain.money import format_amount
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.demo import Outcome, play


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk demo` takes."""
    parser.add_argument("--headless", action="store_true", help="only the final table")
    parser.add_argument("--sales", type=int, default=200, help="how many sales (default 200)")
    parser.add_argument("--seed", type=int, help="replay a story; printed at the end")
    parser.add_argument("--terminals", type=int, default=3, help="at least three (default 3)")
    parser.add_argument("--json", action="store_true")


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """Play it; exit 1 unless all sides agree."""
    if options.sales < 1 or options.terminals < 3:
        return say.trouble("The demo needs at least one sale and three terminals.")
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="kiosk-demo-"))
    quiet = options.headless or options.json
    try:
        outcome = play(
            folder, _settings(context), terminals=options.terminals, sales=options.sales,
            seed=seed, tell=(lambda _line: None) if quiet else _tell,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        say.json(outcome)
    else:
        _print(outcome, context.settings.site.currency)
    if outcome.differences:
        return say.trouble("The figures differ: " + "; ".join(outcome.differences))
    return 0


def _settings(context: Context) -> Settings:
    """The demo is a rehearsal whatever kiosk.toml says, and has homes of its own."""
    from kiosk.config import Rehearsal, Site

    site = context.settings.site
    return Settings(
        site=Site(currency=site.currency, language=site.language, timezone=site.timezone),
        rehearsal=Rehearsal(customers=context.settings.rehearsal.customers),
    )


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


def _print(outcome: Outcome, currency: str) -> None:
    say.out(
        f"{'':<10} {'sold':>6} {'delivered':>10} {'voided':>7} {'in doubt':>9}"
        f" {'money ' + currency:>16} {'energy kWh':>14}"
    )
    for side in outcome.sides:
        say.out(
            f"{side.side:<10} {side.sold:>6} {side.delivered:>10} {side.voided:>7}"
            f" {side.in_doubt:>9} {format_amount(side.amount_minor, currency):>16}"
            f" {format_kwh(side.energy_wh):>14}"
        )
    say.out(f"{'meters':<10} {'':>6} {'':>10} {'':>7} {'':>9} {'':>16} "
            f"{format_kwh(outcome.meters_wh):>14}")  # fmt: skip
    verdict = "the figures DIFFER" if outcome.differences else "all sides agree"
    say.out(f"seed {outcome.seed}: {verdict}; {outcome.refused} customers were refused")
