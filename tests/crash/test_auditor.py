"""The auditor must find what it is there to find: honest books pass, cooked ones do not."""

from __future__ import annotations

import ast
import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.crash import auditor, door_audit, journal_reader
from tests.crash import evidence as shown
from tests.crash.auditor import judge
from tests.crash.evidence import Attempt, Evidence, Neighbour, World

Fact = tuple[str, dict[str, Any]]

METER, CARD_METER, TOKEN = "01470000009", "01470000371", "1" * 20


def exported(facts: list[Fact]) -> bytes:
    entries: list[Any] = []
    previous = bytes(32)
    for sequence, (kind, fact) in enumerate(facts, 1):
        body = msgspec.msgpack.encode(fact)
        entry = ("here", sequence, 0, "synced", kind, 1, body, previous, bytes(64))
        previous = hashlib.sha256(msgspec.msgpack.encode(entry)).digest()
        entries.append(entry)
    packed = zlib.compress(msgspec.msgpack.encode(("here", entries)))
    return struct.pack(">4sII", b"PHB\x01", len(packed), zlib.crc32(packed)) + packed


def committed(sale_id: str = "s1", meter: str = METER, **changes: Any) -> Fact:
    sale = {
        "sale_id": sale_id, "meter": meter, "amount_minor": 3000, "energy_wh": 12700,
        "lines": [{"amount_minor": 3000, "energy_wh": 12700}],
        "tenders": [{"kind": "cash", "amount_minor": 3000}],
    }  # fmt: skip
    return "sale_committed", sale | changes


def delivered(sale_id: str = "s1", token: str | None = TOKEN) -> Fact:
    return "sale_delivered", {"sale_id": sale_id, "token": token}


def note(kind: str, number: int = 1, **more: Any) -> Fact:
    return kind, {"payment": "s1", "note": number, "amount_minor": 2000, **more}


BY_NOTES = [{"kind": "notes", "amount_minor": 3000}]
KEPT: Fact = ("payment_kept", {"payment": "s1", "meter": METER, "amount_minor": 2000})


def world(meter_wh: int = 0, worth_wh: int = 0, box_minor: int = 0) -> World:
    return World({METER: meter_wh, CARD_METER: 0}, {CARD_METER: worth_wh}, box_minor)


def evidence(*facts: Fact, paid: bool | None = True, gained_wh: int = 12700) -> Evidence:
    sales = len({fact["sale_id"] for kind, fact in facts if kind == "sale_committed"})
    return Evidence(
        attempts=[Attempt(METER, 3000, paid)],
        export=exported(list(facts)),
        verify_exit=0,
        verify={"first_bad": 0, "entries": len(facts), "sales": sales},
        in_doubt=[],
        before=world(),
        killed=world(),
        once=world(gained_wh),
        twice=world(gained_wh),
    )


HONEST = evidence(committed(), delivered())
DOUBT: Fact = ("sale_in_doubt", {"sale_id": "s1"})


@pytest.mark.parametrize(
    "honest",
    [
        HONEST,
        evidence(paid=False, gained_wh=0),
        replace(evidence(committed(), DOUBT, gained_wh=0), in_doubt=["s1"]),
        evidence(committed(), ("sale_voided", {"sale_id": "s1"}), gained_wh=0),
        replace(
            evidence(note("note_offered"), note("note_stacked"), KEPT, paid=None, gained_wh=0),
            once=world(box_minor=2000),
        ),
        replace(
            evidence(note("note_offered"), note("note_in_doubt"), paid=None, gained_wh=0),
            once=world(box_minor=2000),
        ),
    ],
)
def test_nothing_is_found_when_the_books_are_honest(honest: Evidence) -> None:
    assert judge(honest).all() == []


def told(state: str, token: str) -> list[Attempt]:
    return [
        Attempt(
            METER, 3000, True, {"sale_id": "s1", "meter": METER, "state": state, "token": token}
        )
    ]


