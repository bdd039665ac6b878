"""ActionHistory: answers about many assignments and single actions; it never writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import attrs

from assignment_actions.domain.action import Action, as_status
from assignment_actions.domain.errors import ActionNotFoundError
from assignment_actions.domain.filters import (
    ActionFilter,
    Cursor,
    as_dimension,
    ordered_counts,
)
from assignment_actions.domain.groups import FailureGroup, ordered_groups
from assignment_actions.domain.pages import Page, page_after, page_before
from assignment_actions.domain.ports import ActionRepository, Clock, utc_now
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
from assignment_actions.domain.vocabulary import Vocabulary, VocabularyLike

ITERATE_BATCH = 1000
PAGE_LIMIT = 100

R = TypeVar("R")
T = TypeVar("T")


class HistoryOf(Generic[R]):
    """What both histories are made of: a repository, a clock, and the known types."""

    def __init__(
        self,
        repository: R,
        *,
        clock: Clock = utc_now,
        vocabulary: VocabularyLike | Vocabulary = (),
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._vocabulary = Vocabulary.of(vocabulary)

    def now(self) -> datetime:
        """Return the clock's present in UTC; what is overdue is judged by it."""
        return as_utc("clock()", self._clock())

    def _read(self, action: Action) -> Action:
        known = self._vocabulary.read(action.action_type)
        if known is action.action_type:
            return action
        return action._with(action_type=known)  # noqa: SLF001  # a known word is checked

    def _read_group(self, group: FailureGroup) -> FailureGroup:
        example = self._read(group.example)
        if example is group.example:
            return group
        return attrs.evolve(group, example=example)

    def _all(self, actions: Iterable[Action]) -> Iterable[Action]:
        return actions if self._vocabulary.is_built_in else map(self._read, actions)


