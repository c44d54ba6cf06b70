"""Killed over a token outside a sale, then started again: nothing lost, nothing made twice, and no
identifier given twice. `make proofs` walks every mark of every operation."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.crash import auditor
from tests.crash.evidence import Attempt, Evidence, Findings, World
from tests.crash.journal_reader import digits_in, facts_in, sales_in, tokens_in
from tests.crash.test_auditor import METER, committed, delivered, evidence
from tests.crash.token_cases import ALL, DEFAULT, OPERATIONS, TokenCase
from tests.crash.walk import Registry, kiosk, open_home, several
from tests.totals import Totals

_WALKERS = 2

Template = tuple[Path, Registry, str]


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A home whose first customer has bought a token, so that it can be replaced."""
    folder = tmp_path_factory.mktemp("tokens") / "template"
    registry = open_home(folder)
    meter = registry.keypads[0]
    done = kiosk(folder, "sell", "--meter", meter, "--amount", "30", "--json")
    assert done.returncode == 0, done.stderr
    return folder, registry, str(json.loads(done.stdout)["sale_id"])


def words_of(case: TokenCase, meter: str, sale: str) -> list[str]:
    put_in = {"METER": meter, "SALE": sale}
    return [
        *(put_in.get(word, word) for word in OPERATIONS[case.operation]),
        "--reason", "a walk over every mark",
    ]  # fmt: skip


def walk(case: TokenCase, template: Template, home: Path) -> tuple[int, Findings]:
    """Die as `case` says, start again, type everything twice, audit."""
    folder, registry, sale = template
    shutil.copytree(folder, home)
    meter = registry.keypads[0]
    before = auditor.see(home / "world", registry.chips)
    words = words_of(case, meter, sale)
    for mark, command in ((case.mark, words), *((mark, ["recover"]) for mark in case.again)):
        done = kiosk(home, *command, mark=mark)
        assert done.returncode == -signal.SIGKILL, (mark, done.stdout, done.stderr)
    killed = auditor.see(home / "world", registry.chips)
    return 1 + len(case.again), _aftermath(case, home, registry, before, killed)


def _aftermath(
    case: TokenCase, home: Path, registry: Registry, before: World, killed: World
) -> Findings:
    export = home.parent / f"{home.name}.bundle"
    export.unlink(missing_ok=True)
    answers = several(
        home, [["recover", "--json"], ["verify", "--json"], ["export", "--all", str(export)]]
    )
    assert [answer[0] for answer in answers] == [0, 0, 0], answers
    content = export.read_bytes()
    meter = registry.keypads[0]
    errands = [
        ["rehearse", "meter", "enter", *given, "--json"] for given in digits_in(content, meter)
    ]
    picture = home.parent / f"{home.name}.once"
    typed = several(home, [*errands, ["picture", str(picture)], *errands])
    findings = auditor.judge(
        Evidence(
            attempts=[Attempt(meter, 3000, True)] if case.operation != "set" else [],
            export=content,
            verify_exit=0,
            verify=json.loads(answers[1][1]),
            in_doubt=[sale["sale_id"] for sale in json.loads(answers[0][1])["in_doubt"]],
            before=before,
            killed=killed,
            once=auditor.see(picture, registry.chips),
            twice=auditor.see(home / "world", registry.chips),
        )
    )
    _typed_in(typed[: len(errands)], findings)
    count = _made(content)
    if count != int(case.wanted):
        findings.lost.append(f"{count} of {int(case.wanted)} were made")
    return findings


def _made(content: bytes) -> int:
    """Tokens outside sales, and sales after the first."""
    facts = facts_in(content, Findings())
    issued = [t for t in tokens_in(facts, Findings()).values() if t.state == "issued"]
    return len(issued) + len(sales_in(facts, Findings())) - 1


def _typed_in(typed: list[tuple[int, str, str]], findings: Findings) -> None:
    """The meter takes every token the first time it is typed."""
    for code, out, err in typed:
        result = json.loads(out).get("result") if out else err
        if result != "accepted":
            findings.lost.append(f"the meter says {result} ({code}) to a token made for it")


