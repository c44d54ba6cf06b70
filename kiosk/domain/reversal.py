"""What may be undone, as data: state of the sale, carrier and evidence say whether and how (E13).

A reversal needs proof that the value was not used. The digits of a token that was made may have
been seen, so a token sale is never reversed: two persons move its value to the right meter instead.
A card sale is reversed only with its card in the reader and the purchase unread on it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from kiosk.errors import Refusal

#: What proves how the value stands. "shown": the digits were made. For a card, what it says itself:
#: "unread" the purchase is on it and no meter took it; "taken_back" it is off the card, or half off
#: it because a reversal was interrupted; "consumed"; "absent" this card is not in the reader.
Evidence = Literal["shown", "unread", "taken_back", "consumed", "absent"]

How = Literal["same_day", "red_entry"]


class Way(msgspec.Struct, frozen=True):
    """What the policy says: `refusal` is the code of the reason, empty where it is allowed."""

    refusal: str = ""

    @property
    def allowed(self) -> bool:
        """Whether it may be undone."""
        return not self.refusal


#: (state, carrier, evidence); "*" stands for any, the first row that fits holds.
POLICY: tuple[tuple[tuple[str, str, str], Way], ...] = (
    (("reversed", "*", "*"), Way("undone_before")),
    (("reallocated", "*", "*"), Way("undone_before")),
    (("rerated", "*", "*"), Way("sale_priced_again")),
    (("voided", "*", "*"), Way("sale_voided_already")),
    (("dropped", "card", "*"), Way("purchase_dropped")),
    (("paid", "*", "*"), Way("sale_not_ended")),
    (("in_doubt", "*", "*"), Way("sale_not_ended")),
    (("delivered", "token", "*"), Way("token_was_shown")),
    (("delivered", "card", "unread"), Way()),
    (("delivered", "card", "taken_back"), Way()),
    (("delivered", "card", "consumed"), Way("card_consumed")),
    (("delivered", "card", "absent"), Way("card_of_sale_needed")),
)

#: Reasons against a reversal for which two persons may move the value instead.
REALLOCATED_INSTEAD = frozenset({"token_was_shown", "card_consumed", "purchase_dropped"})

#: (the operator sold it, the day was closed since) -> who may: a void of one's own sale before
#: closing, or a red entry with a reason and a second person.
WHO: dict[tuple[bool, bool], How] = {
    (True, False): "same_day",
    (True, True): "red_entry",
    (False, False): "red_entry",
    (False, True): "red_entry",
}

#: What a second person must have the right to do.
APPROVAL = "approve"

#: Where the money of a reversed sale may go.
RETURNS = ("cash", "capital", "meter")


def judge(sale: str, state: str, carrier: str, evidence: Evidence) -> Refusal | None:
    """Why sale `sale` cannot be reversed, or None."""
    asked = (state, carrier, evidence)
    for row, way in POLICY:
        if all(pattern in ("*", value) for pattern, value in zip(row, asked, strict=True)):
            return None if way.allowed else Refusal(way.refusal, {"sale": sale})
    raise AssertionError(asked)
