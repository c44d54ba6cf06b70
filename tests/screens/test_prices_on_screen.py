"""A supervisor changes prices on screen, sees what they come to, and two persons publish them."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from kiosk.domain import facts
from kiosk.domain.tariff_file import read_pack
from kiosk.domain.tariff_pack import TariffPack
from kiosk.errors import Refusal
from kiosk.screens.prices.editor import Editor
from kiosk.screens.prices.menu import PricesMenu
from kiosk.screens.prices.work import Work
from kiosk.screens.technician.menu import TechnicianMenu
from kiosk.till import tariff_drafts
from kiosk.till.operators import sign_in
from kiosk.till.tariff_drafts import zone_or_none
from tests.screens.conftest import Hall, Player


def draft(hall: Hall, name: str = "prices-2.toml") -> Path:
    return hall.desk.home / "prices" / name


def pack_in(path: Path) -> TariffPack:
    found = read_pack(path.read_text(), zone_or_none)
    assert isinstance(found, TariffPack), found
    return found


def editor(player: Player) -> Editor:
    assert isinstance(player.app.screen, Editor)
    return player.app.screen


async def example(player: Player, wanted: str) -> str:
    """Wait until `wanted` stands in the right half; all of that half then."""
    for _ in range(1500):
        for half in player.app.screen.query("#example").results(Static):
            text = " ".join(str(half.render()).split())
            if wanted in text:
                assert not player.cut_off(), player.cut_off()
                return text
        await player.pilot.pause(0.02)
    raise AssertionError(f"{wanted!r} did not come up; there was:\n{player.text()}")


async def ready(player: Player) -> None:
    """Wait until the editor has priced what stands there and takes keys."""
    for _ in range(1500):
        screen = player.app.screen
        if isinstance(screen, Editor) and not screen.busy and not screen.takes_text():
            return
        await player.pilot.pause(0.02)
    raise AssertionError(player.text())


def go_to(player: Player, line: str, nth: int = 0) -> None:
    """The arrows, many at once: choose the nth line that reads so."""
    work = editor(player).work
    work.place = [place for place, text in enumerate(work.lines) if text == line][nth]
    editor(player).press_arrow(0)


async def change(player: Player, line: str, typed: str, nth: int = 0) -> None:
    go_to(player, line, nth)
    await player.press("enter")
    await player.see("Enter: take it")
    await player.press("delete", *typed, "enter")
    await ready(player)


async def open_new(player: Player) -> None:
    player.app.go(PricesMenu(TechnicianMenu))
    await player.see("New prices, from those in force")
    await player.press("3")
    await player.see("The file is good.")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_example_is_priced_again_after_each_change_and_two_persons_publish(
    hall: Hall, size: tuple[int, int]
) -> None:
    sign_in(hall.desk, "301", "1234")

    async def script(player: Player) -> None:
        await open_new(player)
        text = await example(player, "100.00 ZAR buys 46.9 kWh:")
        assert "Service charge" in text and "At the prices now: 46.9 kWh" in text
        await player.see("1 number = 2")
        await change(player, "per_kwh = 1.215", "2.43")
        await example(player, "100.00 ZAR buys 27.9 kWh:")
        await example(player, "At the prices now: 46.9 kWh")
        await player.press("3")
        await example(player, "100.00 ZAR buys 46.9 kWh:")
        await change(player, "per_kwh = 1.215", "1.50")
        await change(player, 'label = "Rehearsal prices"', "Prices of the new year")
        await player.press("5")
        await player.see("home: ")
        await player.see("50.0 kWh: ")
        await player.press("enter")
        await player.see("Prices number 2: Prices of the new year")
        await player.press(*"302", "enter", *"1234", "enter", "enter")
        await player.see("Prices number 2 (Prices of the new year) are in force from")
        await player.press("escape")
        await player.see("prices-2.toml: its number is published")
        await player.press("2")
        await player.see("Prices of the new year")

    hall.play(script, face="technician", size=size)
    fact = hall.desk.records.last_of("tariff_published")
    assert isinstance(fact, facts.TariffPublished)
    assert (fact.number, fact.operator, fact.second) == (2, "301", "302")
    pack = pack_in(draft(hall))
    assert pack.power_types[0].sub_items[0].price_minor_per_mwh == 150_000
    assert fact.valid_from_ms == pack.valid_from_ms > hall.desk.clock.now().time_ms


def test_faults_are_said_with_their_line_and_nothing_is_published_before_they_are_mended(
    hall: Hall,
) -> None:
    sign_in(hall.desk, "301", "1234")

    async def script(player: Player) -> None:
        await open_new(player)
        place = editor(player).work.lines.index("minimum = 10.00") + 1
        await change(player, "minimum = 10.00", "ten")
        await example(player, f"Line {place}: this is not TOML")
        await change(player, "minimum = ten", "9000")
        await example(player, f"1 faults Line {place}: minimum must be above zero and at most")
        await player.see(f"{place}!minimum = 9000")
        await change(player, "maximum = 5000.00", "-1")
        await example(player, "from 0 to a million million")
        await player.press("5")
        await player.see("Mend the faults first")
        await player.press("3")
        await example(player, "minimum must be above zero")
        await player.press("3")
        await example(player, "this is not TOML")
        await player.press("3")
        await example(player, "100.00 ZAR buys 46.9 kWh:")
        await change(player, 'label = "Home"', 'A "good" home')
        await player.see("The file is good.")

    hall.play(script, face="technician")
    assert pack_in(draft(hall)).power_types[0].label == 'A "good" home'


def test_steps_a_tax_and_a_preference_are_added_with_the_keys_alone(hall: Hall) -> None:
    sign_in(hall.desk, "301", "1234")

    async def add(player: Player, at: str, wanted: str) -> None:
        go_to(player, at)
        await player.press("1")
        await player.see("Line to add, and what it is for")
        rows = [text for text, _ in player.app.screen.rows()]  # type: ignore[attr-defined]
        steps = next(place for place, text in enumerate(rows) if text.startswith(wanted))
        await player.press(*["down"] * steps, "enter")
        await player.see("Prices: prices-2.toml")
        if wanted.startswith("["):
            await ready(player)

    async def script(player: Player) -> None:
        await open_new(player)
        await add(player, "per_kwh = 1.215", "[power_type.steps]")
        await add(player, "per_kwh = 1.215", "[[power_type.price.rate]]")
        await player.see("The file is good.")
        await change(player, "per_kwh = 1", "0.50")
        await example(player, "Generation 24.99 50.0")
        await add(player, "minimum = 10.00", "multiple")
        await player.see("Enter: take it")
        await player.press("delete", *"0.50", "enter")
        await ready(player)
        await add(player, 'code = "tax"', "[[power_type.tax]]")
        await example(player, 'on names "energy", and that is no price')
        await change(player, 'on = ["energy"]', '["generation"]')
        await example(player, "VAT 6.27")

    hall.play(script, face="technician")
    home = pack_in(draft(hall)).power_types[0]
    assert home.step_ends_wh == [50_000]
    assert home.multiple_minor == 50
    assert home.sub_items[0].rates[0].price_minor_per_mwh == 50_000
    assert [tax.code for tax in home.taxes] == ["tax", "vat"]


def test_the_example_is_about_what_the_clerk_asks(hall: Hall) -> None:
    sign_in(hall.desk, "301", "1234")

    async def script(player: Player) -> None:
        await open_new(player)
        await player.press("4")
        await player.see("The worked example")
        await player.press(
            *"household", "enter", *"90", "enter", *"20", "enter", *"40", "enter",
            *"2026-07-01T08:30", "enter", *"pensioner", "enter",
        )  # fmt: skip
        text = await example(
            player, "household, pensioner, 2026-07-01 08:30, 40.0 kWh bought before"
        )
        assert "Connection charge" in text and "20.0 kWh costs" in text
        await player.press("4")
        await player.see("The worked example")
        await player.press("enter", *"1", *["enter"] * 5)
        await example(player, "too small")
        await player.press("4")
        await player.see("The worked example")
        await player.press("enter", *"much", *["enter"] * 5)
        await player.see("much")

    hall.play(script, face="technician")


def test_only_who_may_change_prices_has_drafts(hall: Hall) -> None:
    sign_in(hall.desk, "201", "1234")

    async def script(player: Player) -> None:
        player.app.go(PricesMenu(TechnicianMenu))
        text = await player.see("Prices in force")
        assert "New prices" not in text
        await player.press("1")
        await player.see("Comprehensive price")

    hall.play(script, face="technician")
    for verb in (tariff_drafts.drafts, tariff_drafts.begin):
        assert verb(hall.desk) == Refusal("no_right", {"right": "tariffs"})


def test_a_file_of_somebody_elses_editor_is_opened_and_one_that_is_none_is_refused(
    hall: Hall,
) -> None:
    sign_in(hall.desk, "301", "1234")
    draft(hall).parent.mkdir()
    draft(hall, "a.toml").write_bytes(b"\xff\xfe")
    draft(hall, "b.toml").write_text("")

    async def script(player: Player) -> None:
        player.app.go(PricesMenu(TechnicianMenu))
        await player.see("b.toml: ")
        await player.press("4")
        await player.see("The file a.toml cannot be read (UTF-8).")
        await player.press("5")
        await example(player, "there is no [[power_type]]")
        await player.press("enter", *"number = 1", "enter")
        await ready(player)
        await example(player, "needs label")
        await player.press("escape")
        await player.see("b.toml: ")

    hall.play(script, face="technician")
    assert draft(hall, "b.toml").read_text() == "number = 1\n"


def test_nothing_is_lost_when_the_disk_takes_no_change(hall: Hall) -> None:
    sign_in(hall.desk, "301", "1234")
    name = tariff_drafts.begin(hall.desk)
    assert name == "prices-2.toml"
    text = tariff_drafts.text_of(hall.desk, name)
    assert isinstance(text, str)
    (draft(hall).parent / f".{name}.new").mkdir()

    async def script(player: Player) -> None:
        player.app.go(Editor(Work(name, text, TechnicianMenu)))
        await player.see("The file is good.")
        await change(player, "number = 2", "3")
        await player.see("the change is not kept")

    hall.play(script, face="technician")
    assert draft(hall).read_text() == text
    assert tariff_drafts.begin(hall.desk) != name
