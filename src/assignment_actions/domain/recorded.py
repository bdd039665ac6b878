"""The decorator: each call of a function is one recording."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from typing import Any, ParamSpec, TypeVar, cast

from assignment_actions.domain.recording import Recording
from assignment_actions.domain.values import AssignmentId

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def recorded_calls(
    record: Callable[[AssignmentId, str | None], Recording],
    assignment_id: str,
    key: str | None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Return a decorator that enters a recording around each call.

    Around a generator it is entered with the first `next` and left with the end of
    the iteration; one that is closed before that was interrupted.

    Args:
        record: makes the recording from an assignment id and a key.
        assignment_id: the name of the function's argument that holds the id.
        key: the name of the argument that holds the key, if any.

    Raises:
        TypeError: the function's work waits for an event loop.
        ValueError: the function has no such argument.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if is_awaited(function) or is_awaited_generator(function):
            raise TypeError(
                f"{name_of(function)} is asynchronous, its work waits for an event"
                " loop: decorate it with AsyncActionRecorder.recorded"
            )
        recording = recording_of(function, record, assignment_id, key)

        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            with recording(*args, **kwargs):
                return function(*args, **kwargs)

        @functools.wraps(function)
        def generator(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, Any, Any]:
            with recording(*args, **kwargs):
                iterated: Any = function(*args, **kwargs)
                return (yield from iterated)

        is_generator = _is(inspect.isgeneratorfunction, function)
        return cast("Callable[P, R]", generator) if is_generator else wrapper

    return decorate


def is_awaited(function: Callable[..., object]) -> bool:
    """Tell whether what a call returns must be awaited."""
    return _is(inspect.iscoroutinefunction, function)


def is_awaited_generator(function: Callable[..., object]) -> bool:
    """Tell whether what a call returns is iterated by `async for`."""
    return _is(inspect.isasyncgenfunction, function)


def recording_of(
    function: Callable[P, object],
    record: Callable[[AssignmentId, str | None], T],
    assignment_id: str,
    key: str | None,
) -> Callable[P, T]:
    """
    Return what makes the recording of a call from the call's arguments.

    Raises:
        ValueError: the function has no such argument.
    """
    signature = inspect.signature(function)
    for name in (assignment_id, *([] if key is None else [key])):
        if name not in signature.parameters:
            raise ValueError(
                f"{name_of(function)} has no argument named {name!r};"
                f" it has: {', '.join(signature.parameters) or 'none'}"
            )

    def recording(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        return record(given[assignment_id], None if key is None else given[key])

    return recording


def name_of(function: Callable[..., object]) -> str:
    """Return what an error calls a function."""
    return getattr(function, "__qualname__", repr(function))


def _is(kind: Callable[[object], bool], function: Callable[..., object]) -> bool:
    """Tell whether a function, or the `__call__` of an object, is of a kind."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, staticmethod):
        function = function.__func__
    # Of its class: that of the object itself is, for a class, not what is called.
    return kind(function) or kind(type(function).__call__)
