"""The sample as a suite: any store, loaded with it, must answer as recorded."""

from __future__ import annotations

from typing import Any

import pytest

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionRepository,
    InMemoryActionRepository,
    Timeline,
)
from assignment_actions.cli.sample import SampleHistory
from sample.asking import (
    SAMPLE,
    acceptable,
    all_answers,
    load_shuffled,
    our_answers,
    recorded,
    tie_groups,
)
from sample.differences import DIFFERENCES

__all__ = ["SampleAnswers", "all_answers", "load_shuffled"]

QUESTIONS = {
    # question: how often it is answered in the sample, and how often with "something"
    "last_successful": (448, 124),
    "learner_acknowledged": (56, 25),
    "action_learner_acknowledged": (264, 46),
    "annotations": (336, 310),
    "error_reason": (56, 19),
    "should_acknowledge_expired": (56, 56),
    "should_acknowledge_cancelled": (56, 56),
}


class SampleAnswers:
    """
    Compare a store's answers about the sample with those recorded.

    To use it, subclass it and override `repository` with an empty store whose
    assignment ids are UUIDs.
    """

    @pytest.fixture
    def repository(self) -> ActionRepository:
        """Return an empty store; a subclass says which."""
        raise NotImplementedError("override the fixture `repository`")

    @pytest.fixture
    def history(self, repository: ActionRepository) -> ActionHistory:
        """Return the history of a store into which the sample was loaded, shuffled."""
        return load_shuffled(repository, seed=20260113)

    def test_actions_come_back(self, history: ActionHistory) -> None:
        """Every action comes back as it was, in lists without its stacktrace."""
        found = history.timelines(sample.assignment_id for sample in SAMPLE)
        expected = {sample.assignment_id: Timeline(sample.actions) for sample in SAMPLE}
        bare = {
            key: Timeline(action.without_stacktrace() for action in timeline)
            for key, timeline in expected.items()
        }
        assert bare == found
        assert 264 == sum(len(timeline) for timeline in found.values())

    def test_stacktraces_come_back(self, history: ActionHistory) -> None:
        """Asked for by its id, a failed action comes back with its stacktrace."""
        failed = [one for sample in SAMPLE for one in sample.actions if one.failure]
        assert failed == [history.get(action.id) for action in failed]
        assert 69 == sum(one.failure is not None for one in failed)

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_recorded_answers(self, history: ActionHistory, question: str) -> None:
        """All answers are those recorded, but for the differences made on purpose."""
        ours = _ours_to(question, history)
        told = [recorded(sample, path) is not None for sample, path, _ in ours]
        observed = {
            (sample.number, path): (recorded(sample, path), answer)
            for sample, path, answer in ours
            if answer not in acceptable(sample, path)
        }
        on_purpose = {
            place: answers
            for place, answers in DIFFERENCES.items()
            if question == _question(place[1])
        }
        assert on_purpose == observed
        assert QUESTIONS[question] == (len(told), sum(told))

    def test_recorded_timelines(self, history: ActionHistory) -> None:
        """Timelines are in the recorded order; inside a tie the id decides."""
        places = ties = 0
        for sample in SAMPLE:
            ours = [str(action.id) for action in history.timeline(sample.assignment_id)]
            expected: list[str] = []
            for group in tie_groups(sample):
                expected += sorted(group)
                ties += len(group) > 1
            assert expected == ours, sample.number
            places += len(ours)
        assert (264, 29) == (places, ties)

    def test_answers_of_every_store(self, history: ActionHistory) -> None:
        """All answers equal those of the reference, loaded in another order."""
        reference = load_shuffled(InMemoryActionRepository(), seed=42)
        expected, ours = all_answers(reference), all_answers(history)
        assert list(expected) == list(ours)
        for question, answer in expected.items():
            assert answer == ours[question], question

    def test_pages_are_one_order(self, history: ActionHistory) -> None:
        """Pages across assignments show every action once, the newest first."""
        seen: list[Action] = []
        cursor: str | None = None
        while len(seen) == 0 or cursor is not None:
            page = history.find(ActionFilter(), limit=50, after=cursor)
            seen += page.actions
            cursor = page.next_cursor
        everything = [
            action.without_stacktrace()
            for sample in SAMPLE
            for action in sample.actions
        ]
        newest_first = sorted(
            everything, key=lambda one: (one.created_at, one.id), reverse=True
        )
        assert newest_first == seen


def _question(path: str) -> str:
    return path.partition(".")[0]


def _ours_to(
    question: str, history: ActionHistory
) -> list[tuple[SampleHistory, str, Any]]:
    """Return our answers to one question, with their histories and paths."""
    ours = our_answers(history)
    return [
        (sample, path, answer)
        for sample in SAMPLE
        for path, answer in ours[sample.number].items()
        if question == _question(path)
    ]
