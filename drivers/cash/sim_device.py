"""The inside of a simulated bill validator: commands in, answers out, notes moved in between.

Whatever it will still know after a power cut is on disk before it answers. Its event counter
survives power cuts, as in devices with a memory of their own; the fault `reset` shows the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from drivers.cash import sim_store
from drivers.cash.cctalk_events import POLL_BYTES, REMEMBERED_EVENTS
from drivers.cash.cctalk_frames import BILL_VALIDATOR, HOST, Frame
from drivers.cash.sim_store import Fate, Held
from kiosk.domain.money import decimals

SERIAL = 4711

#: Faults that stay while their file is there, with the events for "came" and "went", if any.
_LASTING: dict[str, tuple[int | None, int | None]] = {
    "jam": (None, None),
    "full": (14, 10),
    "box_removed": (11, 12),
    "mute": (None, None),
}
#: Faults that happen once; the file goes when it has happened.
_ONCE = ("drop_reply", "lost_events", "reset")

FAULTS = (*_LASTING, *_ONCE)

#: What a self-check says of a lasting fault.
_CHECKED = {"jam": 39, "box_removed": 44, "full": 45}

_NAK = 5
_NOT_RECOGNISED, _NOT_ENABLED, _NOT_TAKEN, _RETURNED = 2, 0, 4, 1
_JAM_AT_MOUTH, _JAM_AT_BOX = 6, 7


class BillDevice:
    """One device; `answer` serves a command, `step` lets the mechanics do what is due."""

    def __init__(
        self, folder: Path, notes_minor: Sequence[int], currency: str, country: str
    ) -> None:
        assert 1 <= len(notes_minor) <= 16, notes_minor
        sim_store.prepare(folder)
        self.folder = folder
        self.notes_minor = list(notes_minor)
        self.factor = _factor(notes_minor)
        self.decimals = decimals(currency)
        self.country = country
        self.memory = sim_store.load(folder)
        self._forget_volatile()
        self._finish_after_power_cut()
        self._jam_told = False

    # --- commands -----------------------------------------------------------------------------

    def answer(self, frame: Frame) -> Frame | None:
        """The reply to a command, None for silence. A lost reply was a command obeyed."""
        faults = self._faults()
        if "mute" in faults:
            return None
        reply = self._obey(frame.header, frame.data)
        if "drop_reply" in faults:
            self._fault_is_over("drop_reply")
            return None
        if reply is None:
            return Frame(HOST, _NAK, b"", BILL_VALIDATOR)
        return Frame(HOST, 0, reply, BILL_VALIDATOR)

    def _obey(self, header: int, data: bytes) -> bytes | None:
        texts = {246: b"PAYHALL", 245: b"Bill Validator", 244: b"SIMBILL", 192: b"1"}
        if header in texts:
            return texts[header]
        commands: dict[int, Callable[[bytes], bytes | None]] = {
            254: lambda _: b"",
            242: lambda _: SERIAL.to_bytes(3, "little"),
            241: lambda _: b"1.0",
            232: lambda _: bytes((self._self_check(),)),
            231: self._set_mask,
            230: lambda _: self.mask.to_bytes(2, "little"),
            228: self._set_enabled,
            227: lambda _: bytes((self.enabled,)),
            159: lambda _: self._poll(),
            157: self._bill_name,
            156: self._scaling,
            154: self._route,
            153: self._set_mode,
            152: lambda _: bytes((self.mode,)),
            1: self._reset,
        }
        command = commands.get(header)
        return command(data) if command is not None else None

    def _self_check(self) -> int:
        faults = self._faults()
        return next((code for name, code in _CHECKED.items() if name in faults), 0)

    def _set_mask(self, data: bytes) -> bytes | None:
        if len(data) != 2:
            return None
        self.mask = int.from_bytes(data, "little")
        return b""

    def _set_enabled(self, data: bytes) -> bytes | None:
        if len(data) != 1:
            return None
        self.enabled = bool(data[0] & 1)
        return b""

    def _set_mode(self, data: bytes) -> bytes | None:
        if len(data) != 1:
            return None
        self.mode = data[0]
        return b""

    def _poll(self) -> bytes:
        pairs = b"".join(bytes(pair) for pair in self.memory.events)
        return (bytes((self.memory.counter,)) + pairs).ljust(POLL_BYTES, b"\x00")

    def _bill_name(self, data: bytes) -> bytes | None:
        if len(data) != 1:
            return None
        if not 1 <= data[0] <= len(self.notes_minor):
            return b"." * 7
        return f"{self.country}{self.notes_minor[data[0] - 1] // self.factor:04d}A".encode()

    def _scaling(self, data: bytes) -> bytes | None:
        if data != self.country.encode():
            return bytes(3)
        return self.factor.to_bytes(2, "little") + bytes((self.decimals,))

    def _route(self, data: bytes) -> bytes | None:
        held = self.memory.escrow
        if data not in (b"\x00", b"\x01"):
            return None
        if held is None or held.decision:
            return b"\xfe"
        held.decision = "stack" if data == b"\x01" else "return"
        self._save()
        return b""

    def _reset(self, _data: bytes) -> bytes:
        self.memory.counter, self.memory.events = 0, []
        self._forget_volatile()
        self._save()
        return b""

    # --- mechanics ----------------------------------------------------------------------------

    def step(self) -> None:
        """Notice faults, finish what the host decided, take a note from the mouth."""
        faults = self._faults()
        self._notice(faults)
        if "jam" not in faults:
            self._jam_told = False
        held = self.memory.escrow
        if held is not None and held.decision:
            self._move(held, faults)
        if self.memory.escrow is None:
            for ticket in sim_store.names_in(self.folder / "mouth")[:1]:
                self._take(ticket, faults)

    def _notice(self, faults: set[str]) -> None:
        for name, (came, went) in _LASTING.items():
            known = name in self.memory.noticed
            if (name in faults) == known:
                continue
            (self.memory.noticed.remove if known else self.memory.noticed.append)(name)
            code = went if known else came
            if code is not None:
                self._event(0, code)
            self._save()
        if "lost_events" in faults:
            for _ in range(REMEMBERED_EVENTS + 1):
                self._event(0, _NOT_RECOGNISED)
            self._save()
            self._fault_is_over("lost_events")
        if "reset" in faults:
            self._reset(b"")
            self._fault_is_over("reset")

    def _move(self, held: Held, faults: set[str]) -> None:
        if "jam" in faults:
            self._tell_jam(_JAM_AT_BOX)
        elif held.decision == "stack" and not faults & {"full", "box_removed"}:
            self._stacked(held)
        else:
            self._returned(held)

    def _take(self, ticket: str, faults: set[str]) -> None:
        path = self.folder / "mouth" / ticket
        text = path.read_text()
        amount_minor = int(text) if text.isdecimal() else 0
        if ticket in self.memory.fates:
            path.unlink()  # killed between the memory and this
        elif amount_minor not in self.notes_minor:
            self._reject(ticket, _NOT_RECOGNISED)
        elif not self.enabled or faults & {"full", "box_removed"}:
            self._reject(ticket, _NOT_ENABLED)
        elif not self.mask >> self.notes_minor.index(amount_minor) & 1:
            self._reject(ticket, _NOT_TAKEN)
        elif "jam" in faults:
            self._tell_jam(_JAM_AT_MOUTH)
        else:
            self._pull_in(Held(ticket, self.notes_minor.index(amount_minor) + 1))

    def _pull_in(self, held: Held) -> None:
        if self.mode & 2:
            self.memory.escrow = held
            self._event(held.bill, 1)
            self._save()
        else:
            self._stacked(held)
        (self.folder / "mouth" / held.ticket).unlink(missing_ok=True)

    def _stacked(self, held: Held) -> None:
        amount_minor = self.notes_minor[held.bill - 1]
        self.memory.box[amount_minor] = self.memory.box.get(amount_minor, 0) + 1
        self._event(held.bill, 0)
        self._let_go(held.ticket, "stacked")

    def _returned(self, held: Held) -> None:
        self._event(0, _RETURNED)
        self._let_go(held.ticket, "returned")

    def _reject(self, ticket: str, code: int) -> None:
        self._event(0, code)
        self._let_go(ticket, "rejected")
        (self.folder / "mouth" / ticket).unlink(missing_ok=True)

    def _let_go(self, ticket: str, fate: Fate) -> None:
        """Note the fate, the event and the empty escrow in one stroke."""
        self.memory.escrow = None
        self.memory.fates[ticket] = fate
        while len(self.memory.fates) > sim_store.REMEMBERED_FATES:
            del self.memory.fates[next(iter(self.memory.fates))]
        self._save()

    def _tell_jam(self, code: int) -> None:
        if not self._jam_told:
            self._jam_told = True
            self._event(0, code)
            self._save()

    def _event(self, bill: int, code: int) -> None:
        self.memory.counter = self.memory.counter % 255 + 1
        self.memory.events = [(bill, code), *self.memory.events][:REMEMBERED_EVENTS]

    # --- power --------------------------------------------------------------------------------

    def _forget_volatile(self) -> None:
        self.enabled, self.mask, self.mode = False, 0, 0

    def _finish_after_power_cut(self) -> None:
        """A stack command that was received is finished; any other note in escrow is returned."""
        held = self.memory.escrow
        if held is not None:
            (self._stacked if held.decision == "stack" else self._returned)(held)

    def _faults(self) -> set[str]:
        return set(sim_store.names_in(self.folder / "faults"))

    def _fault_is_over(self, name: str) -> None:
        (self.folder / "faults" / name).unlink(missing_ok=True)

    def _save(self) -> None:
        sim_store.save(self.folder, self.memory)


def _factor(notes_minor: Sequence[int]) -> int:
    """The largest power of ten in all values: note names have four digits, the rest is scaling."""
    factor = 10_000
    while any(amount % factor for amount in notes_minor):
        factor //= 10
    assert all(0 < amount // factor <= 9999 for amount in notes_minor), notes_minor
    return factor
