"""The bundled sample: 56 histories written and answered by enterprise-access."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import attrs

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.vocabulary import ErrorReason

_FILE = "enterprise_access_sample.json"


@attrs.frozen(kw_only=True)
class SampleHistory:
    """
    Be one assignment of the sample: its row, its actions, and the answers recorded.

    `actions` are ours, in the order in which the rows were inserted. All else is as it
    was recorded. `expected` holds the answers of the other implementation on SQLite,
    its mistakes included; {"raises": "TypeError"} where it raised. `ambiguous` are
    dotted paths in `expected` that hang on an undefined order of ties, and
    `ambiguous_candidates` the values each may take. `null_order_dependent` are the
    paths that change with the place of NULL in an order; `expected_elsewhere` and
    `expected_elsewhere_candidates` have their values by database.
    """

    number: int
    tags: tuple[str, ...]
    assignment: Mapping[str, Any]
    actions: list[Action]
    expected: Mapping[str, Any]
    ambiguous: tuple[str, ...] = ()
    ambiguous_candidates: Mapping[str, Any] = attrs.field(factory=dict)
    null_order_dependent: tuple[str, ...] = ()
    expected_elsewhere: Mapping[str, Any] = attrs.field(factory=dict)
    expected_elsewhere_candidates: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def assignment_id(self) -> UUID:
        """Return the id under which the actions are recorded."""
        return UUID(self.assignment["uuid"])

    @property
    def state(self) -> str:
        """Return the state of the host's assignment; the actions may contradict it."""
        return str(self.assignment["state"])

    @property
    def allocated_at(self) -> datetime | None:
        """Return when the assignment was last allocated."""
        return _moment(self.assignment["allocated_at"])


def load_sample() -> list[SampleHistory]:
    """Return all histories of the sample, by number."""
    text = files("assignment_actions.cli").joinpath(_FILE).read_text("utf-8")
    return [_history(entry) for entry in json.loads(text)["assignments"]]


def _history(entry: Mapping[str, Any]) -> SampleHistory:
    assignment_id = UUID(entry["assignment"]["uuid"])
    return SampleHistory(
        number=entry["n"],
        tags=tuple(entry["tags"]),
        assignment=entry["assignment"],
        actions=[_action(assignment_id, row) for row in entry["actions"]],
        expected=entry["expected"],
        ambiguous=tuple(entry["ambiguous"]),
        ambiguous_candidates=entry["ambiguous_candidates"],
        null_order_dependent=tuple(entry["null_order_dependent"]),
        expected_elsewhere=entry.get("expected_elsewhere", {}),
        expected_elsewhere_candidates=entry.get("expected_elsewhere_candidates", {}),
    )


def _action(assignment_id: UUID, row: Mapping[str, Any]) -> Action:
    """Return a row as ours: any error reason, even an empty one, is a failure."""
    created_at = datetime.fromisoformat(row["created"])
    completed_at = _moment(row["completed_at"])
    failure, status = None, ActionStatus.IN_PROGRESS
    if row["error_reason"] is not None:
        failure, status = _failure(row), ActionStatus.FAILED
        completed_at = completed_at or created_at
    elif completed_at is not None:
        status = ActionStatus.SUCCEEDED
    return Action(
        id=UUID(row["uuid"]),
        assignment_id=assignment_id,
        action_type=row["action_type"],
        status=status,
        created_at=created_at,
        completed_at=completed_at,
        failure=failure,
    )


def _failure(row: Mapping[str, Any]) -> Failure:
    trace = row["traceback"] or ""
    return Failure(
        reason=row["error_reason"] or ErrorReason.UNCLASSIFIED,
        message=trace.partition("\n")[0],
        stacktrace=trace or None,
        truncated=len(trace) < (row["traceback_length"] or 0),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
