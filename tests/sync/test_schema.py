"""The scripts that make the tables say what the SQLModel classes say."""

from __future__ import annotations

from importlib import resources

import pytest

from sync.centre import tables


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_script_is_the_one_that_the_classes_give(database: str) -> None:
    path = resources.files("sync.centre") / "migrations" / f"{database}_0001.sql"
    assert path.read_text() == tables.script(database)
