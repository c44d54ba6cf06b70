"""What comes down: customers, meters, cards and prices, numbered and signed by their issuer.

Its arrival is itself a fact (`catalogue_received`), which names the content by digest; a catalogue
with a higher number replaces the records that it contains and leaves the others.
"""

from __future__ import annotations

import hashlib

import msgspec

from kiosk.domain import facts
from kiosk.domain.registry import METER_KINDS, Card, Customer, Meter, shares_wrong
from kiosk.domain.tariff import TariffPack, pack_digest, unsellable
from kiosk.errors import Refusal


class Catalogue(msgspec.Struct, frozen=True):
    """One delivery from upstream."""

    number: int
    issuer: str
    tariff: TariffPack
    customers: list[Customer]
    meters: list[Meter]
    cards: list[Card]
    #: origin -> number of its last entry whose registrations and amendments are in here: what a
    #: terminal wrote after that stays on top of this catalogue (docs/protocol.md, The registry).
    merged: dict[str, int] = {}


_DECODER = msgspec.msgpack.Decoder(Catalogue)


def encode(catalogue: Catalogue) -> bytes:
    """The bytes that are signed, stored and named by digest."""
    return msgspec.msgpack.encode(catalogue)


def decode(content: bytes) -> Catalogue | Refusal:
    """The catalogue in `content`, checked: prices that can be sold at, every number once, every
    meter with its customer and its power type, every card with its meter."""
    try:
        catalogue = _DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Refusal("catalogue_unreadable", {"reason": str(error)})
    record = unsellable(catalogue.tariff) or _twice(catalogue) or _dangling(catalogue)
    return catalogue if record is None else Refusal("catalogue_inconsistent", {"record": record})


def _twice(catalogue: Catalogue) -> str | None:
    """A number that two records claim."""
    lists = (
        [customer.account for customer in catalogue.customers],
        [meter.number for meter in catalogue.meters],
        [card.number for card in catalogue.cards],
        [card.serial for card in catalogue.cards],
    )
    for names in lists:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                return name
            seen.add(name)
    return None


def _dangling(catalogue: Catalogue) -> str | None:
    """A record that points to something that is not there."""
    accounts = {customer.account for customer in catalogue.customers}
    power_types = {entry.code for entry in catalogue.tariff.power_types}
    meters = {meter.number for meter in catalogue.meters}
    for meter in catalogue.meters:
        if meter.account not in accounts or meter.power_type not in power_types:
            return meter.number
        if meter.kind not in METER_KINDS or (
            shares_wrong(meter.shares, meter.power_type, power_types)
        ):
            return meter.number
    for card in catalogue.cards:
        if card.meter not in meters:
            return card.number
    return None


def received(catalogue: Catalogue, content: bytes = b"") -> facts.CatalogueReceived:
    """The fact of its arrival. `content` are the bytes that came: a catalogue of an older program
    lacks fields that would be there if it were encoded again."""
    return facts.CatalogueReceived(
        number=catalogue.number,
        digest=hashlib.sha256(content or encode(catalogue)).hexdigest(),
        issuer=catalogue.issuer,
        tariff_digest=pack_digest(catalogue.tariff),
        currency=catalogue.tariff.currency,
        customers=len(catalogue.customers),
        meters=len(catalogue.meters),
        cards=len(catalogue.cards),
        opening_debts={
            customer.account: customer.opening_debt_minor
            for customer in catalogue.customers
            if customer.opening_debt_minor
        },
    )
