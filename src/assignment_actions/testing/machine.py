"""The state machine: any history of calls answers as the in-memory repository does."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from assignment_actions.adapters.memory import InMemoryActionRepository
from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension
from assignment_actions.domain.groups import FailureGroup
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing import collisions

EXAMPLES = int(os.environ.get("ASSIGNMENT_ACTIONS_MACHINE_EXAMPLES", "25"))
STEPS = int(os.environ.get("ASSIGNMENT_ACTIONS_MACHINE_STEPS", "25"))

MOST = 6 * STEPS + 8  # more than is ever stored: a cursor that stands still ends


@attrs.frozen
class _Refusal:
    """Be an error, as far as two repositories must agree about it."""

    kind: type[Exception]


class RepositoryMachine(RuleBasedStateMachine):
    """Drive a repository beside the in-memory one and compare every answer."""

    def __init__(self, repository: ActionRepository) -> None:
        super().__init__()
        self.repository: ActionRepository = repository
        self.meaning: ActionRepository = InMemoryActionRepository(
            assignment_id_type=UUID
        )
        self.stored: list[Action] = []

    @initialize(batch=collisions.beginnings)
    def begin(self, batch: list[Action]) -> None:
        """Begin with some history, in which later calls collide."""
        self._add(batch)

    # -- writing -----------------------------------------------------------------------

    @rule(batch=st.lists(collisions.actions, max_size=5))
    def add_a_batch(self, batch: list[Action]) -> None:
        """Add actions, some of which are duplicates of others."""
        self._add(batch)

    @rule(action=collisions.actions)
    def add_one(self, action: Action) -> None:
        """Add one action."""
        self._add([action])

    @rule(data=st.data(), action=collisions.actions)
    def add_under_a_taken_key(self, data: st.DataObject, action: Action) -> None:
        """Add an action that shares its key or its id with one that is stored."""
        if self.stored:
            taken = data.draw(st.sampled_from(self.stored))
            shared = data.draw(st.sampled_from(["key", "id"]))
            same = {shared: getattr(taken, shared), "attempt": taken.attempt}
            self._add(
                [
                    attrs.evolve(
                        action,
                        assignment_id=taken.assignment_id,
                        action_type=taken.action_type,
                        **same,
                    )
                ]
            )

    @rule(data=st.data(), status=collisions.outcomes, at=collisions.times)
    def complete(self, data: st.DataObject, status: ActionStatus, at: datetime) -> None:
        """Complete an action that is stored, from whatever status."""
        if self.stored:
            self._complete(data, data.draw(st.sampled_from(self.stored)), status, at)

    @rule(
        data=st.data(),
        action=collisions.actions,
        status=collisions.outcomes,
        at=collisions.times,
    )
    def complete_a_stranger(
        self, data: st.DataObject, action: Action, status: ActionStatus, at: datetime
    ) -> None:
        """Complete an action that may never have been stored."""
        self._complete(data, action, status, at)

    @rule(data=st.data(), strangers=st.lists(collisions.actions, max_size=1))
    def scrub(self, data: st.DataObject, strangers: list[Action]) -> None:
        """Scrub actions that are stored, some given twice, beside one that is not."""
        given = self._some_stored(data) + strangers
        self._agree(lambda one: one.scrub(*given))
        for action in given:
            self.get(action.id)

    @rule(data=st.data(), strangers=st.lists(collisions.actions, max_size=1))
    def delete(self, data: st.DataObject, strangers: list[Action]) -> None:
        """Delete actions; what they held may be stored again."""
        given = self._some_stored(data) + strangers
        self._agree(lambda one: one.delete(*given))
        self.latest_successes(collisions.ASSIGNMENTS, None)

    # -- questions ---------------------------------------------------------------------

    @rule(action_id=collisions.ids)
    def get(self, action_id: UUID) -> None:
        """Get an action that may be stored, and for several assignments."""
        self._agree(lambda one: one.get(action_id))

    @rule(
        asked=collisions.asked,
        types=st.none() | st.lists(collisions.types, max_size=2),
        statuses=st.none() | st.lists(st.sampled_from(ActionStatus), max_size=2),
    )
    def timelines(
        self,
        asked: list[UUID],
        types: list[str] | None,
        statuses: list[ActionStatus] | None,
    ) -> None:
        """Ask for timelines."""
        self._agree(lambda one: list(one.timelines(asked, types, statuses).items()))

    @rule(asked=collisions.asked, action_type=st.none() | collisions.types)
    def latest_successes(self, asked: list[UUID], action_type: str | None) -> None:
        """Ask for the latest successes."""
        self._agree(lambda one: list(one.latest_successes(asked, action_type).items()))

    @rule(
        action_filter=collisions.filters,
        limit=st.integers(0, 4),
        place=collisions.cursors,
        is_back=st.booleans(),
    )
    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        place: Cursor | None,
        *,
        is_back: bool,
    ) -> None:
        """Ask for a page from any place, in either direction."""
        places = (None, place) if is_back else (place,)
        self._agree(lambda one: list(one.find(action_filter, limit, *places)))

    @rule(limit=st.integers(1, 3))
    def read_all_pages(self, limit: int) -> None:
        """Page through everything, and back."""
        self._agree(lambda one: _pages(one, limit))
        self._agree(lambda one: _pages_back(one, limit))

    @rule(action_filter=collisions.filters, dimension=collisions.dimensions)
    def count(self, action_filter: ActionFilter, dimension: Dimension) -> None:
        """Count, and count by a dimension."""
        self._agree(lambda one: one.count(action_filter))
        self._agree(lambda one: dict(one.count_by(action_filter, dimension)))

    @rule(
        action_filter=collisions.filters,
        texts=collisions.sought,
        limit=st.integers(0, 4),
        after=collisions.cursors,
    )
    def search(
        self,
        action_filter: ActionFilter,
        texts: list[str] | None,
        limit: int,
        after: Cursor | None,
    ) -> None:
        """Search for texts, or for whatever is no fact, from any place."""
        self._agree(lambda one: list(one.search(action_filter, texts, limit, after)))

    @rule(texts=collisions.sought)
    def search_everywhere(self, texts: list[str] | None) -> None:
        """Search all that is stored."""
        self._agree(lambda one: list(one.search(ActionFilter(), texts, MOST)))

    @rule(types=st.none() | st.lists(collisions.types, max_size=2))
    def failure_groups(self, types: list[str] | None) -> None:
        """Ask what fails, since when and for how many, from every moment there is."""
        for since in (None, *collisions.MOMENTS):
            self._agree(partial(_groups, types=types, since=since))

    def teardown(self) -> None:
        """Compare all timelines, then give the store back."""
        try:
            self.timelines(collisions.ASSIGNMENTS, None, None)
        finally:
            self.repository.close()

    # -- behind ------------------------------------------------------------------------

    def _add(self, batch: list[Action]) -> None:
        answer = self._agree(lambda one: _added(one, batch))
        if answer is None:
            self.stored += batch

    def _some_stored(self, data: st.DataObject) -> list[Action]:
        if not self.stored:
            return []
        return data.draw(st.lists(st.sampled_from(self.stored), max_size=3))

    def _complete(
        self, data: st.DataObject, action: Action, status: ActionStatus, at: datetime
    ) -> None:
        has_failure = status is ActionStatus.FAILED or (
            status is ActionStatus.UNKNOWN and data.draw(st.booleans())
        )
        completion = attrs.evolve(
            action,
            status=status,
            completed_at=at if status.is_final else None,
            failure=data.draw(collisions.failures) if has_failure else None,
            unknown_at=at if status is ActionStatus.UNKNOWN else None,
            details=data.draw(collisions.details),
        )
        self._agree(lambda one: one.complete(completion))
        self._agree(lambda one: one.get(action.id))

    def _agree(self, ask: Callable[[ActionRepository], object]) -> object:
        expected = _answer(self.meaning, ask)

        assert expected == _answer(self.repository, ask)
        return expected


def _answer(
    repository: ActionRepository, ask: Callable[[ActionRepository], object]
) -> object:
    try:
        return ask(repository)
    except (DuplicateActionError, ValueError) as error:
        return _Refusal(type(error))


def _added(repository: ActionRepository, batch: Collection[Action]) -> None:
    """Add, and check what a refusal says: which of several it names is free."""
    try:
        repository.add(*batch)
    except DuplicateActionError as error:
        if error.refused not in batch or not _explains(error):
            raise AssertionError(f"{error!r} does not explain itself") from error
        raise


def _explains(error: DuplicateActionError) -> bool:
    refused, stored = error.refused, error.action
    return stored is None or not {*stored.claims}.isdisjoint(refused.claims)


def _groups(
    repository: ActionRepository, types: Collection[str] | None, since: datetime | None
) -> list[FailureGroup]:
    """Return groups in one order: theirs is the caller's affair."""
    found = repository.failure_groups(types, since)
    return sorted(found, key=lambda group: group.fingerprint)


