"""A page of summaries: one query, whatever the number of assignments."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from assignment_actions import (
    ActionHistory,
    ActionRecorder,
    ActionRepository,
    ActionType,
    AsyncActionRecorder,
    AsyncInMemoryActionRepository,
    InMemoryActionRepository,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.openedx import (
    AssignmentFacts,
    AssignmentSummary,
    summaries,
    summarise,
    summarise_each,
)
from assignment_actions.testing import MOMENT, FixedClock

ALLOCATED = AssignmentFacts(state="allocated")


class CountingRepository:
    """Pass every call on to a real repository, and note its name."""

    def __init__(self, repository: ActionRepository) -> None:
        self._repository = repository
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._repository, name)

        def counted(*arguments: Any) -> Any:
            self.calls.append(name)
            return method(*arguments)

        return counted


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


class TestSummaries:
    def test_each_as_alone(
        self, any_repository: ActionRepository, clock: FixedClock
    ) -> None:
        """Each assignment's summary is the one it has alone, from every store."""
        recorder = ActionRecorder(any_repository, clock=clock)
        ids = [uuid4() for _ in range(4)]
        recorder.record_success(ids[0], ActionType.NOTIFIED)
        recorder.record_failure(ids[1], ActionType.NOTIFIED, OSError("mailbox full"))
        recorder.start(ids[2], ActionType.NOTIFIED)
        clock.advance(seconds=1)
        page = dict.fromkeys(ids, ALLOCATED)
        found = summaries(recorder.history, page)
        assert ["waiting", "failed", "notifying", "notifying"] == [
            found[one].learner_state for one in ids
        ]
        for one in ids:
            timeline = recorder.history.timeline(one)
            assert summarise(timeline, page[one], now=clock()) == found[one]

    def test_clock_of_the_history(self, clock: FixedClock) -> None:
        """What is overdue is judged by the history's clock; regression: T12."""
        recorder = ActionRecorder(
            InMemoryActionRepository(), clock=clock, overdue_after=timedelta(minutes=5)
        )
        one = recorder.start(uuid4(), ActionType.NOTIFIED).assignment_id
        page = {one: ALLOCATED}
        assert "notifying" == summaries(recorder.history, page)[one].learner_state
        clock.advance(seconds=300)
        assert "unknown" == summaries(recorder.history, page)[one].learner_state

    def test_order_and_presence(self) -> None:
        """Every id is present, in the order given, also where nothing happened."""
        ids = [UUID(int=number) for number in (3, 1, 2)]
        found = summaries(_history(), dict.fromkeys(ids, ALLOCATED))
        assert ids == list(found)
        assert {"notifying"} == {one.learner_state for one in found.values()}

    def test_each_has_its_facts(self) -> None:
        """Facts belong to their assignment: state and cycle differ within one page."""
        history = _history()
        page = {
            1: AssignmentFacts(state="expired"),
            2: AssignmentFacts(state="cancelled"),
            3: AssignmentFacts(state="allocated", allocated_at=MOMENT),
        }
        found = summaries(history, page)
        assert ["expired", None, "notifying"] == [
            one.learner_state for one in found.values()
        ]
        assert [False, False, None] == [
            one.learner_acknowledged for one in found.values()
        ]
        assert [None, None, MOMENT] == [one.recent_action_at for one in found.values()]

    def test_none(self) -> None:
        """No assignments give no summaries."""
        empty: Mapping[UUID, AssignmentFacts] = {}
        assert {} == summaries(_history(), empty)


class TestSummariseEach:
    def test_as_summaries(self, clock: FixedClock) -> None:
        """From timelines that are awaited the summaries are the same."""
        repository = AsyncInMemoryActionRepository()
        ids = [UUID(int=number) for number in (3, 1, 2)]

        async def found() -> Mapping[UUID, AssignmentSummary]:
            recorder = AsyncActionRecorder(
                repository, clock=clock, overdue_after=timedelta(minutes=5)
            )
            await recorder.record_success(ids[0], ActionType.NOTIFIED)
            await recorder.start(ids[1], ActionType.NOTIFIED)
            clock.advance(seconds=300)
            history, facts = recorder.history, dict.fromkeys(ids, ALLOCATED)
            timelines = await history.timelines([*ids, UUID(int=4)])
            return summarise_each(timelines, facts, now=history.now())

        summary = asyncio.run(found())
        assert ids == list(summary)
        assert ["waiting", "unknown", "notifying"] == [
            one.learner_state for one in summary.values()
        ]

    def test_no_timeline(self) -> None:
        """An assignment whose timeline was not loaded is named, not made up."""
        with pytest.raises(KeyError, match="17"):
            summarise_each({}, {17: ALLOCATED}, now=MOMENT)


class TestQueries:
    @pytest.mark.parametrize("count", [1, 100])
    def test_one_call(self, count: int) -> None:
        """The repository is asked once, for one assignment or 100; regression: T23."""
        counting = CountingRepository(InMemoryActionRepository())
        page = {uuid4(): ALLOCATED for _ in range(count)}
        assert count == len(summaries(ActionHistory(counting), page))
        assert ["timelines"] == counting.calls

    def test_one_statement(self) -> None:
        """On SQL a page of 100 is one statement, no stacktraces; regression: T23."""
        repository = SqlActionRepository.from_url("sqlite://")
        repository.create_schema()
        page = {uuid4(): ALLOCATED for _ in range(100)}
        recorder = ActionRecorder(repository)
        for one in page:
            recorder.record_failure(one, ActionType.NOTIFIED, OSError("mailbox full"))
        statements: list[str] = []

        def note(*arguments: Any) -> None:
            if arguments[2].lstrip().upper().startswith(("SELECT", "WITH")):
                statements.append(arguments[2])

        event.listen(repository.engine, "before_cursor_execute", note)
        found = summaries(recorder.history, page)
        assert {"failed"} == {one.learner_state for one in found.values()}
        assert 1 == len(statements)
        failures = [one.last_failure for one in found.values()]
        assert 100 == len([one for one in failures if one is not None])
        assert {None} == {
            one.failure.stacktrace for one in failures if one and one.failure
        }
        repository.close()


def _history() -> ActionHistory:
    return ActionHistory(InMemoryActionRepository())
