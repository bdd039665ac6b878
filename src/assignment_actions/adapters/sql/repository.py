"""SqlActionRepository: the domain's verbs as statements; it decides nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Self
from uuid import UUID

from sqlalchemy import URL, Connection, Engine, MetaData
from sqlalchemy.exc import SQLAlchemyError

from assignment_actions.adapters.sql.engines import own_engine, require_own_connections
from assignment_actions.adapters.sql.mapping import Mapper
from assignment_actions.adapters.sql.schema import Tables
from assignment_actions.adapters.sql.statements import Statements
from assignment_actions.adapters.sql.transactions import (
    DuplicateRowError,
    JoinedTransactions,
    OwnTransactions,
    Transactions,
    storage_error,
)
from assignment_actions.domain.action import Action
from assignment_actions.domain.errors import DuplicateActionError, StorageError
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension
from assignment_actions.domain.ports import ActionRepository, JoinedActionRepository
from assignment_actions.domain.rules import first_duplicate
from assignment_actions.domain.timeline import Timeline
from assignment_actions.domain.values import AssignmentId, require_kind

LOCK_TIMEOUT = timedelta(seconds=5)
POOL_SIZE = 5
IDS_PER_STATEMENT = 10_000
HOLDERS_PER_STATEMENT = 200
CREATE_TRIES, CREATE_PAUSE = 5, 0.1


class _SqlVerbs:
    """The verbs of the port, in whatever transactions they are given."""

    def __init__(self, tables: Tables, transactions: Transactions) -> None:
        self._tables = tables
        self._transactions = transactions
        flavour = transactions.flavour
        self._mapper = Mapper(flavour, tables.kind)
        self._statements = Statements(tables.actions, flavour, self._mapper)

    # -- writing -----------------------------------------------------------------------

    def add(self, /, *actions: Action) -> None:
        """Store new actions, all or nothing: one statement, one transaction."""
        if not actions:
            return
        require_kind(self._tables.kind, (action.assignment_id for action in actions))
        rows = [self._mapper.row_of(action) for action in actions]
        parameters: Any = rows if len(rows) > 1 else rows[0]
        try:
            self._transactions.write(
                "add",
                lambda connection: connection.execute(
                    self._statements.insert, parameters
                ),
                is_many=len(rows) > 1,
            )
        except DuplicateRowError as error:
            self._refuse(actions, is_repeat=error.is_repeat)

    def complete(self, action: Action, /) -> bool:
        """Store an outcome by one conditional write, no read before it."""
        if not action.status.replaces:
            raise ValueError("status must be an outcome, got in_progress")
        require_kind(self._tables.kind, [action.assignment_id])
        statement = self._statements.complete(action.status)
        parameters = self._mapper.completion_of(action)
        tries: list[None] = []

        def work(connection: Connection) -> bool:
            tries.append(None)
            return connection.execute(statement, parameters).rowcount == 1

        if self._transactions.write("complete", work):
            return True
        if len(tries) == 1:
            return False
        # A try before this one lost its connection: it may have done the work.
        stored = self.get(action.id)
        return stored is not None and stored.is_same_outcome(action)

    def _refuse(self, actions: Sequence[Action], *, is_repeat: bool) -> None:
        """Say which action is stored already, unless our own lost try stored all."""
        stored = {claim: one for one in self._holders(actions) for claim in one.claims}
        if is_repeat and all(stored.get(one.claims[0]) == one for one in actions):
            return
        found = first_duplicate(actions, stored.get)
        taken, refused = (None, actions[0]) if found is None else found
        raise DuplicateActionError(taken, refused)

    def _holders(self, actions: Sequence[Action]) -> list[Action]:
        own = self._transactions
        is_locking = own.is_joined and own.flavour.needs_locking_read

        def work(connection: Connection) -> list[Action]:
            return [
                self._mapper.action_of(row)
                for chunk in _chunks(actions, HOLDERS_PER_STATEMENT)
                for row in connection.execute(
                    self._statements.holders(chunk, is_locking=is_locking)
                )
            ]

        return own.read("add", work)

    # -- reading -----------------------------------------------------------------------

    def get(self, action_id: UUID, /) -> Action | None:
        """Return the whole action, None where there is none: one query."""
        parameters = {"id": self._transactions.flavour.put_uuid(action_id)}
        row = self._transactions.read(
            "get",
            lambda connection: connection.execute(
                self._statements.get, parameters
            ).first(),
        )
        return None if row is None else self._mapper.action_of(row)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return a timeline for every id: one query per 10 000 ids."""
        statement = self._statements.timelines(has_types=types is not None)
        more = {} if types is None else {"types": [str(one) for one in types]}

        def work(connection: Connection) -> list[Action]:
            return [
                self._mapper.action_of(row)
                for chunk in self._stored_ids(assignment_ids)
                for row in connection.execute(statement, {"ids": chunk, **more})
            ]

        found = self._transactions.read("timelines", work)
        by_id = {
            key: Timeline.in_order(actions)
            for key, actions in groupby(found, key=attrgetter("assignment_id"))
        }
        return {one: by_id.get(one) or Timeline() for one in assignment_ids}

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one: one query per 10 000."""

        def work(connection: Connection) -> list[Action]:
            return [
                self._mapper.action_of(row)
                for chunk in self._stored_ids(assignment_ids)
                for row in self._latest(connection, chunk, action_type)
            ]

        found = {
            action.assignment_id: action
            for action in self._transactions.read("latest_successes", work)
        }
        return {one: found[one] for one in assignment_ids if one in found}

    def _latest(
        self, connection: Connection, ids: Sequence[Any], action_type: str | None
    ) -> Sequence[Sequence[Any]]:
        if len(ids) > 1:
            return self._transactions.flavour.latest_of_many(
                connection, self._tables.actions, self._tables.kind, ids, action_type
            )
        statement = self._statements.latest(has_type=action_type is not None)
        parameters = {"id": ids[0]}
        if action_type is not None:
            parameters["action_type"] = str(action_type)
        return connection.execute(statement, parameters).all()

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match, newest first."""
        if after is not None:
            require_kind(self._tables.kind, [after.assignment_id])

        def work(connection: Connection) -> list[Action]:
            return [
                self._mapper.action_of(row)
                for chunk in self._filtered_ids(action_filter)
                for row in connection.execute(
                    self._statements.find(action_filter, chunk, limit, after)
                )
            ]

        found = self._transactions.read("find", work)
        if len(found) > limit:  # several chunks of ids: the newest of all of them
            found = sorted(found, key=Cursor.of, reverse=True)[:limit]
        return found

    def count(self, action_filter: ActionFilter, /) -> int:
        """Return how many actions match."""

        def work(connection: Connection) -> int:
            counts = (
                connection.execute(self._statements.count(action_filter, chunk))
                for chunk in self._filtered_ids(action_filter)
            )
            return sum(int(count.scalar_one()) for count in counts)

        return self._transactions.read("count", work)

    def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        """Return how many actions match, by one dimension."""
        get_day = self._transactions.flavour.get_day

        def work(connection: Connection) -> Counter[str]:
            counts: Counter[str] = Counter()
            for chunk in self._filtered_ids(action_filter):
                statement = self._statements.count_by(action_filter, chunk, dimension)
                for value, count in connection.execute(statement):
                    counts[get_day(value) if dimension == "day" else value] += count
            return counts

        return self._transactions.read("count_by", work)

    # -- behind ------------------------------------------------------------------------

    def _stored_ids(
        self, assignment_ids: Collection[AssignmentId]
    ) -> Iterator[list[Any]]:
        require_kind(self._tables.kind, assignment_ids)
        put = self._mapper.put_id
        unique = dict.fromkeys(assignment_ids)
        return _chunks([put(one) for one in unique], IDS_PER_STATEMENT)

    def _filtered_ids(self, action_filter: ActionFilter) -> Iterable[list[Any] | None]:
        wanted = action_filter.assignment_ids
        return [None] if wanted is None else self._stored_ids(wanted)


