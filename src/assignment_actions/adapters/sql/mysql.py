"""MariaDB and MySQL: bytes for UUIDs, UTC by convention, snapshots that hide rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Dialect, Table, TextClause, func, text

from assignment_actions.adapters.sql.facts import Facts, is_more_than
from assignment_actions.adapters.sql.flavour import (
    TEXTS_KEPT,
    Codes,
    Flavour,
    Identity,
    columns_of_success,
    name_of,
)

if TYPE_CHECKING:
    from assignment_actions.adapters.sql.running import Rows, Runner


class Mysql(Flavour):
    """MariaDB and MySQL: UUIDs as BINARY(16), times as DATETIME(6) in UTC."""

    begin: ClassVar[str] = "START TRANSACTION"
    needs_locking_read: ClassVar[bool] = True
    duplicate: ClassVar[Codes] = frozenset({1062})
    # ER_LOCK_DEADLOCK, which is a Galera cluster's certification conflict as well,
    # ER_CHECKREAD, ER_WARN_I_S_SKIPPED_TABLE. Not among them: ER_UNKNOWN_COM_ERROR
    # (1047, a node without its cluster, for seconds), ER_ERROR_DURING_COMMIT (1180, it
    # was cut off in the middle: stored or not, so a repeat may meet its own row).
    retryable: ClassVar[Codes] = frozenset({1213, 1020, 1684})
    locked: ClassVar[Codes] = frozenset({1205})
    no_table: ClassVar[Codes] = frozenset({1146})
    is_there: ClassVar[Codes] = frozenset({1007, 1050, 1061, 1684})
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
        runner: Runner,
        table: Table,
        kind: type,
        ids: Sequence[Any],
        action_type: str | None,
    ) -> Rows:
        """Look each id of one JSON parameter up by a correlated subquery."""
        given, wanted, as_json = _json_ids(runner.dialect, kind)
        parameters = {"ids": json.dumps([as_json(one) for one in ids])}
        if action_type is not None:
            parameters["action_type"] = str.__str__(action_type)
        statement = _latest_of(
            runner.name_of(table), given, wanted, has_type=action_type is not None
        )
        return runner.rows(statement, parameters)

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
        Look each row of one JSON parameter up and change it: one statement.

        A list of keys would make DELETE read, and lock, the whole table.
        """
        given, wanted, as_json = _json_ids(connection.dialect, kind)
        rows = (
            f"JSON_TABLE(:ids, '$[*]' COLUMNS (id {given} PATH '$[0]',"
            " action_id CHAR(32) CHARACTER SET ascii PATH '$[1]')) AS wanted"
            f" STRAIGHT_JOIN {name_of(connection, table)} AS action"
            f" ON action.assignment_id = {wanted}"
            " AND action.id = UNHEX(wanted.action_id)"
        )
        statement = _changing(rows, facts, connection.dialect)
        parameters = {"ids": json.dumps([[as_json(a), b.hex()] for a, b in identities])}
        if status is not None:
            statement += " AND action.status = :status"
            parameters["status"] = status
        return connection.execute(text(statement), parameters).rowcount

    def code(self, error: BaseException | None) -> int | str | None:
        """Return the server's error number."""
        arguments = getattr(getattr(error, "orig", None), "args", ())
        return arguments[0] if arguments else None


@lru_cache(TEXTS_KEPT)
def _latest_of(name: str, given: str, wanted: str, *, has_type: bool) -> TextClause:
    typed = " AND one.action_type = :action_type" if has_type else ""
    return text(
        f"SELECT {columns_of_success()} FROM JSON_TABLE(:ids, '$[*]' COLUMNS"  # noqa: S608
        f" (id {given} PATH '$')) AS wanted STRAIGHT_JOIN {name} AS action"
        f" ON action.assignment_id = {wanted} AND action.id ="
        f" (SELECT one.id FROM {name} AS one WHERE one.assignment_id = {wanted}"
        f" AND one.status = 'succeeded'{typed} ORDER BY one.completed_at DESC,"
        " one.created_at DESC, one.id DESC LIMIT 1)"
    )


def collation_of(dialect: Dialect) -> str:
    """Return the collation that tells case and trailing blanks apart."""
    is_mariadb = getattr(dialect, "is_mariadb", False)
    return "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"


def _changing(rows: str, facts: Facts | None, dialect: Dialect) -> str:
    if facts is None:
        return f"DELETE action FROM {rows} WHERE 1 = 1"

    def sql(expression: ColumnElement[Any]) -> str:
        return str(expression.compile(dialect=dialect))

    changes = ", ".join(f"{name} = {sql(fact)}" for name, fact in facts.items())
    return f"UPDATE {rows} SET {changes} WHERE ({sql(is_more_than(facts))})"  # noqa: S608


def _json_ids(dialect: Dialect, kind: type) -> tuple[str, str, Any]:
    """Return the JSON column's type, the id made of it, and what to put in."""
    if kind is UUID:
        return "CHAR(32) CHARACTER SET ascii", "UNHEX(wanted.id)", bytes.hex
    if kind is int:
        return "BIGINT", "wanted.id", int
    collated = f"VARCHAR(255) CHARACTER SET utf8mb4 COLLATE {collation_of(dialect)}"
    return collated, "wanted.id", str
