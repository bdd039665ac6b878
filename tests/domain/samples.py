"""Sample actions around one moment, and a clock that moves when it is told to."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from assignment_actions import Action, ActionStatus, ActionType, Failure

T0 = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ASSIGNMENT = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("22222222-2222-4222-8222-222222222222")
BOUNCE = Failure.of(reason="email_error", message="mailbox full")


def at(seconds: float) -> datetime:
    """Return a moment so many seconds after T0."""
    return T0 + timedelta(seconds=seconds)


def action(number: int = 1, **changes: Any) -> Action:
    """Return an action in progress; `number` is its id."""
    given: dict[str, Any] = {
        "id": UUID(int=number),
        "assignment_id": ASSIGNMENT,
        "action_type": ActionType.NOTIFIED,
        "status": ActionStatus.IN_PROGRESS,
        "created_at": T0,
    }
    return Action(**(given | changes))


def succeeded(number: int = 1, **changes: Any) -> Action:
    """Return an action that succeeded one second after T0."""
    return action(
        number,
        **{"status": ActionStatus.SUCCEEDED, "completed_at": at(1), **changes},
    )


def failed(number: int = 1, **changes: Any) -> Action:
    """Return an action that failed one second after T0."""
    given = {"status": "failed", "completed_at": at(1), "failure": BOUNCE}
    return action(number, **(given | changes))


def unknown(number: int = 1, **changes: Any) -> Action:
    """Return an action whose outcome nobody knows since one second after T0."""
    return action(number, **{"status": "unknown", "unknown_at": at(1), **changes})


class ManualClock:
    """Stand still at a moment until told to move."""

    def __init__(self, now: datetime = T0) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)
