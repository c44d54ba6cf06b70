"""Facts about operators beyond registration and sign-in: cards, locks, the end of a service."""

from __future__ import annotations

from kiosk.domain.fact import Fact


class OperatorCardGiven(Fact, frozen=True):
    """From now on the operator signs in with this card in the reader too; "" takes it back."""

    KIND = "operator_card_given"
    operator: str
    serial: str
    by: str


class OperatorUnlocked(Fact, frozen=True):
    """A supervisor ended the wait after wrong PINs."""

    KIND = "operator_unlocked"
    operator: str
    by: str


class OperatorRetired(Fact, frozen=True):
    """The operator signs in no more; what was done under the name stays under the name."""

    KIND = "operator_retired"
    operator: str
    by: str
    reason: str


class LockedSignInRefused(Fact, frozen=True):
    """An attempt during the wait: evidence that does not make the wait longer."""

    KIND = "locked_sign_in_refused"
    operator: str
    station: str


class PinSecretKept(Fact, frozen=True):
    """The PINs of this home are keyed with the secret that has this check value: one that was
    exchanged is told apart from a wrong PIN. It says nothing about the secret of 32 bytes."""

    KIND = "pin_secret_kept"
    check: bytes


FACTS: tuple[type[Fact], ...] = (
    OperatorCardGiven, OperatorUnlocked, OperatorRetired, LockedSignInRefused,
    PinSecretKept,
)  # fmt: skip
