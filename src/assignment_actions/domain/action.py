"""Action: one try at doing something about one assignment, and its transitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from assignment_actions.domain.blanks import blank_of
from assignment_actions.domain.details import NO_DETAILS, FrozenDict, as_details, merged
from assignment_actions.domain.errors import ActionAlreadyCompletedError
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.redaction import redacted_actor, redacted_details
from assignment_actions.domain.values import (
    INT32_MAX,
    AssignmentId,
    as_assignment_id,
    as_int,
    as_name,
    as_text,
    as_utc,
    as_uuid,
    scrubbed_key,
)
from assignment_actions.domain.vocabulary import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable


class ActionStatus(StrEnum):
    """Tell where one try stands."""

    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Tell whether no transition leads out of this status."""
        return self is _SUCCEEDED or self is _FAILED

    @property
    def replaces(self) -> tuple[ActionStatus, ...]:
        """Return the stored statuses that an action in this status may replace."""
        if self is _UNKNOWN:
            return (_IN_PROGRESS,)
        return () if self is _IN_PROGRESS else (_IN_PROGRESS, _UNKNOWN)


def as_status(field: str, value: object) -> ActionStatus:
    """Return the status that a text names."""
    if isinstance(value, str) and value in _STATUS_OF:
        return _STATUS_OF[value]
    known = ", ".join(ActionStatus)
    raise ValueError(f"{field} must be one of {known}, got {value!r}")


_STATUS_OF = {str(status): status for status in ActionStatus}
_IN_PROGRESS, _UNKNOWN = ActionStatus.IN_PROGRESS, ActionStatus.UNKNOWN
_SUCCEEDED, _FAILED = ActionStatus.SUCCEEDED, ActionStatus.FAILED

Claim = tuple[AssignmentId, UUID] | tuple[AssignmentId, str, str, int]
"""What one action holds alone: an identity, or one attempt under a key."""


