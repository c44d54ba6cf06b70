"""How tokens, keys and the clinic's advice read in words; for screens, plain lines and commands."""

from __future__ import annotations

from kiosk.domain import special_tokens
from kiosk.domain.credit_registers import amount_text, register_of
from kiosk.domain.energy import STS_STEP_WH
from kiosk.domain.record import GivenToken, TokenRecord
from kiosk.domain.registry import Meter
from kiosk.domain.special_tokens import ALL_REGISTERS, Verified, credit_given
from kiosk.domain.token import grouped
from kiosk.domain.vending_keys import VendorKey
from kiosk.errors import Refusal
from kiosk.ports import LoadedFile
from kiosk.screens.telling import reason_told
from kiosk.till.clinic import Diagnosis
from kiosk.till.keys import OldKey
from kiosk.till.token_book import Checked
from kiosk.words.book import Words

_ELECTRICITY = 0


def state_word(words: Words, state: str) -> str:
    """The state of a token or of a sale."""
    key = f"tokens.state_{state}"
    return words.say(key if words.knows(key) else f"state.{state}")


def token_cells(words: Words, given: GivenToken) -> list[str]:
    """Time, kind, meter, state and the first token of a row."""
    more = f" (+{len(given.tokens) - 1})" if len(given.tokens) > 1 else ""
    shown = grouped(given.tokens[0]) + more if given.tokens else ""
    return [
        words.time(given.time_ms), words.say(f"tokens.operation_{given.operation}"), given.meter,
        state_word(words, given.state), shown,
    ]  # fmt: skip


def record_lines(words: Words, record: TokenRecord) -> list[str]:
    """A token outside a sale: what it is for, how it stands, its digits numbered."""
    committed = record.committed
    head = [words.say(f"tokens.operation_{committed.operation}"), committed.meter]
    lines = [
        " ".join(part for part in head if part),
        f"{words.say('tokens.issue')} {committed.issue_id}, {state_word(words, record.state)}",
        f"{words.say('slip.why')}: {committed.reason}",
    ]
    register, units = credit_given(committed.request)
    if units:
        lines.append(credit_line(words, register, units))
    if committed.first_sale:
        lines.append(words.say("tokens.replaced", sale=committed.first_sale))
    if committed.meter_result:
        said = words.say(f"clinic.result.{committed.meter_result}")
        lines.append(words.say("tokens.meter_said", result=said))
    if record.state == "refused":
        lines += [words.say("tokens.was_refused"), *reason_told(words, record.reason)]
    if record.state == "committed":
        lines.append(words.say("tokens.is_open"))
    return [*lines, *token_lines(words, record.tokens)]


def credit_line(words: Words, register: str, units: int) -> str:
    """What a credit gives to a register that is not electricity."""
    amount = words.figure(amount_text(register, units, words.formats.currency))
    return words.say("tokens.credit", amount=amount, register=words.say(f"registers.{register}"))


def token_lines(words: Words, tokens: list[str]) -> list[str]:
    """One token in groups of four; several numbered, and that all of them are to be typed."""
    if len(tokens) <= 1:
        return [grouped(token) for token in tokens]
    count = len(tokens)
    rows = [
        words.say("tokens.row_of", number=number, count=count, token=grouped(token))
        for number, token in enumerate(tokens, 1)
    ]
    return [*rows, words.say("tokens.type_all", count=count)]


def checked_lines(words: Words, checked: Checked) -> list[str]:
    """What a token says to a meter, and whether it is known here."""
    found = checked.verified
    lines = [words.refusal(found)] if isinstance(found, Refusal) else _verified(words, checked)
    given = checked.given
    if given is not None:
        operation = words.say(f"tokens.operation_{given.operation}")
        lines.append(
            words.say(
                "tokens.known_here",
                operation=operation, issue=given.issue_id, time_ms=given.time_ms,
                meter=given.meter or "-",
            )
        )  # fmt: skip
    elif not isinstance(found, Refusal):
        lines.append(words.say("tokens.not_known_here"))
    return lines


def _verified(words: Words, checked: Checked) -> list[str]:
    found = checked.verified
    assert isinstance(found, Verified)
    if found.kind == "meter_test" and found.value is not None:
        return [_test_line(words, found, found.value)]
    kind = f"tokens.kind_{found.kind}"
    what = words.say(kind if words.knows(kind) else f"tokens.operation_{found.kind}")
    lines = [
        words.say(
            "tokens.verifies",
            meter=checked.meter, what=what, token_class=found.token_class, subclass=found.subclass,
        )
    ]  # fmt: skip
    if found.identifier is not None:
        lines.append(words.say("tokens.verified_identifier", identifier=found.identifier))
    if found.kind == "credit" and found.subclass == _ELECTRICITY and found.units is not None:
        lines.append(words.say("tokens.verified_units", energy_wh=found.units * STS_STEP_WH))
    elif found.units is not None:
        lines.append(credit_line(words, register_of(found.subclass), found.units))
    if found.value is not None:
        lines.append(words.say("tokens.verified_value", value=found.value))
    return lines


