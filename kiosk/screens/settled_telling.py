"""What an interruption left and recovery has ended, said before anything new begins (E01-E03)."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.domain.record import SaleRecord
from kiosk.screens import telling
from kiosk.till.recover import Recovered
from kiosk.words.book import Words


def settled_lines(words: Words, recovered: Recovered) -> list[str]:
    """One line for each sale, work, top-up and payment that was ended just now."""
    lines = settled_sales(words, recovered.sales)
    for work in recovered.cards:
        if work.state != "in_doubt":
            said = work.committed
            lines.append(
                words.say(
                    "cashier.settled_work", work=said.work_id, meter=said.meter or said.serial,
                    operation=words.say(f"cards.operation_{said.operation}"),
                    state=words.say(f"cards.state_{work.state}"),
                )
            )  # fmt: skip
    for payment in recovered.payments:
        lines.append(
            words.say(
                "cashier.settled_kept", currency=payment.currency, meter=payment.meter,
                amount_minor=payment.amount_minor,
            )
        )  # fmt: skip
    return lines


def settled_sales(words: Words, sales: Sequence[SaleRecord]) -> list[str]:
    """Each sale with its meter, its money and how it ended; never a token, which may be another
    customer's."""
    return [
        " ".join([_sale(words, record), *telling.reason_told(words, record.reason)])
        for record in sales
    ]


def _sale(words: Words, record: SaleRecord) -> str:
    sale = record.committed
    return words.say(
        "cashier.settled_sale", currency=sale.currency, sale=sale.sale_id, meter=sale.meter,
        amount_minor=sale.amount_minor, state=words.say(f"state.{record.standing}"),
    )  # fmt: skip
