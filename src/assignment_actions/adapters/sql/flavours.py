"""What differs by database: how values are kept, what errors mean, a few statements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
_UNIX_DAY = date(1970, 1, 1).toordinal()

Codes = frozenset[int | str]
"""Error codes of a driver, whatever their type."""

SUCCEEDED: ColumnElement[str] = literal_column("'succeeded'")


class Flavour:
    """Be one database: how it keeps values, and what its errors mean."""

    begin: ClassVar[str] = "BEGIN"
    is_poisoned_by_errors: ClassVar[bool] = False
    """Whether a refused statement spoils the transaction around it."""
    needs_locking_read: ClassVar[bool] = False
    """Whether a snapshot hides rows that an insert collides with."""

    def put_uuid(self, value: UUID) -> Any:
        """Return the stored form of a UUID."""
        return value.bytes

    def get_uuid(self, value: Any) -> UUID:
        """Return the UUID of a stored form."""
        return UUID(bytes=value)

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

    def latest_of_many(
        self,
        connection: Connection,
        table: Table,
        kind: type,
        ids: Sequence[Any],
        action_type: str | None,
    ) -> Sequence[Sequence[Any]]:
        """Return the list row of the latest success of each id that has one."""
        raise NotImplementedError

    # -- errors ------------------------------------------------------------------------

    def code(self, error: SQLAlchemyError) -> int | str | None:
        """Return the driver's code of an error, None where it has none."""
        raise NotImplementedError

    duplicate: ClassVar[Codes] = frozenset()
    retryable: ClassVar[Codes] = frozenset()
    locked: ClassVar[Codes] = frozenset()
    no_table: ClassVar[Codes] = frozenset()
    ends_transaction: ClassVar[Codes] = frozenset()

    def is_duplicate(self, error: SQLAlchemyError) -> bool:
        """Tell whether a unique index refused a row."""
        return self.code(error) in self.duplicate

    def is_retryable(self, error: SQLAlchemyError) -> bool:
        """Tell whether the same statement may succeed when it is tried again."""
        return is_disconnect(error) or self.code(error) in self.retryable

    def has_ended_transaction(
        self, error: SQLAlchemyError, connection: Connection
    ) -> bool:
        """Tell whether the engine rolled the whole transaction back."""
        return (
            is_disconnect(error)
            or connection.invalidated
            or self.code(error) in self.ends_transaction
        )

    def is_autocommit(self, connection: Connection) -> bool:
        """Tell whether each statement commits by itself on this connection."""
        raw = connection.connection.dbapi_connection
        return connection.dialect.detect_autocommit_setting(raw)  # type: ignore[arg-type]

    def is_set_to_autocommit(self, connection: Connection) -> bool:
        """Tell the same of a connection on which nothing has begun."""
        return self.is_autocommit(connection)

    def before_savepoint(self, connection: Connection) -> None:
        """Do what must come before a transaction's first SAVEPOINT."""


