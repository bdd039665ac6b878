"""AsyncActionHistory: the answers of `ActionHistory`, awaited."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from assignment_actions.domain.action import Action, as_status
from assignment_actions.domain.errors import ActionNotFoundError
from assignment_actions.domain.filters import (
    ActionFilter,
    Cursor,
    as_dimension,
    ordered_counts,
)
from assignment_actions.domain.groups import FailureGroup, ordered_groups
from assignment_actions.domain.history import (
    ITERATE_BATCH,
    PAGE_LIMIT,
    HistoryOf,
    as_filter,
    each_of,
)
from assignment_actions.domain.pages import Page, page_after, page_before
from assignment_actions.domain.ports import AsyncActionRepository
from assignment_actions.domain.timeline import Outcome, Timeline
from assignment_actions.domain.values import (
    INT32_MAX,
    AssignmentId,
    as_assignment_id,
    as_ids,
    as_int,
    as_text,
    as_utc,
    as_uuid,
)


class AsyncActionHistory(HistoryOf[AsyncActionRepository]):
    """
    Answer questions from a repository without making an event loop wait.

    The twin of `ActionHistory`: the same methods, arguments, answers, errors and number
    of queries. What is said here is what differs.
    """

    # -- one action, one assignment ------------------------------------------------

    async def get(self, action_id: UUID) -> Action:
        """Return one action with its stacktrace."""
        action = await self._repository.get(as_uuid("action_id", action_id))
        if action is None:
            raise ActionNotFoundError(action_id)
        return self._read(action)

    async def timeline(
        self,
        assignment_id: AssignmentId,
        types: Collection[str] | None = None,
        *,
        statuses: Collection[str] | None = None,
    ) -> Timeline:
        """Return the actions of one assignment in order `(created_at, id)`."""
        one = as_assignment_id(assignment_id)
        found = await self._timelines([one], types, statuses)
        return found[one]

    async def timelines(
        self,
        ids: Iterable[AssignmentId],
        types: Collection[str] | None = None,
        *,
        statuses: Collection[str] | None = None,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return the `timeline` of every id, empty where nothing happened."""
        return await self._timelines(as_ids(ids), types, statuses)

    async def latest_successful(
        self,
        assignment_id: AssignmentId,
        type: str | None = None,
    ) -> Action | None:
        """Return the success with the greatest `(completed_at, created_at, id)`."""
        found = await self._latest([as_assignment_id(assignment_id)], type)
        return next(iter(found.values()), None)

    async def latest_successful_of(
        self,
        ids: Iterable[AssignmentId],
        type: str | None = None,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one."""
        return await self._latest(as_ids(ids), type)

    async def outcome(
        self,
        assignment_id: AssignmentId,
        type: str,
        *,
        since: datetime | None = None,
        key: str | None = None,
    ) -> Outcome:
        """Answer whether this was done, and if not, why not."""
        considered = await self.timeline(assignment_id, [type])
        if since is not None:
            considered = considered.since(as_utc("since", since))
        if key is not None:
            considered = considered.with_key(key)
        return considered.outcome(type, now=self.now())

    # -- many assignments ------------------------------------------------------------

    async def find(
        self,
        action_filter: ActionFilter,
        *,
        limit: int = PAGE_LIMIT,
        after: str | None = None,
        before: str | None = None,
    ) -> Page:
        """Return a page of the actions that match, newest first."""
        as_int("limit", limit, low=0, high=INT32_MAX - 1)
        wanted, asked = as_filter(action_filter), limit + 1 if limit else 0
        if before is None:
            start = None if after is None else Cursor.decode(after)
            found = await self._repository.find(wanted, asked, start)
            return page_after(self._all(found), limit, start)
        if after is not None:
            raise ValueError("after and before must not both be given")
        end = Cursor.decode(before, field="before")
        found = await self._repository.find(wanted, asked, None, end)
        return page_before(self._all(found), limit, end)

    async def iterate(self, action_filter: ActionFilter) -> AsyncGenerator[Action]:
        """
        Yield all actions that match, newest first: `async for`.

        Whoever leaves early closes it: `async with aclosing(history.iterate(…))`.
        """
        wanted, after = as_filter(action_filter), None
        while True:
            found = await self._repository.find(wanted, ITERATE_BATCH, after)
            for action in self._all(found):
                yield action
            if len(found) < ITERATE_BATCH:
                return
            after = Cursor.of(found[-1])

    async def count(self, action_filter: ActionFilter) -> int:
        """Return how many actions match."""
        return await self._repository.count(as_filter(action_filter))

    async def count_by(
        self, action_filter: ActionFilter, dimension: str
    ) -> Mapping[str, int]:
        """Return how many actions match, by one dimension."""
        by = as_dimension(dimension)
        return ordered_counts(
            by, await self._repository.count_by(as_filter(action_filter), by)
        )

    async def overdue(self, *, limit: int = PAGE_LIMIT) -> tuple[Action, ...]:
        """Return actions in progress longer than their type allows, newest first."""
        overdue = ActionFilter(overdue_before=self.now())
        page = await self.find(overdue, limit=limit)
        return page.actions

    async def failure_groups(
        self,
        *,
        since: datetime | None = None,
        types: Collection[str] | None = None,
    ) -> tuple[FailureGroup, ...]:
        """Return what fails, by kind, the most frequent first."""
        start = None if since is None else as_utc("since", since)
        wanted = None if types is None else each_of("types", types, as_text)
        found = await self._repository.failure_groups(wanted, start)
        return ordered_groups(self._read_group(group) for group in found)

    # -- behind ------------------------------------------------------------------------

    async def _timelines(
        self,
        ids: list[AssignmentId],
        types: Collection[str] | None,
        statuses: Collection[str] | None,
    ) -> Mapping[AssignmentId, Timeline]:
        wanted = None if types is None else each_of("types", types, as_text)
        if statuses is None:  # an adapter of before R102 can be asked this
            found = await self._repository.timelines(ids, wanted)
        else:
            stored_in = each_of("statuses", statuses, as_status)
            found = await self._repository.timelines(ids, wanted, stored_in)
        if self._vocabulary.is_built_in:
            return found
        return {key: Timeline.in_order(self._all(one)) for key, one in found.items()}

    async def _latest(
        self, ids: list[AssignmentId], type: str | None
    ) -> Mapping[AssignmentId, Action]:
        wanted = None if type is None else as_text("type", type)
        found = await self._repository.latest_successes(ids, wanted)
        if self._vocabulary.is_built_in:
            return found
        return {key: self._read(action) for key, action in found.items()}
