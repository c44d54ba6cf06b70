"""kiosk tariff: check, show, preview and publish prices; and `kiosk quote --pack`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from kiosk.domain import money, tariff
from kiosk.domain.tariff_pack import TariffPack, Usage, pack_digest
from kiosk.errors import BadInput, Refusal
from kiosk.front.cli import Context
from kiosk.front.commands import say
from kiosk.front.commands.persons import energy_typed, second_of
from kiosk.front.operator import become
from kiosk.front.sentences import words_of
from kiosk.front.system import SystemClock
from kiosk.front.wiring import House, opened
from kiosk.screens import tariff_telling
from kiosk.till import tariffs
from kiosk.till.tariff_drafts import read_text
from kiosk.till.usage import local, wall_clock, zone_of
from kiosk.words.book import Words

_LARGEST_FILE_BYTES = 4 * 1024 * 1024


class _Fault(msgspec.Struct, frozen=True):
    """A fault of a file as `kiosk tariff check --json` tells it."""

    line: int
    code: str
    sentence: str


class _Checked(msgspec.Struct, frozen=True):
    """One file of `kiosk tariff check`; the figures are those of a good one."""

    file: str
    faults: list[_Fault]
    digest: str | None = None
    number: int = 0
    power_types: int = 0
    #: What may be right and is more often a slip.
    remarks: list[str] = []


def arguments(_verb: str, parser: argparse.ArgumentParser) -> None:
    """What `kiosk tariff` takes."""
    words = parser.add_subparsers(dest="word", required=True)
    check = words.add_parser("check", help="say everything that is wrong with a tariff file")
    check.add_argument("files", type=Path, nargs="+")
    check.add_argument("--json", action="store_true")
    show = words.add_parser("show", help="the prices that are known here, or those of a file")
    show.add_argument("file", type=Path, nargs="?")
    show.add_argument("--number", type=int, default=0, help="the pack with this number")
    show.add_argument("--list", action="store_true", help="all packs, one a line")
    look = words.add_parser("preview", help="what a file would change for whom")
    look.add_argument("file", type=Path)
    publish = words.add_parser("publish", help="put a file into force from its own date")
    publish.add_argument("file", type=Path)
    publish.add_argument("--jump", action="store_true", help="prices may change threefold")
    publish.add_argument(
        "--backdate", action="store_true", help="they count from a date since which was sold"
    )
    say.second(publish)
    for word in (show, look, publish):
        say.who(word)


def price_arguments(parser: argparse.ArgumentParser) -> None:
    """What `kiosk quote --pack` takes beside the file."""
    parser.add_argument("--power-type", default="", help="with --pack: whose prices")
    parser.add_argument("--used-kwh", default="0", help="with --pack: bought so far")
    parser.add_argument("--at", default="", help="with --pack: 2026-07-01T08:30, default now")
    parser.add_argument("--class", dest="customer_class", default="", help="with --pack")
    parser.add_argument("--charged-to", default="", help="with --pack: dated charges are paid to")
    parser.add_argument("--debt", default="", help="with --pack: old debt, in major units")
    parser.add_argument("--carrier", choices=("token", "card"), default="token")


def run(_verb: str, options: argparse.Namespace, context: Context) -> int:
    """One word of `kiosk tariff`."""
    if options.word == "check":
        return _check(options, words_of(context.settings))
    act: Callable[[House, argparse.Namespace], int | Refusal] = {
        "show": _show, "preview": _preview, "publish": _publish,
    }[options.word]  # fmt: skip
    if options.word == "show" and options.file is not None:
        return _show_pack(_pack_in(options.file, words_of(context.settings)), options, context)
    with opened(context.home, context.settings) as house:
        outcome = become(house.desk, options.operator) or act(house, options)
    return say.refused(outcome, context.settings) if isinstance(outcome, Refusal) else outcome


def _check(options: argparse.Namespace, words: Words) -> int:
    rows = [_checked(file, words) for file in options.files]
    if options.json:
        say.json(rows)
    for row in rows if not options.json else []:
        for fault in row.faults:
            say.trouble(_where(row.file, fault.line, fault.sentence, words))
        if not row.faults:
            good = words.say("prices.check_good", count=row.power_types, number=row.number)
            say.out(f"{row.file}: {good}")
        for remark in row.remarks:
            say.out(f"{row.file}: {remark}")
    return 1 if any(row.faults for row in rows) else 0


def _checked(file: Path, words: Words) -> _Checked:
    found = read_text(_text_of(file))
    if not isinstance(found, list):
        return _Checked(
            str(file), [], pack_digest(found), found.number, len(found.power_types),
            tariff_telling.remark_lines(words, found),
        )  # fmt: skip
    faults = [_Fault(f.line, f.code, tariff_telling.fault_sentence(words, f)) for f in found]
    return _Checked(str(file), faults)


def _where(file: object, line: int, sentence: str, words: Words) -> str:
    return f"{file}, {words.say('prices.file_fault', line=line, sentence=sentence)}"


def _show(house: House, options: argparse.Namespace) -> int | Refusal:
    refused = house.desk.gate("search")
    if refused is not None:
        return refused
    records, now_ms = house.desk.records, house.desk.clock.now().time_ms
    found = records.tariff_at(now_ms)
    packs = [pack for _, pack in records.tariffs()]
    if options.list:
        in_force = found[0] if found is not None else ""
        rows = [tariff_telling.pack_row(house.words, pack, in_force) for pack in packs]
        return _out(rows, options)
    if options.number:
        packs = [pack for pack in packs if pack.number == options.number]
        if not packs:
            raise BadInput(f"No prices with number {options.number} are known here.")
        return _show_words(packs[-1], options, house)
    if found is None:
        return Refusal("no_prices_yet")
    return _show_words(found[1], options, house)


def _show_words(pack: TariffPack, options: argparse.Namespace, house: House) -> int:
    return _out(pack if options.json else tariff_telling.pack_lines(house.words, pack), options)


def _show_pack(pack: TariffPack, options: argparse.Namespace, context: Context) -> int:
    words = words_of(context.settings)
    return _out(pack if options.json else tariff_telling.pack_lines(words, pack), options)


def _out(answer: object, options: argparse.Namespace) -> int:
    if options.json:
        say.json(answer)
    else:
        assert isinstance(answer, list)
        for line in answer:
            say.out(line if isinstance(line, str) else line.text)
    return 0


def _preview(house: House, options: argparse.Namespace) -> int | Refusal:
    pack = _pack_in(options.file, house.words)
    changes = tariffs.preview(house.desk, pack)
    if isinstance(changes, Refusal):
        return changes
    if options.json:
        say.json(changes)
        return 0
    for line in tariff_telling.change_lines(house.words, pack.currency, changes):
        say.out(line)
    return 0


def _publish(house: House, options: argparse.Namespace) -> int | Refusal:
    pack = _pack_in(options.file, house.words)
    second = second_of(house, options)
    digest = tariffs.publish(house.desk, pack, second, jump=options.jump, backdate=options.backdate)
    if isinstance(digest, Refusal):
        return digest
    if options.json:
        say.json({"number": pack.number, "digest": digest, "valid_from_ms": pack.valid_from_ms})
    else:
        said = house.words.say(
            "tariff.published", number=pack.number, label=pack.label,
            valid_from_ms=pack.valid_from_ms,
        )  # fmt: skip
        say.out(said)
    return 0


# --- files ------------------------------------------------------------------------------------


def _text_of(file: Path) -> str:
    try:
        if file.is_file() and file.stat().st_size > _LARGEST_FILE_BYTES:
            raise BadInput(f"{file}: is larger than 4 MiB; that is no tariff file.")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: is not UTF-8 text (byte {error.start}).") from error


def _pack_in(file: Path, words: Words) -> TariffPack:
    """The pack in a file; BadInput with its first fault, and how many more there are."""
    found = read_text(_text_of(file))
    if not isinstance(found, list):
        return found
    sentence = tariff_telling.fault_sentence(words, found[0])
    if len(found) > 1:
        sentence = words.say("prices.more_faults", sentence=sentence, count=len(found) - 1)
    raise BadInput(_where(file, found[0].line, sentence, words))


# --- kiosk quote --pack -----------------------------------------------------------------------


def price(options: argparse.Namespace, context: Context) -> int:
    """What an amount buys, or energy costs, at the prices of a file: no home and no meter."""
    words = words_of(context.settings)
    pack = _pack_in(options.pack, words)
    code = options.power_type or pack.power_types[0].code
    if not pack.has(code):
        known = ", ".join(prices.code for prices in pack.power_types)
        raise BadInput(f"--power-type {code!r} is not in {options.pack}; it has {known}.")
    debt = money.parse_amount(options.debt, pack.currency) if options.debt else 0
    quoted: tariff.Quote | Refusal
    if isinstance(debt, Refusal):
        return say.refused(debt, context.settings)
    usage = _usage(pack, code, options, context)
    if options.energy_kwh is not None:
        energy_wh = energy_typed(options.energy_kwh, "--energy-kwh")
        quoted = (
            Refusal("energy_missing")
            if not energy_wh
            else tariff.quote_energy(
                pack,
                code,
                energy_wh,
                account="",
                debt_minor=debt,
                carrier=options.carrier,
                usage=usage,
            )
        )
    else:
        amount = money.parse_amount(options.amount, pack.currency)
        quoted = amount if isinstance(amount, Refusal) else tariff.quote(
            pack, code, amount, account="", debt_minor=debt, carrier=options.carrier, usage=usage
        )  # fmt: skip
    if isinstance(quoted, Refusal):
        return say.refused(quoted, context.settings)
    outside = _outside(pack, usage.at, context)
    if outside is not None and not options.json:
        say.trouble(words.refusal(outside))
    lines = say.lines_json(quoted.lines, words, quoted.currency)
    if options.json:
        say.json(
            {
                "amount_minor": quoted.amount_minor, "currency": quoted.currency,
                "energy_wh": quoted.energy_wh, "power_type": code, "lines": lines,
                "not_sold": outside.code if outside is not None else "",
            }
        )  # fmt: skip
    else:
        say.priced_lines(lines, quoted.amount_minor, quoted.energy_wh, quoted.currency)
    return 0


def _usage(pack: TariffPack, code: str, options: argparse.Namespace, context: Context) -> Usage:
    used_wh = energy_typed(options.used_kwh, "--used-kwh")
    at = _wall_clock(pack, options.at, context)
    charged = {}
    if options.charged_to:
        paid_to = _moment(options.charged_to, "--charged-to").date().isoformat()
        charged = {
            charge.code: paid_to if charge.per == "day" else paid_to[:7]
            for charge in pack.power_type(code).charges
            if charge.per != "purchase"
        }
    return Usage(at, used_wh, used_wh, options.customer_class, charged)


def _outside(pack: TariffPack, at: str, context: Context) -> Refusal | None:
    """Why nothing would be sold at these prices at that time; said beside the figures."""
    zone = zone_of(pack, context.settings.site.timezone)
    moment = datetime.fromisoformat(at).replace(tzinfo=zone)
    minute_ms = int(moment.timestamp()) * 1000
    if minute_ms + 59_999 < pack.valid_from_ms:
        return Refusal("prices_not_yet", {"valid_from_ms": pack.valid_from_ms})
    grace_ms = context.settings.limits.price_grace_days * 24 * 60 * 60 * 1000
    if pack.use_by_ms and minute_ms > pack.use_by_ms + grace_ms:
        return Refusal("prices_too_old", {"use_by_ms": pack.use_by_ms})
    return None


def _wall_clock(pack: TariffPack, text: str, context: Context) -> str:
    zone = zone_of(pack, context.settings.site.timezone)
    if not text:
        return wall_clock(local(SystemClock().now().time_ms, zone))
    moment = _moment(text, "--at")
    return wall_clock(moment.astimezone(zone) if moment.tzinfo is not None else moment)


def _moment(text: str, option: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{option} {text[:40]!r} is no time; write 2026-07-01 or 2026-07-01T08:30."
        ) from None
