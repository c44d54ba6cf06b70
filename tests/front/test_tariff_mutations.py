"""A thousand slips of the pen in good tariff files: said with file and line, or they do no harm.

`kiosk tariff check` never shows a traceback; what it calls good can be sold at.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

from kiosk.domain import tariff
from kiosk.domain.tariff import Quote
from kiosk.domain.tariff_pack import TariffPack, Usage
from kiosk.errors import Refusal
from kiosk.till.tariff_drafts import read_text
from tests.domain.test_tariff_file import WHOLE
from tests.front.conftest import Kiosk

DOCS = Path(__file__).parents[2] / "docs"
GOOD = [WHOLE, *(file.read_text() for file in sorted((DOCS / "tariffs").glob("*.toml")))]
COUNT, BATCH = 1_000, 50

VALUES = [
    "", "0", "-1", "1", "1.5", "0.000001", "1e400", "-1e400", "1e-400", "nan", "inf", "true",
    "9" * 5_000, "99999999999999999999", "0x10", "1_0", "007", '""', '" "', '"x"', '"a"b"', '"\\q"',
    '"энергия"', '"\u2028"', "[]", "[1]", '["x"]', "[[1]]", "[true]", "[1.5, -2]", "{}",
    "{ a = 1 }", "{ energy = -1 }", "9999-12-31", "0001-01-01", "1969-12-31", "2026-02-30",
    "2026-07-01T08:30:00+25:00", "2026-07-01T08:30:00Z", "08:30:00", '"../../etc/passwd"',
    '"+24:00"', '"00-00"', '"25:00-26:00"', '["mon-mon"]', '["24:00-00:00"]', '"\\u0000"', "'x",
    '"""', "[" * 2_000,
]  # fmt: skip

Slip = Callable[[random.Random, list[str]], None]


def _value(hand: random.Random, lines: list[str]) -> None:
    fields = [place for place, line in enumerate(lines) if "=" in line]
    place = hand.choice(fields)
    lines[place] = f"{lines[place].split('=')[0]}= {hand.choice(VALUES)}"


def _swap(hand: random.Random, lines: list[str]) -> None:
    a, b = hand.randrange(len(lines)), hand.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


def _twice(hand: random.Random, lines: list[str]) -> None:
    lines.insert(hand.randrange(len(lines)), hand.choice(lines))


def _gone(hand: random.Random, lines: list[str]) -> None:
    del lines[hand.randrange(len(lines))]


def _letter(hand: random.Random, lines: list[str]) -> None:
    place = hand.choice([place for place, line in enumerate(lines) if line])
    at, line = hand.randrange(len(lines[place])), lines[place]
    sign = hand.choice(["", *'"[]{}=.,#-9xé\t\x00\x0b', "\u2028", "\r"])
    lines[place] = line[:at] + sign + line[at + 1 :]


def _block(hand: random.Random, lines: list[str]) -> None:
    headers = [place for place, line in enumerate(lines) if line.startswith("[")]
    lines[hand.choice(headers)] = hand.choice(
        ["[power_type]", "[[price]]", "[[power_type.price.rate.rate]]", "[a.b.c]", "[]", "[[x]"]
    )


def _cut(hand: random.Random, lines: list[str]) -> None:
    del lines[hand.randrange(len(lines)) :]


SLIPS: list[Slip] = [_value, _value, _value, _swap, _twice, _gone, _letter, _letter, _block, _cut]


def spoiled(hand: random.Random) -> str:
    lines = hand.choice(GOOD).splitlines()
    for _ in range(hand.choice([1, 1, 2, 5])):
        hand.choice(SLIPS)(hand, lines)
        lines = lines or [""]
        if not any("=" in line for line in lines) or not any(li.startswith("[") for li in lines):
            break
    return "\n".join(lines) + "\n"


def can_be_sold_at(pack: TariffPack) -> None:
    for prices in pack.power_types:
        for amount in (prices.minimum_minor, prices.maximum_minor, 12_345):
            usage = Usage("2027-02-28T23:59", 60_000, 60_000, "indigent")
            found = tariff.quote(
                pack, prices.code, amount, account="1", carrier="card", usage=usage
            )
            assert isinstance(found, Quote | Refusal)


def test_a_thousand_slips_are_said_with_file_and_line_or_do_no_harm(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)  # it stands in every file name
    hand, bad = random.Random(seed), 0
    for batch in range(COUNT // BATCH):
        files = {str(tmp_path / f"{seed}-{batch}-{n}.toml"): spoiled(hand) for n in range(BATCH)}
        for file, text in files.items():
            Path(file).write_text(text, encoding="utf-8", newline="")
        done = kiosk("tariff", "check", *files)
        good = {line.partition(": good; ")[0] for line in done.out.splitlines()}
        said: dict[str, list[int]] = {}
        for line in done.err.splitlines():
            found = re.fullmatch(r"kiosk: (.+\.toml), line (\d+): (.+[.?])", line)
            assert found is not None, line
            said.setdefault(found[1], []).append(int(found[2]))
        assert good | set(said) == set(files) and not good & set(said)
        assert done.exit == (1 if said else 0)
        for file, numbers in said.items():
            count = Path(file).read_text().count("\n") + 1
            assert all(1 <= number <= count for number in numbers), file
        for file in good:
            pack = read_text(Path(file).read_text())
            assert isinstance(pack, TariffPack)
            can_be_sold_at(pack)
        bad += len(said)
    assert bad > COUNT // 2, "most slips are faults"
