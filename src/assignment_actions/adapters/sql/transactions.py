"""Where statements run; here: in transactions of our own."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from assignment_actions.adapters.sql.errors import translated
from assignment_actions.adapters.sql.flavour import Flavour, is_disconnect
from assignment_actions.adapters.sql.flavours import flavour_of
from assignment_actions.domain.errors import AssignmentActionsError

T = TypeVar("T")
Work = Callable[[Connection], T]

TRIES = 5
PAUSE = 0.02


class Transactions(Protocol):
    """Run work on a connection; whatever it raises arrives as StorageError."""

    flavour: Flavour
    is_joined: bool

    def read(self, operation: str, work: Work[T], /) -> T:
        """Run work that changes nothing."""
        ...

    def write(self, operation: str, work: Work[T], /, *, is_many: bool = False) -> T:
        """
        Run work that changes something, all of it or nothing.

        Raises:
            DuplicateRowError: a unique index refused a row.
            StorageError: any other trouble.
        """
        ...


class OwnTransactions:
    """
    Run each work in a transaction of its own, on a connection of the engine's pool.

    `commits_itself`: the engine is ours and known to be in autocommit, so that a single
    statement needs neither BEGIN nor COMMIT.

    Deadlocks, serialization failures and lost connections are tried again, five times
    in all, with pauses that grow and vary.
    """

    is_joined: bool = False

    def __init__(self, engine: Engine, *, commits_itself: bool = False) -> None:
        self._engine = engine
        self._commits_itself = commits_itself
        self.flavour: Flavour = flavour_of(engine.dialect)

    def read(self, operation: str, work: Work[T], /) -> T:
        """Run work that changes nothing; again where the connection was lost."""
        return self._run(operation, work, self._engine.connect)

    def write(self, operation: str, work: Work[T], /, *, is_many: bool = False) -> T:
        """Run work that changes something, and commit."""
        return self._run(operation, work, lambda: self._committing(is_many=is_many))

    def _run(self, operation: str, work: Work[T], scope: Callable[[], Any]) -> T:
        is_repeat = False
        for left in reversed(range(TRIES)):
            try:
                with scope() as connection:
                    return work(connection)
            except AssignmentActionsError:
                raise
            except Exception as error:
                ours = translated(operation, self.flavour, error, is_repeat=is_repeat)
                if not left or not self.flavour.is_retryable(error):
                    raise ours from error
                is_repeat |= is_disconnect(error)
            time.sleep(PAUSE * 2 ** (TRIES - left) * random.random())  # noqa: S311
        raise AssertionError  # the last try has returned or raised

    @contextmanager
    def _committing(self, *, is_many: bool) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            if self._commits_itself and not is_many:
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
