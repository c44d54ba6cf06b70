"""`kiosk rehearse card`: cards of every family in the hands of somebody who tries them out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from drivers.card.sim import SimulatedSlot
from kiosk.domain.cards.workshops import SHOPS
from kiosk.front.chips import TOOL_CARDS
from kiosk.till.cards import work
from tests.front.conftest import TOML, Kiosk, a_meter, is_one_sentence

OPEN_LAYOUT = ("open", "sle4442", "at24", "mifare")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own: these tests need many customers with cards."""
    path = tmp_path_factory.mktemp("families") / "home"
    path.mkdir()
    (path / "kiosk.toml").write_text(TOML)
    return path


@pytest.fixture(autouse=True)
def empty_reader(kiosk: Kiosk) -> None:
    """Whoever was here before took the card along."""
    kiosk("rehearse", "card", "pull")


@pytest.mark.parametrize("family", OPEN_LAYOUT)
def test_a_card_is_sold_to_and_its_meter_takes_it_when_it_is_of_any_family(
    kiosk: Kiosk, family: str
) -> None:
    meter = a_meter(kiosk, "card")
    assert kiosk("rehearse", "card", "user", family, meter).exit == 0
    shown = kiosk("cards", "read", "--json").json
    assert (shown["family"], shown["state"], shown["meter"]) == (family, "ok", meter)
    sold = kiosk("sell", "--meter", meter, "--amount", "50", "--json").json
    kiosk("rehearse", "card", "pull")
    taken = kiosk("rehearse", "meter", "insert", meter, "--json").json
    assert (taken["result"], taken["energy_wh_added"]) == ("credited", sold["energy_wh"])
    assert kiosk("rehearse", "meter", "insert", meter, "--json").json["energy_wh_added"] == 0
    assert kiosk("rehearse", "card", "insert", meter).exit == 0
    assert kiosk("cards", "reading", "--json").json["purchase_number"] == 1
    assert kiosk("verify").exit == 0


@pytest.mark.parametrize("family", list(SHOPS))
def test_a_blank_of_any_family_becomes_a_technicians_card(kiosk: Kiosk, family: str) -> None:
    assert kiosk("rehearse", "card", "blank", family).exit == 0
    assert '"state":"blank"' in kiosk("cards", "read", "--json").out.replace(" ", "")
    made = kiosk("cards", "tool", "inquiry", "--reason", "readings", "--json").json
    assert made["state"] == "done"


@pytest.mark.parametrize("family", ["sle4442", "at24"])
def test_a_card_without_a_serial_of_its_own_is_lost_and_found_by_its_customer(
    kiosk: Kiosk, family: str
) -> None:
    meter = a_meter(kiosk, "card")
    kiosk("rehearse", "card", "user", family, meter)
    assert kiosk("rehearse", "card", "lose", meter).exit == 0
    is_one_sentence(kiosk("cards", "read"), 1, "no card in the reader")
    is_one_sentence(kiosk("rehearse", "card", "insert", meter), 1, "lost")
    assert kiosk("rehearse", "card", "find", meter).exit == 0
    assert kiosk("rehearse", "card", "insert", meter).exit == 0


def test_the_tool_cards_of_state_grid_are_no_customers_cards(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    for tool in TOOL_CARDS:
        assert kiosk("rehearse", "card", "tool", tool, meter).exit == 0
        shown = kiosk("cards", "read", "--json").json
        assert (shown["state"], shown["tool"]["tool"]) == ("unknown_kind", tool)
        kiosk("rehearse", "card", "pull")


@pytest.fixture
def in_yuan(kiosk: Kiosk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kiosk:
    """A hall that sells in the currency of the State Grid cards."""
    (tmp_path / "kiosk.toml").write_text(
        '[site]\ncurrency = "CNY"\n[rehearsal]\ncustomers = 12\ncentre = false\n'
    )
    monkeypatch.setenv("KIOSK_HOME", str(tmp_path))
    return kiosk


def test_a_state_grid_card_goes_through_the_works_when_the_hall_sells_in_yuan(
    in_yuan: Kiosk,
) -> None:
    meter = in_yuan("cards", "--json").json[0]["meter"]
    assert in_yuan("rehearse", "card", "user", "state-grid", meter).exit == 0
    sold = in_yuan("sell", "--meter", meter, "--amount", "50", "--json").json
    assert (sold["state"], sold["card_purchase_number"]) == ("delivered", 1)
    done = in_yuan("cards", "cancel", "--reason", "moved away", "--json").json
    assert (done["state"], done["amount_minor"]) == ("done", 5000)
    in_yuan("rehearse", "card", "pull")
    in_yuan("rehearse", "card", "blank", "state-grid")
    preset = ("cards", "tool", "preset", "--reason", "new meter", "--json", "--set")
    is_one_sentence(in_yuan(*preset, "amount_minor=2000"), 1, "nothing that this card sets")
    is_one_sentence(in_yuan(*preset, "alarm_minor=500", "--meter", meter), 1, "any meter")
    assert in_yuan(*preset, "alarm_minor=500").json["state"] == "done"
    assert in_yuan("cards", "read", "--json").json["tool"]["settings"]["amount_minor"] == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["blank", "floppy"], "no such card family"),
        (["user", "at24", "nobody"], "no customer with a card"),
        (["tool", "hammer"], "tool card"),
        (["tool", "preset", "12"], "no such meter"),
    ],
)
def test_a_card_that_there_is_not_is_one_sentence(
    kiosk: Kiosk, words: list[str], part: str
) -> None:
    is_one_sentence(kiosk("rehearse", "card", *words), 1, part)


