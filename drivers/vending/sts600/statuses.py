"""What the status codes of STS600-8-6 mean for a sale: a refusal, or trouble with the module.

A refusal says that the module decided about the request and made no token. Codes that speak of the
module itself, and codes that no public source explains, are a VendorFault: the sale waits.
"""

from __future__ import annotations

from drivers.vending.special_checks import no_key_at
from kiosk.domain.special_tokens import KeyPlace
from kiosk.errors import Refusal, VendorFault

DONE = "00"

#: The line spoiled the request: the module has not acted on it.
CHECKSUM = "20"

#: Of a token that was shown: it is not one of this meter and key.
NOT_ITS_OWN = "03"

#: There is nothing in this register; makers differ.
EMPTY_REGISTER = frozenset({"22", "28"})

#: Decisions about a request that have no words of their own in a sale.
_DECIDED = {
    "02": "wrong format",
    "29": "this key change is not allowed",
    "40": "a parameter does not fit the vending key",
    "42": "the vending key may not be used any more",
    "43": "the vending key may not be used yet",
    "44": "the clock of the module is too far from the token's minute",
    "60": "wrong number of fields",
    "61": "wrong type of a field",
    "62": "wrong form of a field",
    "63": "a field is out of range",
    "85": "this number of key change tokens is not possible",
}

_TROUBLE = {
    "01": "device failure",
    "20": "the line spoils what is sent",
    "21": "it does not know the command",
    "26": "its own keys are not active",
    "57": "it was tampered with; it must go back to its maker",
    "58": "internal error; switch it off and on",
    "EE": "extended error",
}


def refusal(
    status: str, meter: str, algorithm: str, place: KeyPlace, subclass: int = 0
) -> Refusal | None:
    """Why the module makes no token for a meter at `place`; None when the code is no decision."""
    which: dict[str, str | int] = {
        "supply_group": place.supply_group,
        "key_revision": place.key_revision,
    }
    known = {
        "05": Refusal("key_type_no_credit", {"key_type": place.key_type}),
        "22": no_key_at(place, algorithm),
        "28": no_key_at(place, algorithm),
        "31": Refusal("vending_limit_reached", which),
        "41": Refusal("vending_key_expired", which),
        "48": Refusal("token_field_out_of_range", {"field": "subclass", "value": subclass}),
        "76": Refusal("bad_meter_check_digit", {"number": meter}),
    }
    if status in _DECIDED:
        return Refusal("module_refused", {"code": status, "text": _DECIDED[status]})
    return known.get(status)


def trouble(status: str) -> VendorFault:
    """The fault of a code that speaks of the module."""
    meaning = _TROUBLE.get(status, "a code that no public source explains")
    return VendorFault(f"The security module answered code {status}: {meaning}.")
