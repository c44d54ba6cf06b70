"""kiosk rehearse: the customer's hands from outside; kiosk marks: the named points of a sale."""

from __future__ import annotations

import argparse

from kiosk.domain.energy import format_kwh
from kiosk.errors import BadInput
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.hands import note_minor
from kiosk.front.troubles import trouble_acceptor, trouble_printer
from kiosk.front.user_card import user_card
from kiosk.front.wiring import House, opened
from kiosk.marks import MARKS
from kiosk.ports import Hands, HandsAnswer

_USAGE = """\
card insert CUSTOMER   put the card of an account, meter, card number or name into the reader
card insert SERIAL     put in any card of this world
card blank [FAMILY]    put in a blank card: open, sle4442, at24, mifare or state-grid
card foreign | damaged   put in a card that is nobody's
card user FAMILY CUSTOMER   the customer's card is a chip of this family from now on; put it in
card tool TOOL [METER]   put in a State Grid tool card: inquiry, preset, meter-number, key-update
card lose CUSTOMER     the customer loses the card; `card find CUSTOMER` finds it again
card pull              pull it
note AMOUNT            push a note into the acceptor (20)
printer FAULT | works  paper_out, paper_low, cover_open, offline, silent, close_mid_job or slow
acceptor FAULT | works   jam, full, mute, box_removed, or once: drop_reply, lost_events, reset
meter enter METER TOKEN   type the 20 digits into a keypad meter
meter insert METER [SERIAL]   put its customer's card, or another one, into a card meter
meter open-case METER  open the case of a keypad meter: it switches off until that is cleared
meter provoke METER REFUSAL   have it refuse what was made up to now, by its own name of
                       the reason: old, overflow, key_expired or ddtk (a default key)
meter use METER AMOUNT use so much of what is on the meter (kWh, m3, minutes, money)
meter show METER       read the meter's display, and what tokens or parameter cards have set"""


def arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """What each verb takes."""
    if verb == "rehearse":
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.description = _USAGE
        parser.add_argument("thing", choices=("card", "note", "meter", "printer", "acceptor"))
        parser.add_argument("words", nargs="+")
    parser.add_argument("--json", action="store_true")


def run(verb: str, options: argparse.Namespace, context: Context) -> int:
    """One movement of the hands, or the list of marks."""
    if verb == "marks":
        return _marks(options)
    if context.settings.site.mode != "rehearsal":
        raise BadInput("`kiosk rehearse` moves simulated things; this is [site] mode real.")
    with opened(context.home, context.settings) as house:
        answer = _move(house, options.thing, options.words)
    if options.json:
        say.json(answer)
    else:
        left = answer.energy_left_wh
        meter = "" if left is None else f", {format_kwh(left)} kWh left"
        added = f" +{format_kwh(answer.energy_wh_added)} kWh" if answer.energy_wh_added else ""
        shown = f"; the meter shows: {answer.display}" if answer.display else ""
        say.out(f"{answer.result}{added}{meter}{shown}")
    return 0


def _marks(options: argparse.Namespace) -> int:
    if options.json:
        say.json([{"name": name, "sentence": sentence} for name, sentence in MARKS.items()])
    else:
        for name, sentence in MARKS.items():
            say.out(f"{name:<24} {sentence}")
    return 0


def _move(house: House, thing: str, words: list[str]) -> HandsAnswer:
    hands = house.hands
    assert hands is not None
    match [thing, *words]:
        case ["card", *rest]:
            answer = _with_card(house, hands, rest)
            if answer is not None:
                return answer
        case ["note", amount]:
            return hands.feed_note(note_minor(amount, house.desk.currency))
        case ["printer", fault]:
            return trouble_printer(house.home.path / "world", fault)
        case ["acceptor", fault]:
            return trouble_acceptor(house.home.path / "world", fault)
        case ["meter", *rest]:
            answer = _at_meter(hands, rest)
            if answer is not None:
                return answer
    raise BadInput(
        f"`kiosk rehearse {thing} {' '.join(words)}` is nothing that hands do;"
        " `kiosk rehearse --help` lists it."
    )


def _with_card(house: House, hands: Hands, words: list[str]) -> HandsAnswer | None:
    """What hands do with a card; None for nothing that they do."""
    match words:
        case ["insert", customer]:
            return hands.insert_card(customer)
        case [("blank" | "foreign" | "damaged") as kind]:
            return hands.insert_other(kind)
        case ["blank", family]:
            return hands.insert_other("blank", family)
        case ["user", family, customer]:
            return user_card(house, family, customer)
        case ["tool", tool, *meter] if len(meter) <= 1:
            return hands.insert_other(tool, "state-grid", "".join(meter))
        case ["lose", customer]:
            return hands.lose_card(customer)
        case ["find", customer]:
            return hands.find_card(customer)
        case ["pull"]:
            return hands.pull_card()
    return None


def _at_meter(hands: Hands, words: list[str]) -> HandsAnswer | None:
    """What hands do at a meter; None for nothing that they do."""
    match words:
        case ["enter", meter, *digits] if digits:
            return hands.enter_token(meter, "".join(digits).replace(" ", ""))
        case ["insert", meter]:
            return hands.insert_in_meter(meter)
        case ["insert", meter, card]:
            return hands.insert_in_meter(meter, card)
        case ["open-case", meter]:
            return hands.open_case(meter)
        case ["provoke", meter, refusal]:
            return hands.provoke(meter, refusal)
        case ["use", meter, amount]:
            return hands.use(meter, amount)
        case ["show", meter]:
            return hands.show_meter(meter)
    return None