def _test_line(words: Words, found: Verified, control: int) -> str:
    """A class 1 token is for no single meter: what any meter does with it."""
    name = special_tokens.test_named(control, found.subclass)
    test = words.say(f"tokens.test_{name}") if name else f"{control:x}"
    return words.say("tokens.verifies_test", subclass=found.subclass, test=test)


def key_line(words: Words, key: VendorKey) -> str:
    """A vending key with its check value and its times; never the key."""
    parts = [
        words.say(
            "tokens.key_row",
            supply_group=key.supply_group, key_revision=key.key_revision, key_type=key.key_type,
            base_date=key.base_date, algorithm=key.algorithm, check_value=key.check_value,
            key_expiry=key.key_expiry,
        )
    ]  # fmt: skip
    if key.active_from_ms:
        parts.append(words.say("tokens.key_from", from_ms=key.active_from_ms))
    if key.active_until_ms is not None:
        parts.append(words.say("tokens.key_until", until_ms=key.active_until_ms))
    if key.left_units is not None:
        left_wh = key.left_units * STS_STEP_WH
        parts.append(words.say("tokens.key_left", left_wh=left_wh))
    return ", ".join(parts)


def file_lines(words: Words, file: LoadedFile) -> list[str]:
    """What is in a key file."""
    head = words.say(
        "tokens.keys_in_file", digest=file.digest[:12], module=file.module, count=len(file.keys)
    )
    return [head, *(key_line(words, key) for key in file.keys)]


def confirmed_line(words: Words, meter: Meter) -> str:
    """Under which key a meter is now."""
    return words.say(
        "tokens.key_confirmed",
        meter=meter.number, supply_group=meter.supply_group, key_revision=meter.key_revision,
        base_date=meter.base_date,
    )  # fmt: skip


def old_key_lines(words: Words, old: list[OldKey], supply_group: str) -> list[str]:
    """The meters of a supply group that are due for a key change."""
    if not old:
        return [words.say("tokens.old_none", supply_group=supply_group)]
    lines = []
    for row in old:
        line = words.say(
            "tokens.old_row",
            meter=row.meter.number, key_revision=row.meter.key_revision,
            base_date=row.meter.base_date, new_revision=row.new.key_revision,
            new_base=row.new.base_date,
        )  # fmt: skip
        waiting = words.say("tokens.old_waiting", issue=row.issue_id) if row.issue_id else ""
        lines.append(f"{line} {waiting}".rstrip())
    return lines


def diagnosis_lines(words: Words, found: Diagnosis) -> list[str]:
    """The next step first, then what it rests on."""
    other = found.given.meter if found.given is not None else ""
    changed = found.step == "key_differs" and found.issue_id
    step = "key_changed" if changed else found.step
    lines = [words.say(f"clinic.step_{step}", other=other, issue=found.issue_id, sale=found.sale)]
    if found.issue_id and found.step == "type_again":
        lines.append(words.say("clinic.type_change_again", issue=found.issue_id))
    if found.sale:
        lines.append(words.say("clinic.found_sale", sale=found.sale))
    if found.may_replace:
        may = "clinic.both_work" if found.first_works else "clinic.may_replace"
        lines.append(words.say(may, sale=found.sale))
    return lines


def energy_wh_typed(text: str) -> int:
    """Kilowatt-hours with up to three decimals, in watt-hours; 0, which nobody gives, otherwise."""
    whole, _, fraction = text.replace(",", ".").partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdecimal()) or len(fraction) > 3 or len(digits) > 12:
        return 0
    return int(whole or "0") * 1000 + int(fraction.ljust(3, "0"))


def value_typed(operation: str, text: str) -> int | Refusal:
    """The value of a management token as typed; "all" is every register of clear_credit, and only
    clear_tamper has none. A limit of nothing is said as 0, never by an empty field."""
    wanted = text.strip().casefold()
    if not wanted and operation != "clear_tamper":
        return Refusal("token_value_missing", {"operation": operation[:40]})
    if wanted == "all" and operation == "clear_credit":
        return ALL_REGISTERS
    whole = wanted.isascii() and wanted.isdecimal() and len(wanted) < 10
    return int(wanted or "0") if whole or not wanted else -1
