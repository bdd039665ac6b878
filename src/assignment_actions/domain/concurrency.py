"""What takes an event loop, on asyncio and on trio: anyio's place in the house."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Coroutine,
    Iterable,
)
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import Any, ParamSpec, TypeVar

try:
    import anyio
    from anyio import from_thread as _from_thread
    from anyio import to_thread as _to_thread
    from anyio.lowlevel import RunVar, checkpoint, checkpoint_if_cancelled
except ImportError as _error:
    raise ImportError(
        "AsyncActionRecorder needs anyio: pip install 'assignment-actions[async]'",
        name=_error.name,
    ) from _error

P = ParamSpec("P")
T = TypeVar("T")

SHIELD_SECONDS = 10.0
"""So long what was begun goes on for somebody who is cancelled."""

JOURNAL_THREADS = 4
PAUSE_AFTER = 50
"""So many actions of a stream are taken before others have their turn."""

_is_shielded = ContextVar("assignment_actions_is_shielded", default=False)
_journal_threads = RunVar[anyio.CapacityLimiter]("assignment_actions_journal_threads")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """
    Await work to its end although the caller is cancelled; then that goes on.

    A statement that is cut off may be stored or not, and costs its connection; one that
    has ended is known. The bound is `SHIELD_SECONDS`, on asyncio from the cancellation
    on, on trio from the beginning. Inside such work it does nothing.

    Raises:
        TimeoutError: on trio the bound was reached.
    """
    if _is_shielded.get():
        return await work
    if anyio.get_cancelled_exc_class() is asyncio.CancelledError:
        return await _in_a_task(work)
    return await _in_a_scope(work)


async def _in_a_task(work: Coroutine[Any, Any, T]) -> T:
    """Shield from `Task.cancel` too, which a scope of anyio's does not keep away."""
    task = asyncio.create_task(_shielded(work))
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            await _ended(task)
        if not task.cancelled():
            task.exception()  # the cancellation wins; this is said to be seen
        raise
    return task.result()


async def _ended(task: asyncio.Task[Any]) -> None:
    """Wait for a task, however often the caller is cancelled meanwhile."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SHIELD_SECONDS
    while not task.done():
        left = end - loop.time()
        if left <= 0:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait((task,), timeout=left if left > 0 else None)


async def _in_a_scope(work: Coroutine[Any, Any, T]) -> T:
    with anyio.fail_after(SHIELD_SECONDS, shield=True):
        result = await _shielded(work)
    await checkpoint_if_cancelled()
    return result


async def _shielded(work: Coroutine[Any, Any, T]) -> T:
    token = _is_shielded.set(True)
    try:
        return await work
    finally:
        _is_shielded.reset(token)


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """
    Call what may wait for a disk in a thread, so that the event loop does not.

    In threads of our own: those that all share may be what `function` waits for.
    """
    limiter = _journal_threads.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(JOURNAL_THREADS)
        _journal_threads.set(limiter)
    return await _to_thread.run_sync(
        partial(function, *args, **kwargs), limiter=limiter
    )


def from_thread(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return what calls a coroutine function on the loop, out of such a thread."""

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return _from_thread.run(partial(function, *args, **kwargs))

    return call


async def streamed(actions: Iterable[T] | AsyncIterable[T]) -> AsyncGenerator[T]:
    """Yield each of a stream of either kind; now and then others have their turn."""
    count = 0
    if isinstance(actions, AsyncIterable):
        async for one in actions:
            yield one
            count = await _after(count)
        return
    for one in actions:
        yield one
        count = await _after(count)


async def _after(count: int) -> int:
    if count % PAUSE_AFTER == 0:
        await checkpoint()
    return count + 1
