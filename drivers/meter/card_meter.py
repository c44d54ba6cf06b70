"""A card meter: takes the purchase from a card of the open layout, each purchase once.

It may be a processor card or a memory chip: its answer to reset tells the meter which.

Written from docs/cards.md alone, the table of rules "Meter". The order that protects the customer
and the utility: the meter's own state is on disk before the first byte of the write-back goes to
the card, so a card pulled or a process killed between them is healed by the next insertion, which
answers already_credited and writes back again.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from drivers.meter.card_line import CardLine, Transmit
from drivers.meter.card_secrets import CardSecrets
from drivers.meter.face import REGISTER_WH, CardResult, MeterAnswer, MeterFace
from drivers.meter.memory import MeterMemory
from drivers.meter.memory_line import line_to
from kiosk.domain.energy import CARD_LARGEST_WH, format_kwh
from kiosk.errors import CardFault

_IDENTITY, _IDENTITY_BYTES = 1, 48
_PURCHASE, _PURCHASE_BYTES = 2, 40
_WRITE_BACK, _VALIDITY_AT, _MAC_AT = 3, 39, 31

_LAYOUT = 1
_USER_CARD, _INQUIRY_CARD, _PARAMETER_CARD = 1, 2, 3
_ANY_METER = "0" * 11
_VALID = 0xA5
_NO_MAC = bytes(8)

#: Results that the meter tells the card, by their number in the write-back.
_TOLD = {"credited": 1, "already_credited": 2, "old_purchase": 3, "purchase_number": 4,
         "shown": 9, "parameters": 10}  # fmt: skip


class CardMeterState(msgspec.Struct, frozen=True, tag_field="kind", tag="card"):
    """All registers of a card meter. Energy in Wh; `last_purchase` is the last one credited.

    `card_key` is the master key for cards in hex, given to the maker; a meter without one takes
    cards of the profile without keys and no others.
    """

    number: str
    last_purchase: int = 0
    energy_left_wh: int = 0
    energy_credited_wh: int = 0
    energy_used_wh: int = 0
    last_result: CardResult | None = None
    card_key: str = ""
    alarm_wh: int = 0
    power_limit_w: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.energy_left_wh <= self.energy_credited_wh, self.number


class _Purchase(msgspec.Struct, frozen=True):
    """What the meter wants to know of the purchase file."""

    number: int
    energy_wh: int
    finished: bool
    readable: bool


class CardMeter:
    """The meter `number` whose memory is a file in `folder`; several processes may hold one.

    Every method raises BadInput when no such meter was ever made and DeviceFault when its memory
    is damaged; no card raises.
    """

    def __init__(self, folder: Path, number: str) -> None:
        self.number = number
        self._memory = MeterMemory(folder, number, CardMeterState)

    @classmethod
    def create(cls, folder: Path, state: CardMeterState) -> CardMeter:
        """Make a meter with the registers `state`; one that exists keeps its own."""
        meter = cls(folder, state.number)
        meter._memory.create(state)
        return meter

    def insert(self, transmit: Transmit, atr: bytes = b"") -> MeterAnswer:
        """Put in the card behind `transmit`, which takes one APDU and answers data and status;
        `atr` is its answer to reset, without which it is a processor card."""
        line = line_to(transmit, atr, bytes.fromhex(self._memory.read().card_key))
        try:
            line.select()
            identity = line.read(_IDENTITY, _IDENTITY_BYTES)
            purchase = line.read(_PURCHASE, _PURCHASE_BYTES)
            secrets = self._secrets(identity)
            genuine = secrets is None or not line.proves_itself or secrets.authenticate(line)
        except CardFault:
            return self._fault(0)
        sound = genuine and _macs_right(secrets, identity, purchase)
        state, answer = self._memory.update(lambda state: _taken(state, identity, purchase, sound))
        if answer.result in _TOLD:
            try:
                _write_back(line, _write_back_content(state), secrets)
            except CardFault:
                return self._fault(answer.energy_wh_added)
        return answer

    def _secrets(self, identity: bytes) -> CardSecrets | None:
        """The keys of this card, or None where the meter has no key for cards."""
        key = self._memory.read().card_key
        return CardSecrets(bytes.fromhex(key), identity[4:12]) if key else None

    def consume(self, energy_wh: int) -> int:
        """Use up to `energy_wh`; the energy left in Wh."""
        assert energy_wh >= 0, energy_wh
        return self._memory.update(lambda state: _used(state, energy_wh))

    def registers(self) -> CardMeterState:
        """Everything that the meter knows, for a technician and for tests."""
        return self._memory.read()

    def settings(self) -> str:
        """What parameter cards have set, as its menu shows it to a technician."""
        state = self._memory.read()
        alarm = f"alarm below {format_kwh(state.alarm_wh)} kWh" if state.alarm_wh else "no alarm"
        limit = f"power limit {state.power_limit_w} W" if state.power_limit_w else "no power limit"
        return f"{alarm}, {limit}"

    def show(self) -> MeterFace:
        """What a person reads on the meter now."""
        state = self._memory.read()
        return MeterFace(
            number=state.number,
            kind="card",
            energy_left_wh=state.energy_left_wh,
            energy_left_kwh=format_kwh(state.energy_left_wh),
            energy_credited_wh=state.energy_credited_wh,
            switch="closed" if state.energy_left_wh > 0 else "open",
            last_result=state.last_result,
            last_purchase=state.last_purchase,
        )

    def _fault(self, energy_wh_added: int) -> MeterAnswer:
        return self._memory.update(lambda state: _answered(state, "card_fault", energy_wh_added))[1]


_StateAndAnswer = tuple[CardMeterState, MeterAnswer]


def _taken(
    state: CardMeterState, identity: bytes, purchase_file: bytes, sound: bool
) -> tuple[CardMeterState, _StateAndAnswer]:
    """The state after the card was judged by the table of rules, and the answer to it.

    `sound` says whether the card and what is written on it are of this meter's profile.
    """
    purchase = _read_purchase(purchase_file)
    result = _judge(state, identity, purchase) if sound else "card_not_valid"
    if result == "parameters":
        alarm_wh = int.from_bytes(purchase_file[5:10], "big")
        limit_w = int.from_bytes(purchase_file[10:18], "big")
        state = replace(state, alarm_wh=alarm_wh, power_limit_w=limit_w)
    energy_wh = purchase.energy_wh if result == "credited" else 0
    if result == "credited":
        state = replace(
            state,
            last_purchase=purchase.number,
            energy_left_wh=state.energy_left_wh + energy_wh,
            energy_credited_wh=state.energy_credited_wh + energy_wh,
        )
    return _answered(state, result, energy_wh)


def _judge(state: CardMeterState, identity: bytes, purchase: _Purchase) -> CardResult:
    """The table of docs/cards.md; refusals that write nothing come before those that write."""
    if not _identity_valid(identity) or not purchase.readable:
        return "card_not_valid"
    for_any = identity[1] != _USER_CARD and identity[18:24] == _bcd(_ANY_METER)
    if identity[18:24] != _bcd(state.number) and not for_any:
        return "other_meter"
    if not purchase.finished:
        return "purchase_not_finished"
    if identity[1] == _INQUIRY_CARD:
        return "shown"
    if identity[1] == _PARAMETER_CARD:
        return "parameters"
    if purchase.number == state.last_purchase:
        return "already_credited"
    if purchase.number < state.last_purchase:
        return "old_purchase"
    if purchase.number > state.last_purchase + 1:
        return "purchase_number"
    return "credited" if _fits(state, purchase.energy_wh) else "overflow"


def _fits(state: CardMeterState, energy_wh: int) -> bool:
    """The register holds what is left, and the card's field the total since installation."""
    return (
        state.energy_left_wh + energy_wh <= REGISTER_WH
        and state.energy_credited_wh + energy_wh <= CARD_LARGEST_WH
    )


