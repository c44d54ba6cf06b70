"""The real pcscd with vpcd's two virtual slots, in namespaces of its own (hardware-facts 2).

vpcd listens on every interface, so it gets a network of its own; pcscd's socket has one fixed
path, so it gets a file system view of its own, in which that path is our folder. Our side finds the
socket through PCSCLITE_CSOCK_NAME. Nothing here touches a service that runs on the machine.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
DOOR = Path(__file__).with_name("door.py")
READERS = ("Kiosk Virtual Reader 00 00", "Kiosk Virtual Reader 00 01")

CONFIGURATION = f"""
FRIENDLYNAME "Kiosk Virtual Reader"
DEVICENAME   /dev/null:0x8C7B
LIBPATH      {DRIVER}
CHANNELID    0x8C7B
"""

INSIDE = """
mount -t tmpfs tmpfs /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd && shift &&
exec "$@"
"""


def missing() -> str:
    """What of the real thing is not here, in one line; "" when everything is."""
    found = {
        "pcscd (apt: pcscd)": bool(daemon_path()),
        "vpcd (apt: vsmartcard-vpcd)": DRIVER.exists(),
        "pyscard (pip: pyscard)": importlib.util.find_spec("smartcard") is not None,
        "namespaces (unshare)": _can_unshare(),
    }
    return ", ".join(name for name, there in found.items() if not there)


def need_the_real_thing() -> None:
    """Skip the module with one line, or fail where everything must be there."""
    absent = missing()
    if absent and os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"real PC/SC is required, missing: {absent}")
    if absent:
        pytest.skip(f"real PC/SC not tested, missing: {absent}", allow_module_level=True)


def daemon_path() -> str:
    return shutil.which("pcscd", path=os.environ.get("PATH", "") + ":/usr/sbin") or ""


def _unshare() -> list[str]:
    return ["unshare", "-nm" if os.geteuid() == 0 else "-Urnm"]


def _can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_unshare(), "true"], capture_output=True, check=False).returncode == 0


class Service:
    """pcscd in its namespaces; `close` ends everything."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
        configuration = self.folder / "rc"
        configuration.mkdir()
        (configuration / "vpcd").write_text(CONFIGURATION)
        os.environ["PCSCLITE_CSOCK_NAME"] = str(self.folder / "pcscd.comm")
        daemon = [daemon_path(), "-f", "-e", "-c", str(configuration), *_without_polkit()]
        inside = ["sh", "-c", INSIDE, "sh", str(self.folder)]
        door = [sys.executable, str(DOOR), str(self.folder), *daemon]
        with (self.folder / "log").open("wb") as log:
            self._door = subprocess.Popen(
                [*_unshare(), *inside, *door],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        while not (self.folder / "door").exists():
            assert self._door.poll() is None, (self.folder / "log").read_text()
        self.start()

    def start(self) -> None:
        self._ask(b"S")

    def kill(self) -> None:
        self._ask(b"K")

    def terminate(self) -> None:
        self._ask(b"T")

    def dial(self, slot: int = 0) -> socket.socket:
        """A connection to a slot of vpcd; OSError while there is none."""
        with self._visit(str(slot).encode()) as visit:
            _, descriptors, _, _ = socket.recv_fds(visit, 1, 1)
        if not descriptors:
            raise ConnectionRefusedError
        return socket.socket(fileno=descriptors[0])

    def close(self) -> None:
        assert self._door.stdin is not None
        self._door.stdin.close()
        self._door.wait(60)
        shutil.rmtree(self.folder)

    def _ask(self, wish: bytes) -> None:
        with self._visit(wish) as visit:
            assert visit.recv(1) == wish

    def _visit(self, wish: bytes) -> socket.socket:
        visit = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        visit.connect(str(self.folder / "door"))
        visit.sendall(wish)
        return visit


def _without_polkit() -> list[str]:
    """Debian 13 asks polkit, which is not there in a namespace."""
    told = subprocess.run([daemon_path(), "--help"], capture_output=True, text=True, check=False)
    return ["--disable-polkit"] if "disable-polkit" in told.stdout + told.stderr else []
