"""The floor on MariaDB: PyMySQL, which sends each text with its values in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import pymysql  # type: ignore[import-untyped]  # PyMySQL has no types
from sqlalchemy import URL

from assignment_actions import Action
from benchmarks.floor import entity, failure_of
from benchmarks.floor_base import Dialect, Floor, Run, new_id
from benchmarks.floor_sql import LATEST_FIRST, SUCCESS, FloorSql
from benchmarks.population import Row


class MariadbFloor(Floor):
    """Keep one connection open, in autocommit, and one cursor."""

    def __init__(self, url: URL, table: str) -> None:
        self._url = url
        sql = FloorSql(table, "%s")
        older = "created_at <= %s AND (created_at < %s OR id < %s)"
        super().__init__(self._connected(), sql, _DIALECT, older)
        self._store = sql.store
        self._latest_of = _latest_of(table)

    def renew(self) -> None:
        """Go on with a new connection."""
        self.close()
        self._run = self._connected()

    def _connected(self) -> Run:
        url = self._url
        self._connection = pymysql.connect(
            host=url.host,
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            database=url.database,
            charset="utf8mb4",
            autocommit=True,
        )
        cursor = self._cursor = self._connection.cursor()
        execute = cursor.execute

        def run(text: str, values: Sequence[Any] = ()) -> Any:
            execute(text, values or None)
            return cursor

        run("SET time_zone = '+00:00'")
        run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        return run

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def new_id(self) -> bytes:
        """Return sixteen bytes."""
        return new_id().to_bytes(16, "big")

    def record_many(self, rows: Iterable[tuple[Any, ...]], /) -> None:
        """Insert raw tuples by one executemany in one transaction."""
        self._connection.begin()
        self._cursor.executemany(self._store, rows)
        self._connection.commit()

    def load(self, rows: Iterable[Row], /, *, is_large: bool = False) -> None:  # noqa: ARG002  # as for the others
        """Fill the table; the indexes stay, since making them again takes as long."""
        super().load(rows)

    def latest_rows(self, keys: Sequence[Any], /) -> Iterable[Sequence[Any]]:
        """Look each id of one JSON parameter up by a correlated subquery."""
        given = json.dumps([one.hex() for one in keys])
        return self._run(self._latest_of, (given,)).fetchall()  # type: ignore[no-any-return]  # rows

    def timeline_rows(self, keys: Sequence[Any], /) -> Iterable[Sequence[Any]]:
        """Select by a list of ids."""
        return self._run(*self.page_question(keys)).fetchall()  # type: ignore[no-any-return]  # rows

    def page_question(self, keys: Sequence[Any], /) -> tuple[str, Sequence[Any]]:
        """Select by a list of ids."""
        return _timelines(self.sql, len(keys)), keys

    def place(self, row: Row, /) -> Any:
        """Return the key of the page's index, its time twice."""
        created_at, key = super().place(row)
        return created_at, created_at, key

    def clear(self) -> None:
        """Empty the table."""
        self._run(f"TRUNCATE {self.sql.table}")

    def size(self) -> int:
        """Return what the table and its indexes take, as the engine estimates it."""
        text = (
            "SELECT data_length + index_length FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = %s"
        )
        return int(self._run(text, (self.sql.table,)).fetchone()[0])

    def settle(self) -> None:
        """Tell the planner what there is."""
        self._run(f"ANALYZE TABLE {self.sql.table}")
        self._cursor.fetchall()


@lru_cache
def _latest_of(table: str) -> str:
    columns = ", ".join(f"action.{one}" for one in SUCCESS)
    latest = ", ".join(f"one.{term}" for term in LATEST_FIRST.split(", "))
    return (
        f"SELECT {columns}, action.assignment_id FROM JSON_TABLE(%s, '$[*]' COLUMNS"  # noqa: S608  # our own table
        " (id CHAR(32) CHARACTER SET ascii PATH '$')) AS wanted"
        f" STRAIGHT_JOIN {table} AS action ON action.assignment_id = UNHEX(wanted.id)"
        f" AND action.id = (SELECT one.id FROM {table} AS one"
        " WHERE one.assignment_id = UNHEX(wanted.id) AND one.status = 'succeeded'"
        f" ORDER BY {latest} LIMIT 1)"
    )


@lru_cache
def _timelines(sql: FloorSql, count: int) -> str:
    return sql.timelines(f"IN ({', '.join(['%s'] * count)})")


def _put_time(value: datetime) -> datetime:
    return value.replace(tzinfo=None)


def _get_time(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _put_id(value: UUID) -> bytes:
    return value.bytes


def _get_id(value: bytes) -> UUID:
    return UUID(bytes=value)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _success(assignment_id: UUID, row: Sequence[Any]) -> Action:
    unknown_at, overdue_at = row[4], row[5]
    return entity(
        UUID(bytes=row[0]),
        assignment_id,
        row[1],
        "succeeded",
        row[2].replace(tzinfo=UTC),
        row[3].replace(tzinfo=UTC),
        None if unknown_at is None else unknown_at.replace(tzinfo=UTC),
        None if overdue_at is None else overdue_at.replace(tzinfo=UTC),
        row[6],
        row[7],
        row[8],
        row[9],
        None,
    )


def _action(assignment_id: UUID, row: Sequence[Any]) -> Action:
    completed_at, unknown_at, overdue_at = row[4], row[5], row[6]
    return entity(
        UUID(bytes=row[0]),
        assignment_id,
        row[1],
        row[2],
        row[3].replace(tzinfo=UTC),
        None if completed_at is None else completed_at.replace(tzinfo=UTC),
        None if unknown_at is None else unknown_at.replace(tzinfo=UTC),
        None if overdue_at is None else overdue_at.replace(tzinfo=UTC),
        row[7],
        row[8],
        row[9],
        row[10],
        None if row[11] is None else failure_of(row),
    )


_DIALECT = Dialect(
    put_time=_put_time,
    get_time=_get_time,
    load=_action,
    put_id=_put_id,
    get_id=_get_id,
    now=_now,
    later=timedelta(hours=1),
    load_success=_success,
)
