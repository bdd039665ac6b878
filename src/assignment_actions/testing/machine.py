"""The state machine: any history of calls answers as the in-memory repository does."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from assignment_actions.adapters.memory import InMemoryActionRepository
from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.factories import MOMENT
from assignment_actions.testing.strategies import actions, details, filters

EXAMPLES = int(os.environ.get("ASSIGNMENT_ACTIONS_MACHINE_EXAMPLES", "25"))
STEPS = int(os.environ.get("ASSIGNMENT_ACTIONS_MACHINE_STEPS", "25"))

# Few values, near each other: histories in which they collide are the interesting ones.
ASSIGNMENTS = [UUID(int=n << 120 | 0x4ABC << 64 | n) for n in (0x00, 0x7F, 0x80, 0xFF)]
IDS = [
    UUID(text)
    for text in (
        "00000000-0000-0000-0000-000000000000",
        "0190163d-8694-739b-aea5-966c26f8ad91",  # version 7
        "1ef21d2f-1207-6660-8c4f-419efbd44d48",  # version 6
        "9125a8dc-52ee-365b-a5aa-81b0b3681cf6",  # version 3
        "c232ab00-9414-11ec-b3c8-9f6bdeced846",  # version 1
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    )
]
STEPS_IN_TIME = [
    timedelta(),
    timedelta(microseconds=1),
    timedelta(microseconds=2),
    timedelta(hours=15),
    timedelta(days=-300),
]
TYPES = ["notified", "reminded", "retired_by_now"]
LABELS = [
    "k",
    "K",
    "k ",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "e\N{COMBINING ACUTE ACCENT}",
]
REASONS = ["email_error", "retired_reason"]
EXCEPTIONS = ["ValueError", "valueerror", ""]

_times = st.sampled_from([MOMENT + step for step in STEPS_IN_TIME])
_assignments = st.sampled_from(ASSIGNMENTS)
_types = st.sampled_from(TYPES)
_labels = st.sampled_from(LABELS)
_reasons = st.sampled_from(REASONS)
_exceptions = st.sampled_from(EXCEPTIONS)
_fingerprints = st.sampled_from(["f", "F"])
_limits = st.integers(0, 4)
_dimensions = st.sampled_from(["action_type", "status", "reason", "fingerprint", "day"])
_failures = st.builds(
    Failure,
    reason=_reasons,
    exception_type=_exceptions,
    message=st.text(max_size=9),
    stacktrace=st.none() | st.text(max_size=9),
    fingerprint=_fingerprints,
    truncated=st.booleans(),
)
_actions = actions(
    assignment_ids=_assignments,
    ids=st.sampled_from(IDS) | st.uuids(),
    times=_times,
    types=_types,
    labels=_labels,
    attempts=st.integers(1, 2),
    failing=_failures,
)
_filters = filters(
    assignment_ids=_assignments,
    times=_times,
    types=_types,
    labels=_labels,
    reasons=_reasons,
    exception_types=_exceptions.filter(bool),
    fingerprints=_fingerprints,
)
_MOST = 5 * STEPS + 5  # more than was ever stored: a cursor that stands still ends too
_asked = st.lists(st.sampled_from([*ASSIGNMENTS, UUID(int=5)]), max_size=6)
_cursors = st.none() | st.builds(Cursor, _times, st.sampled_from(IDS), _assignments)


@attrs.frozen
class _Refusal:
    """Be an error, as far as two repositories must agree about it."""

    kind: type[Exception]


class RepositoryMachine(RuleBasedStateMachine):
    """Drive a repository beside the in-memory one and compare every answer."""

    def __init__(self, repository: ActionRepository) -> None:
        super().__init__()
        self.repository = repository
        self.meaning = InMemoryActionRepository(assignment_id_type=UUID)
        self.stored: list[Action] = []

    # -- writing -----------------------------------------------------------------------

    @rule(batch=st.lists(_actions, max_size=5))
    def add_a_batch(self, batch: list[Action]) -> None:
        """Add actions, some of which are duplicates of others."""
        self._add(batch)

    @rule(action=_actions)
    def add_one(self, action: Action) -> None:
        """Add one action."""
        self._add([action])

    @rule(data=st.data(), action=_actions)
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

    @rule(data=st.data(), status=st.sampled_from(ActionStatus), at=_times)
    def complete(self, data: st.DataObject, status: ActionStatus, at: datetime) -> None:
        """Complete an action, stored or not, from whatever status."""
        action = data.draw(st.sampled_from(self.stored) if self.stored else _actions)
        is_failing = status is ActionStatus.FAILED or (
            status is ActionStatus.UNKNOWN and data.draw(st.booleans())
        )
        completion = attrs.evolve(
            action,
            status=status,
            completed_at=at if status.is_final else None,
            failure=data.draw(_failures) if is_failing else None,
            unknown_at=at if status is ActionStatus.UNKNOWN else None,
            details=data.draw(details()),
        )
        self._agree(lambda one: one.complete(completion))
        self._agree(lambda one: one.get(action.id))

    # -- questions ---------------------------------------------------------------------

    @rule(action_id=st.sampled_from(IDS))
    def get(self, action_id: UUID) -> None:
        """Get an action that may be stored, and for several assignments."""
        self._agree(lambda one: one.get(action_id))

    @rule(asked=_asked, types=st.none() | st.lists(_types, max_size=2))
    def timelines(self, asked: list[UUID], types: list[str] | None) -> None:
        """Ask for timelines."""
        self._agree(lambda one: list(one.timelines(asked, types).items()))

    @rule(asked=_asked, action_type=st.none() | _types)
    def latest_successes(self, asked: list[UUID], action_type: str | None) -> None:
        """Ask for the latest successes."""
        self._agree(lambda one: list(one.latest_successes(asked, action_type).items()))

    @rule(action_filter=_filters, limit=_limits, after=_cursors)
    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None
    ) -> None:
        """Ask for a page from any place."""
        self._agree(lambda one: list(one.find(action_filter, limit, after)))

    @rule(limit=st.integers(1, 3))
    def read_all_pages(self, limit: int) -> None:
        """Page through everything."""
        self._agree(lambda one: _pages(one, limit))

    @rule(action_filter=_filters, dimension=_dimensions)
    def count(self, action_filter: ActionFilter, dimension: Dimension) -> None:
        """Count, and count by a dimension."""
        self._agree(lambda one: one.count(action_filter))
        self._agree(lambda one: dict(one.count_by(action_filter, dimension)))

    def teardown(self) -> None:
        """Compare all timelines, then give the store back."""
        try:
            self.timelines(ASSIGNMENTS, None)
        finally:
            self.repository.close()

    # -- behind ------------------------------------------------------------------------

    def _add(self, batch: list[Action]) -> None:
        answer = self._agree(lambda one: _added(one, batch))
        if answer is None:
            self.stored += batch

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
    if stored is None or stored.assignment_id != refused.assignment_id:
        return stored is None
    tries = [(it.action_type, it.key, it.attempt) for it in (stored, refused)]
    return stored.id == refused.id or (stored.key is not None and tries[0] == tries[1])


def _pages(repository: ActionRepository, limit: int) -> list[Action]:
    everything = ActionFilter()
    found = page = [*repository.find(everything, limit)]
    while page and len(found) < _MOST:
        page = [*repository.find(everything, limit, Cursor.of(page[-1]))]
        found = found + page
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
