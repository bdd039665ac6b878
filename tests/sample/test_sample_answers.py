"""The sample's answers from every store; and wrong stores are found out."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping

import pytest

from assignment_actions import (
    Action,
    ActionHistory,
    ActionRepository,
    ActionStatus,
    InMemoryActionRepository,
    Timeline,
)
from assignment_actions.domain.values import AssignmentId
from sample.answers import QUESTIONS, SampleAnswers, all_answers, load_shuffled


class TestSampleAnswers(SampleAnswers):
    @pytest.fixture
    def repository(self, any_repository: ActionRepository) -> ActionRepository:
        return any_repository


class TestOrderOfLoading:
    def test_two_loads_answer_alike(self) -> None:
        """Two stores loaded in different orders give identical answers."""
        first, second = (
            all_answers(load_shuffled(InMemoryActionRepository(), seed=seed))
            for seed in (1, 2)
        )
        assert first == second

    def test_all_questions_are_answered(self) -> None:
        """No question is answered with nothing at all, but the overdue: none are."""
        answers = all_answers(load_shuffled(InMemoryActionRepository(), seed=3))
        assert ["overdue"] == [
            question for question in answers if not answers[question]
        ]
        assert 504 == len(answers["outcomes"])
        assert (264, 69) == (answers["count"], len(answers["failed"]))


class UnorderedRepository(InMemoryActionRepository):
    """Return timelines in whatever order."""

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        found = super().timelines(assignment_ids, types, statuses)
        chance = random.Random(5)
        return {
            key: Timeline.in_order(chance.sample(list(one), len(one)))
            for key, one in found.items()
        }


class NullsFirstRepository(InMemoryActionRepository):
    """Take what is in progress for the latest success, as NULLS FIRST does."""

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        found = dict(super().latest_successes(assignment_ids, action_type))
        for key, timeline in self.timelines(assignment_ids).items():
            for action in timeline:
                if (action_type, ActionStatus.IN_PROGRESS) == (
                    action.action_type,
                    action.status,
                ):
                    found[key] = action
        return found


class LosingRepository(InMemoryActionRepository):
    """Lose the last action of every batch."""

    def add(self, /, *actions: Action) -> None:
        super().add(*actions[:-1])


class TestWrongStoresAreFoundOut:
    def _fails(self, check: str, history: ActionHistory, *arguments: str) -> None:
        with pytest.raises(AssertionError):
            getattr(SampleAnswers(), check)(history, *arguments)

    def test_wrong_order(self) -> None:
        """A store that forgets the order fails the timelines."""
        history = load_shuffled(UnorderedRepository(), seed=1)
        self._fails("test_recorded_timelines", history)
        self._fails("test_actions_come_back", history)
        self._fails("test_answers_of_every_store", history)

    def test_nulls_first(self) -> None:
        """A store that takes a null for the latest success fails; regression: T4."""
        history = load_shuffled(NullsFirstRepository(), seed=1)
        self._fails("test_recorded_answers", history, "last_successful")

    def test_lost_action(self) -> None:
        """A store that loses one action of 264 fails every comparison but none."""
        history = load_shuffled(LosingRepository(), seed=1)
        self._fails("test_actions_come_back", history)
        self._fails("test_recorded_timelines", history)
        self._fails("test_pages_are_one_order", history)

    def test_questions_differ(self) -> None:
        """Every question of the suite is asked of a store, and counted."""
        assert 1272 == sum(compared for compared, _ in QUESTIONS.values())
