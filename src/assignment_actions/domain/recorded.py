"""The decorator: each call of a function is one recording."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from assignment_actions.domain.recording import Recording
from assignment_actions.domain.values import AssignmentId

P = ParamSpec("P")
R = TypeVar("R")


def recorded_calls(
    record: Callable[[AssignmentId, str | None], Recording],
    assignment_id: str,
    key: str | None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Return a decorator that enters a recording around each call.

    Args:
        record: makes the recording from an assignment id and a key.
        assignment_id: the name of the function's argument that holds the id.
        key: the name of the argument that holds the key, if any.

    Raises:
        TypeError: the function's work is not done when its call returns.
        ValueError: the function has no such argument.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        _require_plain_function(function)
        for name in (assignment_id, *([] if key is None else [key])):
            if name not in signature.parameters:
                raise ValueError(
                    f"{_name_of(function)} has no argument named {name!r};"
                    f" it has: {', '.join(signature.parameters) or 'none'}"
                )

        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            with record(given[assignment_id], None if key is None else given[key]):
                return function(*args, **kwargs)

        return wrapper

    return decorate


def _require_plain_function(function: Callable[..., object]) -> None:
    """Refuse a function whose work is not done when its call returns."""
    for one in (function, getattr(function, "__call__", None)):  # noqa: B004
        if (
            inspect.iscoroutinefunction(one)
            or inspect.isasyncgenfunction(one)
            or inspect.isgeneratorfunction(one)
        ):
            raise TypeError(
                f"{_name_of(function)} has not done its work when the call returns:"
                " use `recording` inside it"
            )


def _name_of(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", repr(function))
