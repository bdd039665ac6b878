"""
A repository that is awaited, over one that is not.

What takes several calls (settling, erasing, reconciling) is written once, as a
coroutine on an `AsyncActionRepository`. Where that never waits, as here, `result_of`
runs such a coroutine through without any event loop.
"""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Mapping,
    Sequence,
)
from datetime import datetime
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension
from assignment_actions.domain.groups import FailureGroup
from assignment_actions.domain.ports import (
    ActionRepository,
    AsyncActionRepository,
    AsyncJoinedActionRepository,
    JoinedActionRepository,
)
from assignment_actions.domain.timeline import Timeline
from assignment_actions.domain.values import AssignmentId

P = ParamSpec("P")
T = TypeVar("T")


def result_of(work: Coroutine[Any, Any, T]) -> T:
    """
    Return what a coroutine returns that never waits; what it raises goes on.

    Raises:
        RuntimeError: it waits for something, which only an event loop could bring.
    """
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what the coroutine returns
    work.close()
    raise RuntimeError("it waits for an event loop: AsyncActionRecorder has one")


def awaited(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Return a function to await in the place of one that answers at once."""

    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    return call


class AwaitedActionRepository:
    """Be a repository whose verbs are awaited, and answered by another one at once."""

    def __init__(self, repository: ActionRepository) -> None:
        self._awaited = repository

    async def add(self, /, *actions: Action) -> None:
        """Store new actions, all or nothing."""
        await self._run(self._awaited.add, *actions)

    async def complete(self, action: Action, /) -> bool:
        """Store an outcome by compare-and-set; tell whether it was stored."""
        return await self._run(self._awaited.complete, action)

    async def get(self, action_id: UUID, /) -> Action | None:
        """Return the whole action, None where there is none."""
        return await self._run(self._awaited.get, action_id)

    async def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return a timeline for every id, in the order asked."""
        return await self._run(self._awaited.timelines, assignment_ids, types, statuses)

    async def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one, in the order asked."""
        return await self._run(
            self._awaited.latest_successes, assignment_ids, action_type
        )

    async def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match, newest first."""
        return await self._run(self._awaited.find, action_filter, limit, after, before)

    async def count(self, action_filter: ActionFilter, /) -> int:
        """Return how many actions match."""
        return await self._run(self._awaited.count, action_filter)

    async def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        """Return how many actions match, by one dimension."""
        return await self._run(self._awaited.count_by, action_filter, dimension)

    async def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        """Return the failed actions by fingerprint."""
        return await self._run(self._awaited.failure_groups, types, since)

    async def scrub(self, /, *actions: Action) -> int:
        """Keep only the facts of these; return how many changed."""
        return await self._run(self._awaited.scrub, *actions)

    async def delete(self, /, *actions: Action, status: str | None = None) -> int:
        """Remove these; return how many were there."""
        return await self._run(self._awaited.delete, *actions, status=status)

    async def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match and hold a text."""
        return await self._run(self._awaited.search, action_filter, texts, limit, after)

    def joined_to(self, transaction: Any, /) -> AsyncJoinedActionRepository:
        """Return this repository inside the caller's transaction."""
        return AwaitedJoinedActionRepository(self._awaited.joined_to(transaction))

    async def close(self) -> None:
        """Give back what was opened."""
        await self._run(self._awaited.close)

    async def _run(
        self, verb: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a verb of the other repository; whoever has to wait does it here."""
        return verb(*args, **kwargs)


class AwaitedJoinedActionRepository(AwaitedActionRepository):
    """Be the same inside a transaction that somebody else ends."""

    _awaited: JoinedActionRepository

    @property
    def is_open(self) -> bool:
        """Tell whether the transaction it last wrote in is still undecided."""
        return self._awaited.is_open


_own: type[AsyncActionRepository] = AwaitedActionRepository
_joined: type[AsyncJoinedActionRepository] = AwaitedJoinedActionRepository
