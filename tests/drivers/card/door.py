"""Runs inside the namespaces: starts and ends pcscd, and opens connections to vpcd for outside.

Spoken over a Unix socket, one letter a command: S start, K kill, T terminate, 0 and 1 connect to
the slot with that number (the connected socket comes back as a file descriptor).
"""

from __future__ import annotations

import contextlib
import fcntl
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

PORT = 0x8C7B
SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x41


def bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))


class Door:
    def __init__(self, folder: Path, daemon: list[str]) -> None:
        self.folder, self.command = folder, daemon
        self.daemon: subprocess.Popen[bytes] | None = None

    def serve(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.bind(str(self.folder / "door"))
            door.listen()
            while True:
                ready, _, _ = select.select([door, sys.stdin], [], [])
                if sys.stdin in ready:
                    return
                visitor, _ = door.accept()
                with visitor:
                    self.answer(visitor, visitor.recv(1))

    def answer(self, visitor: socket.socket, wish: bytes) -> None:
        if wish == b"S":
            self.start()
        elif wish in (b"K", b"T"):
            self.end(signal.SIGKILL if wish == b"K" else signal.SIGTERM)
        else:
            self.connect(visitor, int(wish))
            return
        visitor.sendall(wish)

    def start(self) -> None:
        for left in ("pcscd.comm", "pcscd.pid"):
            (self.folder / left).unlink(missing_ok=True)
        self.daemon = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        while not (self.folder / "pcscd.comm").exists() and self.daemon.poll() is None:
            time.sleep(0.01)

    def end(self, how: int) -> None:
        if self.daemon is not None:
            self.daemon.send_signal(how)
            self.daemon.wait()
            self.daemon = None

    def connect(self, visitor: socket.socket, slot: int) -> None:
        with contextlib.suppress(OSError), socket.socket() as line:
            line.connect(("127.0.0.1", PORT + slot))
            socket.send_fds(visitor, [b"C"], [line.fileno()])


if __name__ == "__main__":
    bring_loopback_up()
    at_the_door = Door(Path(sys.argv[1]), sys.argv[2:])
    try:
        at_the_door.serve()
    finally:
        at_the_door.end(signal.SIGKILL)
