"""Prices that halls published, on their way to all halls: each pack in a catalogue of its own.

A pack that is in a catalogue keeps its number; of two packs under one number the one that was
published first is carried, the other is for a person to look at. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiosk.domain.facts import TariffPublished
from kiosk.domain.tariff_check import unsellable
from kiosk.domain.tariff_pack import TariffPack, decode_pack, pack_digest


class Published(msgspec.Struct, frozen=True, order=True):
    """A pack that a hall put into force, in the order in which packs go down."""

    number: int
    time_ms: int
    origin: str
    sequence: int
    content: bytes


class Waiting(msgspec.Struct, frozen=True):
    """Packs that no catalogue has carried, by number, and the numbers with the halls whose pack
    cannot be: another one has the number, or another currency."""

    packs: list[TariffPack]
    taken: list[tuple[int, str]]
    foreign: list[tuple[int, str]]


def published(origin: str, sequence: int, time_ms: int, fact: TariffPublished) -> Published:
    """The entry of a hall as it is looked at here."""
    return Published(fact.number, time_ms, origin, sequence, fact.content)


def waiting(carried: Iterable[TariffPack], found: Iterable[Published]) -> Waiting:
    """What of `found` goes down next, after the packs that catalogues have `carried`. Where none
    was carried yet, the pack with the lowest number says the currency."""
    known = {pack.number: pack for pack in carried}
    digests = {pack_digest(pack) for pack in known.values()}
    currencies = {pack.currency for pack in known.values()}
    result = Waiting([], [], [])
    for each in sorted(found):
        pack = decode_pack(each.content)
        digest = pack_digest(pack)
        if digest in digests:
            continue
        if pack.number in known:
            result.taken.append((each.number, each.origin))
        elif (currencies and pack.currency not in currencies) or unsellable(pack):
            result.foreign.append((each.number, each.origin))
        else:
            known[pack.number] = pack
            digests.add(digest)
            currencies.add(pack.currency)
            result.packs.append(pack)
    return result
