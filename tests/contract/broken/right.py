"""The adapter that the others differ from, and nothing is wrong with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, MutableMapping, Sequence
from datetime import datetime
from itertools import islice
from typing import ClassVar
from uuid import UUID

from assignment_actions import (
    Action,
    ActionFilter,
    ActionStatus,
    FailureGroup,
    InMemoryActionRepository,
)
from assignment_actions.domain.filters import Cursor
from assignment_actions.domain.groups import group_failures
from assignment_actions.domain.leftovers import leftovers
from assignment_actions.domain.values import AssignmentId

Identity = tuple[AssignmentId, UUID]


class Stored(MutableMapping[Identity, Action]):
    """Show what a repository holds by identity, and change it past all rules."""

    def __init__(self, repository: Broken) -> None:
        self._repository = repository

    def __getitem__(self, identity: Identity) -> Action:
        found = self._repository._stored(identity)
        if found is None:
            raise KeyError(identity)
        return found

    def __setitem__(self, identity: Identity, action: Action) -> None:
        InMemoryActionRepository._forget(self._repository, [identity])
        InMemoryActionRepository._store_new(self._repository, action)

    def __delitem__(self, identity: Identity) -> None:
        self._repository._forget([identity])

    def __iter__(self) -> Iterator[Identity]:
        with self._repository._lock:
            ids = [*self._repository._by_id]
            return iter([it for one in ids for it in self.with_id(one)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def with_id(self, action_id: UUID) -> list[Identity]:
        return [(one, action_id) for one in self._repository._sharing(action_id)]


class Broken(InMemoryActionRepository):
    """Be right: what the others differ from, by the hook that each overrides."""

    caught_by: ClassVar[tuple[str, ...]] = ()

    @property
    def _actions(self) -> Stored:
        return Stored(self)

    def as_stored(self, action: Action) -> Action:
        return action

    def as_scrubbed(self, stored: Action) -> Action:
        return stored.scrubbed()

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        return bool(leftovers(action, texts))

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        return group_failures(failed, since)

    def add(self, /, *actions: Action) -> None:
        super().add(*map(self.as_stored, actions))

    def complete(self, action: Action, /) -> bool:
        return super().complete(self.as_stored(action))

    def scrub(self, /, *actions: Action) -> int:
        with self._lock:
            before = dict(self._actions)
            count = super().scrub(*actions)
            for identity, stored in before.items():
                if self._actions[identity] is not stored:
                    self._replace(self.as_scrubbed(stored))
        return count

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        found = self._newest_first(action_filter, after)
        return list(islice((it for it in found if self.holds(it, texts)), limit))

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        failed = ActionFilter(statuses=[ActionStatus.FAILED], action_types=types)
        found = map(Action.without_stacktrace, self._newest_first(failed))
        return self.grouped(found, since)
