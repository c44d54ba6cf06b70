"""Figures that a long suite has to tell: shown below the results, whichever process found them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

#: What is printed inside `with totals():` is told at the end of the run.
Totals = Callable[[], AbstractContextManager[None]]

_LINES = pytest.StashKey[list[str]]()
_FROM_WORKER = "totals"


@pytest.fixture
def totals(pytestconfig: pytest.Config) -> Totals:
    """Keeps what is printed inside it for the end of the run."""

    @contextlib.contextmanager
    def keep() -> Iterator[None]:
        kept = io.StringIO()
        with contextlib.redirect_stdout(kept):
            yield
        lines_of(pytestconfig).extend(kept.getvalue().strip("\n").splitlines())

    return keep


def lines_of(config: pytest.Config) -> list[str]:
    """The lines kept so far in this process."""
    return config.stash.setdefault(_LINES, [])


class TotalsPlugin:
    """Brings the lines of the worker processes to the one that reports."""

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker hands its lines over."""
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_FROM_WORKER] = lines_of(session.config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended."""
        lines_of(node.config).extend(getattr(node, "workeroutput", {}).get(_FROM_WORKER, []))

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        """Tell them."""
        for line in lines_of(config):
            terminalreporter.write_line(line)
