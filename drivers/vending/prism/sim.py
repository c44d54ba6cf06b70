"""A simulated Prism service at the other end of the wire: TLS on loopback, losses on demand.

service = SimulatedPrism(folder, rehearsal_keys(), account)
vendor = PrismVendor(service.address, account, service.keys())
service.lose("after_act", "issueCreditToken")     # the next such call, once

    FOLDER/service.pem    its certificate and private key, made at the first start, kept then
    FOLDER/issued.jsonl   every token that it made, in order
"""

from __future__ import annotations

import datetime
import os
import secrets
import select
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from drivers.vending.counter import write_whole
from drivers.vending.prism.settings import PrismAccount, PrismAddress
from drivers.vending.prism.sim_module import PrismModule
from drivers.vending.prism.thrift_frames import (
    UNCALLED,
    FrameBuffer,
    Message,
    MessageKind,
    apart,
    decoded,
    framed,
)
from drivers.vending.prism.token_api import METHODS, ApiError
from drivers.vending.vending_key import VendingKey
from kiosk.domain.vending_keys import VendorKey
from kiosk.errors import VendorFault

#: before_act: the call never arrives. after_act: done, the line breaks. half_reply: it breaks in
#: the middle of the answer. late: nothing happens for `late_s`, then it is done and answered.
#: garbage: done, the answer is noise. silence: done, no answer, the line stays.
Loss = Literal["before_act", "after_act", "half_reply", "late", "garbage", "silence"]

_HANDSHAKE_S = 5.0
_UNKNOWN_METHOD = 1


class SimulatedPrism:
    """Runs until `close`; one thread a connection. `address` is where and which certificate."""

    def __init__(
        self,
        folder: Path,
        keys: Sequence[VendingKey],
        account: PrismAccount,
        *,
        port: int = 0,
        nibble: Callable[[], int] = lambda: secrets.randbelow(16),
        late_s: float = 1.0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.module = PrismModule(folder, keys, account, nibble)
        self.late_s = late_s
        self._keys = keys
        self._losses: list[tuple[Loss, str]] = []
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._listener = socket.create_server(("127.0.0.1", port))
        pem = _certificate(folder / "service.pem")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self.address = PrismAddress("127.0.0.1", self._listener.getsockname()[1], _fingerprint(pem))
        self._threads = [threading.Thread(target=self._listen, name="simulated Prism service")]
        self._threads[0].start()

    def keys(self) -> list[VendorKey]:
        """Its keys as a technician would name them."""
        return [key.shown() for key in self._keys]

    def lose(self, loss: Loss, method: str) -> None:
        """Lose the next call of `method` in this way, once."""
        self._losses.append((loss, method))

    def close(self) -> None:
        """Switch it off: every connection breaks, the address is free."""
        self._stopping.set()
        os.write(self._wake_write, b"x")
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self.module.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _listen(self) -> None:
        while True:
            if self._is_woken(self._listener):
                return
            plain, _ = self._listener.accept()
            thread = threading.Thread(target=self._serve, args=(plain,), name="Prism connection")
            self._threads = [known for known in self._threads if known.is_alive()] + [thread]
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(_HANDSHAKE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with (
            suppress(OSError, VendorFault),
            plain,
            self._context.wrap_socket(plain, server_side=True) as secure,
        ):
            self._converse(secure)

    def _converse(self, secure: ssl.SSLSocket) -> None:
        frames = FrameBuffer()
        while True:
            frame = frames.next()
            if frame is not None:
                if not self._take(secure, apart(frame)):
                    return
                continue
            if not secure.pending() and self._is_woken(secure):
                return
            data = secure.recv(65_536)
            if not data:
                return
            frames.feed(data)

    def _is_woken(self, source: socket.socket) -> bool:
        """Waits for `source`; whether the service is switched off instead."""
        wake = self._wake_read
        ready, _, _ = select.select([source.fileno(), wake], [], [])
        return wake in ready

    def _take(self, secure: ssl.SSLSocket, message: Message) -> bool:
        """Work one call off; whether the connection goes on."""
        loss = self._loss_of(message.name)
        if loss == "before_act":
            return False
        if loss == "late":
            self._stopping.wait(self.late_s)
        reply = self._reply(message)
        if loss == "silence":
            return True
        if loss == "after_act":
            return False
        if loss == "half_reply":
            secure.sendall(reply[: len(reply) // 2])
            return False
        if loss == "garbage":
            reply = reply[:4] + secrets.token_bytes(len(reply) - 4)
        secure.sendall(reply)
        return True

    def _loss_of(self, method: str) -> Loss | None:
        for number, (loss, lost_method) in enumerate(self._losses):
            if lost_method == method:
                del self._losses[number]
                return loss
        return None

    def _reply(self, message: Message) -> bytes:
        method = METHODS.get(message.name)
        name, sequence = message.name, message.sequence
        if method is None:
            reason = {"message": "Unknown method", "type": _UNKNOWN_METHOD}
            return framed(MessageKind.EXCEPTION, name, sequence, UNCALLED, reason)
        arguments = decoded(method.arguments, message.body)
        assert isinstance(arguments, dict)
        answer = self.module.answer(name, arguments)
        if isinstance(answer, ApiError):
            error = {"eCode": answer.e_code, "eMsgEn": answer.e_msg_en}
            return framed(MessageKind.REPLY, name, sequence, method.reply, {"ex1": error})
        return framed(MessageKind.REPLY, name, sequence, method.reply, {"success": answer})


def _fingerprint(pem: Path) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    return x509.load_pem_x509_certificate(pem.read_bytes()).fingerprint(SHA256()).hex()


def _certificate(path: Path) -> Path:
    """A self-signed certificate with its key, as modules come with one; made once."""
    if path.exists():
        return path
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated Prism service")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_whole(path, certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path
