"""The floor on SQLite: the sqlite3 module."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import URL

from assignment_actions import Action
from benchmarks.floor import entity, failure_of
from benchmarks.floor_base import Dialect, Floor, new_id
from benchmarks.floor_sql import LATEST_FIRST, SUCCESS, FloorSql
from benchmarks.population import BASE_1970, Row

LOAD_CACHE = -1_000_000  # KiB, as SQLite takes it
_fromtimestamp = datetime.fromtimestamp


class SqliteFloor(Floor):
    """Keep one connection open, in autocommit, in WAL mode."""

    indexes = (
        "SELECT name, sql FROM sqlite_master"
        " WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?"
    )

    def __init__(self, url: URL, table: str, synchronous: str = "FULL") -> None:
        self._connection = sqlite3.connect(str(url.database), isolation_level=None)
        sql = FloorSql(table)
        older = "(created_at, id) < (?, ?)"
        super().__init__(self._connection.execute, sql, _DIALECT, older)
        self._synchronous = synchronous
        self._run(f"PRAGMA synchronous = {synchronous}")
        self._store = sql.store

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def new_id(self) -> bytes:
        """Return sixteen bytes."""
        return new_id().to_bytes(16, "big")

    def record_many(self, rows: Iterable[tuple[Any, ...]], /) -> None:
        """Insert raw tuples by one executemany in one transaction."""
        self._run("BEGIN IMMEDIATE")
        self._connection.executemany(self._store, rows)
        self._run("COMMIT")

    def load(self, rows: Iterable[Row], /, *, is_large: bool = False) -> None:
        """Fill the table without waiting for the disk, with a large cache."""
        size = self._run("PRAGMA cache_size").fetchone()[0]
        self._run("PRAGMA synchronous = OFF")
        self._run(f"PRAGMA cache_size = {LOAD_CACHE}")
        super().load(rows, is_large=is_large)
        self._run(f"PRAGMA cache_size = {size}")
        self._run(f"PRAGMA synchronous = {self._synchronous}")
        self.settle()

    def latest_rows(self, keys: Sequence[Any], /) -> Iterable[Sequence[Any]]:
        """Look each id of a VALUES list up by a correlated subquery."""
        return self._run(_latest_of(self.sql.table, len(keys)), keys)  # type: ignore[no-any-return]  # a cursor

    def timeline_rows(self, keys: Sequence[Any], /) -> Iterable[Sequence[Any]]:
        """Select by a list of ids."""
        return self._run(*self.page_question(keys))  # type: ignore[no-any-return]  # a cursor

    def page_question(self, keys: Sequence[Any], /) -> tuple[str, Sequence[Any]]:
        """Select by a list of ids."""
        return _timelines(self.sql, len(keys)), keys

    def clear(self) -> None:
        """Empty the table and the log."""
        self._run(f"DELETE FROM {self.sql.table}")  # noqa: S608  # our own table
        self.settle()

    def size(self) -> int:
        """Return the size of the file, which holds nothing else."""
        self.settle()
        pages: int = self._run("PRAGMA page_count").fetchone()[0]
        page: int = self._run("PRAGMA page_size").fetchone()[0]
        return pages * page

    def settle(self) -> None:
        """Empty the log."""
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")


@lru_cache
def _latest_of(table: str, count: int) -> str:
    columns = ", ".join(f"action.{one}" for one in SUCCESS)
    latest = ", ".join(f"one.{term}" for term in LATEST_FIRST.split(", "))
    values = ", ".join(["(?)"] * count)
    return (
        f"WITH wanted (id) AS (VALUES {values}) SELECT {columns}, wanted.id"  # noqa: S608  # our own table
        f" FROM wanted CROSS JOIN {table} AS action WHERE action.rowid ="
        f" (SELECT one.rowid FROM {table} AS one WHERE one.assignment_id = wanted.id"
        f" AND one.status = 'succeeded' ORDER BY {latest} LIMIT 1)"
    )


@lru_cache
def _timelines(sql: FloorSql, count: int) -> str:
    return sql.timelines(f"IN ({', '.join('?' * count)})")


def put_time(value: datetime) -> int:
    """Return microseconds since 1970."""
    since = value - BASE_1970
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _get_time(value: int) -> datetime:
    return _fromtimestamp(value / 1e6, UTC)


def _get_id(value: bytes) -> UUID:
    return UUID(bytes=value)


def _put_id(value: UUID) -> bytes:
    return value.bytes


def _now() -> int:
    return time.time_ns() // 1000


def _success(assignment_id: UUID, row: Sequence[Any]) -> Action:
    unknown_at, overdue_at = row[4], row[5]
    return entity(
        UUID(bytes=row[0]),
        assignment_id,
        row[1],
        "succeeded",
        _fromtimestamp(row[2] / 1e6, UTC),
        _fromtimestamp(row[3] / 1e6, UTC),
        None if unknown_at is None else _fromtimestamp(unknown_at / 1e6, UTC),
        None if overdue_at is None else _fromtimestamp(overdue_at / 1e6, UTC),
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
        _fromtimestamp(row[3] / 1e6, UTC),
        None if completed_at is None else _fromtimestamp(completed_at / 1e6, UTC),
        None if unknown_at is None else _fromtimestamp(unknown_at / 1e6, UTC),
        None if overdue_at is None else _fromtimestamp(overdue_at / 1e6, UTC),
        row[7],
        row[8],
        row[9],
        row[10],
        None if row[11] is None else failure_of(row),
    )


_DIALECT = Dialect(
    put_time=put_time,
    get_time=_get_time,
    load=_action,
    put_id=_put_id,
    get_id=_get_id,
    now=_now,
    later=3_600_000_000,
    load_success=_success,
)