def is_disconnect(error: SQLAlchemyError) -> bool:
    """Tell whether the connection was lost, so that the statement's fate is unknown."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


class Sqlite(Flavour):
    """SQLite: UUIDs as 16 bytes, times as microseconds since 1970."""

    begin: ClassVar[str] = "BEGIN IMMEDIATE"
    duplicate: ClassVar[Codes] = frozenset(
        {1555, 2067}
    )  # SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE
    retryable: ClassVar[Codes] = frozenset({517})  # SQLITE_BUSY_SNAPSHOT
    locked: ClassVar[Codes] = frozenset({5, 6})  # SQLITE_BUSY, SQLITE_LOCKED

    def put_time(self, value: datetime) -> int:
        """Return microseconds since 1970."""
        return (value - _EPOCH) // _MICROSECOND

    def get_time(self, value: Any) -> datetime:
        """Return the time of microseconds since 1970."""
        return _EPOCH + timedelta(microseconds=value)

    def day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return whole days since 1970; SQLite's division rounds towards zero."""
        into_day = (column % _literal(_DAY) + _literal(_DAY)) % _literal(_DAY)
        return (column - into_day) // _literal(_DAY)

    def get_day(self, value: Any) -> str:
        """Return the ISO form of days since 1970."""
        return date.fromordinal(_UNIX_DAY + int(value)).isoformat()

    def latest_of_many(
        self,
        connection: Connection,
        table: Table,
        kind: type,  # noqa: ARG002
        ids: Sequence[Any],
        action_type: str | None,
    ) -> Sequence[Sequence[Any]]:
        """Look each id of a VALUES list up by a correlated subquery."""
        typed = "" if action_type is None else " AND one.action_type = ?"
        name = connection.dialect.identifier_preparer.format_table(table)
        statement = (
            f"WITH wanted (id) AS (VALUES {', '.join(['(?)'] * len(ids))})"  # noqa: S608
            f" SELECT {_columns(table)} FROM wanted CROSS JOIN {name} AS action"
            " WHERE action.rowid ="
            f" (SELECT one.rowid FROM {name} AS one WHERE one.assignment_id = wanted.id"
            f" AND one.status = 'succeeded'{typed} ORDER BY one.completed_at DESC,"
            " one.created_at DESC, one.id DESC LIMIT 1)"
        )
        more = () if action_type is None else (str(action_type),)
        return connection.exec_driver_sql(statement, (*ids, *more)).all()

    def code(self, error: SQLAlchemyError) -> int | str | None:
        """Return SQLite's extended result code."""
        return getattr(getattr(error, "orig", None), "sqlite_errorcode", None)

    def has_ended_transaction(
        self, error: SQLAlchemyError, connection: Connection
    ) -> bool:
        """Tell whether SQLite rolled back by itself, as it may when a disk is full."""
        return super().has_ended_transaction(error, connection) or not _in_transaction(
            connection
        )

    def is_autocommit(self, connection: Connection) -> bool:
        """Tell whether the driver is in autocommit and nobody has said BEGIN."""
        return super().is_autocommit(connection) and not _in_transaction(connection)

    def is_set_to_autocommit(self, connection: Connection) -> bool:
        """Tell by SQLAlchemy's setting: hosts may say BEGIN by themselves, later."""
        options = connection.get_execution_options()
        return options.get("isolation_level") == "AUTOCOMMIT"

    def before_savepoint(self, connection: Connection) -> None:
        """Begin: RELEASE of a savepoint that began the transaction would commit."""
        if not _in_transaction(connection):
            connection.exec_driver_sql("BEGIN")


class Postgresql(Flavour):
    """PostgreSQL: native UUIDs and time stamps with time zone."""

    is_poisoned_by_errors: ClassVar[bool] = True
    duplicate: ClassVar[Codes] = frozenset({"23505"})
    retryable: ClassVar[Codes] = frozenset({"40001", "40P01"})
    locked: ClassVar[Codes] = frozenset({"55P03"})
    no_table: ClassVar[Codes] = frozenset({"42P01", "3F000"})

    def put_uuid(self, value: UUID) -> UUID:
        """Return the UUID: the driver takes it."""
        return value

    def get_uuid(self, value: Any) -> UUID:
        """Return the UUID: the driver makes it."""
        return value  # type: ignore[no-any-return]

    def put_time(self, value: datetime) -> datetime:
        """Return the time: the driver takes it."""
        return value

    def get_time(self, value: Any) -> datetime:
        """Return the time in UTC, whatever the session's zone is."""
        return value.astimezone(UTC)  # type: ignore[no-any-return]

    def day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the ISO form of a time's UTC day."""
        return func.to_char(
            func.timezone(literal_column("'UTC'"), column),
            literal_column("'YYYY-MM-DD'"),
        )

    def latest_of_many(
        self,
        connection: Connection,
        table: Table,
        kind: type,  # noqa: ARG002
        ids: Sequence[Any],
        action_type: str | None,
    ) -> Sequence[Sequence[Any]]:
        """Look each id of one array up by a lateral subquery."""
        array = postgresql.ARRAY(table.c.assignment_id.type)
        ids_given = func.unnest(bindparam("ids", type_=array)).table_valued("id")
        wanted = ids_given.render_derived(name="wanted")
        columns = [column for column in table.c if column.name != "stacktrace"]
        latest = (
            select(*columns)
            .where(table.c.assignment_id == wanted.c.id, table.c.status == SUCCEEDED)
            .order_by(
                table.c.completed_at.desc(),
                table.c.created_at.desc(),
                table.c.id.desc(),
            )
            .limit(literal_column("1"))
        )
        if action_type is not None:
            latest = latest.where(table.c.action_type == str(action_type))
        rows = latest.lateral("latest")
        statement = select(*rows.c).select_from(wanted.join(rows, true()))
        return connection.execute(statement, {"ids": list(ids)}).all()

    def code(self, error: SQLAlchemyError) -> int | str | None:
        """Return the SQLSTATE."""
        return getattr(getattr(error, "orig", None), "sqlstate", None)


