"""One schema, written twice: as SQLModel for reports and tools, as SQL for the selling process."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool
from sqlcipher3 import dbapi2
from sqlmodel import Session, SQLModel, select

from kiosk.ledger import card_account_tables, registry_tables, tables
from kiosk.ledger.connection import Connection
from kiosk.ledger.records import Records
from kiosk.ledger.store import open_reader, open_scratch
from tests.builders import METER
from tests.ledger.ledgers import ORIGIN, fill, open_pen

CLASSES = [
    cls
    for module in (
        tables, tables.account_tables, tables.card_tables, card_account_tables, registry_tables,
    )
    for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, SQLModel) and cls.__module__ == module.__name__
]  # fmt: skip
NAMES = sorted(str(vars(cls)["__tablename__"]) for cls in CLASSES)


def engine_of(connection: Connection) -> Engine:
    return create_engine(
        "sqlite://", creator=lambda: connection, module=dbapi2, poolclass=StaticPool
    )


def rows(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = connection.execute(sql).fetchall()
    return found


@pytest.fixture(scope="module")
def migrated() -> Iterator[Connection]:
    connection = open_scratch()
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def defined() -> Iterator[Connection]:
    connection = dbapi2.connect(":memory:")
    wanted = [SQLModel.metadata.tables[name] for name in NAMES]
    engine = engine_of(connection)
    SQLModel.metadata.create_all(engine, tables=wanted)
    yield connection
    engine.dispose()
    connection.close()


def test_no_table_is_in_one_description_only(migrated: Connection, defined: Connection) -> None:
    listed = "SELECT name FROM sqlite_master WHERE type = 'table'"
    # The index of the search is SQLite's own, and drawn from registry_index.
    listed += " AND name NOT LIKE 'registry_search%' ORDER BY name"
    assert [row[0] for row in rows(migrated, listed)] == NAMES
    assert rows(migrated, listed) == rows(defined, listed)


@pytest.mark.parametrize("table", NAMES)
@pytest.mark.parametrize(
    "pragma",
    [
        "table_xinfo",  # columns, types, nullability, defaults, primary key
        "table_list",  # STRICT, WITHOUT ROWID
        "foreign_key_list",
    ],
)
def test_both_descriptions_make_the_same_table(
    migrated: Connection, defined: Connection, table: str, pragma: str
) -> None:
    asked = f"PRAGMA {pragma}({table})"
    assert sorted(rows(migrated, asked)) == sorted(rows(defined, asked))


def indexes(connection: Connection, table: str) -> list[tuple[object, ...]]:
    found = []
    for _number, name, unique, origin, partial in rows(connection, f"PRAGMA index_list({table})"):
        columns = rows(connection, f"PRAGMA index_xinfo({name})")
        shown = "" if str(name).startswith("sqlite_autoindex") else name
        found.append((str(shown), unique, origin, partial, tuple(columns)))
    return sorted(found, key=repr)


@pytest.mark.parametrize("table", NAMES)
def test_both_descriptions_make_the_same_indexes(
    migrated: Connection, defined: Connection, table: str
) -> None:
    assert indexes(migrated, table) == indexes(defined, table)


def checks(connection: Connection, table: str) -> list[str]:
    (sql,) = rows(connection, f"SELECT sql FROM sqlite_master WHERE name = '{table}'")[0]
    return sorted(re.findall(r"CHECK \((.*)\)", str(sql)))


@pytest.mark.parametrize("table", NAMES)
def test_both_descriptions_check_the_same(
    migrated: Connection, defined: Connection, table: str
) -> None:
    assert checks(migrated, table) == checks(defined, table)


def test_there_are_checks_to_compare(migrated: Connection) -> None:
    assert sum(len(checks(migrated, table)) for table in NAMES) == 24


@pytest.fixture
def reading(home: Callable[[], Path]) -> Iterator[tuple[Connection, Session]]:
    """A day of trade written by the driver's SQL, and a session that reads it."""
    pen = open_pen(home())
    fill(pen, 30)
    pen.close()
    connection = open_reader(home())
    engine = engine_of(connection)
    with Session(engine) as session:
        yield connection, session
    engine.dispose()
    connection.close()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__tablename__)
def test_rows_of_the_driver_are_read_through_the_model(
    reading: tuple[Connection, Session], cls: type[SQLModel]
) -> None:
    connection, session = reading
    written = rows(connection, f"SELECT * FROM {vars(cls)['__tablename__']}")
    columns = list(cls.model_fields)
    found = [
        tuple(getattr(row, name) for name in columns) for row in session.exec(select(cls)).all()
    ]
    assert sorted(found, key=repr) == sorted(written, key=repr)
    assert found or cls in (tables.AnchorRow, tables.ArchivedRow)


def test_a_report_through_the_model_is_what_the_till_sees(
    reading: tuple[Connection, Session],
) -> None:
    connection, session = reading
    records = Records(connection, ORIGIN)
    model = session.exec(
        select(tables.SaleRow).where(tables.SaleRow.meter == METER).order_by("sequence")
    ).all()
    till = records.sales_of(meter=METER, limit=1000)
    assert [row.sale_id for row in reversed(model)] == [record.committed.sale_id for record in till]
    assert [row.state for row in reversed(model)] == [record.state for record in till]
