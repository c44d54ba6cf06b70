"""How cards, works on them, cases and stock read in words: for screens, lines and commands."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from kiosk.domain import chart
from kiosk.domain.card_record import (
    CardCase,
    CardStanding,
    CardStock,
    CardWorkRecord,
    ReadByCard,
)
from kiosk.domain.cards.image import CardImage
from kiosk.domain.cards.work import MeterReading, Purchase, Workshop
from kiosk.screens.odd_card_telling import held_line, tool_lines, waiting_line
from kiosk.till.cards.look import CardView
from kiosk.till.cards.plan import OLD_STATES, Plan
from kiosk.words.book import Words

_BYTES_IN_ROW = 8
_LEFT_COLUMNS = 46


def view_lines(words: Words, view: CardView, currency: str) -> list[str]:
    """The fields of a card: what it is, how it stands, what it carries, what the meter said."""
    say, card = words.say, view.card
    lines = [
        f"{say('technician.card_family')}: {view.image.family} ({view.reader})",
        f"{say('technician.card_serial')}: {view.image.serial}",
        f"{say('cards.state')}: {_standing(words, view)}",
    ]
    if view.tool is not None:
        lines += tool_lines(words, view.tool)
    elif view.waiting is not None:
        lines.append(waiting_line(words, view.waiting))
    elif view.refusal is not None:
        lines.append(words.refusal(view.refusal))
    if card is not None:
        valid = say(f"technician.card_{'valid' if card.purchase_valid else 'not_valid'}")
        lines += [
            f"{say('technician.card_number')}: {card.card_number}",
            f"{say('technician.card_meter')}: {card.meter}",
            f"{say('technician.card_issue')}: {card.issue or '-'}",
            purchase_line(
                words, currency, card.purchase_number, card.purchase_energy_wh,
                card.purchase_amount_minor,
            ) + (f", {valid}" if card.purchase_number else ""),
            f"{say('cards.last')}: {_last(words, view.last, currency)}",
        ]  # fmt: skip
    if view.money is not None:
        lines.append(held_line(words, view.money, currency))
    return [*lines, reading_line(words, view.reading, currency)]


def _standing(words: Words, view: CardView) -> str:
    if view.standing is None:
        return words.say("cards.standing_unknown")
    shown = words.say(f"cards.standing_{view.standing.state}")
    return f"{shown} ({view.standing.reason})" if view.standing.reason else shown


def _last(words: Words, last: Purchase, currency: str) -> str:
    return purchase_line(words, currency, last.number, last.energy_wh, last.amount_minor)


def purchase_line(
    words: Words, currency: str, number: int, energy_wh: int, amount_minor: int
) -> str:
    """A purchase on a card; one of a family that carries money has no energy."""
    if not number:
        return words.say("cards.purchase_none")
    key = "cards.purchase" if energy_wh or not amount_minor else "cards.purchase_money"
    return words.say(
        key, currency=currency, purchase_number=number, energy_wh=energy_wh,
        amount_minor=amount_minor,
    )  # fmt: skip


def reading_line(words: Words, reading: MeterReading | ReadByCard | None, currency: str) -> str:
    """What the meter wrote."""
    if reading is None:
        return words.say("cards.reading_none")
    by_money = not reading.credited_wh and (reading.left_minor or reading.overdraft_minor)
    return words.say(
        "cards.reading_money" if by_money else "cards.reading", currency=currency,
        meter=reading.meter, purchase_number=reading.purchase_number,
        credited_wh=reading.credited_wh, left_wh=reading.left_wh, left_minor=reading.left_minor,
        overdraft_minor=reading.overdraft_minor,
    )  # fmt: skip


def byte_lines(words: Words, image: CardImage) -> list[str]:
    """The bytes of every file, eight in a row."""
    lines: list[str] = []
    for file, content in sorted(image.files.items()):
        lines.append(words.say("cards.bytes", file=file))
        lines += [
            f"{start:3d}  {content[start : start + _BYTES_IN_ROW].hex(' ').upper()}"
            for start in range(0, len(content), _BYTES_IN_ROW)
        ]
    return lines


def side_by_side(left: list[str], right: list[str]) -> list[str]:
    """Fields and bytes beside each other on a screen of 80 columns; long fields are wrapped."""
    wrapped = [part for line in left for part in _parts(line)]
    return [
        f"{field:<{_LEFT_COLUMNS}}{raw}".rstrip()
        for field, raw in zip_longest(wrapped, right, fillvalue="")
    ]


def _parts(line: str) -> list[str]:
    room = _LEFT_COLUMNS - 2
    parts: list[str] = []
    for word in line.split(" "):
        if parts and len(parts[-1]) + 1 + len(word) <= room:
            parts[-1] += f" {word}"
        else:
            parts.append(word if not parts else f"  {word}")
    return parts


# --- plans and works ------------------------------------------------------------------------------


def plan_lines(words: Words, plan: Plan, currency: str, reason: str = "") -> list[str]:
    """Which card is in the reader, and what a work would do to it; restated before it is done."""
    lines = [_card_line(words, plan), *_operation_lines(words, plan)]
    if plan.operation in {"make", "reissue"}:
        lines.append(_carries(words, plan))
    if plan.left_minor:
        lines.append(words.say("cards.plan_left", currency=currency, amount_minor=plan.left_minor))
    if plan.drops.number:
        lines.append(_dropped(words, plan.drops))
    if plan.settles:
        lines.append(words.say("cards.plan_settles", sale=plan.settles))
    if plan.operation == "reissue":
        key = "cards.plan_fee" if plan.amount_minor else "cards.plan_no_fee"
        lines.append(words.say(key, currency=currency, amount_minor=plan.amount_minor))
    if plan.operation == "cancel":
        in_cash = plan.returned_to.startswith(chart.cash(""))
        key = "cards.plan_back_cash" if in_cash else "cards.plan_back_account"
        lines.append(
            words.say(key, currency=currency, amount_minor=plan.amount_minor, meter=plan.meter)
        )
    if reason:
        lines.append(f"{words.say('cards.ask_reason')}: {reason}")
    return [*lines, words.say("cards.plan_two")] if plan.two_persons else lines


def _card_line(words: Words, plan: Plan) -> str:
    """The card in the reader: family, chip, and whose it is; a blank one is nobody's yet."""
    family, serial = plan.before.family, plan.serial
    if plan.operation in {"make", "reissue", "tool"}:
        blank = words.say("cards.plan_blank", family=family, serial=serial)
        owner = words.say("cards.plan_customer", customer=plan.customer) if plan.customer else ""
        return f"{blank} {owner}".rstrip()
    return words.say(
        "cards.plan_card", family=family, serial=serial, card=plan.card_number,
        issue=plan.issue, customer=plan.customer,
    )  # fmt: skip


