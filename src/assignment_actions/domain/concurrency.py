"""What takes an event loop, on asyncio and on trio: anyio's place in the house."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
)
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, Generic, ParamSpec, Self, TypeVar

from assignment_actions.domain.errors import StorageError

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

_shielded_task: ContextVar[int | None] = ContextVar(
    "assignment_actions_shielded_task", default=None
)
"""The task that runs what is shielded; those that it begins inherit no shield."""

_journal_threads = RunVar[anyio.CapacityLimiter]("assignment_actions_journal_threads")


async def to_the_end(
    work: Coroutine[Any, Any, T],
    *,
    is_cancelled: bool = False,
    seconds: float | None = None,
) -> T:
    """
    Await work to its end although the caller is cancelled; then that goes on.

    A statement that is cut off may be stored or not, and costs its connection; one that
    has ended is known. Inside such work it does nothing.

    Args:
        work: what to await.
        is_cancelled: the caller is handling its cancellation, so that the bound counts
            from now; no second one need come.
        seconds: the bound, from the cancellation on; None: `SHIELD_SECONDS`.

    Raises:
        StorageError: the work was cut off, and no newer cancellation goes on.
    """
    shielded = _shielded_task.get()
    if shielded is not None and shielded == anyio.get_current_task().id:
        return await work
    try:
        is_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    except BaseException:  # no event loop runs
        work.close()
        raise
    bound = SHIELD_SECONDS if seconds is None else seconds
    if is_asyncio:
        return await _in_a_task(work, bound, is_cancelled=is_cancelled)
    return await _in_a_scope(work, bound)


async def _in_a_task(
    work: Coroutine[Any, Any, T], bound: float, *, is_cancelled: bool
) -> T:
    """Shield from `Task.cancel` too, which a scope of anyio's does not keep away."""
    task = asyncio.create_task(_shielded(work))
    try:
        if is_cancelled:
            await _ended(task, bound)
        else:
            await asyncio.wait((task,))
    except asyncio.CancelledError:
        await _ended(task, bound)
        if _is_untouched(work):
            await _in_a_task(work, bound, is_cancelled=True)
        _mark_seen(task)  # the cancellation wins
        raise
    except GeneratorExit:  # the caller is closed: the work goes on alone
        task.add_done_callback(_mark_seen)
        raise
    if _is_untouched(work):
        return await _in_a_task(work, bound, is_cancelled=is_cancelled)
    if task.cancelled():
        raise StorageError("finish", "it was cut off, and may be stored or not")
    return task.result()


def _is_untouched(work: Coroutine[Any, Any, Any]) -> bool:
    """Tell whether its task was cancelled before its first step, as by a shutdown."""
    return getcoroutinestate(work) == CORO_CREATED


async def _ended(task: asyncio.Task[Any], bound: float) -> None:
    """
    Wait for a task, however often the caller is cancelled meanwhile.

    Raises:
        CancelledError: the caller was, the last time.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + bound
    newer: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            left = end - loop.time()
            if left <= 0:
                task.cancel()
            try:
                await asyncio.wait((task,), timeout=left if left > 0 else None)
            except asyncio.CancelledError as error:
                newer = error
    if newer is not None:
        _mark_seen(task)
        try:
            raise newer
        finally:
            del newer  # it holds this frame


def _mark_seen(task: asyncio.Task[Any]) -> None:
    """Say that a task's exception is seen, lest the event loop log it."""
    if not task.cancelled():
        task.exception()


async def _in_a_scope(work: Coroutine[Any, Any, T], bound: float) -> T:
    """Shield by a scope, which a sibling outside of it bounds from the cancellation."""
    shield = anyio.CancelScope(shield=True)
    ended: list[T] = []
    error: BaseException | None = None
    async with anyio.create_task_group() as siblings:
        siblings.start_soon(_bound_when_cancelled, shield, bound)
        with shield:
            try:
                ended.append(await _shielded(work))
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as raised:  # noqa: BLE001  # raised below, in no group
                error = raised
        siblings.cancel_scope.cancel()
    await checkpoint_if_cancelled()
    if error is not None:
        try:
            raise error
        finally:
            del error  # it holds this frame
    return ended[0]


async def _bound_when_cancelled(shield: anyio.CancelScope, bound: float) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        shield.deadline = anyio.current_time() + bound


async def _shielded(work: Coroutine[Any, Any, T]) -> T:
    token = _shielded_task.set(anyio.get_current_task().id)
    try:
        return await work
    finally:
        with suppress(ValueError):  # closed from elsewhere: nothing is left to reset
            _shielded_task.reset(token)


class _Awaited:
    """Be whether somebody still awaits what runs in a thread."""

    is_awaited = True


_awaited: ContextVar[_Awaited | None] = ContextVar(
    "assignment_actions_awaited", default=None
)


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """
    Call what may wait for a disk in a thread, so that the event loop does not.

    In threads of our own: those that all share may be what `function` waits for.
    """
    awaited = _Awaited()
    token = _awaited.set(awaited)
    try:
        return await _to_thread.run_sync(
            partial(function, *args, **kwargs), limiter=_limiter()
        )
    finally:
        awaited.is_awaited = False
        _awaited.reset(token)


async def unless_busy(work: Coroutine[Any, Any, object]) -> None:
    """Await work that is done in a thread; not where all of these are at it already."""
    if _limiter().available_tokens < 1:
        work.close()
    else:
        await work


def _limiter() -> anyio.CapacityLimiter:
    limiter = _journal_threads.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(JOURNAL_THREADS)
        _journal_threads.set(limiter)
    return limiter


def from_thread(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """
    Return what calls a coroutine function on the loop, out of such a thread.

    Raises:
        StorageError: nobody awaits the thread any more. The loop may have ended, and
            would never answer.
    """

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        awaited = _awaited.get()
        if awaited is not None and not awaited.is_awaited:
            raise StorageError("flush", "the event loop goes on without it")
        return _from_thread.run(partial(function, *args, **kwargs))

    return call


class Streamed(Generic[T]):
    """Be a stream of either kind, awaited; now and then others have their turn."""

    def __init__(self, items: Iterable[T] | AsyncIterable[T]) -> None:
        self._awaited: AsyncIterator[T] | None = None
        self._plain: Iterator[T] = iter(())
        self._count = 0
        if isinstance(items, AsyncIterable):
            self._awaited = aiter(items)
        else:
            self._plain = iter(items)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        self._count += 1
        if self._count % PAUSE_AFTER == 0:
            await checkpoint()
        if self._awaited is not None:
            return await anext(self._awaited)
        try:
            return next(self._plain)
        except StopIteration:
            raise StopAsyncIteration from None
