"""What is said: complete in every language, with every figure and no byte that does harm."""

from __future__ import annotations

import ast
import string
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.energy import format_kwh
from kiosk.domain.money import format_amount
from kiosk.errors import BadInput, Refusal
from kiosk.till.maintain import LINE
from kiosk.words.book import Words, languages, sentences
from kiosk.words.clean import LONGEST, clean
from kiosk.words.formats import Formats, time_zone

ROOT = Path(__file__).parents[2]
ENGLISH = sentences("en")
KENYA = Formats(format_amount, format_kwh, "KES", timezone(timedelta(hours=3)))
NOON_MS = 1_795_255_500_000  # 2026-11-21 10:05 UTC


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", [code for code, _ in languages()])
def test_a_language_is_complete_when_compared_with_english(language: str) -> None:
    other = sentences(language)
    assert list(other) == list(ENGLISH)
    for key, sentence in other.items():
        assert isinstance(sentence, str), key
        assert sentence.strip(), key
        assert placeholders(sentence) == placeholders(ENGLISH[key]), key


@pytest.mark.parametrize("language", [code for code, _ in languages()])
def test_the_line_of_keys_fits_on_a_screen_of_80_columns_when_it_is_shown(language: str) -> None:
    spoken = sentences(language)
    hints = {key: text for key, text in spoken.items() if key.endswith(("_keys", ".keys"))}
    assert len(hints) > 50
    lines = [*hints.values(), *("   ".join(spoken[key] for key in pair) for pair in JOINED)]
    lines += [_customers_keys(spoken, deeds) for deeds in _deeds_of_keys()]
    assert [line for line in lines if len(line) > 78] == []


#: Lines of keys that a screen makes of two sentences.
JOINED = [("cashier.tender_keys", "account.tender_account"),
          ("cashier.confirm_keys", "tokens.free_keys")]  # fmt: skip


