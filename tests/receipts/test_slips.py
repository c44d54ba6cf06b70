"""The slips as a customer reads them, in both languages and on every paper."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain.facts import NoteOffered, Tender
from kiosk.domain.record import SaleRecord
from kiosk.domain.registry import Customer
from kiosk.ports import SlipLine, SlipWriter
from receipts.clean import cells
from receipts.fault import note_slip, void_slip
from receipts.printer_test import printer_test_slip
from receipts.text import rows
from receipts.writer import Writer
from tests.receipts.examples import (
    AMINA,
    BY_CARD,
    COMMITTED,
    KEPT,
    NOON_MS,
    SITE,
    SOLD,
    in_state,
    words,
)

WIDTHS = [24, 32, 42, 48, 64]


def slip(name: str, language: str = "en", mode: str = "real") -> list[SlipLine]:
    writer: SlipWriter = Writer(SITE, words(language), mode)
    slips = {
        "token": lambda: writer.sale(SOLD, AMINA, 0),
        "card": lambda: writer.sale(BY_CARD, AMINA, 0),
        "copy": lambda: writer.sale(SOLD, AMINA, 2),
        "doubt_token": lambda: writer.sale(in_state(SOLD, "in_doubt", "vendor_silent"), AMINA, 0),
        "doubt_card": lambda: writer.sale(in_state(BY_CARD, "in_doubt", "card_away"), AMINA, 0),
        "voided": lambda: writer.sale(in_state(BY_CARD, "voided", "undone"), AMINA, 0),
        "kept": lambda: writer.kept(KEPT),
    }
    return slips[name]()


def text_of(lines: list[SlipLine], width: int = 42) -> str:
    """The slip as plain text; all letters have one size."""
    drawn = rows(lines, width, large_width=width)
    return "".join(f"{row.text.rstrip()}\n" for row in drawn)


SLIPS = ["token", "card", "copy", "doubt_token", "doubt_card", "voided", "kept"]


def test_a_token_slip_reads_like_this_when_it_is_printed_on_42_columns() -> None:
    assert (
        text_of(slip("token"))
        == """\
               Kijani Power
          Hall of Market Street
              Terminal T-07
------------------------------------------
Date                      2026-11-21 13:05
Meter                          04012345678
Customer                        Am*** No**
Address                      12 Ma*** La**
Account                          100200300
------------------------------------------
Old debt                              5.00
25 % of 20.00 KES goes to old debt; 45.00
KES is still owed.
Service charge                        1.00
Charged once with this purchase.
Generation, 12.345 kWh               10.00
0.8125 KES for a kWh, before tax.
Rural electrification levy            1.85
0.15 KES for a kWh, before tax, collected
for others.
VAT                                   2.15
Rate 15 %; 0.15 KES of it is for the fixed
charge.
Rounding in your favour, 0.055 kWh    0.00
Rounded up to what can be delivered; free
of charge.
Total KES                            20.00
Paid: Cash                           20.00
Tendered                             50.00
Change                               30.00
------------------------------------------
                  Energy
                 12.4 kWh

                  Token
         0612 3456 7890 1234 5678
   Type these 20 digits on the meter's
           keypad, then Enter.
------------------------------------------
Sale                             sale-0001
Entry                        4711 9f86d081
Sold at                          counter-2
Operator                            esther
------------------------------------------
      Thank you. Faults: call 3333.
"""
    )


def test_a_fault_slip_reads_like_this_when_it_is_printed_in_french_on_32_columns() -> None:
    assert (
        text_of(slip("doubt_card", "fr", "rehearsal"), 32)
        == """\
          Kijani Power
     Hall of Market Street
         Terminal T-07
    RÉPÉTITION - NON VALABLE
        VENTE EN SUSPENS
