"""kiosk meters: install, amend, read, replace and cancel meters."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from kiosk.domain.account_facts import TREATMENTS
from kiosk.domain.credit_registers import ELECTRICITY, REGISTERS
from kiosk.domain.record import TokenRecord
from kiosk.domain.registry import Meter
from kiosk.errors import BadInput, Refusal
from kiosk.front.commands import say
from kiosk.front.commands.persons import energy_typed, second_of
from kiosk.front.wiring import House
from kiosk.screens import registry_telling, token_telling
from kiosk.till import amend, history, registration, registry_file, replace
from kiosk.till.credit_left import Final
from kiosk.till.new_meter import NewMeter
from receipts.registry import next_steps

Act = Callable[[House, argparse.Namespace], int | Refusal]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `kiosk meters` takes."""
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("show", help="the record of a meter").add_argument("meter")
    install = words.add_parser("install", help="install a meter for a customer")
    install.add_argument("account")
    _new_meter(install)
    for name, help_text in _AMENDMENTS.items():
        command = words.add_parser(name, help=help_text)
        command.add_argument("meter")
        if name not in {"block", "unblock"}:
            command.add_argument("value")
        if name == "power-type":
            command.add_argument("--from", dest="from_day", default="", help="YYYY-MM-DD, UTC")
        command.add_argument("--reason", required=True, help="why; it is kept")
    read = words.add_parser("read", help="write a reading down")
    read.add_argument("meter")
    read.add_argument("--reading", required=True, help="the register of all energy, in kWh")
    read.add_argument("--remaining", default="", help="credit left, in kWh")
    read.add_argument("--source", default="hand", choices=amend.SOURCES)
    _retiring(words.add_parser("replace", help="put another meter in place of one"), new=True)
    _retiring(words.add_parser("cancel", help="take a meter out for good"), new=False)
    words.add_parser("finish", help="the token of a replacement").add_argument("replacement")
    words.add_parser("transfers", help="replacements whose balance has not arrived")
    for word in words.choices.values():
        say.who(word)


_AMENDMENTS = {
    "power-type": "sell at another power type, now or from a day on",
    "capacity": "another capacity, in W",
    "shares": "share the energy: home:70,shop:30, or none",
    "block": "sell nothing to a meter",
    "unblock": "sell to a meter again",
}


def _new_meter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--meter", required=True, help="number of the new meter")
    parser.add_argument("--kind", default="keypad", choices=("keypad", "card"))
    parser.add_argument("--power-type", required=True)
    parser.add_argument("--phases", type=int, default=1, choices=(1, 3))
    parser.add_argument("--capacity", type=int, default=0, help="in W")
    parser.add_argument("--supply-group", default="")
    parser.add_argument("--key-revision", type=int, default=0, help="of its key; 0: the newest")
    parser.add_argument(
        "--base-date", type=int, default=0, help="of its key, such as 1993; 0: the newest"
    )
    parser.add_argument("--tariff-index", type=int, default=1)
    parser.add_argument("--card", default="", help="number printed on the card")
    parser.add_argument("--card-serial", default="", help="serial of its chip; else the reader")
    parser.add_argument("--place", default="")
    parser.add_argument("--date", default="", help="YYYY-MM-DD")
    parser.add_argument("--new-reading", default="0", help="what its register shows, in kWh")
    parser.add_argument("--seals", default="", help="parted by spaces")
    parser.add_argument("--shares", default="", help="home:70,shop:30")
    parser.add_argument("--register", default=ELECTRICITY, choices=list(REGISTERS))


def _retiring(parser: argparse.ArgumentParser, *, new: bool) -> None:
    parser.add_argument("old", help="number of the meter that is taken out")
    parser.add_argument("--source", default="display", choices=("card", "display", "technician"))
    parser.add_argument("--reading", default="0", help="its register at the end, in kWh")
    parser.add_argument("--remaining", default="0", help="credit left in it, in kWh")
    parser.add_argument("--reason", required=True, help="why; it is printed and kept")
    say.second(parser)
    if new:
        _new_meter(parser)
        return
    parser.add_argument(
        "--left", choices=TREATMENTS, default="", help="what becomes of the credit left in it"
    )


def act_of(options: argparse.Namespace) -> Act:
    """What the word of a command line does."""
    if options.word in _AMENDMENTS:
        return _amend
    acts: dict[str, Act] = {
        "show": _show, "install": _install, "read": _read, "replace": _replace, "cancel": _cancel,
        "finish": _finish, "transfers": _transfers,
    }  # fmt: skip
    return acts[options.word]


def _say_meter(meter: Meter, options: argparse.Namespace) -> int:
    if options.json:
        say.json(meter)
    else:
        shown = [meter.number, meter.account, meter.kind, meter.power_type, history.state_of(meter)]
        say.out("  ".join(shown + [meter.register] * (meter.register != ELECTRICITY)))
    return 0


def _show(house: House, options: argparse.Namespace) -> int | Refusal:
    meter = house.desk.gate("search") or amend.meter_known(house.desk, options.meter)
    return meter if isinstance(meter, Refusal) else _say_meter(meter, options)


