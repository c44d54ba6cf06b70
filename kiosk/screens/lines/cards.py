"""Cards line by line: the same verbs as on the screens; the technician has more of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from kiosk.domain.card_record import CardStanding
from kiosk.domain.cards.work import TOOLS
from kiosk.domain.cards.workshops import SHOPS
from kiosk.domain.organisation import may
from kiosk.errors import BadInput, Refusal
from kiosk.screens import card_telling
from kiosk.screens.lines import card_money
from kiosk.screens.lines.console import Choice, Console
from kiosk.till.cards import look, mend, plan, slip, watch, work
from kiosk.till.cards.plan import Plan
from kiosk.till.tokens import SecondPerson

_LISTED = 20
_MOVEMENTS = ("received", "damaged", "issued", "counted")


def serve(console: Console) -> None:
    """One choice of what whoever is signed in may do with cards."""
    acts: dict[str, tuple[str, Callable[[Console], None]]] = {
        "read": ("card_read", _read),
        "reissue": ("card_reissue", _reissue),
        "cancel": ("card_cancel", _cancel),
        "hot": ("card_stop", _hot),
        "cases": ("card_stop", _cases),
        "search": ("card_read", _search),
        "make": ("card_make", _make),
        "repair": ("card_mend", _repair),
        "tool": ("card_make", _tool),
        "reading": ("card_mend", _reading),
        "works": ("card_mend", _works),
        "stock": ("card_stock", _stock),
        "money": ("card_read", card_money.money),
        "suspicions": ("recover", card_money.suspected),
    }
    choices: list[Choice] = [
        (console.words.say(f"cards.menu_{name}"), partial(act, console))
        for name, (right, act) in acts.items()
        if may(console.desk.role, right)
    ]
    console.choose(choices)


def _read(console: Console) -> None:
    view = look.look(console.desk)
    if isinstance(view, Refusal):
        console.refuse(view)
        return
    console.say(*card_telling.view_lines(console.words, view, console.desk.currency))
    console.say(*card_telling.byte_lines(console.words, view.image))


def _search(console: Console) -> None:
    _say_cards(console, look.search(console.desk, console.ask("cards.ask_search"), _LISTED))


def _say_cards(console: Console, found: list[CardStanding] | Refusal) -> None:
    if isinstance(found, Refusal):
        console.refuse(found)
        return
    if not found:
        console.tell("cards.none")
    for each in found:
        console.say(" | ".join(card_telling.standing_cells(console.words, each)))


def _reading(console: Console) -> None:
    found = look.read_meter(console.desk)
    if isinstance(found, Refusal):
        console.refuse(found)
        return
    console.say(card_telling.reading_line(console.words, found, console.desk.currency))
    console.tell("cards.reading_kept")


# --- works ----------------------------------------------------------------------------------------


def _make(console: Console) -> None:
    meter = console.ask("cards.ask_meter", "cards.help_make")
    number = console.ask("cards.ask_card", "cards.help_make")
    _work(console, plan.plan_make(console.desk, meter, number))


def _reissue(console: Console) -> None:
    meter = console.ask("cards.ask_meter", "cards.help_reissue")
    old = _choice(console.ask("cards.ask_old", "cards.help_reissue"), tuple(plan.OLD_STATES))
    fee = _choice(console.ask("cards.ask_free", "cards.help_reissue"), plan.FEES)
    if fee not in plan.FEES:
        console.refuse(look.not_a_choice(fee, plan.FEES))
        return
    _work(console, plan.plan_reissue(console.desk, meter, old, free=fee == "free"))


def _cancel(console: Console) -> None:
    to = _choice(console.ask("cards.ask_to", "cards.help_cancel"), mend.RETURNS)
    _work(console, mend.plan_cancel(console.desk, to))


def _repair(console: Console) -> None:
    typed = console.ask("cards.ask_shown", "cards.help_repair")
    shown = _number(typed) if typed else None
    _work(console, mend.plan_repair(console.desk, shown))


def _tool(console: Console) -> None:
    console.tell("tokens.choices", choices=", ".join(TOOLS))
    tool = _choice(console.ask("cards.ask_tool", "cards.help_tool"), TOOLS)
    meter = console.ask("cards.ask_tool_meter", "cards.help_tool")
    settings: dict[str, int] = {}
    for pair in console.ask("cards.ask_settings", "cards.help_tool").split():
        name, _, number = pair.partition("=")
        if _number(number) < 0:
            raise BadInput(f"{pair[:40]}: NAME=NUMBER, such as alarm_wh=20000.")
        settings[name] = int(number)
    _work(console, plan.plan_tool(console.desk, tool, meter, settings))


def _work(console: Console, planned: Plan | Refusal) -> None:
    """Restate, ask for the reason and the second person, confirm, carry out, print."""
    if isinstance(planned, Refusal):
        console.refuse(planned)
        return
    reason = console.ask("cards.ask_reason")
    lines = card_telling.plan_lines(console.words, planned, console.desk.currency, reason)
    second = _second(console) if planned.two_persons else None
    if not console.confirm(" ".join(lines)):
        return
    record = work.carry_out(console.desk, planned, reason, second)
    if isinstance(record, Refusal):
        console.refuse(record)
        return
    console.say(*card_telling.work_lines(console.words, record, console.desk.currency))
    if console.desk.slips is not None and console.desk.writer is not None:
        slip.print_slip(console.desk, record)


def _second(console: Console) -> SecondPerson:
    name = console.ask("cards.ask_second")
    return SecondPerson(name, console.ask_secret("cards.ask_second_pin"))


def _works(console: Console) -> None:
    """Settle with the card in the reader; then perhaps give one up."""
    waiting = work.works(console.desk)
    if isinstance(waiting, Refusal):
        console.refuse(waiting)
        return
    console.say(*(card_telling.work_line(console.words, record) for record in waiting))
    if waiting and console.confirm(console.words.say("cards.will_settle")):
        ended = work.recover_cards(console.desk)
        console.tell("cards.settled", count=sum(record.state != "in_doubt" for record in ended))
    found = console.pick_of(work.works(console.desk), card_telling.work_cells, "cards.none")
    if found is None:
        return
    lines = card_telling.give_up_lines(
        console.words, found, console.desk.currency, console.desk.station.name
    )
    reason = console.ask("cards.ask_reason", "cards.help_works")
    if not console.confirm(" ".join(lines)):
        return
    after = work.give_up(console.desk, found.committed.work_id, reason)
    if isinstance(after, Refusal):
        console.refuse(after)
    else:
        console.say(*card_telling.work_lines(console.words, after, console.desk.currency))


# --- lists ----------------------------------------------------------------------------------------


def _hot(console: Console) -> None:
    """The hot list; a number is stopped, or released when it is on the list."""
    _say_cards(console, watch.hot_list(console.desk))
    which = console.ask("cards.ask_which", "cards.help_hot")
    if not which:
        return
    standing = watch.find(console.desk, which)
    if isinstance(standing, Refusal):
        console.refuse(standing)
        return
    serial = standing.card.serial
    console.say(" | ".join(card_telling.standing_cells(console.words, standing)))
    if standing.state == "active":
        state = _choice(console.ask("cards.ask_state", "cards.help_hot"), watch.STOPPED)
        reason = console.ask("cards.ask_reason")
        lines = card_telling.stop_lines(console.words, standing, state, reason)
        if not console.confirm(" ".join(lines)):
            return
        changed = watch.stop(console.desk, serial, state, reason)
    else:
        reason = console.ask("cards.ask_reason", "cards.help_hot")
        second = _second(console)
        if not console.confirm(" ".join(card_telling.release_lines(console.words, standing))):
            return
        changed = watch.release(console.desk, serial, reason, second)
    _say_cards(console, changed if isinstance(changed, Refusal) else [changed])


def _cases(console: Console) -> None:
    case = console.pick_of(watch.cases(console.desk), card_telling.case_cells, "cards.none")
    if case is None:
        return
    outcomes = [console.words.say(f"cards.outcome_{outcome}") for outcome in watch.OUTCOMES]
    chosen = console.pick("linear.prompt_choice", outcomes)
    if chosen is None:
        return
    note = console.ask("cards.ask_reason", "cards.help_cases")
    outcome = watch.OUTCOMES[chosen]
    lines = card_telling.close_lines(console.words, case, outcome)
    if not console.confirm(" ".join(lines)):
        return
    closed = watch.close_case(console.desk, case.case_id, outcome, note)
    if isinstance(closed, Refusal):
        console.refuse(closed)
    else:
        console.say(" | ".join(card_telling.case_cells(console.words, closed)))


def _stock(console: Console) -> None:
    """The stock; then perhaps a movement."""
    _say_stock(console)
    movements = [console.words.say(f"cards.movement_{name}") for name in _MOVEMENTS]
    place = console.pick("linear.prompt_choice", movements)
    if place is None:
        return
    families = list(SHOPS)
    family = console.pick("cards.ask_family", families)
    if family is None:
        return
    count = _number(console.ask("cards.ask_count", "cards.help_stock"))
    note = console.ask("cards.ask_reason", "cards.help_stock")
    refused = watch.move_stock(console.desk, families[family], _MOVEMENTS[place], count, note)
    if refused is not None:
        console.refuse(refused)
    else:
        _say_stock(console)


def _say_stock(console: Console) -> None:
    found = look.stock(console.desk)
    if isinstance(found, Refusal):
        console.refuse(found)
    else:
        console.say(*card_telling.stock_lines(console.words, found))


def _choice(answer: str, names: Sequence[str]) -> str:
    """The name that a number stands for; an empty answer is the first one."""
    number = _number(answer)
    if not answer:
        return names[0]
    return names[number - 1] if 1 <= number <= len(names) else answer


def _number(text: str) -> int:
    """A whole number, or -1 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else -1
