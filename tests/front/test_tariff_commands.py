"""kiosk tariff and kiosk quote --pack, as a clerk types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.front.conftest import Kiosk, a_meter, is_one_sentence

DOCS = Path(__file__).parents[2] / "docs"
FILES = sorted((DOCS / "tariffs").glob("*.toml"))
TANESCO, UMEME, ONTARIO = (
    next(file for file in FILES if file.name.startswith(name))
    for name in ("tanesco", "umeme", "wellington")
)
LINE_KEYS = {"code", "label", "amount_minor", "energy_wh", "reason"}


def test_every_published_file_is_good_when_it_is_checked(kiosk: Kiosk) -> None:
    assert len(FILES) >= 3
    done = kiosk("tariff", "check", *FILES)
    assert (done.exit, done.err) == (0, "")
    assert len(done.out.splitlines()) == len(FILES)


def test_the_example_of_the_page_is_good_and_priced_as_it_says(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    page = (DOCS / "tariffs.md").read_text()
    file = tmp_path / "example.toml"
    file.write_text(page.split("```toml\n")[1].split("```")[0])
    assert kiosk("tariff", "check", file).exit == 0
    priced = kiosk("quote", "--pack", file, "--amount", "100", "--at", "2026-07-01").out
    shown = page.split("```text\n")[1].split("```")[0]
    assert [line.split() for line in priced.splitlines()] == [
        line.split() for line in shown.splitlines() if not line.startswith("$")
    ]


def test_a_tax_below_one_percent_is_remarked_when_a_file_is_checked(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    """0.18 is 0.18 percent, and whoever typed it often meant 18."""
    file = tmp_path / "slip.toml"
    file.write_text(TANESCO.read_text().replace("rate_percent = 18", "rate_percent = 0.18"))
    done = kiosk("tariff", "check", file)
    assert (done.exit, done.err) == (0, "")
    assert "is only 0.18 %: for 15 percent write 15, not 0.15." in done.out


def test_every_fault_is_said_with_file_and_line_when_a_file_is_wrong(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(TANESCO.read_text().replace("minimum = 500", "minimun = 500", 1) + "more = 1\n")
    done = kiosk("tariff", "check", file)
    assert done.exit == 1
    said = done.err.splitlines()
    assert len(said) == 3
    assert all(line.startswith(f"kiosk: {file}, line ") for line in said)
    (row,) = kiosk_json(kiosk, "tariff", "check", file, "--json")
    assert [fault["line"] for fault in row["faults"]] == [13, 16, 80]
    is_one_sentence(kiosk("quote", "--pack", file, "--amount", "5"), 1, "line 13")


def kiosk_json(kiosk: Kiosk, *words: str | Path) -> list[dict[str, list[dict[str, int]]]]:
    import json

    found: list[dict[str, list[dict[str, int]]]] = json.loads(kiosk(*words).out)
    return found


@pytest.mark.parametrize(
    ("words", "amount_minor", "energy_wh", "codes"),
    [
        (["--power-type", "t1", "--amount", "5000"], 500_000, 14_100,
         ["energy", "vat", "ewura", "rea", "rounding"]),
        (["--power-type", "d1", "--amount", "10000", "--used-kwh", "60"], 1_000_000, 34_200,
         ["energy", "energy", "vat", "ewura", "rea", "rounding"]),
        (["--power-type", "t1", "--energy-kwh", "14.1"], 500_000, 14_100,
         ["energy", "vat", "ewura", "rea", "rounding"]),
    ],
)  # fmt: skip
def test_a_file_prices_without_a_meter_when_a_pack_is_named(
    kiosk: Kiosk, words: list[str], amount_minor: int, energy_wh: int, codes: list[str]
) -> None:
    found = kiosk("quote", "--pack", TANESCO, *words, "--json").json
    assert (found["amount_minor"], found["energy_wh"]) == (amount_minor, energy_wh)
    assert [line["code"] for line in found["lines"]] == codes
    assert all(set(line) == LINE_KEYS for line in found["lines"])
    assert sum(line["amount_minor"] for line in found["lines"]) == amount_minor


def test_time_class_and_history_count_when_they_are_named(kiosk: Kiosk) -> None:
    clock = ("quote", "--pack", ONTARIO, "--power-type", "tou_clock", "--amount", "20", "--json")
    peak = kiosk(*clock, "--at", "2022-11-07T08:00").json["energy_wh"]
    assert peak == kiosk(*clock, "--at", "2022-11-07T13:00+00:00").json["energy_wh"]
    assert kiosk(*clock, "--at", "2022-11-06T08:00").json["energy_wh"] > 2 * peak
    first = ("quote", "--pack", UMEME, "--amount", "20000", "--at", "2022-04-03", "--json")
    assert kiosk(*first).json["lines"][0]["code"] == "service"
    again = kiosk(*first, "--charged-to", "2022-04-01").json
    assert again["lines"][0]["code"] == "energy"
    owing = kiosk(*first, "--debt", "5000", "--carrier", "card").json
    assert owing["lines"][0]["code"] == "service", "the file takes nothing for old debt"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--power-type", "nobody", "--amount", "5000"], "it has d1, t1"),
        (["--amount", "5000", "--at", "noon"], "is no time"),
        (["--amount", "1"], "too small"),
        (["--amount", "5050"], "steps of 100.00"),
        (["--energy-kwh", "1e9"], "kilowatt-hours"),
        (["--energy-kwh", "99999999"], "at most"),
        (["--amount", "many"], "many"),
    ],
)
def test_one_sentence_says_why_when_a_file_cannot_price(
    kiosk: Kiosk, words: list[str], part: str
) -> None:
    is_one_sentence(kiosk("quote", "--pack", TANESCO, *words), 1, part)


def test_it_is_said_when_nothing_would_be_sold_at_the_prices_at_that_time(kiosk: Kiosk) -> None:
    words = ("quote", "--pack", UMEME, "--amount", "20000", "--at")
    assert kiosk(*words, "2022-04-03").err == ""
    assert "begin at" in kiosk(*words, "2022-03-31").err
    assert kiosk(*words, "2022-03-31", "--json").json["not_sold"] == "prices_not_yet"


@pytest.mark.parametrize("option", ["--used-kwh", "--energy-kwh"])
def test_the_option_is_named_and_the_limit_said_when_energy_is_typed_too_fine(
    kiosk: Kiosk, option: str
) -> None:
    amount = () if option == "--energy-kwh" else ("--amount", "20000")
    said = kiosk("quote", "--pack", UMEME, *amount, option, "49.9999")
    is_one_sentence(
        said, 1, f"{option} '49.9999': write kilowatt-hours with at most three decimals"
    )


@pytest.mark.parametrize("word", ["check", "show", "preview", "publish"])
def test_one_sentence_says_so_when_there_is_no_file(
    kiosk: Kiosk, tmp_path: Path, word: str
) -> None:
    is_one_sentence(kiosk("tariff", word, tmp_path / "none.toml"), 1, "cannot be read")


def test_a_meter_is_quoted_by_energy_when_no_amount_is_named(kiosk: Kiosk) -> None:
    meter = a_meter(kiosk, "keypad", power_type="home")
    found = kiosk("quote", "--meter", meter, "--energy-kwh", "22.5", "--json").json
    assert found["energy_wh"] == 22_500
    same = kiosk("quote", "--meter", meter, "--amount", f"{found['amount_minor'] / 100}", "--json")
    assert same.json["lines"] == found["lines"]


# --- show, preview, publish: on a home of their own -----------------------------------------------


@pytest.fixture
def own_home(kiosk: Kiosk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "own"
    path.mkdir()
    (path / "kiosk.toml").write_text("[rehearsal]\ncustomers = 20\ncentre = false\n")
    monkeypatch.setenv("KIOSK_HOME", str(path))
    return path


NEW = """\
number = 2
label = "New year"
currency = "ZAR"
zone = "UTC"
valid_from = 2026-01-01
"""


def new_prices(path: Path) -> Path:
    """Six plain power types under the codes of the rehearsal."""
    text = NEW
    for code in ("home", "shop", "social", "household", "industry", "farm"):
        text += (
            f'\n[[power_type]]\ncode = "{code}"\nlabel = "{code.title()}"\nminimum = 10\n'
            'maximum = 5000\n[[power_type.price]]\ncode = "energy"\nlabel = "Energy"\n'
            "per_kwh = 2.50\n"
        )
    file = path / "new.toml"
    file.write_text(text)
    return file


def test_a_clerk_looks_and_publishes_when_prices_change(
    kiosk: Kiosk, own_home: Path, tmp_path: Path
) -> None:
    file = new_prices(tmp_path)
    assert "Comprehensive price" in kiosk("tariff", "show").out
    changes = kiosk("tariff", "preview", file, "--json").json
    assert sum(change["meters"] for change in changes) == 23
    told = kiosk("tariff", "preview", file).out
    assert "home: " in told and " now, " in told and "%" in told
    is_one_sentence(kiosk("tariff", "publish", file), 1, "social would change more than threefold")
    published = kiosk("tariff", "publish", file, "--jump", "--json").json
    assert published["number"] == 2
    rows = kiosk("tariff", "show", "--list", "--json").json
    assert [(row["number"], row["in_force"]) for row in rows] == [(1, False), (2, True)]
    assert "in force" in kiosk("tariff", "show", "--list").out
    meter = a_meter(kiosk, "keypad", power_type="home")
    quoted = kiosk("quote", "--meter", meter, "--amount", "25", "--json").json
    assert (quoted["energy_wh"], len(quoted["lines"])) == (10_000, 1)
    is_one_sentence(kiosk("tariff", "publish", file), 1, "known already")
    assert kiosk("verify", "--json").json["first_bad"] == 0
    is_one_sentence(kiosk("tariff", "show", "--number", "9"), 1, "number 9")
    assert "Rehearsal prices" in kiosk("tariff", "show", "--number", "1").out
