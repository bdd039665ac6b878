"""Filters over the mixture: every field alone, and several together."""

from __future__ import annotations

from typing import Any

from assignment_actions.domain.filters import ActionFilter
from assignment_actions.testing.contract.mixture import (
    ELSEWHERE,
    HERE,
    NOWHERE,
    THERE,
)
from assignment_actions.testing.factories import a_moment

_FIELDS: dict[str, dict[str, Any]] = {
    "assignment_ids": {"assignment_ids": [HERE, NOWHERE]},
    "assignment_ids, several": {"assignment_ids": {THERE, ELSEWHERE}},
    "action_types": {"action_types": ["reminded"]},
    "action_types, unknown": {"action_types": ["retired_type", "never"]},
    "statuses": {"statuses": ["failed"]},
    "statuses, in progress": {"statuses": ["in_progress"]},
    "statuses, several": {"statuses": ["succeeded", "unknown"]},
    "reasons": {"reasons": ["timeout"]},
    "reasons, several": {"reasons": ["timeout_error", "email_error"]},
    "exception_types": {"exception_types": ["TimeoutError"]},
    "exception_types, case": {"exception_types": ["timeouterror"]},
    "fingerprints": {"fingerprints": ["1-slow"]},
    "fingerprints, blank": {"fingerprints": ["1-SLOW "]},
    "actors": {"actors": ["ann"]},
    "actors, blank": {"actors": ["ann "]},
    "actors, several": {"actors": ["Ann", "ben", "nobody"]},
    "key": {"key": "k"},
    "key, case": {"key": "K"},
    "key, blank": {"key": "k "},
    "created_from": {"created_from": a_moment(microseconds=1)},
    "created_from, inclusive": {"created_from": a_moment()},
    "created_before": {"created_before": a_moment(microseconds=1)},
    "created_before, exclusive": {"created_before": a_moment()},
    "created within a microsecond": {
        "created_from": a_moment(microseconds=1),
        "created_before": a_moment(microseconds=2),
    },
    "completed_from": {"completed_from": a_moment(1, microseconds=1)},
    "completed_from, inclusive": {"completed_from": a_moment(1)},
    "completed_before": {"completed_before": a_moment(1)},
    "completed within": {
        "completed_from": a_moment(-3600),
        "completed_before": a_moment(0, microseconds=1),
    },
    "overdue_before": {"overdue_before": a_moment(3600)},
    "overdue_before, later": {"overdue_before": a_moment(3600, microseconds=1)},
    "failures of an assignment": {
        "assignment_ids": [HERE],
        "statuses": ["failed"],
        "reasons": ["email_error"],
    },
    "key of a type": {
        "assignment_ids": [HERE],
        "action_types": ["notified"],
        "key": "k",
    },
    "failing since": {
        "statuses": ["failed", "unknown"],
        "exception_types": ["TimeoutError", "smtplib.SMTPDataError"],
        "created_from": a_moment(-1),
    },
    "all fields": {
        "assignment_ids": [HERE, THERE],
        "action_types": ["notified", "reminded"],
        "statuses": ["failed"],
        "reasons": ["email_error"],
        "exception_types": ["smtplib.SMTPDataError"],
        "fingerprints": ["1-bounce"],
        "actors": ["ann"],
        "created_from": a_moment(-90_000),
        "created_before": a_moment(),
        "completed_from": a_moment(-90_000),
        "completed_before": a_moment(),
    },
    "overdue of an assignment": {
        "assignment_ids": [HERE],
        "statuses": ["in_progress"],
        "key": "long ago",
        "overdue_before": a_moment(),
    },
}

FILTERS = {name: ActionFilter(**fields) for name, fields in _FIELDS.items()}
"""Filters that match some of the mixture, never all of it."""

_NOTHING: dict[str, dict[str, Any]] = {
    **{
        f"no {field}": {field: []}
        for field in (
            "assignment_ids",
            "action_types",
            "statuses",
            "reasons",
            "exception_types",
            "fingerprints",
            "actors",
        )
    },
    "an assignment nobody knows": {"assignment_ids": [NOWHERE]},
    "empty beats all else": {"assignment_ids": [HERE], "actors": []},
    "a range that ends before it starts": {
        "created_from": a_moment(1),
        "created_before": a_moment(),
    },
    "nothing is overdue yet": {"overdue_before": a_moment(-9e6)},
    "a pattern is no pattern": {"actors": ["ann%", "a_n", "%"]},
}

EMPTY = {name: ActionFilter(**fields) for name, fields in _NOTHING.items()}
"""Filters that match none of the mixture."""
