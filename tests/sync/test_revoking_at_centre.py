"""A centre withdraws a terminal: what it answers from then on, on both databases (E29)."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain.entry import GENESIS, digest
from kiosk.errors import BadInput
from sync import catalogue_wire, sealed, wire
from sync.centre import revocations
from tests.sync.running_centre import RunningCentre
from tests.sync.sync_terminal import NOON_MS, Terminal


@pytest.fixture
def enrolled(centre: RunningCentre, terminal: Terminal) -> RunningCentre:
    assert isinstance(centre.enrol(terminal), wire.Enrolment)
    return centre


def revoke(centre: RunningCentre, origin: str = "T1") -> bool:
    return centre.run(centre.hall.revocations.revoke(origin, "stolen"))


def order(centre: RunningCentre, answer: wire.Answer) -> wire.Revoked:
    assert isinstance(answer, wire.Revoked), answer
    assert wire.revocation_is_genuine(centre.public_key, answer)
    assert wire.decode_answer(wire.encode_answer(answer)) == answer
    return answer


def refused(answer: object) -> str:
    assert isinstance(answer, wire.Refused), answer
    return answer.code


def test_its_next_question_is_answered_with_the_order_when_a_terminal_was_revoked_E29(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    assert isinstance(enrolled.ask("T1"), wire.WantFrom)
    assert revoke(enrolled)
    told = order(enrolled, enrolled.ask("T1"))
    assert (told.origin, told.upto, told.digest, told.revoked_ms) == ("T1", 0, GENESIS, NOON_MS)
    assert not revoke(enrolled)
    enrolled.restart()
    order(enrolled, enrolled.ask("T1"))


def test_what_it_still_sends_is_taken_and_shown_apart_when_a_terminal_was_revoked_E29(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    enrolled.send(terminal.packed(1, 3))
    revoke(enrolled)
    told = order(enrolled, enrolled.send(terminal.packed(4)))
    assert (told.upto, told.digest) == (5, digest(terminal.entries[-1]))
    figures = enrolled.figures("T1")
    assert (figures.revoked, figures.revoked_ms, figures.revoked_after, figures.entries) == (
        "stolen", NOON_MS, 3, 5,
    )  # fmt: skip
    assert enrolled.alarms() == [("T1", "revoked", 1)]


def test_a_revoked_terminal_gets_no_registry_no_entries_and_no_enrolment_E29(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    enrolled.send(terminal.packed())
    revoke(enrolled)
    reception = enrolled.hall.reception
    question = catalogue_wire.encode_catalogue_request(
        catalogue_wire.ask_catalogue(terminal.key, "T1", 0)
    )
    assert refused(enrolled.run(reception.catalogue(question))) == "origin_revoked"
    entries = wire.ask_entries(terminal.key, "T1", 0, "SC1")
    assert refused(enrolled.run(reception.entries(entries))) == "origin_revoked"
    assert refused(enrolled.enrol(terminal)) == "origin_revoked"


def test_an_unknown_terminal_cannot_be_revoked(centre: RunningCentre) -> None:
    with pytest.raises(BadInput, match="not enrolled"):
        revoke(centre, "T9")


def test_a_sealed_bundle_is_taken_as_the_bundle_in_it(
    enrolled: RunningCentre, terminal: Terminal
) -> None:
    key = enrolled.enrol(terminal)
    assert isinstance(key, wire.Enrolment)
    plain = terminal.packed()
    packed = sealed.seal(plain, "SC1", bytes.fromhex(key.sealing_key))
    assert not [at for at in range(len(plain) - 8) if plain[at : at + 8] in packed]
    answer = enrolled.send(packed)
    assert isinstance(answer, wire.Acknowledgement)
    assert answer.upto == 5


def spoilt(packed: bytes) -> dict[str, bytes]:
    content = msgspec.msgpack.decode(packed[8:])
    middle = len(packed) // 2
    other = sealed.SEALED_MAGIC
    swapped = msgspec.msgpack.encode(["SC2", *content[1:]])
    return {
        "cut off": packed[:-1],
        "followed by more": packed + b"\0",
        "two in one": packed + packed,
        "one bit changed": packed[:middle] + bytes([packed[middle] ^ 1]) + packed[middle + 1 :],
        "of another centre": other + len(swapped).to_bytes(4, "big") + swapped,
        "of a later version": b"PHS\x02" + packed[4:],
        "empty": sealed.SEALED_MAGIC + bytes(4),
    }


def test_nothing_is_taken_when_a_sealed_bundle_was_changed(
    small_centre: RunningCentre, terminal: Terminal
) -> None:
    key = small_centre.enrol(terminal)
    assert isinstance(key, wire.Enrolment)
    packed = sealed.seal(terminal.packed(), "SC1", bytes.fromhex(key.sealing_key))
    for name, data in spoilt(packed).items():
        assert refused(small_centre.send(data)) == "unreadable", name
    assert small_centre.figures("T1").entries == 0


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_script_of_revocations_is_the_one_that_the_class_gives(database: str) -> None:
    from importlib import resources

    path = resources.files("sync.centre") / "migrations" / f"{database}_revocations.sql"
    assert path.read_text() == revocations.script(database)