def _pages(repository: ActionRepository, limit: int) -> list[Action]:
    everything = ActionFilter()
    found = page = [*repository.find(everything, limit)]
    while page and len(found) < MOST:
        page = [*repository.find(everything, limit, Cursor.of(page[-1]))]
        found = found + page
    return found


def _pages_back(repository: ActionRepository, limit: int) -> list[Action]:
    everything = ActionFilter()
    found = page = [*repository.find(everything, limit, None, collisions.END)]
    while page and len(found) < MOST:
        page = [*repository.find(everything, limit, None, Cursor.of(page[0]))]
        found = page + found
    return found


def repository_machine(
    make_repository: Callable[[], ActionRepository],
) -> type[RuleBasedStateMachine]:
    """
    Return a state machine that holds a repository against the reference meaning.

    Args:
        make_repository: returns an empty repository for UUID assignment ids; called
            for each of 25 histories, and closed after it.
            ASSIGNMENT_ACTIONS_MACHINE_EXAMPLES and ASSIGNMENT_ACTIONS_MACHINE_STEPS in
            the environment ask for more.

    Returns:
        A class whose `TestCase` a test module assigns to a name that pytest collects.
    """

    class Machine(RepositoryMachine):
        def __init__(self) -> None:
            super().__init__(make_repository())

    Machine.__qualname__ = Machine.__name__ = "RepositoryMachine"
    case: Any = Machine.TestCase
    case.settings = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    return Machine
