"""Which security module holds the keys of the cards: published test keys, a sam in a slot, or none.

A rehearsal plays the sam too: a simulated one sits in a slot of its own beside the card's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kiosk.config import Settings
from kiosk.errors import ConfigFault
from kiosk.front.world import SAM
from kiosk.ports import SecurityModule

Later = Callable[[Callable[[], object]], None]


def module_of(settings: Settings, later: Later) -> SecurityModule | None:
    """The module behind a reader of the real service; `later` takes what must be closed.

    ConfigFault for test keys at a site that sells for real, and for a sam without a reader.
    """
    card = settings.card
    if card.module == "none":
        return None
    if card.module == "software":
        if settings.site.mode == "real":
            raise ConfigFault(
                '[card] module is "software", whose keys are published: set "sam", or "none" for'
                " cards without keys."
            )
        return _software()
    if not card.module_reader:
        raise ConfigFault('[card] module is "sam": set module_reader to the reader it sits in.')
    from drivers.card.pcsc import PcscTransport
    from drivers.card.sam import SamModule

    transport = PcscTransport(card.module_reader)
    later(transport.close)
    return SamModule(transport, card.apdu_timeout_s)


def simulated_module(settings: Settings, world: Path) -> SecurityModule | None:
    """The module of a rehearsal whose simulated things stand in `world`."""
    if settings.card.module == "none":
        return None
    if settings.card.module == "software":
        return _software()
    from drivers.card.sam import SamModule
    from drivers.card.sim import SimulatedSlot, put_sam_in
    from drivers.card.simulated_reader import SimulatedTransport
    from drivers.vending.card_keys import PUBLISHED_MASTER

    slot = SimulatedSlot(world, SAM)
    put_sam_in(slot, PUBLISHED_MASTER)
    return SamModule(SimulatedTransport(slot), settings.card.apdu_timeout_s)


def _software() -> SecurityModule:
    from drivers.vending.card_keys import SoftwareCardModule

    return SoftwareCardModule()
