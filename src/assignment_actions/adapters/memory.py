"""The in-memory repository: thread-safe, indexed, and the reference meaning."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from operator import attrgetter
from typing import Any
from uuid import UUID

from assignment_actions.domain.action import (
    Action,
    ActionStatus,
    Claim,
    success_order,
)
from assignment_actions.domain.awaited import AwaitedActionRepository
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.filters import (
    ActionFilter,
    Cursor,
    Dimension,
    dimension_of,
)
from assignment_actions.domain.groups import FailureGroup, group_failures
from assignment_actions.domain.leftovers import leftovers
from assignment_actions.domain.ports import ActionRepository, AsyncActionRepository
from assignment_actions.domain.rules import first_duplicate
from assignment_actions.domain.timeline import Timeline
from assignment_actions.domain.values import (
    AssignmentId,
    kind_of,
    require_kind,
)

_Identity = tuple[AssignmentId, UUID]
_Place = tuple[datetime, int, Any]
_Sharing = dict[AssignmentId, Action]

_SUCCEEDED = ActionStatus.SUCCEEDED
_assignment_id: Callable[[Action], AssignmentId] = attrgetter("assignment_id")
_place: Callable[[Action | Cursor], _Place] = attrgetter(
    "created_at", "id.int", "assignment_id"
)


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
        self._by_id: dict[UUID, Action | _Sharing] = {}
        self._by_assignment: dict[AssignmentId, list[Action]] = {}
        self._order: list[Action] = []
        self._key_holders: dict[Claim, UUID] = {}
        self._successes: dict[AssignmentId, dict[str, Action]] = defaultdict(dict)

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
            if actions and self._kind is None:
                self._kind = kind_of(actions[0].assignment_id)

    def complete(self, action: Action, /) -> bool:
        """Store an outcome by compare-and-set; tell whether it was stored."""
        if not action.status.replaces:
            raise ValueError("status must be an outcome, got in_progress")
        with self._lock:
            self._require_kind([action.assignment_id])
            stored = self._stored((action.assignment_id, action.id))
            replaced = None if stored is None else stored.replaced_by(action)
            if replaced is None:
                return False
            self._replace(replaced)
            return True

    def get(self, action_id: UUID, /) -> Action | None:
        """Return the whole action, None where there is none."""
        with self._lock:
            return min(self._sharing(action_id).values(), key=_place, default=None)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return a timeline for every id, in the order asked."""
        with self._lock:
            self._require_kind(assignment_ids)
            return {
                assignment_id: Timeline.in_order(
                    action.without_stacktrace()
                    for action in self._by_assignment.get(assignment_id, ())
                    if (types is None or action.action_type in types)
                    and (statuses is None or action.status in statuses)
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
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match, newest first."""
        with self._lock:
            if before is None:
                found = [*islice(self._newest_first(action_filter, after), limit)]
            else:
                found = [*islice(self._going_back(action_filter, before), limit)][::-1]
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
            self._require_kind(map(_assignment_id, actions))
            for identity in _identities(actions):
                stored = self._stored(identity)
                facts = None if stored is None else stored.scrubbed()
                if facts is not None and facts is not stored:
                    self._replace(facts)
                    count += 1
        return count

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        """Remove these; return how many were there."""
        with self._lock:
            self._require_kind(map(_assignment_id, actions))
            stored = ((one, self._stored(one)) for one in _identities(actions))
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
            require_kind(kind, map(_assignment_id, actions))
        found = first_duplicate(actions, self._holder)
        if found is not None:
            raise DuplicateActionError(*found)

    def _holder(self, claim: Claim) -> Action | None:
        if len(claim) == 2:
            return self._stored(claim)
        action_id = self._key_holders.get(claim)
        return None if action_id is None else self._stored((claim[0], action_id))

    def _stored(self, identity: _Identity) -> Action | None:
        assignment_id, action_id = identity
        found = self._by_id.get(action_id)
        if found is None:
            return None
        if isinstance(found, dict):
            return found.get(assignment_id)
        return found if found.assignment_id == assignment_id else None

    def _sharing(self, action_id: UUID) -> _Sharing:
        """Return the actions with one id by assignment; more than one is rare."""
        found = self._by_id.get(action_id, {})
        return {found.assignment_id: found} if isinstance(found, Action) else found

    def _store_new(self, action: Action) -> None:
        self._put(action)
        if action.key is not None:
            self._key_holders[action.claims[1]] = action.id
        _insert(action, self._by_assignment.setdefault(action.assignment_id, []))
        _insert(action, self._order)
        self._note_success(action)

    def _replace(self, action: Action) -> None:
        """Put a newer state of a stored action in its place."""
        self._put(action)
        for actions in (self._by_assignment[action.assignment_id], self._order):
            actions[bisect_left(actions, _place(action), key=_place)] = action
        self._note_success(action)

    def _put(self, action: Action) -> None:
        if self._by_id.setdefault(action.id, action) is not action:
            sharing = self._sharing(action.id)
            sharing[action.assignment_id] = action
            self._by_id[action.id] = sharing if len(sharing) > 1 else action

    def _forget(self, gone: Collection[_Identity]) -> None:
        """Take actions out of every index: one walk through each that holds some."""
        for assignment_id, action_id in gone:
            sharing = self._sharing(action_id)
            for claim in sharing.pop(assignment_id).claims[1:]:
                del self._key_holders[claim]
            if not sharing:
                del self._by_id[action_id]
        self._order = _without(gone, self._order)
        for assignment_id in {identity[0] for identity in gone}:
            left = _without(gone, self._by_assignment.pop(assignment_id))
            if left:
                self._by_assignment[assignment_id] = left
            self._forget_successes(assignment_id)

    def _forget_successes(self, assignment_id: AssignmentId) -> None:
        """Find the latest ones among what is left."""
        self._successes.pop(assignment_id, None)
        for action in self._by_assignment.get(assignment_id, ()):
            self._note_success(action)

    def _note_success(self, action: Action) -> None:
        if action.status is _SUCCEEDED:
            latest = self._successes[action.assignment_id]
            rival = latest.get(action.action_type)
            if rival is None or success_order(rival) <= success_order(action):
                latest[action.action_type] = action

    def _newest_first(
        self, action_filter: ActionFilter, after: Cursor | None = None
    ) -> Iterator[Action]:
        actions = self._in_order(action_filter)
        end = len(actions)
        if after is not None:
            end = bisect_left(actions, self._point(after), key=_place)
        newest = map(actions.__getitem__, range(end - 1, -1, -1))
        return filter(action_filter.matches, newest)

    def _going_back(
        self, action_filter: ActionFilter, before: Cursor
    ) -> Iterator[Action]:
        """Yield what comes before a place, the nearest to it first."""
        actions = self._in_order(action_filter)
        start = bisect_right(actions, self._point(before), key=_place)
        newer = map(actions.__getitem__, range(start, len(actions)))
        return filter(action_filter.matches, newer)

    def _in_order(self, action_filter: ActionFilter) -> Sequence[Action]:
        wanted = action_filter.assignment_ids
        if wanted is None:
            return self._order
        self._require_kind(wanted)
        timelines = (self._by_assignment.get(one, ()) for one in wanted)
        return sorted(chain.from_iterable(timelines), key=_place)

    def _point(self, place: Cursor) -> _Place:
        self._require_kind([place.assignment_id])
        return _place(place)


class AsyncInMemoryActionRepository(AwaitedActionRepository):
    """
    Keep actions in this process, for an event loop of any kind: nothing ever waits.

    Args:
        assignment_id_type: as for `InMemoryActionRepository`.
    """

    def __init__(
        self,
        *,
        assignment_id_type: type[UUID | int | str] | None = None,
    ) -> None:
        super().__init__(
            InMemoryActionRepository(assignment_id_type=assignment_id_type)
        )


def _identities(actions: Iterable[Action]) -> Iterator[_Identity]:
    return ((action.assignment_id, action.id) for action in actions)


def _insert(action: Action, actions: list[Action]) -> None:
    if not actions or actions[-1].created_at < action.created_at:  # as a rule
        actions.append(action)
    else:
        insort(actions, action, key=_place)


def _without(gone: Collection[_Identity], actions: Iterable[Action]) -> list[Action]:
    return [one for one in actions if (one.assignment_id, one.id) not in gone]


_: type[ActionRepository] = InMemoryActionRepository
_async: type[AsyncActionRepository] = AsyncInMemoryActionRepository