def _install(house: House, options: argparse.Namespace) -> int | Refusal:
    made = registration.add_meter(house.desk, options.account, _typed(options))
    if isinstance(made, Refusal):
        return made
    assert made.meter is not None
    return _say_meter(made.meter, options)


def _typed(options: argparse.Namespace) -> NewMeter:
    return NewMeter(
        options.meter, options.kind, options.power_type, options.phases, options.capacity,
        options.supply_group, options.tariff_index, options.card, options.card_serial,
        options.place, options.date, energy_typed(options.new_reading, "--new-reading"),
        options.seals.split(), _shares(options.shares), options.register, options.key_revision,
        options.base_date,
    )  # fmt: skip


def _shares(text: str) -> list[tuple[str, int]]:
    shares = registry_file.shares_typed("" if text == "none" else text)
    if isinstance(shares, Refusal):
        raise BadInput(f"{text[:40]!r}: write shares such as home:70,shop:30.")
    return shares


def _amend(house: House, options: argparse.Namespace) -> int | Refusal:
    desk, number, reason = house.desk, options.meter, options.reason
    meter: Meter | Refusal
    if options.word == "power-type":
        from_ms = _day_ms(options.from_day)
        meter = amend.change_power_type(desk, number, options.value, reason, from_ms)
    elif options.word == "capacity":
        if not (options.value.isascii() and options.value.isdecimal() and len(options.value) < 12):
            raise BadInput(f"{options.value[:40]!r}: write the capacity in W.")
        meter = amend.change_capacity(desk, number, int(options.value), reason)
    elif options.word == "shares":
        meter = amend.set_shares(desk, number, _shares(options.value), reason)
    else:
        act = amend.block if options.word == "block" else amend.unblock
        meter = act(desk, number, reason)
    return meter if isinstance(meter, Refusal) else _say_meter(meter, options)


def _day_ms(text: str) -> int:
    """Midnight UTC of a day; 0 for none."""
    if not text:
        return 0
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(f"{text[:40]!r}: write the day as YYYY-MM-DD.") from None
    return int(day.timestamp()) * 1000


def _read(house: House, options: argparse.Namespace) -> int | Refusal:
    remaining = energy_typed(options.remaining, "--remaining") if options.remaining else None
    reading = amend.read_meter(
        house.desk,
        options.meter,
        energy_typed(options.reading, "--reading"),
        remaining,
        options.source,
    )
    if isinstance(reading, Refusal):
        return reading
    if options.json:
        say.json(reading)
    else:
        say.out(f"{reading.meter}  {house.words.energy(reading.reading_wh)}  {reading.source}")
    return 0


def _final(options: argparse.Namespace) -> Final:
    reading, remaining = (
        energy_typed(options.reading, "--reading"),
        energy_typed(options.remaining, "--remaining"),
    )
    return Final(options.source, reading, remaining, getattr(options, "left", ""))


def _replace(house: House, options: argparse.Namespace) -> int | Refusal:
    second = None if options.source == "card" and not options.second else second_of(house, options)
    done = replace.replace_meter(
        house.desk, options.old, _typed(options), _final(options), options.reason, second
    )
    if isinstance(done, Refusal):
        return done
    if options.json:
        say.json({
            **msgspec.structs.asdict(done.replacement),
            "tokens": done.token.tokens if done.token else [],
            "token_state": done.token.state if done.token else "",
        })  # fmt: skip
        return 0
    say.out(f"{done.replacement.meter} -> {done.replacement.new_meter}")
    for line in next_steps(house.words, done.slip):
        say.out(line)
    return _say_token(house, done.token)


def _say_token(house: House, token: TokenRecord | None) -> int:
    for line in token_telling.record_lines(house.words, token) if token is not None else []:
        say.out(line)
    return 0


def _cancel(house: House, options: argparse.Namespace) -> int | Refusal:
    done = replace.cancel_meter(
        house.desk, options.old, _final(options), options.reason, second_of(house, options)
    )
    if isinstance(done, Refusal):
        return done
    meter = house.desk.records.meter(registration.bare(options.old))
    assert meter is not None
    for key, value in [] if options.json else done.rows:
        if key.endswith(("_wh", "_minor")):
            shown = registry_telling.cell(house.words, key, value)
            say.out(f"{house.words.say(f'registry.{key}')}: {shown}")
    return _say_meter(meter, options)


def _finish(house: House, options: argparse.Namespace) -> int | Refusal:
    refused = house.desk.gate("registry")
    token = refused or replace.finish_transfer(house.desk, options.replacement)
    if isinstance(token, Refusal):
        return token
    if options.json:
        say.json({"state": token.state, "tokens": token.tokens})
        return 0
    return _say_token(house, token)


def _transfers(house: House, options: argparse.Namespace) -> int | Refusal:
    found = replace.open_transfers(house.desk)
    if isinstance(found, Refusal):
        return found
    if options.json:
        say.json(found)
        return 0
    for one in found:
        energy = house.words.energy(one.moved_wh)
        say.out(f"{one.replacement_id}  {one.meter} -> {one.new_meter}  {energy}")
    return 0
