"""The centre merges what cut-off halls registered and amended; the next catalogue contains it."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec
import pytest

from kiosk.domain import catalogue as catalogues
from kiosk.domain import registry_facts as facts
from kiosk.domain.catalogue import Catalogue
from kiosk.domain.fact import Fact
from kiosk.errors import BadInput, LinkFault, Refusal
from kiosk.front.catalogue import fetch, take
from sync import catalogue_wire, wire
from sync.centre import registry_tables
from sync.courier import EnrolledCentre, bundles
from sync.roads.https import HttpsRoad
from tests.ledger.ledgers import CATALOGUE, open_journal
from tests.sync.running_centre import RunningCentre
from tests.sync.sync_terminal import Terminal
from tests.sync.test_roads import Handler, into

ACCOUNT = CATALOGUE.customers[0].account


def amended(change: str, field: str, new: str) -> facts.CustomerAmended:
    return facts.CustomerAmended(change, ACCOUNT, field, "?", new, "why", "101")


def hall(centre: RunningCentre, name: str, *written: Fact, seed: int = 1) -> Terminal:
    terminal = Terminal(name, seed)
    terminal.write(*written)
    centre.enrol(terminal)
    centre.send(terminal.packed())
    return terminal


def load(centre: RunningCentre, catalogue: Catalogue = CATALOGUE) -> None:
    centre.run(centre.hall.registry.load(catalogues.encode(catalogue)))


def issued(centre: RunningCentre, after: int) -> Catalogue:
    found = centre.run(centre.hall.registry.next_after(after))
    assert found is not None
    assert catalogue_wire.catalogue_is_genuine(centre.public_key, found)
    catalogue = catalogues.decode(found.content)
    assert isinstance(catalogue, Catalogue)
    return catalogue


def test_the_next_catalogue_contains_what_two_halls_wrote(centre: RunningCentre) -> None:
    load(centre)
    one = hall(centre, "T1", amended("a", "phone", "0799"))
    joined = facts.CustomerRegistered("77", "Lea", "9 Hill", "", "", "", "101", "counter")
    two = hall(centre, "T2", joined, amended("b", "address", "2 Hill"), seed=2)
    centre.keep_books()
    made = centre.run(centre.hall.registry.issue())
    assert (made.number, made.customers, made.doubts) == (2, 2, [])
    catalogue = issued(centre, 1)
    known = {customer.account: customer for customer in catalogue.customers}
    assert (known[ACCOUNT].phone, known[ACCOUNT].address) == ("0799", "2 Hill")
    assert known["77"].name == "Lea"
    assert catalogue.merged == {"T1": len(one.entries), "T2": len(two.entries)}


def test_what_is_not_booked_yet_is_not_called_merged(centre: RunningCentre) -> None:
    load(centre)
    terminal = hall(centre, "T1", amended("a", "phone", "0799"))
    centre.keep_books()
    terminal.write(amended("b", "phone", "0800"))
    centre.send(terminal.packed(len(terminal.entries)))
    centre.run(centre.hall.registry.issue())
    assert issued(centre, 1).merged == {"T1": len(terminal.entries) - 1}


def test_the_registry_is_the_same_when_the_centre_started_anew(centre: RunningCentre) -> None:
    load(centre)
    hall(centre, "T1", amended("a", "phone", "0799"))
    centre.keep_books()
    centre.restart()
    centre.run(centre.hall.registry.issue())
    assert issued(centre, 1).customers[0].phone == "0799"


def test_a_catalogue_is_loaded_once_and_only_a_newer_one_after_it(centre: RunningCentre) -> None:
    load(centre)
    load(centre)
    with pytest.raises(BadInput, match="not newer"):
        load(centre, msgspec.structs.replace(CATALOGUE, issuer="somebody else"))
    with pytest.raises(BadInput, match="no catalogue"):
        centre.run(centre.hall.registry.load(b"nonsense"))


def test_nothing_is_issued_without_prices(centre: RunningCentre) -> None:
    with pytest.raises(BadInput, match="load a catalogue of the utility, or publish"):
        centre.run(centre.hall.registry.issue())


def test_a_catalogue_follows_by_itself_when_a_hall_changed_something(
    centre: RunningCentre,
) -> None:
    registry = centre.hall.registry
    assert centre.run(registry.issue_if_changed()) is None, "there are no prices yet"
    centre.run(registry.load_first(catalogues.encode(CATALOGUE)))
    centre.run(registry.load_first(b"not looked at: there is one"))
    terminal = hall(centre, "T1", amended("a", "phone", "0799"))
    assert centre.run(registry.issue_if_changed()) is None, "nothing is booked yet"
    centre.keep_books()
    made = centre.run(registry.issue_if_changed())
    assert made is not None and made.number == 2
    assert issued(centre, 1).customers[0].phone == "0799"
    received = catalogues.received(issued(centre, 1))
    terminal.write(received)
    centre.send(terminal.packed(len(terminal.entries)))
    centre.keep_books()
    assert centre.run(registry.issue_if_changed()) is None, "its arrival is no change"


def test_a_catalogue_is_given_to_enrolled_terminals_alone(centre: RunningCentre) -> None:
    load(centre)
    terminal = hall(centre, "T1")
    good = catalogue_wire.ask_catalogue(terminal.key, "T1", 0)

    def ask(request: catalogue_wire.CatalogueRequest) -> tuple[int, bytes]:
        answer = centre.run(
            centre.hall.reception.catalogue(catalogue_wire.encode_catalogue_request(request))
        )
        return (0, answer.content) if isinstance(answer, catalogue_wire.SignedCatalogue) else (
            1, answer.code.encode()
        )  # fmt: skip

    assert ask(good) == (0, catalogues.encode(CATALOGUE))
    assert ask(catalogue_wire.ask_catalogue(terminal.key, "T1", 1)) == (1, b"no_catalogue")
    assert ask(msgspec.structs.replace(good, after=5)) == (1, b"bad_signature")
    assert ask(msgspec.structs.replace(good, origin="T9")) == (1, b"unknown_origin")


def test_a_changed_catalogue_is_not_genuine(centre: RunningCentre) -> None:
    load(centre)
    found = centre.run(centre.hall.registry.next_after(0))
    assert found is not None
    again = catalogue_wire.decode_catalogue(catalogue_wire.encode_catalogue(found))
    assert again == found
    forged = msgspec.structs.replace(found, content=found.content + b"\0")
    assert not catalogue_wire.catalogue_is_genuine(centre.public_key, forged)
    with pytest.raises(wire.WireFault):
        catalogue_wire.decode_catalogue(b"PHC\x01nonsense")


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_script_is_the_one_that_the_classes_give(database: str) -> None:
    from importlib import resources

    path = resources.files("sync.centre") / "migrations" / f"{database}_registry.sql"
    assert path.read_text() == registry_tables.script(database)


# --- the whole way ----------------------------------------------------------------------------


def test_a_hall_takes_over_what_another_one_registered(
    small_centre: RunningCentre, tmp_path: Path
) -> None:
    """Two homes, one centre, over HTTP: an amendment goes up in one and comes down in the other."""
    handler = into(small_centre)
    load(small_centre)
    homes = [Home(tmp_path / name, name, handler) for name in ("T1", "T2")]
    try:
        one, two = homes
        for home in homes:
            assert home.fetch() == 1, "the utility's own catalogue"
            assert home.fetch() is None
        one.journal.append(
            facts.CustomerAmended("a", ACCOUNT, "phone", "0700", "0799", "new phone", "101")
        )
        two.journal.append(
            facts.CustomerAmended("b", ACCOUNT, "address", "1 River Road", "2 Hill", "moved", "102")
        )
        for home in homes:
            home.send()
        small_centre.keep_books()
        small_centre.run(small_centre.hall.registry.issue())
        two.journal.append(
            facts.CustomerAmended("c", ACCOUNT, "customer_class", "", "shop", "a shop", "102")
        )
        for home in homes:
            assert home.fetch() == 2
        records = [home.journal.records.customer(ACCOUNT) for home in homes]
        assert records[0] is not None
        assert records[1] is not None
        assert (records[0].phone, records[0].address) == ("0799", "2 Hill")
        assert (records[1].phone, records[1].address) == ("0799", "2 Hill")
        assert (records[0].customer_class, records[1].customer_class) == ("", "shop"), (
            "not merged yet: it stays on top"
        )
    finally:
        for home in homes:
            home.close()


class Home:
    """The journal of a hall and its road to the centre."""

    def __init__(self, path: Path, name: str, handler: Handler) -> None:
        path.mkdir()
        self.journal = open_journal(path, name)
        self.road = HttpsRoad("http://127.0.0.1:1", transport=httpx.MockTransport(handler))
        public = self.journal.records.opened().public_key.hex()
        answer = self.road.enrol(wire.EnrolmentRequest(name, public))
        assert isinstance(answer, wire.Enrolment), answer
        self.centre = EnrolledCentre(answer.centre, bytes.fromhex(answer.public_key))

    def send(self) -> None:
        for bundle in bundles(self.journal, 0):
            self.road.offer(wire.encode_bundle(bundle))

    def fetch(self) -> int | Refusal | None:
        return fetch(self.journal, self.road, self.centre)

    def close(self) -> None:
        self.road.close()
        self.journal.close()


def test_a_catalogue_that_the_centre_did_not_sign_is_not_taken(
    centre: RunningCentre, tmp_path: Path
) -> None:
    load(centre)
    signed = centre.run(centre.hall.registry.next_after(0))
    assert signed is not None
    tmp_path.mkdir(exist_ok=True)
    journal = open_journal(tmp_path)
    try:
        stranger = EnrolledCentre(signed.centre, bytes(32))
        with pytest.raises(LinkFault, match="not signed"):
            take(journal, stranger, signed)
        known = EnrolledCentre(signed.centre, centre.public_key)
        assert take(journal, known, signed) == 1
        assert take(journal, known, signed) == 1, "a second time changes nothing"
        assert journal.head().sequence == 2
    finally:
        journal.close()
