"""Rows and actions: the only place that knows which column holds what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from assignment_actions.adapters.sql.facts import KEY_MARK
from assignment_actions.adapters.sql.flavour import Flavour, Identity
from assignment_actions.domain.action import Action
from assignment_actions.domain.details import canonical_json, from_canonical_json
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.values import AssignmentId, scrubbed_key

OUTCOME = (
    *("status", "completed_at", "details", "reason", "exception_type", "message"),
    *("fingerprint", "truncated", "stacktrace"),
)
"""The columns that every completion writes."""

UNSAID: Mapping[str, Any] = MappingProxyType(
    {"attempt": 1, "details": "{}", "truncated": False}
)
"""What stands in columns that a row leaves out, where it is not NULL."""


def blank_row(columns: Iterable[str]) -> dict[str, Any]:
    """Return what stands in the columns that `Mapper.row_of` leaves out."""
    return {name: UNSAID.get(name) for name in columns}


class Mapper:
    """Turn actions into rows of one database, and rows into actions."""

    def __init__(self, flavour: Flavour, kind: type) -> None:
        self._flavour = flavour
        self.kind: type = kind
        self.put_id: Callable[[Any], Any] = (
            flavour.put_uuid if kind is UUID else plain_text if kind is str else int
        )
        self.get_id: Callable[[Any], AssignmentId] = (
            flavour.get_uuid if kind is UUID else _same
        )

    def row_of(self, action: Action) -> dict[str, Any]:
        """Return what a new action says: the others are NULL, or as a rule."""
        put_time = self._flavour.put_time
        row = {
            "assignment_id": self.put_id(action.assignment_id),
            "id": self._flavour.put_uuid(action.id),
            "action_type": str(action.action_type),
            "created_at": put_time(action.created_at),
        }
        if action.overdue_at is not None:
            row["overdue_at"] = put_time(action.overdue_at)
        if action.key is not None:
            row["idempotency_key"] = action.key
            row["key_digest"] = self.put_key(action.key)
        if action.attempt != 1:
            row["attempt"] = action.attempt
        if action.actor is not None:
            row["actor"] = action.actor
        row.update(self.outcome_of(action))
        return row

    def whole_row_of(self, action: Action, blank: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what a new action says over a blank row, in that row's order."""
        row = {**blank, "status": str(action.status), **self.row_of(action)}
        return tuple(row.values())

    def outcome_of(self, action: Action) -> dict[str, Any]:
        """Return what an outcome says beside its status, as `row_of` does."""
        outcome: dict[str, Any] = {}
        if action.completed_at is not None:
            outcome["completed_at"] = self._flavour.put_time(action.completed_at)
        if action.unknown_at is not None:
            outcome["unknown_at"] = self._flavour.put_time(action.unknown_at)
        if action.details:
            outcome["details"] = canonical_json(action.details)
        if action.failure is not None:
            outcome |= _columns_of(action.failure)
        return outcome

    def put_key(self, key: str) -> bytes:
        """Return what a key is compared by, scrubbed or not."""
        return bytes.fromhex(scrubbed_key(key).removeprefix(KEY_MARK))

    def identity_of(self, action: Action) -> Identity:
        """Return the primary key of an action's row."""
        return self.put_id(action.assignment_id), self._flavour.put_uuid(action.id)

    def action_of(
        self, row: Sequence[Any], given: AssignmentId | None = None
    ) -> Action:
        """
        Return the action of a row, with its stacktrace where the row has one.

        Args:
            row: the columns of a list, or the whole row.
            given: the assignment's id where the caller has it.
        """
        flavour = self._flavour
        get_time = flavour.get_time
        completed_at, unknown_at, overdue_at = row[5], row[6], row[7]
        return Action.from_store(
            id=flavour.get_uuid(row[1]),
            assignment_id=self.get_id(row[0]) if given is None else given,
            action_type=row[2],
            status=row[3],
            created_at=get_time(row[4]),
            completed_at=None if completed_at is None else get_time(completed_at),
            unknown_at=None if unknown_at is None else get_time(unknown_at),
            overdue_at=None if overdue_at is None else get_time(overdue_at),
            key=row[8],
            attempt=row[9],
            actor=row[10],
            details=from_canonical_json(row[11]),
            failure=None if row[12] is None else _failure_of(row),
        )

    def success_of(self, row: Sequence[Any], given: AssignmentId) -> Action:
        """Return the action of the columns that a success has."""
        flavour = self._flavour
        get_time = flavour.get_time
        unknown_at, overdue_at = row[5], row[6]
        return Action.from_store(
            id=flavour.get_uuid(row[1]),
            assignment_id=given,
            action_type=row[2],
            status="succeeded",
            created_at=get_time(row[3]),
            completed_at=get_time(row[4]),
            unknown_at=None if unknown_at is None else get_time(unknown_at),
            overdue_at=None if overdue_at is None else get_time(overdue_at),
            key=row[7],
            attempt=row[8],
            actor=row[9],
            details=from_canonical_json(row[10]),
            failure=None,
        )


def _columns_of(failure: Failure) -> dict[str, Any]:
    return {
        "reason": str(failure.reason),
        "exception_type": failure.exception_type,
        "message": failure.message,
        "fingerprint": failure.fingerprint,
        "truncated": failure.truncated,
        "stacktrace": failure.stacktrace,
    }


def _failure_of(row: Sequence[Any]) -> Failure:
    trace = row[17] if len(row) > 17 else None
    return Failure.from_store(row[12], row[13], row[14], trace, row[15], bool(row[16]))


def plain_text(value: str) -> str:
    """Return the text that a str is, whatever a subclass says."""
    return str.__str__(value)


def _same(value: Any) -> Any:
    return value
