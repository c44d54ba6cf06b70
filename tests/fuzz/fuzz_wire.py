"""Hostile bytes on the roads: bundles, answers, stick files, and what one process hands another.

Every function runs `count` rounds from `seed` and returns how many inputs were accepted. Whatever
is not a WireFault, a BadInput or an answer escapes and is a finding.
"""

from __future__ import annotations

import random
import struct
import tempfile
import zlib
from pathlib import Path

import msgspec

from kiosk.domain.entry import Entry
from kiosk.errors import BadInput
from kiosk.ledger.handover import HandoverServer
from kiosk.ledger.pen import Draft
from kiosk.ledger.proof import prove
from kiosk.ledger.records import Records
from kiosk.ledger.store import open_reader
from sync import wire
from sync.roads.file import read_answer, read_bundles
from tests.builders import delivered, offered, sale, stacked
from tests.fuzz.spoil import spoilt, spoilt_value
from tests.ledger.ledgers import KEY, ORIGIN, fill, open_pen

_HEAD = struct.Struct(">4sII")
_GOOD_ANSWERS: tuple[wire.Answer, ...] = (
    wire.acknowledge(KEY, ORIGIN, 7, bytes(32), "centre", 1_795_000_000_000),
    wire.WantFrom(4),
    wire.Refused("fork", "This number has another content."),
    wire.revoke(KEY, ORIGIN, 7, bytes(32), "centre", 1_795_000_000_000, bytes(range(32))),
)


def entries(count: int) -> list[Entry]:
    """A journal of real facts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        pen = open_pen(path)
        fill(pen, 5)
        pen.close()
        records = Records(open_reader(path), ORIGIN)
        found = records.after(0, count)
        records.close()
        return found


def fuzz_bundle(count: int, seed: int) -> int:
    """Bundles with bytes changed, and with values changed under a right checksum."""
    rng, accepted = random.Random(seed), 0
    whole = wire.encode_bundle(wire.Bundle(ORIGIN, entries(8)))
    for number in range(count):
        data = spoilt(whole, rng) if number % 2 else resealed(whole, rng)
        try:
            bundle = wire.decode_bundle(data)
        except wire.WireFault:
            continue
        assert wire.decode_bundle(wire.encode_bundle(bundle)) == bundle
        accepted += 1
    return accepted


def resealed(whole: bytes, rng: random.Random) -> bytes:
    """The bundle with another content, packed and summed as it should be."""
    content = zlib.decompress(whole[_HEAD.size :])
    if rng.random() < 0.5:
        content = spoilt(content, rng)
    else:
        content = msgspec.msgpack.encode(spoilt_value(msgspec.msgpack.decode(content), rng))
    packed = zlib.compress(content, 1)
    return _HEAD.pack(wire.BUNDLE_MAGIC, len(packed), zlib.crc32(packed)) + packed


def fuzz_answer(count: int, seed: int) -> int:
    """Acknowledgements and other answers with bytes or values changed."""
    rng, accepted = random.Random(seed), 0
    public_key = KEY.public_key().public_bytes_raw()
    for _ in range(count):
        good = rng.choice(_GOOD_ANSWERS)
        data = changed_answer(wire.encode_answer(good), rng)
        try:
            answer = wire.decode_answer(data)
        except wire.WireFault:
            continue
        accepted += 1
        if isinstance(answer, wire.Acknowledgement) and answer != good:
            assert not wire.acknowledgement_is_genuine(public_key, answer)
    return accepted


def changed_answer(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return spoilt(data, rng)
    content = msgspec.msgpack.decode(data[len(wire.ANSWER_MAGIC) :])
    return wire.ANSWER_MAGIC + msgspec.msgpack.encode(spoilt_value(content, rng))


def fuzz_stick(count: int, seed: int) -> int:
    """Files on a stick: several bundles or one answer, changed, cut off, exchanged."""
    rng, accepted = random.Random(seed), 0
    known = entries(8)
    bundles = b"".join(wire.encode_bundle(wire.Bundle(ORIGIN, [entry])) for entry in known[:4])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stick"
        for _ in range(count):
            good = rng.choice((bundles, wire.encode_answer(rng.choice(_GOOD_ANSWERS))))
            path.write_bytes(spoilt(good, rng))
            for read in (read_bundles, read_answer):
                sentence = ""
                try:
                    read(path)
                except (wire.WireFault, BadInput) as fault:
                    sentence = fault.sentence
                assert "\n" not in sentence, sentence
                accepted += not sentence
    return accepted


def fuzz_handover(count: int, seed: int) -> int:
    """Facts that another process hands over: the pen takes them or says no, and stays proven."""
    rng, accepted = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        pen = open_pen(path)
        server = HandoverServer(path, pen)
        try:
            for number in range(count):
                answer = server._answer(_request(number, rng))
                accepted += bool(answer.numbers)
        finally:
            server.close()
            pen.close()
        connection = open_reader(path)
        assert prove(connection, ORIGIN).first_bad == 0
        connection.close()
    return accepted


def _request(number: int, rng: random.Random) -> bytes:
    """Good facts with a value changed; a sale that is new each time, and what may follow it."""
    name, before = f"sale{number}", f"sale{rng.randrange(number + 1)}"
    payment = f"payment{rng.randrange(number + 1)}"
    facts = (
        sale(name, identifier=number), delivered(before), offered(payment), stacked(payment),
    )  # fmt: skip
    drafts = [Draft.of(fact) for fact in rng.sample(facts, rng.randint(1, 3))]
    act = rng.random()
    if act < 0.3:
        return spoilt(msgspec.msgpack.encode(drafts), rng)
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(drafts))
    if act < 0.5:
        plain = spoilt_value(plain, rng)
    else:
        draft = rng.choice(plain)
        body = spoilt_value(msgspec.msgpack.decode(draft["body"]), rng)
        draft["body"] = msgspec.msgpack.encode(body)
    return msgspec.msgpack.encode(plain)


FUZZERS = {
    "bundle": fuzz_bundle,
    "answer of a centre": fuzz_answer,
    "stick file": fuzz_stick,
    "handover": fuzz_handover,
}
