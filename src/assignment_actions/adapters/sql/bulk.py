"""Many rows at once, in the driver's best way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Insert

from assignment_actions.adapters.sql.watching import as_sqlalchemy, is_watched

BulkRows = Iterable[Sequence[Any]]
"""Values of all columns, in the order of the table."""

PLAIN_DRIVERS = frozenset(
    {
        *("pysqlite", "pysqlcipher", "aiosqlite"),
        *("psycopg", "asyncpg"),
        *("pymysql", "asyncmy"),
    }
)
"""Those that take all our stored forms as they are."""

COPIED_FROM = 50
"""From so many rows on COPY is worth its round trips."""

_COPY_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "BIGINT": "int8",
        "BOOLEAN": "bool",
        "BYTEA": "bytea",
        "INTEGER": "int4",
        "TEXT": "text",
        "TIMESTAMP": "timestamptz",
        "UUID": "uuid",
        "VARCHAR": "varchar",
    }
)


def execute_many(connection: Connection, statement: Insert, rows: BulkRows) -> None:
    """Insert by one executemany, past SQLAlchemy's types where the driver allows."""
    names, dialect = statement.table.c.keys(), connection.dialect
    compiled = statement.compile(dialect=dialect)
    is_plain = _is_plain(connection)
    if is_plain and compiled.positiontup is not None:
        connection.exec_driver_sql(compiled.string, list(rows))
        return
    named = [dict(zip(names, row, strict=True)) for row in rows]
    if is_plain:
        connection.exec_driver_sql(compiled.string, named)
    else:
        connection.execute(statement, named)


def copy(connection: Connection, statement: Insert, rows: BulkRows, count: int) -> None:
    """
    Insert by COPY BINARY, unless they are few or somebody wants to see statements.

    Rows are made while the server takes in those before.
    """
    dialect, table = connection.dialect, statement.table
    is_able = dialect.driver == "psycopg" and not dialect.is_async
    is_able = is_able and _is_plain(connection)
    if not is_able or count < COPIED_FROM or is_watched(connection):
        execute_many(connection, statement, rows)
        return
    into = statement.compile(dialect=dialect).string
    into = into[len("INSERT INTO ") : into.index(" VALUES ")]
    types = [column.type.compile(dialect) for column in table.c]
    words = [one.partition("(")[0].partition(" ")[0] for one in types]
    driver: Any = connection.connection.driver_connection
    try:
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as target,
        ):
            target.set_types([_COPY_TYPES[word] for word in words])
            for row in rows:
                target.write_row(row)
    except dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy(error, dialect, driver) from error


def _is_plain(connection: Connection) -> bool:
    """Tell whether the driver can be spoken to without SQLAlchemy's help."""
    options = connection.get_execution_options()
    is_translated = bool(options.get("schema_translate_map"))
    return connection.dialect.driver in PLAIN_DRIVERS and not is_translated