def _operation_lines(words: Words, plan: Plan) -> list[str]:
    values: dict[str, Any] = {
        "meter": plan.meter, "card": plan.card_number, "serial": plan.serial, "issue": plan.issue,
    }  # fmt: skip
    if plan.operation in {"make", "reissue"}:
        lines = [words.say(f"cards.plan_{plan.operation}", **values)]
        if plan.replaces:
            old = next(old for old, state in OLD_STATES.items() if state == plan.old_state)
            what = words.say(f"cards.old_{old}")
            lines.append(words.say("cards.plan_replaces", serial=plan.replaces, state=what))
        return lines
    if plan.operation == "tool":
        tool = words.say(f"cards.tool_{plan.tool}")
        meter = plan.meter or words.say("cards.any_meter")
        lines = [words.say("cards.plan_tool", serial=plan.serial, tool=tool, meter=meter)]
        sets = ", ".join(f"{name}={value}" for name, value in plan.settings.items())
        return [*lines, words.say("cards.plan_settings", settings=sets)] if sets else lines
    content = plan.content
    if plan.operation == "cancel":
        values |= {"purchase_number": content.purchase_number + 1, "energy_wh": plan.energy_wh}
        return [words.say("cards.plan_cancel", **values)]
    values |= {"purchase_number": content.purchase_number, "energy_wh": content.energy_wh}
    if plan.restores.number:
        return [words.say("cards.plan_restores", **values, sale=content.sale_id)]
    return [words.say(f"cards.plan_{'keep' if content.sale_id else 'clear'}", **values)]


def _dropped(words: Words, unread: Purchase) -> str:
    return words.say(
        "cards.plan_drops", currency=unread.currency, purchase_number=unread.number,
        energy_wh=unread.energy_wh, amount_minor=unread.amount_minor, sale=unread.sale_id,
    )  # fmt: skip


def _carries(words: Words, plan: Plan) -> str:
    content = plan.content
    if not content.purchase_number:
        return words.say("cards.plan_carries_none")
    return words.say(
        "cards.plan_carries", purchase_number=content.purchase_number, energy_wh=content.energy_wh
    )


def work_lines(words: Words, record: CardWorkRecord, currency: str) -> list[str]:
    """A work and how it ended, with what the customer gets back."""
    work = record.committed
    ended = record.state if record.state in {"done", "undone"} else "in_doubt"
    lines = [
        f"{words.say(f'cards.operation_{work.operation}')}: "
        f"{words.say(f'cards.state_{record.state}')}",
        words.say(f"cards.work_{ended}"),
        f"{words.say('cards.work_id')} {work.work_id}, {words.say('cards.new_chip')} {work.serial}",
    ]
    if record.state == "done" and work.operation != "tool":
        content = work.content
        held = purchase_line(
            words, content.currency or currency, content.purchase_number, content.energy_wh,
            content.amount_minor,
        )  # fmt: skip
        lines.append(f"{words.say('cards.purchase_on_it')}: {held}")
    if record.reason:
        key = f"why.{record.reason}"
        lines.append(words.say(key) if words.knows(key) else record.reason)
    if record.returned_to and work.amount_minor:
        in_cash = record.returned_to.startswith(chart.cash(""))
        key = "cards.plan_back_cash" if in_cash else "cards.plan_back_account"
        lines.append(
            words.say(key, currency=currency, amount_minor=work.amount_minor, meter=work.meter)
        )
    return lines


