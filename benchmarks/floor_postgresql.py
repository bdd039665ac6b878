"""The floor on PostgreSQL: psycopg 3, prepared statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import URL

from assignment_actions import Action
from benchmarks.floor import entity, failure_of
from benchmarks.floor_base import Dialect, Floor, Run, new_id
from benchmarks.floor_sql import LATEST_FIRST, LISTED, STORED, SUCCESS, FloorSql

TYPES = (
    *("uuid", "uuid", "varchar", "varchar", *["timestamptz"] * 4, "int4", "varchar"),
    *("text", "varchar", "varchar", "text", "varchar", "bool", "text"),
)


def copying(table: str) -> str:
    """Return the text that takes raw tuples."""
    return f"COPY {table} ({', '.join(STORED)}) FROM STDIN (FORMAT BINARY)"


class PostgresqlFloor(Floor):
    """Keep one connection open, in autocommit, and one cursor."""

    indexes = (
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename = %s AND indexname NOT LIKE '%%\\_pk'"
    )

    def __init__(self, url: URL, table: str) -> None:
        self._url = url.set(drivername="postgresql")
        sql = FloorSql(table, "%s")
        run = self._connected()
        super().__init__(run, sql, _DIALECT, "(created_at, id) < (%s, %s)")
        self._copy = copying(table)
        self._latest_of = (
            f"SELECT latest.*, wanted.id FROM unnest(%s::uuid[]) AS wanted (id)"  # noqa: S608  # our own table
            f" CROSS JOIN LATERAL (SELECT {', '.join(SUCCESS)} FROM {table}"
            " WHERE assignment_id = wanted.id AND status = 'succeeded'"
            f" ORDER BY {LATEST_FIRST} LIMIT 1) AS latest"
        )
        self._timelines = (
            f"SELECT one.* FROM unnest(%s::uuid[]) AS wanted (id) CROSS JOIN LATERAL"  # noqa: S608  # our own table
            f" (SELECT {', '.join(LISTED)}, assignment_id FROM {table}"
            " WHERE assignment_id = wanted.id ORDER BY created_at, id) AS one"
        )

    def renew(self) -> None:
        """Go on with a new connection."""
        self.close()
        self._run = self._connected()

    def _connected(self) -> Run:
        url = self._url.render_as_string(hide_password=False)
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._connection.execute("SET TIME ZONE 'UTC'")
        return self._connection.cursor(binary=True).execute

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def new_id(self) -> UUID:
        """Return a UUID, which is what the driver takes."""
        return UUID(int=new_id())

    def record_many(self, rows: Iterable[tuple[Any, ...]], /) -> None:
        """Insert raw tuples by COPY BINARY."""
        with self._connection.cursor() as cursor, cursor.copy(self._copy) as copy:
            copy.set_types(TYPES)
            for row in rows:
                copy.write_row(row)

    def latest_rows(self, keys: Sequence[Any], /) -> Iterable[Sequence[Any]]:
        """Look each id of one array up by a lateral subquery."""
        return self._run(self._latest_of, (keys,)).fetchall()  # type: ignore[no-any-return]  # rows

    def timeline_rows(self, keys: Sequence[Any], /) -> Iterable[Sequence[Any]]:
        """Select by one array of ids."""
        return self._run(*self.page_question(keys)).fetchall()  # type: ignore[no-any-return]  # rows

    def page_question(self, keys: Sequence[Any], /) -> tuple[str, Sequence[Any]]:
        """Select by one array of ids."""
        return self._timelines, (keys,)

    def clear(self) -> None:
        """Empty the table."""
        self._run(f"TRUNCATE {self.sql.table}")

    def size(self) -> int:
        """Return what the table, its long texts and its indexes take."""
        text = "SELECT pg_total_relation_size(%s::text::regclass)"
        size: int = self._run(text, (self.sql.table,)).fetchone()[0]
        return size

    def settle(self) -> None:
        """Tell the planner what there is."""
        self._run(f"VACUUM ANALYZE {self.sql.table}")


def _same(value: Any) -> Any:
    return value


def _now() -> datetime:
    return datetime.now(UTC)


def _success(assignment_id: UUID, row: Sequence[Any]) -> Action:
    kind, created_at, completed_at, unknown_at, overdue_at = row[1:6]
    return entity(
        row[0],
        assignment_id,
        kind,
        "succeeded",
        created_at,
        completed_at,
        unknown_at,
        overdue_at,
        row[6],
        row[7],
        row[8],
        row[9],
        None,
    )


def _action(assignment_id: UUID, row: Sequence[Any]) -> Action:
    kind, status, created_at, completed_at, unknown_at, overdue_at = row[1:7]
    return entity(
        row[0],
        assignment_id,
        kind,
        status,
        created_at,
        completed_at,
        unknown_at,
        overdue_at,
        row[7],
        row[8],
        row[9],
        row[10],
        None if row[11] is None else failure_of(row),
    )


_DIALECT = Dialect(
    put_time=_same,
    get_time=_same,
    load=_action,
    put_id=_same,
    get_id=_same,
    now=_now,
    later=timedelta(hours=1),
    load_success=_success,
)
