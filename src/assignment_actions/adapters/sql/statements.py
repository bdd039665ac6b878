"""The statements, built once per repository; values are given in their stored form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from assignment_actions.adapters.sql.flavours import SUCCEEDED, Flavour
from assignment_actions.adapters.sql.mapping import Mapper
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
    """Build what a repository asks of its table."""

    def __init__(self, table: Table, flavour: Flavour, mapper: Mapper) -> None:
        self._table = table
        self._flavour = flavour
        self._mapper = mapper
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
        c, mapper, flavour = self._table.c, self._mapper, self._flavour
        held: list[ColumnElement[bool]] = [
            tuple_(c.assignment_id, c.id).in_(
                [
                    (mapper.put_id(one.assignment_id), flavour.put_uuid(one.id))
                    for one in actions
                ]
            )
        ]
        tries = [
            (
                mapper.put_id(one.assignment_id),
                str(one.action_type),
                one.key,
                one.attempt,
            )
            for one in actions
            if one.key is not None
        ]
        if tries:
            row = tuple_(c.assignment_id, c.action_type, c.idempotency_key, c.attempt)
            held.append(row.in_(tries))
        statement = select(self._table).where(or_(*held))
        return statement.with_for_update(read=True) if is_locking else statement

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
        statement = (
            select(*self._listed)
            .where(*self._conditions(wanted, ids))
            .order_by(c.created_at.desc(), c.id.desc(), c.assignment_id.desc())
            .limit(limit)
        )
        return statement if after is None else statement.where(self._after(after))

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
        by = self._flavour.day(c.created_at) if dimension == "day" else c[dimension]
        return (
            select(by.label("value"), func.count())
            .where(by.is_not(None), *self._conditions(wanted, ids))
            .group_by(by)
        )

    def _after(self, place: Cursor) -> ColumnElement[bool]:
        """
        Compare by the total order, expanded: MariaDB scans on row comparison.

        The first condition alone bounds the range that the index walks.
        """
        c = self._table.c
        created_at = self._flavour.put_time(place.created_at)
        last_id = self._flavour.put_uuid(place.id)
        earlier_id = or_(
            c.id < last_id,
            and_(
                c.id == last_id,
                c.assignment_id < self._mapper.put_id(place.assignment_id),
            ),
        )
        return and_(
            c.created_at <= created_at, or_(c.created_at < created_at, earlier_id)
        )

    def _conditions(
        self, wanted: ActionFilter, ids: Sequence[Any] | None
    ) -> list[ColumnElement[bool]]:
        """Translate `ActionFilter.matches`; `ids` are its assignment ids as stored."""
        c, put_time = self._table.c, self._flavour.put_time
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
