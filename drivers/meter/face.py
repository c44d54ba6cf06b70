"""What a person reads on a meter: the answer to a token or a card, and the face of the meter."""

from __future__ import annotations

from typing import Literal

import msgspec

#: Answers to a token, named as the verifiers of the standard name them (sts-facts 6).
KeypadResult = Literal[
    "accepted",
    "crc_error",
    "used",
    "old",
    "key_expired",
    "ddtk",
    "overflow",
    "key_type_error",
    "format_error",
    "range_error",
    "function_error",
    "manufacturer_mismatch",
]

#: Answers to a card: the table of rules in docs/cards.md, and a card that does not work.
CardResult = Literal[
    "credited",
    "already_credited",
    "old_purchase",
    "purchase_number",
    "purchase_not_finished",
    "card_not_valid",
    "other_meter",
    "overflow",
    "card_fault",
    "shown",
    "parameters",
]

MeterResult = KeypadResult | CardResult

Switch = Literal["closed", "open"]

#: The largest energy that the credit register of either meter holds: 9,999,999.999 kWh.
REGISTER_WH = 9_999_999_999


class MeterAnswer(msgspec.Struct, frozen=True):
    """What the meter did with a token or a card; `display` is the text that it shows for a while.

    Energy in Wh. `card_fault` with energy added means: credited, but the card could not be told.
    """

    result: MeterResult
    energy_wh_added: int
    energy_left_wh: int
    display: str


class MeterFace(msgspec.Struct, frozen=True, omit_defaults=True):
    """What can be read on a meter at any time; energy in Wh and, as on the display, in kWh.

    `identifiers_kept` and `tokens_accepted` are a keypad meter's, `last_purchase` a card meter's.
    `credit_left` is what a meter of another `register` holds, in units of its tokens.
    """

    number: str
    kind: Literal["keypad", "card"]
    energy_left_wh: int
    energy_left_kwh: str
    energy_credited_wh: int
    switch: Switch
    last_result: MeterResult | None
    identifiers_kept: int | None = None
    tokens_accepted: int | None = None
    register: str = "electricity"
    credit_left: int = 0
    last_purchase: int | None = None
