"""The auditor: comes from outside, imports nothing of ours, believes nobody.

It knows what customers paid, what was answered to them, what meters, cards and the note box show,
and the exported journal (docs/protocol.md). From these it says what was lost, doubled or does not
balance. The sentence that it holds the program to: every sale is delivered, voided or listed in
doubt; what is delivered is in the meter once; money that was taken is in exactly one place; a token
that nobody paid for is made once or listed as open.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.crash.door_audit import judge_doors
from tests.crash.evidence import (
    Attempt,
    CardMove,
    Evidence,
    Findings,
    Neighbour,
    Sale,
    Token,
    World,
)
from tests.crash.journal_reader import (
    DEEDS,
    ENDED,
    Told,
    facts_in,
    identifiers_in,
    moves_in,
    sales_in,
    tokens_in,
)

#: What tells the key of a meter.
_PLACE = ("supply_group", "key_revision", "tariff_index")


def see(world: Path, cards: dict[str, str]) -> World:
    """Look at the things of a home; `cards` names the chip of each card meter."""
    registers = {
        path.stem: json.loads(path.read_bytes()) for path in (world / "meters").glob("*.json")
    }
    credited = {meter: int(shown["energy_credited_wh"]) for meter, shown in registers.items()}
    places = {meter: [shown.get(name) for name in _PLACE] for meter, shown in registers.items()}
    worth = {
        meter: _worth_wh((world / "cards" / f"{serial}.card").read_bytes())
        for meter, serial in cards.items()
    }
    box = world / "acceptor" / "state.json"
    notes = json.loads(box.read_bytes())["box"] if box.exists() else {}
    box_minor = sum(int(value) * count for value, count in notes.items())
    money = {
        meter: _money_minor((world / "cards" / f"{serial}.card").read_bytes())
        for meter, serial in cards.items()
    }
    return World(credited, worth, box_minor, places, money)


def _worth_wh(chip: bytes) -> int:
    """What a card meter would credit: the purchase file follows the identity (docs/cards.md)."""
    purchase, back = chip[512 + 48 :][:40], chip[512 + 88 :][:40]
    if purchase[39] != 0xA5:
        return 0
    taken = back[39] == 0xA5 and back[1:5] == purchase[1:5]
    return 0 if taken else int.from_bytes(purchase[5:10], "big")


def _money_minor(chip: bytes) -> int:
    """What the account on a card holds: the valid slot that was written last (docs/cards.md)."""
    slots = [chip[start : start + 48] for start in (512 + 128, 512 + 176)]
    valid = [slot for slot in slots if len(slot) == 48 and slot[47] == 0xA5]
    newest = max(valid, key=lambda slot: slot[1:5], default=bytes(48))
    return int.from_bytes(newest[5:13], "big")


def judge(evidence: Evidence) -> Findings:
    """Everything that is wrong."""
    findings, facts, sales, tokens = _journal(evidence)
    _meters(evidence, sales.values(), tokens.values(), findings)
    _places(evidence, tokens.values(), findings)
    _cards(evidence, sales.values(), findings)
    _card_money(evidence, moves_in(facts, findings).values(), findings)
    _notes(evidence, facts, sales.values(), findings)
    judge_doors(evidence, facts, findings)
    return findings


def judge_journal(evidence: Evidence) -> Findings:
    """What is wrong in the journal and on the cards, where nobody has gone to the meters yet."""
    findings, facts, sales, _ = _journal(evidence)
    _cards(evidence, sales.values(), findings)
    _card_money(evidence, moves_in(facts, findings).values(), findings)
    _notes(evidence, facts, sales.values(), findings)
    return findings


def _journal(
    evidence: Evidence,
) -> tuple[Findings, list[Told], dict[str, Sale], dict[str, Token]]:
    findings = Findings()
    facts = facts_in(evidence.export, findings)
    sales, tokens = sales_in(facts, findings), tokens_in(facts, findings)
    _verified(evidence, len(facts), len(sales), findings)
    for sale in sales.values():
        _ended(sale, evidence.in_doubt, findings)
    _given_once(facts, sales.values(), tokens.values(), findings)
    for token in tokens.values():
        open_tokens = evidence.open_tokens or []
        if token.state == "committed" and token.issue_id not in open_tokens:
            findings.lost.append(f"token {token.issue_id} has no end and nobody lists it")
    _settled(facts, evidence.unsettled, findings)
    _transferred(facts, tokens.values(), evidence.unsettled, findings)
    for attempt in evidence.attempts:
        _attempt(attempt, facts, findings)
        if attempt.answer is not None:
            _told(attempt.answer, facts, sales, tokens, findings)
    for neighbour in evidence.neighbours:
        for answer in neighbour.answers:
            _told(answer, facts, sales, tokens, findings)
        _neighbour(neighbour, [s for s in sales.values() if s.meter in neighbour.meters], findings)
    return findings, facts, sales, tokens


def _verified(evidence: Evidence, entries: int, sales: int, findings: Findings) -> None:
    shown = evidence.verify
    if evidence.verify_exit != 0 or shown.get("first_bad") != 0:
        findings.unbalanced.append(f"verify says {shown}")
    elif (shown["entries"], shown["sales"]) != (entries, sales):
        findings.lost.append(f"verify counts {shown}, the export {entries} and {sales}")


def _ended(sale: Sale, in_doubt: list[str], findings: Findings) -> None:
    listed = sale.state == "in_doubt" and sale.sale_id in in_doubt
    if sale.state not in ENDED and not listed:
        findings.lost.append(f"sale {sale.sale_id} is {sale.state} and nobody lists it")


def _settled(facts: list[Told], unsettled: list[str] | None, findings: Findings) -> None:
    """Movements of card money, works on cards and reversals end once, or somebody lists them."""
    for intent, name, ends in DEEDS:
        ended = [fact[name] for kind, fact in facts if kind in ends]
        if len(set(ended)) != len(ended):
            findings.doubled.append(f"{intent} ended twice: {sorted(ended)}")
        for kind, fact in facts:
            listed = unsettled is None or fact.get(name) in unsettled
            if kind == intent and fact[name] not in ended and not listed:
                findings.lost.append(f"{intent} {fact[name]} has no end and nobody lists it")


def _transferred(
    facts: list[Told], tokens: Iterable[Token], unsettled: list[str] | None, findings: Findings
) -> None:
    """What was left in a meter that was taken out goes on in one token, or somebody lists it."""
    made = [token.replaces for token in tokens if token.state != "refused"]
    for kind, fact in facts:
        if kind != "meter_replaced" or not fact["moved_wh"]:
            continue
        name = fact["replacement_id"]
        listed = unsettled is None or name in unsettled
        if made.count(name) > 1:
            findings.doubled.append(f"the rest of {fact['meter']} went on {made.count(name)} times")
        if name not in made and not listed:
            findings.lost.append(f"the rest of {fact['meter']} went nowhere and nobody lists it")


def _given_once(
    facts: list[Told], sales: Iterable[Sale], tokens: Iterable[Token], findings: Findings
) -> None:
    """No identifier and no credit digits come out twice."""
    digits = [(sale.meter, token) for sale in sales for token in sale.tokens()]
    digits += [
        (token.meter, token.tokens[0]) for token in tokens if token.energy_wh and token.tokens
    ]
    for what, given in (("identifier", identifiers_in(facts)), ("token", digits)):
        if len(set(given)) != len(given):
            findings.doubled.append(f"the same {what} was given twice: {sorted(given)}")


def _attempt(attempt: Attempt, facts: list[Told], findings: Findings) -> None:
    """Who paid has one of it; who did not has none."""
    meant = [fact for kind, fact in facts if attempt.is_meant(kind, fact)]
    what, times = (
        f"{attempt.kind} of {attempt.value or attempt.meter}",
        len(meant) - attempt.earlier,
    )
    if times > 1:
        findings.doubled.append(f"{what}: there {times} times")
    if attempt.paid is True and times < 1:
        findings.lost.append(f"{what}: paid, and it is not there")
    if attempt.paid is False and times:
        findings.doubled.append(f"{what}: not paid, and it is there")
    if attempt.paid is None or not attempt.amount_minor:
        return
    wanted = attempt.amount_minor
    if any(f.get("amount_minor", wanted) != wanted for f in meant[attempt.earlier :]):
        findings.unbalanced.append(f"{what}: another amount than was paid")


def _told(
    answer: dict[str, Any],
    facts: list[Told],
    sales: dict[str, Sale],
    tokens: dict[str, Token],
    findings: Findings,
) -> None:
    """What was answered once is so for ever."""
    if "sale_id" in answer:
        sale = sales.get(answer["sale_id"])
        so = sale is not None and (sale.state, sale.token) == (answer["state"], answer["token"])
        # What was in doubt may have been settled since; what was settled stays.
        so = so or (sale is not None and answer["state"] == "in_doubt")
    elif "issue_id" in answer:
        token = tokens.get(answer["issue_id"])
        so = token is not None and (
            answer["state"] == "committed"
            or (token.state, token.tokens) == (answer["state"], answer["tokens"])
        )
    else:
        so = any(
            answer["fact"] == kind and answer["told"].items() <= f.items() for kind, f in facts
        )
    if not so:
        findings.lost.append(f"somebody was told {answer}, which is not so")


def _neighbour(neighbour: Neighbour, sales: list[Sale], findings: Findings) -> None:
    unanswered = len(sales) - len(neighbour.answers)
    if unanswered > neighbour.killed:
        findings.doubled.append(f"{unanswered} more sales than answers at a counter")


# --- the things -----------------------------------------------------------------------------------


def _meters(
    evidence: Evidence, sales: Iterable[Sale], tokens: Iterable[Token], findings: Findings
) -> None:
    """Every meter has gained what was delivered to it, and nothing when it was done again."""
    due: dict[str, int] = {}
    for sale in sales:
        if sale.state == "delivered":
            due[sale.meter] = due.get(sale.meter, 0) + sale.energy_wh + sum(sale.free_wh)
    for token in tokens:
        if token.state == "issued" and token.energy_wh:
            due[token.meter] = due.get(token.meter, 0) + token.energy_wh
    for meter in evidence.before.credited_wh.keys() | due.keys():
        before_wh = evidence.before.credited_wh.get(meter, 0)  # a new meter had nothing
        once = evidence.once.credited_wh.get(meter, 0) - before_wh
        twice = evidence.twice.credited_wh.get(meter, 0) - before_wh
        if once < due.get(meter, 0):
            findings.lost.append(f"meter {meter} gained {once} Wh of {due[meter]}")
        if max(once, twice) > due.get(meter, 0):
            findings.doubled.append(f"meter {meter} gained {once}, then {twice} Wh")


def _places(evidence: Evidence, tokens: Iterable[Token], findings: Findings) -> None:
    """A meter whose key change was made and typed is where the tokens lead, also when typed again;
    every other is where it was."""
    wanted = dict(evidence.before.places)
    for token in tokens:
        if token.place is not None and token.state == "issued":
            wanted[token.meter] = [token.place[name] for name in _PLACE]
    for when in (evidence.once, evidence.twice):
        for meter, place in when.places.items():
            if place != wanted.setdefault(meter, place):  # a new meter is where it was installed
                findings.lost.append(f"meter {meter} is at {place}, not at {wanted[meter]}")


def _cards(evidence: Evidence, sales: Iterable[Sale], findings: Findings) -> None:
    """No card was ever worth more than its customer had paid for."""
    paid_wh: dict[str, int] = {}
    for sale in sales:
        paid_wh[sale.meter] = max(paid_wh.get(sale.meter, 0), sale.energy_wh)
    for when in (evidence.killed, evidence.once, evidence.twice):
        for meter, worth_wh in when.card_worth_wh.items():
            if worth_wh > paid_wh.get(meter, 0):
                findings.doubled.append(f"the card of {meter} was worth {worth_wh} Wh unpaid")


def _card_money(evidence: Evidence, moves: Iterable[CardMove], findings: Findings) -> None:
    """The money on a card is what was put on it less what was spent; a movement that nobody knows
    the end of may be there or not."""
    least: dict[str, int] = {}
    most: dict[str, int] = {}
    for move in moves:
        signed = move.amount_minor if move.kind == "top_up" else -move.amount_minor
        for bound, open_counts in ((least, min(signed, 0)), (most, max(signed, 0))):
            change = {"moved": signed, "undone": 0}.get(move.state, open_counts)
            bound[move.meter] = bound.get(move.meter, 0) + change
    for meter, held_minor in evidence.once.card_money_minor.items():
        change = held_minor - evidence.before.card_money_minor.get(meter, 0)
        if change < least.get(meter, 0):
            findings.lost.append(f"the card of {meter} holds {change} more, not {least[meter]}")
        if change > most.get(meter, 0):
            findings.doubled.append(f"the card of {meter} holds {change} more than before")


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
    listed = evidence.notes_in_doubt
    for (payment, note), end in ends.items():
        told = listed is None or f"{payment}/{note}" in listed
        if end == "note_in_doubt" and not told:
            findings.lost.append(f"note {payment}/{note} is in doubt and nobody lists it")
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