@pytest.mark.parametrize(
    ("kind", "cooked"),
    [
        ("lost", lambda: evidence(gained_wh=0)),
        ("lost", lambda: evidence(committed(), gained_wh=0)),
        ("lost", lambda: evidence(committed(), DOUBT, gained_wh=0)),
        ("lost", lambda: replace(HONEST, once=world(12600), twice=world(12600))),
        ("lost", lambda: replace(HONEST, attempts=told("delivered", "2" * 20))),
        ("lost", lambda: replace(HONEST, attempts=told("voided", TOKEN))),
        ("lost", lambda: replace(HONEST, export=HONEST.export[:-1] + b"\0")),
        ("lost", lambda: replace(HONEST, verify=HONEST.verify | {"entries": 3})),
        ("lost", lambda: evidence(note("note_offered"), paid=None, gained_wh=0)),
        ("lost", lambda: evidence(note("note_offered"), note("note_stacked"), KEPT, paid=None,
                                  gained_wh=0)),
        ("lost", lambda: replace(
            evidence(note("note_offered"), note("note_stacked"), paid=None, gained_wh=0),
            once=world(box_minor=2000))),
        ("lost", lambda: replace(
            evidence(note("note_offered"), note("note_returned"), paid=None, gained_wh=0),
            once=world(box_minor=2000))),
        ("doubled", lambda: replace(HONEST, attempts=[Attempt(METER, 3000, False)])),
        ("doubled", lambda: replace(HONEST, twice=world(25400))),
        ("doubled", lambda: replace(HONEST, killed=world(worth_wh=1))),
        ("doubled", lambda: evidence(committed(), delivered(), delivered())),
        ("doubled", lambda: evidence(committed(), delivered(), committed("s2"), delivered("s2"),
                                     gained_wh=25400)),
        ("doubled", lambda: replace(
            evidence(note("note_offered"), note("note_stacked"), committed(tenders=BY_NOTES),
                     delivered(), KEPT, paid=None), once=world(12700, box_minor=2000))),
        ("doubled", lambda: replace(
            evidence(note("note_offered"), note("note_stacked"), note("note_returned"), KEPT,
                     paid=None, gained_wh=0), once=world(box_minor=2000))),
        ("unbalanced", lambda: evidence(committed(energy_wh=99), delivered())),
        ("unbalanced", lambda: evidence(committed(tenders=[]), delivered())),
        ("unbalanced", lambda: replace(HONEST, verify_exit=1)),
        ("unbalanced", lambda: replace(HONEST, attempts=[Attempt(METER, 2999, True)])),
    ],
)  # fmt: skip
def test_it_is_found_when_the_books_were_cooked(kind: str, cooked: Callable[[], Evidence]) -> None:
    assert getattr(judge(cooked()), kind) != []


ANSWER = {"sale_id": "s1", "meter": METER, "state": "delivered", "token": TOKEN}


@pytest.mark.parametrize(
    ("neighbour", "kind"),
    [
        (Neighbour([METER], [ANSWER]), ""),
        (Neighbour([METER], [], killed=True), ""),
        (Neighbour([METER], []), "doubled"),
        (Neighbour([METER], [ANSWER | {"sale_id": "s2"}]), "lost"),
        (Neighbour([METER], [ANSWER | {"token": "2" * 20}]), "lost"),
        (Neighbour([METER], [ANSWER, ANSWER | {"sale_id": "s2"}], killed=True), "lost"),
    ],
)
def test_a_counter_is_believed_only_when_the_journal_says_the_same(
    neighbour: Neighbour, kind: str
) -> None:
    findings = judge(replace(HONEST, attempts=[], neighbours=[neighbour]))
    assert bool(findings.all()) == bool(kind)
    assert not kind or getattr(findings, kind)


def test_it_is_found_when_an_entry_was_changed_afterwards() -> None:
    packed = HONEST.export[12:]
    origin, entries = msgspec.msgpack.decode(zlib.decompress(packed))
    entries[0][2] = 1
    again = zlib.compress(msgspec.msgpack.encode((origin, entries)))
    head = struct.pack(">4sII", b"PHB\x01", len(again), zlib.crc32(again))
    assert judge(replace(HONEST, export=head + again)).lost != []


# --- tokens outside sales, and notes in doubt -----------------------------------------------------

IDENTIFIED = {"meter": METER, "base_date": 2014, "key_revision": 1, "identifier": 7}
FREE: Fact = ("token_committed", {
    "issue_id": "t1", "meter": METER, "operation": "free_units", "energy_wh": 10_000,
    "request": {"token": IDENTIFIED},
})  # fmt: skip
ISSUED: Fact = ("token_issued", {
    "issue_id": "t1", "meter": METER, "operation": "free_units", "energy_wh": 10_000,
    "tokens": [TOKEN],
})  # fmt: skip
REFUSED: Fact = ("token_refused", {"issue_id": "t1"})
PLACE = {"supply_group": "123456", "key_revision": 1, "tariff_index": 2}
CHANGE: Fact = ("token_committed", {
    "issue_id": "t1", "meter": METER, "operation": "key_change", "energy_wh": 0,
    "request": {"new": PLACE},
})  # fmt: skip
CHANGED: Fact = (ISSUED[0], ISSUED[1] | {"operation": "key_change", "energy_wh": 0})


