"""What makes the contract one for async adapters: its fixtures, bridged."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from assignment_actions.domain.ports import AsyncActionRepository
from assignment_actions.testing.bridge import Blocking, EventLoopThread


class AsyncContract:
    """
    Hold an async adapter to a contract: the first base class, before the contracts.

    Override the fixture `async_repository` in the place of `repository`. What else the
    contracts ask for (`transaction`, `unreachable`) is given to them as
    `Blocking(it, event_loop_thread)`. What has to be awaited for a fixture goes through
    `event_loop_thread.run(…)`; where it outlives a test, override that one too.
    """

    @pytest.fixture
    def event_loop_thread(self) -> Iterator[EventLoopThread]:
        """Yield the loop in which all is awaited."""
        with EventLoopThread() as loop:
            yield loop

    @pytest.fixture
    def async_repository(self) -> Any:  # an override may return or yield
        """Return an empty async repository; every async adapter overrides this."""
        pytest.fail(
            f"{type(self).__name__} must override the fixture `async_repository`"
        )

    @pytest.fixture
    def repository(
        self, async_repository: Any, event_loop_thread: EventLoopThread
    ) -> Any:
        """Return the async repository for the synchronous contract."""
        require_awaited(async_repository)
        return Blocking(async_repository, event_loop_thread)

    @pytest.fixture
    def make_recorder(self, event_loop_thread: EventLoopThread) -> Any:
        """Return what makes a recorder: the async one, for the synchronous contract."""
        from assignment_actions.domain.async_recorder import (  # noqa: PLC0415  # an extra
            AsyncActionRecorder,
        )

        return Blocking(AsyncActionRecorder, event_loop_thread)


def require_awaited(repository: Any) -> None:
    """Fail where a verb is no coroutine function; a bridge would call it, too."""
    plain = [
        name
        for name, verb in vars(AsyncActionRepository).items()
        if inspect.iscoroutinefunction(verb)
        and not inspect.iscoroutinefunction(getattr(repository, name))
    ]
    if plain:
        pytest.fail(f"these verbs must be `async def`: {', '.join(plain)}")
