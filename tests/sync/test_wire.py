"""The bytes of the wire: what is taken, and that everything else is a WireFault."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.entry import digest
from sync import wire
from tests.sync.sync_terminal import Terminal

CENTRE = Terminal("SC1", seed=77)


def packed(content: bytes) -> bytes:
    """A bundle's bytes around any content, with everything outside it right."""
    inside = zlib.compress(content)
    return struct.pack(">4sII", b"PHB\x01", len(inside), zlib.crc32(inside)) + inside


def acknowledgement(terminal: Terminal) -> wire.Acknowledgement:
    head = terminal.head()
    return wire.acknowledge(CENTRE.key, "T1", head.sequence, head.digest, "SC1", 1)


def test_the_entries_are_the_very_same_when_a_bundle_comes_out(terminal: Terminal) -> None:
    bundle = wire.decode_bundle(terminal.packed(2, 4))
    assert bundle == terminal.bundle(2, 4)
    assert digest(bundle.entries[-1]) == digest(terminal.entries[3])


def test_all_bundles_come_out_in_order_when_a_file_holds_several(terminal: Terminal) -> None:
    data = terminal.packed(1, 2) + terminal.packed(3, 3) + terminal.packed(4)
    assert [len(each.entries) for each in wire.decode_bundles(data)] == [2, 1, 2]
    with pytest.raises(wire.WireFault, match="do not belong"):
        wire.decode_bundle(data)


@pytest.mark.parametrize("bit", range(8))
def test_the_bundle_is_refused_when_one_bit_is_flipped_anywhere(
    terminal: Terminal, bit: int
) -> None:
    data = terminal.packed()
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << bit
        with pytest.raises(wire.WireFault):
            wire.decode_bundle(bytes(flipped))


def test_the_bundle_is_refused_when_it_is_cut_off_anywhere(terminal: Terminal) -> None:
    data = terminal.packed()
    for length in range(len(data)):
        with pytest.raises(wire.WireFault):
            wire.decode_bundle(data[:length])


def test_the_bundle_is_refused_when_bytes_follow_it(terminal: Terminal) -> None:
    with pytest.raises(wire.WireFault, match="do not belong"):
        wire.decode_bundle(terminal.packed() + b"\0")


def test_the_bundle_is_refused_when_bytes_follow_inside(terminal: Terminal) -> None:
    content = zlib.decompress(terminal.packed()[12:])
    with pytest.raises(wire.WireFault, match="cannot be read"):
        wire.decode_bundle(packed(content + b"\0"))
    inside = zlib.compress(content) + b"\0"
    head = struct.pack(">4sII", b"PHB\x01", len(inside), zlib.crc32(inside))
    with pytest.raises(wire.WireFault, match="does not end"):
        wire.decode_bundle(head + inside)


def test_the_bundle_is_refused_when_it_is_a_decompression_bomb() -> None:
    bomb = packed(bytes(wire.CONTENT_LIMIT_BYTES + 1))
    assert len(bomb) < 20_000
    with pytest.raises(wire.WireFault, match="unpacks to more"):
        wire.decode_bundle(bomb)


def test_the_bundle_is_refused_when_it_says_it_is_huge() -> None:
    with pytest.raises(wire.WireFault, match="larger than"):
        wire.decode_bundle(struct.pack(">4sII", b"PHB\x01", 2**32 - 1, 0))


def test_the_bundle_is_refused_when_it_is_nested_deeply() -> None:
    with pytest.raises(wire.WireFault):
        wire.decode_bundle(packed(b"\x91" * 100_000))


def test_the_bundle_is_refused_when_a_number_is_written_the_long_way(terminal: Terminal) -> None:
    content = zlib.decompress(terminal.packed(1, 1)[12:])
    # Entry: array of 9, "T1", then the sequence 1 as one byte; 0xcd is the same in three.
    short = b"\x99\xa2T1\x01"
    assert short in content
    long = content.replace(short, b"\x99\xa2T1\xcd\x00\x01")
    with pytest.raises(wire.WireFault, match="one encoding"):
        wire.decode_bundle(packed(long))


def test_the_bundle_is_refused_when_its_version_is_newer(terminal: Terminal) -> None:
    with pytest.raises(wire.WireFault, match="version 2"):
        wire.decode_bundle(b"PHB\x02" + terminal.packed()[4:])


