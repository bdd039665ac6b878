"""SqlActionRepository: the domain's verbs on an engine, or inside a transaction."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, ClassVar, Self
from uuid import UUID

from sqlalchemy import URL, Connection, Engine, MetaData

from assignment_actions.adapters.sql.engines import (
    own_engine,
    require_own_connections,
)
from assignment_actions.adapters.sql.erasing import SqlErasingVerbs
from assignment_actions.adapters.sql.errors import DuplicateRowError
from assignment_actions.adapters.sql.flavour import Codes
from assignment_actions.adapters.sql.joined import JoinedTransactions
from assignment_actions.adapters.sql.partitions import require_partitions
from assignment_actions.adapters.sql.pausing import pause
from assignment_actions.adapters.sql.schema import Tables
from assignment_actions.adapters.sql.statements import Statements
from assignment_actions.adapters.sql.transactions import OwnTransactions
from assignment_actions.domain.errors import StorageError
from assignment_actions.domain.ports import ActionRepository, JoinedActionRepository

LOCK_TIMEOUT = timedelta(seconds=5)
POOL_SIZE = 5
CREATE_TRIES, CREATE_PAUSE = 10, 0.1
WAL_PAUSE = 0.02


class SqlActionRepository(SqlErasingVerbs):
    """
    Keep actions in SQLite, PostgreSQL, MariaDB or MySQL.

    Each call is a transaction of its own on a connection of its own: what it recorded
    survives the host's rollback. `joined_to` records inside the host's transaction.

    Args:
        engine: a host's SQLAlchemy engine, taken as it is; its pool must have room for
            one more connection per thread. How long a write waits for a lock is its
            affair. `from_url` makes an engine of our own, with `lock_timeout`.
        table_prefix: at most 20 of a-z, 0-9 and _.
        schema: the schema (PostgreSQL) or database (MariaDB) of the tables.
        assignment_id_type: UUID, int or str.
        partitions: of the actions table by assignment id, 2 to 1024; PostgreSQL only.
            Where the tables are there, None takes them as they are.

    Raises:
        TypeError: the engine is no SQLAlchemy engine, or an async one.
        ValueError: the engine shares its connections with the host (StaticPool).
    """

    _is_awaited: ClassVar[bool] = False

    def __init__(
        self,
        engine: Engine,
        *,
        table_prefix: str = "",
        schema: str | None = None,
        assignment_id_type: type[UUID | int | str] = UUID,
        partitions: int | None = None,
    ) -> None:
        require_own_connections(engine, is_async=self._is_awaited)
        require_partitions(partitions, engine.dialect.name)
        tables = Tables.of(table_prefix, schema, assignment_id_type, partitions)
        transactions = OwnTransactions(engine)
        super().__init__(Statements(tables, transactions.flavour), transactions)
        self._transactions: OwnTransactions = transactions
        self._engine = engine
        self._lock_timeout: timedelta | None = None  # None: the engine is a host's

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
        Return a repository on a tuned engine of its own.

        Args:
            url: sqlite://, postgresql://, mysql:// or mariadb://, as SQLAlchemy takes
                it. "sqlite://" is a database in memory, shared by all threads; the
                child of a fork has an empty one of its own.
            table_prefix: as for the class.
            schema: as for the class.
            assignment_id_type: as for the class.
            partitions: as for the class.
            lock_timeout: how long a write waits for a lock; whole seconds on MariaDB.
            pool_size: how many connections stay open. The repository keeps all but one
                of them between calls, unless somebody listens to the engine.

        Raises:
            ImportError: the driver is missing; the message names the extra.
            ValueError: the URL is none, or of another database.
        """
        engine = own_engine(
            url,
            is_async=cls._is_awaited,
            lock_timeout=lock_timeout,
            pool_size=pool_size,
        )
        repository = cls(
            engine,
            table_prefix=table_prefix,
            schema=schema,
            assignment_id_type=assignment_id_type,
            partitions=partitions,
        )
        repository._make_own(lock_timeout)
        return repository

    def _make_own(self, lock_timeout: timedelta) -> None:
        """Treat the engine as `own_engine` makes them."""
        self._transactions = OwnTransactions(self._engine, is_ours=True)
        self._lock_timeout = lock_timeout

    @property
    def engine(self) -> Engine:
        """Return the engine all statements run on."""
        return self._engine

    @property
    def metadata(self) -> MetaData:
        """Return the tables, for Alembic and for a host's own `create_all`."""
        return self._tables.metadata

    def create_schema(self) -> None:
        """
        Create what is missing of tables and indexes; again is harmless.

        Raises:
            StorageError: it is not allowed, or there are tables of another version.
        """
        read, write = self._transactions.read, self._transactions.write
        if read("create_schema", self._tables.fault) is None:
            return
        self._use_write_ahead_log()
        for _ in range(CREATE_TRIES):
            try:
                write("create_schema", self._tables.create, is_many=True)
                break
            except DuplicateRowError:
                pass
            except StorageError as error:
                if not self._is_for(error, self._transactions.flavour.is_there):
                    raise
            # Somebody else creates the same at this moment.
            pause(self._engine.dialect, CREATE_PAUSE)
        self.check_schema()

    def check_schema(self) -> None:
        """
        Compare the tables with what this version of the library needs.

        Raises:
            StorageError: saying what is missing or different, and what to do.
        """
        fault = self._transactions.read("check_schema", self._tables.fault)
        if fault is not None:
            raise StorageError("check_schema", fault)

    def joined_to(self, transaction: Any, /) -> JoinedSqlActionRepository:
        """
        Return this repository inside the caller's transaction.

        Args:
            transaction: a SQLAlchemy Connection or Session, of any engine of the same
                database.

        Raises:
            TypeError: it is neither.
            ValueError: it is in AUTOCOMMIT, so that there is nothing to join, or a
                session without a bind of its own.
            StorageError: the connection is closed or lost.
        """
        return _joined_to(self._statements, transaction)

    def close(self) -> None:
        """Close the engine if `from_url` made it; a host's stays open."""
        if self._lock_timeout is not None:
            self._engine.dispose()
            self._transactions.close()

    def _use_write_ahead_log(self) -> None:
        """Let readers of a file of ours read on while it is written."""
        if self._lock_timeout is None or self._engine.dialect.name != "sqlite":
            return
        end = time.monotonic() + self._lock_timeout.total_seconds()
        while True:
            try:
                self._transactions.read("create_schema", _write_ahead)
                break
            except StorageError as error:  # SQLite itself does not wait here
                if time.monotonic() > end or not self._is_for(
                    error, self._transactions.flavour.locked
                ):
                    raise
            pause(self._engine.dialect, WAL_PAUSE)

    def _is_for(self, error: StorageError, codes: Codes) -> bool:
        return self._transactions.flavour.code(error.__cause__) in codes


class JoinedSqlActionRepository(SqlErasingVerbs):
    """
    Keep actions inside a transaction that the host commits or rolls back.

    The outermost transaction decides. What is recorded inside a savepoint of the
    host's counts as undecided until that ends, also where the host has rolled the
    savepoint back.
    """

    _transactions: JoinedTransactions

    @property
    def is_open(self) -> bool:
        """Tell whether the host's transaction is still undecided."""
        return self._transactions.is_open

    def joined_to(self, transaction: Any, /) -> JoinedSqlActionRepository:
        """Return the repository inside another transaction."""
        return _joined_to(self._statements, transaction)

    def close(self) -> None:
        """Do nothing: the connection is the host's."""


def _joined_to(statements: Statements, transaction: Any) -> JoinedSqlActionRepository:
    """Share the statements, unless the host's driver speaks another SQL."""
    transactions = JoinedTransactions(transaction)
    if transactions.flavour is not statements.flavour:
        statements = Statements(statements.tables, transactions.flavour)
    return JoinedSqlActionRepository(statements, transactions)


def _write_ahead(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA journal_mode = WAL")


_own: type[ActionRepository] = SqlActionRepository
_joined: type[JoinedActionRepository] = JoinedSqlActionRepository
