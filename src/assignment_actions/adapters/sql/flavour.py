"""What differs by database: how values are kept, what errors mean, a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Select,
    String,
    Table,
    bindparam,
    func,
    literal_column,
)
from sqlalchemy.exc import DBAPIError

from assignment_actions.adapters.sql.bulk import BulkRows, execute_many
from assignment_actions.adapters.sql.facts import Facts
from assignment_actions.domain.ids import uuid_of

if TYPE_CHECKING:
    from assignment_actions.adapters.sql.running import Rows, Runner

Codes = frozenset[int | str]
"""Error codes of a driver, whatever their type."""

TEXTS_KEPT = 64
"""So many of a flavour's own statements are kept, by table and number of ids."""

SUCCEEDED: ColumnElement[str] = literal_column("'succeeded'")
FAILED: ColumnElement[str] = literal_column("'failed'")

SUCCESS = (
    *("assignment_id", "id", "action_type", "created_at", "completed_at"),
    *("unknown_at", "overdue_at", "idempotency_key", "attempt", "actor", "details"),
)
"""What a list loads of a success, whose status is known."""

Identity = tuple[Any, Any]
"""The primary key of a row, (assignment_id, id), as it is stored."""


class Flavour:
    """Be one database: how it keeps values, and what its errors mean."""

    begin: ClassVar[str] = "BEGIN"
    is_poisoned_by_errors: ClassVar[bool] = False
    """Whether a refused statement spoils the transaction around it."""
    needs_locking_read: ClassVar[bool] = False
    """Whether a snapshot hides rows that an insert collides with."""
    cursor_options: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What a cursor of our own engine's driver is made with."""

    def put_uuid(self, value: UUID) -> Any:
        """Return the stored form of a UUID."""
        return value.bytes

    def get_uuid(self, value: Any) -> UUID:
        """Return the UUID of a stored form."""
        return uuid_of(int.from_bytes(value, "big"))

    def put_time(self, value: datetime) -> Any:
        """Return the stored form of an aware UTC time."""
        raise NotImplementedError

    def get_time(self, value: Any) -> datetime:
        """Return the aware UTC time of a stored form."""
        raise NotImplementedError

    def day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the expression of a time's UTC day."""
        raise NotImplementedError

    def get_day(self, value: Any) -> str:
        """Return the ISO form of what `day` yields."""
        return str(value)

    def unindexed(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a column so that no index on it distracts from a better one."""
        return column

    def latest_of_many(
        self,
        runner: Runner,
        table: Table,
        kind: type,
        ids: Sequence[Any],
        action_type: str | None,
    ) -> Rows:
        """Return the `SUCCESS` of the latest success of each id that has one."""
        raise NotImplementedError

    def timelines(self, table: Table, in_order: Select[Any]) -> Select[Any]:
        """Return what a statement selects in order, for each of the `ids`."""
        c = table.c
        is_wanted = c.assignment_id.in_(bindparam("ids", expanding=True))
        every = in_order.where(is_wanted).order_by(None)
        return every.order_by(c.assignment_id, c.created_at, c.id)

    def insert_many(
        self,
        connection: Connection,
        statement: Insert,
        rows: BulkRows,
        count: int,  # noqa: ARG002  # PostgreSQL has two ways
    ) -> None:
        """Insert so many rows in the driver's best way."""
        execute_many(connection, statement, rows)

    def hexadecimal(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """Return bytes as lower case hexadecimal digits."""
        return func.lower(func.hex(column, type_=String))

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        """Tell where a text stands in a column, by code point."""
        return func.instr(column, text) > literal_column("0")

    def change_each(
        self,
        connection: Connection,
        table: Table,
        kind: type,
        identities: Sequence[Identity],
        facts: Facts | None,
        status: str | None,
    ) -> int:
        """
        Leave the facts of these rows, or nothing; return how many changed.

        They are locked in the order given, so that two such runs cannot deadlock. With
        a status only those that are in it.
        """
        raise NotImplementedError

    # -- errors ------------------------------------------------------------------------

    def code(self, error: BaseException | None) -> int | str | None:
        """Return the driver's code of an error, None where it has none."""
        raise NotImplementedError

    duplicate: ClassVar[Codes] = frozenset()
    retryable: ClassVar[Codes] = frozenset()
    stale: ClassVar[Codes] = frozenset()
    """What a connection says that knows tables as they were."""
    locked: ClassVar[Codes] = frozenset()
    no_table: ClassVar[Codes] = frozenset()
    is_there: ClassVar[Codes] = frozenset()
    """What creating says of a thing that somebody else has just created."""
    ends_transaction: ClassVar[Codes] = frozenset()

    def is_duplicate(self, error: BaseException) -> bool:
        """Tell whether a unique index refused a row."""
        return self.code(error) in self.duplicate

    def is_retryable(self, error: BaseException) -> bool:
        """Tell whether the same statement may succeed when it is tried again."""
        return is_disconnect(error) or self.code(error) in self.retryable

    def has_begun(self, connection: Connection) -> bool:  # noqa: ARG002
        """Tell whether the engine is in a transaction, as far as the driver says."""
        return True

    def has_ended_transaction(
        self, error: BaseException, connection: Connection, *, had_begun: bool
    ) -> bool:
        """Tell whether the engine rolled back the whole transaction it was in."""
        return (
            is_disconnect(error)
            or connection.invalidated
            or self.code(error) in self.ends_transaction
            or (had_begun and not self.has_begun(connection))
        )

    def roll_back(self, connection: Connection) -> None:
        """End by ROLLBACK what `begin` began, if it did."""
        connection.exec_driver_sql("ROLLBACK")

    def is_autocommit(self, connection: Connection) -> bool:
        """Tell whether each statement commits by itself on this connection."""
        raw = connection.connection.dbapi_connection
        return connection.dialect.detect_autocommit_setting(raw)  # type: ignore[arg-type]

    def is_set_to_autocommit(self, connection: Connection) -> bool:
        """Tell the same of a connection on which nothing has begun."""
        return self.is_autocommit(connection)

    def before_savepoint(self, connection: Connection) -> None:
        """Do what must come before a transaction's first SAVEPOINT."""


def is_disconnect(error: BaseException) -> bool:
    """Tell whether the connection was lost, so that the statement's fate is unknown."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def name_of(connection: Connection, table: Table) -> str:
    """Return a table's quoted name where this connection keeps its schema."""
    return quoted(connection.dialect, connection.schema_for_object(table), table)


def quoted(dialect: Dialect, schema: str | None, table: Table) -> str:
    """Return a table's name as it stands in a statement."""
    preparer = dialect.identifier_preparer
    name = preparer.quote(table.name)
    return name if schema is None else f"{preparer.quote_schema(schema)}.{name}"


def whole(table: Table) -> list[Column[Any]]:
    """Return the columns that an action is made of, its stacktrace the last."""
    return [column for column in table.c if column.name != "key_digest"]


def listed(table: Table) -> list[Column[Any]]:
    """Return the columns that a list loads."""
    return whole(table)[:-1]


def of_success(table: Table) -> list[Column[Any]]:
    """Return the columns that a list loads of a success: it has no failure."""
    return [table.c[name] for name in SUCCESS]


def columns_of_success() -> str:
    """Return the same of a table that is called `action` in the statement."""
    return ", ".join(f"action.{name}" for name in SUCCESS)