class ActionHistory(HistoryOf[ActionRepository]):
    """
    Answer questions from a repository; nothing here writes.

    One query per call, and per chunk of ids where they are more than the engine takes
    as parameters; `iterate` one per 1 000 actions. Lists never load stacktraces. Every
    method may raise StorageError.
    """

    # -- one action, one assignment ------------------------------------------------

    def get(self, action_id: UUID) -> Action:
        """
        Return one action with its stacktrace.

        Raises:
            ActionNotFoundError: there is none.

        Source: decision record "Assignment actions", second question.
        """
        action = self._repository.get(as_uuid("action_id", action_id))
        if action is None:
            raise ActionNotFoundError(action_id)
        return self._read(action)

    def timeline(
        self,
        assignment_id: AssignmentId,
        types: Collection[str] | None = None,
        *,
        statuses: Collection[str] | None = None,
    ) -> Timeline:
        """
        Return the actions of one assignment in order `(created_at, id)`.

        Only those of these types and stored in these statuses; None means all, and an
        overdue action is in_progress. The store narrows: `statuses=["failed"]` costs
        less than `failures()` of the whole. Empty where nothing happened. Source:
        decision record "Assignment actions", third question.
        """
        one = as_assignment_id(assignment_id)
        found = self._timelines([one], types, statuses)
        return found[one]

    def timelines(
        self,
        ids: Iterable[AssignmentId],
        types: Collection[str] | None = None,
        *,
        statuses: Collection[str] | None = None,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return the `timeline` of every id, empty where nothing happened."""
        return self._timelines(as_ids(ids), types, statuses)

    def latest_successful(
        self,
        assignment_id: AssignmentId,
        type: str | None = None,
    ) -> Action | None:
        """
        Return the success with the greatest `(completed_at, created_at, id)`.

        None where nothing succeeded. Source: decision record "Assignment actions",
        first question.
        """
        found = self._latest([as_assignment_id(assignment_id)], type)
        return next(iter(found.values()), None)

    def latest_successful_of(
        self,
        ids: Iterable[AssignmentId],
        type: str | None = None,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one."""
        return self._latest(as_ids(ids), type)

    def outcome(
        self,
        assignment_id: AssignmentId,
        type: str,
        *,
        since: datetime | None = None,
        key: str | None = None,
    ) -> Outcome:
        """
        Answer whether this was done, and if not, why not.

        Args:
            assignment_id: of whom or what.
            type: the action type asked about.
            since: consider only what was created then or later, for example since the
                last allocation; without it an old success answers yes for ever.
            key: consider only the tries under this key.
        """
        considered = self.timeline(assignment_id, [type])
        if since is not None:
            considered = considered.since(as_utc("since", since))
        if key is not None:
            considered = considered.with_key(key)
        return considered.outcome(type, now=self.now())

    # -- many assignments ------------------------------------------------------------

    def find(
        self,
        action_filter: ActionFilter,
        *,
        limit: int = PAGE_LIMIT,
        after: str | None = None,
        before: str | None = None,
    ) -> Page:
        """
        Return a page of the actions that match, newest first by `(created_at, id)`.

        Args:
            action_filter: which actions.
            limit: at most so many, 0 or more.
            after: a cursor of a page; the page begins right after it, with what is
                older. What is recorded meanwhile neither repeats nor hides an action of
                a later page.
            before: a cursor of a page; the page ends right before it, with what is
                newer.

        Raises:
            ValueError: a negative limit, both `after` and `before`, or one of them is
                no cursor of ours.
        """
        as_int("limit", limit, low=0, high=INT32_MAX - 1)
        wanted, asked = as_filter(action_filter), limit + 1 if limit else 0
        if before is None:
            start = None if after is None else Cursor.decode(after)
            found = self._repository.find(wanted, asked, start)
            return page_after(self._all(found), limit, start)
        if after is not None:
            raise ValueError("after and before must not both be given")
        end = Cursor.decode(before, field="before")
        found = self._repository.find(wanted, asked, None, end)
        return page_before(self._all(found), limit, end)

    def iterate(self, action_filter: ActionFilter) -> Generator[Action]:
        """
        Yield all actions that match, newest first, in bounded memory.

        One query per 1 000 actions, from the place where the last one ended. However
        slowly they are taken, nothing is held in between: no connection, transaction or
        snapshot, as a server-side cursor would. So none comes twice, but what changes
        meanwhile may be seen or not.
        """
        wanted, after = as_filter(action_filter), None
        while True:
            found = self._repository.find(wanted, ITERATE_BATCH, after)
            yield from self._all(found)
            if len(found) < ITERATE_BATCH:
                return
            after = Cursor.of(found[-1])

    def count(self, action_filter: ActionFilter) -> int:
        """Return how many actions match."""
        return self._repository.count(as_filter(action_filter))

    def count_by(
        self, action_filter: ActionFilter, dimension: str
    ) -> Mapping[str, int]:
        """
        Return how many actions match, by one dimension.

        Args:
            action_filter: which actions.
            dimension: "action_type", "status", "reason", "fingerprint" or "day" (the
                UTC day of created_at, as in "2026-11-22").

        Returns:
            Days ascending; the others by count, the most first. Actions without a
            failure count under no reason and no fingerprint.
        """
        by = as_dimension(dimension)
        return ordered_counts(
            by, self._repository.count_by(as_filter(action_filter), by)
        )

    def overdue(self, *, limit: int = PAGE_LIMIT) -> tuple[Action, ...]:
        """Return actions in progress longer than their type allows, newest first."""
        overdue = ActionFilter(overdue_before=self.now())
        page = self.find(overdue, limit=limit)
        return page.actions

    def failure_groups(
        self,
        *,
        since: datetime | None = None,
        types: Collection[str] | None = None,
    ) -> tuple[FailureGroup, ...]:
        """
        Return what fails, by kind, the most frequent first: one query.

        Args:
            since: only kinds that failed then or later; `is_new` tells which of them
                never failed before. None: all that is stored.
            types: only failures of these action types.
        """
        start = None if since is None else as_utc("since", since)
        wanted = None if types is None else each_of("types", types, as_text)
        found = self._repository.failure_groups(wanted, start)
        return ordered_groups(self._read_group(group) for group in found)

    # -- behind ------------------------------------------------------------------------

    def _timelines(
        self,
        ids: list[AssignmentId],
        types: Collection[str] | None,
        statuses: Collection[str] | None,
    ) -> Mapping[AssignmentId, Timeline]:
        wanted = None if types is None else each_of("types", types, as_text)
        if statuses is None:  # an adapter of before R102 can be asked this
            found = self._repository.timelines(ids, wanted)
        else:
            stored_in = each_of("statuses", statuses, as_status)
            found = self._repository.timelines(ids, wanted, stored_in)
        if self._vocabulary.is_built_in:
            return found
        return {key: Timeline.in_order(self._all(one)) for key, one in found.items()}

    def _latest(
        self, ids: list[AssignmentId], type: str | None
    ) -> Mapping[AssignmentId, Action]:
        wanted = None if type is None else as_text("type", type)
        found = self._repository.latest_successes(ids, wanted)
        if self._vocabulary.is_built_in:
            return found
        return {key: self._read(action) for key, action in found.items()}


def as_filter(value: ActionFilter) -> ActionFilter:
    """Return the value if it is a filter."""
    if not isinstance(value, ActionFilter):
        raise TypeError(f"action_filter must be an ActionFilter, got {value!r}")
    return value


def each_of(
    field: str, values: Collection[str], convert: Callable[[str, object], T]
) -> list[T]:
    """Return each of a collection converted; a text is none."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{field} must be a collection, got {values!r}")
    return [convert(field, value) for value in values]