# --- which card a sale is written on ----------------------------------------------------------


def test_a_sale_takes_no_other_card_than_the_one_in_the_reader(kiosk: Kiosk) -> None:
    meter, other = a_meter(kiosk, "card"), a_meter(kiosk, "card")
    kiosk("rehearse", "card", "insert", other)
    refused = kiosk("sell", "--meter", meter, "--amount", "20")
    is_one_sentence(refused, 1, "not the card of the meter")
    kiosk("rehearse", "card", "pull")
    assert kiosk("sell", "--meter", meter, "--amount", "20").exit == 0


def test_a_sale_is_refused_when_the_customers_card_is_lost(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    kiosk("rehearse", "card", "lose", meter)
    is_one_sentence(kiosk("sell", "--meter", meter, "--amount", "20"), 1, "lost")


def test_a_card_that_was_replaced_becomes_a_case_when_it_is_put_in_for_a_sale(
    kiosk: Kiosk,
) -> None:
    meter = a_meter(kiosk, "card")
    old = next(row["serial"] for row in kiosk("cards", "--json").json if row["meter"] == meter)
    kiosk("rehearse", "card", "blank")
    made = kiosk("cards", "reissue", meter, "--reason", "lost in town", "--json").json
    assert made["replaces"] == old
    kiosk("rehearse", "card", "pull")
    kiosk("rehearse", "card", "insert", old)
    is_one_sentence(kiosk("sell", "--meter", meter, "--amount", "20"), 1, "cannot be used here")
    (case,) = [row for row in kiosk("cards", "cases", "--json").json if row["serial"] == old]
    assert case["meter"] == meter


# --- what a person at the counter is told -----------------------------------------------------


def test_a_parameter_card_is_seen_on_the_meter_when_it_was_put_in(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "card")
    assert "no alarm, no power limit" in kiosk("rehearse", "meter", "show", meter).out
    kiosk("rehearse", "card", "blank")
    tool = kiosk(
        "cards", "tool", "parameter", "--meter", meter, "--set", "alarm_wh=5000",
        "--set", "power_limit_w=2000", "--reason", "new flat", "--json",
    ).json  # fmt: skip
    kiosk("rehearse", "card", "pull")
    kiosk("rehearse", "meter", "insert", meter, tool["serial"])
    shown = kiosk("rehearse", "meter", "show", meter).out
    assert "alarm below 5.0 kWh, power limit 2000 W" in shown


def test_a_search_says_so_when_it_finds_no_card(kiosk: Kiosk) -> None:
    found = kiosk("cards", "search", "Nobody Known")
    assert (found.exit, found.out.strip()) == (0, "There is none.")


def test_the_second_person_of_a_rehearsal_is_another_one_than_whoever_is_signed_in(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = a_meter(kiosk, "card")
    kiosk("sell", "--meter", meter, "--amount", "50")
    kiosk("rehearse", "card", "insert", meter)
    monkeypatch.setattr("sys.stdin", io.StringIO("1234\n"))
    done = kiosk("cards", "cancel", "--operator", "301", "--reason", "moved away", "--json").json
    assert (done["operator"], done["second"]) == ("301", "302")


def test_a_work_whose_card_was_pulled_is_not_counted_as_settled(
    kiosk: Kiosk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off(kiosk, home)
    monkeypatch.setattr(work, "recover_cards", lambda desk: desk.records.open_card_works())
    assert kiosk("cards", "recover").out.startswith("Card works settled: 0.")


def broken_off(kiosk: Kiosk, home: Path) -> str:
    """A tool card that was pulled in the middle of its making, back in the reader; its work."""
    kiosk("rehearse", "card", "blank")
    slot = SimulatedSlot(home / "world", "reader")
    serial = slot.state().card
    slot.pull_after(34)
    assert "put the same card in again" in kiosk("cards", "tool", "inquiry", "--reason", "new").err
    kiosk("rehearse", "card", "insert", serial or "")
    row = next(row for row in kiosk("cards", "works", "--json").json if row["serial"] == serial)
    return str(row["work_id"])


def test_a_half_written_card_names_the_work_that_was_broken_off_on_it(
    kiosk: Kiosk, home: Path
) -> None:
    work_id = broken_off(kiosk, home)
    shown = kiosk("cards", "read")
    assert (shown.exit, f"Work {work_id} (" in shown.out) == (1, True)
    assert "is blank" not in shown.out + shown.err
    assert kiosk("cards", "recover").out.startswith("Card works settled: 1.")
    told = kiosk("cards", "read")
    assert (told.exit, "inquiry card" in told.out) == (0, True)


def test_a_technicians_card_tells_what_it_sets_when_it_is_read(kiosk: Kiosk) -> None:
    kiosk("rehearse", "card", "blank", "sle4442")
    kiosk("cards", "tool", "parameter", "--set", "alarm_wh=5000", "--reason", "new flat")
    told = kiosk("cards", "read", "--json").json["tool"]
    assert told == {
        "tool": "parameter", "meter": "", "settings": {"alarm_wh": 5000, "power_limit_w": 0}
    }  # fmt: skip
    assert "alarm_wh=5000" in kiosk("cards", "read").out
