"""The desk of a face whose home is still being opened behind the first frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kiosk.config import Settings
    from kiosk.ports import Clock, Entropy, Hands
    from kiosk.till.desk import Desk


class Unopened:
    """What the first frame asks of a desk; nobody works at it, and nothing can be done."""

    role = operator = damage = ""
    writer = None

    def __init__(self, settings: Settings, clock: Clock, entropy: Entropy) -> None:
        self.settings, self.clock, self.entropy = settings, clock, entropy

    @property
    def currency(self) -> str:
        """The money taken here."""
        return self.settings.site.currency


class Opened(NamedTuple):
    """What the worker has opened: the desk, and in a rehearsal the customer's hands and the PIN."""

    desk: Desk
    hands: Hands | None
    pin: str


class CannotOpenError(Exception):
    """The home did not open; who started the face says why when the screen is gone."""
