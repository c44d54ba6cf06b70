"""The centre on HTTP: five addresses, small limits, answers in the bytes of the wire.

    POST /v1/bundles                  a bundle, sealed or not; the answer comes after its commit
    POST /v1/entries                  a signed request of an origin for its own entries; a bundle
    GET  /v1/acknowledgement/{origin} where the centre stands with an origin
    POST /v1/catalogue                a signed question; the next catalogue, signed
    POST /v1/enrol                    an EnrolmentRequest as JSON; an Enrolment as JSON
    GET  /v1/status                   the figures as JSON, for this machine only

A refusal is an answer of the wire with a 4xx status. 503 with one sentence: the database is away,
and nobody knows what became of the bundle; offering it again is safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.errors import StoreFault
from sync import catalogue_wire, wire
from sync.centre.reception import Reception
from sync.centre.status import Status
from sync.sealed import SEALED_LIMIT_BYTES

ENROLMENT_LIMIT_BYTES = 4096

#: A body that is not there by then will not come.
BODY_LIMIT_S = 30.0

_LOOPBACK = {"127.0.0.1", "::1"}
_REQUESTS = msgspec.json.Decoder(wire.EnrolmentRequest)

#: HTTP's word for each refusal; what is not listed is 422: understood, and refused.
_STATUS = {
    "unreadable": 400,
    "bad_request": 400,
    "origin_revoked": 403,
    "unknown_origin": 404,
    "no_entries": 404,
    "no_catalogue": 404,
    "too_large": 413,
}


class _TooLarge(Exception):
    """More came than was allowed."""


class _Application:
    """The handlers, over one reception."""

    def __init__(
        self, reception: Reception, figures: Callable[[], Awaitable[Status]], *, auto_enrol: bool
    ) -> None:
        self._reception, self._figures = reception, figures
        self._auto_enrol = auto_enrol

    async def bundles(self, request: Request) -> Response:
        try:
            body = await _body(request, SEALED_LIMIT_BYTES)
        except _TooLarge:
            return _too_large(wire.BUNDLE_LIMIT_BYTES)
        return _answer(await self._reception.receive(body))

    async def entries(self, request: Request) -> Response:
        try:
            body = await _body(request, ENROLMENT_LIMIT_BYTES)
        except _TooLarge:
            return _too_large(ENROLMENT_LIMIT_BYTES)
        found = await self._reception.entries(body)
        if isinstance(found, wire.Refused):
            return _answer(found)
        return Response(wire.encode_bundle(found), media_type=wire.BUNDLE_TYPE)

    async def acknowledgement(self, request: Request) -> Response:
        return _answer(await self._reception.ask(request.path_params["origin"]))

    async def catalogue(self, request: Request) -> Response:
        try:
            body = await _body(request, ENROLMENT_LIMIT_BYTES)
        except _TooLarge:
            return _too_large(ENROLMENT_LIMIT_BYTES)
        found = await self._reception.catalogue(body)
        if isinstance(found, wire.Refused):
            return _answer(found)
        return Response(
            catalogue_wire.encode_catalogue(found), media_type=catalogue_wire.CATALOGUE_TYPE
        )

    async def enrol(self, request: Request) -> Response:
        try:
            asked = _REQUESTS.decode(await _body(request, ENROLMENT_LIMIT_BYTES))
        except _TooLarge:
            return _too_large(ENROLMENT_LIMIT_BYTES)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            return _answer(wire.Refused("bad_request", f"This is no enrolment ({error})."))
        code = None if self._auto_enrol else asked.code
        enrolled = await self._reception.enrol(asked, code=code)
        if isinstance(enrolled, wire.Refused):
            return _answer(enrolled)
        return Response(msgspec.json.encode(enrolled), media_type="application/json")

    async def status(self, request: Request) -> Response:
        if request.client is None or request.client.host not in _LOOPBACK:
            return Response("The figures are for this machine only.", 403, media_type="text/plain")
        body = msgspec.json.encode(await self._figures())
        return Response(body, media_type="application/json")


def make_app(
    reception: Reception, figures: Callable[[], Awaitable[Status]], *, auto_enrol: bool
) -> Starlette:
    """The ASGI application; `auto_enrol` takes everyone without a code (rehearsal)."""
    handlers = _Application(reception, figures, auto_enrol=auto_enrol)
    return Starlette(
        routes=[
            Route("/v1/bundles", handlers.bundles, methods=["POST"]),
            Route("/v1/entries", handlers.entries, methods=["POST"]),
            Route("/v1/acknowledgement/{origin}", handlers.acknowledgement, methods=["GET"]),
            Route("/v1/catalogue", handlers.catalogue, methods=["POST"]),
            Route("/v1/enrol", handlers.enrol, methods=["POST"]),
            Route("/v1/status", handlers.status, methods=["GET"]),
        ],
        exception_handlers={
            StoreFault: _store_fault,
            ClientDisconnect: _gone,
            TimeoutError: _too_slow,
        },
    )


async def _body(request: Request, limit_bytes: int) -> bytes:
    """The body, read no further than `limit_bytes` and no longer than BODY_LIMIT_S."""
    if int(request.headers.get("content-length", "0")) > limit_bytes:
        raise _TooLarge
    parts, size = [], 0
    async with asyncio.timeout(BODY_LIMIT_S):
        async for part in request.stream():
            size += len(part)
            if size > limit_bytes:
                raise _TooLarge
            parts.append(part)
    return b"".join(parts)


def _answer(answer: wire.Answer) -> Response:
    status = 200
    if isinstance(answer, wire.WantFrom):
        status = 409
    elif isinstance(answer, wire.Refused):
        status = _STATUS.get(answer.code, 422)
    return Response(wire.encode_answer(answer), status, media_type=wire.ANSWER_TYPE)


def _too_large(limit_bytes: int) -> Response:
    response = _answer(wire.Refused("too_large", f"More than {limit_bytes} bytes are not taken."))
    response.headers["connection"] = "close"
    return response


def _store_fault(_request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreFault)
    return Response(error.sentence, 503, media_type="text/plain")


def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


def _too_slow(_request: Request, _error: Exception) -> Response:
    return Response(status_code=408, headers={"connection": "close"})
