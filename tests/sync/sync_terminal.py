"""A terminal for the tests: a chained, signed journal in memory, and sales to fill it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain import chart, facts
from kiosk.domain.entry import GENESIS, Entry, digest, signed_bytes
from kiosk.domain.free_units import FreeToken
from kiosk.domain.tariff import Line
from kiosk.domain.token import TokenRequest
from sync import wire

NOON_MS = 1_790_000_000_000
METER = "37000000011"


class Head(msgspec.Struct, frozen=True):
    sequence: int
    digest: bytes


class Anchor(msgspec.Struct, frozen=True):
    sequence: int
    digest: bytes
    centre: str
    content: bytes


class Terminal:
    """Writes entries like a pen and is read like a journal."""

    def __init__(self, origin: str = "T1", seed: int = 1) -> None:
        self.origin = origin
        self.key = Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))
        self.entries: list[Entry] = []
        self.anchors: list[Anchor] = []
        self.write(facts.HomeOpened(origin, "rehearsal", "CNY", self.public_key))

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def write(self, *written: facts.Fact) -> None:
        for fact in written:
            self.write_raw(fact.KIND, fact.VERSION, facts.encode(fact))

    def write_raw(self, kind: str, version: int, body: bytes) -> None:
        previous = digest(self.entries[-1]) if self.entries else GENESIS
        plain = (
            self.origin,
            len(self.entries) + 1,
            NOON_MS + len(self.entries),
            "synced",
            kind,
            version,
            body,
            previous,
        )
        self.entries.append(Entry(*plain, self.key.sign(signed_bytes(*plain))))

    def sell(self, *sale_ids: str) -> None:
        for sale_id in sale_ids:
            self.write(committed(sale_id), delivered(sale_id))

    def copy(self) -> Terminal:
        """A clone of the disk: same key, same past, its own future."""
        twin = Terminal(self.origin)
        twin.key, twin.entries, twin.anchors = self.key, list(self.entries), list(self.anchors)
        return twin

    def bundle(self, first: int = 1, last: int | None = None) -> wire.Bundle:
        return wire.Bundle(self.origin, self.entries[first - 1 : last])

    def packed(self, first: int = 1, last: int | None = None) -> bytes:
        return wire.encode_bundle(self.bundle(first, last))

    # --- as a journal -------------------------------------------------------------------------

    def head(self) -> Head:
        last = self.entries[-1]
        return Head(last.sequence, digest(last))

    def after(self, sequence: int, limit: int) -> Sequence[Entry]:
        return self.entries[sequence : sequence + limit]

    def acknowledged(self) -> int:
        return max((anchor.sequence for anchor in self.anchors), default=0)

    def keep_anchor(self, sequence: int, digest: bytes, centre: str, content: bytes) -> None:
        self.anchors.append(Anchor(sequence, digest, centre, content))


def committed(
    sale_id: str, amount_minor: int = 1000, energy_wh: int = 20_000
) -> facts.SaleCommitted:
    """A sale of 10.00 for 20 kWh, paid in cash over the counter."""
    tax = amount_minor // 10
    return facts.SaleCommitted(
        sale_id=sale_id,
        station="counter-1",
        operator="amina",
        face="cashier",
        meter=METER,
        account="C-1001",
        power_type="home",
        tariff_digest="00" * 32,
        currency="CNY",
        amount_minor=amount_minor,
        energy_wh=energy_wh,
        lines=[
            Line("energy", "", amount_minor - tax, energy_wh, chart.revenue("energy"), "energy"),
            Line("tax", "", tax, 0, chart.tax("tax"), "tax"),
        ],
        tenders=[facts.Tender("cash", amount_minor, chart.cash("amina"))],
        tendered_minor=amount_minor,
        change_minor=0,
        token=TokenRequest(
            sale_id, METER, "123456", 1, 1, 2, "07", 2014, 6_690_000, 5, energy_wh // 100
        ),
    )


def with_free(sale: facts.SaleCommitted) -> facts.SaleCommitted:
    """`sale` with 5 kWh free beside it."""
    assert sale.token is not None
    request = msgspec.structs.replace(
        sale.token, message_id=f"{sale.sale_id}-f1", identifier=6_690_002, units=50
    )
    return facts.with_free(sale, [FreeToken("granted", "relief", "omar", request)])


def set_delivered(sale_id: str) -> facts.SaleWithFreeDelivered:
    return facts.SaleWithFreeDelivered(sale_id, "normal", token="1234" * 5, free=["4321" * 5])


def delivered(sale_id: str) -> facts.SaleDelivered:
    return facts.SaleDelivered(sale_id, "normal", token="12345678901234567890")


def voided(sale_id: str) -> facts.SaleVoided:
    return facts.SaleVoided(sale_id, "no_token", chart.cash("amina"))


def in_doubt(sale_id: str) -> facts.SaleInDoubt:
    return facts.SaleInDoubt(sale_id, "card_removed", "card", "amina")
