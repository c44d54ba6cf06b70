"""The checker of vector files: compares every value of a file with this codec.

A file of schema "sts-vectors/1" is JSON: `schema` and `vectors`, a list of objects with a unique
`id`, a `kind` (token, key_change, decoder_key, cipher, crc, luhn, reject), what goes `in`, what
comes `out`, and in `published` the names in `out` that stand literally in their source, one at
least ("tokens.1" is `out.tokens["1"]`). Where there is a `count` it must be that of the vectors.
Numbers in hex are lower case, most significant byte first.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from drivers.vending.sts.answers import ANSWERS, Answer
from kiosk.errors import BadInput

SCHEMA = "sts-vectors/1"


class Failure(msgspec.Struct, frozen=True):
    """One value that does not come out; `field` is its name in `out`."""

    id: str
    field: str
    expected: str
    got: str


class Report(msgspec.Struct, frozen=True):
    """How a file stands: vectors whose every value agrees, and what differs."""

    passed: int
    failures: list[Failure]


class _Vector(msgspec.Struct, frozen=True):
    id: str
    kind: str
    given: dict[str, object] = msgspec.field(name="in")
    out: dict[str, Answer]
    published: list[str] = []


class _File(msgspec.Struct, frozen=True):
    schema: str
    vectors: list[_Vector]
    count: int | None = None


def check_file(path: Path) -> Report:
    """Check a whole file. BadInput when it cannot be read as a file of this schema."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise BadInput(f"{path}: {fault.strerror or 'cannot be read'}.") from fault
    return check(data, str(path))


def check(data: bytes, name: str = "vectors") -> Report:
    """Check the bytes of a file; `name` stands in front of the sentence when they are malformed."""
    vectors = _vectors_of(data, name)
    failures: list[Failure] = []
    for vector in vectors:
        failures += _failures(vector, name)
    return Report(len(vectors) - len({failure.id for failure in failures}), failures)


def _vectors_of(data: bytes, name: str) -> list[_Vector]:
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BadInput(f"{name}: not a file of schema {SCHEMA}: {fault}.") from fault
    if file.schema != SCHEMA:
        raise BadInput(f"{name}: its schema is {file.schema[:40]!r}, not {SCHEMA}.")
    if not file.vectors:
        raise BadInput(f"{name}: there is no vector in it.")
    if file.count is not None and file.count != len(file.vectors):
        raise BadInput(
            f"{name}: it names {file.count} vectors and has {len(file.vectors)}; copy it again."
        )
    known: set[str] = set()
    for vector in file.vectors:
        if vector.id in known:
            raise BadInput(f"{name}: the id {vector.id!r} stands twice.")
        if vector.kind not in ANSWERS:
            raise BadInput(f"{name}: {vector.id}: there is no kind {vector.kind!r}.")
        if not vector.published:
            raise BadInput(f"{name}: {vector.id}: published names no value, so it proves nothing.")
        known.add(vector.id)
    return file.vectors


def _failures(vector: _Vector, name: str) -> list[Failure]:
    """Every value of `out` must come out; those that are published are what proves anything."""
    expected = _flat(vector.out)
    if not set(vector.published) <= set(expected):
        raise BadInput(f"{name}: {vector.id}: published names a value that is not in out.")
    try:
        got = _flat(ANSWERS[vector.kind](vector.given))
    except msgspec.ValidationError as fault:
        raise BadInput(f"{name}: {vector.id}: {fault}.") from fault
    except BadInput as refused:
        got = dict.fromkeys(expected, f"refused: {refused.sentence}")
    return [
        Failure(vector.id, field, expected[field], got.get(field, "nothing"))
        for field in expected
        if got.get(field) != expected[field]
    ]


def _flat(out: dict[str, Answer]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for field, value in out.items():
        if isinstance(value, dict):
            flat |= {f"{field}.{inner}": text for inner, text in value.items()}
        else:
            flat[field] = str(value)
    return flat
