"""This library, by its public names only: in four ways that a host would use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionRecorder,
    ActionRepository,
    ActionStatus,
    Page,
    Timeline,
)
from assignment_actions.openedx import AssignmentSummary, summaries
from benchmarks.population import Row
from benchmarks.workloads import TYPE, Facts, Ids

EVERYTHING = ActionFilter()
FAILED = (ActionStatus.FAILED,)
MICROSECOND = timedelta(microseconds=1)


class Ours:
    """
    Do every work as the README says it is done.

    Args:
        name: the column's name.
        recorder: on a repository that has its schema.
        clear: empties the store.
        renew: takes a new connection to a server.
    """

    is_one_by_one: bool = False

    def __init__(
        self,
        name: str,
        recorder: ActionRecorder,
        clear: Callable[[], object],
        renew: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self.renew = renew
        self._recorder = recorder
        self._history: ActionHistory = recorder.history
        self._clear = clear

    def start_and_succeed(self, assignment_id: UUID, /) -> Action:
        """Take the two steps by hand."""
        action = self._recorder.start(assignment_id, TYPE)
        return self._recorder.succeed(action)

    def record_success(self, assignment_id: UUID, /) -> Action:
        """Record what is over."""
        return self._recorder.record_success(assignment_id, TYPE)

    def record_many(self, actions: Sequence[Action], /) -> int:
        """Record actions, their texts redacted, in batches."""
        return self._recorder.record_many(actions)

    def latest_successful(self, assignment_id: UUID, /) -> Action | None:
        """Ask the decision record's first question."""
        return self._history.latest_successful(assignment_id)

    def timeline(self, assignment_id: UUID, /) -> Timeline:
        """Ask the third."""
        return self._history.timeline(assignment_id)

    def failures(self, assignment_id: UUID, /) -> Sequence[Action]:
        """Ask for a timeline of nothing else."""
        return self._history.timeline(assignment_id, statuses=FAILED)

    def latest_of_page(self, ids: Ids, /) -> Mapping[Any, Action]:
        """Ask about many."""
        return self._history.latest_successful_of(ids)

    def timelines_of_page(self, ids: Ids, /) -> Mapping[Any, Timeline]:
        """Ask about many."""
        return self._history.timelines(ids)

    def summaries(self, facts: Facts, /) -> Mapping[UUID, AssignmentSummary]:
        """Ask the Open edX profile."""
        return summaries(self._history, facts)

    def page(self, limit: int, place: Any, /) -> Page:
        """Ask for everything, newest first."""
        return self._history.find(EVERYTHING, limit=limit, after=place)

    def place(self, row: Row, /) -> Any:
        """Return the cursor of the page that ends with the action."""
        until = ActionFilter(created_before=row.created_at + MICROSECOND)
        return self._history.find(until, limit=1).next_cursor

    def prepared(self, actions: Sequence[Action], _: Sequence[Row], /) -> Any:
        """Return the entities themselves."""
        return actions

    def clear(self) -> None:
        """Empty the store."""
        self._clear()

    def count(self) -> int:
        """Count all."""
        return self._history.count(EVERYTHING)

    def identify(self, found: Action, /) -> UUID:
        """Return the id."""
        return found.id


class Joined(Ours):
    """
    Do every work inside a transaction of the host's, which begins and commits it.

    Start and success share one transaction here: one commit instead of two.
    """

    def __init__(
        self,
        name: str,
        recorder: ActionRecorder,
        clear: Callable[[], object],
        host: Engine,
    ) -> None:
        super().__init__(name, recorder, clear, host.dispose)
        self._host = host

    def start_and_succeed(self, assignment_id: UUID, /) -> Action:
        """Take both steps in one transaction."""
        with self._host.begin() as connection:
            joined = self._recorder.joined_to(connection)
            return joined.succeed(joined.start(assignment_id, TYPE))

    def record_success(self, assignment_id: UUID, /) -> Action:
        """Record what is over."""
        with self._host.begin() as connection:
            joined = self._recorder.joined_to(connection)
            return joined.record_success(assignment_id, TYPE)

    def record_many(self, actions: Sequence[Action], /) -> int:
        """Record actions."""
        with self._host.begin() as connection:
            return self._recorder.joined_to(connection).record_many(actions)

    def latest_successful(self, assignment_id: UUID, /) -> Action | None:
        """Ask the first question."""
        with self._host.begin() as connection:
            history = self._recorder.joined_to(connection).history
            return history.latest_successful(assignment_id)

    def timeline(self, assignment_id: UUID, /) -> Timeline:
        """Ask the third."""
        with self._host.begin() as connection:
            return self._recorder.joined_to(connection).history.timeline(assignment_id)

    def failures(self, assignment_id: UUID, /) -> Sequence[Action]:
        """Ask for a timeline of nothing else."""
        with self._host.begin() as connection:
            history = self._recorder.joined_to(connection).history
            return history.timeline(assignment_id, statuses=FAILED)

    def latest_of_page(self, ids: Ids, /) -> Mapping[Any, Action]:
        """Ask about many."""
        with self._host.begin() as connection:
            history = self._recorder.joined_to(connection).history
            return history.latest_successful_of(ids)

    def timelines_of_page(self, ids: Ids, /) -> Mapping[Any, Timeline]:
        """Ask about many."""
        with self._host.begin() as connection:
            return self._recorder.joined_to(connection).history.timelines(ids)

    def summaries(self, facts: Facts, /) -> Mapping[UUID, AssignmentSummary]:
        """Ask the Open edX profile."""
        with self._host.begin() as connection:
            history = self._recorder.joined_to(connection).history
            return summaries(history, facts)

    def page(self, limit: int, place: Any, /) -> Page:
        """Ask for everything, newest first."""
        with self._host.begin() as connection:
            history = self._recorder.joined_to(connection).history
            return history.find(EVERYTHING, limit=limit, after=place)


class InMemory(Ours):
    """Do every work on a repository in memory, which is emptied by making another."""

    def __init__(self, name: str, make: Callable[[], ActionRepository]) -> None:
        self._make = make
        super().__init__(name, ActionRecorder(make()), self._renew)

    def _renew(self) -> None:
        self._recorder = ActionRecorder(self._make())
        self._history = self._recorder.history
