"""The statements, built once per repository; values are given in their stored form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeVar

from sqlalchemy import (
    Column,
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
    null,
    or_,
    select,
    update,
)

from assignment_actions.adapters.sql.conditions import (
    Conditions,
    is_one_of,
    shape_of,
)
from assignment_actions.adapters.sql.facts import Facts, facts_with
from assignment_actions.adapters.sql.flavour import (
    SUCCEEDED,
    Flavour,
    listed,
    of_success,
    whole,
)
from assignment_actions.adapters.sql.groups import failure_groups_of
from assignment_actions.adapters.sql.mapping import OUTCOME, UNSAID, Mapper
from assignment_actions.adapters.sql.schema import Tables
from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension

STATEMENTS_KEPT = 64
_keeping = lru_cache(STATEMENTS_KEPT)

Way = Literal["from the end", "after", "before"]
"""Where a page begins, and which way it goes."""

_Written = TypeVar("_Written", Insert, Update)
_OfColumns = Callable[[str, Sequence[str]], _Written]
_Statuses = frozenset[ActionStatus] | None

_UNSAID: Mapping[str, ColumnElement[Any]] = MappingProxyType(
    {
        name: false() if value is False else literal_column(repr(value))
        for name, value in UNSAID.items()
    }
)
"""What stands in a column that a row leaves out, where it is not NULL."""


class _Narrowed(Protocol):
    def __call__(self, *, has_types: bool, statuses: _Statuses) -> Select[Any]: ...


class Statements:
    """Build what a repository asks of its table in one flavour of SQL."""

    def __init__(self, tables: Tables, flavour: Flavour) -> None:
        self.tables: Tables = tables
        self.flavour: Flavour = flavour
        self.mapper: Mapper = Mapper(flavour, tables.kind)
        self._table = table = tables.actions
        self.insert: Insert = insert(table)
        self.insert_one: _OfColumns[Insert] = _keeping(self._insert_one)
        self.complete: _OfColumns[Update] = _keeping(self._complete)
        self.timeline: _Narrowed = _keeping(self._timeline)
        self.timelines: _Narrowed = _keeping(self._timelines)
        self._whole = whole(table)
        self._listed = listed(table)
        self.facts: Facts = facts_with(flavour.hexadecimal)
        self._conditions = Conditions(table, flavour, self.mapper, self.facts)
        self._by_shape: dict[tuple[Any, ...], Select[Any]] = {}

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

    def _insert_one(self, status: str, names: Sequence[str]) -> Insert:
        """Insert one row in a status that says these columns; no others are sent."""
        c = self._table.c
        unsaid = {c[name]: value for name, value in _UNSAID.items()}
        said: dict[Column[Any], Any] = {c[name]: bindparam(name) for name in names}
        return insert(self._table).values(
            {**unsaid, c.status: literal_column(f"'{status}'"), **said}
        )

    def _complete(self, status: str, names: Sequence[str]) -> Update:
        """
        Write an outcome that says these columns, if the row's status may be replaced.

        No row where it is refused. The key is `at_assignment_id` and `at_id`.
        """
        c = self._table.c
        said: dict[Column[Any], Any] = {c[name]: bindparam(name) for name in names}
        if "unknown_at" in names:
            late = bindparam("unknown_at", type_=c.unknown_at.type)
            said[c.unknown_at] = func.coalesce(late, c.unknown_at)
        unsaid = {c[name]: _UNSAID.get(name, null()) for name in OUTCOME}
        return (
            update(self._table)
            # Any other index would lock gaps, and so make strangers wait.
            .with_hint("FORCE INDEX (PRIMARY)", dialect_name="mysql")
            .with_hint("FORCE INDEX (PRIMARY)", dialect_name="mariadb")
            .where(
                c.assignment_id == bindparam("at_assignment_id"),
                c.id == bindparam("at_id"),
                is_one_of(c.status, ActionStatus(status).replaces),
            )
            .values({**unsaid, c.status: literal_column(f"'{status}'"), **said})
        )

    def _timelines(self, *, has_types: bool, statuses: _Statuses) -> Select[Any]:
        """Return the actions of each of the `ids` in order."""
        in_order = self._in_order(has_types=has_types, statuses=statuses)
        return self.flavour.timelines(self._table, in_order)

    def _timeline(self, *, has_types: bool, statuses: _Statuses) -> Select[Any]:
        """Return the actions of one `id` in order."""
        in_order = self._in_order(has_types=has_types, statuses=statuses)
        return in_order.where(self._table.c.assignment_id == bindparam("id"))

    def _in_order(self, *, has_types: bool, statuses: _Statuses) -> Select[Any]:
        """Return actions in order, of the `types` if any, in statuses if given."""
        c = self._table.c
        in_order = select(*self._listed).order_by(c.created_at, c.id)
        if has_types:
            in_order = in_order.where(
                c.action_type.in_(bindparam("types", expanding=True))
            )
        if statuses is not None:
            in_order = in_order.where(is_one_of(c.status, statuses))
        return in_order

    @cached_property
    def _latest(self) -> tuple[Select[Any], Select[Any]]:
        c = self._table.c
        any_type = (
            select(*of_success(self._table))
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
        assert action.key is not None
        return and_(
            c.assignment_id == self.mapper.put_id(action.assignment_id),
            c.action_type == str(action.action_type),
            c.key_digest == self.mapper.put_key(action.key),
            c.attempt == action.attempt,
        )

    # -- filters -----------------------------------------------------------------------

    def values_of(
        self, wanted: ActionFilter, ids: Sequence[Any] | None, place: Cursor | None
    ) -> dict[str, Any]:
        """Return the parameters of the statements below."""
        return self._conditions.values_of(wanted, ids, place)

    def find(self, wanted: ActionFilter, limit: int, way: Way) -> Select[Any]:
        """
        Return the newest actions that match, strictly after a place or from the end.

        With "before" the oldest ones strictly before it, and these oldest first.
        """
        return self._of_shape(
            ("find", str(int(limit)), way, *shape_of(wanted)),
            lambda: self._page(self._listed, wanted, limit, way),
        )

    def search(
        self, wanted: ActionFilter, texts: Collection[str] | None, limit: int, way: Way
    ) -> Select[Any]:
        """Return the same with their stacktraces, of those that hold a text."""
        page = self._page(self._whole, wanted, limit, way)
        return page.where(self._conditions.holds(texts))

    def _page(
        self,
        columns: Sequence[Column[Any]],
        wanted: ActionFilter,
        limit: int,
        way: Way,
    ) -> Select[Any]:
        c, conditions = self._table.c, self._conditions
        created_at: ColumnElement[Any] = c.created_at
        if has_better_index := _has_better_index(wanted):
            created_at = self.flavour.unindexed(created_at)
        order: list[ColumnElement[Any]] = [created_at, c.id, c.assignment_id]
        most: ColumnElement[int] = literal_column(
            str(limit)
        )  # PostgreSQL's kept plans know it then
        statement = select(*columns).where(*conditions.matching(wanted)).limit(most)
        if (
            len(wanted.statuses or ()) == 1
            and wanted.assignment_ids is None
            and not has_better_index
        ):
            # Else MariaDB walks from the end of that status, not from the place.
            by_status = f"FORCE INDEX ({self._table.name}_unknown)"
            for dialect in ("mysql", "mariadb"):
                statement = statement.with_hint(self._table, by_status, dialect)
        if way == "before":
            return statement.where(conditions.before(created_at)).order_by(*order)
        if way == "after":
            statement = statement.where(conditions.after(created_at))
        return statement.order_by(*(one.desc() for one in order))

    def count(self, wanted: ActionFilter) -> Select[Any]:
        """Return how many match."""
        return self._of_shape(
            ("count", *shape_of(wanted)),
            lambda: (
                select(func.count())
                .select_from(self._table)
                .where(*self._conditions.matching(wanted))
            ),
        )

    def count_by(self, wanted: ActionFilter, dimension: Dimension) -> Select[Any]:
        """Return how many match, by one dimension."""
        return self._of_shape(
            ("count_by", dimension, *shape_of(wanted)),
            lambda: self._counting(wanted, dimension),
        )

    def _counting(self, wanted: ActionFilter, dimension: Dimension) -> Select[Any]:
        c = self._table.c
        by = self.flavour.day(c.created_at) if dimension == "day" else c[dimension]
        if dimension == "fingerprint" and wanted != ActionFilter():
            by = self.flavour.unindexed(by)  # what is wanted is less than all kinds
        return (
            select(by.label("value"), func.count())
            .where(by.is_not(None), *self._conditions.matching(wanted))
            .group_by(by)
        )

    def _of_shape(
        self, shape: tuple[Any, ...], build: Callable[[], Select[Any]]
    ) -> Select[Any]:
        """Return the statement of a shape, built where it is not kept yet."""
        statement = self._by_shape.get(shape)
        if statement is None:
            if len(self._by_shape) >= STATEMENTS_KEPT:
                self._by_shape.pop(next(iter(self._by_shape)), None)
            statement = self._by_shape[shape] = build()
        return statement

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
        or wanted.fingerprints is not None
        or (is_by_completion and wanted.statuses == {ActionStatus.FAILED})
        or (
            wanted.key is not None
            and wanted.assignment_ids is not None
            and wanted.action_types is not None
        )
    )
