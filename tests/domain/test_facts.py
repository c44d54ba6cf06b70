"""A published fact never changes: its bytes are pinned here, and old journals depend on them.

If a test below fails, do not mend the hex: give the fact a new version and keep the old one.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import facts
from kiosk.domain.entry import Entry, digest, entry_bytes, signed_bytes
from kiosk.domain.facts import KINDS, Fact
from tests.domain.published import FACTS

GOLDEN = Path(__file__).parent.parent / "data" / "facts.golden"
NAMES = [f"{place:02d} {fact.KIND} {fact.VERSION}" for place, fact in enumerate(FACTS)]


def golden() -> dict[str, str]:
    lines = [line for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split(": ") for line in lines)


@pytest.mark.parametrize(("name", "fact"), list(zip(NAMES, FACTS, strict=True)), ids=NAMES)
def test_the_bytes_of_a_published_fact_are_those_of_the_golden_file(name: str, fact: Fact) -> None:
    assert facts.encode(fact).hex() == golden()[name]


@pytest.mark.parametrize(("name", "fact"), list(zip(NAMES, FACTS, strict=True)), ids=NAMES)
def test_a_fact_is_the_same_when_its_old_bytes_are_read(name: str, fact: Fact) -> None:
    assert facts.decode(fact.KIND, fact.VERSION, bytes.fromhex(golden()[name])) == fact


def test_every_kind_is_pinned_when_it_may_enter_a_journal() -> None:
    assert {(fact.KIND, fact.VERSION) for fact in FACTS} == set(KINDS)
    assert set(golden()) == set(NAMES)


def test_every_fact_is_listed_when_it_is_defined() -> None:
    assert set(subclasses(Fact)) == set(KINDS.values())


def subclasses(fact: type[Fact]) -> Iterator[type[Fact]]:
    for found in fact.__subclasses__():
        yield found
        yield from subclasses(found)


ENTRY = Entry("r1", 2, 1_795_176_000_000, "synced", "lane_given", 1, b"\x80", bytes(32), bytes(64))
#: origin, sequence, time, quality, kind, version, body, previous: a msgpack array of eight.
SIGNED = "98a2723102cf000001a1f8d3ea00a673796e636564aa6c616e655f676976656e01c40180c420" + "00" * 32


def test_an_entry_has_these_bytes_when_it_is_signed_and_hashed() -> None:
    fields = [getattr(ENTRY, name) for name in Entry.__struct_fields__]
    assert signed_bytes(*fields[:-1]).hex() == SIGNED
    whole = "99" + SIGNED[2:] + "c440" + "00" * 64
    assert entry_bytes(ENTRY).hex() == whole
    assert digest(ENTRY) == hashlib.sha256(bytes.fromhex(whole)).digest()


#: A fact that may stand once has an identity; nothing else has.
IDENTITIES = {
    "home_opened": "home",
    "catalogue_received": "catalogue/1",
    "sale_committed": "sale/s1",
    "sale_delivered": "end/s1",
    "sale_voided": "end/s1",
    "note_offered": "note/p1/1",
    "note_stacked": "note_end/p1/1",
    "note_returned": "note_end/p1/1",
    "note_in_doubt": "note_doubt/p1/1",
    "payment_kept": "kept/p1",
    "token_committed": "token/t1",
    "token_issued": "token_end/t1",
    "token_refused": "token_end/t2",
    "key_file_imported": "key_file/" + "cc" * 32,
    "meter_key_changed": "key_changed/t4",
    "account_move_committed": "account_move/m1",
    "account_moved": "account_move_end/m1",
    "account_move_undone": "account_move_end/m2",
    "card_money_returned": "card_money_returned/00112233445566aa",
    "card_suspected": "suspicion/c1",
    "suspicion_closed": "suspicion_end/c1",
    "tariff_published": "tariff/7",
    "top_up_received": "top_up/u1",
    "top_up_cleared": "top_up_cleared/u1",
    "top_up_bounced": "top_up_bounced/u1",
    "money_transferred": "transfer/m1",
    "money_refunded": "refund/r1",
    "deposit_taken": "deposit/d1",
    "account_closed": "closed/20000001",
    "debt_recorded": "debt/x1",
    "debt_paid": "debt_paid/y1",
    "debt_written_off": "write_off/w1",
    "bill_received": "bill/b1",
    "bill_collected": "bill_collected/k1",
    "sale_reversed": "undone/s2",
    "sale_reallocated": "undone/s1",
    "sale_rerated": "rerated/s4",
    "sale_judged": "judged/s5",
    "card_work_committed": "card_work/w1",
    "card_work_done": "card_work_end/w1",
    "card_work_undone": "card_work_end/w2",
    "card_found": "card_case/c1",
    "card_inspected": "card_case/c2",
    "card_case_closed": "card_case_end/c1",
    "period_archived": "archive/1",
    "origin_rejoined": "rejoined",
    "terminal_revoked": "revoked",
    "customer_registered": "customer/20000009",
    "customer_amended": "change/c1",
    "meter_installed": "meter/01470000206",
    "meter_amended": "change/c2",
    "shares_set": "change/c3",
    "meter_read": "reading/r1",
    "meter_replaced": "retired/01470000107",
    "meter_cancelled": "retired/01470000206",
    "credit_left": "credit_left/01470000206",
}


def test_a_fact_has_an_identity_when_it_may_stand_only_once() -> None:
    shown: dict[str, str] = {}
    for fact in FACTS:
        identity = fact.identity()
        if identity is not None:
            shown.setdefault(fact.KIND, identity)
    assert shown == IDENTITIES


@pytest.mark.parametrize(
    ("kind", "version", "body", "error"),
    [
        ("sale_cancelled", 1, b"\x80", KeyError),
        ("sale_voided", 2, b"\x80", KeyError),
        ("sale_voided", 1, b"\x80", msgspec.ValidationError),
        ("sale_voided", 1, b"\xc1", msgspec.DecodeError),
        ("sale_voided", 1, b"", msgspec.DecodeError),
        ("sale_voided", 1, b"\x81\xa7sale_id\xa1\xff", msgspec.DecodeError),
        ("sale_voided", 1, b"\x81\xa1x" + b"\x91" * 100_000, msgspec.DecodeError),
    ],
)
def test_bytes_are_refused_when_they_are_no_such_fact(
    kind: str, version: int, body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        facts.decode(kind, version, body)


@given(st.sampled_from(FACTS), st.data())
def test_bytes_are_a_fact_or_refused_whatever_happened_to_them(
    fact: Fact, data: st.DataObject
) -> None:
    body = bytearray(facts.encode(fact))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(msgspec.MsgspecError):
        read = facts.decode(fact.KIND, fact.VERSION, bytes(body))
        assert facts.decode(fact.KIND, fact.VERSION, facts.encode(read)) == read


def test_a_body_is_refused_when_a_figure_has_become_a_float() -> None:
    body = msgspec.msgpack.decode(facts.encode(FACTS[13]))
    with pytest.raises(msgspec.ValidationError):
        facts.decode("note_offered", 1, msgspec.msgpack.encode(body | {"amount_minor": 20.5}))
