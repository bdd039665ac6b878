"""PostgreSQL: native types, and transactions that an error spoils."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    String,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from assignment_actions.adapters.sql.bulk import BulkRows, copy
from assignment_actions.adapters.sql.facts import Facts, change_to
from assignment_actions.adapters.sql.flavour import (
    SUCCEEDED,
    TEXTS_KEPT,
    Codes,
    Flavour,
    Identity,
    of_success,
)
from assignment_actions.domain.ids import uuid_of

if TYPE_CHECKING:
    from assignment_actions.adapters.sql.running import Rows, Runner


_KEY = ("assignment_id", "id")


class Postgresql(Flavour):
    """PostgreSQL: native UUIDs and time stamps with time zone."""

    is_poisoned_by_errors: ClassVar[bool] = True
    cursor_options: ClassVar[Mapping[str, Any]] = MappingProxyType({"binary": True})
    duplicate: ClassVar[Codes] = frozenset({"23505"})
    stale: ClassVar[Codes] = frozenset({"0A000"})  # a kept plan's columns have changed
    retryable: ClassVar[Codes] = frozenset({"40001", "40P01"}) | stale
    locked: ClassVar[Codes] = frozenset({"55P03"})
    no_table: ClassVar[Codes] = frozenset({"42P01", "3F000"})
    is_there: ClassVar[Codes] = frozenset({"42P06", "42P07", "42710"})

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
        """
        Return the time in UTC, whatever the session's zone is.

        Only within a day of the years 1 and 9999 it matters: psycopg cannot read a
        time that the session's zone carries beyond them.
        """
        return value if value.tzinfo is UTC else value.astimezone(UTC)  # type: ignore[no-any-return]

    def day(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the ISO form of a time's UTC day."""
        return func.to_char(
            func.timezone(literal_column("'UTC'"), column),
            literal_column("'YYYY-MM-DD'"),
        )

    def latest_of_many(
        self,
        runner: Runner,
        table: Table,
        kind: type,  # noqa: ARG002
        ids: Sequence[Any],
        action_type: str | None,
    ) -> Rows:
        """Look each id of one array up by a lateral subquery."""
        parameters: dict[str, Any] = {"ids": ids}
        if action_type is not None:
            parameters["action_type"] = str.__str__(action_type)
        statement = _latest_of(table, has_type=action_type is not None)
        return runner.rows(statement, parameters)

    def timelines(self, table: Table, in_order: Select[Any]) -> Select[Any]:
        """
        Look each id of one array up by a lateral subquery.

        With a list of ids the planner reads all partitions as a whole.
        """
        return _of_each(table, in_order)

    def insert_many(
        self, connection: Connection, statement: Insert, rows: BulkRows, count: int
    ) -> None:
        """Copy them, unless they are few."""
        copy(connection, statement, rows, count)

    def hexadecimal(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """Return bytes as lower case hexadecimal digits."""
        return func.encode(column, literal_column("'hex'"), type_=String)

    def contains(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        """Tell where a text stands in a column, by code point."""
        return func.strpos(column, text) > literal_column("0")

    def change_each(
        self,
        connection: Connection,
        table: Table,
        kind: type,  # noqa: ARG002
        identities: Sequence[Identity],
        facts: Facts | None,
        status: str | None,
    ) -> int:
        """Lock what two arrays name, in their order, and change it: one statement."""
        one = table.alias("one")
        columns = (one.c.assignment_id, one.c.id)
        arrays = (
            bindparam(name, [pair[at] for pair in identities], _array(column))
            for at, (name, column) in enumerate(zip(_KEY, columns, strict=True))
        )
        given = func.unnest(*arrays).table_valued(*_KEY).render_derived(name="given")
        locked = (
            select(*columns)
            .join(given, tuple_(*columns) == tuple_(*given.c))
            .order_by(*columns)
            .with_for_update(of=one)
        )
        if status is not None:  # looked at once more when the lock is had
            locked = locked.where(one.c.status == status)
        key = tuple_(table.c.assignment_id, table.c.id)
        statement = change_to(facts, table, status).where(key.in_(locked))
        return connection.execute(statement).rowcount

    def code(self, error: BaseException | None) -> int | str | None:
        """Return the SQLSTATE, which psycopg2 calls pgcode."""
        origin = getattr(error, "orig", None)
        return getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None)


class PostgresqlThroughAsyncpg(Postgresql):
    """The same through asyncpg, which has UUIDs, moments and errors of its own."""

    def get_time(self, value: Any) -> datetime:
        """
        Return the time, which asyncpg has in UTC.

        The first and the last moment there are it keeps as infinity, and returns them
        without a zone.
        """
        return value if value.tzinfo is UTC else value.replace(tzinfo=UTC)  # type: ignore[no-any-return]

    def get_uuid(self, value: Any) -> UUID:
        """Return a UUID of the standard library's class."""
        return uuid_of(value.int)

    def code(self, error: BaseException | None) -> int | str | None:
        """Return the SQLSTATE; what SQLAlchemy says of a stale plan has it behind."""
        origin = getattr(error, "orig", None)
        return super().code(error) or getattr(
            getattr(origin, "__cause__", None), "sqlstate", None
        )


def _array(column: ColumnElement[Any]) -> TypeEngine[Any]:
    return postgresql.ARRAY(column.type)


@lru_cache(TEXTS_KEPT)
def _latest_of(table: Table, *, has_type: bool) -> Select[Any]:
    latest = (
        select(*of_success(table))
        .where(table.c.status == SUCCEEDED)
        .order_by(
            table.c.completed_at.desc(),
            table.c.created_at.desc(),
            table.c.id.desc(),
        )
        .limit(literal_column("1"))
    )
    if has_type:
        latest = latest.where(table.c.action_type == bindparam("action_type"))
    return _of_each(table, latest)


def _of_each(table: Table, one: Select[Any]) -> Select[Any]:
    """Return what a statement selects, for each assignment of the `ids`."""
    ids_given = func.unnest(bindparam("ids", type_=_array(table.c.assignment_id)))
    wanted = ids_given.table_valued("id").render_derived(name="wanted")
    rows = one.where(table.c.assignment_id == wanted.c.id).lateral("one")
    return select(*rows.c).select_from(wanted.join(rows, true()))
