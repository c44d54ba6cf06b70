"""Every test of the ledger runs twice: on a plain store and on an encrypted one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiosk.ledger import connection

STORE_KEY = bytes(range(100, 132))


class _OneKey(dict[str, bytes]):
    """Every home was unlocked with the same key."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def get(self, _home: str, _default: object = None) -> bytes:
        return self._key


@pytest.fixture(params=["plain", "encrypted"], autouse=True, scope="module")
def kept(request: pytest.FixtureRequest) -> Iterator[str]:
    """How the stores of this module are kept."""
    key = STORE_KEY if request.param == "encrypted" else b""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_keys", _OneKey(key))
        yield request.param
