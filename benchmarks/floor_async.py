"""The floors on an event loop: the floor's SQL by hand through an async driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import aiosqlite
import asyncmy
import asyncpg  # type: ignore[import-untyped]  # it has no types
import psycopg
from sqlalchemy import URL

from assignment_actions import Action
from benchmarks.floor_base import Floor
from benchmarks.floor_postgresql import TYPES, copying
from benchmarks.floor_sql import STORED
from benchmarks.workloads import Ids

Started = tuple[Any, Any]
"""The assignment's id and the action's, as the database keeps them."""


class AsyncFloor:
    """
    Do what the floor does, one await per statement; entities are made in the same way.

    One open connection in autocommit. How a driver runs a text is its own class.
    """

    def __init__(self, floor: Floor, url: URL) -> None:
        self._floor = floor
        self._url = url
        self._dialect = floor.dialect
        self._form = lru_cache(self.form)
        sql = floor.sql
        self._begin, self._succeed = self._form(sql.begin), self._form(sql.succeed)
        self._latest, self._timeline = self._form(sql.latest), self._form(sql.timeline)

    # -- left to the driver ------------------------------------------------------------

    async def connect(self) -> None:
        """Open the connection."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close the connection."""
        raise NotImplementedError

    async def rows(
        self, text: str, values: Sequence[Any], /
    ) -> Sequence[Sequence[Any]]:
        """Return all rows of a question."""
        raise NotImplementedError

    async def change(self, text: str, values: Sequence[Any], /) -> int:
        """Return how many rows a statement changed."""
        raise NotImplementedError

    async def record_many(self, rows: Sequence[tuple[Any, ...]], /) -> object:
        """Insert raw tuples in the driver's fastest way."""
        raise NotImplementedError

    def form(self, text: str, /) -> str:
        """Return a text with its parameters as the driver wants them."""
        return text

    # -- the works ---------------------------------------------------------------------

    async def start(self, assignment_id: UUID, /) -> Started:
        """Insert what is in progress."""
        dialect = self._dialect
        key, new, now = (
            dialect.put_id(assignment_id),
            self._floor.new_id(),
            dialect.now(),
        )
        await self.change(self._begin, (key, new, now, now + dialect.later))
        return key, new

    async def succeed(self, started: Started, /) -> None:
        """Update it if it is still open."""
        done = await self.change(self._succeed, (self._dialect.now(), *started))
        assert done == 1

    async def start_and_succeed(self, assignment_id: UUID, /) -> None:
        """Insert, then update if still open; both commit by themselves."""
        await self.succeed(await self.start(assignment_id))

    recording_block = start_and_succeed

    async def latest_successful(self, assignment_id: UUID, /) -> Action | None:
        """Read one row by its index."""
        dialect = self._dialect
        rows = await self.rows(self._latest, (dialect.put_id(assignment_id),))
        return dialect.load_success(assignment_id, rows[0]) if rows else None

    async def timeline(self, assignment_id: UUID, /) -> list[Action]:
        """Read one assignment in order."""
        load, key = self._dialect.load, self._dialect.put_id(assignment_id)
        rows = await self.rows(self._timeline, (key,))
        return [load(assignment_id, row) for row in rows]

    async def timelines_of_page(self, ids: Ids, /) -> dict[UUID, list[Action]]:
        """Read many assignments in order by one statement."""
        put_id, load = self._dialect.put_id, self._dialect.load
        own = {put_id(one): one for one in ids}
        found: dict[UUID, list[Action]] = {one: [] for one in ids}
        text, values = self._floor.page_question(list(own))
        for row in await self.rows(self._form(text), values):
            key = own[row[16]]
            found[key].append(load(key, row))
        return found

    # -- not for the clock -------------------------------------------------------------

    async def renew(self) -> None:
        """Go on with a new connection."""
        await self.close()
        await self.connect()

    def prepared(self, actions: Sequence[Action], rows: Any, /) -> Any:
        """Return raw tuples."""
        return self._floor.prepared(actions, rows)

    def clear(self) -> None:
        """Empty the table."""
        self._floor.clear()

    def count(self) -> int:
        """Count the rows."""
        return self._floor.count()


class AiosqliteFloor(AsyncFloor):
    """Take one hop to the connection's thread per statement."""

    async def connect(self) -> None:
        """Open the connection, durable as the others."""
        self._connection = await aiosqlite.connect(
            str(self._url.database), isolation_level=None
        )
        await self._connection.execute("PRAGMA synchronous = FULL")

    async def close(self) -> None:
        """Close the connection and its thread."""
        await self._connection.close()

    async def rows(
        self, text: str, values: Sequence[Any], /
    ) -> Sequence[Sequence[Any]]:
        """Execute and fetch in one hop."""
        return list(await self._connection.execute_fetchall(text, values))

    async def change(self, text: str, values: Sequence[Any], /) -> int:
        """Execute."""
        return (await self._connection.execute(text, values)).rowcount

    async def record_many(self, rows: Sequence[tuple[Any, ...]], /) -> None:
        """Insert by one executemany in one transaction."""
        connection = self._connection
        await connection.execute("BEGIN IMMEDIATE")
        await connection.executemany(self._floor.sql.store, rows)
        await connection.execute("COMMIT")


