"""SLE 4432/4442/5532/5542 through an ACS reader (ACR38, ACR39, ACR33, ACR1281 manuals)."""

from __future__ import annotations

from drivers.card.commands import OK, damaged
from drivers.card.memory import MemoryCardDriver
from drivers.card.sealing import mac_input
from kiosk.domain.cards import open as layout
from kiosk.domain.cards import sle4442
from kiosk.domain.cards.image import PlainWrite

_SELECT_TYPE = bytes.fromhex("FFA400000106")
_READ_ERROR_COUNTER = bytes.fromhex("FFB1000004")
_PROTECTION_BYTES = 4
_CODE_BYTES = 3

#: The error counter has one bit for each try that is left.
_ALL_TRIES_LEFT = 0x07
_CODE_RIGHT = 0x9007
_FACTORY_CODE = b"\xff\xff\xff"


class Sle4442Driver(MemoryCardDriver):
    """The secret code comes from the security module; without one it is the factory's."""

    family = sle4442.FAMILY.name

    def _begin(self) -> None:
        """Choosing the type powers the chip anew, so a code that was presented is forgotten."""
        self.line.tell(_SELECT_TYPE, "is of another type")

    def _read_file(self, file: int) -> bytes:
        """Some readers append the four protection bytes: what counts is the length asked for."""
        length, address = layout.FILES[file], sle4442.PLACES[file]
        data, status = self.line.exchange(bytes([0xFF, 0xB0, 0x00, address, length]))
        if status != OK or len(data) not in (length, length + _PROTECTION_BYTES):
            raise damaged(f"it does not show file {file} (status {status:04X})")
        return data[:length]

    def _unlock(self, serial: str) -> None:
        """Present the secret code once, and only while all three tries are left.

        A third wrong code locks the chip for ever, so whoever finds a counter that somebody has run
        down leaves the card alone.
        """
        self._all_tries_left()
        status = self._present(self._code(serial))
        if status != _CODE_RIGHT:
            raise damaged(f"it does not take the secret code (status {status:04X})")

    def _unlock_unmade(self, serial: str, identity: bytes) -> None:
        """A chip that nobody is made out on has the factory's code. Only one whose making broke off
        while its code was changed, which its sealed identity proves, has one of two: then a second
        try is made, and never a third. Its code becomes the factory's again, because the next
        identity may have another serial."""
        if identity[47:] == layout.VALID:
            self._unlock(serial)
            return
        changed = self._changed_bytes(identity)
        if not changed:
            self._all_tries_left()
            if self._present(_FACTORY_CODE) != _CODE_RIGHT:
                raise damaged("it does not take the factory's secret code")
            return
        own = self._code(identity[4:12].hex())
        self._present_one_of(_between(own, changed), _between(own, changed - 1))
        for count in range(changed - 1, -1, -1):
            self._write_code(_between(own, count))
            self._tell_changed(count)

    def _present_one_of(self, first: bytes, second: bytes) -> None:
        """A chip with two tries left was pulled after the first code was wrong: the second is left
        to try. One with a single try is left alone."""
        left = self._error_counter().bit_count()
        codes = {3: [first, second], 2: [second]}.get(left, [])
        if not any(self._present(code) == _CODE_RIGHT for code in codes):
            raise damaged("it takes neither the factory's secret code nor its own")

    def _changed_bytes(self, identity: bytes) -> int:
        """So many bytes of the code are the card's own, or one fewer; 0 for the factory's code."""
        told = identity[47]
        return told if 1 <= told <= _CODE_BYTES and self._is_sealed(identity) else 0

    def _is_sealed(self, identity: bytes) -> bool:
        """Whether our module made the MAC of this identity, finished or not."""
        if self.module is None:
            return False
        message = mac_input(layout.IDENTITY, identity[:39], identity[2:4])
        return (
            self.module.content_mac(self.family, identity[4:12].hex(), message) == identity[39:47]
        )

    def _all_tries_left(self) -> None:
        counter = self._error_counter()
        if counter != _ALL_TRIES_LEFT:
            raise damaged(f"somebody tried wrong codes on it (counter {counter:02X})")

    def _error_counter(self) -> int:
        return self.line.ask(_READ_ERROR_COUNTER, 4, "does not show its error counter")[0]

    def _code(self, serial: str) -> bytes:
        if self.module is None:
            return _FACTORY_CODE
        return self.module.access_code(self.family, serial, _CODE_BYTES)

    def _present(self, code: bytes) -> int:
        return self.line.exchange(bytes.fromhex("FF20000003") + code)[1]

    def _change_code(self, serial: str) -> None:
        """From now on the card opens with its own code. Pulled in the middle of a command that
        changes all three bytes, it would open with none that anybody knows: so each command changes
        one, and the byte that waits to become valid tells beforehand which."""
        if self.module is None:
            return
        own = self._code(serial)
        for count in range(1, _CODE_BYTES + 1):
            self._tell_changed(count)
            self._write_code(_between(own, count))

    def _tell_changed(self, count: int) -> None:
        self._write(PlainWrite(layout.IDENTITY, 47, bytes([count])))

    def _write_code(self, code: bytes) -> None:
        self.line.tell(bytes.fromhex("FFD2000103") + code, "does not take its new code")

    def _write(self, write: PlainWrite) -> None:
        address = sle4442.PLACES[write.file] + write.address
        header = bytes([0xFF, 0xD0, 0x00, address, len(write.data)])
        self.line.tell(header + write.data, f"does not take file {write.file}")


def _between(own: bytes, count: int) -> bytes:
    """The factory's code with the first `count` bytes of the card's own."""
    return own[:count] + _FACTORY_CODE[count:]
