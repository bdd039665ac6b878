"""A small store in which every field has several values, near misses and ties."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from uuid import UUID

from assignment_actions.domain.action import Action
from assignment_actions.domain.failure import Failure
from assignment_actions.testing.factories import a_moment, an_action

HERE = UUID("7f000000-0000-4000-8000-000000000001")
THERE = UUID("80000000-0000-4000-8000-000000000002")
ELSEWHERE = UUID("ffffffff-0000-4000-8000-000000000003")
NOWHERE = UUID("00000000-0000-4000-8000-000000000004")

BOUNCE = Failure(
    reason="email_error",
    exception_type="smtplib.SMTPDataError",
    message="mailbox full",
    stacktrace="one\n  two\n",
    fingerprint="1-bounce",
)
SLOW = Failure(reason="timeout", exception_type="TimeoutError", fingerprint="1-slow")
NEAR = Failure(
    reason="timeout_error", exception_type="timeouterror", fingerprint="1-SLOW "
)


def an_id(number: int) -> UUID:
    """
    Return an id that sorts by its number, of a version that varies with it.

    Read from its end it sorts the other way round: a store that compares other bytes
    first is found out.
    """
    version = 1 + number % 8
    return UUID(int=number << 120 | version << 76 | 2 << 62 | 255 - number)


def a_mixture() -> list[Action]:
    """Return the same actions each time, in no order at all."""
    at, hour = a_moment(), timedelta(hours=1)
    day = timedelta(days=1)

    def one(number: int, assignment_id: UUID, /, **changes: object) -> Action:
        return an_action(assignment_id, **{"id": an_id(number)} | changes)

    return [
        one(9, HERE, status="succeeded", actor="ann", key="k"),
        one(3, HERE, status="succeeded", actor="Ann", key="K"),
        one(255, THERE, status="succeeded", actor="ann ", key="k "),
        one(128, HERE, status="failed", failure=BOUNCE, key="k", attempt=2),
        one(127, HERE, status="failed", failure=SLOW, action_type="reminded"),
        one(9, THERE, status="failed", failure=NEAR, action_type="reminded"),
        one(1, ELSEWHERE, status="unknown", failure=SLOW, action_type="redeemed"),
        one(2, ELSEWHERE, status="unknown", actor="ben"),
        one(4, HERE, overdue_at=at + hour),
        one(5, HERE, overdue_at=at + hour + timedelta(microseconds=1)),
        one(6, THERE, action_type="retired_type"),
        one(7, HERE, created_at=at - day, status="failed", failure=BOUNCE, actor="ann"),
        one(8, THERE, created_at=at + day, status="succeeded", completed_at=at),
        one(10, THERE, created_at=at - timedelta(microseconds=1), status="succeeded"),
        one(11, THERE, created_at=at + timedelta(microseconds=1), status="failed"),
        one(12, HERE, status="succeeded", completed_at=at - hour, unknown_at=at),
        one(13, HERE, created_at=at - 9 * day, overdue_at=at - 8 * day, key="long ago"),
        one(
            14,
            ELSEWHERE,
            status="succeeded",
            action_type="redeemed",
            overdue_at=at - day,
        ),
    ]


def newest_first(actions: list[Action]) -> list[Action]:
    """Return actions as `find` does: across assignments, without stacktraces."""
    ordered = sorted(
        actions, key=lambda it: (it.created_at, it.id, it.assignment_id), reverse=True
    )
    return [action.without_stacktrace() for action in ordered]


def shuffled(actions: list[Action]) -> list[Action]:
    """Return actions in a disorder that is the same each time."""
    return Random(7).sample(actions, len(actions))  # noqa: S311  # no secret
