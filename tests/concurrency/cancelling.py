"""One recording, cancelled at some point, by each means there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from typing import Any
from uuid import UUID

import anyio
import attrs
from anyio.lowlevel import checkpoint

from assignment_actions.domain.async_recorder import AsyncActionRecorder


class BounceError(Exception):
    """What a block raises by itself."""


class SiblingError(Exception):
    """What another task of a group raises."""


@attrs.define
class Plan:
    """What a block does, and when it is cancelled, decided before."""

    assignment_id: UUID
    key: str | None
    steps: int
    pause: float
    ending: str
    delay_steps: int
    delay: float
    again: int

    @classmethod
    def at_random(cls, random: Random, within: float) -> Plan:
        """Return one; it is cancelled in so many seconds, or in a few steps."""
        by_steps = random.random() < 0.25
        return cls(
            assignment_id=UUID(int=random.getrandbits(128), version=4),
            key=random.choice((None, "mail-1")),
            steps=random.randint(1, 5),
            pause=random.choice((0, 0.001, 0.002)),
            ending=random.choice(("normal", "normal", "raises", "succeeds", "fails")),
            delay_steps=random.randint(0, 25) if by_steps else 0,
            delay=0 if by_steps else random.uniform(0, within),
            again=random.choice((0, 0, 1, 2)),
        )

    async def wait(self) -> None:
        """Wait until it is to be cancelled."""
        if self.delay:
            await anyio.sleep(self.delay)
        for _ in range(self.delay_steps):
            await checkpoint()


@attrs.define(eq=False)
class Told:
    """What was seen of it from inside."""

    plan: Plan
    place: str = "before"
    hit: str | None = None
    is_entered: bool = False
    is_completed: bool = False
    left_by: BaseException | None = None
    raised: BaseException | None = None

    def is_hit(self) -> None:
        """Note where it is as it is cancelled."""
        if self.hit is None:
            self.hit = self.place


async def recorded_block(recorder: AsyncActionRecorder, told: Told) -> None:
    """Be the work of a host, inside a recording."""
    plan = told.plan
    told.place = "start"
    try:
        async with recorder.recording(
            plan.assignment_id, "notified", key=plan.key
        ) as recording:
            told.is_entered, told.place = True, "block"
            try:
                for _ in range(plan.steps):
                    await anyio.sleep(plan.pause)
                if plan.ending in {"succeeds", "fails"}:
                    told.is_completed = True
                if plan.ending == "succeeds":
                    await recording.succeed()
                if plan.ending == "fails":
                    await recording.fail(BounceError("full"))
                if plan.ending == "raises":
                    raise BounceError("full")  # noqa: TRY301  # its own
            except BaseException as error:
                told.left_by = error
                raise
            finally:
                told.place = "end"
    except BaseException as error:
        told.raised = error
        raise
    finally:
        told.place = "after"


Work = Callable[[], Coroutine[Any, Any, None]]


async def by_task_cancel(work: Work, told: Told) -> None:
    """Cancel its task, perhaps again and again."""
    task = asyncio.ensure_future(work())
    await told.plan.wait()
    told.is_hit()
    await _cancel(task, told.plan.again + 1)
    await _ended_rightly(task)


async def by_timeout(work: Work, told: Told) -> None:
    """Let a timeout run out around it, and perhaps cancel its task then."""
    timeouts = list[asyncio.Timeout]()
    left = list[int]()

    async def limited() -> None:
        try:
            async with asyncio.timeout(None) as timeout:
                timeouts.append(timeout)
                await work()
        finally:
            current = asyncio.current_task()
            assert current is not None
            left.append(current.cancelling())

    task = asyncio.ensure_future(limited())
    await asyncio.sleep(0)
    await told.plan.wait()
    (timeout,) = timeouts
    if told.place != "after":
        told.is_hit()
        timeout.reschedule(asyncio.get_running_loop().time())
        await asyncio.sleep(0)
    if not await _cancel(task, told.plan.again):
        with suppress(TimeoutError, BounceError):
            await task
        assert timeout.expired() == (isinstance(told.raised, asyncio.CancelledError)), (
            "a timeout was swallowed"
        )
        if timeout.expired():
            assert isinstance(task.exception(), TimeoutError)
        assert [0] == left
    else:
        await _ended_rightly(task)


async def by_sibling(work: Work, told: Told) -> None:
    """Let another task of its group raise."""
    tasks = list[asyncio.Task[None]]()

    async def sibling() -> None:
        await told.plan.wait()
        told.is_hit()
        raise SiblingError

    try:
        async with asyncio.TaskGroup() as group:
            tasks.append(group.create_task(_awaited(work)))
            group.create_task(sibling())
    except* (SiblingError, BounceError):
        pass
    await _ended_rightly(tasks[0])


async def by_scope(work: Work, told: Told) -> None:
    """Cancel an anyio scope around it, and perhaps what is around that."""
    await _in_scopes(work, told, lambda scope: scope.cancel())


async def by_move_on_after(work: Work, told: Told) -> None:
    """Let the deadline of an anyio scope pass."""

    def expire(scope: anyio.CancelScope) -> None:
        scope.deadline = anyio.current_time()

    await _in_scopes(work, told, expire)


async def by_group(work: Work, told: Told) -> None:
    """Cancel an anyio task group that it is in."""
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(work)
            await told.plan.wait()
            told.is_hit()
            group.cancel_scope.cancel()
    except* BounceError:
        assert isinstance(told.raised, BounceError)
    # it may have ended before anything could be delivered; not while it waited
    if told.hit == "start":
        assert isinstance(told.raised, anyio.get_cancelled_exc_class())


async def _in_scopes(
    work: Work, told: Told, cancel: Callable[[anyio.CancelScope], None]
) -> None:
    cancelled_class = anyio.get_cancelled_exc_class()
    inner = anyio.CancelScope()

    async def host() -> None:
        with inner:
            await work()
        if told.plan.again and outer.cancel_called:
            await checkpoint()  # what is around it goes on, too

    with anyio.CancelScope() as outer:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(host)
                await told.plan.wait()
                told.is_hit()
                cancel(inner)
                if told.plan.again:
                    await checkpoint()
                    outer.cancel()
        except* BounceError:
            assert isinstance(told.raised, BounceError)
    was_cancelled = isinstance(told.raised, cancelled_class)
    if told.plan.again:
        assert not was_cancelled or inner.cancelled_caught or outer.cancelled_caught
    else:
        assert inner.cancelled_caught == was_cancelled
    if told.hit == "start":
        assert was_cancelled, "it went on although it was cancelled"


async def _awaited(work: Work) -> None:
    await work()


async def _cancel(task: asyncio.Future[None], times: int) -> bool:
    """Cancel it so often, one step apart; tell whether any time came before its end."""
    is_asked = False
    for number in range(times):
        if number:
            await asyncio.sleep(0)
        is_asked |= task.cancel()
    return is_asked


async def _ended_rightly(task: asyncio.Task[None]) -> None:
    with suppress(asyncio.CancelledError, BounceError):
        await task
    assert task.cancelled() == bool(task.cancelling()), "a cancellation was swallowed"


ASYNCIO_KINDS = {
    "Task.cancel": by_task_cancel,
    "asyncio.timeout": by_timeout,
    "TaskGroup": by_sibling,
}
ANYIO_KINDS = {
    "CancelScope": by_scope,
    "move_on_after": by_move_on_after,
    "anyio group": by_group,
}