class Mysql(Flavour):
    """MariaDB and MySQL: UUIDs as BINARY(16), times as DATETIME(6) in UTC."""

    begin: ClassVar[str] = "START TRANSACTION"
    needs_locking_read: ClassVar[bool] = True
    duplicate: ClassVar[Codes] = frozenset({1062})
    retryable: ClassVar[Codes] = frozenset({1213, 1020})
    locked: ClassVar[Codes] = frozenset({1205})
    no_table: ClassVar[Codes] = frozenset({1146})
    ends_transaction: ClassVar[Codes] = frozenset({1213, 1020})

    def put_time(self, value: datetime) -> datetime:
        """Return the UTC time without its zone."""
        return value.replace(tzinfo=None)

    def get_time(self, value: Any) -> datetime:
        """Return the time, which is UTC."""
        return value.replace(tzinfo=UTC)  # type: ignore[no-any-return]

    def day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a time's day."""
        return func.date(column)

    def latest_of_many(
        self,
        connection: Connection,
        table: Table,
        kind: type,
        ids: Sequence[Any],
        action_type: str | None,
    ) -> Sequence[Sequence[Any]]:
        """Look each id of one JSON parameter up by a correlated subquery."""
        typed = "" if action_type is None else " AND one.action_type = :action_type"
        name = connection.dialect.identifier_preparer.format_table(table)
        given, wanted, as_json = _json_ids(connection.dialect, kind)
        statement = text(
            f"SELECT {_columns(table)} FROM JSON_TABLE(:ids, '$[*]' COLUMNS"  # noqa: S608
            f" (id {given} PATH '$')) AS wanted STRAIGHT_JOIN {name} AS action"
            f" ON action.assignment_id = {wanted} AND action.id ="
            f" (SELECT one.id FROM {name} AS one WHERE one.assignment_id = {wanted}"
            f" AND one.status = 'succeeded'{typed} ORDER BY one.completed_at DESC,"
            " one.created_at DESC, one.id DESC LIMIT 1)"
        )
        parameters = {"ids": json.dumps([as_json(one) for one in ids])}
        if action_type is not None:
            parameters["action_type"] = str(action_type)
        return connection.execute(statement, parameters).all()

    def code(self, error: SQLAlchemyError) -> int | str | None:
        """Return the server's error number."""
        arguments = getattr(getattr(error, "orig", None), "args", ())
        return arguments[0] if arguments else None


def collation_of(dialect: Dialect) -> str:
    """Return the collation that tells case and trailing blanks apart."""
    is_mariadb = getattr(dialect, "is_mariadb", False)
    return "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"


def _json_ids(dialect: Dialect, kind: type) -> tuple[str, str, Any]:
    """Return the JSON column's type, the id made of it, and what to put in."""
    if kind is UUID:
        return "CHAR(32) CHARACTER SET ascii", "UNHEX(wanted.id)", bytes.hex
    if kind is int:
        return "BIGINT", "wanted.id", int
    collated = f"VARCHAR(255) CHARACTER SET utf8mb4 COLLATE {collation_of(dialect)}"
    return collated, "wanted.id", str


def _columns(table: Table) -> str:
    names = (column.name for column in table.c if column.name != "stacktrace")
    return ", ".join(f"action.{name}" for name in names)


def _literal(number: int) -> ColumnElement[Any]:
    return literal_column(str(number))


def _in_transaction(connection: Connection) -> bool:
    return bool(
        getattr(connection.connection.dbapi_connection, "in_transaction", False)
    )


_FLAVOURS: dict[str, Flavour] = {
    "sqlite": Sqlite(),
    "postgresql": Postgresql(),
    "mysql": Mysql(),
    "mariadb": Mysql(),
}


def flavour_of(dialect: Dialect) -> Flavour:
    """
    Return what is known about a database.

    Raises:
        ValueError: it is none of the supported ones.
    """
    flavour = _FLAVOURS.get(dialect.name)
    if flavour is None:
        raise ValueError(
            f"engine must be on one of {', '.join(sorted(_FLAVOURS))},"
            f" got {dialect.name!r}"
        )
    return flavour
