"""What a keypad meter knows, and which identifiers it has already taken."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from drivers.meter.decoder import KEY_BYTES, Algorithm, Block
from drivers.meter.face import KeypadResult, Switch
from drivers.meter.registers import ELECTRICITY

#: How many identifiers a meter remembers; 50 is often quoted (sts-facts 5, confidence D).
IDENTIFIERS_KEPT = 50

#: A key with this expiry never expires in practice (sts-facts 2).
NEVER_EXPIRES = 255


class KeypadState(msgspec.Struct, frozen=True, tag_field="kind", tag="keypad"):
    """All registers of a keypad meter. Energy in Wh, power in W, identifiers in ascending order.

    `key_sections` are the key change sections that wait for the rest of their set, by subclass.
    `values` and `flags` are what extended tokens have set, by index. `forgotten` is an identifier
    up to which the meter no longer knows which ones it has taken: they are old. `register` is what
    it counts; credit that is no electricity stands in `credit_left`, in units of its tokens.
    """

    number: str
    account_number: str
    algorithm: Algorithm
    decoder_key: bytes
    supply_group: str
    key_revision: int
    tariff_index: int
    key_type: int
    base_date: int
    key_expiry: int = NEVER_EXPIRES
    identifiers: list[int] = []
    energy_left_wh: int = 0
    energy_credited_wh: int = 0
    energy_used_wh: int = 0
    power_limit_w: int | None = None
    phase_unbalance_limit_w: int | None = None
    tariff_rate: int = 0
    tampered: bool = False
    key_sections: dict[int, int] = {}
    values: dict[int, int] = {}
    flags: dict[int, int] = {}
    tokens_accepted: int = 0
    last_result: KeypadResult | None = None
    forgotten: int = -1
    register: str = ELECTRICITY
    credit_left: int = 0
    credit_given: int = 0
    water_factor: int | None = None

    def __post_init__(self) -> None:
        assert len(self.decoder_key) == KEY_BYTES[self.algorithm], self.number
        assert len(self.identifiers) <= IDENTIFIERS_KEPT, self.number
        assert self.energy_left_wh >= 0 and self.credit_left >= 0, self.number

    @property
    def switch(self) -> Switch:
        """The load switch, or a valve that lets through while it is closed: there is credit and
        nobody has opened the case."""
        left = self.energy_left_wh if self.register == ELECTRICITY else self.credit_left
        return "closed" if left > 0 and not self.tampered else "open"

    @property
    def maker(self) -> int:
        """The manufacturer code: two digits of an 11-digit number, four of a 13-digit one."""
        return int(self.number[: len(self.number) - 9])


class Outcome(msgspec.Struct, frozen=True):
    """What a token does to a meter: the registers after it, the result, the text on the display."""

    state: KeypadState
    result: KeypadResult
    display: str
    energy_wh_added: int = 0


def refused(state: KeypadState, result: KeypadResult) -> Outcome:
    """The token changes nothing but the last result."""
    assert result != "accepted"
    return Outcome(replace(state, last_result=result), result, f"REJECTED {_spoken(result)}")


def accepted(state: KeypadState, display: str, energy_wh_added: int = 0) -> Outcome:
    """The token has made `state` of the registers."""
    after = replace(state, last_result="accepted", tokens_accepted=state.tokens_accepted + 1)
    return Outcome(after, "accepted", display, energy_wh_added)


def with_identifier(state: KeypadState, block: Block) -> KeypadState | KeypadResult:
    """The state that remembers the token's identifier, or why it may not be taken.

    A key is good for identifiers up to its expiry, in steps of 2^16 minutes (sts-facts 3.4,
    CTSA16). An identifier below the lowest kept one is old once the list is full, because the
    meter can no longer know whether it has seen it (sts-facts 5).
    """
    identifier, kept = block.identifier, state.identifiers
    if identifier >> 16 > state.key_expiry:
        return "key_expired"
    if identifier in kept:
        return "used"
    if identifier <= state.forgotten or (len(kept) == IDENTIFIERS_KEPT and identifier < kept[0]):
        return "old"
    return replace(state, identifiers=sorted([*kept, identifier])[-IDENTIFIERS_KEPT:])


def _spoken(result: KeypadResult) -> str:
    return result.upper().replace("_", " ")
