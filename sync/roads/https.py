"""The road over HTTPS: one client, time limits on everything, answers of bounded size.

TLS 1.3 only. Plain HTTP is taken on loopback alone, where rehearsal keeps its centre. httpx is
imported with the first exchange: the selling process starts without it.
"""

from __future__ import annotations

import ssl
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from kiosk.domain.entry import Entry
from kiosk.errors import BadInput, LinkFault
from sync import catalogue_wire, wire

if TYPE_CHECKING:
    import httpx

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def check_address(base_url: str) -> None:
    """BadInput for an address over which facts must not travel."""
    address = urlsplit(base_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BadInput(f"{base_url}: the address of a centre looks like https://centre.example")
    if address.scheme == "http" and address.hostname not in _LOOPBACK:
        raise BadInput(f"{base_url}: facts travel over https; http is for this machine only.")


class HttpsRoad:
    """The way to the centre at `base_url`; implements the courier's Road.

    `timeout_s` limits connecting, each pause and the whole answer. `authority_file` names the PEM
    file of the authority that the centre's certificate comes from (default: the system's);
    `certificate_file` and `key_file` are this terminal's own. Raises BadInput for an unusable one.
    """

    def __init__(
        self,
        base_url: str,
        timeout_s: float = 10.0,
        authority_file: Path | None = None,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url, self._timeout_s = base_url, timeout_s
        self._files = (authority_file, certificate_file, key_file)
        self._transport = transport
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._closed = False
        check_address(base_url)

    def offer(self, bundle: bytes) -> bytes:
        """Bring a bundle. Raises LinkFault."""
        return self._exchange("POST", "/v1/bundles", bundle, wire.BUNDLE_TYPE)

    def ask(self, origin: str) -> bytes:
        """Where the centre stands with `origin`. Raises LinkFault."""
        return self._exchange("GET", f"/v1/acknowledgement/{origin}", b"", "")

    def entries(self, request: bytes) -> list[Entry]:
        """Our own entries back; none when there are no more. Raises LinkFault."""
        kind = "application/octet-stream"
        received = self._exchange("POST", "/v1/entries", request, kind, wire.BUNDLE_LIMIT_BYTES)
        try:
            if received.startswith(wire.BUNDLE_MAGIC):
                return wire.decode_bundle(received).entries
            answer = wire.decode_answer(received)
        except wire.WireFault as error:
            raise LinkFault(f"{self._base_url}: {error.sentence}") from error
        if isinstance(answer, wire.Refused) and answer.code == "no_entries":
            return []
        said = answer.sentence if isinstance(answer, wire.Refused) else "something else"
        raise LinkFault(f"{self._base_url} gives no entries: {said}")

    def catalogue(self, request: catalogue_wire.CatalogueRequest) -> bytes:
        """The next catalogue, signed, or a refusal (`no_catalogue`). Raises LinkFault."""
        body = catalogue_wire.encode_catalogue_request(request)
        limit = catalogue_wire.CATALOGUE_LIMIT_BYTES
        return self._exchange("POST", "/v1/catalogue", body, "application/octet-stream", limit)

    def enrol(self, request: wire.EnrolmentRequest) -> wire.Enrolment | wire.Refused:
        """Become known to the centre, or why not. Repeating it gives the same. Raises LinkFault."""
        body = msgspec.json.encode(request)
        received = self._exchange("POST", "/v1/enrol", body, "application/json")
        try:
            if not received.startswith(wire.ANSWER_MAGIC):
                return msgspec.json.decode(received, type=wire.Enrolment)
            answer = wire.decode_answer(received)
        except (msgspec.MsgspecError, wire.WireFault) as error:
            raise LinkFault(f"{self._base_url}: this is not a centre ({error}).") from error
        if not isinstance(answer, wire.Refused):
            raise LinkFault(f"{self._base_url} answers an enrolment with something else.")
        return answer

    def close(self) -> None:
        """Let go of the line."""
        with self._lock:
            self._closed = True
            if self._client is not None:
                self._client.close()

    # --- one exchange -------------------------------------------------------------------------

    def _exchange(
        self, method: str, path: str, body: bytes, content_type: str,
        limit_bytes: int = wire.ANSWER_LIMIT_BYTES,
    ) -> bytes:  # fmt: skip
        client = self._open()
        import httpx

        headers = {"content-type": content_type} if content_type else {}
        deadline_s = time.monotonic() + self._timeout_s
        try:
            with client.stream(method, path, content=body, headers=headers) as response:
                answer = self._read(response, deadline_s, limit_bytes)
        except (httpx.HTTPError, RuntimeError) as error:
            # RuntimeError: httpx's word for a client that was closed meanwhile.
            raise LinkFault(f"{self._base_url} cannot be reached ({error}).") from error
        kind = response.headers.get("content-type", "")
        known = (
            wire.ANSWER_TYPE,
            wire.BUNDLE_TYPE,
            catalogue_wire.CATALOGUE_TYPE,
            "application/json",
        )
        if not kind.startswith(known):
            raise LinkFault(f"{self._base_url} answers with HTTP {response.status_code}.")
        if response.status_code >= 500:
            raise LinkFault(
                f"{self._base_url} has trouble of its own: HTTP {response.status_code}."
            )
        return answer

    def _read(self, response: httpx.Response, deadline_s: float, limit_bytes: int) -> bytes:
        answer = bytearray()
        for part in response.iter_raw():
            answer += part
            if len(answer) > limit_bytes or time.monotonic() > deadline_s:
                raise LinkFault(f"{self._base_url}: the answer does not come to an end.")
        return bytes(answer)

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._closed:
                raise LinkFault("The line upstream was closed.")
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> httpx.Client:
        # httpx's own command line would bring in click, pygments and half of rich: 2.7 MiB.
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
        import httpx

        secure = self._base_url.startswith("https")
        return httpx.Client(
            base_url=self._base_url,
            timeout=self._timeout_s,
            verify=self._trust() if secure else False,
            # A proxy named in somebody's environment is no part of the road.
            trust_env=False,
            headers={"accept-encoding": "identity"},
            transport=self._transport,
        )

    def _trust(self) -> ssl.SSLContext:
        authority, certificate, key = self._files
        try:
            context = ssl.create_default_context(cafile=authority)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            if certificate is not None:
                context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            names = ", ".join(str(name) for name in self._files if name is not None)
            raise BadInput(f"{names}: the certificates cannot be used ({error}).") from error
        return context
