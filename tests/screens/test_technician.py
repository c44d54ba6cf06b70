"""The technician's face, by keys alone."""

from __future__ import annotations

import pytest

from kiosk.ports import PrinterStatus
from kiosk.screens.face import Face
from kiosk.till import history
from tests.screens.cards_of_a_hall import in_doubt
from tests.screens.conftest import Hall, Player
from tests.screens.walks import sign_in_by_keys


async def _read(player: Player, wanted: str) -> None:
    """Wait for a line of a page that is longer than the screen."""
    for _ in range(3000):
        if wanted in player.text():
            return
        await player.pilot.pause(0.02)
    raise AssertionError(f"{wanted!r} did not come up; there was:\n{player.text()}")


@pytest.fixture
def doubtful(hall: Hall) -> Hall:
    """A card sale whose card was pulled out before anything was written."""
    in_doubt(hall)
    return hall


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_devices_ledger_and_settings_are_shown_when_a_technician_asks(
    hall: Hall, size: tuple[int, int]
) -> None:
    hall.paper.state_now = PrinterStatus("paper_out", "no paper in the feed")

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE - 201")
        await player.press("1")
        text = await player.see("card reader: in order.")
        assert "printer: at fault. paper_out" in text
        assert "To do: no paper in the feed" in text
        await player.press("escape", see="TECHNICIAN MODE")
        await player.press("3", see="entries are good.")
        await player.see("operator 201")
        await player.press("escape", see="TECHNICIAN MODE")
        await player.press("4", see="Parameters")
        await player.press("1")
        await _read(player, '[site] mode = "rehearsal"')
        await player.press("pagedown", "pagedown")
        await _read(player, "[faces] idle_s = 60")

    hall.play(script, face="technician", size=size)


def test_devices_have_french_names_when_the_face_speaks_french(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE")
        await player.press("9", see="Sign out")
        await player.press("1", see="Fermer la session")
        await player.press("escape", see="MODE TECHNIQUE")
        await player.press("1", see="lecteur de cartes : en ordre.")
        for name in ("livre :", "lecteur de billets :", "imprimante :", "module de sécurité :"):
            await _read(player, name)
        assert "card reader" not in player.text()

    hall.play(script, face="technician", size=(120, 40))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_test_slip_is_printed_and_a_new_roll_is_counted_when_its_digit_is_pressed(
    hall: Hall, size: tuple[int, int]
) -> None:
    hall.paper.left_lines = 3

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE - 201")
        await player.press("1")
        await _read(player, "about 3 lines of paper left")
        await player.press("1", see="The test slip goes to the printer.")
        await player.press("2", see="Is a new roll with 4000 lines in the printer?")
        await player.press("escape", see="1: test slip")
        await player.idle()  # every device is asked again first
        await player.press("2", see="Enter: yes, it is in")
        await player.press("enter", see="The count starts again: 4000 lines.")

    hall.play(script, face="technician", size=size)
    (lines,) = hall.paper.lines.values()
    assert "PRINTER TEST" in [line.text for line in lines]


def test_sale_is_undone_when_the_card_shows_that_nothing_was_written(doubtful: Hall) -> None:
    hall = doubtful
    assert hall.house.hands is not None
    hall.house.hands.insert_card(hall.card.meter.number)

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE")
        await player.press("2", see="the card, 0 min")
        await player.press("enter", see="What was to be written:")
        await player.see("The card shows that nothing was written")
        await player.press("2", see="Undo sale")
        await player.press("enter", "enter", see="is voided. Give back 20.00 ZAR.")
        await player.see("No sale is in doubt.")

    hall.play(script, face="technician")
    assert history.in_doubt(hall.desk) == []
    assert hall.desk.records.last_sales(1)[0].reason == "undone"


def test_nothing_is_undone_when_the_card_is_away(doubtful: Hall) -> None:
    hall = doubtful

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE")
        await player.press("2", see="the card, 0 min")
        await player.press("enter", see="No card testifies")
        await player.press("2", see="Undo sale")
        await player.press("enter", see="There is no card in the reader")

    hall.play(script, face="technician")
    assert len(history.in_doubt(hall.desk)) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(
    ("face", "who", "menu", "help_text"),
    [("cashier", "101", "What is to be done?", "take a sale back"),
     ("technician", "201", "TECHNICIAN MODE", "a damaged ledger is built again")],
)  # fmt: skip
def test_every_row_is_explained_when_help_is_asked_for_in_a_menu(
    hall: Hall, face: Face, who: str, menu: str, help_text: str, size: tuple[int, int]
) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player, who)
        await player.see(menu)
        assert "?: help" in player.text()
        await player.press("question_mark", see=help_text)
        await player.press("escape", see=menu)
        await player.press("9", see="Sign out")
        await player.press("question_mark", see="End the program only at closing time")
        await player.press("escape", see="Sign out")

    hall.play(script, face=face, size=size)


def test_face_is_closed_when_a_cashier_tries_or_the_technician_signs_out(hall: Hall) -> None:
    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "101")
        await player.see("Your role does not allow this")
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE")
        await player.press("9", "3", see="Sign in")
        assert hall.desk.role == ""

    hall.play(script, face="technician")


def test_an_engineering_token_is_made_and_found_when_a_technician_fills_the_form(
    hall: Hall,
) -> None:
    meter = hall.keypad.meter.number

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE")
        await player.press("6", see="check value c33f45")
        await player.press("escape", see="TECHNICIAN MODE")
        await player.press("5", see="Engineering token")
        await player.press("4", see="1 Power limit 2 Clear credit")
        await player.press(
            *meter, "enter", *"power_limit", "enter", *"2000", "enter", *"new", "enter"
        )
        await player.see("Power limit " + meter)
        await player.press("escape", see="Tokens and keys")
        await player.press("2")
        await player.press(*meter, "enter", *"12345678901234567890", "enter")
        await player.see("This token is not for this meter")

    hall.play(script, face="technician")
    (record,) = [r for r in hall.desk.records.given_tokens(meter, 9)]
    assert (record.operation, record.state) == ("power_limit", "issued")


def test_the_next_step_is_shown_when_a_meter_refused_and_no_form_does_it_twice(hall: Hall) -> None:
    meter = hall.keypad.meter.number

    async def script(player: Player) -> None:
        await sign_in_by_keys(player, "201")
        await player.see("TECHNICIAN MODE")
        await player.press("5", see="Tokens and keys")
        await player.press("3", see="3 wrong digits")
        await player.press(*meter, "enter", "3", "enter", "enter")
        await player.see("No token of this meter is known here")

    hall.play(script, face="technician")
