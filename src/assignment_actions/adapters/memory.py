"""The in-memory repository: thread-safe, indexed, and the reference meaning."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from assignment_actions.domain.action import (
    Action,
    ActionStatus,
    Claim,
    success_order,
    timeline_order,
)
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.filters import (
    ActionFilter,
    Cursor,
    Dimension,
    dimension_of,
)
from assignment_actions.domain.groups import FailureGroup, group_failures
from assignment_actions.domain.leftovers import leftovers
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.rules import first_duplicate
from assignment_actions.domain.timeline import Timeline
from assignment_actions.domain.values import (
    AssignmentId,
    kind_of,
    require_kind,
)

_Identity = tuple[AssignmentId, UUID]
_Place = tuple[datetime, UUID, Any]
_Key = TypeVar("_Key")


class InMemoryActionRepository:
    """
    Keep actions in this process; they are gone with it.

    For unit tests, and wherever a process needs no more. It is the reference meaning:
    every other adapter answers as this one does. One assignment's timeline costs its
    length, its latest success one look-up, a page across assignments a walk from the
    newest action.

    Args:
        assignment_id_type: UUID, int or str; None lets the first action decide.
    """

    def __init__(
        self,
        *,
        assignment_id_type: type[UUID | int | str] | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._kind = assignment_id_type
        self._actions: dict[_Identity, Action] = {}
        self._holders: dict[Claim, _Identity] = {}
        self._by_id: dict[UUID, list[_Identity]] = {}
        self._by_assignment: dict[AssignmentId, list[_Identity]] = {}
        self._successes: dict[AssignmentId, dict[str, Action]] = defaultdict(dict)
        self._order: list[_Place] = []

    @property
    def is_open(self) -> bool:
        """Tell that no transaction is ever open here."""
        return False

    def add(self, /, *actions: Action) -> None:
        """Store new actions, all or nothing."""
        with self._lock:
            self._require_new(actions)
            for action in actions:
                self._store_new(action)
            if actions:
                self._kind = kind_of(actions[0].assignment_id)

    def complete(self, action: Action, /) -> bool:
        """Store an outcome by compare-and-set; tell whether it was stored."""
        if not action.status.replaces:
            raise ValueError("status must be an outcome, got in_progress")
        with self._lock:
            self._require_kind([action.assignment_id])
            identity = action.assignment_id, action.id
            stored = self._actions.get(identity)
            replaced = None if stored is None else stored.replaced_by(action)
            if replaced is None:
                return False
            self._replace(identity, replaced)
            return True

    def get(self, action_id: UUID, /) -> Action | None:
        """Return the whole action, None where there is none."""
        with self._lock:
            found = [self._actions[one] for one in self._by_id.get(action_id, ())]
        return min(found, key=Cursor.of, default=None)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return a timeline for every id, in the order asked."""
        with self._lock:
            self._require_kind(assignment_ids)
            return {
                assignment_id: Timeline.in_order(
                    action.without_stacktrace()
                    for action in self._of(assignment_id)
                    if types is None or action.action_type in types
                )
                for assignment_id in assignment_ids
            }

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one, in the order asked."""
        latest: dict[AssignmentId, Action] = {}
        with self._lock:
            self._require_kind(assignment_ids)
            for assignment_id in assignment_ids:
                by_type = self._successes.get(assignment_id, {})
                if action_type is None and by_type:
                    latest[assignment_id] = max(by_type.values(), key=success_order)
                elif action_type in by_type:
                    latest[assignment_id] = by_type[action_type]
        return latest

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match, newest first."""
        with self._lock:
            found = islice(self._newest_first(action_filter, after), limit)
            return [action.without_stacktrace() for action in found]

    def count(self, action_filter: ActionFilter, /) -> int:
        """Return how many actions match."""
        with self._lock:
            return sum(1 for _ in self._newest_first(action_filter))

    def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        """Return how many actions match, by one dimension."""
        with self._lock:
            values = [
                dimension_of(action, dimension)
                for action in self._newest_first(action_filter)
            ]
        return Counter(value for value in values if value is not None)

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        """Return the failed actions by fingerprint."""
        failed = ActionFilter(statuses=[ActionStatus.FAILED], action_types=types)
        with self._lock:
            found = map(Action.without_stacktrace, self._newest_first(failed))
            return group_failures(found, since)

    def scrub(self, /, *actions: Action) -> int:
        """Keep only the facts of these; return how many changed."""
        count = 0
        with self._lock:
            self._require_kind(action.assignment_id for action in actions)
            for identity in _identities(actions):
                stored = self._actions.get(identity)
                facts = None if stored is None else stored.scrubbed()
                if facts is not None and facts is not stored:
                    self._replace(identity, facts)
                    count += 1
        return count

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        """Remove these; return how many were there."""
        with self._lock:
            self._require_kind(action.assignment_id for action in actions)
            stored = ((one, self._actions.get(one)) for one in _identities(actions))
            found = {
                identity
                for identity, one in stored
                if one is not None and status in (None, one.status)
            }
            if found:
                self._forget(found)
        return len(found)

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match and hold a text."""
        with self._lock:
            found = (
                action
                for action in self._newest_first(action_filter, after)
                if leftovers(action, texts)
            )
            return list(islice(found, limit))

    def joined_to(self, transaction: Any, /) -> InMemoryActionRepository:  # noqa: ARG002
        """Return this repository: there is no transaction to join."""
        return self

    def close(self) -> None:
        """Do nothing: nothing was opened."""

    # -- behind ------------------------------------------------------------------------

    def _require_kind(self, assignment_ids: Iterable[AssignmentId]) -> None:
        if self._kind is not None:
            require_kind(self._kind, assignment_ids)

    def _require_new(self, actions: Sequence[Action]) -> None:
        """Check every action against what is stored, and against each other."""
        if actions:
            kind = self._kind or kind_of(actions[0].assignment_id)
            require_kind(kind, (action.assignment_id for action in actions))
        found = first_duplicate(actions, self._holder)
        if found is not None:
            raise DuplicateActionError(*found)

    def _holder(self, claim: Claim) -> Action | None:
        identity = self._holders.get(claim)
        return None if identity is None else self._actions[identity]

    def _store_new(self, action: Action) -> None:
        identity = action.assignment_id, action.id
        self._actions[identity] = action
        for claim in action.claims:
            self._holders[claim] = identity
        self._by_id.setdefault(action.id, []).append(identity)
        timeline = self._by_assignment.setdefault(action.assignment_id, [])
        insort(timeline, identity, key=lambda one: timeline_order(self._actions[one]))
        insort(self._order, _place(action))  # at the end, as a rule
        self._note_success(action)

    def _replace(self, identity: _Identity, action: Action) -> None:
        self._actions[identity] = action
        self._note_success(action)

    def _forget(self, gone: Collection[_Identity]) -> None:
        """Take actions out of every index: one walk through each that holds some."""
        for identity in gone:
            for claim in self._actions.pop(identity).claims:
                del self._holders[claim]
        self._order = [one for one in self._order if one[:0:-1] not in gone]
        for action_id in {identity[1] for identity in gone}:
            _take_out(self._by_id, action_id, gone)
        for assignment_id in {identity[0] for identity in gone}:
            _take_out(self._by_assignment, assignment_id, gone)
            self._forget_successes(assignment_id)

    def _forget_successes(self, assignment_id: AssignmentId) -> None:
        """Find the latest ones among what is left."""
        self._successes.pop(assignment_id, None)
        for action in self._of(assignment_id):
            self._note_success(action)

    def _note_success(self, action: Action) -> None:
        if action.status is ActionStatus.SUCCEEDED:
            latest = self._successes[action.assignment_id]
            rival = latest.get(action.action_type)
            if rival is None or success_order(rival) <= success_order(action):
                latest[action.action_type] = action

    def _of(self, assignment_id: AssignmentId) -> Iterator[Action]:
        return map(
            self._actions.__getitem__, self._by_assignment.get(assignment_id, ())
        )

    def _newest_first(
        self, action_filter: ActionFilter, after: Cursor | None = None
    ) -> Iterator[Action]:
        wanted = action_filter.assignment_ids
        if wanted is None:
            places = self._order
        else:
            self._require_kind(wanted)
            places = sorted(_place(one) for key in wanted for one in self._of(key))
        end = len(places)
        if after is not None:
            end = bisect_left(places, (after.created_at, after.id, after.assignment_id))
        newest = map(places.__getitem__, range(end - 1, -1, -1))
        actions = (self._actions[place[2], place[1]] for place in newest)
        return filter(action_filter.matches, actions)


def _identities(actions: Iterable[Action]) -> Iterator[_Identity]:
    return ((action.assignment_id, action.id) for action in actions)


def _take_out(
    index: dict[_Key, list[_Identity]], key: _Key, gone: Collection[_Identity]
) -> None:
    left = [one for one in index[key] if one not in gone]
    if left:
        index[key] = left
    else:
        del index[key]


def _place(action: Action) -> _Place:
    return action.created_at, action.id, action.assignment_id


_: type[ActionRepository] = InMemoryActionRepository