# what is wrong with the entries, and the bundle that has it
def _foreign(t: Terminal) -> wire.Bundle:
    return wire.Bundle("T1", [t.entries[0], Terminal("T2", seed=2).entries[0]])


IMPOSSIBLE: dict[str, Callable[[Terminal], wire.Bundle]] = {
    "no entries": lambda t: wire.Bundle("T1", []),
    "a hole": lambda t: wire.Bundle("T1", [t.entries[0], t.entries[2]]),
    "backwards": lambda t: wire.Bundle("T1", t.entries[1::-1]),
    "one twice": lambda t: wire.Bundle("T1", [t.entries[0], t.entries[0]]),
    "another terminal's": _foreign,
    "another name outside": lambda t: wire.Bundle("T2", t.entries),
    "a path as a name": lambda t: wire.Bundle("../T1", t.entries),
    "a name with a zero": lambda t: wire.Bundle("T\0", t.entries),
    "no name": lambda t: wire.Bundle("", t.entries),
    "too many": lambda t: wire.Bundle("T1", t.entries[:1] * (wire.ENTRIES_LIMIT + 1)),
    "number zero": lambda t: wire.Bundle("T1", [msgspec.structs.replace(t.entries[0], sequence=0)]),
    "a negative number": lambda t: wire.Bundle(
        "T1", [msgspec.structs.replace(t.entries[0], sequence=-5)]
    ),
    "a number beyond all": lambda t: wire.Bundle(
        "T1", [msgspec.structs.replace(t.entries[0], sequence=2**63)]
    ),
    "a short signature": lambda t: wire.Bundle(
        "T1", [msgspec.structs.replace(t.entries[0], signature=b"short")]
    ),
}


@pytest.mark.parametrize("wrong", IMPOSSIBLE)
def test_the_bundle_is_refused_when_its_entries_are_impossible(
    terminal: Terminal, wrong: str
) -> None:
    content = msgspec.msgpack.encode(IMPOSSIBLE[wrong](terminal))
    with pytest.raises(wire.WireFault):
        wire.decode_bundle(packed(content))


@given(st.binary(max_size=300), st.booleans())
def test_there_is_no_other_error_when_the_bytes_are_anything(data: bytes, inside: bool) -> None:
    for read in (wire.decode_bundle, wire.decode_answer):
        with pytest.raises(wire.WireFault):
            read(packed(data) if inside else data)
    with pytest.raises(wire.WireFault):
        wire.decode_answer(wire.ANSWER_MAGIC + b"\xc1" + data)


# --- answers ----------------------------------------------------------------------------------


def test_each_answer_comes_out_the_same(terminal: Terminal) -> None:
    answers = (acknowledgement(terminal), wire.WantFrom(7), wire.Refused("fork", "Twice."))
    for answer in answers:
        assert wire.decode_answer(wire.encode_answer(answer)) == answer


def test_no_flipped_bit_gives_a_genuine_acknowledgement(terminal: Terminal) -> None:
    data = wire.encode_answer(acknowledgement(terminal))
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        try:
            answer = wire.decode_answer(bytes(flipped))
        except wire.WireFault:
            continue
        assert isinstance(answer, wire.Acknowledgement)
        assert not wire.acknowledgement_is_genuine(CENTRE.public_key, answer)


@pytest.mark.parametrize(
    "answer",
    [
        wire.WantFrom(0),
        wire.WantFrom(-1),
        wire.Acknowledgement("T1", 0, bytes(32), "SC1", 1, bytes(64)),
        wire.Acknowledgement("T1", 1, b"short", "SC1", 1, bytes(64)),
    ],
)
def test_an_answer_is_refused_when_it_names_no_entry(answer: wire.Answer) -> None:
    with pytest.raises(wire.WireFault, match="names no entry"):
        wire.decode_answer(wire.encode_answer(answer))


def test_an_answer_is_refused_when_bytes_follow_it() -> None:
    with pytest.raises(wire.WireFault):
        wire.decode_answer(wire.encode_answer(wire.WantFrom(7)) + b"\0")


def test_an_entry_signature_is_no_acknowledgement_when_the_same_key_made_it(
    terminal: Terminal,
) -> None:
    entry = terminal.entries[0]
    answer = wire.Acknowledgement("T1", 1, digest(entry), "T1", entry.time_ms, entry.signature)
    assert not wire.acknowledgement_is_genuine(terminal.public_key, answer)
