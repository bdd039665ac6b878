"""The statements, built once per repository; values are given in their stored form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from assignment_actions.adapters.sql.conditions import Conditions, is_one_of
from assignment_actions.adapters.sql.facts import Facts, facts_with
from assignment_actions.adapters.sql.flavour import SUCCEEDED, Flavour, listed, whole
from assignment_actions.adapters.sql.groups import failure_groups_of
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
        self._whole = whole(table)
        self._listed = listed(table)
        self.facts: Facts = facts_with(flavour.hexadecimal)
        self._conditions = Conditions(table, flavour, self.mapper, self.facts)

    @cached_property
    def get(self) -> Select[Any]:
        """One action with its stacktrace, the first where several share an id."""
        c = self._table.c
        return (
            select(*self._whole)
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
                is_one_of(c.status, status.replaces),
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
        statement = select(*self._whole).where(or_(*held))
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
            c.key_digest == self.mapper.put_key(action.key),
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
        return self._page(self._listed, wanted, ids, limit, after)

    def search(
        self,
        wanted: ActionFilter,
        ids: Sequence[Any] | None,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None,
    ) -> Select[Any]:
        """Return the same with their stacktraces, of those that hold a text."""
        page = self._page(self._whole, wanted, ids, limit, after)
        return page.where(self._conditions.holds(texts))

    def _page(
        self,
        columns: Sequence[Column[Any]],
        wanted: ActionFilter,
        ids: Sequence[Any] | None,
        limit: int,
        after: Cursor | None,
    ) -> Select[Any]:
        c = self._table.c
        created_at: ColumnElement[Any] = c.created_at
        if _has_better_index(wanted):
            created_at = self.flavour.unindexed(created_at)
        statement = (
            select(*columns)
            .where(*self._conditions.matching(wanted, ids))
            .order_by(created_at.desc(), c.id.desc(), c.assignment_id.desc())
            .limit(limit)
        )
        if after is None:
            return statement
        return statement.where(self._conditions.after(after, created_at))

    def count(self, wanted: ActionFilter, ids: Sequence[Any] | None) -> Select[Any]:
        """Return how many match."""
        return (
            select(func.count())
            .select_from(self._table)
            .where(*self._conditions.matching(wanted, ids))
        )

    def count_by(
        self, wanted: ActionFilter, ids: Sequence[Any] | None, dimension: Dimension
    ) -> Select[Any]:
        """Return how many match, by one dimension."""
        c = self._table.c
        by = self.flavour.day(c.created_at) if dimension == "day" else c[dimension]
        return (
            select(by.label("value"), func.count())
            .where(by.is_not(None), *self._conditions.matching(wanted, ids))
            .group_by(by)
        )

    def failure_groups(self, *, has_types: bool, has_since: bool) -> Select[Any]:
        """Return the failures by kind, of the `types` if any, `since` if given."""
        return self._failure_groups[has_types, has_since]

    @cached_property
    def _failure_groups(self) -> dict[tuple[bool, bool], Select[Any]]:
        return {
            (types, since): failure_groups_of(
                self._table,
                self.flavour.unindexed,
                has_types=types,
                has_since=since,
            )
            for types in (False, True)
            for since in (False, True)
        }


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
