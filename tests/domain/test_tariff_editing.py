"""A clerk changes the file line by line: only what was meant changes; every field is offered."""

from __future__ import annotations

import random

import pytest

from kiosk.domain.tariff_editing import (
    BLOCKS,
    FIELDS,
    added,
    additions,
    changed,
    field_in,
    removed,
)
from kiosk.domain.tariff_file import read_pack
from kiosk.domain.tariff_pack import TariffPack
from kiosk.till.tariff_drafts import zone_or_none

FILE = """\
# Our prices.
number = 3   # of this year
label = "Prices # 3"
currency = "ZAR"
zone = "Africa/Johannesburg"
valid_from = 2026-07-01

[[power_type]]
code = "home"
label = "Home"
minimum = 10
maximum = 5000

[[power_type.price]]
code = "energy"
label = "Energy"
per_kwh = 1.80

# Everybody pays it.
[[power_type.tax]]
code = "vat"
label = "VAT"
rate_percent = 15
on = ["energy"]

[[power_type]]
code = "shop"
label = "Shop"
minimum = 10
maximum = 5000

[[power_type.price]]
code = "energy"
label = "Energy"
per_kwh = 2.40
"""


def line_of(text: str, wanted: str) -> int:
    return text.splitlines().index(wanted)


def difference(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and the lines that came."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


@pytest.mark.parametrize(
    ("line", "shown", "typed", "after"),
    [
        ("number = 3   # of this year", "3", "4", "number = 4   # of this year"),
        ('label = "Prices # 3"', "Prices # 3", 'He said "4"', 'label = "He said \\"4\\""'),
        ("per_kwh = 1.80", "1.80", " 1.95 ", "per_kwh = 1.95"),
        ('on = ["energy"]', '["energy"]', '["energy", "levy"]', 'on = ["energy", "levy"]'),
        ("valid_from = 2026-07-01", "2026-07-01", "2026-08-01", "valid_from = 2026-08-01"),
    ],
)
def test_only_the_value_changes_when_a_field_is_typed(
    line: str, shown: str, typed: str, after: str
) -> None:
    field = field_in(line)
    assert field is not None and field.shown == shown
    assert difference(FILE, changed(FILE, line_of(FILE, line), typed)) == ([line], [after])


@pytest.mark.parametrize("line", ["", "# a = 1", "[[power_type]]", "on = [", 'label = """'])
def test_a_line_is_changed_as_a_whole_when_it_is_no_field(line: str) -> None:
    assert field_in(line) is None
    assert changed(f"{line}\n", 0, "other") == "other\n"


def test_a_block_goes_with_everything_in_it_when_its_header_is_taken_out() -> None:
    shop = removed(FILE, line_of(FILE, "[[power_type]]"))
    assert 'code = "home"' not in shop and "rate_percent" not in shop
    found = read_pack(shop, zone_or_none)
    assert isinstance(found, TariffPack) and [p.code for p in found.power_types] == ["shop"]
    assert difference(FILE, removed(FILE, line_of(FILE, "per_kwh = 1.80")))[0] == ["per_kwh = 1.80"]


def where(text: str, place: int) -> str:
    """The power type that a line is in."""
    above = text.splitlines()[: place + 1]
    at = max(n for n, line in enumerate(above) if line == "[[power_type]]")
    return text.splitlines()[at + 1]


@pytest.mark.parametrize("name", [name for name in BLOCKS if name.startswith("power_type.")])
@pytest.mark.parametrize("at", ["per_kwh = 1.80", "per_kwh = 2.40"])
def test_a_block_comes_into_the_power_type_at_hand(name: str, at: str) -> None:
    here = line_of(FILE, at)
    wanted = next(each for each in additions(FILE, here) if each.name == name)
    text, place = added(FILE, here, wanted)
    assert text.splitlines()[place] == BLOCKS[name][0]
    assert where(text, place) == where(FILE, here)
    faults = read_pack(text, zone_or_none)
    told = [] if isinstance(faults, TariffPack) else [fault.code for fault in faults]
    assert not {"not_toml", "not_toml_at_all", "unknown_field"} & set(told)


def test_the_file_is_good_when_a_clerk_adds_steps_and_their_price() -> None:
    text = FILE
    for name in ("power_type.steps", "power_type.price.rate", "season", "preference"):
        here = line_of(text, "per_kwh = 1.80")
        blocks = (each for each in additions(text, here) if each.is_block)
        text, _place = added(text, here, next(each for each in blocks if each.name == name))
    found = read_pack(text, zone_or_none)
    assert isinstance(found, TariffPack), found
    home = found.power_types[0]
    assert home.step_ends_wh == [50_000]
    assert [rate.step for rate in home.sub_items[0].rates] == [1]
    assert found.preferences[0].first_wh == 50_000
    here = line_of(text, "per_kwh = 1.80")
    assert "power_type.steps" not in [each.name for each in additions(text, here)], "one is enough"


@pytest.mark.parametrize("name", [name for name, fields in FIELDS.items() if fields])
def test_every_field_that_may_be_left_out_is_offered_and_known(name: str) -> None:
    text, place = FILE, 1
    if name:
        here = line_of(FILE, "per_kwh = 1.80")
        block = next(
            each for each in additions(FILE, here) if (each.name, each.is_block) == (name, True)
        )
        text, place = added(FILE, here, block)
    for line in FIELDS[name]:
        offered = {each.name: each for each in additions(text, place) if not each.is_block}
        field = line.split(" ")[0]
        if field in offered:
            text, _ = added(text, place, offered[field])
    for line in FIELDS[name]:
        assert f"\n{line.split(' ')[0]} = " in text
    found = read_pack(text, zone_or_none)
    told = [] if isinstance(found, TariffPack) else [fault.code for fault in found]
    assert not {"not_toml", "not_toml_at_all", "unknown_field"} & set(told)


def test_any_work_of_a_clerk_gives_a_text_and_faults_with_their_line() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    hand, text = random.Random(seed), FILE
    for _ in range(150):
        lines = text.splitlines() or [""]
        place = hand.randrange(len(lines))
        act = hand.randrange(4)
        if act == 0 and len(lines) > 5:
            text = removed(text, place)
        elif act == 1:
            text = changed(text, place, hand.choice(["", "12", "x = 1", '"', "[[season]]", "1.5"]))
        else:
            text, at = added(text, place, hand.choice(additions(text, place)))
            assert 0 <= at < len(text.splitlines())
        if len(text) > 3_000:
            text = FILE
        found = read_pack(text, zone_or_none)
        if isinstance(found, list):
            assert found and all(1 <= f.line <= text.count("\n") + 1 and f.code for f in found)
