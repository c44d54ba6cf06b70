"""The whole utility on one machine: halls, a centre, meters; all sides must tell the same story."""

from __future__ import annotations

import json

import pytest

from kiosk.front.cli import run


def test_halls_centre_and_meters_agree_when_lines_are_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["demo", "--headless", "--sales", "60", "--seed", "7", "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["differences"] == []
    *halls, all_halls, centre = outcome["sides"]
    assert len(halls) == 3
    assert all_halls["sold"] == centre["sold"] == 60
    assert all_halls["amount_minor"] == centre["amount_minor"]
    assert outcome["meters_wh"] == centre["energy_wh"]


@pytest.mark.parametrize("words", [["--sales", "0"], ["--terminals", "2"]])
def test_a_demo_is_refused_when_it_would_show_nothing(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--headless", *words]) == 1
    assert capsys.readouterr().err.count("\n") == 1
