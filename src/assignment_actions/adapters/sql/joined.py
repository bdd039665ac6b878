"""Where statements run; here: inside a transaction that the host ends."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import SQLAlchemyError, UnboundExecutionError
from sqlalchemy.orm import Session, scoped_session

from assignment_actions.adapters.sql.errors import translated
from assignment_actions.adapters.sql.flavour import Flavour
from assignment_actions.adapters.sql.flavours import flavour_of
from assignment_actions.adapters.sql.transactions import (
    Asking,
    T,
    Work,
    through_sqlalchemy,
)
from assignment_actions.domain.errors import AssignmentActionsError, StorageError

if TYPE_CHECKING:
    from sqlalchemy import RootTransaction

_LOST = "assignment_actions.lost"


class JoinedTransactions:
    """
    Run each work inside the transaction of somebody's connection or session.

    Nothing is committed, rolled back or tried again. Where a refused statement would
    spoil the host's transaction, and where several must be one, a savepoint stands
    around them.
    """

    is_joined: bool = True

    def __init__(self, transaction: Any) -> None:
        if not isinstance(transaction, (Connection, Session, scoped_session)):
            is_async = hasattr(transaction, "sync_session") or hasattr(
                transaction, "sync_connection"
            )
            raise TypeError(
                "transaction must be a SQLAlchemy Connection or Session,"
                f" got {transaction!r}"
                + ("; AsyncSqlActionRepository takes that" if is_async else "")
            )
        self._target = transaction
        self._root: RootTransaction | None = None
        self.flavour: Flavour = flavour_of(_dialect_of(transaction))
        if isinstance(transaction, Connection) and not _is_to_reconnect(transaction):
            try:
                is_found = self.flavour.is_set_to_autocommit(transaction)
            except Exception as error:
                raise self._translated("joined_to", error, transaction) from error
            _refuse_autocommit(is_found=is_found)

    @property
    def is_open(self) -> bool:
        """Tell whether the transaction last written in is still undecided."""
        root = self._root
        return root is not None and root.is_active and not root.connection.invalidated

    def ask(self, operation: str, work: Asking[T], /) -> T:
        """Run a question."""
        return self.read(operation, through_sqlalchemy(work))

    def change(self, operation: str, work: Asking[T], /) -> T:
        """Run one statement that changes something."""
        return self.write(operation, through_sqlalchemy(work))

    def read(self, operation: str, work: Work[T], /) -> T:
        """Run work that changes nothing."""
        connection, _ = self._enter(operation)
        return self._run(operation, work, connection, is_many=False)

    def write(self, operation: str, work: Work[T], /, *, is_many: bool = False) -> T:
        """Run work that changes something; the host decides what becomes of it."""
        connection, self._root = self._enter(operation)
        return self._run(operation, work, connection, is_many=is_many)

    def _run(
        self, operation: str, work: Work[T], connection: Connection, *, is_many: bool
    ) -> T:
        had_begun = self.flavour.has_begun(connection)
        try:
            if not (is_many or self.flavour.is_poisoned_by_errors):
                return work(connection)
            with self._savepoint(connection):
                return work(connection)
        except AssignmentActionsError:
            raise
        except Exception as error:
            ours = self._translated(operation, error, connection, had_begun=had_begun)
            raise ours from error

    def _enter(self, operation: str) -> tuple[Connection, RootTransaction]:
        """Return the host's connection and its transaction, begun here if need be."""
        target, connection = self._target, None
        try:
            connection = (
                target if isinstance(target, Connection) else target.connection()
            )
            root = connection.get_transaction() or connection.begin()
            is_autocommit = self.flavour.is_autocommit(connection)
            lost = connection.info.get(_LOST)
        except Exception as error:
            raise self._translated(operation, error, connection) from error
        _refuse_autocommit(is_found=is_autocommit)
        if lost is not None and lost() is root:
            said = "the host has not ended this transaction yet"
            raise StorageError(operation, said, transaction_lost=True)
        return connection, root

    def _translated(
        self,
        operation: str,
        error: Exception,
        connection: Connection | None,
        *,
        had_begun: bool = False,
    ) -> Exception:
        is_lost = connection is not None and self.flavour.has_ended_transaction(
            error, connection, had_begun=had_begun
        )
        if connection is not None and is_lost:
            self._root = None
            _remember_loss(connection)
        return translated(operation, self.flavour, error, is_lost=is_lost)

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


def _is_to_reconnect(connection: Connection) -> bool:
    """Tell whether it will connect anew when it begins, which is not done here."""
    return connection.invalidated and not connection.in_transaction()


def _remember_loss(connection: Connection) -> None:
    """Note what SQLAlchemy does not know: what came next would be committed alone."""
    root = None if connection.invalidated else connection.get_transaction()
    if root is not None:
        connection.info[_LOST] = weakref.ref(root)


def _dialect_of(transaction: Any) -> Dialect:
    if isinstance(transaction, Connection):
        return transaction.dialect
    try:
        return transaction.get_bind().dialect  # type: ignore[no-any-return]
    except UnboundExecutionError as error:
        raise ValueError(
            "transaction must be a session with a bind of its own (bind=engine):"
            f" {error}"
        ) from error


def _refuse_autocommit(*, is_found: bool) -> None:
    if is_found:
        raise ValueError(
            "transaction must not be on an AUTOCOMMIT connection: there is nothing"
            " to join; record without joined_to"
        )
