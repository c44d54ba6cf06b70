"""One connection to a Prism service: TLS with a pinned certificate, one call at a time.

Services come with certificates of their own that no authority has signed and whose name is not the
address, so chain and name are not asked for: the one certificate that the technician has seen is
taken, and no other. It is compared before the first byte of a call is sent.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from drivers.vending.prism.settings import PrismAddress
from drivers.vending.prism.thrift_frames import (
    UNCALLED,
    FrameBuffer,
    MessageKind,
    apart,
    decoded,
    framed,
)
from drivers.vending.prism.token_api import METHODS, ApiError
from kiosk.errors import VendorFault

Success = TypeVar("Success")

_ONE_READ = 65_536
_LONGEST_TEXT = 160

#: Calls that may stay without an answer before the connection is taken for dead.
_SILENT_CALLS = 2


class PrismConnection:
    """Opened when needed. Every call ends by the deadline it is given, in a value or a VendorFault.

    A call without an answer leaves the connection open: the service works off one connection in
    order, so the answer to the next question proves that the call before it is over. After a second
    silence, or a break, it is closed and opened anew.
    """

    def __init__(self, address: PrismAddress) -> None:
        self._address = address
        self._socket: ssl.SSLSocket | None = None
        self._frames = FrameBuffer()
        self._sequence = 0
        self._silent_calls = 0
        #: Grows with every connection that is opened.
        self.number = 0

    def call(
        self,
        method: str,
        arguments: Mapping[str, object],
        success: type[Success],
        deadline_s: float,
    ) -> Success | ApiError:
        """The result of a call, or the service's error. VendorFault: nobody knows what it did."""
        connection = self._opened(deadline_s)
        self._sequence = self._sequence % 0x7FFF_FFFF + 1
        frame = framed(
            MessageKind.CALL, method, self._sequence, METHODS[method].arguments, arguments
        )
        try:
            self._send(connection, frame, deadline_s)
            return _result(self._answer(connection, method, deadline_s), success)
        except TimeoutError as trouble:
            raise self._silence(method) from trouble
        except OSError as trouble:
            self.close()
            raise VendorFault(f"{self._where()} is lost: {trouble}.") from trouble
        except VendorFault:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next call opens it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _where(self) -> str:
        return f"The Prism service at {self._address.host}:{self._address.port}"

    def _opened(self, deadline_s: float) -> ssl.SSLSocket:
        if self._socket is None:
            try:
                self._socket = self._connect(deadline_s)
            except OSError as trouble:
                raise VendorFault(f"{self._where()} cannot be reached: {trouble}.") from trouble
            self._frames = FrameBuffer()
            self._silent_calls = 0
            self.number += 1
        return self._socket

    def _connect(self, deadline_s: float) -> ssl.SSLSocket:
        where = (self._address.host, self._address.port)
        plain = socket.create_connection(where, _left_s(deadline_s))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            plain.settimeout(_left_s(deadline_s))
            secure = _context().wrap_socket(plain)
        finally:
            plain.close()  # wrapping detaches it; after a failure this is what closes it
        if not self._address.accepts(secure.getpeercert(binary_form=True)):
            secure.close()
            raise VendorFault(
                f"{self._where()} shows another certificate than the pinned one; nothing was sent. "
                "If the module was exchanged, set certificate_sha256 anew."
            )
        return secure

    def _send(self, connection: ssl.SSLSocket, frame: bytes, deadline_s: float) -> None:
        connection.settimeout(_left_s(deadline_s))
        try:
            connection.sendall(frame)
        except TimeoutError as trouble:
            # A part of the call is out: nothing else can follow it on this connection.
            raise ConnectionError("it takes no more calls") from trouble

    def _answer(
        self, connection: ssl.SSLSocket, method: str, deadline_s: float
    ) -> Mapping[str, object]:
        """The reply to the call just sent; answers to calls that were given up are passed over."""
        while True:
            frame = self._frames.next()
            if frame is None:
                connection.settimeout(_left_s(deadline_s))
                data = connection.recv(_ONE_READ)
                if not data:
                    raise ConnectionError("closed by the service")
                self._frames.feed(data)
                continue
            message = apart(frame)
            if message.sequence == self._sequence:
                break
        self._silent_calls = 0
        if message.kind is MessageKind.EXCEPTION:
            reason = decoded(UNCALLED, message.body)
            raise VendorFault(f"{self._where()} does not take {method}: {_shown(reason)}.")
        if message.kind is not MessageKind.REPLY or message.name != method:
            raise VendorFault(f"{self._where()} answered something else than {method}.")
        reply = decoded(METHODS[method].reply, message.body)
        assert isinstance(reply, Mapping)
        return reply

    def _silence(self, method: str) -> VendorFault:
        self._silent_calls += 1
        if self._silent_calls >= _SILENT_CALLS:
            self.close()
        return VendorFault(f"{self._where()} did not answer {method} in time.")


def _result(reply: Mapping[str, object], success: type[Success]) -> Success | ApiError:
    try:
        if "ex1" in reply:
            return msgspec.convert(reply["ex1"], ApiError)
        return msgspec.convert(reply.get("success"), success)
    except msgspec.ValidationError as trouble:
        raise VendorFault(f"The Prism service left out a part of its answer: {trouble}.") from None


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the pin decides, see PrismAddress.accepts
    return context


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("no time is left")
    return left_s


def _shown(reason: object) -> str:
    text = str(reason.get("message", "")) if isinstance(reason, Mapping) else ""
    return printable(text) or "no reason is given"


def printable(text: str) -> str:
    """A text of the service as it may stand in one line of ours."""
    return "".join(sign for sign in text if sign.isprintable())[:_LONGEST_TEXT]