def _deeds_of_keys() -> list[dict[str, str]]:
    """What the keys of a keypad do on each screen of the customer."""
    found = []
    for path in sorted((ROOT / "kiosk/screens/self_service").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "hints":
                named = [(each.arg, each.value) for each in node.keywords]
                found.append({
                    str(key): str(deed.value) if isinstance(deed, ast.Constant) else "print_again"
                    for key, deed in named
                })  # fmt: skip
    assert len(found) > 15
    return found


def _customers_keys(spoken: dict[str, str], deeds: dict[str, str]) -> str:
    """As a rehearsal says them, with the key of a PC beside that of the keypad."""
    on_a_pc = {"cancel": "=Esc", "clear": f"={spoken['keys.backspace']}", "help": "=?"}
    shown = []
    for key, deed in deeds.items():
        name = spoken[f"keys.{key}"] + on_a_pc.get(key, "")
        shown.append(name if deed == key else f"{name}: {spoken[f'kiosk.do_{deed}']}")
    return "   ".join(shown)


@pytest.mark.parametrize("language", [code for code, _ in languages()])
def test_a_file_read_table_by_table_says_what_it_says_as_a_whole(language: str) -> None:
    whole = tomllib.loads((ROOT / f"kiosk/words/{language}.toml").read_text(encoding="utf-8"))
    for key, sentence in sentences(language).items():
        table = whole
        for name in key.split(".")[:-1]:
            table = table[name]
        assert table.pop(key.rpartition(".")[2]) == sentence
    assert list(_leaves(whole)) == []


def _leaves(table: dict[str, Any]) -> Iterator[str]:
    for value in table.values():
        yield from _leaves(value) if isinstance(value, dict) else [value]


def test_languages_name_themselves_in_their_own_script() -> None:
    assert languages() == [("en", "English"), ("fr", "Français")]


def test_a_missing_sentence_is_an_error_and_never_an_empty_text() -> None:
    words = Words("en", KENYA)
    for asked in ("slip.nonsense", "slip", ""):
        with pytest.raises(KeyError):
            words.say(asked)
    with pytest.raises(KeyError):
        words.say("slip.copy")  # its number was not given
    with pytest.raises(KeyError):
        Words("xx", KENYA)


# --- refusals ---------------------------------------------------------------------------------


def refusals_in_the_code() -> list[tuple[str, set[str] | None, str]]:
    """Every Refusal("code", {...}) of the program: code, names of its details if literal, file."""
    found = []
    for room in ("kiosk", "drivers", "sync", "receipts"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal"):
                    continue
                code = node.args[0] if node.args else None
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found.append((code.value, _names(node), str(path.relative_to(ROOT))))
    return found


def _names(call: ast.Call) -> set[str] | None:
    if len(call.args) < 2:
        return set()
    details = call.args[1]
    if not isinstance(details, ast.Dict):
        return None
    return {str(key.value) for key in details.keys if isinstance(key, ast.Constant)}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_refusal_can_be_said_when_it_is_made(language: str) -> None:
    spoken = sentences(language)
    found = refusals_in_the_code()
    assert len(found) > 40
    for code, given_names, file in found:
        wanted = placeholders(spoken[f"refusals.{code}"]) - {"currency"}
        assert given_names is None or wanted <= given_names, (code, file)


def test_every_device_of_the_technician_has_a_name_and_no_name_is_idle() -> None:
    told = {LINE}
    tree = ast.parse((ROOT / "kiosk/till/maintain.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"DeviceState", "_away"}:
            told |= {str(each.value) for each in node.args[:1] if isinstance(each, ast.Constant)}
    keys = {f"device.{name.replace(' ', '_')}" for name in told}
    assert keys == {key for key in ENGLISH if key.startswith("device.")}


FAULTS_OF_PRICES = [
    ROOT / "kiosk/domain" / f"tariff_{name}.py" for name in ("check", "file", "toml")
]
#: Functions whose first text that is no name of a field is the code of a fault.
CODED = {"fault": 1, "Problem": 1, "Fault": 1}


def test_every_fault_of_a_tariff_file_can_be_said_and_no_sentence_is_idle() -> None:
    told, kinds = set(), set[str]()
    for path in FAULTS_OF_PRICES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                place = CODED.get(name, 99)
                if len(node.args) > place and isinstance(code := node.args[place], ast.Constant):
                    told.add(code.value)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                kinds.add(node.value)
    spoken = {key.partition(".")[2] for key in ENGLISH if key.startswith("tariff_faults.")}
    assert told | {"needs", "file_needs"} == spoken
    assert {k.partition(".")[2] for k in ENGLISH if k.startswith("tariff_kinds.")} <= kinds


REFUSED = [
    (Refusal("amount_below_minimum", {"nearest_minor": 2050}),
     "This amount is too small; the smallest is 20.50 KES.",
     "Ce montant est trop petit ; le plus petit est 20,50 KES."),
    (Refusal("energy_above_carrier", {"largest_wh": 1_820_162_400}),
     "This is more energy than one purchase can carry (1820162.4 kWh); choose a smaller amount.",
     "C'est plus d'énergie qu'un achat ne peut porter (1820162,4 kWh) ; choisissez un montant plus"
     " petit."),
    (Refusal("identifier_lead", {"earliest_ms": NOON_MS}),
     "This meter has had too many tokens in the last hour; the next one is possible at"
     " 2026-11-21 13:05.",
     "Ce compteur a reçu trop de jetons en une heure ; le prochain est possible le"
     " 21/11/2026 13:05."),
    (Refusal("bad_meter_number", {"text": "12\x1b[2J\u202e34", "digits": 11}),
     "12[2J34 is not a meter number; type the 11 digits on the face of the meter.",
     "12[2J34 n'est pas un numéro de compteur ; tapez les 11 chiffres de la face du compteur."),
]  # fmt: skip


@pytest.mark.parametrize(("refusal", "english", "french"), REFUSED)
def test_a_refusal_says_what_and_what_to_do(refusal: Refusal, english: str, french: str) -> None:
    assert Words("en", KENYA).refusal(refusal) == english
    assert Words("fr", KENYA).refusal(refusal) == french


# --- reasons and figures ----------------------------------------------------------------------

REASONS = [
    ("debt", {"share_ppm": 250_000, "paid_minor": 2000, "left_minor": 4500}, "KES",
     "25 % of 20.00 KES goes to old debt; 45.00 KES is still owed."),
    ("energy", {"price_minor_per_mwh": 15_250}, "KES", "0.1525 KES for a kWh, before tax."),
    ("energy", {"price_minor_per_mwh": 20_000}, "KES", "0.20 KES for a kWh, before tax."),
    ("energy", {"price_minor_per_mwh": 125_500}, "XOF", "125.5 XOF for a kWh, before tax."),
    ("energy", {"price_minor_per_mwh": 100_000_000}, "XOF", "100000 XOF for a kWh, before tax."),
    ("levy", {"price_minor_per_mwh": 1}, "KES",
     "0.00001 KES for a kWh, before tax, collected for others."),
    ("tax", {"rate_ppm": 152_500, "fixed_tax_minor": 15}, "KES",
     "Rate 15.25 %; 0.15 KES of it is for the fixed charge."),
    ("fixed", {}, "KES", "Charged once with this purchase."),
    ("rounding", {"carrier": "token"}, "KES",
     "Rounded up to what can be delivered; free of charge."),
]  # fmt: skip


@pytest.mark.parametrize(("code", "values", "currency", "sentence"), REASONS)
def test_a_line_gives_its_reason_in_the_units_of_its_values(
    code: str, values: dict[str, int | str], currency: str, sentence: str
) -> None:
    assert Words("en", KENYA).reason(code, values, currency) == sentence


def test_figures_follow_the_language_and_the_currency() -> None:
    english, french = Words("en", KENYA), Words("fr", KENYA)
    assert english.money(-2050) == "-20.50 KES"
    assert french.money(-2050) == "-20,50 KES"
    assert french.amount(2050, "XOF") == "2050"
    assert (english.energy(12_345), french.energy(12_300)) == ("12.345 kWh", "12,3 kWh")
    assert (english.percent(150_000), french.percent(12_500)) == ("15 %", "1,25 %")
    assert english.say("kiosk.type_amount") == "Type the amount in KES"
    assert english.say("slip.total", currency="XOF") == "Total XOF"


ZONES = [("+03:00", 180), ("-09:30", -570), ("UTC", 0), ("Africa/Nairobi", 180)]


@pytest.mark.parametrize(("text", "minutes"), ZONES)
def test_a_zone_is_a_name_or_an_offset(text: str, minutes: int) -> None:
    wall_clock = datetime(2026, 11, 21, 12)  # noqa: DTZ001 - a zone is asked with a naive time
    assert time_zone(text).utcoffset(wall_clock) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "Nairobi", "+3", "+24:00", "+03:60", "../etc/passwd", "/etc"])
def test_a_zone_is_refused_when_there_is_none_of_that_name(text: str) -> None:
    with pytest.raises(BadInput):
        time_zone(text)


# --- text from outside ------------------------------------------------------------------------

HOSTILE = [
    ("Amina\x1b@Noor", "Amina@Noor"),
    ("\x1dV\x00cut", "Vcut"),
    ("a\x1b[31mred", "a[31mred"),
    ("\u202eroon\u202c", "roon"),
    ("a\nb\tc\r\x0b  d", "a b c d"),
    ("e\u0301", "\u00e9"),
    ("z" + "\u0300" * 50, "z" + "\u0300" * 3),
    ("\ud800x\ue000y\x9b", "xy"),
    ("x" * 10_000, "x" * (LONGEST - 3) + "..."),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_text_is_harmless_when_it_comes_from_outside(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters(), max_size=300), st.integers(4, 60))
def test_any_text_is_one_short_line_without_commands(text: str, longest: int) -> None:
    shown = clean(text, longest)
    assert len(shown) <= longest
    assert shown.isprintable()
    assert clean(shown, longest) == shown
