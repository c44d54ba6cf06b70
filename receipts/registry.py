"""The slip of the registry: the account that was opened, the meter that was replaced."""

from __future__ import annotations

from kiosk.domain.registry_slip import RegistrySlip
from kiosk.ports import SlipLine
from kiosk.words.book import Words
from kiosk.words.clean import clean
from receipts.paper import RULE, Site, field, foot, head, moment

_LONGEST = 64


def registry_slip(
    slip: RegistrySlip, site: Site, words: Words, *, copy: int, mode: str
) -> list[SlipLine]:
    """The customer's own copy: the name stands in full, it is their contract."""
    customer = slip.customer
    who = [
        ("slip.account", customer.account), ("slip.customer", customer.name),
        ("slip.address", customer.address), ("registry.phone", customer.phone),
    ]  # fmt: skip
    shown = [(f"registry.{key}", _value(words, key, value)) for key, value in slip.rows]
    return [
        *head(site, words, mode, words.say(f"registry.slip_{slip.what}"), copy),
        *moment(words, slip.time_ms, slip.quality),
        *(field(words, key, clean(text, _LONGEST)) for key, text in who if text),
        RULE,
        *(field(words, key, text) for key, text in shown if text),
        *_what_next(words, slip),
        RULE,
        field(words, "slip.entry", f"{slip.sequence} {slip.head}"),
        field(words, "slip.operator", slip.operator),
        *foot(site, words, mode),
    ]


def _what_next(words: Words, slip: RegistrySlip) -> list[SlipLine]:
    lines = next_steps(words, slip)
    return [RULE, *(SlipLine(line) for line in lines)] if lines else []


def next_steps(words: Words, slip: RegistrySlip) -> list[str]:
    """What was carried over to a new meter, and what its customer has to do now."""
    if slip.what != "replaced":
        return []
    figures = {key: value for key, value in slip.rows if isinstance(value, int)}
    carried = [
        words.say(f"registry.next_{key}", carried=_value(words, key, figures[key]))
        for key in ("moved_wh", "worth_minor", "kept_minor")
        if figures.get(key)
    ]
    nothing = [] if carried else [words.say("registry.next_nothing")]
    return [*carried, *nothing, words.say("registry.next_buy", meter=slip.meter)]


def _value(words: Words, key: str, value: str | int) -> str:
    if key == "register":
        return words.say(f"registers.{value}")
    if isinstance(value, str):
        return clean(value, _LONGEST)
    if key.endswith("_wh"):
        return words.energy(value)
    return words.money(value) if key.endswith("_minor") else str(value)
