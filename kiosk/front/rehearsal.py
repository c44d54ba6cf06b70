"""Opening a rehearsal home: its catalogue, its operators, its simulated meters and cards."""

from __future__ import annotations

from pathlib import Path

from kiosk.config import Settings
from kiosk.domain import catalogue as catalogues
from kiosk.domain import facts
from kiosk.errors import Refusal
from kiosk.front import card_keys, utility
from kiosk.front.home import Home
from kiosk.front.makers_keys import makers_key
from kiosk.front.utility_registry import played_catalogue
from kiosk.front.world import World
from kiosk.till.operators import hash_pin

#: Written when all simulated things exist, so that a start that was killed is done again.
_BUILT = "built"


def furnish_home(home: Home, settings: Settings, folder: Path | None = None) -> World:
    """The world of this home; on first use the utility is registered and its things are made."""
    module = card_keys.simulated_module(settings, folder or home.path / "world")
    maker = makers_key(settings, home.path)
    world = World(home.path, home.journal.records, folder, module, maker)
    if home.journal.read_only:
        return world
    if home.journal.records.tariff() is None:
        _register_utility(home, settings)
        _register_money(home, settings)
    if home.journal.records.operator(utility.OPERATORS[-1][0]) is None:
        _register_operators(home)
    marker = world.folder / _BUILT
    if not marker.exists():
        content = played_catalogue(settings)
        world.build(content.meters, content.cards)
        marker.touch()
    world.clear_gone_slots()
    return world


def _register_utility(home: Home, settings: Settings) -> None:
    content = played_catalogue(settings)
    received = catalogues.received(content)
    outcome = home.journal.append(received, content=catalogues.encode(content))
    assert not isinstance(outcome, Refusal), outcome


def _register_money(home: Home, settings: Settings) -> None:
    from kiosk.front.utility_accounts import opening_facts

    last = home.journal.after(home.journal.head().sequence - 1, 1)[0]
    written = opening_facts(settings.rehearsal.customers, settings.site.currency, last.time_ms)
    if written:
        outcome = home.journal.append(*written)
        assert not isinstance(outcome, Refusal), outcome


def _register_operators(home: Home) -> None:
    """Those that are not there yet: another process may do the same, and older homes lack one."""
    known = home.journal.records.operator
    missing = [(name, role) for name, role in utility.OPERATORS if known(name) is None]
    if missing:
        pin_hash = hash_pin(utility.REHEARSAL_PIN, home.pepper)
        registered = [
            facts.OperatorRegistered(name, role, pin_hash, "rehearsal") for name, role in missing
        ]
        home.journal.append(*registered)
