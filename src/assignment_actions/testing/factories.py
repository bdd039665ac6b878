"""Factories: one valid action, failure or clock, of which a test names what matters."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import attrs

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.ids import Uuid7Factory
from assignment_actions.domain.values import AssignmentId
from assignment_actions.domain.vocabulary import ActionType, ErrorReason

MOMENT = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
"""The moment at which tests happen."""

_new_id = Uuid7Factory()


def a_moment(seconds: float = 0, *, microseconds: int = 0) -> datetime:
    """Return a moment some time after `MOMENT`, or before it."""
    return MOMENT + timedelta(seconds=seconds, microseconds=microseconds)


@attrs.define
class FixedClock:
    """
    Be a clock that stands still until it is told to go on; thread-safe.

    >>> clock = FixedClock()
    >>> clock.advance(hours=1) - MOMENT
    datetime.timedelta(seconds=3600)
    """

    now: datetime = MOMENT
    _lock: threading.Lock = attrs.field(factory=threading.Lock, repr=False, eq=False)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def advance(
        self, *, hours: float = 0, seconds: float = 0, microseconds: int = 0
    ) -> datetime:
        """Go on, and return the new time."""
        step = timedelta(hours=hours, seconds=seconds, microseconds=microseconds)
        with self._lock:
            self.now += step
            return self.now


def an_assignment_id() -> UUID:
    """Return an assignment id that no other test uses."""
    return uuid4()


def a_failure(**changes: Any) -> Failure:
    """Return a failure with every field set, but for what is changed."""
    fields: dict[str, Any] = {
        "reason": ErrorReason.EMAIL_ERROR,
        "exception_type": "smtplib.SMTPDataError",
        "message": "mailbox full",
        "stacktrace": 'Traceback…\n  File "mail.py", line 7, in send\nmailbox full\n',
    }
    return Failure(**fields | changes)


def an_action(assignment_id: AssignmentId | None = None, /, **changes: Any) -> Action:
    """
    Return a valid action; what its status requires is filled in.

    Args:
        assignment_id: a new UUID if None.
        changes: fields of `Action`. `status` is in_progress if not given; a final one
            is completed a second after `created_at`, a failed one has `a_failure()`,
            an unknown one has been so since then.

    >>> an_action(status="failed").failure.message
    'mailbox full'
    """
    fields: dict[str, Any] = {
        "assignment_id": an_assignment_id() if assignment_id is None else assignment_id,
        "action_type": ActionType.NOTIFIED,
        "created_at": MOMENT,
    } | changes
    status = fields["status"] = ActionStatus(fields.get("status", "in_progress"))
    created_at = fields["created_at"]
    fields.setdefault("id", _new_id(created_at))
    if status.is_final and "completed_at" not in fields:
        fields["completed_at"] = created_at + timedelta(seconds=1)
    if status is ActionStatus.FAILED:
        fields.setdefault("failure", a_failure())
    if status is ActionStatus.UNKNOWN:
        fields.setdefault("unknown_at", created_at + timedelta(seconds=1))
    return Action(**fields)
