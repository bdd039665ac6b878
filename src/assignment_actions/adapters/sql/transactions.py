"""Where statements run: in transactions of our own, or inside the host's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session

from assignment_actions.adapters.sql.flavours import (
    Flavour,
    flavour_of,
    is_disconnect,
)
from assignment_actions.domain.errors import StorageError

if TYPE_CHECKING:
    from sqlalchemy import RootTransaction

T = TypeVar("T")
Work = Callable[[Connection], T]

TRIES = 5
PAUSE = 0.02


class DuplicateRowError(Exception):
    """Say that a unique index refused a row; `is_repeat` that it may be our own."""

    def __init__(self, *, is_repeat: bool) -> None:
        super().__init__()
        self.is_repeat = is_repeat


class Transactions(Protocol):
    """Run work on a connection; what a driver raises arrives as StorageError."""

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

    is_joined = False

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
            except SQLAlchemyError as error:
                if self.flavour.is_duplicate(error):
                    raise DuplicateRowError(is_repeat=is_repeat) from error
                if not left or not self.flavour.is_retryable(error):
                    raise storage_error(operation, self.flavour, error) from error
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
    connection.exec_driver_sql(flavour.begin)
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        try:
            connection.exec_driver_sql("ROLLBACK")
        except SQLAlchemyError:
            connection.invalidate()  # nobody may inherit its transaction
        raise


class JoinedTransactions:
    """
    Run each work inside the transaction of somebody's connection or session.

    Nothing is committed, rolled back or tried again. Where a refused statement would
    spoil the host's transaction, and where several must be one, a savepoint stands
    around them.
    """

    is_joined = True

    def __init__(self, transaction: Any) -> None:
        if not isinstance(transaction, (Connection, Session, scoped_session)):
            raise TypeError(
                "transaction must be a SQLAlchemy Connection or Session,"
                f" got {transaction!r}"
            )
        self._target = transaction
        self._root: RootTransaction | None = None
        dialect = (
            transaction.dialect
            if isinstance(transaction, Connection)
            else transaction.get_bind().dialect
        )
        self.flavour: Flavour = flavour_of(dialect)
        if isinstance(transaction, Connection):
            _refuse_autocommit(is_found=self.flavour.is_set_to_autocommit(transaction))

    @property
    def is_open(self) -> bool:
        """Tell whether the transaction last written in is still undecided."""
        return self._root is not None and self._root.is_active

    def read(self, operation: str, work: Work[T], /) -> T:
        """Run work that changes nothing."""
        return self._run(operation, work, is_many=False)

    def write(self, operation: str, work: Work[T], /, *, is_many: bool = False) -> T:
        """Run work that changes something; the host decides what becomes of it."""
        return self._run(operation, work, is_many=is_many)

    def _run(self, operation: str, work: Work[T], *, is_many: bool) -> T:
        connection = self._connection(operation)
        try:
            if not (is_many or self.flavour.is_poisoned_by_errors):
                return work(connection)
            with self._savepoint(connection):
                return work(connection)
        except SQLAlchemyError as error:
            if self.flavour.is_duplicate(error):
                raise DuplicateRowError(is_repeat=False) from error
            is_lost = self.flavour.has_ended_transaction(error, connection)
            raise storage_error(
                operation, self.flavour, error, is_lost=is_lost
            ) from error

    def _connection(self, operation: str) -> Connection:
        target = self._target
        try:
            if isinstance(target, Connection):
                connection = target
            else:
                connection = target.connection()
            self._root = connection.get_transaction() or connection.begin()
        except SQLAlchemyError as error:
            raise storage_error(operation, self.flavour, error) from error
        _refuse_autocommit(is_found=self.flavour.is_autocommit(connection))
        return connection

    @contextmanager
    def _savepoint(self, connection: Connection) -> Iterator[None]:
        self.flavour.before_savepoint(connection)
        savepoint = connection.begin_nested()
        try:
            yield
            savepoint.commit()
        except BaseException:
            with suppress(SQLAlchemyError):  # the engine may have rolled back all of it
                savepoint.rollback()
            raise


def _refuse_autocommit(*, is_found: bool) -> None:
    if is_found:
        raise ValueError(
            "transaction must not be on an AUTOCOMMIT connection: there is nothing"
            " to join; record without joined_to"
        )


def storage_error(
    operation: str, flavour: Flavour, error: SQLAlchemyError, *, is_lost: bool = False
) -> StorageError:
    """Return our error for SQLAlchemy's, with what to do about the common ones."""
    origin = getattr(error, "orig", None) or error
    said = (str(origin).strip() or type(origin).__name__).splitlines()[0]
    code = flavour.code(error)
    if code in flavour.locked:
        said += (
            "; another transaction holds the lock: if it is this host's own,"
            " record in it with joined_to(connection)"
        )
    elif code in flavour.no_table or said.startswith("no such table"):
        said += "; call create_schema()"
    return StorageError(operation, f"{type(origin).__name__}: {said}", is_lost)
