"""Which rows a question is about: the domain's predicates, translated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, false, literal_column, or_

from assignment_actions.adapters.sql.facts import NO_DETAILS, Facts, is_more_than
from assignment_actions.adapters.sql.flavour import Flavour
from assignment_actions.adapters.sql.mapping import Mapper
from assignment_actions.domain.action import ActionStatus
from assignment_actions.domain.filters import ActionFilter, Cursor
from assignment_actions.domain.leftovers import as_kept_in

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

    def matching(
        self, wanted: ActionFilter, ids: Sequence[Any] | None
    ) -> list[ColumnElement[bool]]:
        """Translate `ActionFilter.matches`; `ids` are its assignment ids as stored."""
        c, put_time = self._table.c, self._flavour.put_time
        conditions: list[ColumnElement[bool]] = []
        if ids is not None:
            conditions.append(c.assignment_id.in_(ids))
        if wanted.statuses is not None:
            conditions.append(is_one_of(c.status, wanted.statuses))
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
            conditions.append(c.key_digest == self._mapper.put_key(wanted.key))
        for column, start, end in (
            (c.created_at, wanted.created_from, wanted.created_before),
            (c.completed_at, wanted.completed_from, wanted.completed_before),
        ):
            if start is not None:
                conditions.append(column >= put_time(start))
            if end is not None:
                conditions.append(column < put_time(end))
        if wanted.overdue_before is not None:
            conditions.append(is_one_of(c.status, [ActionStatus.IN_PROGRESS]))
            conditions.append(c.overdue_at <= put_time(wanted.overdue_before))
        return conditions

    def after(
        self, place: Cursor, created_at: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """
        Compare by the total order, expanded: MariaDB scans on row comparison.

        The first condition alone bounds the range that the index walks.
        """
        c = self._table.c
        last = self._flavour.put_time(place.created_at)
        last_id = self._flavour.put_uuid(place.id)
        earlier_id = or_(
            c.id < last_id,
            and_(
                c.id == last_id,
                c.assignment_id < self._mapper.put_id(place.assignment_id),
            ),
        )
        return and_(created_at <= last, or_(created_at < last, earlier_id))

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
