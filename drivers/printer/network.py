"""A printer on the network: raw bytes over TCP, port 9100."""

from __future__ import annotations

import ipaddress
import socket
import struct
import time

from drivers.printer.escpos_port import EscposPrinter
from kiosk.errors import ConfigFault


class NetworkPrinter(EscposPrinter):
    """The printer at an IP address; implements kiosk.ports.Printer.

    ConfigFault for a host name: looking one up cannot be given a limit, and a name server that is
    down would hold up the printer for half a minute.
    """

    def __init__(
        self, host: str, port: int = 9100, timeout_s: float = 5.0, *, one_way: bool = False
    ) -> None:
        try:
            ipaddress.ip_address(host)
        except ValueError as trouble:
            raise ConfigFault(
                f"The printer's address {host!r} is not an IP address; write it as 192.0.2.7."
            ) from trouble
        super().__init__(f"{host}:{port}", timeout_s, one_way)
        self._address = (host.encode(), port)  # as text it would be looked up as a name first

    def _open(self, deadline_s: float) -> int:
        wait_s = max(0.001, deadline_s - time.monotonic())
        connection = socket.create_connection(self._address, wait_s)  # type: ignore[arg-type] # bytes, too
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection.detach()

    def _close(self, descriptor: int, give_up: bool) -> None:
        with socket.socket(fileno=descriptor) as connection:
            if give_up:  # a reset: what is still queued is dropped instead of printed later (E04)
                at_once = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
