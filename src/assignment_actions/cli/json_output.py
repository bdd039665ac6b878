"""
What `--json` prints: one JSON document per command, its field names stable.

Times are ISO 8601 in UTC with microseconds and Z; what is not there is null. New fields
may be added; none is renamed or removed within a major version.

- action: id, assignment_id, action_type, status, is_overdue, created_at, completed_at,
  duration_seconds, key, attempt, actor, details, overdue_at, unknown_at, failure
- failure: reason, exception_type, message, stacktrace, fingerprint, truncated. The
  stacktrace is null where there is none, and in every document but that of `show`.
- `timeline`: assignment_id, actions (oldest first)
- `outcome`: assignment_id, action_type, verdict (yes, no, in_progress, unknown),
  sentence, at, attempts, action, failure
- `show`: an action
- `failures`: since, groups: fingerprint, reason, exception_type, count, assignments,
  first_seen, last_seen, example (an action)
- `overdue`: at, actions (newest first)
- `schema create`, `schema check`: database, schema (created or current)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeAlias

from assignment_actions.domain.action import Action
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.history import FailureGroup
from assignment_actions.domain.timeline import Outcome
from assignment_actions.domain.values import AssignmentId

Document: TypeAlias = dict[str, object]


def as_json(document: Document) -> str:
    """Return the text of a document: ASCII, so that no terminal can stumble."""
    return json.dumps(document, indent=2)


def time_text(moment: datetime | None) -> str | None:
    """Return ISO 8601 with six decimals and Z, for None None."""
    if moment is None:
        return None
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def id_value(assignment_id: AssignmentId) -> int | str:
    """Return an assignment id as JSON holds it."""
    return assignment_id if isinstance(assignment_id, int) else str(assignment_id)


def failure_document(failure: Failure | None) -> Document | None:
    """Return what went wrong."""
    if failure is None:
        return None
    return {
        "reason": str(failure.reason),
        "exception_type": failure.exception_type,
        "message": failure.message,
        "stacktrace": failure.stacktrace,
        "fingerprint": failure.fingerprint,
        "truncated": failure.truncated,
    }


def action_document(action: Action, now: datetime) -> Document:
    """Return an action, and whether it is overdue now."""
    duration = action.duration
    return {
        "id": str(action.id),
        "assignment_id": id_value(action.assignment_id),
        "action_type": str(action.action_type),
        "status": str(action.status),
        "is_overdue": action.is_overdue(now),
        "created_at": time_text(action.created_at),
        "completed_at": time_text(action.completed_at),
        "duration_seconds": None if duration is None else duration.total_seconds(),
        "key": action.key,
        "attempt": action.attempt,
        "actor": action.actor,
        "details": action.details,
        "overdue_at": time_text(action.overdue_at),
        "unknown_at": time_text(action.unknown_at),
        "failure": failure_document(action.failure),
    }


def timeline_document(
    assignment_id: AssignmentId, actions: Iterable[Action], now: datetime
) -> Document:
    """Return the answer of `timeline`."""
    return {
        "assignment_id": id_value(assignment_id),
        "actions": [action_document(action, now) for action in actions],
    }


def outcome_document(
    assignment_id: AssignmentId, action_type: str, outcome: Outcome, now: datetime
) -> Document:
    """Return the answer of `outcome`."""
    action = outcome.action
    return {
        "assignment_id": id_value(assignment_id),
        "action_type": str(action_type),
        "verdict": str(outcome.verdict),
        "sentence": str(outcome),
        "at": time_text(outcome.at),
        "attempts": outcome.attempts,
        "action": None if action is None else action_document(action, now),
        "failure": failure_document(outcome.failure),
    }


def failures_document(
    groups: Iterable[FailureGroup], since: datetime | None, now: datetime
) -> Document:
    """Return the answer of `failures`."""
    return {
        "since": time_text(since),
        "groups": [_group_document(group, now) for group in groups],
    }


def _group_document(group: FailureGroup, now: datetime) -> Document:
    return {
        "fingerprint": group.fingerprint,
        "reason": str(group.reason),
        "exception_type": group.exception_type,
        "count": group.count,
        "assignments": group.assignments,
        "first_seen": time_text(group.first_seen),
        "last_seen": time_text(group.last_seen),
        "example": action_document(group.example, now),
    }


def overdue_document(actions: Iterable[Action], now: datetime) -> Document:
    """Return the answer of `overdue`."""
    return {
        "at": time_text(now),
        "actions": [action_document(action, now) for action in actions],
    }
