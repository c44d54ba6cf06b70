"""Every test of the ledger runs twice: on a plain store and on an encrypted one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiosk.ledger import copying, store, updating

STORE_KEY = bytes(range(100, 132))


@pytest.fixture(params=["plain", "encrypted"], autouse=True, scope="module")
def kept(request: pytest.FixtureRequest) -> Iterator[str]:
    """How the stores of this module are kept."""
    key = STORE_KEY if request.param == "encrypted" else b""
    with pytest.MonkeyPatch.context() as patch:
        for room in (store, copying, updating):
            patch.setattr(room, "key_of", lambda _home: key)
        yield request.param