@attrs.frozen(kw_only=True)
class Action:
    """
    Be one try at doing something about one assignment; a later try is another action.

    Times are aware and kept in UTC with microseconds; naive ones are refused.
    `completed_at` is set for success and failure. It may be earlier than `created_at`
    (two machines, two clocks): kept as given. `details` become an immutable JSON
    object of at most 16 KiB. `attempt` counts the tries under one `key`. `overdue_at`
    is when an action in progress becomes overdue, `unknown_at` when it became unknown;
    both stay after the completion.

    Raises:
        TypeError, ValueError: naming the field, the value and the limit.
    """

    id: UUID
    assignment_id: AssignmentId
    action_type: str
    status: ActionStatus
    created_at: datetime
    completed_at: datetime | None = None
    failure: Failure | None = None
    key: str | None = None
    attempt: int = 1
    actor: str | None = None
    details: Mapping[str, Any] = attrs.field(default=NO_DETAILS, hash=False)
    overdue_at: datetime | None = None
    unknown_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        put = object.__setattr__
        as_uuid("id", self.id)
        put(self, "assignment_id", as_assignment_id(self.assignment_id))
        name = as_name("action_type", self.action_type)
        put(self, "action_type", BUILT_IN.get(name, name))
        put(self, "status", as_status("status", self.status))
        put(self, "created_at", as_utc("created_at", self.created_at))
        for field in ("completed_at", "overdue_at", "unknown_at"):
            value = getattr(self, field)
            if value is not None:
                put(self, field, as_utc(field, value))
        for field in ("key", "actor"):
            value = getattr(self, field)
            if value is not None:
                put(self, field, as_text(field, value))
        put(self, "attempt", as_int("attempt", self.attempt, low=1, high=INT32_MAX))
        put(self, "details", as_details(self.details))
        self._require_consistency()

    def _require_consistency(self) -> None:
        if self.failure is not None:
            _as_failure(self.failure)
        if self.status.is_final is (self.completed_at is None):
            raise ValueError(
                f"completed_at must be {'set' if self.status.is_final else 'None'}"
                f" for an action that is {self.status}, got {self.completed_at!r}"
            )
        if self.status is _FAILED and self.failure is None:
            raise ValueError("failure must be set for an action that is failed")
        if self.status in (_SUCCEEDED, _IN_PROGRESS) and self.failure is not None:
            raise ValueError(
                f"failure must be None for an action that is {self.status}"
            )
        if self.status is _IN_PROGRESS and self.unknown_at is not None:
            raise ValueError(
                "unknown_at must be None for an action that is in_progress"
            )

    # -- answers -----------------------------------------------------------------

    @property
    def duration(self) -> timedelta | None:
        """Return how long it took, never negative; None while not completed."""
        if self.completed_at is None:
            return None
        return max(self.completed_at - self.created_at, timedelta(0))

    @property
    def failed_at(self) -> datetime | None:
        """Return when it failed, None if it did not."""
        return self.completed_at if self.status is _FAILED else None

    @property
    def is_late(self) -> bool:
        """Tell whether it was unknown before it was completed."""
        return self.completed_at is not None and self.unknown_at is not None

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Return what no other action may hold: its identity, its key's attempt."""
        identity = (self.assignment_id, self.id)
        if self.key is None:
            return (identity,)
        return identity, (
            self.assignment_id,
            str(self.action_type),
            scrubbed_key(self.key),
            self.attempt,
        )

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it is in progress for longer than its type allows."""
        now = as_utc("now", now)
        return (
            self.status is _IN_PROGRESS
            and self.overdue_at is not None
            and self.overdue_at <= now
        )

    # -- transitions -------------------------------------------------------------

    def succeed(
        self, *, at: datetime, details: Mapping[str, object] | None = None
    ) -> Action:
        """
        Return this action as succeeded, with `details` laid over its own.

        Raises:
            ActionAlreadyCompletedError: it has succeeded or failed before.
        """
        return self._completed(_SUCCEEDED, at, None, details)

    def fail(
        self,
        failure: Failure,
        *,
        at: datetime,
        details: Mapping[str, object] | None = None,
    ) -> Action:
        """
        Return this action as failed, with what went wrong.

        Raises:
            ActionAlreadyCompletedError: it has succeeded or failed before.
        """
        return self._completed(_FAILED, at, _as_failure(failure), details)

    def mark_unknown(
        self,
        *,
        at: datetime,
        failure: Failure | None = None,
        details: Mapping[str, object] | None = None,
    ) -> Action:
        """
        Return this action as unknown; one that is unknown already stays as it is.

        Raises:
            ActionAlreadyCompletedError: it has succeeded or failed.
        """
        if self.status is _UNKNOWN:
            return self
        self._require_open()
        return self._with(
            status=_UNKNOWN,
            unknown_at=as_utc("at", at),
            failure=None if failure is None else _as_failure(failure),
            details=merged(self.details, details),
        )

    def ended_at_once(self, failure: Failure | None = None) -> Action:
        """
        Return this action as one that ended when it began, and was never overdue.

        Raises:
            ActionAlreadyCompletedError: it has succeeded or failed before.
        """
        self._require_open()
        draft = self._draft()
        draft.status = _SUCCEEDED if failure is None else _FAILED
        draft.completed_at = self.created_at
        draft.failure = None if failure is None else _as_failure(failure)
        draft.overdue_at = None
        return _frozen(draft)

    def replaced_by(self, completion: Action) -> Action | None:
        """
        Return what a store that holds this action keeps after a completion arrives.

        None where the completion is refused: compare-and-set on the status. Status,
        completed_at, failure and details are the completion's; unknown_at stays once
        it is set; all else is this action's. The meaning of clauses R20 and R21.
        """
        if self.status not in completion.status.replaces:
            return None
        draft = self._draft()
        draft.status = completion.status
        draft.completed_at = completion.completed_at
        draft.failure = completion.failure
        draft.details = completion.details
        draft.unknown_at = completion.unknown_at or self.unknown_at
        return _frozen(draft)

    def is_same_outcome(self, other: Action) -> bool:
        """Tell whether both are one action that ended in the same way at one time."""
        return (
            (self.assignment_id, self.id, self.status)
            == (other.assignment_id, other.id, other.status)
            and self.completed_at == other.completed_at
            and self.details == other.details
        )

    def redacted(self, redact: Callable[[str], str]) -> Action:
        """Return the same action with its texts redacted; itself if nothing changes."""
        failure, actor, details = self.failure, self.actor, self.details
        if failure is None and actor is None and not details:
            return self
        clean = (
            None if failure is None else failure.redacted(redact),
            None if actor is None else redacted_actor(redact, actor),
            redacted_details(redact, details),
        )
        if clean == (failure, actor, details):
            return self
        return self._with(failure=clean[0], actor=clean[1], details=clean[2])

    def scrubbed(self) -> Action:
        """
        Return the facts: type, times, status, reason, exception type, fingerprint.

        Message, stacktrace, details and actor are gone; the key is a digest. What was
        scrubbed before is returned as it is.
        """
        failure, key = self.failure, self.key
        facts = self._with(
            failure=None if failure is None else failure.scrubbed(),
            key=None if key is None else scrubbed_key(key),
            actor=None,
            details=NO_DETAILS,
        )
        return self if facts == self else facts

    def without_stacktrace(self) -> Action:
        """Return what a list shows of this action."""
        failure = self.failure
        if failure is None or failure.stacktrace is None:
            return self
        return self._with(failure=failure.without_stacktrace())

    def _completed(
        self,
        status: ActionStatus,
        at: datetime,
        failure: Failure | None,
        details: Mapping[str, object] | None,
    ) -> Action:
        self._require_open()
        draft = self._draft()
        draft.status = status
        draft.completed_at = as_utc("at", at)
        draft.failure = failure
        draft.details = merged(self.details, details)
        return _frozen(draft)

    def _require_open(self) -> None:
        if self.status.is_final:
            raise ActionAlreadyCompletedError(self.id, self.status)

    def _with(self, **changes: Any) -> Action:
        """Return a copy with some fields changed to values that were checked before."""
        draft = self._draft()
        for name, value in changes.items():
            setattr(draft, name, value)
        return _frozen(draft)

    def _draft(self) -> Any:
        """Return a copy that is open to be changed until it is `_frozen`."""
        draft = _blank()
        draft.id = self.id
        draft.assignment_id = self.assignment_id
        draft.action_type = self.action_type
        draft.status = self.status
        draft.created_at = self.created_at
        draft.completed_at = self.completed_at
        draft.failure = self.failure
        draft.key = self.key
        draft.attempt = self.attempt
        draft.actor = self.actor
        draft.details = self.details
        draft.overdue_at = self.overdue_at
        draft.unknown_at = self.unknown_at
        return draft

    # -- stored rows -------------------------------------------------------------

    @staticmethod
    def from_store(
        *,
        id: UUID,
        assignment_id: AssignmentId,
        action_type: str,
        status: str,
        created_at: datetime,
        completed_at: datetime | None,
        failure: Failure | None,
        key: str | None,
        attempt: int,
        actor: str | None,
        details: FrozenDict,
        overdue_at: datetime | None,
        unknown_at: datetime | None,
    ) -> Action:
        """
        Return an action from values stored earlier, without checking them again.

        For adapters. Times must be aware UTC. A type nobody knows any more stays plain
        text.
        """
        blank = _blank()
        blank.id = id
        blank.assignment_id = assignment_id
        blank.action_type = BUILT_IN.get(action_type, action_type)
        blank.status = _STATUS_OF.get(status) or ActionStatus(status)
        blank.created_at = created_at
        blank.completed_at = completed_at
        blank.failure = failure
        blank.key = key
        blank.attempt = attempt
        blank.actor = actor
        blank.details = details
        blank.overdue_at = overdue_at
        blank.unknown_at = unknown_at
        blank.__class__ = Action
        action: Action = blank
        return action


_blank = blank_of(Action)


def _frozen(draft: Any) -> Action:
    draft.__class__ = Action
    action: Action = draft
    return action


def _as_failure(value: object) -> Failure:
    if not isinstance(value, Failure):
        raise TypeError(f"failure must be a Failure, got {value!r}")
    return value


def timeline_order(action: Action) -> tuple[datetime, UUID]:
    """Return the key of the total order of one assignment's actions."""
    return action.created_at, action.id


def success_order(action: Action) -> tuple[datetime, datetime, UUID]:
    """Return the key by which the latest of several successes is the greatest."""
    assert action.completed_at is not None
    return action.completed_at, action.created_at, action.id