--------------------------------
Numéro de dossier      sale-0001
Date            21/11/2026 13:05
Compteur             04012345678
Client                Am*** No**
Adresse            12 Ma*** La**
Compte                 100200300
--------------------------------
Énergie achetée         12,4 kWh
Total KES                  20,00
Payé : Espèces             20,00
Reçu                       50,00
Rendu                      30,00
--------------------------------
Votre paiement est enregistré.
On ne sait pas encore si la
carte porte l'achat.
La carte a été retirée trop tôt.
Mettez la même carte dans un
terminal de ce centre : la carte
elle-même montre ce qui s'est
passé, et l'achat est terminé ou
défait. Vous ne paierez pas deux
fois.
Gardez ce ticket : il prouve
votre dossier.
--------------------------------
Vente                  sale-0001
Écriture           4711 9f86d081
Vendu à                counter-2
Agent                     esther
--------------------------------
 Thank you. Faults: call 3333.
    RÉPÉTITION - NON VALABLE
"""
    )


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", SLIPS)
def test_no_row_is_wider_than_the_paper_and_nothing_is_lost(name: str, language: str) -> None:
    lines = slip(name, language)
    said = "".join(f"{line.text}{line.right}" for line in lines).replace(" ", "")
    for width in WIDTHS:
        drawn = rows(lines, width)
        for row in drawn:
            assert cells(row.text) <= (width // 2 if row.style == "large" else width), row
        rules = sum(line.style == "rule" for line in lines)
        text = "".join(row.text for row in drawn if row.style != "rule").replace(" ", "")
        assert sorted(text) == sorted(said)
        assert sum(row.text == "-" * width for row in drawn) == rules


def test_the_token_stands_large_in_five_groups_of_four_whatever_the_paper() -> None:
    found = {}
    for width in WIDTHS:
        large = [row.text.strip() for row in rows(slip("token"), width) if row.style == "large"]
        found[width] = [text for text in large if text.replace(" ", "").isdecimal()]
    assert found == {
        24: ["0612 3456", "7890 1234", "5678"],
        32: ["0612 3456 7890", "1234 5678"],
        42: ["0612 3456 7890", "1234 5678"],
        48: ["0612 3456 7890 1234 5678"],
        64: ["0612 3456 7890 1234 5678"],
    }


def test_a_card_slip_names_the_purchase_and_shows_no_token() -> None:
    text = text_of(slip("card"))
    assert "Purchase on the card                     7\n" in text
    assert "Token" not in text


def test_a_copy_says_so_and_an_original_does_not() -> None:
    assert "COPY 2" in text_of(slip("copy"))
    assert "COPY" not in text_of(slip("token"))


def test_every_slip_is_marked_twice_when_it_is_a_rehearsal() -> None:
    for name in SLIPS:
        assert text_of(slip(name, mode="rehearsal")).count("REHEARSAL - NOT VALID") == 2
        assert "REHEARSAL" not in text_of(slip(name, mode="real"))


CLOCKS = [
    ("synced", ""),
    ("unsynced", "The clock of this terminal was not\nsynchronised.\n"),
    ("doubtful", "The clock of this terminal was doubtful;\nthe entry number counts.\n"),
]


@pytest.mark.parametrize(("quality", "sentence"), CLOCKS)
def test_e08_a_slip_says_how_far_its_clock_could_be_trusted(quality: str, sentence: str) -> None:
    record = msgspec.structs.replace(SOLD, quality=quality)
    text = text_of(Writer(SITE, words(), "real").sale(record, AMINA, 0))
    assert f"Date                      2026-11-21 13:05\n{sentence}Meter" in text


def test_a_slip_says_so_when_the_sale_was_finished_after_an_interruption() -> None:
    for how, expected in (("normal", False), ("recovered", True), ("witnessed", True)):
        record = msgspec.structs.replace(SOLD, how=how)
        text = text_of(Writer(SITE, words(), "real").sale(record, AMINA, 0))
        assert ("finished after an interruption" in text.replace("\n", " ")) is expected


def test_every_way_of_paying_has_its_line() -> None:
    tenders = [Tender("notes", 1500, "held_notes"), Tender("meter_account", 500, "meter_account:0")]
    committed = msgspec.structs.replace(COMMITTED, tenders=tenders, operator="self-service")
    record: SaleRecord = msgspec.structs.replace(SOLD, committed=committed)
    text = text_of(Writer(SITE, words(), "real").sale(record, None, 0))
    assert "Paid: Notes                          15.00\n" in text
    assert "Paid: Kept for the meter              5.00\n" in text
    assert "Operator                      self-service\n" in text
    assert "Customer" not in text


RETURNED = [
    ("cash:esther", "The money was given back in cash."),
    ("meter_account:04012345678", "The money is kept for meter 04012345678"),
    ("", "The money was booked back; show this slip"),
]


@pytest.mark.parametrize(("account", "sentence"), RETURNED)
def test_a_void_slip_says_where_the_money_is(account: str, sentence: str) -> None:
    record = in_state(SOLD, "voided", "some_new_reason")
    lines = void_slip(
        record, AMINA, SITE, words(), copy=0, mode="real", returned_to=account
    )  # fmt: skip
    assert sentence in text_of(lines)
    assert "some_new_reason" in text_of(lines)


def test_e22_a_note_that_nobody_can_find_gets_a_fault_slip() -> None:
    note = NoteOffered("pay-0042", 2, "kiosk-1", "04012345678", "acceptor", 17, 20_000, "KES")
    text = text_of(note_slip(note, NOON_MS, "jam", SITE, words(), mode="real"))
    assert "Case number                     pay-0042/2\n" in text
    assert "Note                            200.00 KES\n" in text
    assert "The note is stuck." in text


def test_e23_kept_money_is_on_a_slip_with_its_meter() -> None:
    text = text_of(slip("kept"))
    assert "Case number                       pay-0042\n" in text
    assert "Amount kept                      15.00 KES\n" in text
    assert "Nobody was there any more." in text


def test_the_test_slip_fills_the_width_of_the_paper() -> None:
    drawn = rows(printer_test_slip(SITE, words(), "TM-T20II", 48, mode="real"), 48)
    assert "123456789012345678901234567890123456789012345678" in [row.text for row in drawn]


# --- hostile names (reliability.md 7.5, figure 26) ----------------------------------------------

ATTACKS = [
    "\x1b@\x1dV\x00",  # printer: reset and cut
    "\x1b[2J\x1b]0;owned\x07",  # terminal: clear the screen, set its title
    "\u202eevil\u202c\u2066x\u2069",  # turn the line round
    "A" * 10_000,
    "\U0001f4a9" * 500,
    "王" * 300,
    "e" + "\u0301" * 2000,
    "\n" * 100 + "x",
    "a\x00b\x9bc\u2028d\ufeff",
]


def slip_for(name: str, width: int) -> list[str]:
    customer = Customer("100200300", name, name)
    lines = Writer(SITE, words(), "real").sale(SOLD, customer, 0)
    drawn = rows(lines, width)
    for row in drawn:
        assert row.text.isprintable() or not row.text, row
        assert cells(row.text) <= (width // 2 if row.style == "large" else width), row
    return [row.text for row in drawn]


@pytest.mark.parametrize("name", ATTACKS, ids=range(len(ATTACKS)))
def test_a_hostile_name_moves_nothing_on_the_slip(name: str) -> None:
    plain = slip_for("Amina Noor", 42)
    attacked = slip_for(name, 42)
    assert attacked[:6] == plain[:6]
    assert attacked[-30:] == plain[-30:]
    assert len(attacked) <= len(plain) + 12


@settings(deadline=None, max_examples=150)
@given(st.text(st.characters(), max_size=200), st.sampled_from([24, 32, 42, 48]))
def test_any_name_keeps_the_width(name: str, width: int) -> None:
    slip_for(name, width)


@settings(deadline=None, max_examples=150)
@given(
    st.text(max_size=120),
    st.text(max_size=60),
    st.sampled_from(["plain", "bold", "large", "small"]),
    st.sampled_from(["left", "centre"]),
    st.integers(4, 64),
)
def test_any_line_fits_any_paper(text: str, right: str, style: str, align: str, width: int) -> None:
    line = msgspec.convert({"text": text, "right": right, "style": style, "align": align}, SlipLine)
    for row in rows([line], width):
        assert cells(row.text) <= (width // 2 if style == "large" else width)
