"""The proof of a long ledger in two processes: the journal here, the tables beside it in a child.

Each proves one moment of its own, whole in itself; together they take half the time on two cores.
The key of the store goes to the child over a pipe.

    python -m kiosk.ledger.proof_apart HOME ORIGIN      the key in hex on standard input
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import msgspec

from kiosk.errors import StoreFault
from kiosk.ledger.connection import key_of, unlock
from kiosk.ledger.opening import read_head
from kiosk.ledger.proof import Proof, prove
from kiosk.ledger.store import open_reader

#: A shorter ledger is proved before a child would have started.
WORTH_A_CHILD = 20_000


def prove_apart(home: Path, origin: str, *, every_signature: bool = False) -> Proof:
    """As `prove`, with connections of its own. Raises StoreFault."""
    with contextlib.closing(open_reader(home)) as reader:
        reader.execute("BEGIN")
        if _length(home) < WORTH_A_CHILD:
            return prove(reader, origin, every_signature=every_signature)
        child = _start(home, origin)
        try:
            journal = prove(reader, origin, every_signature=every_signature, part="journal")
        except BaseException:
            child.kill()
            raise
        finally:
            told, _ = child.communicate()
    try:
        tables = msgspec.json.decode(told, type=Proof)
    except msgspec.MsgspecError as error:
        raise StoreFault(f"{home}: the tables of the ledger were not proved.") from error
    return _joined(journal, tables)


def _length(home: Path) -> int:
    with contextlib.closing(open_reader(home)) as reader, contextlib.suppress(StoreFault):
        return read_head(reader).sequence
    return 0


def _start(home: Path, origin: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(  # noqa: S603 - our own program, fixed words
        [sys.executable, "-m", __name__, str(home), origin],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(key_of(home).hex().encode())
        child.stdin.close()
    child.stdin = None
    return child


def _joined(journal: Proof, tables: Proof) -> Proof:
    """The earlier of two faults; the journal's own comes first."""
    worse = [proof for proof in (journal, tables) if proof.first_bad]
    whole = msgspec.structs.replace(journal, sales=tables.sales)
    if not worse:
        return whole
    first = min(worse, key=lambda proof: proof.first_bad)
    return msgspec.structs.replace(whole, first_bad=first.first_bad, fault=first.fault, head="")


def main(words: list[str]) -> int:
    """The child: the proof of the tables as JSON on standard output."""
    home, origin = Path(words[0]), words[1]
    unlock(home, bytes.fromhex(sys.stdin.read()))
    with contextlib.closing(open_reader(home)) as reader:
        reader.execute("BEGIN")
        proof = prove(reader, origin, part="tables")
    sys.stdout.write(msgspec.json.encode(proof).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
