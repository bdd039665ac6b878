"""
A few connections of our own engine, kept between calls: the hot path.

Taking a connection from SQLAlchemy's pool and giving it back costs more than a look-up
in SQLite, and its result objects once more as much; docs/performance.md has figures.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, PoolProxiedConnection, Table
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import QueuePool

from assignment_actions.adapters.sql.flavour import Flavour, quoted
from assignment_actions.adapters.sql.flavours import flavour_of
from assignment_actions.adapters.sql.running import (
    DriverTexts,
    Parameters,
    Rows,
    Runner,
    Statement,
)
from assignment_actions.adapters.sql.watching import as_sqlalchemy

T = TypeVar("T")

IDLE_SECONDS = 30.0


class KeptConnections:
    """
    Keep up to `pool_size - 1` connections of an engine of ours out of its pool.

    Each goes back with the first call after it was idle for 30 seconds, so that what
    watches over the pool sees it; while another call waits for the pool; after any
    error but a refused row; and when the engine was disposed of. In the child of a fork
    those of the parent are neither used nor closed. Each connection is one thread's, or
    one task's, at a time.
    """

    def __init__(self, engine: Engine) -> None:
        pool = engine.pool
        self._engine = engine
        self._most = pool.size() - 1 if isinstance(pool, QueuePool) else 0
        self._idle: deque[_Kept] = deque()  # the one used last at its right end
        self._taking: deque[None] = deque()  # one for each that is at the pool
        self._parents: list[_Kept] = []
        self._texts = DriverTexts(engine.dialect)
        self._flavour = flavour_of(engine.dialect)

    def run(self, work: Callable[[Runner], T]) -> T:
        """
        Run work whose every statement commits by itself.

        Raises:
            DBAPIError: what the driver said, as SQLAlchemy says it.
        """
        kept = self._take()
        try:
            result = work(kept)
        except BaseException as error:
            self._give_up(kept, error)
            raise
        self._give(kept)
        return result

    def close(self) -> None:
        """Give all of them back."""
        with suppress(IndexError):
            while True:
                self._discard(self._idle.pop())

    def _take(self) -> _Kept:
        while True:
            try:
                kept = self._idle.pop()
            except IndexError:
                break
            if kept.pool is self._engine.pool and monotonic() < kept.until:
                return kept
            self._discard(kept)
        with self._at_the_pool():
            if self._idle:  # whoever gave one before that line has not seen it
                return self._take()
            return _Kept(self._engine, self._texts, self._flavour)

    def connect(self) -> Connection:
        """Return a connection of the pool; one kept goes back where it has none."""
        pool = self._engine.pool
        with self._at_the_pool():
            if isinstance(pool, QueuePool) and pool.checkedout() >= pool.size():
                with suppress(IndexError):
                    self._discard(self._idle.popleft())
            return self._engine.connect()

    @contextmanager
    def _at_the_pool(self) -> Iterator[None]:
        """Count a call that may wait there: who gives one back wakes it."""
        self._taking.append(None)
        try:
            yield
        finally:
            self._taking.pop()

    def _give(self, kept: _Kept) -> None:
        idle = self._idle
        if len(idle) >= self._most or kept.pool is not self._engine.pool:
            self._discard(kept)
            return
        now = monotonic()
        kept.until = now + IDLE_SECONDS
        idle.append(kept)
        if self._taking:  # the pool wakes them, this does not
            with suppress(IndexError):
                self._discard(idle.popleft())
        elif len(idle) > 1:
            self._discard_idle(now)

    def _discard_idle(self, now: float) -> None:
        """Give those back that others were preferred to for too long."""
        with suppress(IndexError):  # another thread has taken the last
            while self._idle[0].until < now:
                self._discard(self._idle.popleft())

    def _give_up(self, kept: _Kept, error: BaseException) -> None:
        is_interrupted = not isinstance(error, Exception)
        if isinstance(error, IntegrityError):
            self._give(kept)
        elif isinstance(error, DBAPIError) and error.connection_invalidated:
            kept.connection.invalidate(error)
            self._engine.dispose()  # the others are lost, too
        elif is_interrupted and self._engine.dialect.name != "sqlite":
            kept.connection.invalidate()  # in the middle of a talk with a server
        elif self._flavour.code(error) in self._flavour.stale:
            kept.connection.invalidate()
        else:
            self._discard(kept)

    def _discard(self, kept: _Kept) -> None:
        if kept.process != os.getpid():
            self._parents.append(kept)
            return
        if kept.pool is self._engine.pool:
            kept.close()
        elif self._engine.dialect.is_async:  # not all of these close once detached
            kept.connection.invalidate()
        else:
            kept.connection.detach()
            kept.close()


class _Kept:
    """Be one connection out of its pool, and a cursor on it."""

    __slots__ = (
        "_cursor",
        "_error",
        "_texts",
        "connection",
        "dialect",
        "pool",
        "process",
        "until",
    )

    def __init__(self, engine: Engine, texts: DriverTexts, flavour: Flavour) -> None:
        self.pool = engine.pool
        self.dialect: Dialect = engine.dialect
        self.process = os.getpid()
        self.until = 0.0
        self._texts = texts
        self._error = self.dialect.loaded_dbapi.Error
        options = {} if self.dialect.is_async else flavour.cursor_options
        try:
            self.connection: PoolProxiedConnection = engine.raw_connection()
        except self._error as error:
            raise as_sqlalchemy(error, self.dialect, None) from error
        try:
            self._cursor: Any = self.connection.cursor(**options)
        except BaseException:
            self.connection.invalidate()
            raise

    def close(self) -> None:
        # An error's traceback may hold this cursor, and so a file of SQLite's open.
        self._cursor.close()
        self.connection.close()

    def rows(self, statement: Statement, parameters: Parameters, /) -> Rows:
        cursor = self._run(statement, parameters)
        try:
            return cursor.fetchall()  # type: ignore[no-any-return]  # a driver's
        except self._error as error:
            raise self._translated(error) from error

    def change(self, statement: Statement, parameters: Parameters, /) -> int:
        return self._run(statement, parameters).rowcount  # type: ignore[no-any-return]  # a driver's

    def name_of(self, table: Table, /) -> str:
        return quoted(self.dialect, table.schema, table)

    def _run(self, statement: Statement, parameters: Parameters) -> Any:
        text, values = self._texts.of(statement, parameters)
        try:
            self._cursor.execute(text, values)
        except self._error as error:
            raise self._translated(error, text) from error
        return self._cursor

    def _translated(self, error: Exception, text: str | None = None) -> Exception:
        driver = self.connection.dbapi_connection
        return as_sqlalchemy(error, self.dialect, driver, text)