def _identity_valid(identity: bytes) -> bool:
    """A finished card of layout 1 that a meter knows what to do with."""
    known = (_USER_CARD, _INQUIRY_CARD, _PARAMETER_CARD)
    return identity[47] == _VALID and identity[0] == _LAYOUT and identity[1] in known


def _macs_right(secrets: CardSecrets | None, identity: bytes, purchase: bytes) -> bool:
    """Whether identity and purchase carry the MACs of this card, or none where there is no key.

    An unfinished purchase is not looked at: it counts for nothing anyhow.
    """
    finished = purchase[_VALIDITY_AT] == _VALID
    if secrets is None:
        return identity[39:47] == _NO_MAC and (
            not finished or purchase[_MAC_AT:_VALIDITY_AT] == _NO_MAC
        )
    owner = secrets.is_sealed(bytes((_IDENTITY,)) + identity[:39], identity[39:47])
    bought = bytes((_PURCHASE,)) + purchase[:_MAC_AT] + identity[2:4]
    return owner and (not finished or secrets.is_sealed(bought, purchase[_MAC_AT:_VALIDITY_AT]))


def _read_purchase(file: bytes) -> _Purchase:
    """A purchase that is not finished may hold anything; a finished one must be of our layout."""
    finished = file[_VALIDITY_AT] == _VALID
    return _Purchase(
        number=int.from_bytes(file[1:5], "big"),
        energy_wh=int.from_bytes(file[5:10], "big"),
        finished=finished,
        readable=not finished or file[0] == _LAYOUT,
    )


