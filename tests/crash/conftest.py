"""A home that was opened once; every walk starts from a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.walk import Registry, open_home


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Registry]:
    """A small home for one customer at a time."""
    template = tmp_path_factory.mktemp("crash") / "template"
    return template, open_home(template)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Registry]:
    """A home in which every customer of a walk, and of the neighbours, has a meter of his own."""
    template = tmp_path_factory.mktemp("crash-large") / "template"
    return template, open_home(template, customers=80)
