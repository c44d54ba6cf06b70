"""State Grid China, local fee control: the user card of Q/GDW 365-2009 and Q/GDW 1365-2013.

Layout and purchase-count rules as the meters of four makers read them (hardware-facts 3.4); the
standards' own text was not available, so every place where makers differ is a field of `Profile`.
The card carries money, not energy: the meter holds the tariff. Amounts are in 0.01 yuan.

The card has no validity byte. Its meter looks at the frame of file 1 before it looks at the wallet,
so the first byte of that frame serves as one: cleared first, set last.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.cards.open import Testimony
from kiosk.domain.registry import CARD_DIGITS, METER_DIGITS
from kiosk.errors import BadInput, Refusal

PARAMETERS, WALLET, RETURN = 1, 2, 5

FRAME, FRAME_END = 0x68, 0x16
_USER_CARD, _RETURN_FRAME = 0x01, 0x11
_PARAMETER_BYTES, _RETURN_BYTES, _WALLET_BYTES = 39, 43, 8

#: The last byte of file 1: what the meter is to make of the card.
OPENING, PURCHASE, REPLACEMENT = 1, 2, 3

LARGEST_AMOUNT_MINOR = 99_999_999
LAST_PURCHASE_NUMBER = 2**32 - 1

_NUMBER_BYTES = 6


class Profile(msgspec.Struct, frozen=True):
    """Where makers and regions differ.

    `bcd_length` is the one-byte length of a regional family; `bcd_return` means that the numbers of
    the return file are BCD (2009 type) and not binary.
    """

    bcd_length: bool = False
    bcd_return: bool = False
    currency: str = "CNY"

    def head_bytes(self) -> int:
        """Start byte, command and length."""
        return 3 if self.bcd_length else 4

    def files(self) -> dict[int, int]:
        """File -> length in bytes."""
        around = self.head_bytes() + 2
        return {
            PARAMETERS: _PARAMETER_BYTES + around,
            WALLET: _WALLET_BYTES,
            RETURN: _RETURN_BYTES + around,
        }

    def frame(self, command: int, data: bytes) -> bytes:
        """68, command, length, data, sum of command to data, 16."""
        length = (
            bytes.fromhex(f"{len(data):02d}") if self.bcd_length else len(data).to_bytes(2, "big")
        )
        summed = bytes([command]) + length + data
        return bytes([FRAME]) + summed + bytes([sum(summed) % 256, FRAME_END])

    def data(self, file: bytes) -> tuple[int, bytes] | None:
        """Command and data of a frame, or None if it is none."""
        if len(file) <= self.head_bytes() + 2:
            return None
        command, data = file[1], file[self.head_bytes() : -2]
        return (command, data) if self.frame(command, data) == file else None


class StateGridCard(msgspec.Struct, frozen=True):
    """What a user card says; see CardState. `return_empty`: the meter has not written back."""

    serial: str
    card_number: str
    meter: str
    sub_type: int
    purchase_number: int
    purchase_amount_minor: int
    purchase_valid: bool
    written_back_number: int
    write_back_meter: str
    write_back_valid: bool
    return_empty: bool
    remaining_minor: int
    overdraft_minor: int
    illegal_inserts: int
    currency: str
    purchase_energy_wh: int = 0
    issue: int = 0

    def taken(self) -> bool:
        """Whether the meter has taken the last purchase (kiosk rule 1)."""
        if self.purchase_number == 0:
            return True
        return self.write_back_valid and self.written_back_number == self.purchase_number


class StateGrid:
    """The family with the frames of one `profile`."""

    def __init__(self, profile: Profile | None = None, name: str = "state-grid") -> None:
        self.name, self.profile = name, profile or Profile()
        self.lengths = self.profile.files()

    def state(self, image: CardImage) -> StateGridCard | Refusal:
        """Refuses card_foreign, card_damaged, card_unknown_kind (a key, preset or inquiry card) and
        card_blank (no customer and no meter yet, kiosk rule 3)."""
        if image.family != self.name:
            return Refusal("card_foreign", {"family": image.family})
        for file, length in self.lengths.items():
            if len(image.files.get(file, b"")) != length:
                return Refusal("card_damaged", {"file": file})
        first = image.files[PARAMETERS]
        if set(first) in ({0x00}, {0xFF}):
            return Refusal("card_blank")
        if self._is_tool(first):
            return Refusal("card_unknown_kind", {"kind": first[1]})
        valid = first[0] == FRAME
        # While a purchase is unfinished the frame lacks its first byte, and its end may be old.
        if valid and self.profile.data(first) is None:
            return Refusal("card_damaged", {"file": PARAMETERS})
        if first[1] != _USER_CARD:
            return Refusal("card_unknown_kind", {"kind": first[1]})
        return self._fields(image, valid)

    def _is_tool(self, first: bytes) -> bool:
        """Whether file 1 begins with the whole, shorter frame of another kind of card."""
        head, command = self.profile.head_bytes(), first[1]
        if command == _USER_CARD or first[0] != FRAME:
            return False
        return any(
            first.startswith(self.profile.frame(command, first[head : head + length]))
            for length in range(len(first) - head - 1)
        )

    def _fields(self, image: CardImage, valid: bool) -> StateGridCard | Refusal:
        head = self.profile.head_bytes()
        parameters = image.files[PARAMETERS][head:-2]
        meter = _digits(parameters[26:32], METER_DIGITS)
        customer = _digits(parameters[32:38], CARD_DIGITS)
        if meter is None or customer is None:
            return Refusal("card_damaged", {"file": PARAMETERS})
        if not meter.strip("0") and not customer.strip("0"):
            return Refusal("card_blank")
        returned = self._returned(image.files[RETURN])
        wallet = image.files[WALLET]
        return StateGridCard(
            serial=image.serial,
            card_number=customer,
            meter=meter,
            sub_type=parameters[38],
            purchase_number=int.from_bytes(wallet[4:], "big"),
            purchase_amount_minor=int.from_bytes(wallet[:4], "big"),
            purchase_valid=valid,
            written_back_number=returned.count if returned else 0,
            write_back_meter=returned.meter if returned else "",
            write_back_valid=returned is not None,
            return_empty=_is_empty(image.files[RETURN]),
            remaining_minor=returned.remaining_minor if returned else 0,
            overdraft_minor=returned.overdraft_minor if returned else 0,
            illegal_inserts=returned.illegal_inserts if returned else 0,
            currency=self.profile.currency,
        )

    def _returned(self, file: bytes) -> _Returned | None:
        """The return file, or None while it is empty or the meter was interrupted writing it."""
        framed = self.profile.data(file)
        if framed is None or framed[0] != _RETURN_FRAME:
            return None
        data = framed[1]
        meter = _digits(data[7:13], METER_DIGITS)
        numbers = [self._number(data[a:b]) for a, b in ((19, 23), (23, 27), (27, 31), (35, 38))]
        if meter is None or None in numbers:
            return None
        remaining, count, overdraft, illegal = (number or 0 for number in numbers)
        return _Returned(meter, remaining, count, overdraft, illegal)

    def _number(self, raw: bytes) -> int | None:
        if not self.profile.bcd_return:
            return int.from_bytes(raw, "big")
        return int(raw.hex()) if raw.hex().isdecimal() else None

    def purchase(
        self,
        card: StateGridCard,
        image: CardImage,
        energy_wh: int,
        amount_minor: int,
        currency: str,
        sale_id: str = "",  # noqa: ARG002 - the card has no room for a seller's mark
    ) -> tuple[list[PlainWrite], int] | Refusal:
        """The five ordered writes of a purchase, all under the card's own MAC (kiosk rules 1, 5).

        Refuses as the open layout does; card_energy_too_large also where the wallet is too small.
        BadInput if the site does not sell in the currency of the profile.
        """
        if currency != self.profile.currency:
            raise BadInput(
                f"Cards of family {self.name} carry {self.profile.currency}, not {currency}: "
                "correct [site] currency."
            )
        refused = _purchase_refusal(card)
        if refused is not None:
            return refused
        if amount_minor > LARGEST_AMOUNT_MINOR:
            return Refusal("card_energy_too_large", {"energy_wh": energy_wh})
        number = card.purchase_number + 1
        return self._writes(card, image, amount_minor, number), number

    def _writes(
        self, card: StateGridCard, image: CardImage, amount_minor: int, number: int
    ) -> list[PlainWrite]:
        parameters = bytearray(image.files[PARAMETERS][self.profile.head_bytes() : -2])
        parameters[1] = 0  # no parameter is to be taken over: this is a purchase and nothing else
        parameters[38] = OPENING if card.purchase_number == 0 else PURCHASE
        frame = self.profile.frame(_USER_CARD, bytes(parameters))
        wallet = amount_minor.to_bytes(4, "big") + number.to_bytes(4, "big")
        return [
            PlainWrite(PARAMETERS, 0, b"\0", sealed=True),
            PlainWrite(RETURN, 0, bytes(self.lengths[RETURN]), sealed=True),
            PlainWrite(WALLET, 0, wallet, sealed=True),
            PlainWrite(PARAMETERS, 1, frame[1:], sealed=True),
            PlainWrite(PARAMETERS, 0, frame[:1], sealed=True),
        ]

    def witness(self, before: CardImage, now: CardImage, writes: Sequence[PlainWrite]) -> Testimony:
        """See kiosk.domain.cards.open.witness; the return file is the meter's word.

        The card has no room for a seller's mark, so another amount under our number has to tell
        another seller; two that were cut off and sold for the same amount look alike.
        """
        if (now.family, now.serial) != (before.family, before.serial):
            return "other"
        if {file: len(now.files.get(file, b"")) for file in self.lengths} != self.lengths:
            return "other"
        after = before
        for write in writes:
            after = after.with_write(write)
        if self._same(now, after, PARAMETERS, WALLET):
            return self._after_delivery(now, after)
        if self._same(now, before, PARAMETERS, WALLET) and self._old_return(before, now):
            return "not_delivered"
        if self._superseded(before, now, after):
            return "superseded"
        return "torn" if self._between(before, now, after) else "other"

    def _superseded(self, before: CardImage, now: CardImage, after: CardImage) -> bool:
        """A whole purchase for another amount under our number: a seller gives it only on a card
        that had the number before, so ours was never finished. A repair clears, and says nothing.
        """
        was, card, ours = self.state(before), self.state(now), after.files[WALLET]
        return (
            isinstance(was, StateGridCard)
            and isinstance(card, StateGridCard)
            and (card.meter, card.card_number) == (was.meter, was.card_number)
            and card.purchase_valid
            and card.purchase_number == int.from_bytes(ours[4:], "big")
            and card.purchase_amount_minor not in (0, int.from_bytes(ours[:4], "big"))
            and (card.return_empty or card.taken())
        )

    def _after_delivery(self, now: CardImage, after: CardImage) -> Testimony:
        if _is_empty(now.files[RETURN]):
            return "delivered"
        returned = self._returned(now.files[RETURN])
        if returned is None:
            return "delivered"  # the meter was interrupted: it has not confirmed anything
        number = int.from_bytes(after.files[WALLET][4:], "big")
        return "consumed" if returned.count == number else "other"

    def _old_return(self, before: CardImage, now: CardImage) -> bool:
        """The return file is as it was, or the meter has only repeated the purchase before ours."""
        if self._same(now, before, RETURN):
            return True
        returned = self._returned(now.files[RETURN])
        return returned is not None and returned.count == int.from_bytes(
            before.files[WALLET][4:], "big"
        )

    def _same(self, one: CardImage, other: CardImage, *files: int) -> bool:
        return all(one.files[file] == other.files[file] for file in files)

    def _between(self, before: CardImage, now: CardImage, after: CardImage) -> bool:
        """Not valid, and every byte is the old or the new one."""
        if now.files[PARAMETERS][0] == FRAME:
            return False
        for file, length in self.lengths.items():
            start = 1 if file == PARAMETERS else 0
            for place in range(start, length):
                both = before.files[file][place], after.files[file][place]
                if now.files[file][place] not in both:
                    return False
        return True

    def allowed(self, write: PlainWrite) -> bool:
        """File 1 without its address, the wallet as a whole, and the return file to clear it."""
        length = len(write.data)
        if not write.sealed:
            return False
        if write.file == PARAMETERS:
            return (write.address, length) in {(0, 1), (1, self.lengths[PARAMETERS] - 1)}
        if write.file == WALLET:
            return (write.address, length) == (0, _WALLET_BYTES)
        return write.file == RETURN and write.address == 0 and write.data == bytes(length)

    def make(
        self, card_number: str, meter: str, last: StateGridCard | None = None
    ) -> dict[int, bytes]:
        """The files of a new user card; a replacement repeats the purchase of the `last` one under
        its number, so that the meter credits it once (E15)."""
        numbers = _bcd(meter) + _bcd(card_number)
        kind = REPLACEMENT if last else OPENING
        ratios = bytes.fromhex("000001" * 2)
        data = bytes([1, 0]) + bytes(5 + 5 + 8) + ratios + numbers + bytes([kind])
        wallet = (
            last.purchase_amount_minor.to_bytes(4, "big") + last.purchase_number.to_bytes(4, "big")
            if last
            else bytes(_WALLET_BYTES)
        )
        files = {
            PARAMETERS: self.profile.frame(_USER_CARD, data),
            WALLET: wallet,
            RETURN: bytes(self.lengths[RETURN]),
        }
        assert {file: len(content) for file, content in files.items()} == self.lengths
        return files


class _Returned(msgspec.Struct, frozen=True):
    """What the kiosk wants of the return file."""

    meter: str
    remaining_minor: int
    count: int
    overdraft_minor: int
    illegal_inserts: int


FAMILY = StateGrid()


def _purchase_refusal(card: StateGridCard) -> Refusal | None:
    if not card.purchase_valid:
        return Refusal("card_unfinished_purchase")
    if card.write_back_valid and card.write_back_meter != card.meter:
        return Refusal("card_other_meter", {"meter": card.write_back_meter})
    if card.written_back_number > card.purchase_number:
        return Refusal("card_behind_meter", {"purchase_number": card.purchase_number})
    if not card.taken():
        return Refusal(
            "card_unread_purchase",
            {"purchase_number": card.purchase_number, "energy_wh": card.purchase_energy_wh},
        )
    if card.purchase_number == LAST_PURCHASE_NUMBER:
        return Refusal("card_numbers_used_up")
    return None


def _is_empty(file: bytes) -> bool:
    return set(file) in ({0x00}, {0xFF})


def _digits(raw: bytes, count: int) -> str | None:
    """The decimal digits of a BCD field, or None if it holds anything else."""
    text = raw.hex()
    return text[-count:] if text.isdecimal() and not text[:-count].strip("0") else None


def _bcd(digits: str) -> bytes:
    return bytes.fromhex(digits.rjust(2 * _NUMBER_BYTES, "0"))
