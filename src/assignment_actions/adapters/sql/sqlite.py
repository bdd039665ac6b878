"""SQLite: one writer, no types of its own for UUIDs and times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    UnaryExpression,
    bindparam,
    literal_column,
)
from sqlalchemy.sql.operators import custom_op

from assignment_actions.adapters.sql.facts import Facts, change_to
from assignment_actions.adapters.sql.flavour import (
    TEXTS_KEPT,
    Codes,
    Flavour,
    Identity,
    columns_of_success,
)

if TYPE_CHECKING:
    from assignment_actions.adapters.sql.running import Rows, Runner


_PLUS = custom_op[Any]("+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT_BELOW = 2**32 * 1_000_000
"""Up to here, in 2106, a float of seconds is exact to the microsecond."""
_from_timestamp = datetime.fromtimestamp
_DAY = 86_400_000_000
_UNIX_DAY = date(1970, 1, 1).toordinal()


class Sqlite(Flavour):
    """SQLite: UUIDs as 16 bytes, times as microseconds since 1970."""

    begin: ClassVar[str] = "BEGIN IMMEDIATE"
    duplicate: ClassVar[Codes] = frozenset(
        {1555, 2067}
    )  # SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE
    retryable: ClassVar[Codes] = frozenset({517})  # SQLITE_BUSY_SNAPSHOT
    locked: ClassVar[Codes] = frozenset({5, 6})  # SQLITE_BUSY, SQLITE_LOCKED
    is_there: ClassVar[Codes] = frozenset({1})  # SQLITE_ERROR: no code of its own

    def put_time(self, value: datetime) -> int:
        """Return microseconds since 1970."""
        since = value - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds

    def get_time(self, value: Any) -> datetime:
        """Return the time of microseconds since 1970."""
        if 0 <= value < _EXACT_BELOW:
            return _from_timestamp(value / 1e6, UTC)
        return _EPOCH + timedelta(microseconds=value)

    def day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return whole days since 1970; SQLite's division rounds towards zero."""
        into_day = (column % _literal(_DAY) + _literal(_DAY)) % _literal(_DAY)
        return (column - into_day) // _literal(_DAY)

    def get_day(self, value: Any) -> str:
        """Return the ISO form of days since 1970."""
        return date.fromordinal(_UNIX_DAY + int(value)).isoformat()

    def unindexed(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """
        Return +column: SQLite prefers an index that saves it the sorting.

        Source: SQLite's documentation of its query planner, on the unary plus.
        """
        return UnaryExpression(column, operator=_PLUS, type_=column.type)

    def latest_of_many(
        self,
        runner: Runner,
        table: Table,
        kind: type,  # noqa: ARG002
        ids: Sequence[Any],
        action_type: str | None,
    ) -> Rows:
        """Look each id of a VALUES list up by a correlated subquery."""
        has_type = action_type is not None
        text = _latest_of(runner.name_of(table), len(ids), has_type=has_type)
        return runner.rows(text, [*ids, str.__str__(action_type)] if has_type else ids)

    def change_each(
        self,
        connection: Connection,
        table: Table,
        kind: type,  # noqa: ARG002
        identities: Sequence[Identity],
        facts: Facts | None,
        status: str | None,
    ) -> int:
        """Change row by row: a list of keys would make SQLite read the whole table."""
        c = table.c
        at_id = c.assignment_id == bindparam("at_assignment_id")
        statement = change_to(facts, table, status).where(
            at_id, c.id == bindparam("at_id")
        )
        rows = [{"at_assignment_id": one, "at_id": two} for one, two in identities]
        return connection.execute(statement, rows).rowcount

    def code(self, error: BaseException | None) -> int | str | None:
        """Return SQLite's extended result code."""
        return getattr(getattr(error, "orig", None), "sqlite_errorcode", None)

    def has_begun(self, connection: Connection) -> bool:
        """Tell what SQLite says: it may roll back by itself when a disk is full."""
        driver = connection.connection.driver_connection
        return bool(getattr(driver, "in_transaction", False))

    def roll_back(self, connection: Connection) -> None:
        """Say ROLLBACK only inside a transaction: elsewhere it is an error."""
        if self.has_begun(connection):
            super().roll_back(connection)

    def is_autocommit(self, connection: Connection) -> bool:
        """Tell whether the driver is in autocommit and nobody has said BEGIN."""
        return super().is_autocommit(connection) and not self.has_begun(connection)

    def is_set_to_autocommit(self, connection: Connection) -> bool:
        """Tell by SQLAlchemy's setting: hosts may say BEGIN by themselves, later."""
        options = connection.get_execution_options()
        return options.get("isolation_level") == "AUTOCOMMIT"

    def before_savepoint(self, connection: Connection) -> None:
        """Begin: RELEASE of a savepoint that began the transaction would commit."""
        if not self.has_begun(connection):
            connection.exec_driver_sql("BEGIN")


@lru_cache(TEXTS_KEPT)
def _latest_of(name: str, count: int, *, has_type: bool) -> str:
    typed = " AND one.action_type = ?" if has_type else ""
    return (
        f"WITH wanted (id) AS (VALUES {', '.join(['(?)'] * count)})"  # noqa: S608
        f" SELECT {columns_of_success()} FROM wanted CROSS JOIN {name} AS action"
        " WHERE action.rowid ="
        f" (SELECT one.rowid FROM {name} AS one WHERE one.assignment_id = wanted.id"
        f" AND one.status = 'succeeded'{typed} ORDER BY one.completed_at DESC,"
        " one.created_at DESC, one.id DESC LIMIT 1)"
    )


def _literal(number: int) -> ColumnElement[Any]:
    return literal_column(str(number))
