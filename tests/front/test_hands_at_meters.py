"""`kiosk rehearse meter`: what a hand does at a keypad meter, and what can be read there."""

from __future__ import annotations

from tests.front.conftest import Kiosk, a_meter, is_one_sentence


def entered(kiosk: Kiosk, meter: str, *words: str) -> str:
    """Have a token made, type it in, and say what the meter shows then."""
    issue = kiosk("tokens", "issue", *words, "--meter", meter, "--reason", "trial", "--json")
    told = kiosk("rehearse", "meter", "enter", meter, issue.json["tokens"][0], "--json").json
    assert told["result"] == "accepted"
    return str(told["display"])


def test_the_meter_shows_what_a_token_has_set(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    assert entered(kiosk, meter, "power_limit", "--value", "9000") == "POWER LIMIT 9000 W"
    assert "power limit 9000 W" in kiosk("rehearse", "meter", "show", meter).out
    assert "POWER LIMIT 9000 W" in entered(kiosk, meter, "meter_test", "--test", "power_limit")


def test_an_opened_case_is_cleared_by_its_token(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    assert "case open" in kiosk("rehearse", "meter", "open-case", meter).out
    assert entered(kiosk, meter, "clear_tamper") == "TAMPER CLEARED"
    assert "case shut" in kiosk("rehearse", "meter", "show", meter).out
    refused = kiosk("rehearse", "meter", "open-case", a_meter(kiosk, "card"))
    is_one_sentence(refused, 1, "has no keypad")
