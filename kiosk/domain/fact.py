"""The base of all facts; each subject has a file of its own, `facts` knows them all."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Fact(msgspec.Struct, frozen=True):
    """The base of all facts. `KIND` and `VERSION` stand in the entry, the fields in its body."""

    KIND: ClassVar[str]
    VERSION: ClassVar[int] = 1

    def identity(self) -> str | None:
        """The key under which this fact may be in a journal only once; None: it may be repeated.

        The same identity with the same content answers `exists`; with other content it is refused
        loudly, `exists_with_different_content` (E05).
        """
        return None
