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
- `show`: an action; with --own or --frames also frames: path, line, function, source
- `failures`: since, period_start, at, groups: fingerprint, reason, exception_type,
  count, assignments, first_seen, last_seen, is_new (first seen in the period), per_day
  (UTC days of the period with their counts; null beyond --limit), example (an action)
- `overdue`: at, actions (newest first)
- `scrub`, `erase`, `purge`: database, kind, actor, is_dry_run, started_at, ended_at,
  assignments (how many were asked about, null for purge), actions, in_progress, held,
  kept (outcomes changed in journals), is_complete, remains (sentences); `purge` also
  rules (sentences) and hold (how many assignments)
- `verify`: is_clean, assignments, texts, actions, is_all (false where there may be
  more), leftovers: where (store or journal), fields, action_id. Never a text.
- `schema create`, `schema check`: database, schema (created or current)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import attrs

from assignment_actions.domain.action import Action
from assignment_actions.domain.erasure import ErasureReport, Leftover
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.groups import FailureGroup
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


def action_sheet_document(
    action: Action, now: datetime, packages: Sequence[str] | None
) -> Document:
    """Return the answer of `show`; with the frames of packages where any are asked."""
    document = action_document(action, now)
    if packages is not None:
        found = () if action.failure is None else action.failure.frames(*packages)
        document["frames"] = [attrs.asdict(frame) for frame in found]
    return document


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
    groups: Iterable[FailureGroup],
    per_day: Mapping[str, Mapping[str, int]],
    *,
    since: datetime | None,
    start: datetime,
    now: datetime,
) -> Document:
    """Return the answer of `failures`; `per_day` is by fingerprint."""
    return {
        "since": time_text(since),
        "period_start": time_text(start),
        "at": time_text(now),
        "groups": [
            {
                "fingerprint": group.fingerprint,
                "reason": str(group.reason),
                "exception_type": group.exception_type,
                "count": group.count,
                "assignments": group.assignments,
                "first_seen": time_text(group.first_seen),
                "last_seen": time_text(group.last_seen),
                "is_new": group.first_seen >= start,
                "per_day": per_day.get(group.fingerprint),
                "example": action_document(group.example, now),
            }
            for group in groups
        ],
    }


def erasure_document(report: ErasureReport) -> Document:
    """Return what was scrubbed, erased or purged."""
    times = {
        "started_at": time_text(report.started_at),
        "ended_at": time_text(report.ended_at),
    }
    return {**report.as_details(), **times, "actor": report.actor}


def leftover_document(leftover: Leftover) -> Document:
    """Return where something is left, never what."""
    action = leftover.action
    return {
        "where": leftover.where,
        "fields": list(leftover.fields),
        "action_id": None if action is None else str(action.id),
    }


def overdue_document(actions: Iterable[Action], now: datetime) -> Document:
    """Return the answer of `overdue`."""
    return {
        "at": time_text(now),
        "actions": [action_document(action, now) for action in actions],
    }
