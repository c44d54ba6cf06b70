"""`kiosk rehearse meter`: what a hand does at a keypad meter, and what can be read there."""

from __future__ import annotations

import pytest

from tests.front.conftest import Kiosk, a_meter, is_one_sentence


def entered(kiosk: Kiosk, meter: str, *words: str) -> str:
    """Have a token made, type it in, and say what the meter shows then."""
    whose = () if words[0] == "meter_test" else ("--meter", meter)
    issue = kiosk("tokens", "issue", *words, *whose, "--reason", "trial", "--json")
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


def sold(kiosk: Kiosk, meter: str) -> dict[str, str]:
    sale: dict[str, str] = kiosk("sell", "--meter", meter, "--amount", "30", "--json").json
    return sale


def answer(kiosk: Kiosk, meter: str, token: str) -> str:
    return str(kiosk("rehearse", "meter", "enter", meter, token, "--json").json["result"])


def replaced(kiosk: Kiosk, sale: str, result: str) -> str:
    words = ("tokens", "issue", "replacement", "--sale", sale, "--reason", "refused by the meter")
    is_one_sentence(kiosk(*words), 1, "--result: write what the meter says")
    return str(kiosk(*words, "--result", result, "--json").json["tokens"][0])


def rekeyed(kiosk: Kiosk, meter: str) -> None:
    """The meter's key is changed as the clinic says, and somebody confirms it."""
    words = ("keys", "change", meter, "--tariff-index", "2", "--reason", "key not right")
    change = kiosk(*words, "--json").json
    assert [answer(kiosk, meter, token) for token in change["tokens"]] == ["accepted"] * 2
    assert kiosk("keys", "confirm", change["issue_id"]).exit == 0


#: What the meter is made to say, and the step that the clinic names (E25).
PROVOKED = [
    ("old", "old"),
    ("overflow", "use_first"),
    ("key_expired", "change_key"),
    ("ddtk", "change_key"),
]


@pytest.mark.parametrize(("refusal", "step"), PROVOKED)
def test_a_meter_that_was_made_to_refuse_takes_a_token_again_when_the_clinic_is_followed(
    kiosk: Kiosk, refusal: str, step: str
) -> None:
    meter = a_meter(kiosk, "keypad")
    sale = sold(kiosk, meter)
    assert f"will say {refusal}" in kiosk("rehearse", "meter", "provoke", meter, refusal).out
    assert answer(kiosk, meter, sale["token"]) == refusal
    found = kiosk("clinic", meter, refusal, "--token", sale["token"], "--json").json
    assert found["step"] == step
    token = sale["token"]
    if step == "use_first":
        kiosk("rehearse", "meter", "use", meter, "2000000")
    elif step == "change_key":
        rekeyed(kiosk, meter)
        assert answer(kiosk, meter, token) == "crc_error"
        found = kiosk("clinic", meter, "crc_error", "--token", token, "--json").json
        assert found["step"] == "key_differs" and found["may_replace"]
    if step != "use_first":
        token = replaced(kiosk, sale["sale_id"], found["result"])
    assert answer(kiosk, meter, token) == "accepted"


def test_hands_can_provoke_only_what_a_keypad_meter_with_a_token_can_say(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad")
    provoke = ("rehearse", "meter", "provoke")
    is_one_sentence(kiosk(*provoke, meter, "old"), 1, "no token was made for this meter yet")
    is_one_sentence(kiosk(*provoke, meter, "asleep"), 1, "can be made to say old, overflow")
    is_one_sentence(kiosk(*provoke, a_meter(kiosk, "card"), "old"), 1, "has no keypad")
