"""What the replies of a serial module carry: one token, the tokens of a key change, a verdict."""

from __future__ import annotations

from drivers.vending.special_checks import told
from drivers.vending.sts.amounts import decode_units
from drivers.vending.sts.blocks import split_digits
from drivers.vending.sts.tokens import Credit, KeySection, Management, MeterTest
from drivers.vending.sts600.frames import Reply, fields, kinds_in
from kiosk.domain.special_tokens import Verified
from kiosk.errors import Refusal, VendorFault

_HEX, _DIGITS = 17, 20
_LAST_UNITS_SUBCLASS = 3
_KEY_SECTIONS = frozenset({3, 4, 8, 9})

#: Verdicts of SM?VT with which the token was opened and read: good, its key expired (41) or over
#: its time (42), credit under a default key (80).
_READ = frozenset({0, 41, 42, 80})


def single_token(reply: Reply, token_class: int) -> str:
    """The digits; VendorFault unless both spellings agree and the class is the one asked for."""
    hexed, digits = fields(reply.payload, "PP")
    return _agreed(hexed, digits, token_class)


def key_change_tokens(reply: Reply, tokens: int, rolls_over: bool) -> list[str]:
    """The tokens of a key change: rollover, count, and both spellings.

    Sources differ in how the spellings stand: all in two fields, or two fields for each token.
    """
    kinds = kinds_in(reply.payload)
    rollover, count, *spelled = fields(reply.payload, "NNPP" if kinds == "NNPP" else _PAIRS[tokens])
    if kinds == "NNPP":
        hexed = _cut(spelled[0], _HEX, tokens)
        digits = _cut(spelled[1], _DIGITS, tokens)
    else:
        hexed, digits = spelled[::2], spelled[1::2]
    if int(count) != tokens or int(rollover) != rolls_over:
        raise VendorFault("The security module answered another key change than was asked for.")
    return [_agreed(*pair, 2) for pair in zip(hexed, digits, strict=True)]


def verified(reply: Reply) -> Verified | Refusal:
    """What SM?VT says of a token: verdict, class, subclass, amount and identifier."""
    result, kind, subclass, bits, identifier = fields(reply.payload, "NNNHH")
    if int(result) not in _READ:
        return Refusal("token_does_not_verify")
    return _told(int(kind), int(subclass), int(bits or "0", 16), int(identifier or "0", 16))


_PAIRS = {tokens: "NN" + "PP" * tokens for tokens in (2, 3, 4)}


def _told(kind: int, subclass: int, bits: int, identifier: int) -> Verified | Refusal:
    if kind == 0 and subclass <= _LAST_UNITS_SUBCLASS:
        return told(Credit(subclass, 0, identifier, decode_units(bits & 0xFFFF)))
    if kind == 0:
        return Verified(kind, subclass, "currency", identifier)
    if kind == 1:
        return told(MeterTest(subclass, bits, 0))
    if kind == 2 and subclass in _KEY_SECTIONS:
        return told(KeySection(subclass, 0))
    if kind == 2 and subclass in {0, 1, 2, 5, 6, 7, 10}:
        return told(Management(subclass, 0, identifier, bits & 0xFFFF))
    return Refusal("token_does_not_verify")


def _agreed(hexed: str, digits: str, token_class: int) -> str:
    split = split_digits(digits)
    # A person may part the digits by spaces; a module that does answers something else.
    is_wrong = isinstance(split, Refusal) or split[0] != token_class or len(digits) != _DIGITS
    if is_wrong or f"{int(digits):017X}" != hexed.upper():
        raise VendorFault("The security module answered digits that are no such token.")
    return digits


def _cut(text: str, width: int, count: int) -> list[str]:
    if len(text) != width * count:
        raise VendorFault("The security module answered another number of tokens.")
    return [text[place : place + width] for place in range(0, len(text), width)]
