"""
AsyncSqlActionRepository: the same SQL, awaited.

The synchronous repository runs unchanged in a greenlet, on the synchronous side of an
async engine: wherever a driver waits, the event loop goes on with its other tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, ParamSpec, Self, TypeVar
from uuid import UUID

from sqlalchemy import URL, Connection, MetaData
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
)
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

from assignment_actions.adapters.sql.repository import (
    LOCK_TIMEOUT,
    POOL_SIZE,
    JoinedSqlActionRepository,
    SqlActionRepository,
)
from assignment_actions.domain.awaited import (
    AwaitedActionRepository,
    AwaitedJoinedActionRepository,
)
from assignment_actions.domain.concurrency import to_the_end
from assignment_actions.domain.ports import (
    AsyncActionRepository,
    AsyncJoinedActionRepository,
)

P = ParamSpec("P")
T = TypeVar("T")

GRACE = 0.5
"""So many seconds a cancelled call has to end by itself: nearly all do in less."""


class _Spawning(AwaitedActionRepository):
    """Run each verb in a greenlet of its own."""

    async def _run(
        self, verb: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """
        Run a verb to its end.

        Where the caller is cancelled it has a moment, and is cancelled itself then; its
        connection is back in the pool, or closed, before the cancellation goes on.
        """
        work = greenlet_spawn(partial(verb, *args, **kwargs))
        return await to_the_end(work, seconds=GRACE)


class AsyncSqlActionRepository(_Spawning):
    """
    Keep actions in SQLite, PostgreSQL, MariaDB or MySQL, on an asyncio event loop.

    `SqlActionRepository` awaited: the same tables, transactions and answers, through
    aiosqlite, asyncpg, psycopg or asyncmy. One event loop at a time: close it
    before the loop ends. A call that is cancelled may have been done all the same.

    Args:
        engine: a host's AsyncEngine, taken as it is; its pool must have room for one
            more connection per task that is in a transaction of its own.
        table_prefix: as for `SqlActionRepository`.
        schema: as for `SqlActionRepository`.
        assignment_id_type: as for `SqlActionRepository`.
        partitions: as for `SqlActionRepository`.

    Raises:
        TypeError: the engine is no AsyncEngine.
        ValueError: the engine shares its connections with the host (StaticPool).
    """

    _awaited: _SynchronousSide

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        table_prefix: str = "",
        schema: str | None = None,
        assignment_id_type: type[UUID | int | str] = UUID,
        partitions: int | None = None,
    ) -> None:
        given: Any = engine  # whatever else it is will be refused
        super().__init__(
            _SynchronousSide(
                given.sync_engine if isinstance(given, AsyncEngine) else given,
                table_prefix=table_prefix,
                schema=schema,
                assignment_id_type=assignment_id_type,
                partitions=partitions,
            )
        )
        self._engine = engine

    @classmethod
    def from_url(
        cls,
        url: str | URL,
        *,
        table_prefix: str = "",
        schema: str | None = None,
        assignment_id_type: type[UUID | int | str] = UUID,
        partitions: int | None = None,
        lock_timeout: timedelta = LOCK_TIMEOUT,
        pool_size: int = POOL_SIZE,
    ) -> Self:
        """
        Return a repository on a tuned engine of its own; nothing is connected yet.

        Args:
            url: sqlite:// (with aiosqlite), postgresql:// (asyncpg), mysql:// or
                mariadb:// (asyncmy), or with another async driver by its name, such as
                postgresql+psycopg://. "sqlite://" is a database in
                memory, of which all tasks take turns.
            table_prefix: as for the class.
            schema: as for the class.
            assignment_id_type: as for the class.
            partitions: as for the class.
            lock_timeout: how long a write waits for a lock; whole seconds on MariaDB.
            pool_size: how many connections there are at most; more calls at once wait
                for one, up to 30 seconds.

        Raises:
            ImportError: the driver is missing; the message names the extra.
            ValueError: the URL is none, of another database, or of a driver that is
                not async.
        """
        made = _SynchronousSide.from_url(
            url,
            table_prefix=table_prefix,
            schema=schema,
            assignment_id_type=assignment_id_type,
            partitions=partitions,
            lock_timeout=lock_timeout,
            pool_size=pool_size,
        )
        repository = cls(
            AsyncEngine(made.engine),
            table_prefix=table_prefix,
            schema=schema,
            assignment_id_type=assignment_id_type,
            partitions=partitions,
        )
        repository._awaited = made
        return repository

    @property
    def engine(self) -> AsyncEngine:
        """Return the engine all statements run on."""
        return self._engine

    @property
    def metadata(self) -> MetaData:
        """Return the tables, for Alembic and for a host's own `create_all`."""
        return self._awaited.metadata

    async def create_schema(self) -> None:
        """
        Create what is missing of tables and indexes; again is harmless.

        Raises:
            StorageError: it is not allowed, or there are tables of another version.
        """
        await self._run(self._awaited.create_schema)

    async def check_schema(self) -> None:
        """
        Compare the tables with what this version of the library needs.

        Raises:
            StorageError: saying what is missing or different, and what to do.
        """
        await self._run(self._awaited.check_schema)

    def joined_to(self, transaction: Any, /) -> AsyncJoinedSqlActionRepository:
        """
        Return this repository inside the caller's transaction.

        Args:
            transaction: a SQLAlchemy AsyncConnection, AsyncSession or
                async_scoped_session, of any async engine of the same database.

        Raises:
            TypeError: it is none of them.
            ValueError: it is in AUTOCOMMIT, so that there is nothing to join; a session
                without a bind of its own; or a connection that is not started.
            StorageError: the connection is closed or lost.
        """
        return AsyncJoinedSqlActionRepository(
            self._awaited.joined_to(_synchronous(transaction))
        )


class AsyncJoinedSqlActionRepository(_Spawning, AwaitedJoinedActionRepository):
    """Keep actions inside a transaction that the host commits or rolls back."""

    _awaited: JoinedSqlActionRepository

    def joined_to(self, transaction: Any, /) -> AsyncJoinedSqlActionRepository:
        """Return the repository inside another transaction."""
        return AsyncJoinedSqlActionRepository(
            self._awaited.joined_to(_synchronous(transaction))
        )


class _SynchronousSide(SqlActionRepository):
    """Be what an async repository runs in greenlets."""

    _is_awaited: ClassVar[bool] = True


def _synchronous(transaction: Any) -> Connection | Session:
    """Return the synchronous side of a host's transaction, as it is in this task."""
    if isinstance(transaction, async_scoped_session):
        transaction = transaction()
    if isinstance(transaction, AsyncSession):
        return transaction.sync_session
    if not isinstance(transaction, AsyncConnection):
        is_other = isinstance(transaction, (Connection, Session))
        raise TypeError(
            "transaction must be a SQLAlchemy AsyncConnection or AsyncSession,"
            f" got {transaction!r}"
            + ("; SqlActionRepository takes that" if is_other else "")
        )
    if transaction.sync_connection is None:
        raise ValueError(
            "transaction must be a connection that is started:"
            " async with engine.connect() as connection"
        )
    return transaction.sync_connection


_own: type[AsyncActionRepository] = AsyncSqlActionRepository
_joined: type[AsyncJoinedActionRepository] = AsyncJoinedSqlActionRepository
