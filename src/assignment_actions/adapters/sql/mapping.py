"""Rows and actions: the only place that knows which column holds what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from assignment_actions.adapters.sql.facts import KEY_MARK
from assignment_actions.adapters.sql.flavour import Flavour, Identity
from assignment_actions.domain.action import Action
from assignment_actions.domain.details import canonical_json, from_canonical_json
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.values import AssignmentId, scrubbed_key


class Mapper:
    """Turn actions into rows of one database, and rows into actions."""

    def __init__(self, flavour: Flavour, kind: type) -> None:
        self._flavour = flavour
        self.kind: type = kind
        self.put_id: Callable[[Any], Any] = (
            flavour.put_uuid if kind is UUID else _plain_text if kind is str else int
        )
        self.get_id: Callable[[Any], AssignmentId] = (
            flavour.get_uuid if kind is UUID else _same
        )

    def row_of(self, action: Action) -> dict[str, Any]:
        """Return the whole row of a new action."""
        return {
            "assignment_id": self.put_id(action.assignment_id),
            "id": self._flavour.put_uuid(action.id),
            "action_type": str(action.action_type),
            "created_at": self._flavour.put_time(action.created_at),
            "overdue_at": self._time(action.overdue_at),
            "idempotency_key": action.key,
            "key_digest": self.put_key(action.key),
            "attempt": action.attempt,
            "actor": action.actor,
            **self._outcome_of(action),
        }

    def put_key(self, key: str | None) -> bytes | None:
        """Return what a key is compared by, scrubbed or not."""
        if key is None:
            return None
        return bytes.fromhex(scrubbed_key(key).removeprefix(KEY_MARK))

    def identity_of(self, action: Action) -> Identity:
        """Return the primary key of an action's row."""
        return self.put_id(action.assignment_id), self._flavour.put_uuid(action.id)

    def completion_of(self, action: Action) -> dict[str, Any]:
        """Return the parameters of the conditional write of an outcome."""
        outcome = self._outcome_of(action)
        return {
            "at_assignment_id": self.put_id(action.assignment_id),
            "at_id": self._flavour.put_uuid(action.id),
            **{f"to_{name}": value for name, value in outcome.items()},
        }

    def action_of(self, row: Sequence[Any]) -> Action:
        """Return the action of a row, with its stacktrace where the row has one."""
        flavour = self._flavour
        get_time = flavour.get_time
        completed_at, unknown_at, overdue_at = row[5], row[6], row[7]
        return Action.from_store(
            id=flavour.get_uuid(row[1]),
            assignment_id=self.get_id(row[0]),
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

    def _outcome_of(self, action: Action) -> dict[str, Any]:
        failure = action.failure
        return {
            "status": str(action.status),
            "completed_at": self._time(action.completed_at),
            "unknown_at": self._time(action.unknown_at),
            "details": canonical_json(action.details),
            **(_NO_FAILURE if failure is None else _columns_of(failure)),
        }

    def _time(self, value: Any) -> Any:
        return None if value is None else self._flavour.put_time(value)


_NO_FAILURE: Mapping[str, Any] = {
    "reason": None,
    "exception_type": None,
    "message": None,
    "fingerprint": None,
    "truncated": False,
    "stacktrace": None,
}


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


def _plain_text(value: str) -> str:
    return str.__str__(value)


def _same(value: Any) -> Any:
    return value
