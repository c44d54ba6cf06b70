"""`centre serve`: uvicorn around the application, one ready line, a clean stop on a signal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator

import uvicorn

from kiosk.errors import BadInput, KioskError
from sync.centre.app import make_app
from sync.centre.hall import Centre, Settings, opened

#: Connections beyond this are told 503: the couriers come back later.
_MOST_CONNECTIONS = 4000
_STOP_LIMIT_S = 5
_LOG = logging.getLogger("centre")


class _Server(uvicorn.Server):
    """Says when it is ready, and ends by return, not by the signal that stopped it."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"The centre is ready at {self._address}\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.should_exit = True


async def serve(
    settings: Settings, host: str, port: int, *, auto_enrol: bool, first: bytes = b"",
    issue_every_s: float = 0.0,
) -> None:  # fmt: skip
    """Serve until SIGTERM or SIGINT; port 0 takes a free one. `first` is the catalogue to begin
    with; what terminals change is issued every `issue_every_s` (0: by hand). Raises BadInput,
    StoreFault."""
    if auto_enrol and host not in ("127.0.0.1", "::1", "localhost"):
        raise BadInput("--auto-enrol is for rehearsal: it serves 127.0.0.1 only.")
    with contextlib.closing(_listen(host, port)) as listener:
        async with opened(settings, keep_books=True) as centre, _issuing(centre, issue_every_s):
            if first:
                await centre.registry.load_first(first)
            app = make_app(centre.reception, centre.figures, auto_enrol=auto_enrol)
            config = uvicorn.Config(
                app, http="httptools", lifespan="off", access_log=False, log_level="warning",
                ws="none", limit_concurrency=_MOST_CONNECTIONS,
                timeout_graceful_shutdown=_STOP_LIMIT_S, server_header=False, date_header=False,
            )  # fmt: skip
            number = listener.getsockname()[1]
            shown = f"[{host}]" if ":" in host else host
            await _Server(config, f"http://{shown}:{number}").serve([listener])


@contextlib.asynccontextmanager
async def _issuing(centre: Centre, every_s: float) -> AsyncIterator[None]:
    """The clerk of a rehearsal: issues a catalogue whenever there is something for one."""

    async def issue() -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await centre.registry.issue_if_changed()
            except KioskError as error:  # the store is busy or full: the next turn tries again
                _LOG.warning("no catalogue was issued: %s", error.sentence)

    if every_s <= 0:
        yield
        return
    task = asyncio.create_task(issue(), name="issuing")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port < 65536:
        raise BadInput(f"{host}:{port} cannot be listened on: a port is 0 to 65535.")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise BadInput(f"{host}:{port} cannot be listened on ({error}).") from error
