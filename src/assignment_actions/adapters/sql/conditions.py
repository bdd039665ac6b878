"""Which rows a question is about: the domain's predicates, translated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    false,
    literal_column,
    or_,
)

from assignment_actions.adapters.sql.facts import NO_DETAILS, Facts, is_more_than
from assignment_actions.adapters.sql.flavour import Flavour
from assignment_actions.adapters.sql.mapping import Mapper
from assignment_actions.domain.action import ActionStatus
from assignment_actions.domain.filters import ActionFilter, Cursor
from assignment_actions.domain.leftovers import as_kept_in

_Comparison = Callable[[Any, Any], ColumnElement[bool]]
_IDS = "assignment_ids"
_COLLECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "assignment_ids": "assignment_id",
        "action_types": "action_type",
        "reasons": "reason",
        "exception_types": "exception_type",
        "fingerprints": "fingerprint",
        "actors": "actor",
    }
)
_MOMENTS: Mapping[str, tuple[str, _Comparison]] = MappingProxyType(
    {
        "created_from": ("created_at", ge),
        "created_before": ("created_at", lt),
        "completed_from": ("completed_at", ge),
        "completed_before": ("completed_at", lt),
        "overdue_before": ("overdue_at", le),
    }
)
_NAMES = (*_COLLECTIONS, "key", *_MOMENTS)
_TEXTS = (
    "action_type",
    "idempotency_key",
    "actor",
    "reason",
    "exception_type",
    "message",
    "fingerprint",
    "stacktrace",
)


class Conditions:
    """Translate filters, places and texts for one table."""

    def __init__(
        self, table: Table, flavour: Flavour, mapper: Mapper, facts: Facts
    ) -> None:
        self._table = table
        self._flavour = flavour
        self._mapper = mapper
        self._facts = facts

    def matching(self, wanted: ActionFilter) -> list[ColumnElement[bool]]:
        """
        Translate `ActionFilter.matches`, statuses apart to parameters by name.

        So two filters of one shape, as `shape_of` tells, are one statement.
        """
        c = self._table.c
        conditions: list[ColumnElement[bool]] = []
        if wanted.statuses is not None:
            conditions.append(is_one_of(c.status, wanted.statuses))
        for name, column in _COLLECTIONS.items():
            if getattr(wanted, name) is not None:
                conditions.append(c[column].in_(bindparam(name, expanding=True)))
        if wanted.key is not None:
            conditions.append(c.key_digest == bindparam("key"))
        for name, (column, compare) in _MOMENTS.items():
            if getattr(wanted, name) is not None:
                conditions.append(compare(c[column], bindparam(name)))
        if wanted.overdue_before is not None:
            conditions.append(is_one_of(c.status, [ActionStatus.IN_PROGRESS]))
        return conditions

    def values_of(
        self, wanted: ActionFilter, ids: Sequence[Any] | None, place: Cursor | None
    ) -> dict[str, Any]:
        """Return the parameters; `ids` are the filter's assignment ids as stored."""
        put_time = self._flavour.put_time
        values: dict[str, Any] = {}
        for name in _COLLECTIONS:
            some = getattr(wanted, name)
            if some is not None:
                values[name] = sorted(map(str, some)) if name != _IDS else ids
        if wanted.key is not None:
            values["key"] = self._mapper.put_key(wanted.key)
        for name in _MOMENTS:
            moment = getattr(wanted, name)
            if moment is not None:
                values[name] = put_time(moment)
        if place is not None:
            values["place_created_at"] = put_time(place.created_at)
            values["place_id"] = self._flavour.put_uuid(place.id)
            values["place_assignment_id"] = self._mapper.put_id(place.assignment_id)
        return values

    def after(self, created_at: ColumnElement[Any]) -> ColumnElement[bool]:
        """Compare by the total order: rows created before the place's."""
        return self._beyond(created_at, lt, le)

    def before(self, created_at: ColumnElement[Any]) -> ColumnElement[bool]:
        """Compare by the total order: rows created after the place's."""
        return self._beyond(created_at, gt, ge)

    def _beyond(
        self,
        created_at: ColumnElement[Any],
        is_past: _Comparison,
        is_at_or_past: _Comparison,
    ) -> ColumnElement[bool]:
        """
        Expand the comparison: MariaDB scans on that of rows.

        The first condition alone bounds the range that the index walks.
        """
        c = self._table.c
        last = bindparam("place_created_at", type_=c.created_at.type)
        last_id = bindparam("place_id", type_=c.id.type)
        last_assignment = bindparam("place_assignment_id", type_=c.assignment_id.type)
        has_id_beyond = or_(
            is_past(c.id, last_id),
            and_(c.id == last_id, is_past(c.assignment_id, last_assignment)),
        )
        return and_(
            is_at_or_past(created_at, last),
            or_(is_past(created_at, last), has_id_beyond),
        )

    def holds(self, texts: Collection[str] | None) -> ColumnElement[bool]:
        """Translate `leftovers`: rows in which a text stands, or more than facts."""
        if texts is None:
            return is_more_than(self._facts)
        return or_(*(held for text in texts for held in self._holding(text)))

    def _holding(self, text: str) -> list[ColumnElement[bool]]:
        c, contains = self._table.c, self._flavour.contains
        columns = [c[name] for name in _TEXTS]
        if self._mapper.kind is str:
            columns.append(c.assignment_id)
        plain, in_details = as_kept_in("message", text), as_kept_in("details", text)
        return [
            *(contains(column, plain) for column in columns),
            # without any, the JSON of it is no text of the action's
            and_(c.details != NO_DETAILS, contains(c.details, in_details)),
        ]


def shape_of(wanted: ActionFilter) -> tuple[Any, ...]:
    """Return what of a filter stands in a statement itself, not in its parameters."""
    is_set = tuple(getattr(wanted, name) is not None for name in _NAMES)
    return wanted.statuses, *is_set


def is_one_of(
    column: ColumnElement[str], statuses: Collection[str]
) -> ColumnElement[bool]:
    """Compare with literals: a partial index serves no parameter."""
    literals: list[ColumnElement[str]] = [
        literal_column(f"'{ActionStatus(one)}'") for one in sorted(statuses)
    ]
    if not literals:
        return false()
    return column == literals[0] if len(literals) == 1 else column.in_(literals)
