"""Prices that two persons publish in one hall reach all halls by way of the centre."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.domain import facts, registry_facts
from kiosk.domain.tariff_pack import TariffPack, pack_bytes, pack_digest
from tests.ledger.ledgers import CATALOGUE
from tests.sync.running_centre import RunningCentre
from tests.sync.test_registry_at_centre import Home, amended, hall, issued, load
from tests.sync.test_roads import into

DAY_MS = 24 * 60 * 60 * 1000


def pack(number: int, label: str = "new prices") -> TariffPack:
    valid_from_ms = CATALOGUE.tariff.valid_from_ms + number * DAY_MS
    return msgspec.structs.replace(
        CATALOGUE.tariff, number=number, label=label, valid_from_ms=valid_from_ms
    )


def published(prices: TariffPack) -> facts.TariffPublished:
    return facts.TariffPublished(
        prices.number, pack_digest(prices), prices.currency, prices.valid_from_ms,
        prices.use_by_ms, pack_bytes(prices), "301", "302",
    )  # fmt: skip


@pytest.fixture
def halls(small_centre: RunningCentre, tmp_path: Path) -> Iterator[tuple[Home, Home]]:
    """Two homes of one centre, over HTTP; both have the utility's own catalogue."""
    load(small_centre)
    homes = [Home(tmp_path / name, name, into(small_centre)) for name in ("T1", "T2")]
    for home in homes:
        assert home.fetch() == 1
    yield homes[0], homes[1]
    for home in homes:
        home.close()


def test_packs_of_one_hall_come_into_force_in_the_other_in_the_order_of_their_numbers(
    small_centre: RunningCentre, halls: tuple[Home, Home]
) -> None:
    one, two = halls
    one.journal.append(published(pack(11)))
    one.journal.append(published(pack(12)))
    one.send()
    small_centre.keep_books()
    made = small_centre.run(small_centre.hall.registry.issue_if_changed())
    assert made is not None
    assert (made.number, made.doubts) == (3, [])
    assert two.fetch() == 2
    newest = two.journal.records.tariff()
    assert newest is not None and newest[1] == pack(11), "one catalogue a pack"
    assert two.fetch() == 3
    assert two.fetch() is None
    for home in halls:
        for number in (11, 12):
            found = home.journal.records.tariff_at(pack(number).valid_from_ms)
            assert found is not None and found[1] == pack(number)
    assert (one.fetch(), one.fetch(), one.fetch()) == (2, 3, None), "its own come back and fit"
    assert small_centre.run(small_centre.hall.registry.issue_if_changed()) is None


def test_later_catalogues_repeat_the_newest_prices_and_none_before_them(
    centre: RunningCentre,
) -> None:
    load(centre)
    terminal = hall(centre, "T1", published(pack(11)))
    centre.keep_books()
    centre.run(centre.hall.registry.issue())
    terminal.write(amended("a", "phone", "0799"))
    centre.send(terminal.packed(len(terminal.entries)))
    centre.keep_books()
    centre.run(centre.hall.registry.issue())
    assert [issued(centre, n).tariff.number for n in (1, 2)] == [11, 11]


def test_a_hall_that_was_cut_off_brings_a_lower_number_late_and_all_halls_still_get_it(
    centre: RunningCentre,
) -> None:
    load(centre)
    hall(centre, "T1", published(pack(12)))
    centre.keep_books()
    centre.run(centre.hall.registry.issue())
    hall(centre, "T2", published(pack(11)), seed=2)
    centre.keep_books()
    centre.run(centre.hall.registry.issue())
    assert [issued(centre, n).tariff.number for n in (1, 2)] == [12, 11]
    assert centre.run(centre.hall.registry.issue_if_changed()) is None


def test_two_packs_under_one_number_are_for_a_person_and_the_first_is_carried(
    centre: RunningCentre,
) -> None:
    load(centre)
    hall(centre, "T1", published(pack(11)))
    hall(centre, "T2", amended("b", "phone", "0799"), published(pack(11, "others")), seed=2)
    centre.keep_books()
    made = centre.run(centre.hall.registry.issue())
    assert [(doubt.code, doubt.number, doubt.origin) for doubt in made.doubts] == [
        ("published_twice", "11", "T2")
    ]
    assert issued(centre, 1).tariff == pack(11)
    assert centre.run(centre.hall.registry.issue_if_changed()) is None, "nobody can carry it"


def test_prices_in_another_currency_do_not_leave_their_hall(centre: RunningCentre) -> None:
    load(centre)
    foreign = msgspec.structs.replace(pack(11), currency="EUR")
    hall(centre, "T1", published(foreign))
    centre.keep_books()
    made = centre.run(centre.hall.registry.issue())
    assert [doubt.code for doubt in made.doubts] == ["other_currency"]
    assert issued(centre, 1).tariff == CATALOGUE.tariff


def test_prices_of_a_hall_are_issued_where_the_utility_never_brought_a_catalogue(
    small_centre: RunningCentre, tmp_path: Path
) -> None:
    homes = [Home(tmp_path / name, name, into(small_centre)) for name in ("T1", "T2")]
    one, two = homes
    try:
        registry = small_centre.hall.registry
        one.journal.append(
            registry_facts.CustomerRegistered("77", "Lea", "9 Hill", "", "", "", "101", "counter")
        )
        one.send()
        small_centre.keep_books()
        assert small_centre.run(registry.issue_if_changed()) is None, "it waits for prices"
        one.journal.append(published(pack(11)))
        one.journal.append(published(msgspec.structs.replace(pack(12), currency="EUR")))
        one.send()
        small_centre.keep_books()
        made = small_centre.run(registry.issue_if_changed())
        assert made is not None
        assert [doubt.code for doubt in made.doubts] == ["other_currency"]
        assert (two.fetch(), two.fetch()) == (1, None)
        found = two.journal.records.tariff()
        assert found is not None and found[1] == pack(11)
        assert two.journal.records.customer("77") is not None
        assert (one.fetch(), one.fetch()) == (1, None), "its own comes back and fits"
        load(small_centre, msgspec.structs.replace(CATALOGUE, number=2))
        assert small_centre.run(registry.issue()).number == 3, "the utility may still join"
    finally:
        for home in homes:
            home.close()
