"""What the three floors share: entities from rows, made without a check."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from assignment_actions import Action, ActionStatus, ActionType, Failure
from assignment_actions.domain.details import NO_DETAILS, FrozenDict
from benchmarks.population import Row

_TYPES = {str(one): one for one in ActionType}
_STATUSES = {str(one): one for one in ActionStatus}
_put = object.__setattr__


def entity(
    id: UUID,
    assignment_id: UUID,
    action_type: str,
    status: str,
    created_at: datetime,
    completed_at: datetime | None,
    unknown_at: datetime | None,
    overdue_at: datetime | None,
    key: str | None,
    attempt: int,
    actor: str | None,
    details: str,
    failure: Failure | None,
) -> Action:
    """Return an action, filled as attrs would fill it, without a check."""
    action = object.__new__(Action)
    _put(action, "id", id)
    _put(action, "assignment_id", assignment_id)
    _put(action, "action_type", _TYPES[action_type])
    _put(action, "status", _STATUSES[status])
    _put(action, "created_at", created_at)
    _put(action, "completed_at", completed_at)
    _put(action, "unknown_at", unknown_at)
    _put(action, "overdue_at", overdue_at)
    _put(action, "key", key)
    _put(action, "attempt", attempt)
    _put(action, "actor", actor)
    _put(
        action,
        "details",
        NO_DETAILS if details == "{}" else FrozenDict(json.loads(details)),
    )
    _put(action, "failure", failure)
    return action


def failure_of(row: Sequence[Any]) -> Failure:
    """Return the failure of a row of `LISTED`."""
    return Failure.from_store(row[11], row[12], row[13], None, row[14], bool(row[15]))


def stored(
    row: Row, uuid: Callable[[UUID], Any], time: Callable[[Any], Any]
) -> tuple[Any, ...]:
    """Return the values of `STORED`, in a database's own form."""
    return (
        uuid(row.assignment_id),
        uuid(row.id),
        row.action_type,
        row.status,
        time(row.created_at),
        None if row.completed_at is None else time(row.completed_at),
        None if row.unknown_at is None else time(row.unknown_at),
        time(row.overdue_at),
        1,
        row.actor,
        row.details,
        row.reason,
        row.exception_type,
        row.message,
        row.fingerprint,
        False,
        row.stacktrace,
    )