def _write_back_content(state: CardMeterState) -> bytes:
    """Bytes 0 to 30 of the write-back."""
    assert state.last_result is not None
    content = (
        bytes((_LAYOUT,))
        + state.last_purchase.to_bytes(4, "big")
        + state.energy_credited_wh.to_bytes(5, "big")
        + state.energy_left_wh.to_bytes(5, "big")
        + bytes((_TOLD[state.last_result],))
        + _bcd(state.number)
    )
    return content.ljust(_MAC_AT, b"\x00")


def _write_back(line: CardLine, content: bytes, secrets: CardSecrets | None) -> None:
    """Not valid, content, MAC, valid: a card pulled in between carries no half answer."""
    mac = secrets.content_mac(bytes((_WRITE_BACK,)) + content) if secrets else _NO_MAC
    line.write(_WRITE_BACK, _VALIDITY_AT, b"\x00")
    line.write(_WRITE_BACK, 0, content)
    line.write(_WRITE_BACK, _MAC_AT, mac)
    line.write(_WRITE_BACK, _VALIDITY_AT, bytes((_VALID,)))


def _answered(
    state: CardMeterState, result: CardResult, energy_wh: int
) -> tuple[CardMeterState, _StateAndAnswer]:
    state = replace(state, last_result=result)
    answer = MeterAnswer(result, energy_wh, state.energy_left_wh, _display(result, energy_wh))
    return state, (state, answer)


def _display(result: CardResult, energy_wh: int) -> str:
    if result == "credited":
        return f"CREDITED {format_kwh(energy_wh)} kWh"
    if energy_wh:
        return f"CREDITED {format_kwh(energy_wh)} kWh, INSERT CARD AGAIN"
    return result.upper().replace("_", " ")


def _used(state: CardMeterState, energy_wh: int) -> tuple[CardMeterState, int]:
    used_wh = min(energy_wh, state.energy_left_wh)
    left_wh = state.energy_left_wh - used_wh
    after = replace(state, energy_left_wh=left_wh, energy_used_wh=state.energy_used_wh + used_wh)
    return after, left_wh


def _bcd(number: str) -> bytes:
    """Eleven digits, two in a byte, with a leading 0."""
    return bytes.fromhex(number.rjust(12, "0"))
