"""Recorders at T0 on a repository in memory, and all that they stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from domain.outages import FlakyRepository
from domain.samples import ManualClock

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionRecorder,
    AsyncActionHistory,
    AsyncActionRecorder,
    InMemoryActionRepository,
)
from assignment_actions.domain.awaited import AwaitedActionRepository
from assignment_actions.testing import Blocking, EventLoopThread

P = ParamSpec("P")
T = TypeVar("T")


class WaitingRepository(AwaitedActionRepository):
    """A repository that lets others have their turn before and after each verb."""

    async def _run(
        self, verb: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await asyncio.sleep(0)
        answer = await super()._run(verb, *args, **kwargs)
        await asyncio.sleep(0)
        return answer


class Colour:
    """Which recorder a test is about: the one that waits has an event loop."""

    loop: EventLoopThread | None = None


def recorder(
    repository: InMemoryActionRepository | None = None, **given: Any
) -> ActionRecorder:
    """Return a recorder at T0 on an empty memory repository, of the test's colour."""
    settings: dict[str, Any] = {"clock": ManualClock()} | given
    kept_in = repository or FlakyRepository()
    if Colour.loop is None:
        return ActionRecorder(kept_in, **settings)
    twin = AsyncActionRecorder(WaitingRepository(kept_in), **settings)
    return Blocking(twin, Colour.loop)  # type: ignore[return-value]  # as good as one


def history_of(repository: InMemoryActionRepository, **given: Any) -> ActionHistory:
    """Return a history on a memory repository, of the test's colour."""
    if Colour.loop is None:
        return ActionHistory(repository, **given)
    twin = AsyncActionHistory(WaitingRepository(repository), **given)
    return Blocking(twin, Colour.loop)  # type: ignore[return-value]  # as good as one


def inside(of: ActionRecorder) -> Any:
    """Return the recorder itself, to reach into."""
    return of._wrapped if isinstance(of, Blocking) else of


def store_of(made: ActionRecorder) -> Any:
    """Return the memory repository that a recorder stores in."""
    repository = inside(made)._repository
    is_waiting = isinstance(repository, AwaitedActionRepository)
    return repository._awaited if is_waiting else repository


def give_store(made: ActionRecorder, repository: InMemoryActionRepository) -> None:
    """Let a recorder store in another repository from now on."""
    if Colour.loop is None:
        inside(made)._repository = repository
    else:
        inside(made)._repository = WaitingRepository(repository)


def asking(probe: Callable[[Action], Any]) -> Any:
    """Return a probe that may itself record, whatever the recorder's colour."""
    if Colour.loop is None:
        return probe

    async def ask(action: Action) -> Any:
        return await asyncio.to_thread(probe, action)

    return ask


def everything(of: ActionRecorder) -> list[Action]:
    """Return all that is stored, newest first."""
    return list(of.history.iterate(ActionFilter()))
