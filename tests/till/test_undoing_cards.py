"""A purchase comes off its card after an intention and before a proof; then money goes back."""

from __future__ import annotations

import pytest

from kiosk import marks
from kiosk.domain.record import SaleRecord
from kiosk.till import reverse
from kiosk.till.desk import Desk
from tests.till.hall import DiedError, Hall, balances, code, die_at


def test_the_card_is_as_it_was_when_the_program_ends_before_the_intention_is_written_E01(
    hall: Hall, desk: Desk, card_sale: SaleRecord
) -> None:
    assert desk.reader is not None
    before, sale = desk.reader.read(), card_sale.committed.sale_id
    marks.arm(die_at("pen.before_commit"))
    with pytest.raises(DiedError):
        reverse.reverse(desk, sale, "wrong amount")
    marks.arm(None)
    assert desk.reader.read() == before
    assert reverse.waiting(desk) == []


def test_no_money_goes_back_when_the_card_does_not_show_that_the_purchase_is_off_it_E13(
    hall: Hall, desk: Desk, card_sale: SaleRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that says yes and writes nothing."""
    assert desk.reader is not None
    monkeypatch.setattr(desk.reader, "write", lambda _serial, _writes: None)
    before, sale = balances(desk), card_sale.committed.sale_id
    assert code(reverse.reverse(desk, sale, "wrong amount")) == "card_not_taken_back"
    assert balances(desk) == before
    assert [each.committed.sale_id for each in reverse.waiting(desk)] == [sale]
