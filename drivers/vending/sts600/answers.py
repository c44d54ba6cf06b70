"""The tokens that a serial module has answered, on disk before they are given out.

The module knows no message ids and may roll other random bits when it is asked again. This memory
makes the same request give the same digits, over a restart too. It holds the last answers only:
far more than sales that can be unfinished at one time.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from drivers.vending.counter import write_whole
from kiosk.domain.special_tokens import ManagementRequest
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal, VendorFault

_REMEMBERED = 128

#: Requests whose digits could differ when they are made again.
Kept = TokenRequest | ManagementRequest


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer; `request` is the digest of everything that was asked."""

    message_id: str
    request: str
    token: str


class AnswerFile:
    """The memory in `path`; one process at a time, since the serial line has one owner."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers: dict[str, _Answer] | None = None

    def known(self, request: Kept) -> str | Refusal | None:
        """The token that this request was answered with, None if it was not yet.

        Refuses a message id that was used for another request. VendorFault for a damaged file.
        """
        answer = self._loaded().get(request.message_id)
        if answer is None:
            return None
        if answer.request != _digest(request):
            return Refusal("message_reused", {"message_id": request.message_id})
        return answer.token

    def keep(self, request: Kept, token: str) -> None:
        """Put the answer on disk. VendorFault when that fails: the token is not given out."""
        answers = [*self._loaded().values()][-(_REMEMBERED - 1) :]
        answers.append(_Answer(request.message_id, _digest(request), token))
        try:
            write_whole(self.path, msgspec.json.encode(answers))
        except OSError as fault:
            raise VendorFault(f"{self.path} cannot be written: {fault.strerror}.") from fault
        self._answers = {answer.message_id: answer for answer in answers}

    def _loaded(self) -> dict[str, _Answer]:
        if self._answers is None:
            self._answers = {answer.message_id: answer for answer in self._read()}
        return self._answers

    def _read(self) -> list[_Answer]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=list[_Answer])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as fault:
            # The message of the decoder could quote a token.
            raise VendorFault(
                f"{self.path} cannot be read; when no sale is unfinished, remove it."
            ) from (fault if isinstance(fault, OSError) else None)


def _digest(request: Kept) -> str:
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()[:32]
