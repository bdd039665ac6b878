"""Failures by kind in one statement: one aggregate, three look-ups per kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    select,
)

from assignment_actions.adapters.sql.flavour import FAILED, listed

Condition = Callable[[FromClause], list[ColumnElement[bool]]]


def failure_groups_of(
    table: Table,
    unindexed: Callable[[ColumnElement[str]], ColumnElement[str]],
    *,
    has_types: bool,
    has_since: bool,
) -> Select[Any]:
    """
    Return count, assignments, first failure and the newest one's columns by kind.

    Of the failures of the `types`, if any; counted are those completed since `since`.
    The newest is found by both parts of its key, each looked up in the same order:
    SQLite and MariaDB have no LATERAL, and MariaDB takes no LIMIT below IN.
    """

    def failed(one: FromClause) -> list[ColumnElement[bool]]:
        conditions = [one.c.status == FAILED]
        if has_types:
            conditions.append(one.c.action_type.in_(bindparam("types", expanding=True)))
        return conditions

    counted = table.alias("counted")
    since = [counted.c.completed_at >= bindparam("since")] if has_since else []
    fingerprint: ColumnElement[str] = counted.c.fingerprint
    if has_since:  # few of all that ever failed: to be found by their time
        fingerprint = unindexed(fingerprint)
    kind = (
        select(
            fingerprint.label("fingerprint"),
            func.count().label("failures"),
            func.count(counted.c.assignment_id.distinct()).label("assignments"),
        )
        .where(*failed(counted), *since, fingerprint.is_not(None))
        .group_by(fingerprint)
        .subquery("kind")
    )
    action = table.alias("action")
    is_newest = and_(
        action.c.assignment_id == _end(table, kind, failed, "assignment_id"),
        action.c.id == _end(table, kind, failed, "id"),
    )
    return select(
        kind.c.failures,
        kind.c.assignments,
        _end(table, kind, failed, "completed_at", is_first=True),
        *(action.c[column.name] for column in listed(table)),
    ).select_from(kind.join(action, is_newest))


def _end(
    table: Table,
    kind: FromClause,
    failed: Condition,
    column: str,
    *,
    is_first: bool = False,
) -> ColumnElement[Any]:
    """Return a column of the newest failure of a kind, or of the first."""
    one = table.alias("oldest" if is_first else "newest")
    names = ("completed_at", "created_at", "id", "assignment_id")
    order = [one.c[name] if is_first else one.c[name].desc() for name in names]
    return (
        select(one.c[column])
        .where(one.c.fingerprint == kind.c.fingerprint, *failed(one))
        .order_by(*order)
        .limit(literal_column("1"))
        .correlate(kind)
        .scalar_subquery()
    )
