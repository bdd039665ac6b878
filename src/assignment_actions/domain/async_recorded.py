"""The decorator's twin: each call of an asynchronous function is one recording."""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, ParamSpec, TypeVar, cast

from assignment_actions.domain.recorded import (
    is_awaited,
    is_awaited_generator,
    name_of,
    recording_of,
)
from assignment_actions.domain.values import AssignmentId

P = ParamSpec("P")
R = TypeVar("R")


def async_recorded_calls(
    record: Callable[[AssignmentId, str | None], AbstractAsyncContextManager[object]],
    assignment_id: str,
    key: str | None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Return a decorator that enters a recording around each call.

    What it returns is itself a coroutine function or an asynchronous generator
    function, as a framework that looks at it expects. Around a generator the recording
    is entered with the first item asked for and left with the end of the iteration;
    one that is closed or abandoned before that was interrupted.

    Args:
        record: makes the recording from an assignment id and a key.
        assignment_id: the name of the function's argument that holds the id.
        key: the name of the argument that holds the key, if any.

    Raises:
        TypeError: the function does not wait for an event loop.
        ValueError: the function has no such argument.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        is_generator = is_awaited_generator(function)
        if not is_generator and not is_awaited(function):
            raise TypeError(
                f"{name_of(function)} is no asynchronous function:"
                " decorate it with ActionRecorder.recorded"
            )
        recording = recording_of(function, record, assignment_id, key)
        recorded = _generator if is_generator else _coroutine
        return cast("Callable[P, R]", recorded(function, recording))

    return decorate


def _coroutine(
    function: Callable[P, Any],
    recording: Callable[P, AbstractAsyncContextManager[object]],
) -> Callable[P, Any]:
    @functools.wraps(function)
    async def coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:
        async with recording(*args, **kwargs):
            return await function(*args, **kwargs)

    return coroutine


def _generator(
    function: Callable[P, Any],
    recording: Callable[P, AbstractAsyncContextManager[object]],
) -> Callable[P, Any]:
    @functools.wraps(function)
    async def generator(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Any, Any]:
        async with recording(*args, **kwargs):
            iterated = function(*args, **kwargs)
            try:
                item = await _first_of(iterated)
                while True:
                    try:
                        sent = yield item
                    except GeneratorExit:
                        await iterated.aclose()
                        raise
                    except BaseException as error:  # noqa: BLE001  # thrown into it
                        item = await iterated.athrow(error)
                    else:
                        item = await iterated.asend(sent)
            except StopAsyncIteration:  # no code inside can raise it: it ended
                return

    return generator


def _first_of(iterated: AsyncGenerator[Any, Any]) -> Awaitable[Any]:
    """Return the first step of a generator that only the one around it closes."""
    # A loop that ends, or a collected cycle, closes both at once, in any order, and
    # to close one that is being closed is an error. So the loop is not told of this.
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=None, finalizer=_leave_alone)
    try:
        return iterated.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _leave_alone(_: AsyncGenerator[Any, Any]) -> None:
    """Be told that a generator is collected: the one around it has closed it."""
