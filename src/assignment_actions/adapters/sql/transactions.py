"""Where statements run; here: in transactions of our own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from assignment_actions.adapters.sql.bulk import PLAIN_DRIVERS
from assignment_actions.adapters.sql.errors import translated
from assignment_actions.adapters.sql.flavour import Flavour, is_disconnect
from assignment_actions.adapters.sql.flavours import flavour_of
from assignment_actions.adapters.sql.kept_connections import KeptConnections
from assignment_actions.adapters.sql.pausing import pause
from assignment_actions.adapters.sql.running import Runner, SqlalchemyRunner
from assignment_actions.adapters.sql.watching import is_watched
from assignment_actions.domain.errors import AssignmentActionsError

T = TypeVar("T")
W = TypeVar("W")
Work = Callable[[Connection], T]
Asking = Callable[[Runner], T]

TRIES = 5
PAUSE = 0.02


class Transactions(Protocol):
    """Run work on a connection; whatever it raises arrives as StorageError."""

    flavour: Flavour
    is_joined: bool

    def ask(self, operation: str, work: Asking[T], /) -> T:
        """Run a question of one statement, or of several that need no one moment."""
        ...

    def change(self, operation: str, work: Asking[T], /) -> T:
        """
        Run one statement that changes something; errors as in `write`.

        It may run again after its connection was lost.
        """
        ...

    def read(self, operation: str, work: Work[T], /) -> T:
        """Run work that changes nothing, through SQLAlchemy."""
        ...

    def write(self, operation: str, work: Work[T], /, *, is_many: bool = False) -> T:
        """
        Run work that changes something through SQLAlchemy, all of it or nothing.

        Raises:
            DuplicateRowError: a unique index refused a row.
            StorageError: any other trouble.
        """
        ...


def through_sqlalchemy(work: Asking[T]) -> Work[T]:
    """Return work on a runner as work on a connection of SQLAlchemy's."""
    return lambda connection: work(SqlalchemyRunner(connection))


class OwnTransactions:
    """
    Run each work in a transaction of its own, on a connection of the engine's pool.

    `is_ours`: the engine is ours and known to be in autocommit, so that a single
    statement needs neither BEGIN nor COMMIT, and goes straight through the driver on a
    connection that is kept; unless a host watches what SQLAlchemy runs.

    Deadlocks, serialization failures and lost connections are tried again, five times
    in all, with pauses that grow and vary.
    """

    is_joined: bool = False

    def __init__(self, engine: Engine, *, is_ours: bool = False) -> None:
        self._engine = engine
        is_known = engine.dialect.driver in PLAIN_DRIVERS
        self._kept = KeptConnections(engine) if is_ours and is_known else None
        self._is_ours = is_ours
        self.flavour: Flavour = flavour_of(engine.dialect)

    def ask(self, operation: str, work: Asking[T], /) -> T:
        """Run a question; again where the connection was lost."""
        kept = self._kept
        if kept is None or is_watched(self._engine):
            return self.read(operation, through_sqlalchemy(work))
        return self._run(operation, kept.run, work)

    def change(self, operation: str, work: Asking[T], /) -> T:
        """Run one statement that changes something, and commit."""
        kept = self._kept
        if kept is None or is_watched(self._engine):
            return self.write(operation, through_sqlalchemy(work))
        return self._run(operation, kept.run, work)

    def read(self, operation: str, work: Work[T], /) -> T:
        """Run work that changes nothing; again where the connection was lost."""

        def once(work: Work[T]) -> T:
            with self._connect() as connection:
                return work(connection)

        return self._run(operation, once, work)

    def write(self, operation: str, work: Work[T], /, *, is_many: bool = False) -> T:
        """Run work that changes something, and commit."""

        def once(work: Work[T]) -> T:
            with self._committing(is_many=is_many) as connection:
                return work(connection)

        return self._run(operation, once, work)

    def close(self) -> None:
        """Give the connections back that were kept."""
        if self._kept is not None:
            self._kept.close()

    def _run(self, operation: str, once: Callable[[W], T], work: W) -> T:
        is_repeat = False
        for left in reversed(range(TRIES)):
            try:
                return once(work)
            except AssignmentActionsError:
                raise
            except Exception as error:
                ours = translated(operation, self.flavour, error, is_repeat=is_repeat)
                if not left or not self.flavour.is_retryable(error):
                    raise ours from error
                is_repeat |= is_disconnect(error)
            seconds = PAUSE * 2 ** (TRIES - left) * random.random()  # noqa: S311
            pause(self._engine.dialect, seconds)
        raise AssertionError  # the last try has returned or raised

    def _connect(self) -> Connection:
        return self._engine.connect() if self._kept is None else self._kept.connect()

    @contextmanager
    def _committing(self, *, is_many: bool) -> Iterator[Connection]:
        with self._connect() as connection:
            if self._is_ours and not is_many:
                yield connection
                return
            with connection.begin():
                if not self.flavour.is_autocommit(connection):
                    yield connection
                    return
                with _explicit_transaction(connection, self.flavour):
                    yield connection


@contextmanager
def _explicit_transaction(connection: Connection, flavour: Flavour) -> Iterator[None]:
    """Begin and commit on a connection in autocommit, which SQLAlchemy leaves alone."""
    try:
        connection.exec_driver_sql(flavour.begin)
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        try:
            flavour.roll_back(connection)
        except BaseException as error:
            connection.invalidate()  # nobody may inherit its transaction
            if not isinstance(error, Exception):
                raise
        raise
