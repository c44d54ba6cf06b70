"""Which functions of the till write facts: found in the source, through every call between them."""

from __future__ import annotations

import ast
from pathlib import Path

TILL = Path(__file__).parents[2] / "kiosk" / "till"

#: (module below kiosk.till, name of the function)
Name = tuple[str, str]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(TILL).with_suffix("").parts)


def _imported(tree: ast.Module) -> dict[str, Name]:
    """Names in a file -> what of the till they are; a module has an empty function name."""
    found: dict[str, Name] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("kiosk.till"):
            continue
        package = (node.module or "").removeprefix("kiosk.till").lstrip(".")
        for alias in node.names:
            inner = f"{package}.{alias.name}".lstrip(".")
            path = TILL / Path(*inner.split("."))
            is_module = path.with_suffix(".py").exists()
            name = (inner, "") if is_module else (package, alias.name)
            found[alias.asname or alias.name] = name
    return found


def _uses(function: ast.FunctionDef, module: str, imported: dict[str, Name]) -> set[Name]:
    """Every function of the till that `function` names: called, or handed on."""
    found: set[Name] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            found.add(imported.get(node.id, (module, node.id)))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            base = imported.get(node.value.id)
            if base is not None and not base[1]:
                found.add((base[0], node.attr))
    return found


def _appends(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "append"
        and isinstance(node.value, ast.Attribute) and node.value.attr == "journal"
        for node in ast.walk(function)
    )  # fmt: skip


def writing_verbs() -> set[Name]:
    """The public functions that take the desk first and write at least one fact."""
    functions: dict[Name, ast.FunctionDef] = {}
    uses: dict[Name, set[Name]] = {}
    for path in sorted(TILL.rglob("*.py")):
        tree, module = ast.parse(path.read_text()), _module(path)
        imported = _imported(tree)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                functions[module, node.name] = node
                uses[module, node.name] = _uses(node, module, imported)
    writing = {name for name, node in functions.items() if _appends(node)}
    while more := {name for name, used in uses.items() if used & writing} - writing:
        writing |= more
    return {name for name in writing if _is_verb(name, functions[name])}


def _is_verb(name: Name, node: ast.FunctionDef) -> bool:
    first = node.args.args[0].arg if node.args.args else ""
    return not name[1].startswith("_") and first == "desk"
