"""The tidy test reads the source: what a reviewer would say every time, a machine says once."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.marks import MARKS

ROOT = Path(__file__).parents[2]
ROOMS = ("kiosk", "drivers", "sync", "receipts")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LONGEST_FUNCTION = 70
LONGEST_FILE = 500


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_says_what_it_is_and_stays_readable(path: Path) -> None:
    assert ast.get_docstring(tree(path)), "a module docstring says what the file is for"
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    for function in functions(path):
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < LONGEST_FUNCTION, function.name


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"], ids=name)
def test_a_package_imports_nothing(path: Path) -> None:
    found = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert not found


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if name(p).startswith(("kiosk/domain", "kiosk/ledger", "sync/wire"))],
    ids=name,
)
def test_no_float_comes_near_money(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name):
            assert node.id != "float", node.lineno
        if isinstance(node, ast.BinOp):
            assert not isinstance(node.op, ast.Div) or _is_path(node), node.lineno
    if name(path).startswith("kiosk/domain"):
        for node in ast.walk(tree(path)):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))


def _is_path(node: ast.BinOp) -> bool:
    """A path divided by text, as pathlib does."""
    text = node.right
    return isinstance(text, ast.JoinedStr | ast.Name) or (
        isinstance(text, ast.Constant) and isinstance(text.value, str)
    )


def calls(function: str) -> dict[str, set[str]]:
    """First literal argument of every call of `function`, and the files that have it."""
    found: dict[str, set[str]] = {}
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if called == function and node.args:
                    for constant in ast.walk(node.args[0]):
                        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                            found.setdefault(constant.value, set()).add(name(path))
    return found


def test_every_mark_is_listed_and_passed_somewhere() -> None:
    passed = set(calls("mark"))
    assert passed == set(MARKS)


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    # Written apart, so that this file does not name what it forbids.
    hosts = [".".join(parts) for parts in (("pypi", "org"), ("registry", "npmjs"))]
    folders = ["/" + folder + "/" for folder in ("work", "root")]
    forbidden = re.compile("|".join(re.escape(text) for text in hosts + folders))
    own = Path(__file__).relative_to(ROOT)
    for file in listed:
        path = ROOT / file
        if file == str(own) or not path.is_file() or path.suffix in {".png", ".svg", ".raw"}:
            continue
        assert not forbidden.search(path.read_text(errors="replace")), file


def test_the_map_in_the_readme_is_the_house_on_the_disk() -> None:
    readme = (ROOT / "README.md").read_text()
    for room in (
        "kiosk/front", "kiosk/domain", "kiosk/ledger", "kiosk/till", "kiosk/screens",
        "kiosk/words", "drivers", "receipts", "sync", "tests", "benchmarks", "docs",
    ):  # fmt: skip
        assert (ROOT / room).is_dir(), room
        assert f"{room}/" in readme, f"{room}/ is missing in the map"
    for word in re.findall(
        r"`((?:kiosk|drivers|sync|receipts|tests|docs|benchmarks)/[\w./-]+)`", readme
    ):
        assert (ROOT / word).exists(), f"the README names {word}, which is not there"


def test_every_row_of_the_coverage_table_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "coverage.md").read_text()
    rows = re.findall(r"^\| ([FE]\d+) \|.*\| (`[^|]+`) \|$", text, flags=re.MULTILINE)
    assert rows
    for number, references in rows:
        for reference in re.findall(r"`([^`]+)`", references):
            file, _, test = reference.partition("::")
            path = ROOT / file
            assert path.is_file(), f"{number}: {file} is not there"
            if test:
                names = {function.name for function in functions(path)}
                assert test in names, f"{number}: {file} has no {test}"


def test_every_number_has_one_row_of_the_coverage_table_and_they_are_in_order() -> None:
    """Functions first, then error cases; a further test joins the row of its number."""
    text = (ROOT / "docs" / "coverage.md").read_text()
    numbers = re.findall(r"^\| *([FE]\d+) *\|", text, flags=re.MULTILINE)
    assert len(re.findall(r"^\|", text, flags=re.MULTILINE)) == len(numbers) + 2
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    assert not twice, f"join the rows of {', '.join(twice)}"
    assert numbers == sorted(numbers, key=lambda number: (number[0] != "F", int(number[1:])))
