"""docs/protocol.md against the program: its tables, its limits and its worked example."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain import facts
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.entry import GENESIS, Entry, digest, entry_bytes, signed_bytes
from kiosk.domain.free_units import FreeToken
from kiosk.domain.tariff import Line, Usage
from kiosk.domain.token import TokenRequest
from kiosk.ledger.sealing import public_bytes
from sync import wire

TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
ORIGIN_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CENTRE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
OPENED_MS = 1_795_000_000_000


def example(name: str) -> bytes:
    found = re.search(rf"```{name}\n(.*?)```", TEXT, flags=re.DOTALL)
    assert found is not None, name
    return bytes.fromhex(found[1])


def journal() -> list[Entry]:
    """The two entries of the worked example, as the program writes them."""
    entries: list[Entry] = []
    written = [
        facts.HomeOpened("r1", "rehearsal", "ZAR", public_bytes(ORIGIN_KEY)),
        facts.LaneGiven(3, 32, "centre"),
    ]
    for place, fact in enumerate(written):
        previous = digest(entries[-1]) if entries else GENESIS
        body, time_ms = facts.encode(fact), OPENED_MS + 1000 * place
        plain = ("r1", place + 1, time_ms, "synced", fact.KIND, fact.VERSION, body, previous)
        entries.append(Entry(*plain, ORIGIN_KEY.sign(signed_bytes(*plain))))
    return entries


def test_the_worked_example_is_what_the_program_writes_when_it_is_made_again() -> None:
    one, two = journal()
    assert example("key-of-r1") == public_bytes(ORIGIN_KEY)
    assert example("key-of-centre") == public_bytes(CENTRE_KEY)
    assert example("body-1") == one.body
    assert (example("entry-1"), example("digest-1")) == (entry_bytes(one), digest(one))
    assert (example("entry-2"), example("digest-2")) == (entry_bytes(two), digest(two))
    assert wire.decode_bundle(example("bundle")) == wire.Bundle("r1", [one, two])
    acknowledged = wire.acknowledge(CENTRE_KEY, "r1", 2, digest(two), "centre", OPENED_MS + 2000)
    assert example("acknowledgement") == wire.encode_answer(acknowledged)


def test_what_is_signed_is_cut_out_of_the_entry_when_the_page_is_followed() -> None:
    whole = example("entry-1")
    ORIGIN_KEY.public_key().verify(whole[-64:], b"\x98" + whole[1:-66])


def rows(heading: str) -> dict[str, list[str]]:
    """First cell of each row of the table with this heading -> the words in code in the second."""
    table = TEXT.partition(f"| {heading} |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    return {
        re.sub(r"each of |`", "", first).strip(): re.findall(r"`(\w+)`", second)
        for first, second in cells
    }


def test_every_fact_stands_in_the_table_when_the_page_is_read() -> None:
    written = {}
    for (kind, version), fact in facts.KINDS.items():
        known = facts.KINDS[kind, version - 1].__struct_fields__ if version > 1 else ()
        name = kind if version == 1 else f"{kind} {version}"
        written[name] = [field for field in fact.__struct_fields__ if field not in known]
    assert rows("kind | fields | postings") == written


@pytest.mark.parametrize(
    ("part", "struct"),
    [
        ("lines", Line),
        ("token", TokenRequest),
        ("free", FreeToken),
        ("card", facts.CardDelivery),
        ("before", CardImage),
        ("writes", PlainWrite),
        ("usage", Usage),
    ],
)
def test_every_part_of_a_sale_stands_in_the_table_when_the_page_is_read(
    part: str, struct: type[msgspec.Struct]
) -> None:
    assert rows("part | fields")[part][: len(struct.__struct_fields__)] == list(
        struct.__struct_fields__
    )


def test_the_limits_and_names_on_the_page_are_those_of_the_program_when_compared() -> None:
    assert f"`{wire.BUNDLE_MAGIC.hex(' ')}`" in TEXT
    assert f"`{wire.ANSWER_MAGIC.hex(' ')}`" in TEXT
    assert wire.BUNDLE_TYPE in TEXT
    assert wire.ANSWER_TYPE in TEXT
    assert f"1 to {wire.ENTRIES_LIMIT} entries" in TEXT
    assert f"at most {wire.CONTENT_LIMIT_BYTES // 2**20} MiB unpacked" in TEXT
    assert f"at most {wire.BUNDLE_LIMIT_BYTES // 2**20} MiB" in TEXT
    entry_fields = re.findall(r"^\| (\d) \| `(\w+)` \|", TEXT, flags=re.MULTILINE)
    assert [name for _, name in entry_fields] == list(Entry.__struct_fields__)


def test_every_refusal_of_a_centre_is_named_when_the_page_is_read() -> None:
    folder = Path(__file__).parents[2] / "sync" / "centre"
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    codes = set(re.findall(r"Refused\(\s*\"(\w+)\"", source))
    assert codes
    for code in codes:
        assert f"`{code}`" in TEXT, code