def work_cells(words: Words, record: CardWorkRecord) -> list[str]:
    """Time, operation, meter, state and id of a work."""
    work = record.committed
    return [
        words.time(record.time_ms), words.say(f"cards.operation_{work.operation}"),
        work.meter or work.serial, words.say(f"cards.state_{record.state}"), work.work_id,
    ]  # fmt: skip


# --- what a list would do -------------------------------------------------------------------------


def standing_line(words: Words, standing: CardStanding) -> str:
    """Which card, in one sentence."""
    card = standing.card
    return words.say(
        "cards.which_card", card=card.number, serial=card.serial, meter=card.meter, issue=card.issue
    )


def stop_lines(words: Words, standing: CardStanding, state: str, reason: str) -> list[str]:
    """A card that is to be stopped, and what that means."""
    key = f"cards.standing_{state}"
    shown = words.say(key) if words.knows(key) else state
    return [
        standing_line(words, standing),
        words.say("cards.will_stop", state=shown),
        f"{words.say('cards.ask_reason')}: {reason}",
    ]


def release_lines(words: Words, standing: CardStanding) -> list[str]:
    """A card that is to be released, and what that means."""
    shown = words.say(f"cards.standing_{standing.state}")
    why = f"{shown}, {standing.reason}" if standing.reason else shown
    return [standing_line(words, standing), words.say("cards.will_release", state=why)]


def close_lines(words: Words, case: CardCase, outcome: str) -> list[str]:
    """A case that is to be closed, and what that means for the card."""
    time, kind, serial, meter, _ = case_cells(words, case)
    said = words.say("cards.which_case", time=time, kind=kind, serial=serial, meter=meter)
    return [said, words.say(f"cards.will_close_{outcome}")]


def give_up_lines(words: Words, record: CardWorkRecord, currency: str, station: str) -> list[str]:
    """A work that is to be given up at `station`, on which card, and where its fee goes."""
    work = record.committed
    paid = sum(tender.amount_minor for tender in work.tenders)
    lines = [work_line(words, record), words.say("cards.will_give_up")]
    if paid:
        key = "cash" if work.station == station else "account"
        lines.append(
            words.say(
                f"cards.plan_back_{key}", currency=currency, amount_minor=paid, meter=work.meter
            )
        )
    return lines


def work_line(words: Words, record: CardWorkRecord) -> str:
    """Which work, on which card, in one sentence."""
    work = record.committed
    return words.say(
        "cards.which_work", operation=words.say(f"cards.operation_{work.operation}"),
        work=work.work_id, family=work.before.family, serial=work.serial,
        meter=work.meter or "-", time=words.time(record.time_ms),
    )  # fmt: skip


# --- lists ----------------------------------------------------------------------------------------


def standing_cells(words: Words, standing: CardStanding) -> list[str]:
    """Number, chip, meter, issue and state of a card."""
    card = standing.card
    state = words.say(f"cards.standing_{standing.state}")
    return [card.number, card.serial, card.meter, str(card.issue), state]


def case_cells(words: Words, case: CardCase) -> list[str]:
    """Time, what happened, chip, meter and outcome of a case."""
    key = f"cards.kind_{case.kind}"
    kind = words.say(key) if words.knows(key) else case.kind
    outcome = words.say(f"cards.outcome_{case.outcome}") if case.outcome else ""
    return [words.time(case.opened_ms), kind, case.serial, case.meter or "-", outcome]


def stock_lines(words: Words, stock: list[CardStock]) -> list[str]:
    """Blank cards of every family."""
    rows = [
        words.say(
            "cards.stock_row", family=each.family, in_stock=each.in_stock, received=each.received,
            issued=each.issued, damaged=each.damaged, corrected=each.corrected,
        )
        for each in stock
    ]  # fmt: skip
    return rows or [words.say("cards.stock_none")]


def family_line(words: Words, shop: Workshop) -> str:
    """What a family can be asked for."""
    works = ", ".join(
        words.say(f"cards.work_{work}")
        for work in ("make", "reissue", "cancel", "repair", "tool", "reading")
        if work in shop.abilities
    )
    return words.say(
        "cards.family_row", family=shop.name, works=works, tools=", ".join(sorted(shop.tools))
    )