@pytest.fixture(scope="module")
def walked(
    request: pytest.FixtureRequest, bought: Template
) -> Iterator[dict[TokenCase, Future[tuple[int, Findings]]]]:
    asked = [
        item.callspec.params["case"]
        for item in request.session.items
        if item.parent is request.node
        and hasattr(item, "callspec")
        and "case" in item.callspec.params
    ]
    with ThreadPoolExecutor(_WALKERS) as walkers:
        yield {
            case: walkers.submit(walk, case, bought, bought[0].parent / f"case-{n}")
            for n, case in enumerate(asked)
        }


@pytest.mark.parametrize("case", DEFAULT, ids=str)
def test_a_token_is_made_once_when_the_program_was_killed_over_it(
    case: TokenCase, walked: dict[TokenCase, Future[tuple[int, Findings]]]
) -> None:
    _, findings = walked[case].result()
    assert findings.all() == []


@pytest.mark.proof
def test_nothing_is_lost_or_doubled_when_the_walk_over_tokens_was_long(
    bought: Template, totals: Totals
) -> None:
    with ThreadPoolExecutor(_WALKERS) as walkers:
        walks = [
            walkers.submit(walk, case, bought, bought[0].parent / f"long-{n}")
            for n, case in enumerate(ALL)
        ]
        done = [each.result() for each in walks]
    kills = sum(count for count, _ in done)
    wrong = [text for _, findings in done for text in findings.all()]
    with totals():
        print(f"\n{kills} kills over tokens, {len(wrong)} lost, doubled or unbalanced")
    assert wrong == []


# --- the auditor finds what it is there to find ---------------------------------------------------

REQUEST = {"what": "credit", "token": {
    "message_id": "t1", "meter": METER, "base_date": 2014, "key_revision": 1, "identifier": 7,
    "units": 50,
}}  # fmt: skip
WANTED = ("token_committed", {
    "issue_id": "t1", "meter": METER, "operation": "free_units", "energy_wh": 5_000,
    "request": REQUEST,
})  # fmt: skip
MADE = ("token_issued", {
    "issue_id": "t1", "meter": METER, "operation": "free_units", "energy_wh": 5_000,
    "tokens": ["1" * 20],
})  # fmt: skip


def other(fact: tuple[str, dict[str, Any]], **changes: Any) -> tuple[str, dict[str, Any]]:
    return fact[0], fact[1] | changes


def token_evidence(*facts: tuple[str, dict[str, Any]], gained_wh: int = 5_000) -> Evidence:
    return evidence(*facts, paid=None, gained_wh=gained_wh)


def test_nothing_is_found_when_a_token_was_made_once() -> None:
    assert auditor.judge(token_evidence(WANTED, MADE)).all() == []
    refused = ("token_refused", {"issue_id": "t1"})
    assert auditor.judge(token_evidence(WANTED, refused, gained_wh=0)).all() == []


KEY_CHANGE = {"what": "key_change", "tokens": 2}


@pytest.mark.parametrize(
    ("kind", "cooked"),
    [
        ("lost", token_evidence(WANTED, gained_wh=0)),
        ("lost", token_evidence(WANTED, MADE, gained_wh=0)),
        ("doubled", token_evidence(WANTED, MADE, MADE, gained_wh=10_000)),
        ("doubled", token_evidence(WANTED, WANTED, MADE)),
        ("doubled", token_evidence(WANTED, other(WANTED, issue_id="t2"), MADE,
                                   other(MADE, issue_id="t2"), gained_wh=10_000)),
        ("doubled", token_evidence(WANTED, MADE, gained_wh=5_100)),
        ("unbalanced", token_evidence(WANTED, other(MADE, energy_wh=5_100), gained_wh=5_100)),
        ("lost", token_evidence(other(WANTED, request=KEY_CHANGE), MADE)),
        ("lost", evidence(committed(free=[{"request": REQUEST["token"]}], token=REQUEST["token"]),
                          delivered(), gained_wh=17_700)),
    ],
)  # fmt: skip
def test_it_is_found_when_a_token_was_lost_or_made_twice(kind: str, cooked: Evidence) -> None:
    assert getattr(auditor.judge(cooked), kind) != []


def test_the_auditor_says_it_when_a_sale_and_another_token_share_an_identifier() -> None:
    request = REQUEST["token"]
    sale = committed(token=request)
    found = auditor.judge(token_evidence(sale, delivered(), WANTED, MADE, gained_wh=17_700))
    assert any("same identifier" in text for text in found.doubled)