class AsyncpgFloor(AsyncFloor):
    """Speak the binary protocol; statements are prepared and kept by the driver."""

    async def connect(self) -> None:
        """Open the connection."""
        url = self._url.set(drivername="postgresql", query={})
        self._connection = await asyncpg.connect(
            url.render_as_string(hide_password=False)
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    def form(self, text: str, /) -> str:
        """Number the parameters."""
        return numbered(text)

    async def rows(
        self, text: str, values: Sequence[Any], /
    ) -> Sequence[Sequence[Any]]:
        """Fetch."""
        return await self._connection.fetch(text, *values)  # type: ignore[no-any-return]  # rows

    async def change(self, text: str, values: Sequence[Any], /) -> int:
        """Execute; the server says how many rows, last in its answer."""
        told: str = await self._connection.execute(text, *values)
        return int(told.rpartition(" ")[2])

    async def record_many(self, rows: Iterable[tuple[Any, ...]], /) -> None:
        """Insert by COPY BINARY."""
        await self._connection.copy_records_to_table(
            self._floor.sql.table, records=rows, columns=STORED
        )


class PsycopgFloor(AsyncFloor):
    """Do as the synchronous floor on PostgreSQL does."""

    async def connect(self) -> None:
        """Open the connection and one cursor."""
        url = self._url.set(drivername="postgresql")
        self._connection = await psycopg.AsyncConnection.connect(
            url.render_as_string(hide_password=False),
            autocommit=True,
            prepare_threshold=0,
        )
        await self._connection.execute("SET TIME ZONE 'UTC'")
        self._cursor = self._connection.cursor(binary=True)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def rows(
        self, text: str, values: Sequence[Any], /
    ) -> Sequence[Sequence[Any]]:
        """Execute and fetch."""
        await self._cursor.execute(text, values)
        return await self._cursor.fetchall()

    async def change(self, text: str, values: Sequence[Any], /) -> int:
        """Execute."""
        await self._cursor.execute(text, values)
        return self._cursor.rowcount

    async def record_many(self, rows: Iterable[tuple[Any, ...]], /) -> None:
        """Insert by COPY BINARY."""
        text = copying(self._floor.sql.table)
        async with self._connection.cursor() as cursor, cursor.copy(text) as copy:
            copy.set_types(TYPES)
            for row in rows:
                await copy.write_row(row)


class AsyncmyFloor(AsyncFloor):
    """Send each text with its values in it."""

    async def connect(self) -> None:
        """Open the connection and one cursor."""
        url = self._url
        self._connection = await asyncmy.connect(
            host=url.host,
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            database=url.database,
            charset="utf8mb4",
            autocommit=True,
        )
        self._cursor = self._connection.cursor()
        await self._cursor.execute("SET time_zone = '+00:00'")
        await self._cursor.execute(
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.ensure_closed()

    async def rows(
        self, text: str, values: Sequence[Any], /
    ) -> Sequence[Sequence[Any]]:
        """Execute and fetch."""
        await self._cursor.execute(text, values)
        return await self._cursor.fetchall()

    async def change(self, text: str, values: Sequence[Any], /) -> int:
        """Execute."""
        return await self._cursor.execute(text, values)

    async def record_many(self, rows: Sequence[tuple[Any, ...]], /) -> None:
        """Insert by one executemany in one transaction."""
        await self._connection.begin()
        await self._cursor.executemany(self._floor.sql.store, rows)
        await self._connection.commit()


def numbered(text: str) -> str:
    """Return a text with `$1` for its first `%s`, and so on."""
    first, *others = text.split("%s")
    return first + "".join(f"${at}{part}" for at, part in enumerate(others, 1))


Makes = Callable[[Floor, URL], AsyncFloor]
ASYNC_FLOORS: Mapping[str, Mapping[str, tuple[str, Makes]]] = MappingProxyType(
    {
        "sqlite": {"aiosqlite": ("sqlite+aiosqlite", AiosqliteFloor)},
        "postgresql": {
            "asyncpg": ("postgresql+asyncpg", AsyncpgFloor),
            "psycopg async": ("postgresql+psycopg", PsycopgFloor),
        },
        "mariadb": {"asyncmy": ("mariadb+asyncmy", AsyncmyFloor)},
    }
)
"""By database and driver: the driver's name in a URL, and the floor through it."""
