"""Facts about tokens that are no sale, and about the keys that they are made with."""

from __future__ import annotations

import msgspec

from kiosk.domain.credit_registers import ELECTRICITY
from kiosk.domain.fact import Fact
from kiosk.domain.special_tokens import KeyPlace, SpecialRequest


class TokenCommitted(Fact, frozen=True, omit_defaults=True):
    """A token that is no sale shall be made: the intention, before the module is asked.

    `operation` is free_units, replacement, key_change, meter_test or an operation of class 2.
    `second` is the other person where two are needed, `first_sale` the sale whose token is
    replaced; each is empty otherwise. `energy_wh` is what the token gives, 0 for none.
    `meter_result` is what the meter said to the token that is replaced (E25); it is left out of any
    other token.
    """

    KIND = "token_committed"
    issue_id: str
    station: str
    operator: str
    second: str
    face: str
    meter: str
    operation: str
    reason: str
    first_sale: str
    energy_wh: int
    request: SpecialRequest
    meter_result: str = ""

    def identity(self) -> str:
        """The id is made once and is the module's message id."""
        return f"token/{self.issue_id}"


class TokenIssued(Fact, frozen=True, omit_defaults=True):
    """The module has made it: one token, or the set of a key change in printing order.

    Meter, operation and energy stand here again, so that its postings need nothing else. `how` is
    "normal" or "recovered". `register` and `units` say the same of a credit that is no electricity;
    both are left out of any other token.
    """

    KIND = "token_issued"
    issue_id: str
    meter: str
    operation: str
    energy_wh: int
    tokens: list[str]
    how: str
    register: str = ELECTRICITY
    units: int = 0

    def identity(self) -> str:
        """A token outside a sale ends once; issued and refused share the key."""
        return f"token_end/{self.issue_id}"


class TokenRefused(Fact, frozen=True):
    """The module decided that it makes no such token; its identifier stays used."""

    KIND = "token_refused"
    issue_id: str
    reason: str

    def identity(self) -> str:
        """A token outside a sale ends once; issued and refused share the key."""
        return f"token_end/{self.issue_id}"


class TokenReprinted(Fact, frozen=True):
    """A copy of a token slip, marked COPY n, left for the printer."""

    KIND = "token_reprinted"
    issue_id: str
    copy: int
    by: str


class ImportedKey(msgspec.Struct, frozen=True):
    """A vending key of an imported file: what it is for and its check value, never the key."""

    supply_group: str
    key_revision: int
    key_type: int
    base_date: int
    algorithm: str
    check_value: str
    key_expiry: int
    active_from_ms: int
    active_until_ms: int | None


class KeyFileImported(Fact, frozen=True):
    """Two persons brought a key file to the module; `digest` is the SHA-256 of the file."""

    KIND = "key_file_imported"
    digest: str
    module: str
    keys: list[ImportedKey]
    operator: str
    second: str

    def identity(self) -> str:
        """A file is imported once: its limits would count twice."""
        return f"key_file/{self.digest}"


class MeterKeyChanged(Fact, frozen=True):
    """Somebody saw that the meter took all sections of a key change: it is under another key."""

    KIND = "meter_key_changed"
    issue_id: str
    meter: str
    place: KeyPlace
    operator: str

    def identity(self) -> str:
        """A set changes the meter's key once."""
        return f"key_changed/{self.issue_id}"


FACTS: tuple[type[Fact], ...] = (
    TokenCommitted, TokenIssued, TokenRefused, TokenReprinted, KeyFileImported, MeterKeyChanged,
)  # fmt: skip
