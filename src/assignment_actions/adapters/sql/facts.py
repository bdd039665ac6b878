"""What scrubbing leaves of a row: `Action.scrubbed`, translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    String,
    Table,
    Update,
    case,
    column,
    delete,
    literal_column,
    null,
    or_,
    update,
)

Facts = Mapping[str, ColumnElement[Any]]
"""What scrubbing leaves in the columns that it changes."""

KEY_MARK = "scrubbed-"
"""What the text of a scrubbed key begins with; its digest follows."""

NO_DETAILS: ColumnElement[str] = literal_column("'{}'")


def facts_with(
    hexadecimal: Callable[[ColumnElement[Any]], ColumnElement[str]],
) -> Facts:
    """
    Return what scrubbing leaves; columns stand without a table, texts as literals.

    Args:
        hexadecimal: how bytes become lower case hexadecimal digits.
    """
    message: ColumnElement[Any] = column("message")
    digest: ColumnElement[Any] = column("key_digest")
    key = literal_column(f"'{KEY_MARK}'", String) + hexadecimal(digest)
    return {
        "stacktrace": null(),
        "actor": null(),
        "details": NO_DETAILS,
        "message": case((message.is_not(None), literal_column("''"))),
        "idempotency_key": case((digest.is_not(None), key)),
    }


def is_more_than(facts: Facts) -> ColumnElement[bool]:
    """Tell the rows that scrubbing would change."""
    return or_(*(column(name).is_distinct_from(fact) for name, fact in facts.items()))


def change_to(facts: Facts | None, table: Table, status: str | None) -> Update | Delete:
    """
    Return what leaves the facts of rows, or nothing; of which, is yet to be said.

    With a status, only of those that are in it.
    """
    statement: Update | Delete = delete(table)
    if facts is not None:
        statement = update(table).where(is_more_than(facts)).values(facts)
    return statement if status is None else statement.where(table.c.status == status)
