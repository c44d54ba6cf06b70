"""What every child of a harness would make again, always alike: made once, in the server.

Nothing that a home holds is kept, and nothing that is proved is left out: only the tables of a
cipher, the decoders of facts, and the empty tables that a proof fills from the journal.
"""

from __future__ import annotations

import contextlib
import functools

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.vending.sts.sta import Sta
from kiosk.domain import facts
from kiosk.ledger import proof, store
from kiosk.ledger.connection import Connection, connect_scratch


def warm() -> None:
    """Do it all; again changes nothing."""
    for kind, version in facts.KINDS:
        with contextlib.suppress(msgspec.DecodeError):
            facts.decode(kind, version, b"")
    know_shapes()
    Sta(bytes(8)).decrypt(Sta(bytes(8)).encrypt(0))
    key = Ed25519PrivateKey.generate()
    key.public_key().verify(key.sign(b""), b"")
    _empty_tables()
    proof.open_scratch = _open_scratch  # type: ignore[attr-defined]


def know_shapes(above: type[msgspec.Struct] = msgspec.Struct) -> None:
    """Let msgspec look at every shape that a module which is there decodes."""
    for shape in above.__subclasses__():
        with contextlib.suppress(TypeError, NameError):  # one that is only ever written
            msgspec.json.Decoder(shape)
        know_shapes(shape)


@functools.cache
def _empty_tables() -> Connection:
    """What `store.open_scratch` makes for a proof with all scripts of the migrations."""
    connection = store.open_scratch(searchable=False)
    connection.execute("COMMIT")
    return connection


def _open_scratch(*, searchable: bool = True) -> Connection:
    """A copy of the empty tables, page by page; a proof never searches."""
    assert not searchable
    connection = connect_scratch()
    _empty_tables().backup(connection)
    connection.execute("BEGIN")
    return connection
