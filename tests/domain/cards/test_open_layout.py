"""The open layout as tables: what a card says, what a seller may write, what a card proves."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.domain.energy import CARD_LARGEST_WH
from kiosk.errors import Refusal

SERIAL = "00112233445566aa"

IDENTITY = bytes.fromhex(
    "01 01 0001 00112233445566aa 100000000018 007000000004".replace(" ", "").ljust(94, "0") + "a5"
)
PURCHASE_7 = bytes.fromhex(
    "01 00000007 000000300c 00000000000007d0 455552".replace(" ", "").ljust(78, "0") + "a5"
)
WRITE_BACK_7 = bytes.fromhex(
    "01 00000007 0000015f90 0000003039 01 007000000004".replace(" ", "").ljust(78, "0") + "a5"
)
ACCOUNT_3 = bytes.fromhex(
    "01 00000003 00000000000001f4 455552".replace(" ", "").ljust(94, "0") + "a5"
)


def image(**files: bytes) -> CardImage:
    """A card that has bought seven times and has put the last purchase into the meter."""
    contents = {
        "identity": IDENTITY,
        "purchase": PURCHASE_7,
        "write_back": WRITE_BACK_7,
        "account": bytes(48),
        **files,
    }
    return CardImage("open", SERIAL, dict(enumerate(contents.values(), start=1)))


def new_image() -> CardImage:
    return CardImage("open", SERIAL, layout.make(SERIAL, "100000000018", "07000000004"))


def changed(content: bytes, address: int, data: bytes) -> bytes:
    return content[:address] + data + content[address + len(data) :]


def card(of: CardImage) -> layout.OpenCard:
    found = layout.state(of)
    assert isinstance(found, layout.OpenCard), found
    return found


def code(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


def sold(of: CardImage, energy_wh: int = 20_000) -> list[PlainWrite]:
    made = layout.purchase(card(of), of, energy_wh, 3000, "EUR")
    assert isinstance(made, tuple), made
    return made[0]


def after(of: CardImage, writes: list[PlainWrite]) -> CardImage:
    for write in writes:
        of = of.with_write(write)
    return of


# --- what a card says -------------------------------------------------------------------------


def test_every_field_is_read_when_the_card_is_in_order() -> None:
    assert card(image(account=ACCOUNT_3)) == layout.OpenCard(
        version=1,
        kind=1,
        issue=1,
        serial=SERIAL,
        card_number="100000000018",
        meter="07000000004",
        purchase_number=7,
        purchase_energy_wh=12_300,
        purchase_amount_minor=2000,
        currency="EUR",
        purchase_valid=True,
        written_back_number=7,
        credited_total_wh=90_000,
        energy_left_wh=12_345,
        meter_result=1,
        write_back_meter="07000000004",
        write_back_valid=True,
        account_sequence=3,
        account_balance_minor=500,
        account_currency="EUR",
        account_valid=True,
    )


def test_a_new_card_has_bought_nothing_when_it_is_made() -> None:
    new = card(new_image())
    assert new_image().files[layout.IDENTITY] == IDENTITY
    assert (new.purchase_number, new.purchase_valid, new.taken()) == (0, True, True)
    assert (new.write_back_valid, new.account_valid, new.currency) == (False, False, "")


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (msgspec.structs.replace(image(), family="sle4442"), "card_foreign"),
        (msgspec.structs.replace(image(), files={1: IDENTITY}), "card_damaged"),
        (image(purchase=PURCHASE_7[:39]), "card_damaged"),
        (image(identity=bytes(48)), "card_blank"),
        (image(identity=b"\xff" * 48), "card_blank"),
        (image(identity=changed(IDENTITY, 0, b"\2")), "card_unknown_version"),
        (image(identity=changed(IDENTITY, 1, b"\4")), "card_unknown_kind"),
        (image(identity=changed(IDENTITY, 47, b"\0")), "card_not_finished"),
        (image(identity=changed(IDENTITY, 11, b"\0")), "card_other_serial"),
        (image(identity=changed(IDENTITY, 12, b"\xab")), "card_damaged"),
        (image(identity=changed(IDENTITY, 18, b"\x10")), "card_damaged"),
        (image(purchase=changed(PURCHASE_7, 0, b"\2")), "card_damaged"),
        (image(purchase=changed(PURCHASE_7, 18, b"e")), "card_damaged"),
        (image(write_back=changed(WRITE_BACK_7, 0, b"\2")), "card_damaged"),
        (image(write_back=changed(WRITE_BACK_7, 17, b"\xff")), "card_damaged"),
        (image(account=changed(ACCOUNT_3, 13, bytes(3))), "card_damaged"),
    ],
)
def test_a_card_is_refused_by_name_when_it_cannot_be_sold_to(bad: CardImage, expected: str) -> None:
    assert code(layout.state(bad)) == expected


def test_a_torn_purchase_is_no_damage_when_it_is_not_valid() -> None:
    torn = card(image(purchase=b"\x77" * 39 + b"\0"))
    assert (torn.purchase_valid, torn.currency) == (False, "")


def test_the_write_back_does_not_count_when_the_meter_did_not_finish_it() -> None:
    unfinished = card(image(write_back=changed(WRITE_BACK_7, 39, b"\0")))
    assert (unfinished.written_back_number, unfinished.taken()) == (0, False)


# --- what a seller may write ------------------------------------------------------------------


def test_four_writes_are_made_in_order_when_the_last_purchase_was_taken() -> None:
    made = layout.purchase(card(image()), image(), 20_000, 3000, "EUR")
    content = "01 00000008 0000004e20 0000000000000bb8 455552".replace(" ", "").ljust(62, "0")
    assert made == (
        [
            PlainWrite(2, 39, b"\x00"),
            PlainWrite(2, 0, bytes.fromhex(content)),
            PlainWrite(2, 31, bytes(8)),
            PlainWrite(2, 39, b"\xa5"),
        ],
        8,
    )


def test_the_first_purchase_has_number_1_when_the_card_was_never_inserted() -> None:
    made = layout.purchase(card(new_image()), new_image(), 1, 1, "EUR")
    assert isinstance(made, tuple)
    assert made[1] == 1


WRITTEN_BACK_6 = changed(WRITE_BACK_7, 1, b"\0\0\0\6")
NUMBERS_USED_UP = {
    "purchase": changed(PURCHASE_7, 1, b"\xff" * 4),
    "write_back": changed(WRITE_BACK_7, 1, b"\xff" * 4),
}


@pytest.mark.parametrize(
    ("files", "energy_wh", "expected"),
    [
        ({"write_back": WRITTEN_BACK_6}, 1, "card_unread_purchase"),
        ({"write_back": bytes(40)}, 1, "card_unread_purchase"),
        ({"write_back": changed(WRITE_BACK_7, 39, b"\0")}, 1, "card_unread_purchase"),
        ({"write_back": changed(WRITE_BACK_7, 1, b"\0\0\0\x08")}, 1, "card_behind_meter"),
        ({"write_back": changed(WRITE_BACK_7, 21, b"\x12")}, 1, "card_other_meter"),
        ({"purchase": changed(PURCHASE_7, 39, b"\0")}, 1, "card_unfinished_purchase"),
        (NUMBERS_USED_UP, 1, "card_numbers_used_up"),
        ({}, CARD_LARGEST_WH + 1, "card_energy_too_large"),
    ],
)
def test_a_purchase_is_refused_by_name_when_the_rules_forbid_it(
    files: dict[str, bytes], energy_wh: int, expected: str
) -> None:
    of = image(**files)
    assert code(layout.purchase(card(of), of, energy_wh, 1, "EUR")) == expected


def test_the_largest_purchase_fits_when_all_40_bits_are_used() -> None:
    bought = card(after(image(), sold(image(), CARD_LARGEST_WH)))
    assert bought.purchase_energy_wh == CARD_LARGEST_WH


@pytest.mark.parametrize(
    ("write", "may"),
    [
        (PlainWrite(2, 0, bytes(31)), True),
        (PlainWrite(2, 31, bytes(8)), True),
        (PlainWrite(2, 39, b"\xa5"), True),
        (PlainWrite(2, 0, bytes(40)), False),
        (PlainWrite(2, 1, b"\1"), False),
        (PlainWrite(1, 39, b"\xa5"), False),
        (PlainWrite(3, 0, bytes(31)), False),
        (PlainWrite(4, 0, bytes(31)), False),
    ],
)
def test_only_three_windows_are_the_sellers(write: PlainWrite, may: bool) -> None:
    assert layout.allowed(write) is may


def test_e15_a_reissued_card_repeats_the_lost_purchase_under_its_number() -> None:
    lost = card(after(image(), sold(image())))
    files = layout.make("00112233445566bb", "100000000026", lost.meter, issue=2, last=lost)
    reissued = card(CardImage("open", "00112233445566bb", files))
    assert (reissued.issue, reissued.purchase_number, reissued.purchase_energy_wh) == (2, 8, 20_000)
    assert not reissued.taken()


def test_the_last_purchase_is_back_when_a_torn_sale_is_voided() -> None:
    for before in (image(), new_image()):
        torn = after(before, sold(before)[:2])
        was = card(before)
        undo = layout.rewrite(
            was.purchase_number, was.purchase_energy_wh, was.purchase_amount_minor, was.currency
        )
        assert after(torn, undo) == before


# --- what a card proves -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("writes_done", "told"),
    [(0, "not_delivered"), (1, "torn"), (2, "torn"), (3, "torn"), (4, "delivered")],
)
def test_e01_the_card_tells_how_far_it_got_when_the_power_was_cut(
    writes_done: int, told: str
) -> None:
    for before in (image(), new_image()):
        writes = sold(before)
        assert layout.witness(before, after(before, writes[:writes_done]), writes) == told


def test_e03_the_sale_is_consumed_when_the_meter_has_written_its_number_back() -> None:
    writes = sold(image())
    now = after(image(write_back=changed(WRITE_BACK_7, 1, b"\0\0\0\x08")), writes)
    assert layout.witness(image(), now, writes) == "consumed"


def test_e03_the_sale_is_delivered_when_the_meter_did_not_finish_its_write_back() -> None:
    writes = sold(image())
    now = after(image(write_back=changed(WRITE_BACK_7, 39, b"\0")), writes)
    assert layout.witness(image(), now, writes) == "delivered"


def test_a_new_card_is_not_delivered_when_a_meter_has_only_greeted_it() -> None:
    writes = sold(new_image())
    greeted = changed(changed(WRITE_BACK_7, 1, bytes(4)), 15, b"\2")
    now = msgspec.structs.replace(new_image(), files={**new_image().files, 3: greeted})
    assert layout.witness(new_image(), now, writes) == "not_delivered"


#: What another hall, cut off from ours, sells under the same number.
THEIRS_WH = 4_000


def sold_for(of: CardImage, sale_id: str, energy_wh: int) -> list[PlainWrite]:
    made = layout.purchase(card(of), of, energy_wh, 3000, "EUR", sale_id)
    assert isinstance(made, tuple), made
    return made[0]


def credited(of: CardImage, total_wh: int) -> CardImage:
    """The meter has written back number 8 and this total."""
    back = changed(WRITE_BACK_7, 1, b"\0\0\0\x08" + total_wh.to_bytes(5, "big"))
    return msgspec.structs.replace(of, files={**of.files, layout.WRITE_BACK: back})


@pytest.mark.parametrize(
    ("grown_wh", "told"),
    [(THEIRS_WH, "superseded"), (20_000, "other"), (THEIRS_WH + 20_000, "other"), (0, "other")],
    ids=["theirs", "ours, from a copy of the card", "both", "none"],
)
def test_ours_was_never_finished_when_the_meter_took_anothers_purchase_under_its_number(
    grown_wh: int, told: str
) -> None:
    """E07, E16: which of the two the meter took is what its total grew by."""
    ours = sold_for(image(), "ours", 20_000)
    now = after(image(), sold_for(image(), "theirs", THEIRS_WH))
    assert layout.witness(image(), now, ours) == "superseded"
    taken = credited(now, card(image()).credited_total_wh + grown_wh)
    assert layout.witness(image(), taken, ours) == told


EIGHT = {"write_back": changed(WRITE_BACK_7, 1, b"\0\0\0\x08")}
NINE = {"write_back": changed(WRITE_BACK_7, 1, b"\0\0\0\x09")}


@pytest.mark.parametrize(
    "now",
    [
        msgspec.structs.replace(image(), serial="00112233445566bb"),
        msgspec.structs.replace(image(), files={1: IDENTITY}),
        after(image(), sold(image(), 555)),
        after(image(**EIGHT), sold(image(), 555)),
        image(**EIGHT),
        after(image(**NINE), sold(image())),
        after(image(), [*sold(image())[:1], PlainWrite(2, 5, b"\x99")]),
        image().with_write(PlainWrite(2, 5, (20_000).to_bytes(5, "big"))),
    ],
    ids=[
        "another card",
        "no purchase file",
        "somebody else's purchase under the same number",
        "somebody else's purchase, and the meter took it",
        "the meter took the number from another card",
        "the meter is further than this card",
        "a byte that is neither",
        "the new energy under the old number, valid",
    ],
)
def test_e16_a_person_is_asked_when_these_writes_cannot_have_made_it(now: CardImage) -> None:
    assert layout.witness(image(), now, sold(image())) == "other"