class SqlActionRepository(_SqlVerbs):
    """
    Keep actions in SQLite, PostgreSQL, MariaDB or MySQL.

    Each call is a transaction of its own on a connection of its own: what it recorded
    survives the host's rollback. `joined_to` records inside the host's transaction.

    Args:
        engine: a host's SQLAlchemy engine, taken as it is; its pool must have room for
            one more connection per thread. `from_url` makes one of our own.
        table_prefix: at most 20 of a-z, 0-9 and _.
        schema: the schema (PostgreSQL) or database (MariaDB) of the tables.
        assignment_id_type: UUID, int or str.

    Raises:
        ValueError: the engine shares its connections with the host (StaticPool).
    """

    def __init__(
        self,
        engine: Engine,
        *,
        table_prefix: str = "",
        schema: str | None = None,
        assignment_id_type: type[UUID | int | str] = UUID,
    ) -> None:
        require_own_connections(engine)
        tables = Tables.of(table_prefix, schema, assignment_id_type)
        super().__init__(tables, OwnTransactions(engine))
        self._engine = engine
        self._is_own_engine = False

    @classmethod
    def from_url(
        cls,
        url: str | URL,
        *,
        table_prefix: str = "",
        schema: str | None = None,
        assignment_id_type: type[UUID | int | str] = UUID,
        lock_timeout: timedelta = LOCK_TIMEOUT,
        pool_size: int = POOL_SIZE,
    ) -> Self:
        """
        Return a repository on a tuned engine of its own.

        Args:
            url: sqlite://, postgresql://, mysql:// or mariadb://, as SQLAlchemy takes
                it. "sqlite://" is a database in memory, shared by all threads.
            table_prefix: as for the class.
            schema: as for the class.
            assignment_id_type: as for the class.
            lock_timeout: how long a write waits for a lock; whole seconds on MariaDB.
            pool_size: how many connections stay open.

        Raises:
            ImportError: the driver is missing; the message names the extra.
        """
        engine = own_engine(url, lock_timeout=lock_timeout, pool_size=pool_size)
        repository = cls(
            engine,
            table_prefix=table_prefix,
            schema=schema,
            assignment_id_type=assignment_id_type,
        )
        repository._is_own_engine = True
        repository._transactions = OwnTransactions(engine, commits_itself=True)
        return repository

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
        for left in reversed(range(CREATE_TRIES)):
            try:
                self._with_schema("create_schema", Tables.create)
                break
            except StorageError:  # somebody else may create the same at this moment
                if not left:
                    raise
                time.sleep(CREATE_PAUSE)
        self.check_schema()

    def check_schema(self) -> None:
        """
        Compare the tables with what this version of the library needs; two queries.

        Raises:
            StorageError: saying what is missing or different.
        """
        self._with_schema("check_schema", Tables.check)

    def joined_to(self, transaction: Any, /) -> JoinedSqlActionRepository:
        """
        Return this repository inside the caller's transaction.

        Args:
            transaction: a SQLAlchemy Connection or Session, of any engine of the same
                database.

        Raises:
            TypeError: it is neither.
            ValueError: it is in AUTOCOMMIT, so that there is nothing to join.
        """
        return JoinedSqlActionRepository(self._tables, JoinedTransactions(transaction))

    def close(self) -> None:
        """Close the engine if `from_url` made it; a host's stays open."""
        if self._is_own_engine:
            self._engine.dispose()

    def _with_schema(self, operation: str, work: Any) -> None:
        try:
            with self._engine.begin() as connection:
                work(self._tables, connection)
        except SQLAlchemyError as error:
            raise storage_error(operation, self._transactions.flavour, error) from error


class JoinedSqlActionRepository(_SqlVerbs):
    """Keep actions inside a transaction that the host commits or rolls back."""

    _transactions: JoinedTransactions

    @property
    def is_open(self) -> bool:
        """Tell whether the host's transaction is still undecided."""
        return self._transactions.is_open

    def joined_to(self, transaction: Any, /) -> JoinedSqlActionRepository:
        """Return the repository inside another transaction."""
        return JoinedSqlActionRepository(self._tables, JoinedTransactions(transaction))

    def close(self) -> None:
        """Do nothing: the connection is the host's."""


def _chunks(values: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


_own: type[ActionRepository] = SqlActionRepository
_joined: type[JoinedActionRepository] = JoinedSqlActionRepository
