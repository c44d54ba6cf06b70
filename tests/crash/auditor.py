"""The auditor: comes from outside, imports nothing of ours, believes nobody.

It knows what customers paid, what was answered to them, what meters, cards and the note box show,
and the exported journal (docs/protocol.md). From these it says what was lost, doubled or does not
balance. The sentence that it holds the program to: every sale is delivered, voided or listed in
doubt; what is delivered is in the meter once; money that was taken is in exactly one place.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tests.crash.token_auditor import Findings as Findings  # noqa: PLC0414 - known from here
from tests.crash.token_auditor import Token, identifiers, tokens_of

_HEAD = struct.Struct(">4sII")
_ENDED = ("delivered", "voided")


@dataclass(frozen=True)
class Attempt:
    """A customer at a meter of their own. `paid` is whether the counter took the money, as far as
    the point at which the program was killed tells; None when only the note box can say."""

    meter: str
    amount_minor: int
    paid: bool | None
    answer: dict[str, Any] | None = None


@dataclass(frozen=True)
class Neighbour:
    """Another counter, with meters of its own and the answers that it was given; a counter that was
    killed may have one sale more than answers."""

    meters: list[str]
    answers: list[dict[str, Any]]
    killed: bool = False


@dataclass
class Sale:
    """A sale as the journal tells it."""

    sale_id: str
    meter: str
    amount_minor: int
    energy_wh: int
    notes_minor: int
    state: str = "paid"
    token: str | None = None
    #: What goes beside it: the energy of each free token, and its digits once they are made.
    free_wh: list[int] = field(default_factory=list)
    free: list[str] = field(default_factory=list)

    def tokens(self) -> list[str]:
        return [self.token, *self.free] if self.token is not None else []


@dataclass
class World:
    """What can be seen without the program: meters by number, cards by meter, the note box."""

    credited_wh: dict[str, int]
    card_worth_wh: dict[str, int]
    box_minor: int


@dataclass
class Evidence:
    """All that the auditor is shown."""

    attempts: list[Attempt]
    export: bytes
    verify_exit: int
    verify: dict[str, Any]
    in_doubt: list[str]
    before: World
    killed: World
    once: World
    twice: World
    neighbours: list[Neighbour] = field(default_factory=list)


def see(world: Path, cards: dict[str, str]) -> World:
    """Look at the things of a home; `cards` names the chip of each card meter."""
    credited = {
        path.stem: int(json.loads(path.read_bytes())["energy_credited_wh"])
        for path in (world / "meters").glob("*.json")
    }
    worth = {
        meter: _worth_wh((world / "cards" / f"{serial}.card").read_bytes())
        for meter, serial in cards.items()
    }
    box = world / "acceptor" / "state.json"
    notes = json.loads(box.read_bytes())["box"] if box.exists() else {}
    return World(credited, worth, sum(int(value) * count for value, count in notes.items()))


def _worth_wh(chip: bytes) -> int:
    """What a card meter would credit: the purchase file follows the identity (docs/cards.md)."""
    purchase, back = chip[512 + 48 :][:40], chip[512 + 88 :][:40]
    if purchase[39] != 0xA5:
        return 0
    taken = back[39] == 0xA5 and back[1:5] == purchase[1:5]
    return 0 if taken else int.from_bytes(purchase[5:10], "big")


def judge(evidence: Evidence) -> Findings:
    """Everything that is wrong."""
    findings = Findings()
    facts = _facts(evidence.export, findings)
    sales = _sales(facts, findings)
    _verified(evidence, len(facts), len(sales), findings)
    for sale in sales.values():
        _ended(sale, evidence.in_doubt, findings)
    for attempt in evidence.attempts:
        _attempt(attempt, [s for s in sales.values() if s.meter == attempt.meter], findings)
    for neighbour in evidence.neighbours:
        _neighbour(neighbour, [s for s in sales.values() if s.meter in neighbour.meters], findings)
    tokens = tokens_of(facts, findings)
    identifiers(facts, findings)
    _meters(evidence, sales.values(), tokens, findings)
    _cards(evidence, sales.values(), findings)
    _notes(evidence, facts, sales.values(), findings)
    return findings


def tokens_in(export: bytes) -> list[Token]:
    """The tokens outside sales of an exported journal that were made."""
    findings = Findings()
    return tokens_of(_facts(export, findings), findings)


def sales_in(export: bytes) -> list[Sale]:
    """The sales of an exported journal, for those who carry tokens to meters."""
    findings = Findings()
    return list(_sales(_facts(export, findings), findings).values())


# --- the journal ----------------------------------------------------------------------------------


def _facts(export: bytes, findings: Findings) -> list[tuple[str, dict[str, Any]]]:
    """Kind and content of every entry; the chain is followed on the way."""
    found: list[tuple[str, dict[str, Any]]] = []
    previous, start = bytes(32), 0
    while start < len(export):
        _, length, checksum = _HEAD.unpack_from(export, start)
        packed = export[start + _HEAD.size :][:length]
        start += _HEAD.size + length
        if zlib.crc32(packed) != checksum:
            findings.lost.append("the export is damaged")
            break
        for entry in msgspec.msgpack.decode(zlib.decompress(packed))[1]:
            _, sequence, _, _, kind, _, body, before, _ = entry
            if sequence != len(found) + 1 or before != previous:
                findings.lost.append(f"entry {sequence} does not follow the one before")
            previous = hashlib.sha256(msgspec.msgpack.encode(entry)).digest()
            found.append((kind, msgspec.msgpack.decode(body)))
    return found


def _sales(facts: list[tuple[str, dict[str, Any]]], findings: Findings) -> dict[str, Sale]:
    sales: dict[str, Sale] = {}
    ends = {"sale_delivered": "delivered", "sale_voided": "voided", "sale_in_doubt": "in_doubt"}
    for kind, fact in facts:
        if kind == "sale_committed":
            if fact["sale_id"] in sales:
                findings.doubled.append(f"sale {fact['sale_id']} was committed twice")
            sales[fact["sale_id"]] = _committed(fact, findings)
        elif kind in ends:
            sale = sales[fact["sale_id"]]
            if sale.state in _ENDED:
                findings.doubled.append(f"sale {sale.sale_id} ended twice")
            sale.state, sale.token = ends[kind], fact.get("token") or sale.token
            sale.free = fact.get("free", sale.free)
            if sale.state == "delivered" and len(sale.free) != len(sale.free_wh):
                findings.lost.append(f"sale {sale.sale_id} was delivered without its free tokens")
    return sales


def _committed(fact: dict[str, Any], findings: Findings) -> Sale:
    amount = fact["amount_minor"]
    parts = (
        sum(line["amount_minor"] for line in fact["lines"]),
        sum(tender["amount_minor"] for tender in fact["tenders"]),
    )
    energy_wh = sum(line["energy_wh"] for line in fact["lines"])
    notes = sum(t["amount_minor"] for t in fact["tenders"] if t["kind"] == "notes")
    if parts != (amount, amount) or energy_wh != fact["energy_wh"]:
        findings.unbalanced.append(f"sale {fact['sale_id']}: lines and tenders are not its amount")
    free_wh = [100 * free["request"]["units"] for free in fact.get("free", [])]
    return Sale(fact["sale_id"], fact["meter"], amount, energy_wh, notes, free_wh=free_wh)


def _verified(evidence: Evidence, entries: int, sales: int, findings: Findings) -> None:
    shown = evidence.verify
    if evidence.verify_exit != 0 or shown.get("first_bad") != 0:
        findings.unbalanced.append(f"verify says {shown}")
    elif (shown["entries"], shown["sales"]) != (entries, sales):
        findings.lost.append(f"verify counts {shown}, the export {entries} and {sales}")


def _ended(sale: Sale, in_doubt: list[str], findings: Findings) -> None:
    listed = sale.state == "in_doubt" and sale.sale_id in in_doubt
    if sale.state not in _ENDED and not listed:
        findings.lost.append(f"sale {sale.sale_id} is {sale.state} and nobody lists it")


def _attempt(attempt: Attempt, sales: list[Sale], findings: Findings) -> None:
    """A customer who paid has one sale; one who did not has none; an answer is kept for ever."""
    if len(sales) > 1:
        findings.doubled.append(f"meter {attempt.meter} was sold to {len(sales)} times")
    if attempt.paid is True and not sales:
        findings.lost.append(f"meter {attempt.meter}: paid, and there is no sale")
    if attempt.paid is False and sales:
        findings.doubled.append(f"meter {attempt.meter}: not paid, and there is a sale")
    if attempt.paid is not None and any(s.amount_minor != attempt.amount_minor for s in sales):
        findings.unbalanced.append(f"meter {attempt.meter}: another amount than was paid")
    if attempt.answer is not None:
        _told(attempt.answer, sales, findings)


def _told(answer: dict[str, Any], sales: list[Sale], findings: Findings) -> None:
    wanted = (answer["sale_id"], answer["state"], answer["token"])
    if wanted not in {(sale.sale_id, sale.state, sale.token) for sale in sales}:
        findings.lost.append(f"meter {answer['meter']} was told {wanted}, which is not so")


def _neighbour(neighbour: Neighbour, sales: list[Sale], findings: Findings) -> None:
    for answer in neighbour.answers:
        _told(answer, sales, findings)
    unanswered = len(sales) - len(neighbour.answers)
    if unanswered not in ((0, 1) if neighbour.killed else (0,)):
        findings.doubled.append(f"{unanswered} more sales than answers at a counter")


# --- the things -----------------------------------------------------------------------------------


def _meters(
    evidence: Evidence, sales: Iterable[Sale], tokens: list[Token], findings: Findings
) -> None:
    """Every meter has gained what was delivered to it, and nothing when it was done again."""
    due: dict[str, int] = {}
    for sale in sales:
        if sale.state == "delivered":
            due[sale.meter] = due.get(sale.meter, 0) + sale.energy_wh + sum(sale.free_wh)
    for token in tokens:
        due[token.meter] = due.get(token.meter, 0) + token.energy_wh
    for meter, before_wh in evidence.before.credited_wh.items():
        once = evidence.once.credited_wh[meter] - before_wh
        twice = evidence.twice.credited_wh[meter] - before_wh
        if once < due.get(meter, 0):
            findings.lost.append(f"meter {meter} gained {once} Wh of {due[meter]}")
        if max(once, twice) > due.get(meter, 0):
            findings.doubled.append(f"meter {meter} gained {once}, then {twice} Wh")


def _cards(evidence: Evidence, sales: Iterable[Sale], findings: Findings) -> None:
    """No card was ever worth more than its customer had paid for."""
    paid_wh: dict[str, int] = {}
    for sale in sales:
        paid_wh[sale.meter] = max(paid_wh.get(sale.meter, 0), sale.energy_wh)
    for when in (evidence.killed, evidence.once, evidence.twice):
        for meter, worth_wh in when.card_worth_wh.items():
            if worth_wh > paid_wh.get(meter, 0):
                findings.doubled.append(f"the card of {meter} was worth {worth_wh} Wh unpaid")


def _notes(
    evidence: Evidence,
    facts: list[tuple[str, dict[str, Any]]],
    sales: Iterable[Sale],
    findings: Findings,
) -> None:
    """What is in the box is in the journal, and there it is spent or kept, once."""
    offered = {
        (f["payment"], f["note"]): f["amount_minor"] for k, f in facts if k == "note_offered"
    }
    ends: dict[tuple[str, int], str] = {}
    for kind, fact in facts:
        if kind in {"note_stacked", "note_returned", "note_in_doubt"}:
            key = (fact["payment"], fact["note"])
            if ends.get(key) in {"note_stacked", "note_returned"}:
                findings.doubled.append(f"note {key} ended twice")
            ends[key] = kind
    for key in offered.keys() - ends.keys():
        findings.lost.append(f"note {key} was offered and nobody knows its end")
    stacked = sum(amount for key, amount in offered.items() if ends.get(key) == "note_stacked")
    doubtful = sum(amount for key, amount in offered.items() if ends.get(key) == "note_in_doubt")
    box = evidence.once.box_minor - evidence.before.box_minor
    if not stacked <= box <= stacked + doubtful:
        findings.lost.append(f"the box holds {box}, the journal {stacked} and {doubtful} in doubt")
    spent = sum(sale.notes_minor for sale in sales)
    kept = sum(fact["amount_minor"] for kind, fact in facts if kind == "payment_kept")
    if stacked > spent + kept:
        findings.lost.append(f"{stacked} in notes, {spent} spent and {kept} kept")
    if stacked < spent + kept:
        findings.doubled.append(f"{stacked} in notes, {spent} spent and {kept} kept")
