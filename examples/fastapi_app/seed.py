"""
Fill the database with something to look at.

Run: python -m examples.fastapi_app.seed
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from assignment_actions import ActionType, AsyncActionRecorder, ErrorReason
from examples.fastapi_app.app import database
from examples.fastapi_app.assignments import Assignment, sample_assignments

Effect = Callable[[], Awaitable[object]]


async def sent() -> None:
    """Stand for a mail that was taken."""


async def refused() -> None:
    """Fail for real: nobody listens there."""
    await asyncio.open_connection("127.0.0.1", 9)


async def slow() -> None:
    """Take longer than there is time for."""
    async with asyncio.timeout(0.001):
        await asyncio.sleep(60)


async def interrupted() -> None:
    """End as when the process is stopped in the middle."""
    raise asyncio.CancelledError


NOTIFIED, REMINDED = ActionType.NOTIFIED, ActionType.REMINDED
PLOTS: Sequence[Sequence[tuple[ActionType, Effect]]] = (
    [(NOTIFIED, sent)],
    [(NOTIFIED, sent), (REMINDED, sent), (REMINDED, sent)],
    [(NOTIFIED, refused), (NOTIFIED, sent), (REMINDED, sent)],
    [(NOTIFIED, sent), (REMINDED, refused)],
    [(NOTIFIED, refused), (NOTIFIED, slow)],
    [(NOTIFIED, sent), (REMINDED, slow), (REMINDED, sent)],
    [(NOTIFIED, interrupted)],
)
ENDS = {
    "accepted": [ActionType.REDEEMED],
    "cancelled": [ActionType.CANCELLED, ActionType.CANCELLED_ACKNOWLEDGED],
    "expired": [ActionType.EXPIRED],
}


class PastClock:
    """Tell a time that the seed sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time, a second later each time."""
        self.now += timedelta(seconds=1)
        return self.now


async def tell(
    recorder: AsyncActionRecorder,
    clock: PastClock,
    assignment: Assignment,
    plot: Sequence[tuple[ActionType, Effect]],
) -> None:
    """Record one assignment's story, from its allocation on."""
    clock.now = assignment.allocated_at
    await recorder.record_success(assignment.id, ActionType.LEARNER_LINKED)
    for action_type, effect in plot:
        key = "welcome" if action_type is NOTIFIED else f"{clock.now:%Y-%m-%d}"
        with suppress(Exception, asyncio.CancelledError):
            async with recorder.recording(
                assignment.id, action_type, key=key, actor="seed"
            ):
                await effect()
        clock.now += timedelta(days=3)
    for action_type in ENDS.get(assignment.state, ()):
        await recorder.record_success(assignment.id, action_type, actor="seed")
        clock.now += timedelta(hours=5)


async def main() -> None:
    """Record a story for each assignment that has none."""
    rows = sample_assignments()
    clock = PastClock(next(iter(rows.values())).allocated_at)
    recorder = AsyncActionRecorder(
        await database(),
        clock=clock,
        reasons={ConnectionError: ErrorReason.EMAIL_ERROR},
    )
    known = await recorder.history.latest_successful_of(rows)
    for number, assignment in enumerate(rows.values()):
        if assignment.id not in known:
            await tell(recorder, clock, assignment, PLOTS[number % len(PLOTS)])
    await recorder.close()
    print(f"{len(rows)} assignments have a history.")


if __name__ == "__main__":
    asyncio.run(main())
