"""The checker of vector files: agrees with published values, and notices every alteration."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.vending.sts.vectors import Report, check, check_file
from kiosk.errors import BadInput

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "tests" / "data" / "sts-sample.json"
PUBLIC = ROOT.parent / "shared" / "vectors" / "sts-public.json"
KINDS = {"token", "key_change", "decoder_key", "cipher", "crc", "luhn", "reject"}

#: Fields of `in` that decide nothing: a key change is told by its kind.
SILENT = {("key_change", "op")}


def sample() -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads(SAMPLE.read_bytes())["vectors"]
    return vectors


def checked(*vectors: dict[str, Any]) -> Report:
    return check(json.dumps({"schema": "sts-vectors/1", "vectors": vectors}).encode())


def altered(value: object) -> object:
    """The same value with its first decimal digit replaced, so that its shape stays."""
    if isinstance(value, int):
        return value + 1
    assert isinstance(value, str)
    for place, character in enumerate(value):
        if character.isdecimal():
            return value[:place] + str((int(character) + 1) % 10) + value[place + 1 :]
    return value + "x"


def alterations(vector: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The vector with one value, or one field that decides it, altered."""
    for name, value in vector["out"].items():
        rests: list[tuple[str, ...]] = (
            [(part,) for part in value] if isinstance(value, dict) else [()]
        )
        for rest in rests:
            path: tuple[str, ...] = ("out", name, *rest)
            yield ".".join(path), replaced(vector, path)
    if vector["kind"] == "reject":
        return  # another bad token is as bad; the test below lists good ones as rejected
    for field, value in vector["in"].items():
        if (vector["kind"], field) in SILENT:
            continue
        inner = [(name,) for name in value] if isinstance(value, dict) else [()]
        for rest in inner:
            path = ("in", field, *rest)
            yield ".".join(path), replaced(vector, path)


def replaced(vector: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    twin = copy.deepcopy(vector)
    *way, last = path
    place = twin
    for step in way:
        place = place[step]
    place[last] = altered(place[last])
    return twin


def test_every_sample_passes_when_checked() -> None:
    report = check_file(SAMPLE)
    assert report.failures == []
    assert report.passed == len(sample())
    assert {vector["kind"] for vector in sample()} == KINDS


@pytest.mark.parametrize("vector", sample(), ids=lambda vector: str(vector["id"]))
def test_vector_fails_when_one_field_is_altered(vector: dict[str, Any]) -> None:
    for path, twin in alterations(vector):
        report = checked(twin)
        assert report.passed == 0, path
        assert {failure.id for failure in report.failures} == {vector["id"]}, path


def test_failure_names_expected_and_got_when_a_value_differs() -> None:
    crc = next(vector for vector in sample() if vector["kind"] == "crc")
    crc["out"]["crc"] = "0000"
    (failure,) = checked(crc).failures
    assert (failure.id, failure.field, failure.expected, failure.got) == (
        "crc",
        "crc",
        "0000",
        "c207",
    )


def test_valid_token_or_key_fails_when_it_is_listed_as_rejected() -> None:
    wrong = [
        {"drn": "00000000000"},
        {"base_date": 2014, "issued_at": "2032-10-27T08:00:00", "ken": 255},
        {"ea": "07", "dk": "e653341f9d5bf36f", "token": "23716100501183194197"},
    ]
    for number, given in enumerate(wrong):
        vector = {"id": f"wrong-{number}", "kind": "reject", "in": given, "published": ["error"]}
        (failure,) = checked(vector | {"out": {"error": "token"}}).failures
        assert failure.got == "accepted"


def without(field: str) -> Callable[[dict[str, Any]], None]:
    return lambda vector: vector["in"].pop(field)


def with_field(**fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda vector: vector.update(fields)


@pytest.mark.parametrize(
    "spoil",
    [
        without("rnd"),
        without("issued_at"),
        without("amount"),
        without("op"),
        without("key"),
        with_field(kind="coupon"),
        with_field(published=["nonsense"]),
        with_field(out={"token": 1.5}),
        with_field(id=7),
    ],
)
def test_file_is_refused_with_one_sentence_when_malformed(
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    vector = sample()[0]
    spoil(vector)
    with pytest.raises(BadInput) as refused:
        checked(vector)
    assert "\n" not in refused.value.sentence


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b"\xff", b'{"schema": "sts-vectors/2", "vectors": []}', b'{"vectors": []}'],
)
def test_file_is_refused_when_it_is_not_of_the_schema(data: bytes) -> None:
    with pytest.raises(BadInput):
        check(data)


def test_file_is_refused_when_an_id_stands_twice_or_no_file_is_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="stands twice"):
        checked(sample()[0], sample()[0])
    with pytest.raises(BadInput, match="No such file"):
        check_file(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda file: file.update(vectors=[]), "there is no vector in it"),
        (lambda file: file["vectors"][0].update(published=[]), "published names no value"),
        (lambda file: file["vectors"][0].pop("published"), "published names no value"),
        (lambda file: file.update(count=len(file["vectors"]) + 1), "it names"),
    ],
)
def test_a_file_is_refused_when_it_would_prove_less_than_it_says(
    spoil: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    vectors = sample()
    file = {"schema": "sts-vectors/1", "vectors": vectors, "count": len(vectors)}
    assert check(json.dumps(file).encode()).failures == []
    spoil(file)
    with pytest.raises(BadInput, match=sentence):
        check(json.dumps(file).encode())


@pytest.mark.skipif(not PUBLIC.exists(), reason="the large file of vectors is not here")
def test_every_public_vector_passes_when_the_file_is_here() -> None:
    report = check_file(PUBLIC)
    assert report.failures == []
    assert report.passed == 364
