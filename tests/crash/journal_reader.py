"""The exported journal, read by the auditor's own means (docs/protocol.md); nothing of ours."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any

import msgspec

from tests.crash.evidence import CardMove, Findings, Sale, Token

_HEAD = struct.Struct(">4sII")
ENDED = ("delivered", "voided", "taken_back")
_SALE_ENDS = {
    "sale_delivered": "delivered",
    "sale_voided": "voided",
    "sale_in_doubt": "in_doubt",
}

#: Deeds at a card: the intention, the name of its id, and what ends it.
DEEDS = (
    ("account_move_committed", "move_id", ("account_moved", "account_move_undone")),
    ("card_work_committed", "work_id", ("card_work_done", "card_work_undone")),
    ("reversal_intended", "sale_id", ("sale_reversed", "reversal_given_up")),
)

#: Kind and content of one entry.
Told = tuple[str, dict[str, Any]]


def facts_in(export: bytes, findings: Findings) -> list[Told]:
    """Kind and content of every entry; the chain is followed on the way."""
    found: list[Told] = []
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


def sales_in(facts: list[Told], findings: Findings) -> dict[str, Sale]:
    """The sales by id, and how each ended."""
    sales: dict[str, Sale] = {}
    cancels: dict[str, str] = {}
    for kind, fact in facts:
        if kind == "sale_committed":
            if fact["sale_id"] in sales:
                findings.doubled.append(f"sale {fact['sale_id']} was committed twice")
            sales[fact["sale_id"]] = _committed(fact, findings)
        elif kind in _SALE_ENDS:
            sale = sales[fact["sale_id"]]
            if sale.state in ENDED:
                findings.doubled.append(f"sale {sale.sale_id} ended twice")
            sale.state, sale.token = _SALE_ENDS[kind], fact.get("token") or sale.token
            sale.free = fact.get("free", sale.free)
            if sale.state == "delivered" and len(sale.free) != len(sale.free_wh):
                findings.lost.append(f"sale {sale.sale_id} was delivered without its free tokens")
        elif kind == "card_work_committed" and fact["operation"] == "cancel":
            cancels[fact["work_id"]] = fact["sale_id"]
        elif kind == "sale_reversed" or (kind == "card_work_done" and fact["work_id"] in cancels):
            sale = sales[fact.get("sale_id") or cancels[fact["work_id"]]]
            if sale.state != "delivered":
                findings.doubled.append(f"sale {sale.sale_id} was taken back and is {sale.state}")
            sale.state = "taken_back"
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


def moves_in(facts: list[Told], findings: Findings) -> dict[str, CardMove]:
    """The movements of money on cards by id, and how each ended."""
    moves: dict[str, CardMove] = {}
    for kind, fact in facts:
        if kind == "account_move_committed":
            if fact["move_id"] in moves:
                findings.doubled.append(f"movement {fact['move_id']} was committed twice")
            moves[fact["move_id"]] = CardMove(
                fact["move_id"], fact["meter"], fact["kind"], fact["amount_minor"]
            )
        elif kind in {"account_moved", "account_move_undone"}:
            moves[fact["move_id"]].state = "moved" if kind == "account_moved" else "undone"
    return moves


def tokens_in(facts: list[Told], findings: Findings) -> dict[str, Token]:
    """The tokens outside sales by id, and how each ended."""
    tokens: dict[str, Token] = {}
    for kind, fact in facts:
        if kind == "token_committed":
            if fact["issue_id"] in tokens:
                findings.doubled.append(f"token {fact['issue_id']} was committed twice")
            tokens[fact["issue_id"]] = Token(
                fact["issue_id"], fact["meter"], fact["operation"], fact["energy_wh"],
                fact["request"].get("new"), fact["request"].get("tokens", 1),
                fact.get("first_sale", ""),
            )  # fmt: skip
        elif kind in {"token_issued", "token_refused"}:
            token = tokens[fact["issue_id"]]
            if token.state != "committed":
                findings.doubled.append(f"token {token.issue_id} ended twice")
            token.state = kind.removeprefix("token_")
            if kind == "token_issued":
                _issued(token, fact, findings)
    return tokens


def _issued(token: Token, fact: dict[str, Any], findings: Findings) -> None:
    """What came out is what was wanted, and all of it."""
    token.tokens = fact["tokens"]
    if any(fact[name] != getattr(token, name) for name in ("meter", "operation", "energy_wh")):
        findings.unbalanced.append(f"token {token.issue_id} is another one than was wanted")
    if len(token.tokens) != token.sections:
        findings.lost.append(f"token {token.issue_id} has not all of its {token.sections} sections")


def identifiers_in(facts: list[Told]) -> list[tuple[str, int, int, int]]:
    """Meter, base date, key revision and identifier of every token that carries one."""
    return [
        (request["meter"], place["base_date"], place["key_revision"], request["identifier"])
        for kind, fact in facts
        for request in _requests(kind, fact)
        if "identifier" in request
        for place in (request.get("place", request),)
    ]


def _requests(kind: str, fact: dict[str, Any]) -> list[dict[str, Any]]:
    """What the security module was asked for, each token of a set for itself."""
    if kind == "token_committed":
        return [fact["request"].get("token", fact["request"])]
    if kind == "sale_committed" and fact.get("token"):
        return [fact["token"], *(free["request"] for free in fact.get("free", []))]
    return []


def digits_in(export: bytes, for_any: str = "") -> list[tuple[str, str]]:
    """Meter and digits of everything that came out for a keypad, in the order of the journal;
    what is for any meter is for `for_any`, or left out."""
    facts = facts_in(export, Findings())
    meters = {
        fact.get("sale_id") or fact["issue_id"]: fact["meter"]
        for kind, fact in facts
        if kind in {"sale_committed", "token_committed"}
    }
    given: list[tuple[str, str]] = []
    for kind, fact in facts:
        if kind == "sale_delivered" and fact.get("token"):
            tokens = [fact["token"], *fact.get("free", [])]
            given += [(meters[fact["sale_id"]], token) for token in tokens]
        elif kind == "token_issued" and (fact["meter"] or for_any):
            given += [(fact["meter"] or for_any, token) for token in fact["tokens"]]
    return given
