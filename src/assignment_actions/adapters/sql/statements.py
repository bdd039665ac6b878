"""The statements, built once per repository; values are given in their stored form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from assignment_actions.adapters.sql.flavour import SUCCEEDED, Flavour
from assignment_actions.adapters.sql.mapping import Mapper
from assignment_actions.adapters.sql.schema import Tables
from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension

_OUTCOME = (
    "status",
    "completed_at",
    "details",
    "reason",
    "exception_type",
    "message",
    "fingerprint",
    "truncated",
    "stacktrace",
)


class Statements:
    """Build what a repository asks of its table in one flavour of SQL."""

    def __init__(self, tables: Tables, flavour: Flavour) -> None:
        self.tables: Tables = tables
        self.flavour: Flavour = flavour
        self.mapper: Mapper = Mapper(flavour, tables.kind)
        self._table = table = tables.actions
        self.insert: Insert = insert(table)
        self._listed = [column for column in table.c if column.name != "stacktrace"]

    @cached_property
    def get(self) -> Select[Any]:
        """One action with its stacktrace, the first where several share an id."""
        c = self._table.c
        return (
            select(self._table)
            .where(c.id == bindparam("id"))
            .order_by(c.created_at, c.assignment_id)
            .limit(literal_column("1"))
        )

    @cached_property
    def _complete(self) -> dict[ActionStatus, Update]:
        return {status: self._completing(status) for status in ActionStatus}

    def complete(self, status: ActionStatus) -> Update:
        """Return the conditional write of an outcome: no row where it is refused."""
        return self._complete[status]

    def _completing(self, status: ActionStatus) -> Update:
        c = self._table.c
        late = bindparam("to_unknown_at", type_=c.unknown_at.type)
        return (
            update(self._table)
            # Any other index would lock gaps, and so make strangers wait.
            .with_hint("FORCE INDEX (PRIMARY)", dialect_name="mysql")
            .with_hint("FORCE INDEX (PRIMARY)", dialect_name="mariadb")
            .where(
                c.assignment_id == bindparam("at_assignment_id"),
                c.id == bindparam("at_id"),
                _is_one_of(c.status, status.replaces),
            )
            .values(
                {c[name]: bindparam(f"to_{name}") for name in _OUTCOME}
                | {c.unknown_at: func.coalesce(late, c.unknown_at)}
            )
        )

    def timelines(self, *, has_types: bool) -> Select[Any]:
        """Return the actions of the `ids` in total order, of the `types` if any."""
        return self._timelines[has_types]

    @cached_property
    def _timelines(self) -> tuple[Select[Any], Select[Any]]:
        c = self._table.c
        all_types = (
            select(*self._listed)
            .where(c.assignment_id.in_(bindparam("ids", expanding=True)))
            .order_by(c.assignment_id, c.created_at, c.id)
        )
        return all_types, all_types.where(
            c.action_type.in_(bindparam("types", expanding=True))
        )

    @cached_property
    def _latest(self) -> tuple[Select[Any], Select[Any]]:
        c = self._table.c
        any_type = (
            select(*self._listed)
            .where(c.assignment_id == bindparam("id"), c.status == SUCCEEDED)
            .order_by(c.completed_at.desc(), c.created_at.desc(), c.id.desc())
            .limit(literal_column("1"))
        )
        return any_type, any_type.where(c.action_type == bindparam("action_type"))

    def latest(self, *, has_type: bool) -> Select[Any]:
        """Return the latest success of one `id`, of one `action_type` if any."""
        return self._latest[has_type]

    def holders(self, actions: Sequence[Action], *, is_locking: bool) -> Select[Any]:
        """Return the stored actions that hold an id or a key's attempt of these."""
        held = [self._has_id_of(one) for one in actions]
        held += [self._is_try_of(one) for one in actions if one.key is not None]
        statement = select(self._table).where(or_(*held))
        return statement.with_for_update(read=True) if is_locking else statement

    def _has_id_of(self, action: Action) -> ColumnElement[bool]:
        c = self._table.c
        return and_(
            c.assignment_id == self.mapper.put_id(action.assignment_id),
            c.id == self.flavour.put_uuid(action.id),
        )

    def _is_try_of(self, action: Action) -> ColumnElement[bool]:
        c = self._table.c
        return and_(
            c.assignment_id == self.mapper.put_id(action.assignment_id),
            c.action_type == str(action.action_type),
            c.idempotency_key == action.key,
            c.attempt == action.attempt,
        )

    # -- filters -----------------------------------------------------------------------

    def find(
        self,
        wanted: ActionFilter,
        ids: Sequence[Any] | None,
        limit: int,
        after: Cursor | None,
    ) -> Select[Any]:
        """Return the newest actions that match, strictly after a place."""
        c = self._table.c
        created_at: ColumnElement[Any] = c.created_at
        if _has_better_index(wanted):
            created_at = self.flavour.unindexed(created_at)
        statement = (
            select(*self._listed)
            .where(*self._conditions(wanted, ids))
            .order_by(created_at.desc(), c.id.desc(), c.assignment_id.desc())
            .limit(limit)
        )
        if after is None:
            return statement
        return statement.where(self._after(after, created_at))

    def count(self, wanted: ActionFilter, ids: Sequence[Any] | None) -> Select[Any]:
        """Return how many match."""
        return (
            select(func.count())
            .select_from(self._table)
            .where(*self._conditions(wanted, ids))
        )

    def count_by(
        self, wanted: ActionFilter, ids: Sequence[Any] | None, dimension: Dimension
    ) -> Select[Any]:
        """Return how many match, by one dimension."""
        c = self._table.c
        by = self.flavour.day(c.created_at) if dimension == "day" else c[dimension]
        return (
            select(by.label("value"), func.count())
            .where(by.is_not(None), *self._conditions(wanted, ids))
            .group_by(by)
        )

    def _after(
        self, place: Cursor, created_at: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """
        Compare by the total order, expanded: MariaDB scans on row comparison.

        The first condition alone bounds the range that the index walks.
        """
        c = self._table.c
        last = self.flavour.put_time(place.created_at)
        last_id = self.flavour.put_uuid(place.id)
        earlier_id = or_(
            c.id < last_id,
            and_(
                c.id == last_id,
                c.assignment_id < self.mapper.put_id(place.assignment_id),
            ),
        )
        return and_(created_at <= last, or_(created_at < last, earlier_id))

    def _conditions(
        self, wanted: ActionFilter, ids: Sequence[Any] | None
    ) -> list[ColumnElement[bool]]:
        """Translate `ActionFilter.matches`; `ids` are its assignment ids as stored."""
        c, put_time = self._table.c, self.flavour.put_time
        conditions: list[ColumnElement[bool]] = []
        if ids is not None:
            conditions.append(c.assignment_id.in_(ids))
        if wanted.statuses is not None:
            conditions.append(_is_one_of(c.status, wanted.statuses))
        for column, values in (
            (c.action_type, wanted.action_types),
            (c.reason, wanted.reasons),
            (c.exception_type, wanted.exception_types),
            (c.fingerprint, wanted.fingerprints),
            (c.actor, wanted.actors),
        ):
            if values is not None:
                conditions.append(column.in_(sorted(map(str, values))))
        if wanted.key is not None:
            conditions.append(c.idempotency_key == wanted.key)
        for column, start, end in (
            (c.created_at, wanted.created_from, wanted.created_before),
            (c.completed_at, wanted.completed_from, wanted.completed_before),
        ):
            if start is not None:
                conditions.append(column >= put_time(start))
            if end is not None:
                conditions.append(column < put_time(end))
        if wanted.overdue_before is not None:
            conditions.append(_is_one_of(c.status, [ActionStatus.IN_PROGRESS]))
            conditions.append(c.overdue_at <= put_time(wanted.overdue_before))
        return conditions


def _has_better_index(wanted: ActionFilter) -> bool:
    """Tell whether what is wanted is found faster than by going back in time."""
    is_by_completion = (wanted.completed_from or wanted.completed_before) is not None
    return (
        wanted.overdue_before is not None
        or (is_by_completion and wanted.statuses == {ActionStatus.FAILED})
        or (
            wanted.key is not None
            and wanted.assignment_ids is not None
            and wanted.action_types is not None
        )
    )


def _is_one_of(
    column: ColumnElement[str], statuses: Collection[str]
) -> ColumnElement[bool]:
    """Compare with literals: a partial index serves no parameter."""
    literals: list[ColumnElement[str]] = [
        literal_column(f"'{ActionStatus(one)}'") for one in sorted(statuses)
    ]
    if not literals:
        return false()
    return column == literals[0] if len(literals) == 1 else column.in_(literals)