def given(
    *facts: Fact, agreed: bool | None = True, gained_wh: int = 10_000, **told: Any
) -> Evidence:
    attempt = Attempt(METER, 0, agreed, told or None, "token_committed")
    return replace(evidence(*facts, gained_wh=gained_wh), attempts=[attempt])


def at(place: list[Any], seen: Evidence) -> Evidence:
    before = replace(seen.before, places={METER: ["123456", 1, 1]})
    once, twice = (replace(each, places={METER: place}) for each in (seen.once, seen.twice))
    return replace(seen, before=before, once=once, twice=twice)


@pytest.mark.parametrize(
    "honest",
    [
        given(FREE, ISSUED),
        given(FREE, ISSUED, issue_id="t1", state="issued", tokens=[TOKEN]),
        given(FREE, ISSUED, issue_id="t1", state="committed", tokens=[]),
        given(FREE, REFUSED, gained_wh=0),
        given(agreed=False, gained_wh=0),
        replace(given(FREE, gained_wh=0), open_tokens=["t1"]),
        at(["123456", 1, 2], given(CHANGE, CHANGED, gained_wh=0)),
        replace(
            evidence(note("note_offered"), note("note_in_doubt"), paid=None, gained_wh=0),
            notes_in_doubt=["s1/1"], once=world(box_minor=2000),
        ),
    ],
)  # fmt: skip
def test_nothing_is_found_when_tokens_and_notes_are_as_they_should_be(honest: Evidence) -> None:
    assert judge(honest).all() == []


@pytest.mark.parametrize(
    ("kind", "cooked"),
    [
        ("lost", given(FREE, gained_wh=0)),
        ("lost", given(FREE, ISSUED, gained_wh=0)),
        ("lost", given(gained_wh=0)),
        ("lost", given(FREE, ISSUED, issue_id="t1", state="issued", tokens=["2" * 20])),
        ("lost", at(["123456", 1, 1], given(CHANGE, CHANGED, gained_wh=0))),
        ("lost", at(["123456", 1, 2], given(CHANGE, REFUSED, gained_wh=0))),
        ("lost", replace(
            evidence(note("note_offered"), note("note_in_doubt"), paid=None, gained_wh=0),
            notes_in_doubt=[])),
        ("doubled", given(FREE, ISSUED, agreed=False)),
        ("doubled", given(FREE, ISSUED, gained_wh=10_001)),
        ("doubled", given(FREE, ISSUED, REFUSED)),
        ("doubled", given(FREE, FREE, ISSUED)),
        ("doubled", given(FREE, ISSUED, (FREE[0], FREE[1] | {"issue_id": "t2"}),
                          (ISSUED[0], ISSUED[1] | {"issue_id": "t2", "tokens": ["3" * 20]}),
                          gained_wh=20_000)),
        ("doubled", given(FREE, ISSUED, committed(token=IDENTIFIED),
                          delivered(token="4" * 20), gained_wh=22_700)),
        ("doubled", given(FREE, ISSUED, committed(), delivered(), gained_wh=22_700)),
    ],
)  # fmt: skip
def test_it_is_found_when_tokens_or_notes_were_cooked(kind: str, cooked: Evidence) -> None:
    assert getattr(judge(cooked), kind) != []


@pytest.mark.parametrize(
    ("taken", "found", "kind"),
    [
        (True, {"the PIN": False}, ""),
        (False, {"the PIN": True}, ""),
        (True, {"the PIN": True}, "doubled"),
        (False, {"the PIN": False}, "lost"),
        (False, {}, "lost"),
    ],
)
def test_it_is_found_when_a_door_is_not_as_the_journal_says(
    taken: bool, found: dict[str, Any], kind: str
) -> None:
    retired = [("operator_retired", {"operator": "201"})] if taken else []
    tried = Attempt("", 0, None, None, "operator_retired", "operator", "201", 0,
                    {"the PIN": (True, False)})  # fmt: skip
    findings = judge(replace(evidence(*retired, gained_wh=0), attempts=[tried], doors=found))
    assert [name for name in ("lost", "doubled", "unbalanced") if getattr(findings, name)] == [
        kind
    ] * bool(kind)


def test_the_auditor_imports_nothing_of_ours() -> None:
    own = {"tests.crash.evidence", "tests.crash.journal_reader", "tests.crash.door_audit"}
    for module in (auditor, shown, journal_reader, door_audit):
        assert module.__file__ is not None
        for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
            if isinstance(node, ast.ImportFrom) and node.module not in own:
                assert (node.module or "").split(".")[0] not in {
                    "kiosk", "drivers", "sync", "receipts", "tests",
                }  # fmt: skip
            assert not isinstance(node, ast.Import) or node.names[0].name in {
                "dataclasses", "hashlib", "json", "struct", "zlib", "msgspec",
            }  # fmt: skip
